"""What is told of words that other programs, forms and languages would take."""

from __future__ import annotations

import pytest

from engine.cases import cases_from_text
from engine.errors import ProblemsError
from engine.load import pack_from_texts
from tests.engine.sample import sample_pack, sample_texts

RULE = """\
rules:
  - rule: example
    title: {en: A, zh: 甲}
    because: {en: B., zh: 乙。}
    when: {WHEN}
    set: {is_silent: true}
"""
CASES = """\
cases:
  - case: a number with a comma
    as_of: 2024-06-30
    facts: {credit_used: 39,9}
    expect: {fired: []}
"""


NO_COMMA = "A number has no comma in it: write 10000, not 10,000, and 0.5, not 0,5."


def hint_for(condition: str) -> str:
    """Return what is said to do about a rule with this condition, in which one thing is wrong."""
    texts = {**sample_texts("catalog.yaml", "pack.yaml", "actions.yaml"), "own.yaml": RULE.replace("{WHEN}", condition)}
    with pytest.raises(ProblemsError) as raised:
        pack_from_texts(texts)
    (problem,) = [problem for problem in raised.value.problems if problem.location.line == 5]
    return problem.hint


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("{days_in_stage: {'>=': 60}}", "Write `at_least`."),
        ("{days_in_stage: {不超过: 60}}", "Write `at_most`."),
        ("{days_in_stage: '>= 60'}", "Write `{at_least: 60}`."),
        ("{days_in_stage: ≥ 60}", "Write `{at_least: 60}`."),
        ("days_in_stage >= 60", "Write `days_in_stage: {at_least: 60}`."),
        ("stage:new", "Put a space after the colon: `stage: new`."),
        ("{stage:new}", "Put a space after the colon of `stage:`."),
        ("{or: [{stage: new}]}", "Write `any`."),
        ("{并且: [{stage: new}]}", "Write `all`."),
        ("{days_in_stage: {at_least: 1,000}}", NO_COMMA),
        ("{credit_used: {at_least: 0,5}}", NO_COMMA),
        ("{credit_used: {at_least: £500}}", "Write the number alone: 500."),
        ("{credit_used: {at_least: 500元}}", "Write the number alone: 500."),
        ("{credit_used: {at_least: 10k}}", "Write all digits of the number."),
        ("{credit_used: {at_least: 3万}}", "Write all digits of the number."),
        ("{credit_used: {at_least: ８０}}", "Write it with plain digits: 80."),
        ("{credit_used: {at_least: 1。5}}", "Write it with plain digits: 1.5."),
        ("{is_key: 'true'}", "Leave out the quotes."),
        ("{is_key: 是}", "Write `true`; `是` is a word here."),
        ("{stage: new；established}", "For one of several write `[new, established]`."),
        ("{contract_ends_on: {less_than: 60}}",
         "Write YYYY-MM-DD; days are counted by `within_days` and, ahead, `due_within_days`."),
        ("{is_key: {at_least: 1}}", "A flag takes: is, is_not, one_of, none_of, known."),
        ("{days_in_stage: {within_days: 3}}",
         "An integer takes: is, is_not, one_of, none_of, at_least, at_most, more_than, less_than, between, known."),
        ("{days_in_stage: {at_least: silent_after_days}}", "Write `{param: silent_after_days}` for the parameter."),
        ("{orders_90d: {at_least: orders_365d}}", "Write `{fact: orders_365d}` for the fact."),
        ("{stage: assessed_stage}", "Write `{fact: assessed_stage}` for the fact."),
        ("{complaints: {at_least: 2}}", "Write `{count: {at_least: ...}}`."),
    ],
)  # fmt: skip
def test_what_is_written_elsewhere_is_answered_with_what_is_written_here(condition: str, hint: str) -> None:
    """Signs, formulas, words, units, separators and full-width digits are told as what they mean."""
    assert hint_for(condition) == hint


def test_a_whole_number_with_a_point_is_told_as_that() -> None:
    """It stands in no quotes that could be left out."""
    rule = RULE.replace("{WHEN}", "{}") + "    priority: 10.5\n"
    with pytest.raises(ProblemsError, match=r"not `10.5`. Write it without a point"):
        pack_from_texts({**sample_texts("catalog.yaml", "pack.yaml", "actions.yaml"), "own.yaml": rule})


def test_a_comma_in_a_text_is_told() -> None:
    """What stands behind it is a key that nobody meant."""
    rule = RULE.replace("{WHEN}", "{}").replace("en: A,", "en: A, or B,")
    with pytest.raises(ProblemsError, match=r"has no key `or B`. A text with a comma in it stands in quotes"):
        pack_from_texts({**sample_texts("catalog.yaml", "pack.yaml", "actions.yaml"), "own.yaml": rule})


def test_a_comma_in_a_number_of_a_case_is_told() -> None:
    """What stands behind the comma is no fact that somebody misspelt."""
    with pytest.raises(ProblemsError, match="A number has no comma in it"):
        cases_from_text(CASES, sample_pack(), "c.yaml")


def test_a_misspelt_candidate_in_a_reason_is_told() -> None:
    """It looks like the placeholder of a fact, of which there is none."""
    points = "points: [{rule: r, for: all, points: 1, because: {en: 'A {candiate}', zh: 甲}}]"
    scorecard = f"{{scorecard: s, title: {{en: A, zh: 甲}}, candidates: [brand], chooses: value_next, {points}}}"
    with pytest.raises(ProblemsError, match=r"In the points of a scorecard write `\{candidate\}`"):
        pack_from_texts({**sample_texts("catalog.yaml", "pack.yaml"), "own.yaml": f"scorecards: [{scorecard}]"})
