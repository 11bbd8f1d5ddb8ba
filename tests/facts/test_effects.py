"""Acceptance by groups and what advice led to, on small stores counted by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest

from facts.acceptance import Evidence, Path, Weights, estimates
from facts.effects import READ, Spans, effects
from facts.figures import Rows
from facts.recording import merge_customers, record
from facts.store import Store
from tests.profiles import count

WEIGHTS = Weights(least_heard=5, prior_heard=4, interval=90)
AS_OF = date(2024, 6, 30)
LEARNT = datetime(2024, 6, 30, 12, tzinfo=UTC)
KNOWN_AT = datetime(2024, 6, 30, 18, tzinfo=UTC)
SPANS = Spans(look_back_days=365, follow_days=90)


# --- the model ---


def test_a_narrower_group_begins_where_the_others_stand() -> None:
    """The mean is that of the wider group without one's own evidence, drawn to one's own by how much was heard."""
    found = estimates([(("brand",), Evidence(6, 8)), (("product",), Evidence(1, 10))], WEIGHTS)
    # The prior of `brand`: Beta(1 + 1, 1 + 9) of the others, 12 in all; weight 12 * 4 / (12 + 4 + 1) at the mean 2/12.
    weight = Fraction(48, 17)
    assert found["brand",].share == (weight / 6 + 6) / (weight + 8)
    assert found[()].share == Fraction(1 + 7, 2 + 18)
    assert found["brand",].low < float(found["brand",].share) < found["brand",].high


def test_few_effects_fall_back_to_the_nearest_wider_group() -> None:
    """With four effects heard the wider group speaks, with five the group itself; what was counted stays its own."""
    cells: list[tuple[Path, Evidence]] = [
        (("brand", "new", "visit"), Evidence(4, 4)),
        (("brand", "new", "letter"), Evidence(0, 5)),
        (("brand", None, "visit"), Evidence(0, 1)),
        (("people", "new", "visit"), Evidence(0, 0)),
    ]
    found = estimates(cells, WEIGHTS)
    rests_on = {path: each.rests_on for path, each in found.items()}
    assert rests_on["brand", "new", "letter"] == ("brand", "new", "letter")
    assert rests_on["brand", "new", "visit"] == ("brand", "new")
    assert rests_on["brand", None, "visit"] == ("brand",)
    assert rests_on["people", "new", "visit"] == ()
    assert found["brand", "new", "visit"].evidence == Evidence(4, 4)
    assert found["brand", "new", "visit"].share == found["brand", "new"].share
    assert next(iter(found)) == ()


def test_too_little_in_all_says_nothing() -> None:
    """Where even the whole has too little evidence, there is no estimate."""
    assert estimates([(("brand",), Evidence(2, 4))], WEIGHTS) == {}
    assert estimates([], WEIGHTS) == {}


def test_intervals_hold_what_they_promise() -> None:
    """Shares drawn as the model assumes lie in their 90 % intervals about nine times of ten, and nearer than alone."""
    chance, inside, groups, error, alone = random.Random(7), 0, 0, 0.0, 0.0
    for _ in range(count(quick=12, ci=40, long=400)):
        cells, shares = [], {}
        whole = chance.betavariate(2, 3)
        for kind in "abcdefgh":
            shares[kind] = chance.betavariate(4 * whole, 4 * (1 - whole))
            heard = chance.choice((5, 8, 20))
            cells.append(((kind,), Evidence(sum(chance.random() < shares[kind] for _ in range(heard)), heard)))
        found = estimates(cells, WEIGHTS)
        for path, seen in cells:
            truth, said = shares[str(path[0])], found[path]
            inside += said.low <= truth <= said.high
            error += (float(said.share) - truth) ** 2
            alone += (seen.accepted / seen.heard - truth) ** 2
            groups += 1
    assert 0.84 <= inside / groups <= 0.95
    assert error < alone


# --- counted from a store ---


def ago(days: int) -> date:
    """Return the date so many days before as-of; negative: after."""
    return AS_OF - timedelta(days)


def talk(customer: str, days: int, heard: int | None = None, outcome: str | None = None) -> dict[str, Any]:
    """Return a communication sent and heard of so many days ago."""
    row = {"customer": customer, "value_kind": "product", "medium": "visit", "holds_from": ago(days)}
    return row | {"heard_on": None if heard is None else ago(heard), "outcome": outcome}


def done(customer: str, action: str, days: int, state: str, rules: str | None, **more: Any) -> dict[str, Any]:
    """Return how an action stands since so many days ago."""
    said = {"customer": customer, "action": action, "advised_on": ago(days + 5), "holds_from": ago(days)}
    return {**said, "state": state, "advised_by": rules, **more}


TALKS = [
    talk("a", 100, 90, "accepted"),  # heard on the last day that follows what was done 180 days ago
    talk("a", 400, 390, "accepted"),  # too long ago
    talk("b", 100, 90, "accepted"),
    talk("b", 20, -1, "accepted"),  # to be heard tomorrow
    talk("c", 10, 5, "rejected"),
]
ACTIONS = [
    done("a", "convey-value", 185, "open", '["tell"]'),
    done("a", "convey-value", 180, "done", '["tell"]'),
    done("b", "convey-value", 181, "done", '["tell", "tell-again"]'),  # a day too early for what was heard
    done("c", "convey-value", 30, "done", '["tell"]'),
    done("c", "visit", 20, "declined", '["look"]', declined_because="wrong_time"),
    done("d", "visit", 20, "declined", '["look"]', declined_because="no_means"),
    done("d", "call", 10, "done", None),
    done("d", "write", 366, "done", '["tell"]'),  # too long ago
]
STAGES = [
    {"customer": "a", "stage": "target", "holds_from": ago(300)},
    {"customer": "a", "stage": "new", "holds_from": ago(91)},  # after it was done, and in time
    {"customer": "c", "stage": "new", "holds_from": ago(300)},
    {"customer": "c", "stage": "problem", "holds_from": ago(10)},
    {"customer": "c", "stage": "new", "holds_from": ago(5)},  # back where it stood: no step up
    {"customer": "d", "stage": "core", "holds_from": ago(300)},
    {"customer": "d", "stage": "established", "holds_from": ago(8)},
]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store that holds the facts above."""
    store = Store.create(store_url)
    names = {"a": "Ann", "b": "Ann", "c": "Bo", "d": "Bo"}
    tell(
        store,
        LEARNT,
        customers=[
            {"key": key, "name": key, "account_manager": name, "region": name, "holds_from": date(2020, 1, 1)}
            for key, name in names.items()
        ],
        communications=TALKS,
        actions=ACTIONS,
        stage_history=STAGES,
    )
    yield store
    store.close()


def tell(store: Store, at: datetime, **told: list[dict[str, Any]]) -> None:
    """Record rows of several tables at a moment."""
    for table, rows in told.items():
        record(store, table, rows, user="ann", source="test", at=at)


ADVISED = {
    "advice": pa.table({"run": [1, 1, 2], "customer": ["a", "b", "d"], "rule_list": [0, 0, 1]}),
    "rule_lists": pa.table({"run": [1, 2, 2], "rule_list": [0, 0, 1], "rule": ["tell", "look", "look"]}),
}


def found_in(store: Store, as_of: date = AS_OF, manager: str | None = None) -> dict[str, Rows]:
    """Return the effects in a store."""
    base = store.base_tables(as_of, KNOWN_AT, only=READ)
    return effects(base, ADVISED, SPANS, as_of, base_currency="EUR", manager=manager)


def test_the_three_results_are_kept_apart(store: Store) -> None:
    """Done, accepted and moved are counted each by itself, and nothing of them is later than the date."""
    found = found_in(store)
    assert found["results"] == [
        {"done": 4, "declined": 2, "answered": 6, "accepted": 2, "heard": 3, "unheard": 1}
        | {"moved_up": 1, "moved_down": 2, "customers": 4}  # `c` stood beside the ladder for a while
    ]
    columns = ("value_kind", "stage", "segment", "accepted", "rejected", "heard", "unheard")
    assert [tuple(row[name] for name in columns) for row in found["cells"]] == [
        ("product", "problem", "Bo", 0, 1, 1, 0),
        ("product", "target", "Ann", 1, 0, 1, 0),
        ("product", None, "Ann", 1, 0, 1, 1),
    ]
    of_bo = found_in(store, manager="Bo")["results"][0]
    assert (of_bo["done"], of_bo["heard"], of_bo["moved_up"], of_bo["customers"]) == (2, 1, 0, 2)


def test_rules_are_followed_to_what_came_of_them(store: Store) -> None:
    """Advice counts from runs and from what was entered, each customer once; what came too early or late does not."""
    found = found_in(store)
    columns = ("rule", "advised", "done", "accepted", "moved", "still_open", "declined")
    assert [tuple(row[name] for name in columns) for row in found["rules"]] == [
        ("tell", 3, 3, 1, 1, 1, 0),
        ("tell-again", 1, 1, 0, 0, 0, 0),
        (None, 1, 1, 0, 0, 1, 0),
        ("look", 2, 0, 0, 0, 0, 2),
    ]
    assert found["reasons"] == [
        {"rule": "look", "because": "no_means", "customers": 1},
        {"rule": "look", "because": "wrong_time", "customers": 1},
    ]


def test_the_future_is_not_seen(store: Store) -> None:
    """As of an earlier day what was heard, done and confirmed since is unknown, and what was learnt later."""
    before = found_in(store, ago(91))
    assert [(row["heard"], row["unheard"]) for row in before["cells"]] == [(0, 1), (1, 1)]
    assert [(row["rule"], row["done"], row["accepted"], row["moved"]) for row in before["rules"][:1]] == [
        ("tell", 3, 0, 1)
    ]
    late = KNOWN_AT + timedelta(hours=1)
    now = found_in(store)
    tell(store, late, communications=[talk("d", 3, 1, "accepted")], actions=[done("d", "call", 2, "done", '["tell"]')])
    assert found_in(store) == now


def test_merged_customers_count_as_one(store: Store) -> None:
    """What was done with a duplicate was done with the customer that stands for it."""
    merge_customers(store, "b", "a", user="ann")
    base = store.base_tables(AS_OF, datetime.now(UTC), only=READ)
    found = effects(base, ADVISED, SPANS, AS_OF, base_currency="EUR")
    assert found["results"][0]["customers"] == 3
    assert found["rules"][0]["rule"] == "tell"
    assert found["rules"][0]["done"] == 2
