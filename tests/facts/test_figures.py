"""The figures of the portfolio, on a small store whose counts are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from facts.feature_database import prepared_base
from facts.figures import Limits, Rows, figures_in
from facts.recording import record
from facts.store import Store

AS_OF = date(2024, 6, 30)
LIMITS = Limits(look_back_days=365, hear_after_days=7, heard_within_days=90)
LEARNT = datetime(2024, 6, 30, 12, tzinfo=UTC)
KNOWN_AT = datetime(2024, 6, 30, 18, tzinfo=UTC)

# customer: account manager, region, country, industry, source, stage then and now, class and contribution now
CUSTOMERS = {
    "a": ("Ann", "North", "Norway", "food", "event", "target", "new", "A", 800),
    "b": ("Ann", "North", "Norway", "food", "event", "new", "new", "B", 150),
    "c": ("Ann", None, "Spain", "metal", "partner", "new", "problem", "C", 50),
    "d": ("Bo", None, "Spain", "metal", None, "established", "new", None, None),
    "e": ("Bo", "South", "Italy", None, None, "strategic", "strategic", None, None),
    "f": (None, "South", "Italy", None, None, None, "potential", None, None),
}


def ago(days: int) -> date:
    """Return the date so many days before as-of; negative: after."""
    return AS_OF - timedelta(days)


def talk(customer: str, days: int, heard: int | None = None, outcome: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a communication sent and heard of so many days ago."""
    row = {"customer": customer, "value_kind": "product", "medium": "visit", "holds_from": ago(days), **more}
    return row | {"heard_on": None if heard is None else ago(heard), "outcome": outcome}


STAGES = [
    {"customer": "a", "stage": "target", "holds_from": ago(300)},
    {"customer": "a", "stage": "new", "holds_from": ago(60)},
    {"customer": "b", "stage": "new", "holds_from": ago(300), "holds_until": ago(50)},
]
TALKS = [
    talk("a", 100, 90, "recognised"),  # at stage target
    talk("a", 60, 50, "accepted"),  # on the day on which it became new
    talk("b", 51, 40, "accepted"),  # while its stage held
    talk("b", 50, 40, "rejected"),  # on the day on which its stage held no longer
    talk("c", 7),  # without feedback for seven days: unheard
    talk("c", 6),  # not yet
    talk("c", 366, 300, "accepted"),  # too long ago
]
NEEDS = [
    {"customer": "a", "kind": "quality", "tier": "core", "state": "met", "holds_from": ago(90)},
    {"customer": "a", "kind": "brand", "level": "potential", "state": "unmet", "holds_from": ago(90)},
    {"customer": "b", "kind": "quality", "tier": "core", "state": "unmet", "holds_from": ago(90)},
    {"customer": "b", "kind": "quality", "tier": "core", "state": "met", "holds_from": ago(9)},
    {"customer": "c", "kind": "quality", "level": "expected", "felt": True, "state": "partly_met",
     "holds_from": ago(90)},
    {"customer": "c", "kind": "service", "level": "basic", "state": "met", "holds_from": ago(90)},
    {"customer": "d", "kind": "quality", "level": "expected", "felt": False, "state": "unmet", "holds_from": ago(90)},
]  # fmt: skip
ACTIONS = [
    {"customer": "a", "action": "visit-customer", "state": "open", "due_on": ago(1)},
    {"customer": "a", "action": "ask-needs", "state": "open", "due_on": ago(0)},
    {"customer": "b", "action": "visit-customer", "state": "done", "due_on": ago(9)},
    {"customer": "d", "action": "agree-terms", "state": "accepted", "due_on": ago(5)},
]
COMPLAINTS = [
    {"customer": "d", "signal": "price_high", "holds_from": ago(20), "settled_on": ago(10)},
    {"customer": "d", "signal": "price_high", "holds_from": ago(8)},
    {"customer": "e", "signal": "price_high", "holds_from": ago(366)},
]
INTERACTIONS = [
    {"customer": "a", "medium": "visit", "direction": "ours", "holds_from": ago(1)},
    {"customer": "e", "medium": "visit", "direction": "theirs", "holds_from": ago(91)},
    {"customer": "f", "medium": "visit", "direction": "both", "holds_from": ago(90)},
]


def coverage(*collections: str) -> list[dict[str, Any]]:
    """Return that these collections are recorded of all customers."""
    begun = {"recorded_from": date(2020, 1, 1), "holds_from": date(2020, 1, 1)}
    return [{"collection": name, **begun} for name in collections]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store that holds the facts above."""
    store = Store.create(store_url)
    names = ("account_manager", "region", "country", "industry", "acquisition_source")
    customers = [
        {"key": key, "name": key.upper(), "holds_from": date(2020, 1, 1), **dict(zip(names, row, strict=False))}
        for key, row in CUSTOMERS.items()
    ]
    told: dict[str, list[dict[str, Any]]] = {
        "customers": customers,
        "stage_history": STAGES,
        "communications": TALKS,
        "needs": NEEDS,
        "actions": [{"advised_on": ago(30), "holds_from": ago(30), **row} for row in ACTIONS],
        "complaints": COMPLAINTS,
        "interactions": INTERACTIONS,
        "coverage": coverage("communications", "interactions", "needs"),
    }
    tell(store, told, LEARNT)
    yield store
    store.close()


def tell(store: Store, told: Mapping[str, list[dict[str, Any]]], at: datetime) -> None:
    """Record rows of several tables at a moment."""
    for table, rows in told.items():
        record(store, table, rows, user="ann", source="test", at=at)


def standing(earlier: bool = False) -> pa.Table:
    """Return where the customers above stand, or stood; `f` was not there yet, and `g` is not any more."""
    names = ("account_manager", "region", "country", "industry", "acquisition_source")
    rows = []
    for key, row in CUSTOMERS.items():
        then, now, abc_class, contribution = row[5:]
        found = {"customer": key, "name": key.upper(), "stage": then if earlier else now}
        money = None if contribution is None else Decimal(contribution)
        stalled = {"days_in_stage": 200 if key in "bc" else None, "stalled": key in "bd"}
        card = dict(zip(names, row, strict=False))
        rows.append({**found, **card, **stalled, "abc_class": abc_class, "contribution": money})
    if earlier:
        rows = [*rows[:-1], {**rows[0], "customer": "g", "name": "G", "stage": "new"}]
    text = dict.fromkeys(("customer", "name", "stage", *names, "abc_class"), pa.string())
    other = {"days_in_stage": pa.int64(), "stalled": pa.bool_(), "contribution": pa.decimal128(18, 2)}
    return pa.Table.from_pylist(rows, pa.schema([*text.items(), *other.items()]))


def found_in(store: Store, known_at: datetime = KNOWN_AT, **only: str) -> dict[str, Rows]:
    """Return the figures of a store."""
    base = store.base_tables(AS_OF, known_at)
    with prepared_base(base, AS_OF, "EUR") as database:
        database.register("now", standing())
        database.register("earlier", standing(earlier=True))
        return {name: table.to_pylist() for name, table in figures_in(database, LIMITS, **only).items()}


def counts(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    """Return these columns of the rows."""
    return [tuple(row[name] for name in names) for row in rows]


def test_every_figure_on_a_small_store(store: Store) -> None:
    """Each figure says what counting by hand says."""
    found = found_in(store)
    assert counts(found["problem"], "customer") == [("c",)]
    assert counts(found["stages"], "stage", "customers", "customers_before") == [
        ("established", 0, 1), ("new", 3, 3), ("potential", 1, 0),
        ("problem", 1, 0), ("strategic", 1, 1), ("target", 0, 1),
    ]  # fmt: skip
    assert counts(found["stalled"], "customer", "days") == [("b", 200), ("d", None)]
    assert counts(found["flow"], "from_stage", "to_stage", "customers") == [
        ("absent", "potential", 1), ("established", "new", 1), ("new", "absent", 1), ("new", "new", 1),
        ("new", "problem", 1), ("strategic", "strategic", 1), ("target", "new", 1),
    ]  # fmt: skip
    # Neither `e`, which can rise no higher, nor `f` and `g`, which were there at one date only.
    assert counts(found["upgrades"], "dimension", "member", "up", "down", "customers") == [
        ("account_manager", "Ann", 1, 1, 3), ("account_manager", "Bo", 0, 1, 1),
        ("all", None, 1, 2, 4),
        ("industry", "food", 1, 0, 2), ("industry", "metal", 0, 2, 2),
        ("region", "North", 1, 0, 2), ("region", "Spain", 0, 2, 2),
        ("stage", "established", 0, 1, 1), ("stage", "new", 0, 1, 2), ("stage", "target", 1, 0, 1),
    ]  # fmt: skip
    assert sorted(counts(found["acceptance"], "stage", "accepted", "recognised", "heard", "unheard"), key=str) == [
        ("new", 2, 0, 2, 0), ("target", 0, 1, 1, 0), (None, 0, 0, 1, 2)
    ]  # fmt: skip
    assert counts(found["core_needs"], "customer", "all_met", "lacking") == [
        ("a", True, None), ("b", True, None), ("c", False, ["quality"])
    ]  # fmt: skip
    assert counts(found["overdue"], "customer", "action", "days") == [
        ("d", "agree-terms", 5), ("a", "visit-customer", 1)
    ]  # fmt: skip
    assert counts(found["unheard"], "customer", "days") == [("c", 7)]
    assert counts(found["classes"], "abc_class", "customers", "contribution", "share") == [
        ("A", 1, Decimal(800), Decimal("80.0")), ("B", 1, Decimal(150), Decimal("15.0")),
        ("C", 1, Decimal(50), Decimal("5.0")), (None, 3, None, None),
    ]  # fmt: skip
    columns = ("acquisition_source", "customers", "accepted", "heard", "up", "could_rise")
    assert counts(found["sources"], *columns) == [
        (None, 3, 0, 0, 0, 1), ("event", 2, 2, 4, 1, 2), ("partner", 1, 0, 0, 0, 1)
    ]  # fmt: skip
    assert counts(found["unmet_needs"], "kind", "customers", "core", "additional", "latent") == [
        ("quality", 2, 1, 1, 0), ("brand", 1, 0, 0, 1)
    ]  # fmt: skip
    assert counts(found["complaints"], "signal", "complaints", "customers", "open") == [("price_high", 2, 1, 1)]
    # From `a`, `b` by feedback, `d` by complaining, `f` by a talk; not from `c` nor, for 91 days, from `e`.
    assert counts(found["freshness"], "heard", "customers") == [(4, 6)]
    assert ("region", "Spain", "problem", 1) in counts(found["segments"], "dimension", "member", "stage", "customers")
    assert {row["collection"]: row["customers"] for row in found["coverage"]} == {
        "communications": 6, "interactions": 6, "needs": 6, "stage_history": 2
    }  # fmt: skip


def test_figures_of_one_manager_and_of_one_region(store: Store) -> None:
    """Only that account manager's customers count, or only those of the region, the country standing in for it."""
    assert counts(found_in(store, manager="Bo")["standing"], "customer") == [("d",), ("e",)]
    spain = found_in(store, region="Spain")
    assert counts(spain["standing"], "customer") == [("c",), ("d",)]
    assert counts(spain["unheard"], "customer") == [("c",)]
    assert counts(spain["overdue"], "customer") == [("d",)]


LATER = {
    "communications": [talk("a", -1), talk("a", 30, -1, "accepted")],
    "needs": [{"customer": "a", "kind": "quality", "tier": "core", "state": "unmet", "holds_from": ago(-1)}],
    "complaints": [{"customer": "a", "signal": "stingy", "holds_from": ago(-1)}],
    "interactions": [{"customer": "c", "medium": "visit", "direction": "theirs", "holds_from": ago(-1)}],
    "stage_history": [{"customer": "b", "stage": "core", "holds_from": ago(-1)}],
    "referrals": [{"customer": "c", "kind": "referral", "holds_from": ago(-1)}],
}


def test_what_comes_after_the_date_changes_nothing_but_what_was_sent_before(store: Store) -> None:
    """Facts of later days are not seen, nor is a later feedback: its communication counts as unheard."""
    before = found_in(store)
    tell(store, LATER, LEARNT)
    after = found_in(store)
    assert counts(after["unheard"], "customer", "days") == [("a", 30), ("c", 7)]
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"talks", "acceptance", "unheard"}


def test_what_is_learnt_later_changes_nothing(store: Store) -> None:
    """Facts recorded after the moment asked about leave every figure as it was, whenever they hold."""
    before = found_in(store)
    days_before = [
        (table, [{**row, "holds_from": row["holds_from"] - timedelta(30)} for row in rows])
        for table, rows in LATER.items()
    ]
    tell(store, dict(days_before), KNOWN_AT + timedelta(seconds=1))
    assert found_in(store) == before
    assert found_in(store, KNOWN_AT + timedelta(days=1)) != before
