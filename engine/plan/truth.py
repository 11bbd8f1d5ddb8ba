"""Kleene's three-valued logic on columns: a truth is the pair of masks (surely, possibly).

True is (1, 1), false (0, 0), unknown (0, 1). And, or, not act on each mask alone. Where nothing is unknown both
masks are the same object, and half of the work falls away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.plan.columns import Mask


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition is surely, and where it is possibly, true."""

    surely: Mask
    possibly: Mask

    @property
    def is_sharp(self) -> bool:
        """Whether it is nowhere unknown (and known to be so)."""
        return self.surely is self.possibly

    def unknown(self) -> Mask | None:
        """Return where it is unknown, or None for nowhere."""
        return None if self.is_sharp else self.possibly & ~self.surely

    def at(self, index: int) -> bool | None:
        """Return one place as True, False or None."""
        if self.surely[index]:
            return True
        return None if self.possibly[index] else False


def sharp(mask: Mask) -> Truth:
    """Return a truth that is nowhere unknown."""
    return Truth(mask, mask)


def unless_unknown(mask: Mask, known: Mask | None) -> Truth:
    """Return a test's truth: unknown where its facts are not known."""
    return sharp(mask) if known is None else Truth(mask & known, mask | ~known)


def negate(truth: Truth) -> Truth:
    """Return not truth."""
    surely = ~truth.possibly
    return sharp(surely) if truth.is_sharp else Truth(surely, ~truth.surely)


def both(truths: Sequence[Truth]) -> Truth:
    """Return the and of at least one truth."""
    surely = _all([truth.surely for truth in truths])
    if all(truth.is_sharp for truth in truths):
        return sharp(surely)
    return Truth(surely, _all([truth.possibly for truth in truths]))


def some(truths: Sequence[Truth]) -> Truth:
    """Return the or of at least one truth."""
    surely = _any([truth.surely for truth in truths])
    if all(truth.is_sharp for truth in truths):
        return sharp(surely)
    return Truth(surely, _any([truth.possibly for truth in truths]))


def _all(masks: Sequence[Mask]) -> Mask:
    if len(masks) == 1:
        return masks[0]
    result = masks[0] & masks[1]
    for mask in masks[2:]:
        np.logical_and(result, mask, out=result)
    return result


def _any(masks: Sequence[Mask]) -> Mask:
    if len(masks) == 1:
        return masks[0]
    result = masks[0] | masks[1]
    for mask in masks[2:]:
        np.logical_or(result, mask, out=result)
    return result
