"""Run a program over a snapshot, stratum by stratum, in chunks of customers so that memory stays bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from engine.assemble import assemble
from engine.decision import Decision
from engine.plan.again import Again, changed_rules, reads_of
from engine.plan.bits import Mask
from engine.plan.chunk import Chunk
from engine.plan.decided import Decided
from engine.plan.memory import keep_freed_memory
from engine.plan.nodes import Nodes
from engine.plan.owners import by_owner
from engine.plan.result import Compared, Result, Tested
from engine.plan.rows import Rows, first_rows
from engine.program import Program, leaf_scope
from engine.snapshot import CustomerFacts, Snapshot, snapshot_of, snapshots_by_day

CHUNK = 524_288  # customers; smaller chunks are slower (bench/plan.py), larger ones need more memory

RECENT = 4
"""Of how many customers that were decided alone what follows is kept: before and after some changes, say."""


class Plan:
    """A program, ready to run over snapshots."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._nodes = Nodes(program)
        self._recent: tuple[tuple[CustomerFacts, Decided], ...] = ()

    def run(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Result]:
        """Decide every customer; yield one result per chunk, so that memory stays bounded; of nobody an empty one.

        Raises:
            ColumnError: if a column does not hold what the catalogue declares.
        """
        keep_freed_memory()
        for part in self.chunks(snapshot, chunk):
            yield Decided(part).result()

    def run_both(self, other: Program, base: Iterable[Snapshot], chunk: int = CHUNK) -> Iterator[Compared]:
        """Decide every customer of a base, given in parts, by this program and by another; yield what is so in chunks.

        Where the other has the same rules, only what their differences reach is computed for it.

        Raises:
            ColumnError: if a column does not hold what the catalogue declares.
        """
        keep_freed_memory()
        changed = changed_rules(self.program, other)
        if changed is None:
            facts = {one.fact for program in (self.program, other) for one in program.resolutions}
            plan = Plan(other)
            for snapshot in base:
                for one, same in zip(self.chunks(snapshot, chunk), plan.chunks(snapshot, chunk), strict=True):
                    yield Compared(one.snapshot, Decided(one).result(), Decided(same).result(), facts)
            return
        reads = reads_of(other)
        for snapshot in base:
            for one in self.chunks(snapshot, chunk):
                decided = Decided(one)
                again = Again(decided, other, changed, reads)
                yield Compared(one.snapshot, decided.result(), again.result(), again.facts.keys())

    def tests(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Tested]:
        """Decide every customer and yield, chunk by chunk, what came out of every leaf test."""
        for part in self.chunks(snapshot, chunk):
            yield Decided(part).tested()

    def decisions(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Decision]:
        """Decide every customer and yield each decision in full, in the snapshot's order."""
        for part in self.chunks(snapshot, chunk):
            decided = Decided(part)
            for index, customer in enumerate(part.snapshot.each()):
                yield assemble(self.program, customer, decided.outcome(index))

    def decide_all(self, customers: Iterable[CustomerFacts]) -> list[Decision]:
        """Decide customers given as plain values, whatever their as-of dates; return the decisions in their order."""
        given, found = list(customers), dict[int, Decision]()
        for places, decided in self.decided_all(given):
            for index, place in enumerate(places):
                found[place] = assemble(self.program, given[place], decided.outcome(index))
        return [found[place] for place in range(len(found))]

    def fired(self, customers: Iterable[CustomerFacts]) -> list[list[frozenset[int]]]:
        """Return, per customer given as plain values, the rules that fire for it, then those for each of its rows."""
        found: dict[int, list[frozenset[int]]] = {}
        for places, decided in self.decided_all(list(customers)):
            found |= zip(places, decided.fired(), strict=True)
        return [found[place] for place in range(len(found))]

    def truths(self, customers: Iterable[CustomerFacts]) -> dict[str | None, tuple[Mask, Mask]]:
        """Return what comes out of every leaf test for customers given as plain values, whatever their as-of dates.

        Returns:
            By scope (None: the customer) two masks, leaves × customers or rows: where a leaf is surely, and where it is
            possibly true. Leaves about another collection are False in both.
        """
        found: dict[str | None, list[tuple[Mask, Mask]]] = defaultdict(list)
        for _, snapshot in snapshots_by_day(self.program.vocabulary, list(customers)):
            for tested in self.tests(snapshot):
                for scope in (None, *tested.owners):
                    found[scope].append(self._in_scope(tested, scope))
        return {
            scope: (np.hstack([surely for surely, _ in parts]), np.hstack([possibly for _, possibly in parts]))
            for scope, parts in found.items()
        }

    def _in_scope(self, tested: Tested, scope: str | None) -> tuple[Mask, Mask]:
        """Return all leaves' truths for the places of a scope: what holds of a customer holds of each of its rows."""
        places = np.arange(len(tested.customers)) if scope is None else tested.owners[scope]
        surely = np.zeros((len(self.program.leaves), len(places)), np.bool_)
        possibly = np.zeros_like(surely)
        for index, leaf in enumerate(self.program.leaves):
            own = leaf_scope(leaf)
            if own in (None, scope):
                at = slice(None) if own == scope else places
                surely[index], possibly[index] = tested.surely[index][at], tested.possibly[index][at]
        return surely, possibly

    def decided_all(self, customers: Sequence[CustomerFacts]) -> Iterator[tuple[list[int], Decided]]:
        """Decide customers given as plain values; yield, for each as-of date, their positions and what follows."""
        for places, snapshot in snapshots_by_day(self.program.vocabulary, customers):
            (part,) = self.chunks(snapshot, len(places))
            yield places, Decided(part)

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer: columns of length one."""
        return assemble(self.program, customer, self.decided(customer).outcome(0))

    def decided(self, customer: CustomerFacts) -> Decided:
        """Decide one customer; return what follows, kept for a while for whoever explains the same facts."""
        found = next((decided for facts, decided in self._recent if facts is customer), None)
        if found is None:
            (part,) = self.chunks(snapshot_of(self.program.vocabulary, [customer]), 1)
            found = Decided(part)
            self._recent = ((customer, found), *self._recent[: RECENT - 1])
        return found

    def chunks(self, snapshot: Snapshot, size: int) -> Iterator[Chunk]:
        """Yield the customers of a snapshot in parts, ready to be decided."""
        rows = by_owner(snapshot.customers["customer"], snapshot.rows)
        for start in range(0, max(snapshot.customers.num_rows, 1), size):
            customers = snapshot.customers.slice(start, size)
            parts = {}
            for name, (table, owners) in rows.items():
                first, last = first_rows(owners, start, start + customers.num_rows)
                parts[name] = Rows(
                    table.slice(first, last - first),
                    owners[first:last] - start,
                    customers.num_rows,
                    name in self._nodes.combined_often,
                )
            yield Chunk(self.program, self._nodes, snapshot.as_of, customers, parts)
