"""Generated packs and customers: the oracle, the session and the plan come to the same decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import compile_pack
from engine.decision import Decision, PackStamp
from engine.model import Pack
from engine.plan import Plan
from engine.session import Session
from engine.snapshot import CustomerFacts, snapshot_of
from tests.generators import random_customers, random_pack
from tests.generators.readable import customer_text, difference_text, pack_text
from tests.oracle import decide
from tests.profiles import count

CUSTOMERS = 50
BATCHES = 20
"""The packs are spread over so many tests, which can run side by side."""

T = TypeVar("T")

FEW = 5
"""Of so many customers the JSON is compared as well, and what the plan says of them in chunks."""

STAMP = PackStamp("generated", "1.0.0", "")

Customers = list[CustomerFacts]
DecideAll = Callable[[Pack, Customers], list[Decision]]


def by_oracle(pack: Pack, customers: Customers) -> list[Decision]:
    """Decide customer by customer by the oracle."""
    return [decide(pack, customer, STAMP) for customer in customers]


def by_session(pack: Pack, customers: Customers) -> list[Decision]:
    """Decide customer by customer in one session."""
    session = Session(compile_pack(pack))
    return [session.decide(customer) for customer in customers]


def by_plan(pack: Pack, customers: Customers) -> list[Decision]:
    """Decide all customers as one table."""
    return list(Plan(compile_pack(pack)).decisions(snapshot_of(pack.vocabulary, customers)))


def by_plan_in_chunks(pack: Pack, customers: Customers) -> list[Decision]:
    """Decide all customers as one table, two at a time."""
    return list(Plan(compile_pack(pack)).decisions(snapshot_of(pack.vocabulary, customers), chunk=2))


def by_plan_alone(pack: Pack, customers: Customers) -> list[Decision]:
    """Decide customer by customer with the plan."""
    plan = Plan(compile_pack(pack))
    return [plan.decide(customer) for customer in customers]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_executors_agree_with_the_oracle(batch: int) -> None:
    """Session and plan decide every customer as the oracle does, in every field."""
    for seed in _seeds(batch):
        pack, customers = generated(Random(seed))
        expected = by_oracle(pack, customers)
        for decide_all in (by_session, by_plan):
            check(pack, customers, expected, decide_all, f"seed {seed}")
        check(pack, customers[:FEW], expected[:FEW], by_plan_in_chunks, f"seed {seed}")
        check(pack, customers[FEW:][:1], expected[FEW:][:1], by_plan_alone, f"seed {seed}")


@settings(max_examples=count(quick=20, ci=50, long=5_000))
@given(st.randoms(use_true_random=False))
def test_executors_agree_on_what_hypothesis_finds(rng: Random) -> None:
    """The same holds where hypothesis draws the packs, a few customers each."""
    pack, customers = generated(rng, customers=3)
    expected = by_oracle(pack, customers)
    for decide_all in (by_session, by_plan):
        check(pack, customers, expected, decide_all, "drawn by hypothesis")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_order_never_matters(batch: int) -> None:
    """Rules, tables, gates, rows of collections and facts in another order give the same decisions."""
    for seed in _seeds(batch):
        rng = Random(seed)
        pack, customers = generated(rng, customers=2)
        expected = by_oracle(pack, customers)
        other_pack, others = _shuffled_pack(pack, rng), [_shuffled_customer(one, rng) for one in customers]
        for decide_all in (by_oracle, by_session, by_plan):
            check(other_pack, others, expected, decide_all, f"seed {seed}, shuffled")


def test_generated_packs_meet_every_part_of_a_decision() -> None:
    """The generator is not tame: every part of a decision is filled often enough to be compared."""
    decisions = [one for seed in range(40) for one in by_oracle(*generated(Random(seed), customers=10))]
    often = {
        "conflicts": 10,
        "provisional": 200,
        "fired": 300,
        "gates": 50,
        "choices": 200,
        "actions": 200,
        "violated": 20,
        "rows": 100,
    }
    filled = {part: sum(bool(getattr(one, part)) for one in decisions) for part in often}
    assert [part for part, least in often.items() if filled[part] < least] == []
    assert sum(action.is_open for one in decisions for action in one.actions) >= 10


# --- drawing -------------------------------------------------------------------------------------------------------


def _seeds(batch: int) -> Iterator[int]:
    return iter(range(batch, count(quick=40, ci=400, long=20_000), BATCHES))


def generated(rng: Random, customers: int = CUSTOMERS) -> tuple[Pack, Customers]:
    """Return a random pack with random customers."""
    pack = random_pack(rng)
    return pack, random_customers(rng, pack, customers)


def _shuffled_pack(pack: Pack, rng: Random) -> Pack:
    def shuffled(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(rng.sample(items, len(items)))

    return replace(
        pack,
        rules=shuffled(pack.rules),
        tables=shuffled(pack.tables),
        gates=shuffled(pack.gates),
        scorecards=shuffled(pack.scorecards),
        invariants=shuffled(pack.invariants),
    )


def _shuffled_customer(customer: CustomerFacts, rng: Random) -> CustomerFacts:
    names = rng.sample(list(customer.facts), len(customer.facts))
    return replace(
        customer,
        facts={name: customer.facts[name] for name in names},
        rows={name: tuple(rng.sample(rows, len(rows))) for name, rows in customer.rows.items()},
    )


# --- comparing, and reporting as little as possible ----------------------------------------------------------------


def check(pack: Pack, customers: Customers, expected: list[Decision], decide_all: DecideAll, origin: str) -> None:
    """Fail with a small reproduction if an executor decides a customer otherwise than expected."""
    decisions = decide_all(pack, customers)
    for customer, wanted, found in zip(customers, expected, decisions, strict=True):
        if wanted != _restamped(found):
            small = _reduced(pack, customer, decide_all)
            if small is not pack:
                (wanted,), (found,) = by_oracle(small, [customer]), decide_all(small, [customer])
            parts = [origin, decide_all.__name__, pack_text(small), customer_text(customer)]
            pytest.fail("\n\n".join([*parts, difference_text(wanted, _restamped(found))]), pytrace=False)
    assert [one.to_json() for one in expected[:FEW]] == [_restamped(one).to_json() for one in decisions[:FEW]]


def _restamped(decision: Decision) -> Decision:
    return replace(decision, pack=STAMP)


def _differs(pack: Pack, customer: CustomerFacts, decide_all: DecideAll) -> bool:
    try:
        (expected,), (found,) = by_oracle(pack, [customer]), decide_all(pack, [customer])
    except Exception:  # leaving out an item may leave a pack that makes no sense
        return False
    return expected != _restamped(found)


def _reduced(pack: Pack, customer: CustomerFacts, decide_all: DecideAll) -> Pack:
    """Leave out one item after the other as long as the difference stays."""
    for smaller_than in (_without_item, _without_inner_item):
        pending = list(smaller_than(pack))
        while pending:
            if _differs(pending[0], customer, decide_all):
                pack = pending[0]
                pending = list(smaller_than(pack))
            else:
                pending.pop(0)
    return pack


_PARTS = {"rules": "conclusions", "tables": "rows", "gates": "criteria", "scorecards": "rules", "invariants": ""}


def _without_item(pack: Pack) -> Iterator[Pack]:
    for part in _PARTS:
        for items in _leaving_one_out(getattr(pack, part)):
            yield _with(pack, part, items)


def _without_inner_item(pack: Pack) -> Iterator[Pack]:
    for part, inside in _PARTS.items():
        for index, item in enumerate(getattr(pack, part) if inside else ()):
            for inner in _leaving_one_out(getattr(item, inside)):
                items = list(getattr(pack, part))
                items[index] = _with(item, inside, inner)
                yield _with(pack, part, tuple(items))


def _leaving_one_out(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    return (items[:index] + items[index + 1 :] for index in range(len(items)))


def _with(item: Any, part: str, value: object) -> Any:
    return replace(item, **{part: value})
