"""One customer, and each of its rows, in a session: what is known there, and what has been concluded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.program import EPOCH, Code, Program, Selection, Single, SumAtLeast, encode, leaf_facts
from engine.snapshot import CustomerFacts, Recorded
from engine.vocabulary import BEGINNING, Fact, FactKey, Value

Truth = bool | None


@dataclass(slots=True, eq=False)
class Place:
    """A customer (`scope` None) or a row of a collection, with codes of what is known and has been concluded.

    `fired` holds rules' indices, `rendered` properties for the matcher; `surely` remembers the truth of rules'
    conditions where tests on provisional facts are unknown.
    """

    scope: str | None
    key: str
    codes: dict[FactKey, Code]
    all: Places
    sets: dict[FactKey, frozenset[int]] = field(default_factory=dict)
    provisional: set[FactKey] = field(default_factory=set)
    fired: set[int] = field(default_factory=set)
    rendered: dict[str, str] = field(default_factory=dict)
    surely: dict[int, Truth] = field(default_factory=dict)

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
        self.customer = Place(None, "", reader.codes(None, customer.facts), self)
        self.rows = {
            name: [Place(name, row.key, reader.codes(name, row.facts), self) for row in rows]
            for name, rows in customer.rows.items()
        }
        self.counted: dict[tuple[int, bool], Truth] = {}
        self._recorded = customer.recorded

    def __iter__(self) -> Iterator[Place]:
        yield self.customer
        for rows in self.rows.values():
            yield from rows

    def of(self, scope: str | None) -> list[Place]:
        """Return the customer, or the rows of a collection."""
        return [self.customer] if scope is None else self.rows.get(scope, [])

    def is_covered(self, collection: str, window: int | None) -> bool:
        """Whether a collection was recorded over the `window` days up to as-of (None: since the beginning)."""
        recorded: Recorded | None = self._recorded.get(collection)
        if recorded is None:
            return False
        start, end = recorded
        began = start == BEGINNING if window is None else (start - EPOCH).days <= self.today - window
        return began and (end is None or (end - EPOCH).days >= self.today)


class Reader:
    """Read facts into codes; those that the program never looks at are left out."""

    def __init__(self, program: Program) -> None:
        vocabulary = self._vocabulary = program.vocabulary
        self._facts: dict[str | None, dict[str, tuple[Fact, FactKey, Mapping[str, int]]]] = {}
        for key in _facts_read(program):
            fact = program.fact(key)
            codes = vocabulary.enum_of(fact).codes if fact.enum else {}
            self._facts.setdefault(key.scope, {})[key.name] = fact, key, codes

    def codes(self, scope: str | None, values: Mapping[str, Value]) -> dict[FactKey, Code]:
        """Return the codes of a place's facts.

        Raises:
            ValueError: if a value is not one of its fact's type or enum.
        """
        facts = self._facts.get(scope, {})
        found: dict[FactKey, Code] = {}
        for name in values.keys() & facts.keys():
            fact, key, codes = facts[name]
            value = values[name]
            code = codes.get(value) if isinstance(value, str) else None
            found[key] = encode(self._vocabulary, fact, value) if code is None else code
        return found


def _facts_read(program: Program) -> Iterator[FactKey]:
    yield program.stage
    for leaf in program.leaves:
        yield from leaf_facts(leaf)
        if isinstance(leaf, SumAtLeast):
            yield leaf.of
    for resolution in (one for stratum in program.strata for one in stratum.resolutions):
        yield resolution.fact
        if isinstance(resolution, Single) and resolution.fallback:
            yield resolution.fallback
        if isinstance(resolution, Selection):
            yield from (item.fact for form in resolution.candidates for item in form.points if item.fact)
