"""The prohibitions and duties of the value-marketing pack hold for every customer drawn, in both executors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from engine.compile import compile_pack
from engine.decision import Decision
from engine.model import All, Invariant, Pack
from engine.plan import Plan
from engine.session import Session
from engine.snapshot import CustomerFacts
from tests.generators.readable import customer_text
from tests.profiles import count
from tests.rulesets.drawn import Drawing
from tests.rulesets.test_value_marketing import CASES, PACK

BATCHES = 4
SIZE = count(quick=250, ci=10_000, long=250_000)
"""Customers per batch that the plan decides."""
ONE_BY_ONE = count(quick=5, ci=100, long=2_000)
"""Of so many of them the session's whole decision is compared."""


def drawn(batch: int) -> list[CustomerFacts]:
    """Return the customers of a batch, always the same."""
    return Drawing(PACK, CASES, Random(batch)).customers(SIZE)


@cache
def decided(batch: int) -> list[Decision]:
    """Decide the customers of a batch in columns."""
    return list(Plan(compile_pack(PACK)).decide_all(drawn(batch)))


def test_the_method_has_its_guard_rails() -> None:
    """The pack forbids and demands at least thirty-five things."""
    assert len(PACK.invariants) >= 35


@pytest.mark.parametrize("batch", range(BATCHES))
def test_invariants_hold_for_every_customer(batch: int) -> None:
    """No drawn customer gets advice that the method forbids, or misses what it demands."""
    broken = Counter(name for decision in decided(batch) for name in decision.violated)
    first = next((index for index, decision in enumerate(decided(batch)) if decision.violated), 0)
    assert dict(broken) == {}, f"{decided(batch)[first].violated}: {customer_text(drawn(batch)[first])}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_executors_agree_on_every_customer(batch: int) -> None:
    """Session and plan decide the drawn customers alike, in every field."""
    session = Session(compile_pack(PACK))
    assert [session.decide(customer) for customer in drawn(batch)[:ONE_BY_ONE]] == decided(batch)[:ONE_BY_ONE]


def test_drawn_customers_are_everywhere() -> None:
    """Every stage has its customers, and nearly every rule fires for some of them."""
    decisions = [decision for batch in range(BATCHES) for decision in decided(batch)]
    assert {decision.values["stage"] for decision in decisions} == set(PACK.vocabulary.enums["stage"].members)
    fired = {one.rule for decision in decisions for one in decision.fired}
    rules = {rule.id for rule in PACK.rules}
    assert len(rules & fired) >= 0.9 * len(rules)


def test_no_invariant_is_empty() -> None:
    """Each part of a prohibition matters: without it, some customer of the cases or a drawn one would break it."""
    weakened = [one for invariant in PACK.invariants for one in _without_a_part(invariant)]
    pack: Pack = replace(PACK, invariants=tuple(weakened))
    customers = [*(case.facts for case in CASES), *(customer for batch in range(BATCHES) for customer in drawn(batch))]
    broken = {name for decision in Plan(compile_pack(pack)).decide_all(customers) for name in decision.violated}
    assert [one.id for one in weakened if one.id not in broken] == []


def _without_a_part(invariant: Invariant) -> Iterator[Invariant]:
    """Yield a prohibition without each of its parts in turn; a duty has none that could be spared."""
    if invariant.never and isinstance(invariant.condition, All):
        parts = invariant.condition.items
        for index in range(len(parts)):
            rest = parts[:index] + parts[index + 1 :]
            yield replace(invariant, id=f"{invariant.id}.{index}", condition=All(rest, invariant.at))
