"""The texts of command line and pages are complete in both languages, and all of them are used."""

import re
import string
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.saying import say
from common.texts import COMMAND_LINE, PAGES, PROBLEM_KINDS, Texts, default_language, read_texts
from engine.check.findings import LINTS
from engine.wording import Wording
from facts.book import evidence_of
from facts.tables import FACT_TABLES
from tests.conftest import ROOT
from tests.engine.test_load_problems import kinds_in_source
from wiring import shipped_rules

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [
        *(path for room in ("wiring", "commands", "common", "web") for path in (ROOT / room).rglob("*.py")),
        *(ROOT / "facts" / "batch").glob("*.py"),
        *(path for room in ("commands", "web") for path in (ROOT / room / "templates").iterdir()),
    ]
).replace("'", '"')
TEXTS = {file: read_texts(file) for file in (COMMAND_LINE, PAGES)}
ALL = {name: text for texts in TEXTS.values() for name, text in texts.items()}
COUNTS = re.compile(
    r"(?<![Aa]ll )\{(?!seconds)\w+\}( more| other)? "
    r"(customers|rows|runs|pairs|points|parts|conditions|days|months|questions|ways|"
    r"actions|values|mistakes|notes|cases|groups|dates|faults|entries|drafts|items|users)\b"
)
NEVER_ONE = {
    "customers_cut", "duplicates_cut",  # shown and more
    "doctor_facts_circle",  # of two at least
    "duplicates_likely", "duplicates_possible",  # no sign alone has one point
    "acceptance", "freshness", "report_acceptance", "effects_head", "effects_rules_says", "confirm_stale",  # of packs
    "too_many_drafts",  # a constant
}  # fmt: skip


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, texts in TEXTS.items() for name in texts])
def test_a_text_says_the_same_in_both_languages(file: str, name: str) -> None:
    """A text exists in English and Chinese and fills in the same values in both."""
    text = TEXTS[file][name]
    assert set(text) == {"en", "zh"}
    assert all(text.values())
    assert placeholders(text["en"]) == placeholders(text["zh"])


def test_what_is_counted_is_named_by_its_number() -> None:
    """One is told in the singular, none and many in the plural, also where they come as text."""
    said = [Texts("en")("runs_removed", number=number, runs="7") for number in (0, 1, "1", "1,000")]
    assert said == ["Removed 0 runs: 7.", "Removed 1 run: 7.", "Removed 1 run: 7.", "Removed 1,000 runs: 7."]
    assert Texts("zh")("runs_removed", number=1, runs="7") == "已删除1次运行：7。"


@pytest.mark.parametrize("name", [name for name in ALL if name not in NEVER_ONE])
def test_no_text_counts_one_of_many(name: str) -> None:
    """An English text that counts has the words for one: `{number:row|rows}`, not `{number} rows`."""
    assert COUNTS.search(ALL[name]["en"]) is None


def test_every_text_is_used() -> None:
    """No text is left over: each name, or the part before its first underscore, stands in a command or page."""
    unused = [
        name
        for name in ALL
        if f'"{name}"' not in SOURCES and not re.search(rf'"{re.escape(name.split("_")[0])}_(\{{|" ~)', SOURCES)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "VALUELIFT_LANG": "zh"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_environment_gives_the_language(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VALUELIFT_LANG comes first, then the locale; whoever is not Chinese is spoken to in English."""
    for name in ("VALUELIFT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language


def test_every_word_of_a_record_has_words() -> None:
    """Whatever can be recorded by hand is told in the reader's words: no column's list is left as ids."""
    pack = shipped_rules().pack
    for language in ("en", "zh"):
        texts, wording = Texts(language), Wording(pack.vocabulary, language)
        said = [
            (name, column.name, word, say(texts, wording, name, {column.name: word}))
            for name, table in FACT_TABLES.items()
            if texts.has(f"kind_{name}")
            for column in table.columns
            for word in column.info.get("members", ())
        ]
        assert len(said) > 30
        assert [each for each in said if "_" in each[-1]] == []
        if language == "zh":
            assert [each for each in said if re.search("[a-z]{3}", each[-1])] == []


ON = {"holds_from": date(2026, 1, 1)}


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("customers", {"annual_revenue": Decimal(21000000), "currency": "USD"}, "yearly revenue 21,000,000 USD"),
        ("agreements", {"credit_limit": Decimal(8000), "currency": "USD"}, "credit limit 8,000 USD"),
        ("agreements", {"state": "kept", "currency": "USD"}, "kept"),
    ],
)
def test_a_record_says_in_which_currency_an_amount_is(table: str, row: Mapping[str, Any], expected: str) -> None:
    """The currency stands behind the amount, and without one it is left out."""
    wording = Wording(shipped_rules().pack.vocabulary, "en")
    assert say(Texts("en"), wording, table, {**row, **ON}).partition(": ")[2] == f"{expected} (1 Jan 2026)"


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (
            evidence_of("k/brand/visit/buyer/2026-01-01", "accepted"),
            "evidence: the effect of the value conveyed (accepted)",
        ),
        ("He said on the phone: accepted", "evidence: He said on the phone: accepted"),
    ],
)
def test_evidence_stands_as_it_was_written_unless_it_is_an_effect(evidence: str, expected: str) -> None:
    """Of an effect that was recorded its outcome is told, without keys; what people write stays theirs."""
    wording = Wording(shipped_rules().pack.vocabulary, "en")
    told = say(Texts("en"), wording, "perceptions", {"evidence": evidence, **ON})
    assert told.partition(": ")[2] == f"{expected} (1 Jan 2026)"


def test_every_kind_of_problem_is_told_in_both_languages() -> None:
    """Each kind of the loader and each lint has its line."""
    kinds = read_texts(PROBLEM_KINDS)
    in_workbooks = {"duplicate-column", "empty-cell", "missing-column", "unknown-column", "unusable-workbook"}
    in_mappings = {"column-not-mapped", "key-missing", "mapping-shape", "table-filled-twice"}
    others = {"cycle", "too-long", "no-feature", "unknown-mistake"}
    assert {*kinds_in_source(), *LINTS, *in_workbooks, *in_mappings, *others} - kinds.keys() == set()
    assert [name for name, said in kinds.items() if set(said) - {"do"} != {"en", "zh"}] == []
    chinese = [said[part] for said in kinds.values() for part in ("zh", "do") if part in said]
    assert [each for each in chinese if not each.endswith("。")] == []
