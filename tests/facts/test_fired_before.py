"""Which rules fired in the runs of earlier days, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pyarrow as pa

from facts.fired_before import fired_before
from facts.runs import Run, publish
from facts.store import Store

FIRST, SECOND, TODAY = date(2026, 6, 28), date(2026, 6, 29), date(2026, 6, 30)


def test_of_each_day_before_the_last_run_counts(store: Store) -> None:
    """The latest day comes first; runs of the day itself, and others than the last of a day, are left out."""
    before_all = datetime.now(UTC)
    _publish(store, FIRST, {"K1": ["a"], "K2": ["a", "b"]})
    _publish(store, SECOND, {"K1": ["a"]})
    after_two = datetime.now(UTC)
    _publish(store, SECOND, {"K1": ["b"]})
    _publish(store, TODAY, {"K1": ["c"], "K2": ["c"]})
    asked = ("K1", "K2", "K3")
    assert fired_before(store, asked, TODAY) == {
        "K1": [(SECOND, '["b"]'), (FIRST, '["a"]')],
        "K2": [(FIRST, '["a", "b"]')],
        "K3": [],
    }
    assert fired_before(store, ["K1"], TODAY, after_two) == {"K1": [(SECOND, '["a"]'), (FIRST, '["a"]')]}
    assert fired_before(store, ["K1"], TODAY, before_all) == {"K1": []}
    assert fired_before(store, [], TODAY) == {}


def _publish(store: Store, day: date, fired: Mapping[str, list[str]]) -> None:
    now = datetime.now(UTC)
    run = Run(day, now, "p", "1", "-", "-", f"{day} {now}", "test")
    usual = {"stage": "new", "proposed_stage": "new", "move": "stay", "value_next": "product", "provisional": False}
    rows = [{**usual, "customer": key, "fired_rules": json.dumps(rules)} for key, rules in fired.items()]
    publish(store, run, len(rows), [pa.Table.from_pylist(rows)], add_customers=True)
