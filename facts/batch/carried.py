"""Facts taken over from an earlier run: the same, but for the days that have passed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot, keyed, with_owners

Places = np.typing.NDArray[np.int64]

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


def only(snapshot: Snapshot, customers: pa.ChunkedArray) -> Snapshot:
    """Return the facts of these customers."""
    keys = snapshot.customers["customer"]
    wanted = pc.is_in(keys, value_set=customers)
    mask = np.append(wanted.to_numpy(), np.False_)  # at -1 for rows of customers who are not named
    kept = snapshot.customers.filter(wanted)
    rows = {
        name: keyed(_filtered(table, mask[_owners(table, keys)]), kept["customer"])
        for name, table in snapshot.rows.items()
    }
    return Snapshot(snapshot.as_of, kept, rows)


def without(snapshot: Snapshot, customers: pa.ChunkedArray) -> Snapshot:
    """Return the facts of all but these customers."""
    keys = snapshot.customers["customer"]
    gone = pc.is_in(keys, value_set=customers)
    return only(snapshot, keys.filter(pc.invert(gone))) if pc.any(gone).as_py() else snapshot


def together(one: Snapshot, other: Snapshot) -> Snapshot:
    """Return the facts of both snapshots' customers, none of whom is in both, sorted by customer."""
    customers = _both(one.customers, other.customers).sort_by("customer")
    keys = customers["customer"]
    return Snapshot(
        one.as_of,
        customers,
        {name: _in_order(table, other.rows[name], keys) for name, table in one.rows.items()},
    )


def _in_order(one: pa.Table, other: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    """Return the rows of both, by customer; those of one customer stay in their order."""
    owners = np.concatenate([_owners(table, keys) for table in (one, other)])
    plain = [with_owners(table, table["customer"].cast(pa.string())) for table in (one, other)]
    rows = _both(*plain).take(pa.array(np.argsort(owners, kind="stable")))
    return keyed(rows, keys)


def _both(one: pa.Table, other: pa.Table) -> pa.Table:
    """Return the rows of two tables as one table with the columns of the first."""
    whole = pa.concat_tables([one, other.select(one.column_names).cast(one.schema)])
    return whole.unify_dictionaries().combine_chunks()


def _owners(table: pa.Table, keys: pa.ChunkedArray) -> Places:
    """Return each row's customer as a place among keys, -1 for rows of others (of a customer who is not named)."""
    owners = table["customer"].combine_chunks()
    if pa.types.is_dictionary(owners.type):
        places = pc.index_in(owners.dictionary, value_set=keys).take(owners.indices)
    else:
        places = pc.index_in(owners, value_set=keys)
    found: Places = places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _filtered(table: pa.Table, mask: np.typing.NDArray[np.bool_]) -> pa.Table:
    kept = table.filter(pa.array(mask))
    return with_owners(kept, kept["customer"].cast(pa.string()))
