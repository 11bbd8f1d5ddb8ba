"""A customer of whom nothing is settled: a variable for every fact, row and coverage that is asked for.

A solution is turned back into a concrete customer, so that every answer can be tried out in session and plan.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import z3

from engine.program import EPOCH, Program, decode
from engine.prove.terms import MISSING, Coded, Number, Term, Value, Whole, both, compared, no, some
from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import BEGINNING, MAX_SCALED, Fact, FactKey, Type
from engine.vocabulary import Value as Plain

EARLIEST = (BEGINNING - EPOCH).days
SPAN = 20_000
"""Dates of facts lie within so many days before and after as-of: half a century."""
FIRST_DAY, LAST_DAY = ((date(year, 1, 1) - EPOCH).days for year in (2000, 2100))
"""Decisions are as of some day between."""

Spot = tuple[FactKey, int | None]
"""A fact of the customer (None), or of the row with this place in its collection."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """From when to when a collection was recorded, in days since 1970-01-01; `open_end`: it still is."""

    known: Term
    start: Number
    open_end: Term
    end: Number


class Customer(Protocol):
    """What an encoding asks of a customer."""

    today: Number

    def value(self, key: FactKey, row: int | None) -> Value:
        """Return a stored fact's value."""

    def size(self, collection: str) -> int:
        """Return the largest number of rows."""

    def present(self, collection: str, row: int) -> Term:
        """Return whether there is a row at this place."""

    def coverage(self, collection: str) -> Coverage:
        """Return from when to when a collection was recorded."""

    def word(self, text: str) -> int:
        """Return the code of a text."""


class AnyCustomer:
    """Every possible customer within the catalogue's constraints, with up to `rows` rows in a collection.

    `constraints` grows with the facts that are asked for.
    """

    def __init__(self, program: Program, rows: Mapping[str, int]) -> None:
        self.today = z3.Int("today")
        self.constraints: list[Term] = [self.today >= FIRST_DAY, self.today <= LAST_DAY]
        self._vocabulary = program.vocabulary
        self._rows = rows
        self._values: dict[Spot, Value] = {}
        self._present: dict[tuple[str, int], Term] = {}
        self._coverage: dict[str, Coverage] = {}
        self._words: dict[str, int] = {}

    # --- what an encoding asks for ---

    def value(self, key: FactKey, row: int | None) -> Value:
        """Return a stored fact's value, a variable made when first asked for."""
        found = self._values.get((key, row))
        if found is None:
            found = self._values[key, row] = self._fresh(key, "" if row is None else f"[{row}]")
            self._relate(key, found)
        return found

    def another(self, key: FactKey, mark: str) -> Value:
        """Return a second variable for a fact of the customer, to be put in the place of the first by `Changed`."""
        found = self._fresh(key, mark)
        self._relate(key, found)
        return found

    def _fresh(self, key: FactKey, mark: str) -> Value:
        fact = self._vocabulary.facts[key]
        name = f"{key}{mark}"
        if fact.type is Type.SET:
            return MISSING
        if fact.type is Type.FLAG or fact.enum:
            codes = range(2) if fact.type is Type.FLAG else range(len(self._vocabulary.enum_of(fact).members))
            coded = Coded({code: z3.Bool(f"{name}={code}") for code in codes})
            self.constraints.append(z3.AtMost(*coded.codes.values(), 1))
            return coded
        for member in self._vocabulary.enums[fact.names].members if fact.names is not None else ():
            self.word(member)  # the first codes are theirs, and such a solution names what a case may give
        whole = Whole(z3.Bool(f"{name}?"), z3.Int(name))
        low, high = self._range(fact)
        self.constraints.append(z3.And(whole.code >= low, whole.code <= high))
        return whole

    def size(self, collection: str) -> int:
        """Return the largest number of rows looked at."""
        return self._rows.get(collection, 0)

    def present(self, collection: str, row: int) -> Term:
        """Return whether there is a row at this place; rows fill the first places."""
        found = self._present.get((collection, row))
        if found is None:
            found = self._present[collection, row] = z3.Bool(f"{collection}[{row}]")
            if row:
                self.constraints.append(z3.Implies(found, self.present(collection, row - 1)))
        return found

    def coverage(self, collection: str) -> Coverage:
        """Return from when to when a collection was recorded."""
        found = self._coverage.get(collection)
        if found is None:
            name = f"{collection}.recorded"
            found = Coverage(
                z3.Bool(f"{name}?"), z3.Int(f"{name}_from"), z3.Bool(f"{name}_still"), z3.Int(f"{name}_to")
            )
            self._coverage[collection] = found
            low, high = self.today - SPAN, self.today + SPAN
            self.constraints += [
                z3.Or(found.start == EARLIEST, z3.And(found.start >= low, found.start <= high)),
                z3.And(found.end >= low, found.end <= high),
                z3.Or(found.open_end, found.start <= found.end),
            ]
        return found

    def word(self, text: str) -> int:
        """Return the code of a text."""
        return self._words.setdefault(text, len(self._words))

    def _range(self, fact: Fact) -> tuple[Number, Number]:
        if fact.type is Type.DATE:
            return self.today - SPAN, self.today + SPAN
        if fact.type is Type.TEXT:
            return 0, MAX_SCALED
        least = -MAX_SCALED if fact.least is None else int(fact.least.scaleb(fact.scale))
        most = MAX_SCALED if fact.most is None else int(fact.most.scaleb(fact.scale))
        return least, most

    def _relate(self, key: FactKey, value: Value) -> None:
        """Let the catalogue's constraints hold between a fact and the others."""
        for one in self._vocabulary.constraints if key.scope is None else ():
            if key.name in (one.lower, one.upper):
                keys = [FactKey(None, name) for name in (one.lower, one.upper)]
                lower, upper = (value if other == key else self.value(other, None) for other in keys)
                low, high = (self._vocabulary.facts[other].scale for other in keys)
                ordered = compared(lower, upper, operator.le, 10 ** max(0, high - low), 10 ** max(0, low - high))
                self.constraints.append(some(no(lower.known), no(upper.known), ordered))

    # --- back to a concrete customer ---

    def absences(self, model: Any) -> list[Term]:
        """Return, for everything that a solution knows of the customer, that it is missing: rows and coverage too."""
        rows = [no(term) for _, term in sorted(self._present.items(), reverse=True) if holds(model, term)]
        coverage = [no(one.known) for one in self._coverage.values() if holds(model, one.known)]
        values = [no(value.known) for value in self._values.values() if holds(model, value.known)]
        return rows + coverage + values

    def witness(self, model: Any, name: str) -> CustomerFacts:
        """Return the customer that a solution describes; facts that were never asked for are missing."""
        facts = self._facts(model, None, None)
        rows: dict[str, list[Row]] = defaultdict(list)
        for (collection, row), present in sorted(self._present.items()):
            if holds(model, present):
                rows[collection].append(Row(str(row + 1), self._facts(model, collection, row)))
        recorded = {
            collection: self._recorded(model, coverage)
            for collection, coverage in sorted(self._coverage.items())
            if holds(model, coverage.known)
        }
        found = {collection: tuple(own) for collection, own in rows.items()}
        return CustomerFacts(name, _day(number(model, self.today)), facts, found, recorded)

    def _facts(self, model: Any, scope: str | None, row: int | None) -> dict[str, Plain]:
        own = {key: value for (key, place), value in self._values.items() if (key.scope, place) == (scope, row)}
        return self._known(model, own)

    def changed(self, model: Any, base: CustomerFacts, mark: str, changed: Mapping[FactKey, Value]) -> CustomerFacts:
        """Return a customer that is another one but for some facts, under its name with a mark."""
        rest = {name: value for name, value in base.facts.items() if FactKey(None, name) not in changed}
        return replace(base, customer=f"{base.customer}-{mark}", facts=rest | self._known(model, changed))

    def _known(self, model: Any, values: Mapping[FactKey, Value]) -> dict[str, Plain]:
        found = {key: self.plain_of(model, key, value) for key, value in values.items()}
        return {key.name: value for key, value in found.items() if value is not None}

    def plain_of(self, model: Any, key: FactKey, value: Value) -> Plain | None:
        """Return the plain value that a solution gives a fact, or None for a missing one."""
        code = self.code_of(model, value)
        return None if code is None else self.plain(key, code)

    def code_of(self, model: Any, value: Value) -> int | None:
        """Return the code that a solution gives a value, or None for a missing one."""
        if isinstance(value, Whole):
            return number(model, value.code) if holds(model, value.known) else None
        return next((code for code, is_so in value.codes.items() if holds(model, is_so)), None)

    def plain(self, key: FactKey, code: int) -> Plain:
        """Return the plain value of a code."""
        fact = self._vocabulary.facts[key]
        if fact.type is Type.TEXT:
            return next((word for word, place in self._words.items() if place == code), f"text {code}")
        return decode(self._vocabulary, fact, code)

    @staticmethod
    def _recorded(model: Any, coverage: Coverage) -> Recorded:
        start = number(model, coverage.start)
        end = None if holds(model, coverage.open_end) else _day(number(model, coverage.end))
        return (BEGINNING if start == EARLIEST else _day(start)), end


class Changed:
    """A customer that is another one but for some facts that are not those of rows."""

    def __init__(self, base: Customer, changed: Mapping[FactKey, Value]) -> None:
        self._base = base
        self._changed = changed
        self.today, self.size, self.present = base.today, base.size, base.present
        self.coverage, self.word = base.coverage, base.word

    def value(self, key: FactKey, row: int | None) -> Value:
        """Return a fact's value: its own, or that of the other customer."""
        found = self._changed.get(key)
        return self._base.value(key, row) if found is None else found


def covers(coverage: Coverage, today: Number, window: int | None) -> Term:
    """Return whether a collection was recorded over the `window` days up to today (None: since the beginning)."""
    first = EARLIEST if window is None else today - window
    return both(coverage.known, coverage.start <= first, some(coverage.open_end, coverage.end >= today))


def holds(model: Any, term: Term) -> bool:
    """Return whether a term holds in a solution."""
    return term if isinstance(term, bool) else z3.is_true(model.eval(term, model_completion=True))


def number(model: Any, term: Number) -> int:
    """Return a number in a solution."""
    return term if isinstance(term, int) else int(model.eval(term, model_completion=True).as_long())


def _day(days: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + days)
