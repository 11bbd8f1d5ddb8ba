"""Customers decided once, by whose results programs that differ little from the first are soon run over them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from engine.plan.again import Again, changed_rules, leaves_to_begin_with, reads_of
from engine.plan.decided import Decided
from engine.plan.memory import keep_freed_memory
from engine.plan.result import Compared
from engine.plan.run import CHUNK, Plan
from engine.program import Leaf, Program
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey, Vocabulary


@dataclass
class Kept:
    """A base in parts, and everything that follows from it by one program.

    All chunks are held at once: some 600 bytes for a customer of whom everything is recorded.
    """

    base: Sequence[Snapshot]
    chunk: int = CHUNK
    _program: Program | None = None
    _decided: Sequence[Decided] = ()

    def leaves(self, vocabulary: Vocabulary) -> Sequence[Leaf]:
        """Return the leaves to begin with in compiling programs that speak a vocabulary (see `compile_pack`)."""
        return leaves_to_begin_with(self._program, vocabulary)

    def run_both(self, before: Program, after: Program) -> Iterator[Compared]:
        """Decide every customer by two programs, by what is kept where they differ from that in conditions only.

        Raises:
            ColumnError: if a column does not hold what the catalogue declares.
        """
        keep_freed_memory()
        first = self._run(before)
        base = self._program
        second = self._run(after)
        every = {one.fact for program in (before, after) for one in program.resolutions}
        for one, other in zip(first, second, strict=True):
            facts = {*_otherwise(one), *_otherwise(other)} if base is self._program else every
            yield Compared(one.snapshot, one.result(), other.result(), facts)

    def _run(self, program: Program) -> Sequence[Decided]:
        changed = None if self._program is None else changed_rules(self._program, program)
        if changed is not None:
            reads = reads_of(program)
            return [Again(decided, program, changed, reads) for decided in self._decided]
        self._program = program
        plan = Plan(program)
        self._decided = [Decided(chunk) for part in self.base for chunk in plan.chunks(part, self.chunk)]
        return self._decided


def _otherwise(decided: Decided) -> Collection[FactKey]:
    return decided.facts if isinstance(decided, Again) else ()
