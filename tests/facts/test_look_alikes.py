"""Ideal customers and who resembles them, on a base whose counts are worked out by hand."""

import math
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from facts.ideal import Ideal
from facts.look_alikes import find_look_alikes
from facts.snapshot import portfolio_facts
from tests.facts.base_tables import AS_OF, BASE_CURRENCY, ago, base_of, recorded, snapshot_of

WANTED = Ideal(
    top_share=Decimal(10),
    least_users=Decimal(4),
    least_share=Decimal(50),
    least_lift=Decimal("1.5"),
    shared_traits=Decimal(2),
    most_products=Decimal(50),
)

# Eight users of the product P, the heaviest first, and four customers that buy nothing: 12 in all, of which 4 make
# tools, 4 are in the North, 6 in Norway (of 11 with a country), 3 are large (of 11 whose staff is known).
CUSTOMERS: list[dict[str, Any]] = [
    {"key": "u1", "industry": "tools", "region": "North", "country": "Norway", "employees": 250},
    {"key": "u2", "industry": "tools", "region": "North", "country": "Norway", "employees": 900},
    {"key": "u3", "industry": "tools", "region": "South", "country": "Norway", "employees": 249},
    {"key": "u4", "industry": "food", "region": "South", "country": None, "employees": None},
    {"key": "u5", "industry": "food", "region": "South", "country": "Spain", "employees": 49},
    {"key": "u6", "industry": "food", "region": "South", "country": "Spain", "employees": 9},
    {"key": "u7", "industry": "food", "region": "South", "country": "Spain", "employees": 9},
    {"key": "u8", "industry": "food", "region": "South", "country": "Spain", "employees": 9},
    {"key": "p1", "industry": "tools", "region": "North", "country": "Norway", "employees": 300},
    {"key": "p2", "industry": "food", "region": "North", "country": "Norway", "employees": 20},
    {"key": "p3", "industry": "food", "region": "South", "country": "Norway", "employees": 20},
    {"key": "p4", "industry": "food", "region": "South", "country": "Spain", "employees": 20},
]


def line(customer: str, amount: int, product: str | None = "P", days: int = 10, **more: Any) -> dict[str, Any]:
    """Return an order line of so many days ago."""
    row = {"customer": customer, "product": product, "amount": Decimal(amount), "holds_from": ago(days)}
    return {"order_key": f"{customer}-{product}", "kind": "order", "goods": True, **row, **more}


LINES = [
    *(line(f"u{place}", 1000 - place) for place in range(1, 9)),
    line("u8", 9000, days=366),  # too long ago
    line("u8", 9000, goods=False),  # postage
    line("u1", 10, "Q"),  # one user makes no profile
    line("p4", 5, days=400),  # bought once, but not for a year
]


def test_the_heaviest_users_make_a_profile() -> None:
    """A trait that they share far more often than the base is in it; of region and country the more telling one."""
    base = base_of(customers=[{"name": row["key"], **row} for row in CUSTOMERS], order_lines=LINES)
    profiles, alike = find_look_alikes(base, WANTED, AS_OF, base_currency=BASE_CURRENCY)
    columns = ["subject", "users", "heaviest", "trait", "value", "having", "known", "base_having", "base_known", "lift"]
    # u1 to u4 are the heaviest. Tools: 3 of 4 against 4 of 12. Norway: 3 of 3 against 6 of 11; North: 2 of 4 against
    # 4 of 12. Large: 2 of 3 against 3 of 11.
    assert [tuple(row.values()) for row in profiles.select(columns).to_pylist()] == [
        ("P", 8, 4, "size", "large", 2, 3, 3, 11, Decimal("2.44")),
        ("P", 8, 4, "industry", "tools", 3, 4, 4, 12, Decimal("2.25")),
        ("P", 8, 4, "country", "Norway", 3, 3, 6, 11, Decimal("1.83")),
    ]
    # p2 and p3 share Norway alone, p4 nothing.
    shared = [(row["customer"], row["traits"], row["shared"]) for row in alike.to_pylist()]
    assert shared == [("p1", 3, ["size", "industry", "country"])]


def test_limits_say_what_makes_a_profile() -> None:
    """Each parameter makes the difference that its name says."""
    base = base_of(customers=[{"name": row["key"], **row} for row in CUSTOMERS], order_lines=LINES)

    def traits(**changed: Decimal) -> list[str]:
        found, _ = find_look_alikes(base, replace(WANTED, **changed), AS_OF, base_currency=BASE_CURRENCY)
        return list(found["trait"].to_pylist())

    def alike(**changed: Decimal) -> list[str]:
        _, found = find_look_alikes(base, replace(WANTED, **changed), AS_OF, base_currency=BASE_CURRENCY)
        return sorted(found["customer"].to_pylist())

    assert traits(least_users=Decimal(5)) == []
    assert traits(top_share=Decimal(100)) == []
    assert traits(least_share=Decimal(70)) == ["industry", "country"]
    assert traits(least_lift=Decimal(2)) == ["size", "industry"]
    assert alike(shared_traits=Decimal(1)) == ["p1", "p2", "p3"]
    assert alike(shared_traits=Decimal(4)) == []


def test_categories_stand_in_for_too_many_products() -> None:
    """With more products than named, their categories are looked at, if they are recorded."""
    lines = [{**row, "product_category": "tools of all kinds"} for row in LINES]
    customers = [{"name": row["key"], **row} for row in CUSTOMERS]
    for given, subjects in ((lines, {"tools of all kinds"}), (LINES, {"P"})):
        base = base_of(customers=customers, order_lines=given)
        found, _ = find_look_alikes(base, replace(WANTED, most_products=Decimal(1)), AS_OF, base_currency=BASE_CURRENCY)
        assert set(found["subject"].to_pylist()) == subjects
        assert set(found["users"].to_pylist()) == {8}  # u1 counts once, though it buys two products of the category


@pytest.mark.parametrize("share", ["0.5", "7.5", "10", "33.3", "99", "100"])
@pytest.mark.parametrize("users", [40, 41, 399, 1000])
def test_the_heaviest_are_those_who_bought_most(share: str, users: int) -> None:
    """However many users there are, and however many bought for the same amount: then the first keys count."""
    rng = Random(users)
    bought = {f"u{number:04}": rng.choice((5, 7, 7, 7, 9, rng.randrange(1, 100))) for number in range(users)}
    makers = {key: rng.choice(("tools", "food")) for key in bought}
    wanted = max(4, math.ceil(users * Decimal(share) / 100))
    heaviest = sorted(bought, key=lambda key: (-bought[key], key))[:wanted]
    base = base_of(
        customers=[{"key": key, "name": key, "industry": maker} for key, maker in makers.items()],
        order_lines=[line(key, amount) for key, amount in bought.items()],
    )
    anything = replace(WANTED, top_share=Decimal(share), least_share=Decimal(0), least_lift=Decimal(0))
    profiles, _ = find_look_alikes(base, anything, AS_OF, base_currency=BASE_CURRENCY)
    (found,) = profiles.to_pylist()  # the more telling trait
    assert (found["users"], found["heaviest"]) == (users, wanted)
    assert found["having"] == sum(makers[key] == found["value"] for key in heaviest)


def test_deals_won_count_where_no_orders_are_recorded() -> None:
    """A base that knows opportunities only has its profiles from the deals won."""
    won = [
        {"customer": row["customer"], "product": "P", "amount": row["amount"], "won": True, "closed_on": ago(10)}
        for row in LINES[:8]
    ]
    customers = [{"name": row["key"], **row} for row in CUSTOMERS]
    base = base_of(customers=customers, opportunities=won)
    found, _ = find_look_alikes(base, WANTED, AS_OF, base_currency=BASE_CURRENCY)
    assert found["trait"].to_pylist() == ["size", "industry", "country"]


def test_the_best_match_becomes_a_portfolio_fact() -> None:
    """A run keeps the product that a customer resembles most, beside its class or without one."""
    tables: dict[str, Any] = {"customers": [{"name": row["key"], **row} for row in CUSTOMERS], "order_lines": LINES}
    _, alike = find_look_alikes(base_of(**tables), WANTED, AS_OF, base_currency=BASE_CURRENCY)
    for coverage, abc_class in ((recorded("orders"), "C"), ((), None)):
        found = portfolio_facts(snapshot_of(**tables, coverage=coverage), alike).to_pylist()
        (row,) = [row for row in found if row["customer"] == "p1"]
        assert (row["abc_class"], row["look_alike_of"], row["look_alike_traits"]) == (abc_class, "P", 3)
        assert [row["customer"] for row in found if row["look_alike_of"]] == ["p1"]
