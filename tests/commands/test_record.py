"""What `valuelift record` and `valuelift audit` say, do and refuse."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from facts.demo import build
from facts.recording import record
from facts.store import Store
from facts.tables import FACT_TABLES
from tests.commands.conftest import DAY, Answer, Call, call_command

Enter = Callable[..., Answer]


@pytest.fixture
def enter(demo: Call) -> Enter:
    """Return a function that records on a demo store of the test's own, on the story's day, as Ana."""

    def call(kind: object, *arguments: object) -> Answer:
        return demo("record", kind, "--as-of", DAY, "--as", "ana", *arguments)

    return call


PRODUCT = ("communication", "silver-carp", "--value", "product", "--medium", "technical_exchange", "--on", "2026-06-10")


def test_one_turn_of_the_loop(store_url: str) -> None:
    """An effect moves a perception and a condition of the gate; once all are met, another stage and value come next."""
    store = Store.create(store_url)
    build(store)
    store.close()
    common = ("--db", store_url, "--as-of", DAY)

    def advised() -> tuple[str, str]:
        shown = call_command("recommend", "silver-carp", *common, "--json").json["recommendation"]
        return shown["stage"]["stage"]["id"], shown["value"]["content"]["id"]

    def changes(*arguments: str) -> dict[str, tuple[str | None, str | None]]:
        answer = call_command("record", *arguments, *common, "--json")
        assert answer.code == 0, answer.errors
        return {each["what"]: (each["before"], each["after"]) for each in answer.json["changes"]}

    gate = "From new to established customer, conditions met"
    assert advised() == ("new", "product")
    assert changes(*PRODUCT)["Value to convey next"] == ("product", "service")
    effect = changes("effect", "silver-carp", "product", "--outcome", "recognised", "--on", "2026-06-18")
    assert effect["Perception: product"] == ("understood", "recognised")
    assert effect[gate] == ("8 of 10", "9 of 10")
    for level, day in (("recognised", "2026-06-18"), ("accepted", "2026-06-29")):
        answer = f"cooperation_acceptance={level}"
        last = changes("fact", "silver-carp", answer, "--evidence", "keeps to it", "--on", day)
    assert last["Proposed stage"] == ("new customer", "established customer")
    assert last[gate] == ("9 of 10", "10 of 10")
    assert call_command("confirm", "silver-carp", "--stage", "established", *common).code == 0
    assert advised() == ("established", "service")


def test_a_record_says_what_it_holds_and_what_changes(enter: Enter) -> None:
    """The intended effect comes from the advice; the change of the advice is shown."""
    assert enter(*PRODUCT, "--contact", "user", "--lang", "en").lines == [
        "Recorded for silver-carp (number 1):",
        "  Value conveyed: product, technical exchange, with: user, intended effect:",
        "  recognised (10 Jun 2026)",
        "What changes:",
        "  Value to convey next: product → service",
        "  First action: Convey the next value → Ask how the last message was received",
    ]
    assert enter("effect", "silver-carp", "product", "--outcome", "no_reaction", "--lang", "zh").lines == [
        "已为silver-carp记录（编号2）：",
        "  效果反馈：产品价值、没有反应（2026年6月30日）",
        "变化：",
        "  首要行动：回访上次价值传递的效果 → 传递本期选定的价值",
    ]


@pytest.mark.parametrize(
    ("arguments", "table", "expected"),
    [
        (["need", "--kind", "service", "--state", "unmet", "--not-felt"], "needs", {"state": "unmet", "felt": False}),
        (["complaint", "--signal", "supply_late"], "complaints", {"signal": "supply_late", "severity": "medium"}),
        (["dispute"], "disputes", {"talks_held": 0, "settled": False, "cooperation_broken": False}),
        (["talk", "--medium", "visit", "--by", "theirs"], "interactions", {"medium": "visit", "direction": "theirs"}),
        (["referral", "--kind", "public_praise"], "referrals", {"kind": "public_praise"}),
        (["agreement", "--kind", "rent", "--credit-limit", "500"], "agreements", {"kind": "rent", "currency": "EUR"}),
        (["contact", "--name", "Li Na", "--role", "decision_maker"], "contacts", {"role": "decision_maker"}),
        (
            ["competitor", "--competitor", "Northpeak", "--value", "brand", "--strength", "weak"],
            "competitor_signals",
            {"strength": "weak", "disturbing": False},
        ),
    ],
)
def test_each_kind_goes_into_its_table(
    enter: Enter, demo: Call, arguments: list[str], table: str, expected: dict[str, Any]
) -> None:
    """Every subcommand stores one row with who, when and from where, and the log tells it."""
    answer = enter(arguments[0], "silver-carp", *arguments[1:])
    assert answer.code == 0, answer.errors
    (entry,) = demo("audit", "--json").json
    (said,) = entry["says"]
    assert (entry["user"], entry["from"], entry["did"], entry["customer"]) == (
        "ana",
        "command line",
        "record",
        "silver-carp",
    )
    assert said["table"] == table
    assert said["holds_from"] == DAY
    assert {name: said.get(name) for name in expected} == expected
    assert set(said) <= {"table", *(column.name for column in FACT_TABLES[table].columns)}


def test_what_became_known_later_is_added(enter: Enter) -> None:
    """A complaint is settled, a conflict is talked over: by the end of its key."""
    enter("complaint", "silver-carp", "--signal", "supply_late", "--on", "2026-06-20")
    settled = enter("complaint", "silver-carp", "supply_late/2026-06-20", "--settled", "2026-06-25", "--lang", "en")
    assert "  Complaint: supply is not in time, settled (25 Jun 2026)" in settled.lines
    enter("dispute", "silver-carp", "--on", "2026-06-20")
    settled = enter("dispute", "silver-carp", "dispute-2026-06-20", "--talks", "2", "--settled", "--lang", "en")
    assert "  Dispute: talks held: 2, settled (30 Jun 2026)" in settled.lines


def test_a_declined_action_leaves_the_plan_and_is_counted(enter: Enter, demo: Call) -> None:
    """The reason counts for the rule that advised the action."""
    declined = enter("action", "silver-carp", "convey-value", "--state", "declined", "--because", "wrong_time")
    assert "  No longer in the plan: Convey the next value" in declined.lines or "First action" in declined.output
    counted = demo("record", "reasons", "--customer", "silver-carp", "--json").json
    assert counted == [{"rule": "convey-within-a-week", "because": "wrong_time", "count": 1}]
    assert "not at this time" in demo("record", "reasons", "--lang", "en").output
    assert "时机不合适" in demo("record", "reasons", "--lang", "zh").output


@pytest.mark.parametrize("title", ["en", "zh", "number"])
def test_an_action_is_named_as_the_plan_names_it(enter: Enter, demo: Call, title: str) -> None:
    """By its number in the plan, or as it is called in either language."""
    language = "en" if title == "number" else title
    plan = demo("recommend", "silver-carp", "--as-of", DAY, "--lang", language, "--json").json["recommendation"]["plan"]
    named = len(plan) if title == "number" else plan[-1]["action"]["title"]
    declined = enter("action", "silver-carp", named, "--state", "declined", "--because", "no_means", "--json").json
    assert [row["action"] for row in declined["says"]] == [plan[-1]["action"]["id"]]


def test_a_snoozed_action_comes_back(enter: Enter, demo: Call) -> None:
    """Until its day it is not advised; done the same day, it says so instead."""

    def planned(day: str) -> bool:
        shown = demo("recommend", "silver-carp", "--as-of", day, "--json").json["recommendation"]
        return "convey-value" in {each["action"]["id"] for each in shown["plan"]}

    assert planned(DAY)
    enter("action", "silver-carp", "convey-value", "--state", "snoozed", "--until", "2026-07-05")
    assert not planned(DAY)
    assert planned("2026-07-06")
    assert enter("action", "silver-carp", "convey-value", "--state", "done").code == 0
    assert not planned("2026-07-06")


def test_what_stays_in_the_plan_though_dealt_with_says_why(enter: Enter) -> None:
    """A complaint is to be settled until it is: that it was put off or done does not take it out of the plan."""
    enter("complaint", "silver-carp", "--signal", "supply_late", "--severity", "high")
    snoozed = enter(
        "action", "silver-carp", "settle-complaint", "--state", "snoozed", "--until", "2026-07-20", "--lang", "en"
    )
    assert snoozed.lines[-1] == "Stays in the plan until its reason is settled: Settle the complaint"
    done = enter("action", "silver-carp", "settle-complaint", "--state", "done", "--lang", "zh")
    assert done.lines[-1] == "原因尚未消除，仍保留在行动计划中：处理客户投诉"
    taken_on = enter("action", "silver-carp", "settle-complaint", "--state", "open", "--lang", "en")
    assert "Stays in the plan" not in taken_on.output


def test_a_reason_about_one_day_is_said_in_the_singular(demo: Call) -> None:
    """What yesterday's order advises says so in good English."""
    shown = demo("recommend", "great-loom", "--as-of", DAY, "--lang", "en", "--all").output
    assert "Last order 1 day ago; late deliveries within 90 days: 1." in " ".join(shown.split())


def test_a_complaint_of_today_is_told_by_its_day(enter: Enter, demo: Call) -> None:
    """It has not waited for any days yet, in either language."""
    enter("complaint", "plum-gate", "--signal", "supply_late")
    for language, said in (("en", "A complaint of 30 Jun 2026 is not settled yet."), ("zh", "2026年6月30日的一项投诉")):
        shown = demo("recommend", "plum-gate", "--as-of", DAY, "--lang", language, "--all").output
        assert said in " ".join(shown.split())


def test_a_review_put_off_leaves_the_plan_until_its_day(demo: Call) -> None:
    """The story of the demo tells of one: the customer has stalled all the same."""

    def shown(day: str) -> tuple[bool, bool]:
        found = demo("recommend", "umberlake", "--as-of", day, "--lang", "en", "--json").json["recommendation"]
        planned = {each["action"]["id"] for each in found["plan"]}
        return "progress has stalled" in found["flags"], "review-slow-progress" in planned

    assert shown(DAY) == (True, False)
    assert shown("2026-07-17") == (True, True)


def test_an_undo_brings_the_advice_back(enter: Enter, demo: Call) -> None:
    """Taken back by number or as the last; the log keeps both, and what was known in between."""
    before = demo("recommend", "silver-carp", "--as-of", DAY, "--json").json
    enter(*PRODUCT)
    enter("effect", "silver-carp", "product", "--outcome", "recognised")
    assert enter("undo", "1").code == 1
    assert enter("undo", "--lang", "en").lines[0] == "Taken back for silver-carp (number 2):"
    assert enter("undo", "--lang", "zh").lines[0] == "已撤销silver-carp的记录（编号1）："
    assert demo("recommend", "silver-carp", "--as-of", DAY, "--json").json == before
    told = demo("audit", "--json").json
    assert [(each["did"], each["undoes"], each["undone_by"]) for each in told] == [
        ("undo", 1, None),
        ("undo", 2, None),
        ("record", None, 3),
        ("record", None, 4),
    ]
    recorded = told[2]["at"]
    then = demo("recommend", "silver-carp", "--as-of", DAY, "--known-at", recorded, "--json").json["recommendation"]
    assert then["value"]["content"]["id"] == "service"


@pytest.mark.parametrize(
    ("on", "settled"),
    [(date(2026, 6, 20), date(2026, 6, 10)), (date(1700, 1, 1), None), (date.min, None)],
)
def test_an_undo_needs_no_decision(enter: Enter, demo: Call, tmp_path: Path, on: date, settled: date | None) -> None:
    """A row with which nothing can be decided, as an older version stored it, is taken back; then there is advice."""
    advice = ("recommend", "silver-carp", "--as-of", DAY, "--json")
    before = demo(*advice).json
    store = Store.open(str(tmp_path / "demo.db"))
    said = {"customer": "silver-carp", "signal": "price_high", "holds_from": on, "settled_on": settled}
    record(store, "complaints", [said], user="ana", source="command line")
    store.close()
    refused = demo(*advice)
    assert refused.code == 1
    assert f"entered by ana for {on}. Take it back by `valuelift record undo 1`." in refused.errors
    lines = enter("undo", "--lang", "en").lines
    assert lines[0] == "Taken back for silver-carp (number 1):"
    assert "Before, the customer could not be decided. Advised now:" in lines
    assert "  Value to convey next: product" in lines
    assert demo(*advice).json == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((*PRODUCT,), 1, "the same of the same day is on record (entered by ana"),
        (("effect", "silver-carp", "prodct", "--outcome", "accepted"), 1, "Did you mean `product`?"),
        (
            ("effect", "ashgrove", "silver-carp/product/technical_exchange/2026-06-10", "--outcome", "accepted"),
            1,
            "belongs",
        ),
        (("effect", "silver-carp", "product", "--outcome", "accepted", "--on", "2026-06-09"), 1, "lies before that"),
        (
            ("effect", "silver-carp", "product", "--outcome", "accepted", "--on", "2026-07-01"),
            1,
            "lies after 2026-06-30",
        ),
        (
            ("complaint", "silver-carp", "--signal", "price_high", "--on", "2026-06-20", "--settled", "2026-06-10"),
            1,
            "settled_on 2026-06-10 lies before that",
        ),
        (("dispute", "silver-carp", "--on", "1700-01-01"), 1, "1700-01-01 lies before 1800-01-01"),
        (("effect", "silver-carp", "product", "--outcome", "acepted"), 2, "Did you mean `accepted`?"),
        (
            ("effect", "silver-carp", "product", "--outcome", "accepted", "--contact", "byer"),
            2,
            "Did you mean `buyer`?",
        ),
        (("talk", "silver-karp", "--medium", "visit"), 1, "Did you mean `silver-carp`?"),
        (("talk", "silver-carp", "--medium", "vist"), 2, "Did you mean `visit`?"),
        (("talk", "silver-carp", "--by", "ours"), 2, "Give --medium for a new talk."),
        (("need", "silver-carp", "--kind", "brand"), 2, "Give --state for a new need."),
        (("need", "silver-carp"), 2, "Say something of the need"),
        (("agreement", "silver-carp", "--kind", "rent", "--currency", "euro"), 2, "'euro' is no currency"),
        (("fact", "silver-carp", "credit_score=many"), 2, "Write a whole number"),
        (("fact", "silver-carp", "name=Carp"), 2, "People answer industry, region, "),
        (("fact", "silver-carp", "perception.brand=accepted", "--evidence", "x"), 1, "is more than one step"),
        (("action", "silver-carp", "convey-valu", "--state", "done"), 2, "Did you mean `convey-value`?"),
        (("action", "silver-carp", "99", "--state", "done"), 2, "The plan has no number 99: its last is 2."),
        (("action", "silver-carp", "nothing of ours", "--state", "done"), 2, "See the plan: `valuelift recommend"),
        (("action", "silver-carp", "convey-value", "--state", "declined"), 2, "--because and --state declined"),
        (
            ("action", "silver-carp", "convey-value", "--state", "declined", "--because", "wrong_tim"),
            2,
            "Did you mean `wrong_time`?",
        ),
        (
            ("action", "silver-carp", "convey-value", "--state", "declined", "--because", "other"),
            2,
            "--because other needs a --reason",
        ),
        (("action", "silver-carp", "convey-value", "--state", "snoozed"), 2, "--until and --state snoozed"),
        (("action", "silver-carp", "convey-value", "--state", "snoozed", "--until", DAY), 2, "is not after"),
        (
            ("action", "silver-carp", "call-silent-customer", "--state", "declined", "--because", "wrong_time"),
            1,
            "it is not advised now",
        ),
        (("undo", "--as", ""), 2, "'--as': It is blank. Write something, or leave the option out."),
        (("contact", "silver-carp", "--name", "", "--role", "buyer"), 2, "'--name': It is blank."),
        (("competitor", "silver-carp", "--competitor", " ", "--value", "service", "--strength", "weak"), 2, "blank"),
        (("fact", "silver-carp", "industry= "), 2, "'industry= ' is no answer"),
        (("fact", "silver-carp", "perception.brand=aware", "--evidence", " "), 2, "'--evidence': It is blank."),
        (
            ("action", "silver-carp", "convey-value", "--state", "declined", "--because", "other", "--reason", " "),
            2,
            "'--reason': It is blank.",
        ),
        (("undo", "--as", "nobody"), 1, "nobody has recorded nothing that stands"),
        (("undo", "99"), 1, "there is none of that number"),
        (("undo", "9" * 20), 1, "there is none of that number"),
    ],
)
def test_what_does_not_fit_is_refused(
    enter: Enter, demo: Call, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """It is explained with the right exit code, and nothing is recorded."""
    enter(*PRODUCT)
    answer = enter(*arguments)
    assert (answer.code, answer.output) == (code, "")
    assert said in re.sub(r"\s+", " ", answer.errors)
    assert len(demo("audit", "--json").json) == 1


def test_the_log_can_be_read_by_people(enter: Enter, demo: Call) -> None:
    """Newest first: who, what, for whom, from where, and what was said; by customer, user and day."""
    enter(*PRODUCT)
    enter("undo")
    enter("talk", "moonbridge", "--medium", "visit", "--by", "ours", "--as", "bob")
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    first, talk, undone, recorded, *_ = demo("audit", "--lang", "en").lines
    assert re.fullmatch(rf"    3  {time}  bob  recorded  moonbridge  \(command line\)", first)
    assert talk == "       Talk: visit to the customer, sought by: we did (30 Jun 2026)"
    assert re.fullmatch(rf"    2  {time}  ana  took back 1  silver-carp  \(command line\)", undone)
    assert re.match(rf"    1  {time}  ana  recorded  silver-carp  \(command line\)  \[taken back", recorded)
    assert re.fullmatch(rf"    3  {time}  bob  记录  moonbridge  （命令行）", demo("audit", "--lang", "zh").lines[0])
    assert [each["number"] for each in demo("audit", "--customer", "moonbridge", "--json").json] == [3]
    assert [each["number"] for each in demo("audit", "--user", "ana", "--json").json] == [2, 1]
    said = "No entry fits --user nobody --since 2199-01-01. Without that, all are listed."
    assert demo("audit", "--since", "2199-01-01", "--user", "nobody", "--lang", "en").lines == [said]
    assert demo("audit", "--reads", "--customer", "silver-carp", "--lang", "zh").lines == [
        "没有符合 --customer silver-carp 的记录。去掉该条件可查看全部。"
    ]


def test_an_empty_log_says_so(demo: Call) -> None:
    """Only a log without any entry is called empty."""
    assert demo("audit", "--lang", "en").lines == ["Nothing was done yet."]
    assert demo("audit", "--reads", "--lang", "en").lines == ["Nobody has looked at a customer yet."]
    assert demo("audit", "--customer", "moonbrige").code == 1


def test_imports_and_packs_are_in_the_log(demo: Call, tmp_path: Any) -> None:
    """An import says that it is one, and a pack which version."""
    file = tmp_path / "referrals.csv"
    file.write_text("customer,holds_from,kind\nmoonbridge,2026-06-01,referral\n", encoding="utf-8")
    assert demo("import", tmp_path, "--mapping", "canonical", "--as", "bob").code == 0
    (entry,) = demo("audit", "--json").json
    assert (entry["user"], entry["from"], entry["did"], entry["subject"]) == ("bob", "import", "import", "canonical")


@pytest.mark.parametrize("here", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_today_is_the_stores_day(tmp_path: Path, here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine's clock stands, what is recorded and decided today is of the store's day.

    The two zones are 26 hours apart, so in one of them at least it is another day than in the store's.
    """
    store, zone = tmp_path / "store.db", "Asia/Shanghai"
    call_command("init", "--db", store, "--time-zone", zone)
    learnt = Store.open(str(store))
    customer = {"key": "acme", "name": "Acme", "holds_from": date(2020, 1, 1)}
    record(learnt, "customers", [customer], user="ann", source="test")
    learnt.close()
    monkeypatch.setenv("TZ", here)
    time.tzset()
    try:
        days = [datetime.now(ZoneInfo(zone)).date().isoformat()]
        done = call_command("record", "need", "acme", "--kind", "quality", "--state", "unmet", "--db", store)
        shown = call_command("recommend", "acme", "--db", store, "--json")
        days.append(datetime.now(ZoneInfo(zone)).date().isoformat())
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert (done.code, shown.code) == (0, 0), done.errors + shown.errors
    assert shown.json["decision"]["as_of"] in days
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT holds_from FROM needs").fetchone()[0] in days


def test_each_complaint_is_asked_behind(demo: Call) -> None:
    """Who asked for the need behind one complaint is still to ask behind the other; none is asked behind twice."""

    def asked() -> list[str]:
        plan = demo("recommend", "plum-gate", "--as-of", DAY, "--json").json["decision"]["actions"]
        return [each["row"].split("/")[1] for each in plan if each["action"] == "check-need-behind-complaint"]

    for signal in ("supply_late", "price_high"):
        made = ("complaint", "plum-gate", "--signal", signal, "--on", "2026-06-20", "--settled", "2026-06-25")
        assert demo("record", *made, "--as-of", DAY).code == 0
    assert sorted(asked()) == ["price_high", "supply_late"]
    about = "plum-gate/supply_late/2026-06-20"
    done = ("action", "plum-gate", "check-need-behind-complaint", "--about", about, "--state", "done")
    assert demo("record", *done, "--as-of", DAY).code == 0
    assert asked() == ["price_high"]


@pytest.mark.parametrize(
    ("action", "about", "said"),
    [
        ("settle-complaint", "plum-gate/supply_late/2026-06-21", "Did you mean `plum-gate/supply_late/2026-06-20`?"),
        ("settle-complaint", "nonsense", "none of the customer's complaints. Say which by --about. It is one of plum-"),
        ("visit-customer", "nonsense", "it is about the customer as a whole. Leave out --about."),
    ],
)
def test_an_action_is_about_a_row_of_its_kind(demo: Call, action: str, about: str, said: str) -> None:
    """A key that the customer does not have, or one against the action's kind, is refused."""
    made = ("complaint", "plum-gate", "--signal", "supply_late", "--on", "2026-06-20")
    assert demo("record", *made, "--as-of", DAY).code == 0
    refused = demo("record", "action", "plum-gate", action, "--about", about, "--state", "open", "--as-of", DAY)
    assert (refused.code, said in refused.errors) == (1, True), refused.errors
    right = ("--about", "plum-gate/supply_late/2026-06-20") if action == "settle-complaint" else ()
    assert demo("record", "action", "plum-gate", action, *right, "--state", "open", "--as-of", DAY).code == 0


def test_an_action_per_row_names_the_row(demo: Call) -> None:
    """Without one nobody knows which it is about; what is open about a row that is gone can still be ended."""
    made = ("complaint", "plum-gate", "--signal", "supply_late", "--on", "2026-06-20")
    assert demo("record", *made, "--as-of", DAY).code == 0
    settle = ("record", "action", "plum-gate", "check-need-behind-complaint", "--state")
    refused = demo(*settle, "open", "--as-of", DAY)
    assert (refused.code, "none is named. Say which by --about." in refused.errors) == (1, True), refused.errors
    about = ("--about", "plum-gate/supply_late/2026-06-20")
    assert demo(*settle, "open", *about, "--as-of", DAY, "--as", "lin").code == 0
    assert demo("record", "undo", "--as-of", DAY).code == 0  # the complaint
    assert demo(*settle, "done", *about, "--as-of", DAY).code == 0


def test_what_is_put_off_is_back_on_its_day(demo: Call) -> None:
    """Until the eve of the day named it is not advised, and on that day it is."""
    away = ("action", "plum-gate", "call-silent-customer", "--state", "snoozed", "--until", "2026-07-04")
    assert demo("record", *away, "--as-of", DAY).code == 0
    for day, is_back in (("2026-07-03", False), ("2026-07-04", True)):
        plan = demo("recommend", "plum-gate", "--as-of", day, "--json").json["decision"]["actions"]
        assert ("call-silent-customer" in [each["action"] for each in plan]) is is_back, day


@pytest.mark.parametrize(
    ("language", "said"), [("en", "unclear (meets no condition)"), ("zh", "不明确（不满足任何条件）")]
)
def test_what_an_unclear_judgement_means_is_said(demo: Call, language: str, said: str) -> None:
    """It is neither yes nor no: a condition that asks for either is not met by it, and the receipt says so."""
    told = ("fact", "hollow-reed", "judgement.both_want=unclear", "--as-of", DAY, "--lang", language)
    answer = demo("record", *told)
    assert answer.code == 0
    assert said in " ".join(answer.output.split())


def test_an_amount_is_said_with_its_currency(demo: Call) -> None:
    """The list of records has the credit limit as one word; how an effect is measured is said to be that."""
    terms = ("agreement", "moonbridge", "--kind", "pay_by_effect", "--measure", "rejects", "--credit-limit", "9000")
    answer = demo("record", *terms, "--currency", "USD", "--as-of", DAY)
    assert answer.code == 0
    assert "credit limit 9,000 USD, kept, measured by: rejects" in " ".join(answer.output.split())


def test_a_refusal_is_said_in_chinese(demo: Call) -> None:
    """Who reads Chinese is told what is refused, why, and the way out."""
    said = demo("record", "fact", "moonbridge", "orders_90d=3", "--as-of", DAY, "--lang", "zh")
    assert said.code == 1
    told = "没有登记：该事实由业务记录统计得出，请登记相应记录。可批量导入：`valuelift import --help`。"
    assert said.errors == f"错误：{told}\n"
    english = demo("record", "fact", "moonbridge", "orders_90d=3", "--as-of", DAY).errors
    assert english.startswith("Error: orders_90d is not recorded: it is counted from the records of orders. Import")
    unknown = demo("recommend", "nobody", "--as-of", DAY, "--lang", "zh").errors
    assert unknown == "错误：没有客户“nobody”：没有登记过该客户的任何内容。可用`valuelift customers`查看已有客户。\n"


def test_what_was_taken_on_and_is_not_advised_any_more_is_shown(demo: Call) -> None:
    """Nothing else would tell of it; the command told ends it."""
    assert demo("record", "action", "grey-heron", "meet-decision-makers", "--state", "open", "--as-of", DAY).code == 0
    met = ("contact", "grey-heron", "--name", "Eva Lund", "--role", "decision_maker")
    assert demo("record", *met, "--as-of", DAY).code == 0
    shown = demo("recommend", "grey-heron", "--as-of", DAY).output
    assert "Taken on and no longer advised\n  Get to know the people who decide, due 21 Jul 2026" in shown
    (left_open,) = demo("recommend", "grey-heron", "--as-of", DAY, "--json").json["left_open"]
    assert left_open == {
        "action": {"id": "meet-decision-makers", "title": "Get to know the people who decide"},
        "about": "",
        "due_on": "2026-07-21",
    }
    told = " ".join(shown.split()).partition("Record how it ended: ")[2].partition(" Guard rails")[0]
    assert demo(*told.split()[1:], "--as-of", DAY).code == 0
    assert "no longer advised" not in demo("recommend", "grey-heron", "--as-of", DAY).output
    assert demo("recommend", "grey-heron", "--as-of", DAY, "--json").json["left_open"] == []


def test_what_is_done_by_a_record_is_not_left_open(demo: Call) -> None:
    """Who decides on the stage, or conveys the value, has done what was taken on; taking it back opens it again."""

    def states(customer: str) -> list[str]:
        return [line for line in demo("audit", "--customer", customer).lines if "Action: " in line]

    assert demo("record", "action", "kelpford", "confirm-stage", "--state", "open", "--as-of", DAY).code == 0
    assert demo("confirm", "kelpford", "--stage", "established", "--as-of", DAY).code == 0
    assert "Decide on the change of stage, done" in states("kelpford")[0]
    assert "no longer advised" not in demo("recommend", "kelpford", "--as-of", DAY).output
    assert demo("record", "undo", "--as-of", DAY).code == 0
    assert "already open" in demo("recommend", "kelpford", "--as-of", DAY).output
    assert demo("record", "action", "silver-carp", "convey-value", "--state", "open", "--as-of", DAY).code == 0
    assert demo("record", *PRODUCT[:-2], "--as-of", DAY).code == 0
    assert "Convey the next value, done" in states("silver-carp")[0]


def test_a_conflict_that_is_over_is_named(demo: Call) -> None:
    """Where one is not settled, nobody records another one as settled by leaving out its name."""
    refused = demo("record", "dispute", "brackwater", "--settled", "--as-of", DAY)
    assert refused.code == 1
    named = re.search(r"not settled yet: (\S+)\. Name it", refused.errors)
    assert named is not None
    assert demo("record", "dispute", "brackwater", named[1], "--settled", "--as-of", DAY).code == 0
    assert demo("record", "dispute", "brackwater", "--settled", "--as-of", DAY).code == 0
