"""The prohibitions and duties of the value-marketing pack hold for every customer drawn, in both executors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from engine.compile import compile_pack
from engine.model import All, Invariant, Pack
from engine.plan import Plan, Result
from engine.session import Session
from engine.snapshot import CustomerFacts, snapshots_by_day
from tests.generators.readable import customer_text
from tests.profiles import count
from tests.rulesets.drawn import Drawing
from tests.rulesets.test_value_marketing import CASES, PACK

BATCHES = 4
SIZE = count(quick=1_000, ci=2_000, long=100_000)
"""Customers per batch that the plan decides."""
ONE_BY_ONE = count(quick=5, ci=50, long=2_000)
"""Of so many of them the session's whole decision is compared."""


@cache
def drawn(batch: int) -> list[CustomerFacts]:
    """Return the customers of a batch, always the same."""
    return Drawing(PACK, CASES, Random(batch)).customers(SIZE)


def in_columns(pack: Pack, customers: Iterable[CustomerFacts]) -> Iterator[tuple[list[CustomerFacts], Result]]:
    """Decide customers in columns; yield those of each as-of date with what follows for them."""
    plan = Plan(compile_pack(pack))
    found = list(customers)
    for places, snapshot in snapshots_by_day(pack.vocabulary, found):
        (result,) = plan.run(snapshot, chunk=len(places))
        yield [found[place] for place in places], result


def test_the_method_has_its_guard_rails() -> None:
    """The pack forbids and demands at least thirty-five things."""
    assert len(PACK.invariants) >= 35


@pytest.mark.parametrize("batch", range(BATCHES))
def test_invariants_hold_for_every_customer(batch: int) -> None:
    """No drawn customer gets advice that the method forbids, or misses what it demands."""
    for customers, result in in_columns(PACK, drawn(batch)):
        broken = {name: mask for name, mask in result.violated.items() if mask.any()}
        first = [f"{name}: {customer_text(customers[int(mask.argmax())])}" for name, mask in broken.items()]
        assert first == []


@pytest.mark.parametrize("batch", range(BATCHES))
def test_executors_agree_on_every_customer(batch: int) -> None:
    """Session and plan decide the drawn customers alike, in every field."""
    program = compile_pack(PACK)
    customers = drawn(batch)[:ONE_BY_ONE]
    assert list(map(Session(program).decide, customers)) == Plan(program).decide_all(customers)


def test_drawn_customers_are_everywhere() -> None:
    """Every stage has its customers, and nearly every rule and gate fires for some of them."""
    program = compile_pack(PACK)
    stages: set[int] = set()
    fired: set[str] = set()
    for _, result in in_columns(PACK, (customer for batch in range(BATCHES) for customer in drawn(batch))):
        stages.update(result.values[program.stage].codes.tolist())
        fired.update(program.rules[index].id for index, mask in result.fired.items() if mask.any())
    assert stages == set(range(len(PACK.vocabulary.enums["stage"].members)))
    names = {*(rule.id for rule in PACK.rules), *(gate.id for gate in PACK.gates)}
    assert len(names & fired) >= 0.95 * len(names)


def test_no_invariant_is_empty() -> None:
    """Each part of a prohibition matters: without it, some customer of the cases or a drawn one would break it."""
    weakened = [one for invariant in PACK.invariants for one in _without_a_part(invariant)]
    pack: Pack = replace(PACK, invariants=tuple(weakened))
    customers = [*(case.facts for case in CASES), *(customer for batch in range(BATCHES) for customer in drawn(batch))]
    broken = {name for _, result in in_columns(pack, customers) for name, mask in result.violated.items() if mask.any()}
    assert [one.id for one in weakened if one.id not in broken] == []


def _without_a_part(invariant: Invariant) -> Iterator[Invariant]:
    """Yield a prohibition without each of its parts in turn; a duty has none that could be spared."""
    if invariant.never and isinstance(invariant.condition, All):
        parts = invariant.condition.items
        for index in range(len(parts)):
            rest = parts[:index] + parts[index + 1 :]
            yield replace(invariant, id=f"{invariant.id}.{index}", condition=All(rest, invariant.at))
