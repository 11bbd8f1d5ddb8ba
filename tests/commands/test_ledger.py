"""The value ledger: what was told, heard and is missing, by kind of value."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from tests.commands.conftest import DAY, Call

UNRECORDED = "deepwell"
"""A customer of the story whose communications nobody records."""


def lines_of(demo: Call, customer: str, *options: str) -> dict[str, Any]:
    """Return the lines of a ledger by kind of value."""
    found = demo("ledger", customer, *(options or ("--as-of", DAY)), "--json").json
    return {line["kind"]: line for line in found["lines"]}


def test_a_communication_and_its_effect_stand_in_it(demo: Call) -> None:
    """What is recorded appears under its kind of value; the gap goes from conveying to hearing to the next step."""
    who = ("--as", "ana", "--as-of", DAY)
    before = lines_of(demo, "silver-carp")["heritage"]
    assert (before["gap"], before["told"]) == ("not_conveyed", [])
    told = ("--value", "heritage", "--medium", "visit", "--contact", "user", "--cost", "medium", "--on", "2026-06-10")
    assert demo("record", "communication", "silver-carp", *told, *who).code == 0
    unheard = lines_of(demo, "silver-carp")["heritage"]
    assert unheard["gap"] == "unheard"
    assert (unheard["told"][0]["to"], unheard["told"][0]["cost"], unheard["costs"]) == ("user", "medium", {"medium": 1})
    assert "user" not in unheard["not_told"]
    demo("record", "effect", "silver-carp", "heritage", "--outcome", "recognised", "--on", "2026-06-18", *who)
    heard = lines_of(demo, "silver-carp")["heritage"]
    assert (heard["level"], heard["gap"], heard["next_level"]) == ("recognised", "next_level", "accepted")
    assert (heard["told"][0]["heard_on"], heard["told"][0]["outcome"]) == ("2026-06-18", "recognised")


def test_it_knows_no_more_than_was_known(demo: Call) -> None:
    """As of the day before an effect was heard, it is not there; nor is a communication of later."""
    before, then = (lines_of(demo, "moonbridge", "--as-of", day)["people"] for day in ("2026-04-20", "2026-04-21"))
    assert [each["outcome"] for each in before["told"]] == [None]
    assert [each["outcome"] for each in then["told"]] == ["recognised"]
    assert lines_of(demo, "moonbridge", "--as-of", "2026-04-14")["people"]["told"] == []


def test_the_value_to_convey_next_is_that_of_the_recommendation(demo: Call) -> None:
    """One line is marked, the one that `recommend` advises; costs are the sum over the lines."""
    advised = demo("recommend", "moonbridge", "--as-of", DAY, "--json").json["decision"]["values"]["value_next"]
    found = demo("ledger", "moonbridge", "--as-of", DAY, "--json").json
    assert [line["kind"] for line in found["lines"] if line["is_advised"]] == [advised]
    assert sum(cost["times"] for cost in found["costs"].values()) == sum(len(line["told"]) for line in found["lines"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_eighty_columns_and_stands_aligned(demo: Call, language: str) -> None:
    """Columns begin below their headings, whatever the width of the words."""
    answer = demo("ledger", "moonbridge", "--as-of", DAY, "--lang", language)
    assert answer.code == 0
    assert [line for line in answer.lines if cell_len(line) > 80] == []
    english, chinese = ("Medium", "visit to", "15 Apr 2026"), ("媒介", "上门拜访", "2026年4月15日")
    heading, medium, row = english if language == "en" else chinese
    (title,) = [line for line in answer.lines if heading in line]
    (told,) = [line for line in answer.lines if row in line]
    assert cell_len(title[: title.index(heading)]) == cell_len(told[: told.index(medium)])


def test_who_is_unknown_is_answered_and_nothing_recorded_is_said(demo: Call) -> None:
    """A misspelt customer gets the nearest; where nobody records communications, that is said."""
    answer = demo("ledger", "moonbrige", "--as-of", DAY)
    assert answer.code == 1
    assert "moonbridge" in answer.errors
    assert "Nobody records" in demo("ledger", UNRECORDED, "--as-of", DAY, "--lang", "en").output
