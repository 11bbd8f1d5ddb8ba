"""Facts that a pack declares for itself: recorded, imported, decided with, alike for one customer and for all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from facts.customer_facts import customer_facts
from facts.demo import AS_OF
from facts.own import value_of
from facts.snapshot import take_snapshot
from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command
from wiring import load_rules, shipped_pack

FACTS = """\
enums:
  licence:
    title: {en: Licence, zh: 许可证}
    members: {valid: {en: valid, zh: 有效}, lapsed: {en: lapsed, zh: 过期}}
facts:
  taps: {type: integer, range: [0, 50], title: {en: Taps, zh: 龙头数}, ask: {en: How many taps?, zh: 几个龙头？}}
  licence: {type: category, enum: licence, title: {en: Licence, zh: 许可证}}
  litres: {type: number, scale: 1, unit: {en: l, zh: 升}, title: {en: Litres a year, zh: 年用量}}
  chain: {type: flag, title: {en: Belongs to a chain, zh: 属于连锁}}
  opened_on: {type: date, title: {en: Opened on, zh: 开业日期}}
"""
RULES = """\
rules:
  - rule: visit-few-taps
    title: {en: Visit where there are few taps, zh: 龙头少的去拜访}
    because: {en: "{taps} taps for {litres}.", zh: "{taps}个龙头，年用量{litres}。"}
    sources: [B5]
    when: {taps: {at_most: 2}, licence: valid, litres: {at_least: 40}, chain: false, opened_on: {within_days: 3650}}
    advise: [visit-customer]
"""
MAPPING = """\
mapping: pubs
files:
  pubs:
    match: [pubs.csv]
    columns: [Pub, Taps, Licence, Litres, Chain, Opened, Seen]
    delimiter: ";"
    missing: ["?"]
    facts: {Taps: taps, Licence: licence, Litres: litres, Chain: chain, Opened: opened_on}
tables:
  - table: own_facts
    file: pubs
    columns:
      key: {join: {parts: [Pub, fact], separator: /}}
      customer: Pub
      fact: fact
      value: {from: value, rename: {ok: valid}}
      holds_from: Seen
"""
PUBS = """\
Pub;Taps;Licence;Litres;Chain;Opened;Seen
ashgrove;2;ok;40.5;no;2024-01-31;2026-06-01
kelpford;60;none;4,5;maybe;31.01.2024;2026-06-01
silver-carp;?;lapsed;;yes;;2026-06-01
nobody;1;;;;;2026-06-01
"""
SAID = ("taps", "licence", "litres", "chain", "opened_on")


@pytest.fixture
def pack(tmp_path: Path, demo: Call) -> Path:
    """Return a pack with facts of its own, which the demo store decides by."""
    folder = tmp_path / "pubs"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        f"pack: pubs\nversion: 1.0.0\ntitle: {{en: Pubs, zh: 酒馆}}\nextends: {shipped_pack()}\n",
        encoding="utf-8",
    )
    (folder / "facts.yaml").write_text(FACTS, encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    assert demo("pack", "use", folder).code == 0
    return folder


def bring(demo: Call, folder: Path) -> list[list[str]]:
    """Import the pubs, and return the rows that were rejected."""
    (folder / "pubs.csv").write_text(PUBS, encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    rejects = folder / "rejects.csv"
    answer = demo("import", folder / "pubs.csv", "--mapping", folder / "mapping.yaml", "--rejects", rejects)
    assert answer.code == 0, answer.errors
    return list(csv.reader(rejects.open(encoding="utf-8")))[1:]


@pytest.mark.usefixtures("pack")
def test_an_answer_is_kept_asked_for_and_decided_by(demo: Call) -> None:
    """What was answered of a pack's own fact stands in the records in words, and a rule reads it."""
    on = ("--as-of", DAY)
    for said in ("licence=valid", "litres=40.5", "chain=no", "opened_on=2024-01-31"):
        assert demo("record", "fact", "ashgrove", said, *on).code == 0
    asked = demo("ask", "ashgrove", *on, "--lang", "en").output
    assert "How many taps?" in asked
    answer = demo("record", "fact", "ashgrove", "taps=2", "--evidence", "seen", *on, "--lang", "zh")
    assert "情况：龙头数 2、依据：seen" in answer.output
    fired = demo("recommend", "ashgrove", *on, "--json").json["decision"]["fired"]
    assert "visit-few-taps" in str(fired)
    assert "Fact: Litres a year 40.50 l" in demo("audit", "--lang", "en").output
    assert "情况：年用量 40.50升" in demo("audit", "--lang", "zh").output


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("taps=51", "'51' is no value of taps. It lies from 0 to 50."),
        ("taps=two", "'two' is no value of taps. Write a whole number, such as 620."),
        ("licence=gone", "'gone' is no value of licence. It is one of valid, lapsed."),
        ("litres=1.25", "'1.25' is no value of litres. It has 1 digit after the point at most."),
        ("litres=1e14", "'1e14' is no value of litres. It has too many digits."),
        ("litres=2000000000000", "'2000000000000' is no value of litres. It has too many digits."),
        ("chain=maybe", "'maybe' is no value of chain. Write yes or no."),
        ("opened_on=31.01.2024", "'31.01.2024' is no value of opened_on. Write a date as 2024-06-30."),
    ],
)
@pytest.mark.usefixtures("pack")
def test_what_a_fact_cannot_be_is_refused(demo: Call, said: str, why: str) -> None:
    """A value out of the fact's type, range, members or digits is told with how it is written."""
    answer = demo("record", "fact", "ashgrove", said, "--as-of", DAY)
    assert (answer.code, why in answer.errors) == (2, True), answer.errors


@pytest.mark.usefixtures("pack")
def test_a_file_with_a_column_for_each_fact_is_imported(demo: Call, tmp_path: Path) -> None:
    """Each cell makes a fact; what its fact cannot be is rejected by itself, with the reason."""
    rejected = bring(demo, tmp_path)
    assert [(row[1], row[4]) for row in rejected] == [
        ("3", "60"), ("3", "none"), ("3", "4,5"), ("3", "maybe"), ("3", "31.01.2024"), ("5", "nobody")
    ]  # fmt: skip
    assert rejected[0][3] == "is no value of taps. It lies from 0 to 50."
    decided = demo("batch", "--as-of", DAY)
    assert decided.code == 0, decided.errors
    fired = demo("recommend", "ashgrove", "--as-of", DAY, "--json").json["decision"]["fired"]
    assert "visit-few-taps" in str(fired)


def test_one_customer_and_all_have_the_same_facts(demo: Call, pack: Path, tmp_path: Path) -> None:
    """The snapshot of one customer holds what the columns of all hold, in the facts' types."""
    bring(demo, tmp_path)
    vocabulary = load_rules(pack).pack.vocabulary
    store = Store.open(str(tmp_path / "demo.db"))
    on = store.settings()["base_currency"]
    snapshot = take_snapshot(store.base_tables(AS_OF), vocabulary, AS_OF, base_currency=on).snapshot
    columns = {row["customer"]: row for row in snapshot.customers.select(["customer", *SAID]).to_pylist()}
    for key in ("ashgrove", "silver-carp", "kelpford"):
        one = customer_facts(store.base_tables(AS_OF, customer=key), vocabulary, AS_OF, base_currency=on)
        assert {name: one.facts.get(name) for name in SAID} == {name: columns[key][name] for name in SAID}
    store.close()
    assert columns["silver-carp"]["chain"] is True
    assert columns["kelpford"]["taps"] is None


def test_a_value_that_the_next_version_does_not_have_is_not_known(demo: Call, pack: Path) -> None:
    """Where a member is taken out of a pack, batches go on, and what was recorded of it counts as unknown."""
    assert demo("record", "fact", "ashgrove", "licence=lapsed", "--as-of", DAY).code == 0
    facts = (
        (pack / "facts.yaml")
        .read_text(encoding="utf-8")
        .replace("lapsed: {en: lapsed, zh: 过期}", "due: {en: due, zh: 到期}")
    )
    (pack / "facts.yaml").write_text(facts, encoding="utf-8")
    manifest = (pack / "pack.yaml").read_text(encoding="utf-8")
    (pack / "pack.yaml").write_text(manifest.replace("1.0.0", "1.0.1"), encoding="utf-8")
    assert demo("pack", "use", pack).code == 0
    assert demo("batch", "--as-of", DAY).code == 0
    assert "licence lapsed" in demo("audit").output


RANK = "facts:\n  rank: {type: integer, origin: portfolio, title: {en: Rank, zh: 名次}}\n"
OWNER = "facts:\n  owner: {type: text, personal: true, title: {en: Owner, zh: 老板}}\n"
KEGS = """\
collections:
  kegs:
    title: {en: Kegs, zh: 酒桶}
    kind: register
    facts:
      size: {type: integer, title: {en: Size, zh: 容量}}
"""


@pytest.mark.parametrize(
    ("declared", "place", "why"),
    [
        (RANK, "2:3: nothing can give `rank` a value", "a pack's own facts are not portfolio."),
        (OWNER, "2:3: nothing can give `owner` a value", "personal data stands in contacts alone."),
        (KEGS, "6:7: nothing can give `kegs.size` a value", "rows of a pack's own cannot be recorded."),
    ],
)
def test_what_nothing_can_tell_is_an_error_of_the_pack(pack: Path, declared: str, place: str, why: str) -> None:
    """A fact that could never have a value is refused when the pack is checked, not when the next batch runs."""
    (pack / "facts.yaml").write_text(declared, encoding="utf-8")
    (pack / "rules.yaml").unlink()
    answer = call_command("rules", "check", pack)
    assert answer.code == 1
    assert f"facts.yaml:{place}: {why}" in answer.errors


@pytest.mark.parametrize(("text", "read"), [("40", "40.0"), ("-0", "0.0"), ("1e2", "100.0")])
def test_a_number_is_read_as_columns_hold_it(pack: Path, text: str, read: str) -> None:
    """However it is written, it has its fact's digits after the point and one zero: so digests are alike."""
    vocabulary = load_rules(pack).pack.vocabulary
    fact = vocabulary.fact("litres")
    assert fact is not None
    assert format(value_of(vocabulary, fact, text), "") == read
