"""Arrow columns: what the plan reads, and the plain arrays in which others see its results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from engine.plan.bits import EVERYWHERE, Bits, Mask, closed, invert, meet, pack, unpack
from engine.plan.values import Array, Pieced, Stored, Values, missing
from engine.program import Code
from engine.vocabulary import Fact, Type, Vocabulary


class ColumnError(ValueError):
    """A snapshot's column does not hold what the catalogue declares."""


@dataclass(frozen=True, slots=True)
class Column:
    """A fact of many customers or rows: codes, and a mask of those that are known (None: all are)."""

    codes: Array
    known: Mask | None = None


def read_values(vocabulary: Vocabulary, fact: Fact, stored: pa.ChunkedArray | pa.Array) -> Values:
    """Read a stored column, where possible without copying.

    Raises:
        ColumnError: if its Arrow type is not the fact's, or a value is not a member of the fact's enum.
    """
    array = one_array(stored)
    if pa.types.is_null(array.type):
        return missing(len(array))
    match fact.type:
        case Type.FLAG:
            return _checked(fact, array, pa.types.is_boolean, _flags)
        case Type.INTEGER:
            return _checked(fact, array, pa.types.is_integer, _integers)
        case Type.DATE:
            return _checked(fact, array, pa.types.is_date32, _numbers)
        case Type.NUMBER:
            return _checked(fact, array, lambda kind: kind == pa.decimal128(18, fact.scale), _scaled)
        case Type.TEXT:
            return _checked(fact, array, _is_text, lambda texts: _words(_encoded(texts)))
        case _:
            return _checked(fact, array, _is_text, lambda texts: _members(vocabulary, fact, _encoded(texts)))


def read_dates(name: str, stored: pa.ChunkedArray | pa.Array) -> Values:
    """Read a column of dates that is no fact's, as days since 1970-01-01.

    Raises:
        ColumnError: if it does not hold dates.
    """
    array = one_array(stored)
    if pa.types.is_null(array.type):
        return missing(len(array))
    if not pa.types.is_date32(array.type):
        raise ColumnError(f"column `{name}` is {array.type}, which does not hold a date")
    return _numbers(array)


def one_array(stored: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array."""
    if isinstance(stored, pa.ChunkedArray):
        return stored.chunk(0) if stored.num_chunks == 1 else stored.combine_chunks()
    return stored


def _checked(
    fact: Fact, array: pa.Array, accepts: Callable[[pa.DataType], bool], read: Callable[[pa.Array], Values]
) -> Values:
    if not accepts(array.type):
        raise ColumnError(f"column `{fact.key}` is {array.type}, which does not hold a fact of type {fact.type}")
    return read(array) if array.null_count < len(array) else missing(len(array))


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


# --- buffers ---


def _known(array: pa.Array) -> Bits:
    """Return where an array has values."""
    return _bits(array, 0) if array.null_count else EVERYWHERE


def _bits(array: pa.Array, buffer: int) -> Bits:
    """Return the bits of an array: buffer 0 says which values are known, buffer 1 of a flag holds the values."""
    first, skip = divmod(array.offset, 8)
    found = np.frombuffer(array.buffers()[buffer], np.uint8)[first : (array.offset + len(array) + 7) // 8]
    if skip:
        return pack(np.unpackbits(found, bitorder="little")[skip : skip + len(array)].view(np.bool_))
    return closed(found.copy(), len(array))


def _flags(array: pa.Array) -> Pieced:
    known, true = _known(array), _bits(array, 1)
    return Pieced(len(array), np.int8, known, ((meet(known, true), 1), (meet(known, invert(true)), 0)))


def _integers(array: pa.Array) -> Stored:
    return _numbers(array if array.type == pa.int64() else array.cast(pa.int64()))


def _numbers(array: pa.Array) -> Stored:
    kind = np.dtype(array.type.to_pandas_dtype()) if pa.types.is_integer(array.type) else np.dtype(np.int32)
    numbers = np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
    return Stored(numbers, _known(array))


def _scaled(array: pa.Array) -> Stored:
    # A decimal128 is a 16-byte integer scaled by 10**scale; with 18 digits the low 8 bytes hold all of it.
    halves = np.frombuffer(array.buffers()[1], np.int64)
    # To put these side by side takes less than to compare them twice where they are.
    return Stored(halves[2 * array.offset : 2 * (array.offset + len(array)) : 2].copy(), _known(array))


# --- dictionaries ---


def _encoded(texts: pa.Array) -> pa.Array:
    """Return texts as a dictionary without missing or repeated entries."""
    if pa.types.is_dictionary(texts.type):
        entries = texts.dictionary
        if not entries.null_count and len(entries.unique()) == len(entries):
            return texts
        texts = texts.dictionary_decode()
    return texts.dictionary_encode()


def _words(texts: pa.Array) -> Stored:
    """Return texts as numbers: to compare texts one by one takes some hundred times as long."""
    return _numbered(texts, {word: number for number, word in enumerate(texts.dictionary.to_pylist())})


def _members(vocabulary: Vocabulary, fact: Fact, texts: pa.Array) -> Stored:
    codes = vocabulary.enum_of(fact).codes
    entries = texts.dictionary.to_pylist()
    if tuple(entries) == vocabulary.enum_of(fact).members:
        return Stored(_numbers(texts.indices).numbers, _known(texts.indices))  # the dictionary is the enum itself
    found = _numbered(texts, {codes[word]: number for number, word in enumerate(entries) if word in codes})
    if len(found.words or ()) < len(entries):
        used = np.unique(found.numbers[unpack(found.known, len(texts))]).tolist()
        for number in used:
            if entries[number] not in codes:
                raise ColumnError(
                    f"column `{fact.key}` holds `{entries[number]}`, which is not a member of `{fact.enum}`"
                )
    return found


def _numbered(texts: pa.Array, words: dict[Code, int]) -> Stored:
    return Stored(_numbers(texts.indices).numbers, _known(texts.indices), words)


__all__ = ["Array", "Column", "ColumnError", "Mask", "one_array", "read_dates", "read_values"]
