"""The facts of some customers: stored columns, read when first asked for, and derived ones as they complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from engine.plan.bits import NOWHERE, Bits, invert, join, meet, minus
from engine.plan.columns import read_dates, read_values
from engine.plan.nodes import Nodes
from engine.plan.rows import Rows
from engine.plan.values import Values, missing
from engine.program import EPOCH, Program
from engine.snapshot import Snapshot
from engine.vocabulary import BEGINNING, FactKey


@dataclass(slots=True)
class Chunk:
    """Some customers as of a day, with what is known and has been found out about them.

    `sets` has the bits of each member by its code; `provisional` the facts that are provisional somewhere, with where,
    and `doubtful` a bit for each of them (see `Nodes.bits`).
    """

    program: Program
    nodes: Nodes
    as_of: date
    customers: pa.Table
    rows: Mapping[str, Rows]
    values: dict[FactKey, Values] = field(default_factory=dict)
    sets: dict[FactKey, Mapping[int, Bits]] = field(default_factory=dict)
    provisional: dict[FactKey, Bits] = field(default_factory=dict)
    doubtful: int = 0
    _covered: dict[tuple[str, int | None], Bits] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        """The facts that are stored of these customers."""
        return Snapshot(self.as_of, self.customers, {name: rows.table for name, rows in self.rows.items()})

    def size(self, scope: str | None) -> int:
        """Return the number of customers, or of places for rows of a collection."""
        if scope is None:
            return int(self.customers.num_rows)
        return self.rows[scope].size if scope in self.rows else 0

    def stored(self, key: FactKey) -> Values | None:
        """Return a stored fact's values, or None if the snapshot has none."""
        if key.scope is None:
            found = _column(self.customers, key.name)
            return None if found is None else read_values(self.program.vocabulary, self.program.fact(key), found)
        rows = self.rows.get(key.scope)
        found = None if rows is None or not rows.size else _column(rows.table, key.name)
        if rows is None or found is None:
            return None
        return rows.arranged(read_values(self.program.vocabulary, self.program.fact(key), found))

    def of(self, key: FactKey) -> Values:
        """Return a fact's values; a fact without any is missing everywhere."""
        found = self.values.get(key)
        if found is None:
            found = self.values[key] = self.stored(key) or missing(self.size(key.scope))
        return found

    def note(self, fact: FactKey, provisional: Bits) -> None:
        """Note where a fact is provisional, if anywhere."""
        if provisional is not NOWHERE:
            self.provisional[fact] = provisional
            self.doubtful |= self.nodes.bits([fact])

    def settle(self, fact: FactKey) -> None:
        """Forget where a fact is provisional."""
        if self.provisional.pop(fact, None) is not None:
            self.doubtful &= ~self.nodes.bits([fact])

    def covered(self, collection: str, window: int | None) -> Bits:
        """Return for whom a collection was recorded over the `window` days up to as-of (None: since the beginning)."""
        key = collection, window
        found = self._covered.get(key)
        if found is None:
            found = self._covered[key] = self._coverage(collection, window)
        return found

    def _coverage(self, collection: str, window: int | None) -> Bits:
        today = (self.as_of - EPOCH).days
        beginning = (BEGINNING - EPOCH).days
        first = beginning if window is None else max(beginning, today - window)
        start, end = self._dates(f"{collection}.recorded_from"), self._dates(f"{collection}.recorded_to")
        began = minus(start.known, start.is_between(first + 1, None))
        return began if began is NOWHERE else meet(began, join(end.is_between(today, None), invert(end.known)))

    def _dates(self, name: str) -> Values:
        found = _column(self.customers, name)
        return missing(self.size(None)) if found is None else read_dates(name, found)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    place = table.schema.get_field_index(name)
    return None if place < 0 else table.column(place)
