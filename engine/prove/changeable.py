"""A customer as it is, in which only what somebody can change is open: facts, records that can be added, and time.

Who can change a fact, in which direction and at what cost is declared in the catalogue. The past stays: a fact that
nobody can change keeps its value. Waiting moves the day of the decision, and makes those facts grow that time alone
makes grow.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import z3

from engine.program import EPOCH, Program, decode, encode
from engine.prove.customer import EARLIEST, SPAN, Coverage, Spot, holds, number
from engine.prove.terms import MISSING, Coded, Number, Term, Value, Whole, both, choose, compared, no, some
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import BEGINNING, MAX_SCALED, Change, Changer, Fact, FactKey, Origin, Type
from engine.vocabulary import Value as Plain

LONGEST_WAIT = 730
"""So many days of waiting are looked at."""
LOW = 1
"""The cost of waiting for a month, and of completing the records of a collection."""
MONTH = 30
NEVER = 1_000
"""What it costs to change what nobody can change, where that is looked at."""
REMEMBERED = 10 * NEVER
"""And what this system itself remembers: as an obstacle, the stage says least."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """A change: a fact, of the customer or of a row; a row that is added; a collection whose records are completed.

    `before` and `after` are a fact's values (None: not known). A row added has its facts in `row_facts`. Without `fact`
    and `row`, it is the records of the collection `scope`.
    """

    scope: str | None
    fact: str
    row: str
    by: Changer
    cost: int
    before: Plain | None = None
    after: Plain | None = None
    row_facts: Mapping[str, Plain] | None = None


Costs = tuple[tuple[Term, int], ...]
"""Terms of which at most one holds, each with what it costs that it does."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A part of the customer that can become otherwise: the term for it having done so, and what that costs."""

    changed: Term
    costs: Costs
    by: Changer = Changer.US


class ChangeableCustomer:
    """One customer of whom everything is settled but what somebody can change.

    `constraints` grows with the facts that are asked for. With `also_past`, what nobody can change is open too, and
    only that counts: to find out what stands in the way, whatever else somebody would have to do.
    """

    def __init__(self, program: Program, facts: CustomerFacts, also_past: bool = False) -> None:
        self.wait = z3.Int("wait")
        self.today = (facts.as_of - EPOCH).days + self.wait
        self.constraints: list[Term] = [self.wait >= 0, self.wait <= LONGEST_WAIT]
        self._facts = facts
        self._also_past = also_past
        self._vocabulary = program.vocabulary
        self._values: dict[Spot, Value] = {}
        self._coverage: dict[str, Coverage] = {}
        self._changes: dict[Spot, _Open] = {}
        self._added: dict[str, _Open] = {}
        self._completed: dict[str, _Open] = {}
        self._found: dict[str, list[Costs]] = defaultdict(list)  # what it costs that an added row says so much
        self._words: dict[str, int] = {}

    # --- what an encoding asks for ---

    def value(self, key: FactKey, row: int | None) -> Value:
        """Return a stored fact's value: settled, or a variable if somebody can change it."""
        found = self._values.get((key, row))
        if found is None:
            found = self._values[key, row] = self._made((key, row))
            self._relate(key)
        return found

    def size(self, collection: str) -> int:
        """Return the number of rows, with the one that can be added."""
        can_grow = self._who(self._vocabulary.collections[collection].change) is not None
        return len(self._rows(collection)) + can_grow

    def present(self, collection: str, row: int) -> Term:
        """Return whether there is a row at this place: the last one only if it is added."""
        if row < len(self._rows(collection)):
            return True
        found = self._added.get(collection)
        if found is None:
            change = self._who(self._vocabulary.collections[collection].change) or Change()
            added = z3.Bool(f"{collection}+")
            found = self._added[collection] = _Open(added, ((added, change.cost),), change.by)
        return found.changed

    def coverage(self, collection: str) -> Coverage:
        """Return from when to when a collection was recorded, or that its records are completed."""
        found = self._coverage.get(collection)
        if found is None:
            found = self._coverage[collection] = self._recorded(collection)
        return found

    def word(self, text: str) -> int:
        """Return the code of a text."""
        return self._words.setdefault(text, len(self._words))

    # --- what is settled, and what is open ---

    def _rows(self, collection: str) -> tuple[Row, ...]:
        return self._facts.rows.get(collection, ())

    def _stored(self, spot: Spot) -> Plain | None:
        key, row = spot
        if row is None:
            return self._facts.facts.get(key.name)
        rows = self._rows(key.scope or "")
        return rows[row].facts.get(key.name) if row < len(rows) else None

    def _code(self, spot: Spot) -> int | None:
        """Return the code of a fact's recorded value."""
        value = self._stored(spot)
        if value is None:
            return None
        code = encode(self._vocabulary, self._vocabulary.facts[spot[0]], value)
        return self.word(code) if isinstance(code, str) else code

    def _made(self, spot: Spot) -> Value:
        key, row = spot
        fact, code = self._vocabulary.facts[key], self._code(spot)
        if self._is_added(key, row):
            return self._of_added_row(fact, row)
        if _is_times(fact) and not self._also_past:
            return _settled(fact, self._by_now(fact, code))
        change = self._who(fact.change)
        if change is not None and change.by is Changer.NOBODY and fact.origin is Origin.REMEMBERED:
            change = replace(change, cost=REMEMBERED)
        return _settled(fact, code) if change is None or fact.type is Type.TEXT else self._changing(spot, change, code)

    def _by_now(self, fact: Fact, code: Number | None) -> Number | None:
        """Return what becomes of a fact by waiting alone."""
        return code + self.wait if code is not None and fact.scope is None and _grows(fact) else code

    def _who(self, change: Change) -> Change | None:
        """Return who can change something, how and at what cost, or None if nobody can."""
        if change.by in (Changer.US, Changer.CUSTOMER, Changer.JUDGED):
            return change
        return Change(Changer.NOBODY, "any", NEVER) if self._also_past else None

    def _changing(self, spot: Spot, change: Change, code: int | None) -> Value:
        fact, name = self._vocabulary.facts[spot[0]], _name(spot)
        low, high = _range(fact, self.today)
        code = self._by_now(fact, code)
        low = code if code is not None and change.direction == "up" else low
        high = code if code is not None and change.direction == "down" else high
        if not _is_coded(fact):
            whole = Whole(True if code is not None else z3.Bool(f"{name}?"), z3.Int(name))
            self.constraints.append(z3.And(whole.code >= low, whole.code <= high))
            if code is not None and fact.change.grows and not self._also_past:  # ended on some day from now on
                self.constraints.append(z3.Or(whole.code == code, whole.code <= self.wait))
            changed = whole.known if code is None else whole.code != code
            self._changes[spot] = _Open(changed, ((changed, change.cost),), change.by)
            return whole
        possible = [one for one in self._codes(fact) if low <= one <= high]
        coded = Coded({one: z3.Bool(f"{name}={one}") for one in possible})
        self.constraints.append(z3.AtMost(*coded.codes.values(), 1))
        if code is not None:
            self.constraints.append(coded.known)
        before = -1 if code is None else code
        costs = tuple(
            (is_so, change.cost * (abs(one - before) if fact.type is Type.LEVEL else 1))
            for one, is_so in coded.codes.items()
            if one != code
        )
        self._changes[spot] = _Open(some(*(is_so for is_so, _ in costs)), costs, change.by)
        return coded

    def _of_added_row(self, fact: Fact, row: int | None) -> Value:
        """Return a fact of a row that is added: what it says is free, its dates are the day of the decision."""
        name = _name((fact.key, row))
        if fact.type is Type.DATE:
            return Whole(z3.Bool(f"{name}?"), self.today)
        if not _is_coded(fact):
            return _settled(fact, None)
        coded = Coded({one: z3.Bool(f"{name}={one}") for one in self._codes(fact)})
        self.constraints.append(z3.AtMost(*coded.codes.values(), 1))
        if fact.type is Type.LEVEL and fact.change.by is not Changer.NOBODY:  # to find a need is not to have met it
            self._found[fact.scope or ""].append(
                tuple((is_so, one * fact.change.cost) for one, is_so in coded.codes.items() if one)
            )
        return coded

    def _codes(self, fact: Fact) -> range:
        return range(2 if fact.type is Type.FLAG else len(self._vocabulary.enum_of(fact).members))

    def _recorded(self, collection: str) -> Coverage:
        recorded = self._facts.recorded.get(collection)
        begin, end = recorded or (BEGINNING, None)
        start = EARLIEST if begin == BEGINNING else (begin - EPOCH).days
        if recorded and start == EARLIEST and end is None:
            return Coverage(True, start, True, 0)
        kept = z3.Bool(f"{collection}.recorded")
        self._completed[collection] = _Open(kept, ((kept, LOW),))
        last = 0 if end is None else (end - EPOCH).days
        is_recorded = recorded is not None
        return Coverage(
            some(kept, is_recorded), choose(kept, EARLIEST, start), some(kept, is_recorded and end is None), last
        )

    def _relate(self, key: FactKey) -> None:
        """Let the catalogue's constraints hold between facts of which one changes."""
        for one in self._vocabulary.constraints if key.scope is None else ():
            keys = FactKey(None, one.lower), FactKey(None, one.upper)
            if key in keys:
                lower, upper = (self.value(other, None) for other in keys)
                low, high = (self._vocabulary.facts[other].scale for other in keys)
                ordered = compared(lower, upper, operator.le, 10 ** max(0, high - low), 10 ** max(0, low - high))
                parts = [self._changes.get((other, None)) for other in keys]
                stays = no(some(*(part.changed for part in parts if part is not None)))
                self.constraints.append(some(no(lower.known), no(upper.known), ordered, stays))

    # --- what it costs ---

    def _parts(self) -> Iterator[_Open]:
        for parts in (self._changes, self._added, self._completed):
            yield from (part for part in parts.values() if self._counts(part.by))

    def _counts(self, by: Changer) -> bool:
        return by is Changer.NOBODY or not self._also_past

    @property
    def costs(self) -> Costs:
        """Every term that costs something if it holds."""
        waits = range(0) if self._also_past else range(0, LONGEST_WAIT, MONTH)
        months = tuple((self.wait > days, LOW) for days in waits)
        of_parts = (one for part in self._parts() for one in part.costs if one[0] is not False)
        return (*of_parts, *self._costs_of_rows(), *months)

    def _costs_of_rows(self) -> Iterator[tuple[Term, int]]:
        for collection, found in self._found.items():
            if collection in self._added and self._counts(self._added[collection].by):
                added = self._added[collection].changed
                yield from ((both(added, is_so), cost) for costs in found for is_so, cost in costs)

    def cost(self, model: Any) -> int:
        """Return what a solution costs."""
        return _sum(model, self.costs)

    def unchanged(self) -> list[Term]:
        """Return, for everything that can become otherwise, that it stays; first for what somebody else must change."""
        return [no(part.changed) for part in sorted(self._parts(), key=lambda part: part.by is Changer.US)]

    def changed(self, model: Any) -> list[Term]:
        """Return what a solution changes, waiting aside."""
        return [part.changed for part in self._parts() if holds(model, part.changed)]

    def amounts(self, model: Any) -> Iterator[Number]:
        """Yield by how much a solution changes each number, and 1 for each thing that it knows of a row added."""
        for spot, part in self._changes.items():
            value = self._values[spot]
            if isinstance(value, Whole) and self._counts(part.by) and holds(model, part.changed):
                before = self._by_now(self._vocabulary.facts[spot[0]], self._code(spot))
                distance = value.code - (0 if before is None else before)
                yield choose(distance >= 0, distance, -distance)
        for (key, row), value in self._values.items():
            if self._is_added(key, row) and self._counts(self._added[key.scope or ""].by):
                yield choose(value.known, 1, 0)

    def words(self, model: Any) -> Iterator[list[Term]]:
        """Yield the possible words, in their order, for each that a solution changes or says of an added row."""
        for (key, row), value in self._values.items():
            if not isinstance(value, Coded) or not holds(model, value.known):
                continue
            part = self._added.get(key.scope or "") if self._is_added(key, row) else self._changes.get((key, row))
            if part is not None and self._counts(part.by) and holds(model, part.changed):
                yield list(value.codes.values())

    # --- back to a concrete customer ---

    def altered(self, model: Any) -> tuple[CustomerFacts, tuple[Alteration, ...]]:
        """Return the customer that a solution describes, and what of that counts is otherwise there than it was."""
        waited = number(model, self.wait)
        facts, rows, recorded = dict(self._facts.facts), dict(self._facts.rows), dict(self._facts.recorded)
        for key, fact in self._vocabulary.facts.items():
            days = facts.get(key.name) if key.scope is None and _grows(fact) else None
            if isinstance(days, int):
                facts[key.name] = days + waited
        alterations = tuple(self._alterations(model))
        for one in alterations:
            match one:
                case Alteration(scope=None, after=value) if value is not None:
                    facts[one.fact] = value
                case Alteration(scope=str(scope), row_facts=dict(added)):
                    rows[scope] = (*rows.get(scope, ()), Row(one.row, added))
                case Alteration(scope=str(scope), after=value) if value is not None:
                    rows[scope] = tuple(
                        replace(row, facts={**row.facts, one.fact: value}) if row.key == one.row else row
                        for row in rows[scope]
                    )
                case Alteration(scope=str(scope)):
                    recorded[scope] = BEGINNING, None
        as_of = self._facts.as_of + timedelta(days=waited)
        customer = replace(self._facts, as_of=as_of, facts=facts, rows=rows, recorded=recorded)
        return customer, tuple(one for one in alterations if self._counts(one.by))

    def _alterations(self, model: Any) -> Iterator[Alteration]:
        for spot, part in self._changes.items():
            if holds(model, part.changed):
                (key, row), before = spot, self._stored(spot)
                name = "" if row is None else self._rows(key.scope or "")[row].key
                after = self._plain(model, key, self._values[spot])
                yield Alteration(key.scope, key.name, name, part.by, _sum(model, part.costs), before, after)
        for collection, part in self._added.items():
            if holds(model, part.changed):
                cost = _sum(model, part.costs) + sum(_sum(model, costs) for costs in self._found[collection])
                facts = self._row_facts(model, collection)
                yield Alteration(collection, "", self._new_key(collection), part.by, cost, row_facts=facts)
        for collection, part in self._completed.items():
            if holds(model, part.changed):
                yield Alteration(collection, "", "", part.by, LOW)

    def _new_key(self, collection: str) -> str:
        taken = {row.key for row in self._rows(collection)}
        return next(key for key in (f"new{'+' * more}" for more in range(len(taken) + 1)) if key not in taken)

    def _row_facts(self, model: Any, collection: str) -> dict[str, Plain]:
        own = {
            key: value
            for (key, row), value in self._values.items()
            if key.scope == collection and self._is_added(key, row)
        }
        plain = {key.name: self._plain(model, key, value) for key, value in own.items()}
        return {name: value for name, value in plain.items() if value is not None}

    def _is_added(self, key: FactKey, row: int | None) -> bool:
        return row is not None and row >= len(self._rows(key.scope or ""))

    def _plain(self, model: Any, key: FactKey, value: Value) -> Plain | None:
        if isinstance(value, Coded):
            code = next((code for code, is_so in value.codes.items() if holds(model, is_so)), None)
        else:
            code = number(model, value.code) if holds(model, value.known) else None
        return None if code is None else decode(self._vocabulary, self._vocabulary.facts[key], code)


def _sum(model: Any, costs: Costs) -> int:
    return sum(cost for term, cost in costs if holds(model, term))


def _settled(fact: Fact, code: Number | None) -> Value:
    """Return a value that stays."""
    if _is_coded(fact):
        return MISSING if code is None else Coded({code: True})
    return Whole(False, 0) if code is None else Whole(True, code)


def _is_times(fact: Fact) -> bool:
    """Whether a fact counts days, and nothing but time makes it grow."""
    return fact.change.by is Changer.TIME and fact.type is Type.INTEGER and fact.unit == "day"


def _grows(fact: Fact) -> bool:
    """Whether a fact grows by a day each day, as long as nobody changes it."""
    return fact.change.grows or _is_times(fact)


def _is_coded(fact: Fact) -> bool:
    return fact.type in (Type.FLAG, Type.CATEGORY, Type.LEVEL)


def _range(fact: Fact, today: Number) -> tuple[Number, Number]:
    if fact.type is Type.DATE:
        return today - SPAN, today
    least = -MAX_SCALED if fact.least is None else int(fact.least.scaleb(fact.scale))
    most = MAX_SCALED if fact.most is None else int(fact.most.scaleb(fact.scale))
    return least, most


def _name(spot: Spot) -> str:
    key, row = spot
    return f"{key}" if row is None else f"{key}[{row}]"
