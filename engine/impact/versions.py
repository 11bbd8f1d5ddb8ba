"""Two versions of a pack as programs that speak one vocabulary, and the old one with only some of the edits made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from engine.compile import compile_pack
from engine.errors import ProblemsError
from engine.load.pack import Parts, pack_from_parts
from engine.load.versions import Edit, How, edits, with_edits
from engine.model import Pack
from engine.plan import Kept
from engine.program import Program

_DECIDE_NOTHING = ("invariants", "monotonicity", "method")
_AT_REST = ("actions", "parameters", "facts")
"""What is merely there, or not, decides nothing by itself."""


class Versions:
    """Two versions of a pack, ready to decide the same customers.

    Both speak the vocabulary of the two together (`pack.vocabulary`), in which snapshots have to be taken.
    `old_name` and `new_name` are their names with their versions.

    Raises:
        ProblemsError: with everything that is wrong with one of them.
    """

    def __init__(self, old: Parts, new: Parts, kept: Kept | None = None) -> None:
        """Compile both.

        Args:
            old: what was read of the old version.
            new: the same of the new one.
            kept: customers that both will be run over, decided by a version before.
        """
        self._old, self._new = old, new
        self.old_name, self.new_name = (f"{one.manifest.name} {one.manifest.version}" for one in (old, new))
        self.edits = edits(old, new)
        before = self._pack(())
        self._leaves = () if kept is None else kept.leaves(before.vocabulary)
        self.before = compile_pack(before, self._leaves)
        self.pack = self._pack(self.edits)
        self.after = compile_pack(self.pack, self.before.leaves)

    def _pack(self, made: Sequence[Edit]) -> Pack:
        return pack_from_parts(with_edits(self._old, self._new, made))

    def program(self, made: Sequence[Edit]) -> Program | None:
        """Compile the old version with some edits made, or return None if these do not make a pack."""
        try:
            return compile_pack(self._pack(made), self._leaves)
        except ProblemsError:
            return None

    @cached_property
    def deciding(self) -> tuple[int, ...]:
        """The places of those edits that can change a decision."""
        return tuple(
            place
            for place, edit in enumerate(self.edits)
            if edit.how is not How.REWORDED
            and edit.key[0] not in _DECIDE_NOTHING
            and (edit.how is How.CHANGED or edit.key[0] not in _AT_REST)
        )
