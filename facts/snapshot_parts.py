"""Some of the customers of a snapshot, and those of two snapshots together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot, keyed, with_owners

Places = np.typing.NDArray[np.int64]


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
