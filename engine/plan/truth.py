"""Kleene's three-valued logic on columns: a truth is the pair of bits (surely, possibly).

True is (1, 1), false (0, 0), unknown (0, 1). And, or, not act on each by itself. Where nothing is unknown both are the
same object, and half of the work falls away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, holds, invert, join, meet, minus


class Truth(NamedTuple):
    """Where a condition is surely, and where it is possibly, true."""

    surely: Bits
    possibly: Bits

    @property
    def is_sharp(self) -> bool:
        """Whether it is nowhere unknown (and known to be so)."""
        return self.surely is self.possibly

    def unknown(self) -> Bits:
        """Return where it is unknown."""
        return NOWHERE if self.is_sharp else minus(self.possibly, self.surely)

    def at(self, index: int) -> bool | None:
        """Return one place as True, False or None."""
        if holds(self.surely, index):
            return True
        return None if holds(self.possibly, index) else False


NEVER = Truth(NOWHERE, NOWHERE)
ALWAYS = Truth(EVERYWHERE, EVERYWHERE)


def sharp(bits: Bits) -> Truth:
    """Return a truth that is nowhere unknown."""
    return Truth(bits, bits)


def unless_unknown(surely: Bits, known: Bits) -> Truth:
    """Return the truth of a test that holds somewhere among the known places, and is unknown at all others."""
    return Truth(surely, surely if known is EVERYWHERE else join(surely, invert(known)))


def negate(truth: Truth) -> Truth:
    """Return not truth."""
    surely = invert(truth.possibly)
    return sharp(surely) if truth.is_sharp else Truth(surely, invert(truth.surely))


def both(truths: Iterable[Truth]) -> Truth:
    """Return the and of truths (of none: true); no more of them are asked for once it is false everywhere."""
    surely = possibly = EVERYWHERE
    for sure, possible in truths:
        is_sharp = surely is possibly and sure is possible
        possibly = meet(possibly, possible)
        if possibly is NOWHERE:
            return NEVER
        surely = possibly if is_sharp else meet(surely, sure)
    return Truth(surely, possibly)


def some(truths: Iterable[Truth]) -> Truth:
    """Return the or of truths (of none: false); no more of them are asked for once it is true everywhere."""
    surely = possibly = NOWHERE
    for sure, possible in truths:
        is_sharp = surely is possibly and sure is possible
        surely = join(surely, sure)
        if surely is EVERYWHERE:
            return ALWAYS
        possibly = surely if is_sharp else join(possibly, possible)
    return Truth(surely, possibly)
