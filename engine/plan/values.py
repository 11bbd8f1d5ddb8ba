"""A fact's values at many places: read from a column, or put together from pieces by rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, any_of, holds, meet, pack, unpack
from engine.program import Code

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """Values as an array: their codes, or numbers that stand for codes as `words` says."""

    numbers: Array
    known: Bits
    words: Mapping[Code, int] | None = None

    @cached_property
    def codes(self) -> Array:
        """The code at each place, arbitrary where none is known."""
        if self.words is None:
            return self.numbers
        if not self.words:
            return np.zeros(len(self.numbers), np.int8)
        size = max(self.words.values()) + 1
        by_number = np.zeros(size, object if isinstance(next(iter(self.words)), str) else np.int32)
        for code, number in self.words.items():
            by_number[number] = code
        return by_number.take(self.numbers, mode="clip")

    def is_in(self, codes: Collection[Code]) -> Bits:
        """Return where the value is known and one of these."""
        numbers = codes if self.words is None else [self.words[code] for code in codes if code in self.words]
        if self.known is NOWHERE or not numbers:
            return NOWHERE
        first, *others = numbers
        found = self.numbers == first
        for number in others:
            found |= self.numbers == number
        return meet(pack(found), self.known)

    def is_between(self, low: int, high: int | None) -> Bits:
        """Return where the value is known and in this range, both ends included (None: no upper end)."""
        if self.words is not None:
            return self.is_in([code for code in self.words if _lies_between(code, low, high)])
        if self.known is NOWHERE:
            return NOWHERE
        found = self.numbers >= low
        if high is not None:
            found &= self.numbers <= high
        return meet(pack(found), self.known)

    def at(self, index: int) -> Code | None:
        """Return the code at one place, or None."""
        return _plain(self.codes[index]) if holds(self.known, index) else None


@dataclass(frozen=True)
class Pieced:
    """Values put together from pieces that do not overlap: one code, or other values, for some places each."""

    size: int
    kind: type[np.integer[Any]]
    known: Bits
    pieces: tuple[tuple[Bits, int | Values], ...]

    @cached_property
    def codes(self) -> Array:
        """The code at each place, arbitrary where none is known."""
        constants = [(where, piece) for where, piece in self.pieces if isinstance(piece, int)]
        codes = _bytes(self.size, constants) if self.kind is np.int8 else _added(self.size, self.kind, constants)
        for where, piece in self.pieces:
            if not isinstance(piece, int):
                codes += unpack(where, self.size).view(np.int8) * piece.codes.astype(self.kind, copy=False)
        return codes

    def is_in(self, codes: Collection[Code]) -> Bits:
        """Return where the value is known and one of these."""
        return self._where(lambda code: code in codes, lambda values: values.is_in(codes))

    def is_between(self, low: int, high: int | None) -> Bits:
        """Return where the value is known and in this range, both ends included (None: no upper end)."""
        return self._where(lambda code: _lies_between(code, low, high), lambda values: values.is_between(low, high))

    def _where(self, is_code: Callable[[int], bool], of_values: Callable[[Values], Bits]) -> Bits:
        found = []
        for where, piece in self.pieces:
            if not isinstance(piece, int):
                found.append(meet(where, of_values(piece)))
            elif is_code(piece):
                found.append(where)
        return any_of(*found)

    def at(self, index: int) -> Code | None:
        """Return the code at one place, or None."""
        for where, piece in self.pieces:
            if holds(where, index):
                return piece if isinstance(piece, int) else piece.at(index)
        return None


def _bytes(size: int, pieces: Sequence[tuple[Bits, int]]) -> Array:
    """Return columns of bytes put together bit by bit, the highest first.

    Few bits are used, so few masks become columns: with eight pieces, six times faster than to add one after the other.
    """
    codes = np.zeros(size, np.int8)
    for bit in reversed(range(max((code for _, code in pieces), default=0).bit_length())):
        codes += codes
        codes += unpack(any_of(*(where for where, code in pieces if code >> bit & 1)), size).view(np.int8)
    return codes


def _added(size: int, kind: type[np.integer[Any]], pieces: Sequence[tuple[Bits, int]]) -> Array:
    """Return columns added up, which is many times faster than to copy some places."""
    codes = np.zeros(size, kind)
    for where, code in pieces:
        codes += unpack(where, size).view(np.int8) * kind(code)
    return codes


Values = Stored | Pieced
"""A fact's codes at many places, some of which may not be known."""


@lru_cache(maxsize=64)  # of one customer most facts are missing
def missing(size: int) -> Stored:
    """Return values of which none is known."""
    return Stored(np.broadcast_to(np.int64(0), size), NOWHERE)


def constant(code: int, size: int, kind: type[np.integer[Any]]) -> Pieced:
    """Return the same value for all places."""
    return Pieced(size, kind, EVERYWHERE, ((EVERYWHERE, code),))


def smallest(size: int) -> type[np.int8 | np.int16 | np.int32]:
    """Return the smallest type of codes for an enum of `size` members; columns of bytes are several times faster."""
    return np.int8 if size < 2**7 else np.int16 if size < 2**15 else np.int32


def _lies_between(code: Code, low: int, high: int | None) -> bool:
    return isinstance(code, int) and low <= code and (high is None or code <= high)


def _plain(code: Any) -> Code:
    return code if isinstance(code, str) else int(code)
