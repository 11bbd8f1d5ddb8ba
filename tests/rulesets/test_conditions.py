"""The cases see every test of the pack's conditions on both of its sides, true and false."""

from __future__ import annotations

import pytest

from engine.compile import compile_pack
from engine.condition_coverage import Seen, condition_coverage
from engine.program import TRUE, Single, Union
from engine.vocabulary import FactKey
from tests.rulesets.test_value_marketing import CASES, PACK

PROGRAM = compile_pack(PACK)
SEEN = condition_coverage(PACK, PROGRAM, CASES)
NEVER = {
    "usual_needs has relationship": True,  # no segment suggests it
    "complaints.further_need is benefit": False,  # no complaint points to another further need
    "service_tier.before known true": False,  # everybody is served before the sale
}
"""Tests that cannot come out on this side by the rules we ship; a company's own rules may make them do so."""


@pytest.mark.parametrize("threshold", [one for one in SEEN if one.is_threshold], ids=lambda one: one.test)
def test_every_threshold_is_seen_on_both_sides(threshold: Seen) -> None:
    """Some case is on the one side of the threshold, another on the other."""
    assert threshold.missing == ()


def test_thresholds_in_whole_numbers_are_seen_at_their_edge() -> None:
    """Cases stand on the last number or day on the one side and on the first on the other."""
    edges = {
        one.test: (one.nearest_true, one.nearest_false)
        for one in SEEN
        if isinstance(one.nearest_true, int) and isinstance(one.nearest_false, int) and one.uses
    }
    assert {test: edge for test, edge in edges.items() if abs(edge[0] - edge[1]) != 1} == {}
    assert len(edges) > 50


def test_every_other_test_is_seen_on_both_sides_that_it_has() -> None:
    """Some case makes the test true and another makes it false, unless no case could."""
    assert {one.test: one.missing for one in SEEN if one.missing} == {test: (side,) for test, side in NEVER.items()}


def test_what_no_case_shows_cannot_be() -> None:
    """No rule suggests a usual need for relationship or another further need, and one rule always serves at first."""
    resolutions = {one.fact: one for one in PROGRAM.resolutions}
    needs = PACK.vocabulary.enums["need_kind"].codes
    usual = resolutions[FactKey(None, "usual_needs")]
    further = resolutions[FactKey("complaints", "further_need")]
    served = resolutions[FactKey(None, "service_tier.before")]
    assert isinstance(usual, Union)
    assert isinstance(further, Single)
    assert isinstance(served, Single)
    assert needs["relationship"] not in {code for _, codes in usual.entries for code in codes}
    assert ({entry.value for entry in further.entries}, further.default) == ({needs["benefit"]}, None)
    assert any(PROGRAM.rules[entry.rule].when == TRUE for entry in served.entries)


def test_a_threshold_that_only_an_invariant_watches_is_decided() -> None:
    """What must never be is looked at in cases where everything is known that it asks."""
    assert [one.test for one in SEEN if one.watched_by and not one.true and not one.false] == []
