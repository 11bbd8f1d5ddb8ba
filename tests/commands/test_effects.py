"""What `valuelift effects` shows, and that it agrees with the portfolio."""

from __future__ import annotations

from itertools import groupby

import pytest
from rich.cells import cell_len

from tests.commands.conftest import DAY, Call


def test_it_counts_what_the_portfolio_counts(demo: Call) -> None:
    """By stage and medium the groups are those of the portfolio's acceptance, and wider groups are their sums."""
    found = demo("effects", "--as-of", DAY, "--by", "stage", "--by", "medium", "--json").json
    rows = demo("portfolio", "--as-of", DAY, "--json").json["acceptance"]
    expected = {(row["value_kind"], row["stage"], row["medium"]): (row["accepted"], row["heard"]) for row in rows}
    groups = {tuple(each["group"].values()): each for each in found["acceptance"]}
    assert {path: (each["accepted"], each["heard"]) for path, each in groups.items() if len(path) == 3} == expected
    for length in range(3):
        for path, inside in groupby(sorted(expected, key=str), key=lambda path: path[:length]):
            assert groups[path]["heard"] == sum(expected[each][1] for each in inside)
    assert found["results"]["accepted"] == groups[()]["accepted"]


def test_little_evidence_says_on_what_it_rests(demo: Call) -> None:
    """Groups with few effects heard carry the share of a wider group, which they name; the page says so too."""
    found = demo("effects", "--as-of", DAY, "--json").json["acceptance"]
    own = {str(each["group"]): each for each in found}
    few = [each for each in found if each["heard"] < 5]
    assert few
    assert all(each["rests_on"] != each["group"] for each in few)
    assert all(each["share"] == own[str(each["rests_on"])]["share"] for each in few)
    assert all(each["low"] <= each["share"] <= each["high"] for each in found)
    assert " as brand " in demo("effects", "--as-of", DAY, "--all", "--by", "stage", "--lang", "en").output
    assert "参照“品牌价值”" in demo("effects", "--as-of", DAY, "--all", "--by", "stage", "--lang", "zh").output


def test_declined_advice_stands_with_its_reasons(demo: Call) -> None:
    """What was advised, done and declined is counted for each rule; the reasons stand below it."""
    rules = {row["rule"]: row for row in demo("effects", "--as-of", DAY, "--json").json["rules"]}
    assert rules["buys-narrowly"]["reasons"] == {"wrong_time": 1}
    assert rules["one-customer-one-strategy"]["done"] > 1
    output = demo("effects", "--as-of", DAY, "--all", "--lang", "en").output
    assert "Declined: not at this time (1)" in output


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_eighty_columns(demo: Call, language: str) -> None:
    """Folded and whole, in both languages, and columns end below their headings."""
    for options in ((), ("--all",), ("--by", "segment")):
        answer = demo("effects", "--as-of", DAY, "--lang", language, *options)
        assert answer.code == 0
        assert [line for line in answer.lines if cell_len(line) > 80] == []
        rows = [line for line in answer.lines if line.endswith(("%", "区间", "interval"))]
        assert len({cell_len(line) for line in rows}) == 1


def test_managers_restrict_it_and_mistakes_are_answered(demo: Call) -> None:
    """Only that manager's customers count; a misspelt manager or dimension is answered with the nearest."""
    rows = demo("customers", "--as-of", DAY, "--json").json
    manager = rows[0]["account_manager"]
    found = demo("effects", "--manager", manager, "--as-of", DAY, "--json").json
    assert found["results"]["customers"] == sum(row["account_manager"] == manager for row in rows)
    assert "Did you mean" in demo("effects", "--manager", manager + "x", "--as-of", DAY).errors
    answer = demo("effects", "--by", "stag")
    assert answer.code == 2
    assert "Did you mean `stage`?" in answer.errors


def test_a_base_without_records_says_so(demo: Call) -> None:
    """Before anything was recorded nothing is shown as nought per cent."""
    output = demo("effects", "--as-of", "2023-01-01", "--lang", "en").output
    assert "no action was entered" in output
    assert "%" not in output
