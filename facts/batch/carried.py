"""Facts taken over from an earlier run: the same, but for the days that have passed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot

Counts = Callable[[pa.Table], pa.ChunkedArray]
"""Says in which rows of a table a fact grows by one a day."""


def _where_positive(name: str) -> Counts:
    return lambda table: pc.greater(table[name], 0)


def _where_missing(name: str) -> Counts:
    return lambda table: pc.is_null(table[name])


_OF_CUSTOMERS: Mapping[str, Counts] = {"overdue_days": _where_positive("overdue_days")}
"""Those whose names begin with `days_` grow wherever they are known."""

_OF_ROWS: Mapping[tuple[str, str], Counts] = {
    ("communications", "days_unheard"): _where_missing("heard_on"),
    ("complaints", "days_open"): _where_missing("settled_on"),
    ("disputes", "days_open"): _where_missing("settled_on"),
    ("opportunities", "days_open"): _where_missing("closed_on"),
}


def days_later(snapshot: Snapshot, as_of: date) -> Snapshot:
    """Return facts as of a later date, of customers for whom nothing changes by then but how long ago something was."""
    days = (as_of - snapshot.as_of).days
    customers = snapshot.customers
    for name in customers.column_names:
        if name.startswith("days_"):
            customers = _counted(customers, name, days, None)
        elif name in _OF_CUSTOMERS:
            customers = _counted(customers, name, days, _OF_CUSTOMERS[name](customers))
    rows = dict(snapshot.rows)
    for (collection, name), counts in _OF_ROWS.items():
        if collection in rows and name in rows[collection].column_names:
            rows[collection] = _counted(rows[collection], name, days, counts(rows[collection]))
    return Snapshot(as_of, customers, rows)


def _counted(table: pa.Table, name: str, days: int, where: pa.ChunkedArray | None) -> pa.Table:
    later = pc.add(table[name], days)
    if where is not None:
        later = pc.if_else(pc.fill_null(where, fill_value=False), later, table[name])
    return table.set_column(table.column_names.index(name), name, later)
