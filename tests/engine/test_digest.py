"""A snapshot's digest: one for the same facts, however they are laid out; another for any other facts."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.snapshot import CustomerFacts, Row, SnapshotDigest
from engine.vocabulary import BEGINNING, Value

NEEDS = (
    Row("n1", {"kind": "quality", "since": date(2026, 1, 31), "amount": Decimal("12.50")}),
    Row("n2", {"felt": True}),
    Row("n3", {}),
)
CUSTOMER = CustomerFacts(
    "C1",
    date(2026, 6, 30),
    {"stage": "new", "orders": 3, "revenue": Decimal("100.00"), "since": date(2025, 2, 28), "is_growing": False},
    {"needs": NEEDS, "complaints": (Row("1", {"severity": "high"}),)},
    {"needs": (BEGINNING, None), "complaints": (date(2025, 1, 1), date(2026, 3, 31))},
)


def test_layout_does_not_matter() -> None:
    """Facts, collections and rows in another order, zeros at a number's end and empty collections change nothing."""
    turned = CustomerFacts(
        "C1",
        date(2026, 6, 30),
        dict(reversed(list(CUSTOMER.facts.items()))) | {"revenue": Decimal("1E+2")},
        {
            "interactions": (),
            "complaints": CUSTOMER.rows["complaints"],
            "needs": tuple(Row(row.key, dict(reversed(list(row.facts.items())))) for row in reversed(NEEDS)),
        },
        dict(reversed(list(CUSTOMER.recorded.items()))),
    )
    assert turned.digest() == CUSTOMER.digest()


def with_facts(**facts: Value) -> CustomerFacts:
    return replace(CUSTOMER, facts={**CUSTOMER.facts, **facts})


def with_needs(*needs: Row) -> CustomerFacts:
    return replace(CUSTOMER, rows={**CUSTOMER.rows, "needs": needs})


OTHERS = {
    "date": replace(CUSTOMER, as_of=date(2026, 7, 1)),
    "integer": with_facts(orders=4),
    "negative number": with_facts(revenue=Decimal("-100.00")),
    "smaller number": with_facts(revenue=Decimal("10.0")),
    "flag": with_facts(is_growing=True),
    "day": with_facts(since=date(2025, 3, 1)),
    "one more fact": with_facts(employees=0),
    "one fact less": replace(CUSTOMER, facts={name: CUSTOMER.facts[name] for name in ("stage", "orders")}),
    "other fact": replace(CUSTOMER, facts={"s" + name: value for name, value in CUSTOMER.facts.items()}),
    "row's key": with_needs(NEEDS[0], NEEDS[1], Row("n4", {})),
    "row less": with_needs(NEEDS[0], NEEDS[1]),
    "row's fact": with_needs(NEEDS[0], Row("n2", {"felt": False}), NEEDS[2]),
    "rows' facts exchanged": with_needs(replace(NEEDS[0], key="n2"), replace(NEEDS[1], key="n1"), NEEDS[2]),
    "rows elsewhere": replace(CUSTOMER, rows={"wishes": NEEDS, "complaints": CUSTOMER.rows["complaints"]}),
    "recorded for longer": replace(CUSTOMER, recorded={**CUSTOMER.recorded, "needs": (date(2024, 1, 1), None)}),
    "recorded until": replace(CUSTOMER, recorded={**CUSTOMER.recorded, "needs": (BEGINNING, date(2026, 6, 30))}),
    "not recorded": replace(CUSTOMER, recorded={}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_any_difference_shows(other: CustomerFacts) -> None:
    """A decision depends on each of these, so each has a digest of its own."""
    assert other.digest() != CUSTOMER.digest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "x\0y", "b": "z"}, {"a": "x", "b": "y\0z"}),
        ({"a": "x", "b": "\0"}, {"a": "x\0", "b": ""}),
        ({"a, b": "x"}, {"a": "x", "b": "x"}),
        ({"a": "x', 'y"}, {"a": "x"}),
    ],
)
def test_no_text_can_be_taken_for_several(one: dict[str, Value], other: dict[str, Value]) -> None:
    """Whatever signs texts contain, other texts have another digest."""
    assert replace(CUSTOMER, facts=one).digest() != replace(CUSTOMER, facts=other).digest()


def test_a_digest_that_waits_is_that_of_the_facts() -> None:
    """It is equal, and shown, as the digest would be that is computed at once; copies are the same."""
    waiting = SnapshotDigest(CUSTOMER)
    assert str(waiting) == CUSTOMER.digest()
    assert {waiting} == {SnapshotDigest(replace(CUSTOMER)), deepcopy(waiting)}
    assert waiting != SnapshotDigest(OTHERS["day"])
    assert waiting != CUSTOMER.digest()
