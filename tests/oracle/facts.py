"""What holds about each fact: found on demand, one fact asking for the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Any

from engine.model import Collect, Pack, Table
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import Fact, FactKey, Type, Value
from tests.oracle.clauses import Clause, Found, clauses_of, exists
from tests.oracle.conditions import Conditions
from tests.oracle.scorecards import Scorecards


class CycleError(Exception):
    """A fact is needed to find its own value."""


class Facts:
    """One customer's facts, and which clauses fire."""

    def __init__(self, pack: Pack, customer: CustomerFacts) -> None:
        self.pack = pack
        self.customer = customer
        self.conditions = Conditions(pack.vocabulary, customer, self._lookup)
        self.scorecards = Scorecards(pack, self)
        self.clauses = sorted(clauses_of(pack, customer.as_of), key=lambda clause: clause.rank)
        self.setting: dict[FactKey, list[Clause]] = defaultdict(list)
        self.rows_of: dict[str, list[Clause]] = defaultdict(list)
        for clause in self.clauses:  # the best first
            self.rows_of[clause.rival].append(clause)
            for key in clause.sets:
                self.setting[key].append(clause)
        self.aggregates = {
            table.outputs[0]: table
            for table in pack.tables
            if table.collect not in (None, Collect.LIST) and exists(table, customer.as_of)
        }
        self._found: dict[tuple[FactKey, str], Found | None] = {}

    def found(self, key: FactKey, row: Row | None) -> Found:
        """Return what holds about a fact of the customer or of the row."""
        place = (key, key_of(row) if key.scope else "")
        if place not in self._found:
            self._found[place] = None
            self._found[place] = self._find(self.pack.vocabulary.facts[key], row if key.scope else None)
        found = self._found[place]
        if found is None:
            raise CycleError(str(key))
        return found

    def _lookup(self, key: FactKey, row: Row | None) -> tuple[Value | None, bool]:
        found = self.found(key, row)
        return found.value, found.is_provisional

    def _find(self, fact: Fact, row: Row | None) -> Found:
        if fact.key in self.scorecards.choosers:
            found = self.scorecards.found(fact)
        elif fact.key in self.aggregates:
            found = self._aggregated(fact, self.aggregates[fact.key], row)
        elif fact.type is Type.SET:
            found = self._collected(fact.key)
        else:
            found = self._won(fact, row)
        return Found(_in_scale(fact, found.value), found.rules, found.unknown)

    def _without_rules(self, fact: Fact, row: Row | None) -> Found:
        """Return what holds if no rule fires: the measured value, the default, the fallback's value, or nothing."""
        measured = (row.facts if row else self.customer.facts).get(fact.name)
        if measured is not None and not fact.is_derived:
            return Found(measured)
        if fact.default is not None:
            return Found(fact.default)
        if fact.falls_back_to:
            return self.found(FactKey(fact.scope, fact.falls_back_to), row)
        return Found(None)

    def _won(self, fact: Fact, row: Row | None) -> Found:
        """Resolve a single-valued fact: the best fired clause, or else what holds without any."""
        setting = self.setting.get(fact.key, [])
        fired = [clause for clause in setting if self.fires(clause, row)]
        settled = [clause for clause in setting if self.is_settled(clause, row, fires=True)]
        base = self._without_rules(fact, row)
        surely = Found(settled[0].sets[fact.key]) if settled else base
        hanging = [
            clause
            for clause in setting
            if self.is_open(clause, row)
            and (not settled or clause.rank < settled[0].rank)
            and clause.sets[fact.key] != surely.value
        ]
        value = fired[0].sets[fact.key] if fired else base.value
        return self.hanging(value, hanging, row).also(surely)

    def _collected(self, key: FactKey) -> Found:
        """Resolve a set: all members that fired clauses add."""
        adding = [(clause, row) for clause in self.clauses if key in clause.adds for row in self.places(clause.each)]
        settled = [clause for clause, row in adding if self.is_settled(clause, row, fires=True)]
        fired = [clause for clause, row in adding if self.fires(clause, row)]
        surely = _union(clause.adds[key] for clause in settled)
        found = Found(_union(clause.adds[key] for clause in fired))
        for clause, row in adding:
            if self.is_open(clause, row) and not clause.adds[key] <= surely:
                found = found.also(self.hanging(None, [clause], row))
        return found

    def _aggregated(self, fact: Fact, table: Table, row: Row | None) -> Found:
        """Resolve the output of a table that collects a sum, minimum, maximum or count."""
        rows = self.rows_of[table.id]
        fired = [clause for clause in rows if self.fires(clause, row)]
        settled = [clause for clause in rows if self.is_settled(clause, row, fires=True)]
        opened = [clause for clause in rows if self.is_open(clause, row)]
        base = self._without_rules(fact, row)
        value = _aggregate(table, fired) if fired else base.value
        if not settled or table.collect is Collect.COUNT:
            can_change = bool(opened)
        elif table.collect is Collect.SUM:
            can_change = any(clause.sets[fact.key] != 0 for clause in opened)
        else:
            can_change = _aggregate(table, settled) != _aggregate(table, settled + opened)
        found = self.hanging(value, opened if can_change else [], row)
        return found if settled else found.also(base)

    def hanging(self, value: Value | None, clauses: list[Clause], row: Row | None) -> Found:
        """Return a finding that hangs on clauses and on what is unknown in them."""
        if not clauses:
            return Found(value)
        unknown = _union(self.conditions.unknown(clause.when, row) for clause in clauses)
        return Found(value, frozenset(clause.id for clause in clauses), unknown)

    # --- clauses -----------------------------------------------------------------------------------------

    def fires(self, clause: Clause, row: Row | None) -> bool:
        """Whether the condition is true."""
        return self.conditions.truth(clause.when, row, False) is True

    def is_settled(self, clause: Clause, row: Row | None, *, fires: bool) -> bool:
        """Whether it surely fires, or surely does not."""
        return self.conditions.truth(clause.when, row, True) is fires

    def is_open(self, clause: Clause, row: Row | None) -> bool:
        """Whether it might fire or not."""
        return self.conditions.truth(clause.when, row, True) is None

    def places(self, collection: str | None) -> tuple[Row | None, ...]:
        """Return the rows of a collection, or the customer itself (None)."""
        return self.customer.rows.get(collection, ()) if collection else (None,)


def key_of(row: Row | None) -> str:
    """Return a row's key; empty for the customer."""
    return row.key if row else ""


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(chain.from_iterable(sets))


def _in_scale(fact: Fact, value: Any) -> Any:
    return value.quantize(Decimal(1).scaleb(-fact.scale)) if isinstance(value, Decimal) else value


def _aggregate(table: Table, hits: list[Clause]) -> Any:
    values: list[Any] = [hit.sets[table.outputs[0]] for hit in hits if hit.sets]
    match table.collect:
        case Collect.COUNT:
            return len(hits)
        case Collect.SUM:
            return sum(values[1:], values[0])
        case Collect.MIN:
            return min(values)
        case _:
            return max(values)
