"""Masks as bits: where something holds, eight places to a byte, the lowest bit first, as Arrow keeps them.

Bits that are the same everywhere have length one, and are `NOWHERE` or `EVERYWHERE` themselves: in a large pack most
are, and whoever knows it saves the work. They still broadcast, so what does not know it is right all the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

ALL = 0xFF
NOWHERE: Bits = np.zeros(1, np.uint8)
EVERYWHERE: Bits = np.full(1, ALL, np.uint8)
NOWHERE.flags.writeable = EVERYWHERE.flags.writeable = False


def pack(mask: Mask) -> Bits:
    """Return a mask as bits."""
    return closed(np.packbits(mask, bitorder="little"), len(mask)) if len(mask) else NOWHERE


def unpack(bits: Bits, size: int) -> Mask:
    """Return bits as a mask with a value for each place (to be read only)."""
    if bits is NOWHERE or bits is EVERYWHERE:
        return np.broadcast_to(np.bool_(bits is EVERYWHERE), size)
    return np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)


def closed(bits: Bits, size: int) -> Bits:
    """Let the bits past the end repeat the last place, so that they are the same everywhere if the places are."""
    rest = size % 8
    if rest:
        past, last = ALL << rest & ALL, int(bits[-1])
        bits[-1] = last | past if last >> (rest - 1) & 1 else last & ~past
    return settled(bits)


def settled(bits: Bits) -> Bits:
    """Return NOWHERE or EVERYWHERE for bits that are the same everywhere."""
    first = bits.item(0)
    if first == 0:
        return bits if np.maximum.reduce(bits) else NOWHERE
    if first == ALL:
        return EVERYWHERE if np.minimum.reduce(bits) == ALL else bits
    return bits


def holds(bits: Bits, index: int) -> bool:
    """Return whether bits hold at one place."""
    return bool(bits.item(index >> 3 if len(bits) > 1 else 0) >> (index & 7) & 1)


def invert(bits: Bits) -> Bits:
    """Return where bits do not hold."""
    if bits is NOWHERE:
        return EVERYWHERE
    return NOWHERE if bits is EVERYWHERE else ~bits


def meet(one: Bits, other: Bits) -> Bits:
    """Return where both hold."""
    if one is other or one is NOWHERE or other is EVERYWHERE:
        return one
    if one is EVERYWHERE or other is NOWHERE:
        return other
    return settled(one & other)


def join(one: Bits, other: Bits) -> Bits:
    """Return where one of both holds."""
    if one is other or one is EVERYWHERE or other is NOWHERE:
        return one
    if one is NOWHERE or other is EVERYWHERE:
        return other
    return settled(one | other)


def minus(one: Bits, other: Bits) -> Bits:
    """Return where the one holds and the other does not."""
    return one if one is NOWHERE or other is NOWHERE else meet(one, invert(other))


def all_of(*several: Bits) -> Bits:
    """Return where all hold."""
    found = EVERYWHERE
    for bits in several:
        found = meet(found, bits)
        if found is NOWHERE:
            break
    return found


def any_of(*several: Bits) -> Bits:
    """Return where some hold."""
    found = NOWHERE
    for bits in several:
        found = join(found, bits)
        if found is EVERYWHERE:
            break
    return found
