"""Run a program over a snapshot, stratum by stratum, in chunks of customers so that memory stays bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from engine.assemble import Codes, Outcome, Score, assemble
from engine.decision import Decision
from engine.plan.at import Place, conflicts_at, provisional_at
from engine.plan.columns import NOWHERE, Array, Column, Mask, full, holds, invert
from engine.plan.conditions import Chunk, Conditions
from engine.plan.owners import by_owner
from engine.plan.resolve import Rules, fire, resolve_aggregate, resolve_single, resolve_union
from engine.plan.scorecards import Scored, score, select
from engine.program import (
    Aggregate,
    AtLeast,
    Cond,
    InDays,
    Lit,
    Program,
    Selection,
    Single,
    Union,
    decode,
    leaf_scope,
)
from engine.snapshot import CustomerFacts, Snapshot, snapshot_of, snapshots_by_day
from engine.vocabulary import FactKey

CHUNK = 65_536  # customers; smaller chunks are slower (bench/plan.py), larger ones leave the cache and need more memory


@dataclass(frozen=True)
class Result:
    """The decisions of one chunk of customers, in columns.

    `values` holds single-valued facts as codes with a mask of the known ones; `members` a mask per member of a set;
    `fired` a mask per rule, over customers or, for a row-scoped rule, over the rows whose customers are `owners`;
    `provisional` a mask per fact that is provisional somewhere; `points` int64 at scale 4, customers × candidates;
    `violated` a mask per invariant.
    """

    customers: pa.ChunkedArray
    values: Mapping[FactKey, Column]
    members: Mapping[FactKey, Mapping[int, Mask]]
    fired: Mapping[int, Mask]
    owners: Mapping[str, Array]
    provisional: Mapping[FactKey, Mask]
    points: Mapping[str, Array]
    violated: Mapping[str, Mask]


@dataclass(frozen=True)
class Tested:
    """The leaf tests of a program on one chunk of customers.

    `surely` and `possibly` hold a mask per leaf (true: both, unknown: possibly alone): over customers or, for a leaf
    about a collection's rows, over the rows whose customers are `owners`. `columns` are the facts that leaves compare.
    """

    customers: pa.ChunkedArray
    surely: tuple[Mask, ...]
    possibly: tuple[Mask, ...]
    owners: Mapping[str, Array]
    columns: Mapping[FactKey, Column]


class Plan:
    """A program, ready to run over snapshots."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def run(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Result]:
        """Decide every customer; yield one result per chunk, so that memory stays bounded.

        Raises:
            ColumnError: if a column does not hold what the catalogue declares.
        """
        for part in _chunks(self.program, snapshot, chunk):
            yield Decided(part).result()

    def tests(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Tested]:
        """Decide every customer and yield, chunk by chunk, what came out of every leaf test."""
        for part in _chunks(self.program, snapshot, chunk):
            yield Decided(part).tested()

    def decisions(self, snapshot: Snapshot, chunk: int = CHUNK) -> Iterator[Decision]:
        """Decide every customer and yield each decision in full, in the snapshot's order."""
        for part in _chunks(self.program, snapshot, chunk):
            decided = Decided(part)
            facts = Snapshot(part.as_of, part.customers, {name: table for name, (table, _) in part.rows.items()})
            for index, customer in enumerate(facts.each()):
                yield assemble(self.program, customer, decided.outcome(index))

    def decide_all(self, customers: Iterable[CustomerFacts]) -> list[Decision]:
        """Decide customers given as plain values, whatever their as-of dates; return the decisions in their order."""
        decided: dict[int, Decision] = {}
        for places, snapshot in snapshots_by_day(self.program.vocabulary, list(customers)):
            decided |= zip(places, self.decisions(snapshot), strict=True)
        return [decided[place] for place in range(len(decided))]

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
            (part,) = _chunks(self.program, snapshot, len(places))
            yield places, Decided(part)

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer: columns of length one."""
        return assemble(self.program, customer, Decided(self._chunk_of(customer)).outcome(0))

    def decided(self, customer: CustomerFacts) -> tuple[Chunk, dict[tuple[str | None, str], int]]:
        """Decide one customer; return its chunk with everything derived, and the place of each scope's row by key."""
        chunk = self._chunk_of(customer)
        places = Decided(chunk).places(0)
        return chunk, {(scope, key): place for scope, place, key in places}

    def _chunk_of(self, customer: CustomerFacts) -> Chunk:
        (part,) = _chunks(self.program, snapshot_of(self.program.vocabulary, [customer]), 1)
        return part


def _chunks(program: Program, snapshot: Snapshot, size: int) -> Iterator[Chunk]:
    rows = by_owner(snapshot.customers["customer"], snapshot.rows)
    for start in range(0, snapshot.customers.num_rows, size):
        customers = snapshot.customers.slice(start, size)
        parts = {}
        for name, (table, owners) in rows.items():
            first, last = (int(place) for place in np.searchsorted(owners, (start, start + customers.num_rows)))
            parts[name] = (table.slice(first, last - first), owners[first:last] - start)
        yield Chunk(program, snapshot.as_of, customers, parts)


def _side_by_side(scores: list[Scored]) -> Array:
    """Return candidates' points, customers × candidates; each candidate's stand together, which is faster to write."""
    return np.stack([one.points for one in scores], dtype=np.int64).T


class Decided:
    """One chunk with everything that follows from it."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._program = chunk.program
        self._conditions = Conditions(chunk)
        self._rules = Rules()
        self._cards: dict[str, tuple[Selection, list[Scored], list[Mask]]] = {}
        for stratum in self._program.strata:
            for index in stratum.rules:
                fire(chunk, self._conditions, self._rules, self._program.rules[index])
            for resolution in stratum.resolutions:
                match resolution:
                    case Single():
                        resolve_single(chunk, self._rules, resolution)
                    case Union():
                        resolve_union(chunk, self._rules, resolution)
                    case Aggregate():
                        resolve_aggregate(chunk, self._rules, resolution)
                    case Selection():
                        self._select(resolution)

    def _select(self, selection: Selection) -> None:
        scores = [score(self._chunk, self._conditions, self._rules, form) for form in selection.candidates]
        self._cards[selection.scorecard] = selection, scores, select(self._chunk, selection, scores)

    def result(self) -> Result:
        """Return the chunk's decisions in columns."""
        chunk = self._chunk
        derived = [resolution.fact for stratum in self._program.strata for resolution in stratum.resolutions]
        return Result(
            customers=chunk.customers["customer"],
            values={key: self._whole(key) for key in derived if key in chunk.columns},
            members={
                key: {code: full(mask, chunk.size(None)) for code, mask in members.items()}
                for key, members in chunk.sets.items()
            },
            fired={
                rule: full(mask, chunk.size(self._program.rules[rule].scope))
                for rule, mask in self._rules.fired.items()
            },
            owners={name: chunk.owners(name) for name in chunk.rows},
            provisional={key: full(mask, chunk.size(key.scope)) for key, mask in chunk.provisional.items()},
            points={card: _side_by_side(scores) for card, (_, scores, _) in self._cards.items()},
            violated={form.id: self._violated(form.never, form.when) for form in self._program.invariants},
        )

    def fired(self) -> Iterator[list[frozenset[int]]]:
        """Yield, customer by customer, the rules that fired for it, then those for each of its rows."""
        at: dict[tuple[str | None, int], set[int]] = defaultdict(set)
        for rule, mask in self._rules.fired.items():
            scope = self._program.rules[rule].scope
            for place in full(mask, self._chunk.size(scope)).nonzero()[0].tolist():
                at[scope, place].add(rule)
        for index in range(self._chunk.size(None)):
            rows = [(name, place) for name in self._chunk.rows for place in self._span(name, index)]
            yield [frozenset(at.get(spot, ())) for spot in ((None, index), *rows)]

    def truth(self, cond: Cond, scope: str | None, cautious: bool = False) -> tuple[Mask, Mask]:
        """Return where any condition of the program is surely, and possibly, true, for customers or for rows."""
        truth, size = self._conditions.truth(cond, scope, cautious), self._chunk.size(scope)
        return full(truth.surely, size), full(truth.possibly, size)

    def by_customer(self, mask: Mask, scope: str | None) -> Mask:
        """Return the customers for whom a mask holds, for one of their rows if it is about rows."""
        if scope is None:
            return mask
        return np.bincount(self._chunk.owners(scope)[mask], minlength=self._chunk.size(None)).astype(np.bool_)

    def is_valid(self, rule: int) -> bool:
        """Return whether a rule takes part in decisions on the chunk's date."""
        return self._program.rules[rule].is_valid(self._chunk.as_of)

    def tested(self) -> Tested:
        """Return the chunk's leaf tests in columns."""
        chunk, leaves = self._chunk, self._program.leaves
        sizes = [chunk.size(leaf_scope(leaf)) for leaf in leaves]
        truths = [self._conditions.truth(Lit(index), leaf_scope(leaf)) for index, leaf in enumerate(leaves)]
        return Tested(
            customers=chunk.customers["customer"],
            surely=tuple(full(truth.surely, size) for truth, size in zip(truths, sizes, strict=True)),
            possibly=tuple(full(truth.possibly, size) for truth, size in zip(truths, sizes, strict=True)),
            owners={name: chunk.owners(name) for name in chunk.rows},
            columns={leaf.fact: chunk.column(leaf.fact) for leaf in leaves if isinstance(leaf, AtLeast | InDays)},
        )

    def _violated(self, never: bool, when: Cond) -> Mask:
        truth = self._conditions.truth(when, None)
        return full(truth.surely if never else invert(truth.possibly), self._chunk.size(None))

    def _whole(self, key: FactKey) -> Column:
        """Return a derived fact's column with a value for each place in its mask."""
        column = self._chunk.columns[key]
        return column if column.known is None else Column(column.codes, full(column.known, len(column.codes)))

    # --- one customer of the chunk ---

    def outcome(self, index: int) -> Outcome:
        """Return what was found out about one customer of the chunk."""
        chunk, places = self._chunk, self.places(index)
        return Outcome(
            values=self._values(None, index),
            rows={(name, key): self._values(name, place) for name, place, key in places if name is not None},
            fired=[
                (rule, key)
                for rule, mask in self._rules.fired.items()
                if mask is not NOWHERE
                for name, place, key in places
                if self._program.rules[rule].scope == name and holds(mask, place)
            ],
            conflicts=[found for place in places for found in conflicts_at(self._program, self._rules, *place)],
            provisional=provisional_at(chunk, self._conditions, self._rules, self._cards, places),
            gates=self._gates(index),
            scores={card: self._card(card, index) for card in self._cards},
            violated=[
                form.id
                for form in self._program.invariants
                if self._conditions.at(form.when, None, index) is form.never
            ],
        )

    def places(self, index: int) -> list[Place]:
        """Return where one customer of the chunk and its rows stand."""
        spans = {name: self._span(name, index) for name in self._chunk.rows}
        rows = [(name, place, key) for name, keys in spans.items() for place, key in keys.items()]
        return [(None, index, ""), *rows]

    def _span(self, collection: str, index: int) -> dict[int, str]:
        """Return the positions of a customer's rows with their keys."""
        table, owners = self._chunk.rows[collection]
        first, last = (int(place) for place in np.searchsorted(owners, (index, index + 1)))
        return dict(zip(range(first, last), table["row"].slice(first, last - first).to_pylist(), strict=True))

    def _values(self, scope: str | None, index: int) -> dict[FactKey, Codes]:
        found: dict[FactKey, Codes] = {}
        for stratum in self._program.strata:
            for resolution in stratum.resolutions:
                key = resolution.fact
                if key.scope != scope:
                    continue
                if key in self._chunk.sets:
                    found[key] = tuple(code for code, mask in self._chunk.sets[key].items() if holds(mask, index))
                else:
                    column = self._chunk.columns[key]
                    if column.is_known(index):
                        code = column.codes[index]
                        found[key] = code if isinstance(code, str) else int(code)
        return found

    def _gates(self, index: int) -> dict[str, tuple[bool | None, dict[str, bool | None]]]:
        stage = self._chunk.column(self._program.stage) if self._program.gates else None
        if stage is None or not stage.is_known(index):
            return {}
        return {
            gate.id: (
                self._conditions.at(gate.required, None, index),
                {name: self._conditions.at(when, None, index) for name, when in gate.criteria},
            )
            for gate in self._program.gates
            if stage.codes[index] in gate.from_codes and self._program.rules[gate.rule].is_valid(self._chunk.as_of)
        }

    def _card(self, card: str, index: int) -> tuple[list[Score], list[str]]:
        selection, scores, chosen = self._cards[card]
        found = [
            Score(
                one.form.name,
                int(one.points[index]),
                one.eligible.at(index),
                holds(one.provisional, index),
                tuple((rule, one.worth(rule, index)) for rule in one.given if holds(self._rules.fired[rule], index)),
            )
            for one in scores
        ]
        picked = [one for one, mask in zip(found, chosen, strict=True) if holds(mask, index)]
        names = [one.candidate for one in sorted(picked, key=lambda one: -one.points)]
        if not names and selection.fallback is not None:
            names = [str(decode(self._program.vocabulary, self._program.fact(selection.fact), selection.fallback))]
        return found, names
