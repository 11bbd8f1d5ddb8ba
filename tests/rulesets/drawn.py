"""Customers drawn at random to try a shipped pack: its cases, mixed and altered, and customers out of nothing.

The cases know every rule, so that the drawn customers come close to all of them; constraints of the catalogue are not
respected, so that they also contradict themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from random import Random

from engine.cases import Case
from engine.model import Pack
from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import BEGINNING, Fact, Type, Value

AS_OF = date(2024, 6, 30)
_DAYS = (-81_000, -4000, -400, -365, -180, -91, -90, -31, -30, -29, -8, -7, -1, 0, 1, 30, 4000, 64_000)
_ROW_KEYS = ("1", "2", "3")


class Drawing:
    """Draws customers that speak a pack's vocabulary."""

    def __init__(self, pack: Pack, cases: Sequence[Case], rng: Random) -> None:
        self._pack = pack
        self._cases = cases
        self._rng = rng

    def customers(self, number: int) -> list[CustomerFacts]:
        """Return so many customers, all as of one day."""
        return [self._customer(f"C{index}") for index in range(number)]

    def _customer(self, name: str) -> CustomerFacts:
        rng = self._rng
        if rng.random() < 0.2:
            return self._out_of_nothing(name)
        first, second = (case.facts for case in rng.sample(self._cases, 2))
        mixed = rng.random() < 0.5
        facts = {**(second.facts if mixed else {}), **first.facts}
        rows = {**(second.rows if mixed else {}), **first.rows}
        recorded = {**(second.recorded if mixed else {}), **first.recorded}
        for fact in rng.sample(self._stored[None], rng.choice((0, 1, 2, 5, 30))):
            facts[fact.name] = self._value(fact)
        for gone in rng.sample(sorted(facts), min(len(facts), rng.choice((0, 0, 1)))):
            del facts[gone]
        if rng.random() < 0.4:
            facts["stage"] = rng.choice(self._pack.vocabulary.enums["stage"].members)
        for collection in rng.sample(sorted(self._pack.vocabulary.collections), rng.choice((0, 0, 1, 3))):
            rows[collection] = self._rows(collection, gaps=rng.choice((0.0, 0.3)))
            recorded[collection] = self._recorded()
        return CustomerFacts(name, AS_OF, facts, {key: found for key, found in rows.items() if found}, recorded)

    def _out_of_nothing(self, name: str) -> CustomerFacts:
        gaps = self._rng.choice((0.0, 0.2, 0.6, 0.95))
        collections = self._pack.vocabulary.collections
        rows = {collection: self._rows(collection, gaps) for collection in collections}
        return CustomerFacts(
            name,
            AS_OF,
            self._known(None, gaps),
            {collection: found for collection, found in rows.items() if found},
            {collection: self._recorded() for collection in collections if self._rng.random() < 0.8},
        )

    def _rows(self, collection: str, gaps: float) -> tuple[Row, ...]:
        keys = self._rng.sample(_ROW_KEYS, self._rng.choice((0, 1, 1, 2, 3)))
        return tuple(Row(key, self._known(collection, gaps)) for key in keys)

    def _known(self, scope: str | None, gaps: float) -> dict[str, Value]:
        return {fact.name: self._value(fact) for fact in self._stored[scope] if self._rng.random() >= gaps}

    def _value(self, fact: Fact) -> Value:
        return self._rng.choice(self._options[fact.scope, fact.name])

    def _recorded(self) -> Recorded:
        start = self._rng.choice((BEGINNING, BEGINNING, AS_OF - timedelta(90), AS_OF - timedelta(20), AS_OF))
        return start, self._rng.choice((None, None, AS_OF - timedelta(1)))

    @cached_property
    def _stored(self) -> Mapping[str | None, Sequence[Fact]]:
        vocabulary = self._pack.vocabulary
        scopes = (None, *vocabulary.collections)
        return {scope: [fact for fact in vocabulary.in_scope(scope) if not fact.is_derived] for scope in scopes}

    @cached_property
    def _options(self) -> Mapping[tuple[str | None, str], Sequence[Value]]:
        facts = [fact for stored in self._stored.values() for fact in stored]
        return {(fact.scope, fact.name): self._values(fact) for fact in facts}

    def _values(self, fact: Fact) -> Sequence[Value]:
        """Return a fact's members, or what lies at and beside the thresholds of the pack."""
        if fact.enum:
            return self._pack.vocabulary.enum_of(fact).members
        if fact.type is Type.FLAG:
            return (True, False)
        if fact.type is Type.DATE:
            return [AS_OF + timedelta(days) for days in _DAYS]
        if fact.type is Type.TEXT:
            return self._pack.vocabulary.enums[fact.names].members if fact.names is not None else _ROW_KEYS
        low, high = fact.limits
        near = {Decimal(number + beside) for number in self._thresholds for beside in (-1, 0, 1)}
        inside = [low, *sorted(it for it in near if low <= it <= high), high]
        step = Decimal(1).scaleb(-fact.scale)
        return [it.quantize(step) if fact.type is Type.NUMBER else int(it) for it in inside]

    @cached_property
    def _thresholds(self) -> frozenset[int]:
        numbers = {
            int(value)
            for parameter in self._pack.parameters.values()
            for value in parameter.values
            if isinstance(value, int | Decimal) and not isinstance(value, bool)
        }
        return frozenset(numbers | {0, 2, 12, 100, 1000})
