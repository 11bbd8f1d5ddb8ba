"""Which edits lead to which differences.

A difference is explained by deciding the customers concerned once more, by the old version with one edit made. An edit
that leads to the new result by itself is its cause. Where none does, the causes are those edits without which the new
version would not come to its result: they work together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engine.impact.compare import Line, Lines, Some, lines_of
from engine.impact.versions import Versions
from engine.plan import Plan
from engine.plan.columns import Mask
from engine.program import Program

Progress = Callable[[int, int], None]
"""Called with how many runs are done, and of how many."""


class Causes:
    """Which edits lead to each difference: by line, a mask over the affected customers for each edit."""

    def __init__(self, versions: Versions, some: Some, progress: Progress, deciding: Sequence[int]) -> None:
        self.inseparable: set[int] = set()
        self.together: dict[Line, Mask] = {}
        self._by: dict[int, dict[Line, Mask]] = {}
        self._deciding = deciding
        if not some.names or not deciding:
            return
        if len(deciding) == 1:
            self._by[deciding[0]] = some.differing
            return
        self._alone(versions, some, progress)
        left = {line: mask & ~self._explained(line, len(some.names)) for line, mask in some.differing.items()}
        left = {line: mask for line, mask in left.items() if mask.any()}
        if left:
            self._needed(versions, some, left, progress)

    def _alone(self, versions: Versions, some: Some, progress: Progress) -> None:
        for done, place in enumerate(self._deciding):
            progress(done, len(self._deciding))
            program = versions.program([versions.edits[place]])
            if program is None:
                self.inseparable.add(place)
            elif program.stamp.digest != versions.before.stamp.digest:
                lines = _decided(program, some)
                self._by[place] = {
                    line: mask & (lines[line] == some.after[line]) for line, mask in some.differing.items()
                }
        progress(len(self._deciding), len(self._deciding))

    def _needed(self, versions: Versions, some: Some, left: Mapping[Line, Mask], progress: Progress) -> None:
        """Find, for what no edit does alone, the edits that it does not come without."""
        for done, place in enumerate(self._deciding):
            program = versions.program([edit for other, edit in enumerate(versions.edits) if other != place])
            if program is not None:
                lines = _decided(program, some)
                found = self._by.setdefault(place, {})
                for line, mask in left.items():
                    needed = mask & (lines[line] != some.after[line])
                    found[line] = found[line] | needed if line in found else needed
            progress(done + 1, len(self._deciding))
        self.together = dict(left)

    def _explained(self, line: Line, size: int) -> Mask:
        found = np.zeros(size, np.bool_)
        for masks in self._by.values():
            found |= masks[line]
        return found

    def of(self, line: Line, customer: int) -> tuple[tuple[int, ...], bool]:
        """Return the causes of one customer's difference, and whether they work together only."""
        causes = tuple(place for place, masks in sorted(self._by.items()) if line in masks and masks[line][customer])
        return causes, line in self.together and bool(self.together[line][customer])

    def count(self, place: int) -> int:
        """Return how many customers an edit affects."""
        masks = list(self._by.get(place, {}).values())
        return int(np.logical_or.reduce(masks).sum()) if masks else 0


def _decided(program: Program, some: Some) -> Lines:
    """Decide the affected customers at once."""
    (result,) = Plan(program).run(some.snapshot, chunk=len(some.names))
    return lines_of(result, {key for key, _ in some.before})
