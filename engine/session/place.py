"""One customer, and each of its rows, in a session: what is known there, and what has been concluded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.program import (
    EPOCH,
    Code,
    CountAtLeast,
    Program,
    Selection,
    Single,
    SumAtLeast,
    cond_leaves,
    encode,
    leaf_facts,
)
from engine.session.matcher import render
from engine.snapshot import CustomerFacts, Recorded
from engine.vocabulary import BEGINNING, Fact, FactKey, Value

Truth = bool | None


@dataclass(slots=True, eq=False)
class Place:
    """A customer (`scope` None) or a row of a collection, with codes of what is known and has been concluded.

    `rendered` holds properties for the matcher. `fired`, `open` and `doubtful` hold rules' indices; doubtful are those
    that read a missing or provisional fact of this place, or count rows: all others are settled.
    """

    scope: str | None
    key: str
    all: Places
    codes: dict[FactKey, Code] = field(default_factory=dict)
    sets: dict[FactKey, frozenset[int]] = field(default_factory=dict)
    provisional: set[FactKey] = field(default_factory=set)
    rendered: dict[str, str] = field(default_factory=dict)
    fired: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)

    def holder(self, fact: FactKey) -> Place:
        """Return where a fact that is read here stands: here, or at the customer."""
        return self if self.scope == fact.scope else self.all.customer

    def is_open(self, fact: FactKey) -> bool:
        """Whether a fact that is read here is missing or provisional."""
        place = self.holder(fact)
        return fact in place.provisional or (fact not in place.codes and fact not in place.sets)


class Places:
    """A customer and its rows. `counted` remembers quantified tests, nominal and cautious ones apart."""

    def __init__(self, reader: Reader, customer: CustomerFacts) -> None:
        self.as_of = customer.as_of
        self.today = (customer.as_of - EPOCH).days
        self.customer = Place(None, "", self)
        self._of: dict[str | None, list[Place]] = {None: [self.customer]}
        self.counted: dict[tuple[int, bool], Truth] = {}
        self._recorded = customer.recorded
        self._scopes = reader.scopes
        reader.read(self.customer, customer.facts)
        for name, rows in customer.rows.items():
            if name in reader.collections:
                places = self._of[name] = [Place(name, row.key, self) for row in rows]
                for place, row in zip(places, rows, strict=True):
                    reader.read(place, row.facts)

    def __iter__(self) -> Iterator[Place]:
        """Yield the customer, and the rows of which rules conclude something."""
        for scope in self._scopes:
            yield from self._of.get(scope, ())

    def of(self, scope: str | None) -> list[Place]:
        """Return the customer, or the rows of a collection."""
        return self._of.get(scope, [])

    def is_covered(self, collection: str, window: int | None) -> bool:
        """Whether a collection was recorded over the `window` days up to as-of (None: since the beginning)."""
        recorded: Recorded | None = self._recorded.get(collection)
        if recorded is None:
            return False
        start, end = recorded
        began = start == BEGINNING if window is None else (start - EPOCH).days <= self.today - window
        return began and (end is None or (end - EPOCH).days >= self.today)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a fact that the program looks at is read: `codes` of its members, `property` in the matcher, if any."""

    fact: Fact
    key: FactKey
    codes: Mapping[str, int]
    property: str | None


class Reader:
    """Read facts into codes; facts and `collections` that the program never looks at are left out.

    `scopes` are those in which something is concluded.
    """

    def __init__(self, program: Program, properties: Mapping[FactKey, str]) -> None:
        vocabulary = self._vocabulary = program.vocabulary
        resolved = {resolution.fact for resolution in program.resolutions}
        self._properties = properties
        self._readers, self._counting = _readers(program)
        self.scopes = dict.fromkeys([None, *(rule.scope for rule in program.rules), *(fact.scope for fact in resolved)])
        self.collections = {*self.scopes} | {
            leaf.collection for leaf in program.leaves if isinstance(leaf, CountAtLeast | SumAtLeast)
        }
        self._facts: dict[str | None, dict[str, _Reading]] = {}
        self._given: dict[str | None, set[FactKey]] = {}
        for key in _facts_read(program):
            fact = program.fact(key)
            codes = vocabulary.enum_of(fact).codes if fact.enum else {}
            self._facts.setdefault(key.scope, {})[key.name] = _Reading(fact, key, codes, properties.get(key))
            if key in self._readers and key not in resolved:
                self._given.setdefault(key.scope, set()).add(key)

    def read(self, place: Place, values: Mapping[str, Value]) -> None:
        """Note what is known at a place, and which rules are in doubt because something is missing.

        Raises:
            ValueError: if a value is not one of its fact's type or enum.
        """
        facts = self._facts.get(place.scope, {})
        for name, value in values.items():
            reading = facts.get(name)
            if reading is None:
                continue
            code: Code | None = reading.codes.get(value) if isinstance(value, str) else None
            if code is None:
                code = encode(self._vocabulary, reading.fact, value)
            place.codes[reading.key] = code
            if reading.property is not None and isinstance(code, int):
                place.rendered[reading.property] = render(reading.property, code)
        for key in self._given.get(place.scope, set()).difference(place.codes):
            place.doubtful |= self._readers[key]
        if place.scope is None:
            place.doubtful |= self._counting

    def note(self, fact: FactKey, place: Place) -> None:
        """Note what a resolved fact of a place means for the rules that read it."""
        property_, code = self._properties.get(fact), place.codes.get(fact)
        if property_ is not None and isinstance(code, int):
            place.rendered[property_] = render(property_, code)
        if place.is_open(fact):
            place.doubtful |= self._readers.get(fact, set())


def _readers(program: Program) -> tuple[dict[FactKey, set[int]], set[int]]:
    """Return the rules that read each fact, and those that count rows."""
    readers: dict[FactKey, set[int]] = {}
    counting = set()
    for rule in program.rules:
        for leaf in map(program.leaves.__getitem__, cond_leaves(rule.when)):
            if isinstance(leaf, CountAtLeast | SumAtLeast):
                counting.add(rule.index)
            for fact in leaf_facts(leaf):
                readers.setdefault(fact, set()).add(rule.index)
    return readers, counting


def _facts_read(program: Program) -> Iterator[FactKey]:
    yield program.stage
    for leaf in program.leaves:
        yield from leaf_facts(leaf)
        if isinstance(leaf, SumAtLeast):
            yield leaf.of
    for resolution in program.resolutions:
        yield resolution.fact
        if isinstance(resolution, Single) and resolution.fallback:
            yield resolution.fallback
        if isinstance(resolution, Selection):
            yield from (item.fact for form in resolution.candidates for item in form.points if item.fact)
