"""Two versions of a pack decided side by side: what is taken over from the first is what the second comes to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from engine.compile import compile_pack
from engine.errors import ProblemsError
from engine.model import Pack, Rule, SetFact
from engine.plan import Kept, Plan, Result
from engine.plan.again import changed_rules
from engine.snapshot import snapshots_by_day
from engine.vocabulary import FactKey
from tests.engine.test_differential import generated
from tests.profiles import count

PACKS = count(quick=6, ci=12, long=2_000)
CHAINS = count(quick=3, ci=6, long=500)
CUSTOMERS = 12

Edit = Callable[[Pack, Random], Pack]


def _with(pack: Pack, rng: Random, change: Callable[[Rule], Rule]) -> Pack:
    place = rng.randrange(max(1, len(pack.rules)))
    rules = [change(rule) if index == place else rule for index, rule in enumerate(pack.rules)]
    return replace(pack, rules=tuple(rules))


def another_condition(pack: Pack, rng: Random) -> Pack:
    """Give a rule the condition of another about the same kind of thing."""

    def changed(rule: Rule) -> Rule:
        return replace(rule, when=rng.choice([other.when for other in pack.rules if other.each == rule.each]))

    return _with(pack, rng, changed)


def another_priority(pack: Pack, rng: Random) -> Pack:
    """Let a rule come before others, or after them."""
    return _with(pack, rng, lambda rule: replace(rule, priority=rule.priority + rng.choice((-7, 7))))


def another_value(pack: Pack, rng: Random) -> Pack:
    """Let a rule set what another rule sets for the same fact."""
    values = {
        one.fact: [
            other.value
            for rule in pack.rules
            for other in rule.conclusions
            if isinstance(other, SetFact) and other.fact == one.fact
        ]
        for rule in pack.rules
        for one in rule.conclusions
        if isinstance(one, SetFact)
    }

    def changed(rule: Rule) -> Rule:
        conclusions = tuple(
            replace(one, value=rng.choice(values[one.fact])) if isinstance(one, SetFact) else one
            for one in rule.conclusions
        )
        return replace(rule, conclusions=conclusions)

    return _with(pack, rng, changed)


def a_rule_less(pack: Pack, rng: Random) -> Pack:
    """Take a rule away: then nothing can be taken over."""
    place = rng.randrange(max(1, len(pack.rules)))
    return replace(pack, rules=tuple(rule for index, rule in enumerate(pack.rules) if index != place))


EDITS = pytest.mark.parametrize("edit", [another_condition, another_priority, another_value, a_rule_less])


@EDITS
def test_the_second_version_comes_to_what_it_comes_to_alone(edit: Edit) -> None:
    """Every column of both versions is that of a run by itself; facts that are not said to differ are the same."""
    taken_over = 0
    for seed in range(PACKS):
        rng = Random(seed)
        pack, customers = generated(rng, CUSTOMERS)
        before = compile_pack(pack)
        try:
            edited = edit(pack, rng)
            after, alone = compile_pack(edited, before.leaves), compile_pack(edited)
        except ProblemsError:
            continue  # the edit makes a circle
        taken_over += changed_rules(before, after) is not None
        for _, snapshot in snapshots_by_day(pack.vocabulary, customers):
            both = Plan(before).run_both(after, [snapshot], chunk=5)
            ones, others = Plan(before).run(snapshot, chunk=5), Plan(alone).run(snapshot, chunk=5)
            decided: list[str] = []
            for chunk, expected_one, expected in zip(both, ones, others, strict=True):
                one, other, facts = chunk.before, chunk.after, chunk.facts
                decided += chunk.snapshot.customers["customer"].to_pylist()
                assert _columns(one) == _columns(expected_one)
                assert _columns(other) == _columns(expected)
                assert _of_facts(one, facts) == _of_facts(other, facts)
            assert decided == snapshot.customers["customer"].to_pylist()
    assert taken_over < PACKS if edit is a_rule_less else taken_over


@EDITS
def test_versions_saved_one_after_another_come_to_what_they_come_to_alone(edit: Edit) -> None:
    """Customers that are kept are decided by each pair of versions as by runs of these two by themselves."""
    for seed in range(CHAINS):
        rng = Random(seed)
        pack, customers = generated(rng, CUSTOMERS)
        for _, snapshot in snapshots_by_day(pack.vocabulary, customers):
            kept, before = Kept([snapshot], chunk=5), pack
            for _ in range(2):
                try:
                    after = edit(before, rng)
                    pair = [compile_pack(one, kept.leaves(one.vocabulary)) for one in (before, after)]
                except ProblemsError:
                    continue  # the edit makes a circle
                alone = [Plan(compile_pack(one)).run(snapshot, chunk=5) for one in (before, after)]
                for both, *expected in zip(kept.run_both(*pair), *alone, strict=True):
                    one, other, facts = both.before, both.after, both.facts
                    assert [_columns(one), _columns(other)] == [_columns(each) for each in expected]
                    assert _of_facts(one, facts) == _of_facts(other, facts)
                before = after


def _of_facts(result: Result, besides: Collection[FactKey]) -> dict[tuple[str, object], object]:
    """Return what a result has in columns of facts, besides some of them."""
    parts = ("value", "member", "provisional")
    return {key: column for key, column in _columns(result).items() if key[0] in parts and key[1] not in besides}


def _columns(result: Result) -> dict[tuple[str, object], object]:
    """Return all columns of a result as lists, with what is not known left out."""
    found: dict[tuple[str, object], object] = {}
    for key, column in result.values.items():
        known = np.ones(len(column.codes), np.bool_) if column.known is None else column.known
        found["value", key] = [code if is_known else None for code, is_known in zip(column.codes, known, strict=True)]
    for key, members in result.members.items():
        found["member", key] = {code: mask.tolist() for code, mask in members.items() if mask.any()}
    found |= {("fired", rule): mask.tolist() for rule, mask in result.fired.items()}
    found |= {("provisional", key): mask.tolist() for key, mask in result.provisional.items() if mask.any()}
    found |= {("points", card): points.tolist() for card, points in result.points.items()}
    found |= {("violated", name): mask.tolist() for name, mask in result.violated.items()}
    return found
