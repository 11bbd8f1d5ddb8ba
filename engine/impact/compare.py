"""Results of two versions side by side, in columns: which conclusions about which customers differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from engine.impact.versions import Versions
from engine.load.versions import Edit
from engine.plan import Compared, Result
from engine.plan.columns import Array, Column, Mask
from engine.plan.overview import customers_of
from engine.plan.owners import by_owner
from engine.program import Program
from engine.snapshot import Snapshot, with_owners
from engine.vocabulary import FactKey, Type, Vocabulary

MISSING = np.int64(np.iinfo(np.int64).min)

Line = tuple[FactKey, int | None]
"""What is compared: a single-valued fact of the customer; or a member, by its code, of a set or of any row's fact."""

WORDED = (Type.CATEGORY, Type.LEVEL, Type.FLAG)
"""Types with few values, each of which can be counted."""


@dataclass(frozen=True)
class Some:
    """The affected customers of a base, and of each line that differs somewhere among them its codes before and after.

    `parts` have those of their facts that are wanted, in the order of the base.
    """

    parts: Sequence[Snapshot]
    before: Mapping[Line, Array]
    after: Mapping[Line, Array]

    @cached_property
    def names(self) -> list[str]:
        """The customers' keys."""
        return self.column("customer")

    def column(self, name: str) -> list[Any]:
        """Return a fact of these customers, None where it is not known."""
        found: list[Any] = []
        for part in self.parts:
            customers = part.customers
            known = name in customers.column_names
            found += customers[name].to_pylist() if known else [None] * len(customers)
        return found

    @cached_property
    def snapshot(self) -> Snapshot:
        """The facts of these customers as one snapshot; there must be at least one customer."""
        rows = {name: _joined([part.rows[name] for part in self.parts]) for name in self.parts[0].rows}
        return Snapshot(self.parts[0].as_of, _joined([part.customers for part in self.parts]), rows)

    @cached_property
    def differing(self) -> dict[Line, Mask]:
        """Where each line differs."""
        return {line: self.before[line] != self.after[line] for line in self.before}


class Comparison:
    """Results of both versions, taken chunk by chunk."""

    def __init__(self, versions: Versions, amount: str, *, with_facts: bool) -> None:
        """Begin to compare.

        Args:
            versions: the versions.
            amount: a number of a snapshot that is wanted of affected customers.
            with_facts: whether all of their facts are wanted.
        """
        self._versions = versions
        self._amount = amount
        self._with_facts = with_facts
        self._comparable = _comparable(versions.before, versions.after)
        self.customers = 0
        self._facts: list[Snapshot] = []
        self._sides: list[dict[Line, tuple[Array, Array]]] = []
        self.stages: dict[tuple[int, int], int] = {}
        self.fired = [(0, 0) for _ in versions.edits]

    def add(self, chunk: Compared) -> None:
        """Take what both versions decide on a chunk; of its facts only those of affected customers are held."""
        before, after = chunk.before, chunk.after
        size = len(after.customers)
        keys = [key for key in self._comparable if key in chunk.facts or key == self._versions.pack.ladder.proposed]
        lines, others = lines_of(before, keys), lines_of(after, keys)
        unequal = {line for line in {*lines, *others} if not np.array_equal(lines[line], others[line])}
        differs = np.zeros(size, np.bool_)
        for line in unequal:
            differs |= lines[line] != others[line]
        places = np.flatnonzero(differs)
        if len(places):
            self._sides.append({line: (lines[line][places], others[line][places]) for line in unequal})
            self._facts.append(self._taken(chunk.snapshot, places))
        self.customers += size
        stage = (self._versions.pack.ladder.proposed, None)
        if stage in lines:
            self._count_stages(lines[stage], others[stage])
        for place, edit in enumerate(self._versions.edits):
            counts = (_fired(self._versions.before, before, edit), _fired(self._versions.after, after, edit))
            self.fired[place] = (self.fired[place][0] + counts[0], self.fired[place][1] + counts[1])

    def _taken(self, snapshot: Snapshot, places: Array) -> Snapshot:
        if self._with_facts:
            return _of(snapshot, places)
        wanted = [name for name in ("customer", self._amount) if name in snapshot.customers.column_names]
        return Snapshot(snapshot.as_of, snapshot.customers.select(wanted).take(pa.array(places)))

    def _count_stages(self, before: Array, after: Array) -> None:
        codes = [int(code) for code in np.union1d(before, after)]
        for pair in product(codes, codes):
            count = np.count_nonzero((before == pair[0]) & (after == pair[1]))
            if count:
                self.stages[pair] = self.stages.get(pair, 0) + int(count)

    def affected(self) -> Some:
        """Return the customers for whom something differs."""
        lines = sorted({line for part in self._sides for line in part}, key=lambda line: (str(line[0]), line[1] or 0))
        before, after = ({line: self._of_side(line, side) for line in lines} for side in (0, 1))
        return Some(self._facts, before, after)

    def _of_side(self, line: Line, side: int) -> Array:
        """Return the codes before (0) or after (1) of the affected customers of all chunks.

        A line that is equal in a chunk is not looked at there: any code will do, as long as both sides have it.
        """
        sizes = (part.customers.num_rows for part in self._facts)
        chunks = zip(self._sides, sizes, strict=True)
        return np.concatenate(
            [sides[line][side] if line in sides else np.full(size, MISSING) for sides, size in chunks]
        )


def _of(snapshot: Snapshot, places: Array) -> Snapshot:
    """Return the facts of the customers in some places."""
    is_wanted = np.zeros(snapshot.customers.num_rows, np.bool_)
    is_wanted[places] = True
    rows = {}
    for name, (table, owners) in by_owner(snapshot.customers["customer"], snapshot.rows).items():
        own = table.filter(pa.array(is_wanted[owners]))
        rows[name] = with_owners(own, own["customer"].cast(pa.string()))
    return Snapshot(snapshot.as_of, snapshot.customers.take(pa.array(places)), rows)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries().combine_chunks()


def lines_of(result: Result, keys: Iterable[FactKey]) -> Lines:
    """Return the conclusions about the customers of a result as codes by line, MISSING where there is none."""
    size = len(result.customers)
    found: dict[Line, Array] = {}
    for key in keys:
        if key in result.members:
            found |= {(key, code): mask.view(np.int8) for code, mask in result.members[key].items()}
        elif key in result.values and key.scope is None:
            found[key, None] = _codes(result.values[key])
        elif key in result.values:
            of_rows = _of_rows(result.values[key], result.owners[key.scope or ""], size)
            found |= {(key, code): has for code, has in of_rows}
    return Lines(size, found)


def _of_rows(column: Column, owners: Array, customers: int) -> Iterator[tuple[int, Array]]:
    """Yield each code that rows have, and for each customer whether a row of it has that code (1) or none (0)."""
    codes = column.codes
    if column.known is not None:
        codes, owners = codes[column.known], owners[column.known]
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        yield code, np.bincount(owners[codes == code], minlength=customers).clip(max=1)


class Lines(dict[Line, Array]):
    """Lines, of which a member that nobody has may be absent."""

    def __init__(self, size: int, found: Mapping[Line, Array]) -> None:
        super().__init__(found)
        self._size = size

    def __missing__(self, line: Line) -> Array:
        return np.full(self._size, MISSING if line[1] is None else 0, np.int64)


def _codes(column: Column) -> Array:
    return column.codes if column.known is None else np.where(column.known, column.codes, MISSING)


def _comparable(before: Program, after: Program) -> list[FactKey]:
    """Return the facts that can be compared by their codes; of rows only those of few values."""
    vocabulary = after.vocabulary
    keys = dict.fromkeys(one.fact for program in (before, after) for one in program.resolutions)
    return [
        key
        for key in keys
        if _shape(before.vocabulary, key) == _shape(vocabulary, key)
        and (key.scope is None or vocabulary.facts[key].type in WORDED)
    ]


def _shape(vocabulary: Vocabulary, key: FactKey) -> tuple[object, ...]:
    fact = vocabulary.facts[key]
    return fact.type, fact.scale, vocabulary.enum_of(fact).members if fact.enum else ()


def _fired(program: Program, result: Result, edit: Edit) -> int:
    """Return for how many customers a rule of the edited item fired."""
    if edit.key[0] not in ("rules", "tables", "gates", "scorecards"):
        return 0
    found = np.zeros(len(result.customers), np.bool_)
    for rule in program.rules:
        if rule.id.partition("#")[0] == edit.id:
            found |= customers_of(rule, result, len(found))
    return int(found.sum())
