"""Item by item of the method: rules carry it out, and without them a case comes out otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from cli import COMMANDS
from engine.cases import Case
from engine.compile import compile_pack
from engine.coverage import Coverage, cites, coverage
from engine.judging import judge
from engine.model import Pack
from engine.plan import Plan
from tests.rulesets.test_value_marketing import CASES, METHOD, PACK

AT_ONCE = 40
"""So many cases are decided at once when one is sought that comes out otherwise."""


@cache
def covered() -> dict[str, Coverage]:
    """Return what carries out each item."""
    return {one.item.id: one for one in coverage(PACK, compile_pack(PACK), CASES)}


def test_the_method_is_listed_in_full() -> None:
    """The pack lists every item of the method, and no other."""
    assert set(PACK.method) == METHOD


@pytest.mark.parametrize("item", sorted(METHOD))
def test_every_item_is_carried_out(item: str) -> None:
    """Rules do what the item says, cases show them do it, and a recommendation shows what they conclude."""
    assert covered()[item].is_carried_out


def test_named_commands_exist() -> None:
    """What is carried out by a command names one that there is."""
    named = {command for item in PACK.method.values() for command in item.shown_in}
    assert sorted(named - set(COMMANDS)) == []


@pytest.mark.parametrize("item", sorted(METHOD))
def test_a_case_fails_without_the_rules_of_an_item(item: str) -> None:
    """Take away everything that cites the item: some case concludes otherwise, whichever rules it names."""
    cases = {case.name: case for case in CASES}
    plan = Plan(compile_pack(without(PACK, item)))
    affected = [_conclusions(cases[name]) for name in covered()[item].cases]
    assert any(_fails(plan, affected[start : start + AT_ONCE]) for start in range(0, len(affected), AT_ONCE))


def without(pack: Pack, item: str) -> Pack:
    """Return the pack without the rules, tables, gates and point rules that cite an item."""

    def stays(sources: Iterable[str]) -> bool:
        return not cites(sources, item)

    return replace(
        pack,
        rules=tuple(rule for rule in pack.rules if stays(rule.sources)),
        tables=tuple(table for table in pack.tables if stays(table.sources)),
        gates=tuple(gate for gate in pack.gates if stays(gate.sources)),
        scorecards=tuple(
            replace(card, rules=tuple(rule for rule in card.rules if stays(rule.sources or card.sources)))
            for card in pack.scorecards
        ),
    )


def _conclusions(case: Case) -> Case:
    """Return the case without what it says about single rules: those that are taken away cannot fire."""
    return replace(case, expect=replace(case.expect, fired=(), not_fired=()))


def _fails(plan: Plan, cases: list[Case]) -> bool:
    decisions = plan.decide_all(case.facts for case in cases)
    return any(not judge(case, decision).passed for case, decision in zip(cases, decisions, strict=True))
