"""Arrow columns to code arrays: what the plan computes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.program import Code
from engine.vocabulary import Fact, Type, Vocabulary

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

# A mask that is the same everywhere has length one, and is one of these two: in a large pack most masks are, and
# whoever knows it saves the work. Such a mask still broadcasts, so what does not know it is right all the same.
NOWHERE: Mask = np.zeros(1, np.bool_)
EVERYWHERE: Mask = np.ones(1, np.bool_)
NOWHERE.flags.writeable = EVERYWHERE.flags.writeable = False


class ColumnError(ValueError):
    """A snapshot's column does not hold what the catalogue declares."""


@dataclass(frozen=True, slots=True)
class Column:
    """A fact of many customers or rows: codes, and a mask of those that are known (None: all are)."""

    codes: Array
    known: Mask | None = None

    def is_known(self, index: int) -> bool:
        """Whether there is a value at one place."""
        return self.known is None or holds(self.known, index)

    def of_rows(self, owners: Array) -> Column:
        """Return the customers' values for rows, given each row's customer as a position."""
        return Column(self.codes[owners], None if self.known is None else of_rows(self.known, owners))


Words = tuple[Column, Mapping[Code, int]]
"""A text's column, each text as a number, and the number of each text that occurs."""


def missing(size: int) -> Column:
    """Return a column in which nothing is known."""
    return Column(np.broadcast_to(np.int64(0), size), NOWHERE)


def settled(mask: Mask) -> Mask:
    """Return NOWHERE or EVERYWHERE for a mask that is the same everywhere (the look ends at the first difference)."""
    if len(mask) and mask[0]:
        return EVERYWHERE if mask.all() else mask
    return mask if mask.any() else NOWHERE


def is_uniform(mask: Mask) -> bool:
    """Whether a mask is known to be the same everywhere."""
    return mask is NOWHERE or mask is EVERYWHERE


def holds(mask: Mask, index: int) -> bool:
    """Return a mask's value at one place."""
    return bool(mask.item(index if len(mask) > 1 else 0))  # item() takes half the time of mask[...]


def of_rows(mask: Mask, owners: Array) -> Mask:
    """Return the customers' mask for rows, given each row's customer as a position."""
    return mask if is_uniform(mask) else mask[owners]


def full(mask: Mask, size: int) -> Mask:
    """Return a mask with a value for each place."""
    return _broadcast(bool(mask[0]), size) if is_uniform(mask) else mask


@lru_cache(maxsize=64)
def _broadcast(value: bool, size: int) -> Mask:
    return np.broadcast_to(EVERYWHERE if value else NOWHERE, size)


def invert(mask: Mask) -> Mask:
    """Return where a mask does not hold."""
    if mask is NOWHERE:
        return EVERYWHERE
    return NOWHERE if mask is EVERYWHERE else ~mask


def all_of(*masks: Mask) -> Mask:
    """Return where all masks hold."""
    return _combined(masks, np.logical_and, EVERYWHERE, NOWHERE)


def any_of(*masks: Mask) -> Mask:
    """Return where some mask holds."""
    return _combined(masks, np.logical_or, NOWHERE, EVERYWHERE)


def _combined(masks: Sequence[Mask], operation: np.ufunc, neutral: Mask, absorbing: Mask) -> Mask:
    found, is_fresh = neutral, False
    for mask in masks:
        if mask is neutral:
            continue
        if mask is absorbing:
            return absorbing
        if found is neutral:
            found = mask
        elif is_fresh:
            operation(found, mask, out=found)
        else:
            found, is_fresh = operation(found, mask), True
    return settled(found) if is_fresh else found


def read_column(vocabulary: Vocabulary, fact: Fact, stored: pa.ChunkedArray | pa.Array) -> Column:
    """Read a stored column, where possible without copying; codes where nothing is known are arbitrary.

    Raises:
        ColumnError: if its Arrow type is not the fact's, or a value is not a member of the fact's enum.
    """
    array = one_array(stored)
    if pa.types.is_null(array.type):
        return missing(len(array))
    if pa.types.is_dictionary(array.type) and array.dictionary.null_count:
        array = array.dictionary_decode()  # a value can be missing by its entry
    known = known_mask(array)
    match fact.type:
        case Type.FLAG:
            codes = _checked(fact, array, pa.types.is_boolean, lambda flags: _bits(flags, 1).view(np.int8))
        case Type.INTEGER:
            codes = _checked(
                fact, array, pa.types.is_integer, lambda numbers: _numbers(numbers.cast(pa.int64()), np.int64)
            )
        case Type.DATE:
            codes = _checked(fact, array, pa.types.is_date32, days)
        case Type.NUMBER:
            codes = _checked(fact, array, lambda kind: kind == pa.decimal128(18, fact.scale), _scaled)
        case Type.TEXT:
            codes = _checked(
                fact, array, _is_text, lambda texts: texts.cast(pa.string()).to_numpy(zero_copy_only=False)
            )
        case _:
            codes = _checked(fact, array, _is_text, lambda texts: _members(vocabulary, fact, texts))
    return Column(codes, known)


def read_words(fact: Fact, stored: pa.ChunkedArray | pa.Array | None, size: int) -> Words:
    """Read a column of text as the places of its words in a dictionary (None: there is no such column).

    Raises:
        ColumnError: if its Arrow type is not text.
    """
    if stored is None or pa.types.is_null(stored.type):
        return missing(size), {}
    texts = one_array(stored)
    if not _is_text(texts.type):
        raise ColumnError(_misfit(fact, texts))
    if not pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_encode()
    elif texts.dictionary.null_count:
        texts = texts.dictionary_decode().dictionary_encode()
    words = {word: place for place, word in enumerate(texts.dictionary.to_pylist())}
    return Column(texts.indices.fill_null(0).to_numpy(), known_mask(texts)), words


def one_array(stored: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array."""
    if isinstance(stored, pa.ChunkedArray):
        return stored.chunk(0) if stored.num_chunks == 1 else stored.combine_chunks()
    return stored


def known_mask(array: pa.Array) -> Mask | None:
    """Return where an array has values, or None for everywhere."""
    if not array.null_count:
        return None
    return _bits(array, 0) if array.null_count < len(array) else NOWHERE


def days(array: pa.Array) -> Array:
    """Return dates as days since 1970-01-01."""
    return _numbers(array, np.int32)


def smallest(size: int) -> type[np.int8 | np.int16 | np.int32]:
    """Return the smallest type of codes for an enum of `size` members; columns of bytes are several times faster."""
    return np.int8 if size < 2**7 else np.int16 if size < 2**15 else np.int32


def _checked(
    fact: Fact, array: pa.Array, accepts: Callable[[pa.DataType], bool], read: Callable[[pa.Array], Array]
) -> Array:
    if not accepts(array.type):
        raise ColumnError(_misfit(fact, array))
    return read(array) if array.null_count < len(array) else missing(len(array)).codes


def _misfit(fact: Fact, array: pa.Array) -> str:
    return f"column `{fact.key}` is {array.type}, which does not hold a fact of type {fact.type}"


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _bits(array: pa.Array, buffer: int) -> Mask:
    """Return the bits of an array: buffer 0 says which values are known, buffer 1 of a flag holds the values."""
    first = array.offset // 8
    skip = array.offset - 8 * first
    packed = np.frombuffer(array.buffers()[buffer], np.uint8)[first : (array.offset + len(array) + 7) // 8]
    return np.unpackbits(packed, bitorder="little")[skip : skip + len(array)].view(np.bool_)


def _numbers(array: pa.Array, kind: type[np.integer[Any]]) -> Array:
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def _scaled(array: pa.Array) -> Array:
    # A decimal128 is a 16-byte integer scaled by 10**scale; with 18 digits the low 8 bytes hold all of it.
    halves = np.frombuffer(array.buffers()[1], np.int64)
    # To put these side by side takes less than to compare them twice where they are.
    return halves[2 * array.offset : 2 * (array.offset + len(array)) : 2].copy()


def _members(vocabulary: Vocabulary, fact: Fact, texts: pa.Array) -> Array:
    members = vocabulary.enum_of(fact).members
    if not pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_encode()
    positions = pc.index_in(texts.dictionary, pa.array(members, texts.dictionary.type))
    codes = np.asarray(positions.fill_null(-1).to_numpy(), smallest(len(members)))
    if not len(codes):
        return np.zeros(len(texts), np.int8)
    places: Array = texts.indices.fill_null(0).to_numpy()
    if np.array_equal(codes, np.arange(len(members))):
        return places.astype(codes.dtype, copy=False)  # the dictionary is the enum itself
    found: Array = codes[places]
    wrong = (found < 0) if texts.null_count == 0 else (found < 0) & _bits(texts, 0)
    if wrong.any():
        value = texts[int(wrong.argmax())].as_py()
        raise ColumnError(f"column `{fact.key}` holds `{value}`, which is not a member of `{fact.enum}`")
    return found
