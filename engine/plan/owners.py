"""Whose rows a snapshot's rows are: each row's customer as a position, rows in the order of the customers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.plan.columns import Array, one_array

Owned = tuple[pa.Table, Array]
"""A collection's rows, sorted by customer, and each row's customer as a position."""


def by_owner(customers: pa.ChunkedArray, rows: Mapping[str, pa.Table]) -> dict[str, Owned]:
    """Return all collections' rows with their owners; rows of nobody are left out."""
    keys = _texts(customers)
    columns = {name: one_array(table["customer"]) for name, table in rows.items() if table.num_rows}
    found = {name: _places(column) for name, column in columns.items() if _is_keyed(column, keys)}
    found |= _looked_up(keys, {name: _texts(column) for name, column in columns.items() if name not in found})
    return {name: _sorted(table, found.get(name, np.zeros(0, np.int32))) for name, table in rows.items()}


def _texts(keys: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = one_array(keys)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_keyed(column: pa.Array, customers: pa.Array) -> bool:
    """Whether a column of keys holds places among the customers already (see `engine.snapshot.keyed`)."""
    if not pa.types.is_dictionary(column.type):
        return False
    return _is_in_one_place(column.dictionary, customers) or bool(column.dictionary.equals(customers))


def _is_in_one_place(one: pa.Array, other: pa.Array) -> bool:
    """Whether two arrays are the same memory; to compare all keys takes as long as to read a column."""
    places = [
        (len(array), array.offset, *(buffer and buffer.address for buffer in array.buffers())) for array in (one, other)
    ]
    return one.type == other.type and places[0] == places[1]


def _places(column: pa.Array) -> Array:
    places = column.indices if not column.null_count else column.indices.fill_null(-1)
    return np.asarray(places.to_numpy(), np.int32)


def _looked_up(customers: pa.Array, columns: Mapping[str, pa.Array]) -> dict[str, Array]:
    """Look keys up, once for each run of equal keys: rows of one customer mostly stand together.

    And for all collections at once, because to build the index of the customers takes long.
    """
    runs = {name: pc.run_end_encode(column) for name, column in columns.items()}
    places = _positions(customers, [each.values for each in runs.values()])
    return {name: _spread(each, place) for (name, each), place in zip(runs.items(), places, strict=True)}


def _positions(customers: pa.Array, keys: list[pa.Array]) -> list[Array]:
    """Return each key's place among the customers, -1 for none."""
    if not keys:
        return []
    places = pc.index_in(pa.concat_arrays(keys), value_set=customers).fill_null(-1)
    return np.split(np.asarray(places.to_numpy(), np.int32), np.cumsum([len(each) for each in keys[:-1]]))


def _spread(runs: pa.RunEndEncodedArray, places: Array) -> Array:
    return np.repeat(places, np.diff(runs.run_ends.to_numpy(), prepend=0))


def _sorted(table: pa.Table, owners: Array) -> Owned:
    if len(owners) and owners.min() < 0:
        table, owners = table.filter(pa.array(owners >= 0)), owners[owners >= 0]
    if np.any(owners[1:] < owners[:-1]):
        order = np.argsort(owners, kind="stable")
        table, owners = table.take(order), owners[order]
    return table, owners
