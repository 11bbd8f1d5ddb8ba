"""Arrow columns to code arrays: what the plan computes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.vocabulary import Fact, Type, Vocabulary

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


class ColumnError(ValueError):
    """A snapshot's column does not hold what the catalogue declares."""


@dataclass(frozen=True, slots=True)
class Column:
    """A fact of many customers or rows: codes, and a mask of those that are known (None: all are)."""

    codes: Array
    known: Mask | None = None


def missing(size: int) -> Column:
    """Return a column in which nothing is known."""
    return Column(np.zeros(size, np.int64), np.zeros(size, np.bool_))


def read_column(vocabulary: Vocabulary, fact: Fact, stored: pa.ChunkedArray | pa.Array) -> Column:
    """Read a stored column.

    Raises:
        ColumnError: if its Arrow type is not the fact's, or a value is not a member of the fact's enum.
    """
    array = stored.combine_chunks() if isinstance(stored, pa.ChunkedArray) else stored
    if isinstance(array, pa.ChunkedArray):  # what combine_chunks gives for no chunks, or more than fit one
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    known = None if array.null_count == 0 else _mask(pc.is_valid(array))
    if pa.types.is_null(array.type):
        return missing(len(array))
    match fact.type:
        case Type.FLAG:
            codes = _checked(fact, array, pa.types.is_boolean, _mask)
        case Type.INTEGER:
            codes = _checked(fact, array, pa.types.is_integer, _integers)
        case Type.DATE:
            codes = _checked(fact, array, pa.types.is_date32, _days)
        case Type.NUMBER:
            codes = _checked(fact, array, lambda kind: kind == pa.decimal128(18, fact.scale), _scaled)
        case Type.TEXT:
            codes = _checked(
                fact, array, _is_text, lambda texts: texts.cast(pa.string()).to_numpy(zero_copy_only=False)
            )
        case _:
            codes = _checked(fact, array, _is_text, lambda texts: _members(vocabulary, fact, texts))
    return Column(codes, known)


def _checked(
    fact: Fact, array: pa.Array, accepts: Callable[[pa.DataType], bool], read: Callable[[pa.Array], Array]
) -> Array:
    if not accepts(array.type):
        raise ColumnError(f"column `{fact.key}` is {array.type}, which does not hold a fact of type {fact.type}")
    return read(array)


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _mask(array: pa.Array) -> Mask:
    filled = array.fill_null(False) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.bool_)


def _integers(array: pa.Array) -> Array:
    filled = array.fill_null(0) if array.null_count else array
    return np.asarray(filled.cast(pa.int64()).to_numpy(), np.int64)


def _days(array: pa.Array) -> Array:
    return _integers(array.cast(pa.int32()))


def _scaled(array: pa.Array) -> Array:
    # A decimal128 is a 16-byte integer scaled by 10**scale; with 18 digits the low 8 bytes hold all of it.
    halves = np.frombuffer(array.buffers()[1], np.int64)
    codes = halves[2 * array.offset : 2 * (array.offset + len(array)) : 2]
    return codes if not array.null_count else np.where(_mask(pc.is_valid(array)), codes, 0)


def _members(vocabulary: Vocabulary, fact: Fact, texts: pa.Array) -> Array:
    """Return members' positions, as small as they fit: later gathers and compares are faster for it."""
    members = vocabulary.enum_of(fact).members
    if pa.types.is_dictionary(texts.type):
        known = pc.index_in(texts.dictionary, pa.array(members, texts.dictionary.type))
        found = known.take(texts.indices)
    else:
        found = pc.index_in(texts, pa.array(members, texts.type), skip_nulls=True)
    if found.null_count > texts.null_count:
        wrong = texts.filter(pc.and_(pc.is_null(found), pc.is_valid(texts)))[0].as_py()
        raise ColumnError(f"column `{fact.key}` holds `{wrong}`, which is not a member of `{fact.enum}`")
    return np.asarray(found.fill_null(0).to_numpy(), np.int32)
