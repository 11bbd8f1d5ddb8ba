"""What a backtest compares: what was known of customers on a date, and what happened to them next.

* `history.sql`: what orders tell up to the date: RFM quintiles, and what models of buying and dying take.
* `outcomes.sql`: what happened after the date, up to the end of the outcome.
* `lifetime.py`: BG/NBD with Gamma-Gamma, if its library is installed.
* `resample.py`: how sure the figures are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from engine.said import said
from facts.database import StoreError
from facts.feature_database import prepared_base
from facts.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FOLDER = Path(__file__).parent
_OUTCOME = {
    "customers": ("key",),
    "orders": ("key", "customer", "kind", "holds_from"),
    "order_lines": ("order_key", "customer", "kind", "goods", "amount", "currency", "holds_from"),
    "complaints": ("key", "customer", "holds_from"),
    "exchange_rates": ("key", "currency", "rate_to_base", "holds_from"),
    "coverage": ("key", "customer", "collection", "recorded_from", "recorded_to", "holds_from"),
}
"""The columns that `outcomes.sql` reads, with what it rests on."""


def history(database: DuckDBPyConnection) -> pa.Table:
    """Return what orders tell up to the date of a prepared base, for each customer with an order."""
    return database.sql(_sql("history")).to_arrow_table()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All that is known by now, to look up what happened after a date."""

    database: DuckDBPyConnection
    known_until: date | None
    """The last day on which orders are recorded of anybody; None if of nobody."""

    def after(self, as_of: date, until: date) -> pa.Table:
        """Return what happened after `as_of`, up to and including `until`, for each customer."""
        for name, day in {"decided_on": as_of, "outcome_until": until}.items():
            self.database.execute(f"SET VARIABLE {name} = $day", {"day": day})
        return self.database.sql(_sql("outcomes")).to_arrow_table()


@contextmanager
def outcomes_known(store: Store, known_at: datetime, base_currency: str) -> Iterator[Outcomes]:
    """Give what happened, as the store knows it at a moment.

    A customer that was merged into another later has no outcome of its own; the survivor has both.

    Raises:
        StoreError: if there are no customers.
    """
    today = known_at.date()
    base = store.base_tables(today, known_at, only=_OUTCOME)
    if not base["customers"].num_rows:
        raise StoreError(
            said("There is nothing to look back on"),
            said("the store has no customers"),
            said("Import some: see `valuelift import`."),
        )
    with prepared_base(base, today, base_currency) as database:
        for name in ("decided_on", "outcome_until"):
            database.execute(f"CREATE MACRO {name}() AS getvariable('{name}')::DATE")
        ends = "SELECT max(coalesce(recorded_to, $today)) FROM recorded WHERE collection = 'orders'"
        ((known_until,),) = database.execute(ends, {"today": today}).fetchall()
        yield Outcomes(database, known_until)


def recorded_since(base: Mapping[str, pa.Table], day: date) -> dict[str, pa.Table]:
    """Return the base as if orders had been recorded of everybody since a day, up to where their recording begins.

    So sums over a year are known where the records do not reach back a year: nothing is taken to have happened before.
    """
    coverage = base["coverage"]
    begins = pc.min(coverage.filter(pc.equal(coverage["collection"], "orders"))["recorded_from"]).as_py()
    if begins is None or begins <= day:
        return dict(base)
    assumed = {
        "customer": None,
        "collection": "orders",
        "recorded_from": day,
        "recorded_to": begins - timedelta(days=1),
        "is_current": True,
    }
    row = {name: value for name, value in assumed.items() if name in coverage.schema.names}
    return {**base, "coverage": pa.concat_tables([coverage, pa.Table.from_pylist([row], coverage.schema)])}


@cache
def _sql(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
