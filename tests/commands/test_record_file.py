"""Communications and effects from a file: all of them or none, every fault at once, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from facts.demo import AS_OF
from facts.store import Store
from tests.commands.conftest import DAY, Answer, Call

HEAD = "customer,on,value,medium,contact,cost,heard_on,outcome,reason"


@pytest.fixture
def filed(demo: Call, tmp_path: Path) -> Call:
    """Return a function that records a file with these rows."""

    def call(*rows: str, **options: str) -> Answer:
        path = tmp_path / "june.csv"
        path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
        more = [word for name, value in options.items() for word in (f"--{name}", value)]
        return demo("record", "file", path, "--as", "ana", "--as-of", DAY, *more)

    return call


def perception(demo: Call, customer: str, kind: str) -> str | None:
    """Return how a customer sees a kind of value, by the ledger."""
    found = demo("ledger", customer, "--as-of", DAY, "--json").json
    level: str | None = next(line["level"] for line in found["lines"] if line["kind"] == kind)
    return level


def convey_value_of_silver_carp(folder: Path) -> str:
    """Return how the action stands by which a value is conveyed to this customer."""
    store = Store.open(str(folder / "demo.db"))
    rows = store.base_tables(AS_OF, customer="silver-carp")["actions"].to_pylist()
    store.close()
    (state,) = (row["state"] for row in rows if row["is_current"] and row["action"] == "convey-value")
    return str(state)


def test_rows_are_recorded_once_and_perceptions_follow(filed: Call, demo: Call) -> None:
    """An effect raises the perception as the rules say, a lower one later does not lower it; again changes nothing."""
    rows = (
        "silver-carp,2026-06-10,product,technical_exchange,user,low,2026-06-18,recognised,fewer rejects",
        "silver-carp,2026-06-11,product,visit,user,,2026-06-20,accepted,",
        "silver-carp,2026-06-12,product,meeting,user,,2026-06-22,recognised,",
        "moonbridge,2026-06-12,brand,company_visit,decision_maker,high,,,",
    )
    answer = filed(*rows, lang="en")
    assert (answer.code, answer.errors) == (0, "")
    assert answer.output.startswith("Recorded 4 of 4 rows, 0 are on record already (numbers:")
    assert perception(demo, "silver-carp", "product") == "accepted"
    entries = demo("audit", "--json").json
    assert sorted(each["customer"] for each in entries if each["from"] == "june.csv") == ["moonbridge", "silver-carp"]
    again = filed(*rows, lang="en")
    assert again.output.startswith("Recorded 0 of 4 rows, 4 are on record already")
    assert demo("audit", "--json").json == entries


def test_an_effect_heard_later_is_added(filed: Call, demo: Call) -> None:
    """The row of a communication on record that now has an effect adds it, and undo takes it back."""
    row = "moonbridge,2026-06-12,brand,company_visit,decision_maker,high"
    filed(f"{row},,,")
    assert perception(demo, "moonbridge", "brand") == "understood"
    assert filed(f"{row},2026-06-20,recognised,").code == 0
    assert perception(demo, "moonbridge", "brand") == "recognised"
    assert demo("record", "undo", "--as", "ana", "--as-of", DAY).code == 0
    assert perception(demo, "moonbridge", "brand") == "understood"


def test_an_action_that_was_taken_on_is_done_by_a_value_conveyed_since(filed: Call, demo: Call, tmp_path: Path) -> None:
    """What was conveyed before somebody took it on does not end it; an effect heard ends nothing."""
    taken_on = ("record", "action", "silver-carp", "convey-value", "--state", "open", "--as", "ana")
    assert demo(*taken_on, "--as-of", "2026-06-10").code == 0
    row = "silver-carp,2026-06-09,product,technical_exchange,user,low"
    assert filed(f"{row},,,").code == 0
    assert filed(f"{row},2026-06-18,recognised,").code == 0
    assert convey_value_of_silver_carp(tmp_path) == "open"
    more = [f"silver-carp,2026-06-{day},product,visit,user,low,,," for day in (11, 12)]
    assert filed(*more).code == 0
    assert convey_value_of_silver_carp(tmp_path) == "done"


def test_every_fault_is_named_and_nothing_is_recorded(filed: Call, demo: Call) -> None:
    """Each faulty cell has its row and column, and with one fault the sound rows are not recorded either."""
    before = demo("audit", "--json").json
    answer = filed(
        "moonbridge,2026-06-12,brand,company_visit,decision_maker,high,,,",
        "silver-carp,2026-06-12,product,visit,user,,2026-06-11,recognised,",  # before it was conveyed
        "silver-crap,2026-07-01,produc,visit,user,,,,",  # unknown, to come, misspelt
        "silver-carp,12.6.2026,product,,user,cheap,,,said so",
        "silver-carp,2026-06-13,product,visit,user,,,accepted,",  # heard when?
        "moonbridge,2026-06-12,brand,company_visit,decision_maker,low,,,",  # twice
        "moonbridge,2026-04-15,people,visit,buyer,,2026-04-21,accepted,",  # on record as recognised
        "moonbridge,2026-06-12",
        "silver-carp,0026-06-20,product,visit,user,,,,",
        lang="zh",
    )
    assert answer.code == 1
    assert "没有记录任何内容：9行" in answer.output
    assert [line.partition("：")[0].removeprefix("june.csv ") for line in answer.errors.splitlines()] == [
        "第3行`heard_on`列", "第4行`customer`列", "第4行`on`列", "第4行`value`列", "第5行`medium`列", "第5行`on`列",
        "第5行`cost`列", "第5行`reason`列", "第6行`heard_on`列", "第7行", "第8行`outcome`列", "第9行", "第10行`on`列",
    ]  # fmt: skip
    for said in (
        "反馈日期2026年6月11日早于传递日期2026年6月12日",
        "是否应为`silver-carp`？",
        "2026年7月1日晚于今天（2026年6月30日）",
        "日期26年6月20日过早，最早可填1800年1月1日",
        "已登记为'recognised'，与'accepted'不同",
    ):
        assert said in answer.errors
    english = filed("silver-crap,2026-07-01,produc,visit,user,,,,", lang="en").errors.splitlines()
    assert english[0].startswith("june.csv, row 2, customer: Customer 'silver-crap' is not known: no fact about it")
    assert english[1] == "june.csv, row 2, on: 2026-07-01 lies after 2026-06-30. Record what has happened."
    assert demo("audit", "--json").json == before


def test_the_template_is_a_file_that_can_be_read(demo: Call, tmp_path: Path) -> None:
    """The example row has no fault but its customer, and a check alone records nothing."""
    printed = demo("record", "file", "--template").output
    path = tmp_path / "template.csv"
    path.write_text(printed.replace("C-1001", "silver-carp"), encoding="utf-8")
    checked = demo("record", "file", path, "--dry-run", "--as-of", DAY, "--json").json
    assert (checked["recorded"], checked["faults"], checked["numbers"]) == (1, [], [])
    path.write_text("customer,on,valu,medium\n", encoding="utf-8")
    answer = demo("record", "file", path, "--as-of", DAY)
    assert answer.code == 1
    assert "Did you mean `valu`?" in answer.errors
    assert demo("record", "file").code == 2
