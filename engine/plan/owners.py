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
    """Return all collections' rows with their owners; rows of nobody are left out.

    Rows of one customer mostly stand together, so keys are looked up once for each run of equal keys; and for all
    collections at once, because what takes time is to build the index of the customers.
    """
    runs = {name: pc.run_end_encode(_texts(table["customer"])) for name, table in rows.items() if table.num_rows}
    found = _positions(customers, [each.values for each in runs.values()])
    owners = {name: _spread(each, place) for (name, each), place in zip(runs.items(), found, strict=True)}
    return {name: _sorted(table, owners.get(name, np.zeros(0, np.int64))) for name, table in rows.items()}


def _texts(keys: pa.ChunkedArray) -> pa.Array:
    array = one_array(keys)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _positions(customers: pa.ChunkedArray, keys: list[pa.Array]) -> list[Array]:
    """Return each key's place among the customers, -1 for none."""
    if not keys:
        return []
    places = pc.index_in(pa.concat_arrays(keys), value_set=_texts(customers)).fill_null(-1)
    return np.split(np.asarray(places.to_numpy(), np.int64), np.cumsum([len(each) for each in keys[:-1]]))


def _spread(runs: pa.RunEndEncodedArray, places: Array) -> Array:
    lengths = np.diff(runs.run_ends.to_numpy(), prepend=0)
    return np.repeat(places, lengths)


def _sorted(table: pa.Table, owners: Array) -> Owned:
    if np.any(owners < 0):
        table, owners = table.filter(pa.array(owners >= 0)), owners[owners >= 0]
    if np.any(owners[1:] < owners[:-1]):
        order = np.argsort(owners, kind="stable")
        table, owners = table.take(order), owners[order]
    return table, owners
