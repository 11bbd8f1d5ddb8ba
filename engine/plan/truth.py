"""Kleene's three-valued logic on columns: a truth is the pair of masks (surely, possibly).

True is (1, 1), false (0, 0), unknown (0, 1). And, or, not act on each mask alone. Where nothing is unknown both
masks are the same object, and half of the work falls away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.plan.columns import EVERYWHERE, NOWHERE, Mask, all_of, any_of, holds, invert, settled


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition is surely, and where it is possibly, true."""

    surely: Mask
    possibly: Mask

    @property
    def is_sharp(self) -> bool:
        """Whether it is nowhere unknown (and known to be so)."""
        return self.surely is self.possibly

    def unknown(self) -> Mask:
        """Return where it is unknown."""
        return NOWHERE if self.is_sharp else all_of(self.possibly, invert(self.surely))

    def at(self, index: int) -> bool | None:
        """Return one place as True, False or None."""
        if holds(self.surely, index):
            return True
        return None if holds(self.possibly, index) else False


def sharp(mask: Mask) -> Truth:
    """Return a truth that is nowhere unknown."""
    return Truth(mask, mask)


def unless_unknown(mask: Mask, known: Mask | None) -> Truth:
    """Return a test's truth: unknown where its facts are not known."""
    if known is None:
        return sharp(settled(mask))
    return Truth(all_of(mask, known), any_of(mask, invert(known)))


def negate(truth: Truth) -> Truth:
    """Return not truth."""
    surely = invert(truth.possibly)
    return sharp(surely) if truth.is_sharp else Truth(surely, invert(truth.surely))


def both(truths: Sequence[Truth]) -> Truth:
    """Return the and of truths (of none: true)."""
    possibly = all_of(*[truth.possibly for truth in truths])
    if possibly is NOWHERE or _are_sharp(truths):
        return sharp(possibly)
    return Truth(all_of(*[truth.surely for truth in truths]), possibly)


def some(truths: Sequence[Truth]) -> Truth:
    """Return the or of truths (of none: false)."""
    surely = any_of(*[truth.surely for truth in truths])
    if surely is EVERYWHERE or _are_sharp(truths):
        return sharp(surely)
    return Truth(surely, any_of(*[truth.possibly for truth in truths]))


def _are_sharp(truths: Sequence[Truth]) -> bool:
    return all(truth.surely is truth.possibly for truth in truths)
