"""What a fact's value means to a program, worked out once when the program is compiled.

All tests of one fact fall into few *cells*: for a category each member, for a number the stretches between the
constants that it is compared with. A cell holds everything that follows from the value alone, so a decision looks it
up instead of testing. Leaves and patterns are bits of whole numbers: bit n is the program's leaf n, or its rule n;
behind the rules come the alternatives of nested `any`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from engine.program import (
    EPOCH,
    And,
    AtLeast,
    Code,
    Cond,
    InDays,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    Program,
    Selection,
    Single,
    SumAtLeast,
    cond_leaves,
    encode,
    leaf_facts,
)
from engine.vocabulary import Fact, FactKey, Type, Value

Look = Callable[[Code, int], "Cell"]
"""Finds the cell of a code; dates are also compared with today, in days since 1970-01-01."""

Read = Callable[[Value, int], tuple[Code, "Cell"]]
"""Returns the code and the cell of a value."""

_EPOCH = EPOCH.toordinal()


class Cell(NamedTuple):
    """What follows from a fact's value, or from having none.

    `yes` and `no` are the leaves that hold and fail, `dead` the patterns that are false, `blocked` those besides that
    cannot be true, and `doubt` the rules that may be unknown.
    """

    yes: int
    no: int
    dead: int
    blocked: int = 0
    doubt: int = 0


class Meaning(NamedTuple):
    """How a fact is read.

    `readers` are the rules that test the fact; a `resolved` fact has its meaning only when rules have completed it.
    """

    name: str
    read: Read
    look: Look
    look_set: Callable[[frozenset[int]], Cell]
    missing: Cell
    readers: int
    is_resolved: bool


class Scope(NamedTuple):
    """How the facts of a customer, or of a collection's rows, are read from their values, by name.

    `missing` returns what follows from those that are not among the names given.
    """

    facts: Mapping[str, tuple[Read, bool]]  # with whether the meaning waits until rules have completed the fact
    missing: Callable[[tuple[str, ...]], Cell]


NO_FACTS = Scope({}, lambda _known: Cell(0, 0, 0))


class Meanings:
    """The meanings of all facts that a program looks at; `by_scope` in each scope, `by_fact` each.

    `readers` are the rules in which each leaf occurs.
    """

    def __init__(self, program: Program, alternatives: Sequence[Cond]) -> None:
        self._program = program
        self._leaves = _leaves_by_fact(program)
        self.readers = _readers(program)
        self._needed = _needed([*(rule.when for rule in program.rules), *alternatives])
        resolved = {resolution.fact for resolution in program.resolutions}
        self.by_fact = {key: self._meaning(key, key in resolved) for key in dict.fromkeys(_facts_read(program))}
        scopes = dict.fromkeys(key.scope for key in self.by_fact)
        self.by_scope = {
            scope: _scope([meaning for key, meaning in self.by_fact.items() if key.scope == scope]) for scope in scopes
        }

    def dead(self, leaf: int, truth: bool) -> int:
        """Return the patterns that are false where a leaf is true, or false."""
        return self._needed.get((leaf, not truth), 0)

    def is_tested(self, fact: FactKey) -> bool:
        """Whether any leaf tests a fact alone."""
        return fact in self._leaves

    def _meaning(self, key: FactKey, is_resolved: bool) -> Meaning:
        fact, tests = self._program.fact(key), list(self._tests(key))
        look = self._look(fact)
        unknown = [leaf for leaf, test in tests if not isinstance(test, Known)]
        readers = reduce(or_, (self.readers.get(leaf, 0) for leaf, _ in tests), 0)
        return Meaning(
            name=key.name,
            read=_reader(self._program, fact, look),
            look=look,
            look_set=self._look_set(fact),
            missing=self._cell((leaf, False) for leaf, test in tests if isinstance(test, Known))._replace(
                blocked=reduce(or_, (self.dead(leaf, truth) for leaf in unknown for truth in (True, False)), 0),
                doubt=readers,
            ),
            readers=readers,
            is_resolved=is_resolved,
        )

    def _tests(self, key: FactKey) -> Iterator[tuple[int, Leaf]]:
        return ((leaf, self._program.leaves[leaf]) for leaf in self._leaves.get(key, ()))

    def _cell(self, truths: Iterable[tuple[int, bool]]) -> Cell:
        yes = no = dead = 0
        for leaf, truth in truths:
            if truth:
                yes |= 1 << leaf
            else:
                no |= 1 << leaf
            dead |= self.dead(leaf, truth)
        return Cell(yes, no, dead)

    def _look(self, fact: Fact) -> Look:
        fixed = [(leaf, test) for leaf, test in self._tests(fact.key) if not isinstance(test, InDays | Member)]
        if fact.type in _NUMERIC:
            dated = [(leaf, test) for leaf, test in self._tests(fact.key) if isinstance(test, InDays)]
            return _look_both(self._stretches(fixed), self._stretches(dated)) if dated else self._stretches(fixed)
        if fact.type is Type.TEXT:
            texts = dict.fromkeys(code for _, test in fixed if isinstance(test, OneOf) for code in test.codes)
            cells = {code: self._cell(_truths(fixed, code)) for code in texts}
            other = self._cell((leaf, isinstance(test, Known)) for leaf, test in fixed)
            return lambda code, _today: cells.get(code, other)
        members = 2 if fact.type is Type.FLAG else len(self._program.vocabulary.enum_of(fact).members)
        table = [self._cell(_truths(fixed, code)) for code in range(members)]
        return lambda code, _today: table[code]  # type: ignore[index]  # such a fact's code is a position

    def _stretches(self, tests: Sequence[tuple[int, Leaf]]) -> Look:
        """Return the look-up for a number; for one compared with today, bounds are differences from today."""
        bounds = sorted({bound for _, test in tests for bound in _bounds(test)})
        samples = [bounds[0] - 1, *bounds] if bounds else [0]
        cells = [self._cell(_truths(tests, code)) for code in samples]
        if any(isinstance(test, InDays) for _, test in tests):
            return lambda code, today: cells[bisect_right(bounds, code - today)]  # type: ignore[operator]
        return lambda code, _today: cells[bisect_right(bounds, code)]

    def _look_set(self, fact: Fact) -> Callable[[frozenset[int]], Cell]:
        tests = [(leaf, test.code) for leaf, test in self._tests(fact.key) if isinstance(test, Member)]

        @lru_cache(maxsize=1024)  # sets are few-valued mostly, but there can be very many
        def look(members: frozenset[int]) -> Cell:
            return self._cell((leaf, code in members) for leaf, code in tests)

        return look


def _scope(meanings: Sequence[Meaning]) -> Scope:
    awaited = {one.name: one.missing for one in meanings if not one.is_resolved}

    @lru_cache(maxsize=4096)  # few sequences of names occur, and most facts of a customer are missing
    def missing(known: tuple[str, ...]) -> Cell:
        there = frozenset(known)
        cells = [cell for name, cell in awaited.items() if name not in there]
        return Cell(*(reduce(or_, bits) for bits in zip(Cell(0, 0, 0), *cells, strict=True)))

    return Scope({one.name: (one.read, one.is_resolved) for one in meanings}, missing)


_NUMERIC = (Type.INTEGER, Type.NUMBER, Type.DATE)


def _look_both(one: Look, other: Look) -> Look:
    def look(code: Code, today: int) -> Cell:
        first, second = one(code, today), other(code, today)
        return Cell(first.yes | second.yes, first.no | second.no, first.dead | second.dead)

    return look


def _truths(tests: Sequence[tuple[int, Leaf]], code: Code) -> Iterator[tuple[int, bool]]:
    return ((leaf, _holds(test, code)) for leaf, test in tests)


def _holds(test: Leaf, code: Code) -> bool:
    match test:
        case OneOf(_, codes):
            return code in codes
        case AtLeast(_, least):
            return isinstance(code, int) and code >= least
        case InDays(_, first, last):
            return isinstance(code, int) and first <= code <= last
        case _:
            return isinstance(test, Known)


def _bounds(test: Leaf) -> Iterator[int]:
    """Yield the numbers from which on a test has another result."""
    match test:
        case OneOf(_, codes):
            for code in codes:
                if isinstance(code, int):
                    yield from (code, code + 1)
        case AtLeast(_, least):
            yield least
        case InDays(_, first, last):
            yield from (first, last + 1)


def _reader(program: Program, fact: Fact, look: Look) -> Read:
    """Return how a fact's values are read, with a shorter way for those that it mostly has."""
    vocabulary = program.vocabulary

    def of_other(value: Value, today: int) -> tuple[Code, Cell]:
        code = encode(vocabulary, fact, value)
        return code, look(code, today)

    if fact.enum:
        codes = vocabulary.enum_of(fact).codes.items()
        members: dict[Value, tuple[Code, Cell]] = {value: (code, look(code, 0)) for value, code in codes}
        return lambda value, today: members.get(value) or of_other(value, today)

    def of_flag(value: Value, today: int) -> tuple[Code, Cell]:
        return (1, yes) if value is True else (0, no) if value is False else of_other(value, today)

    def of_integer(value: Value, today: int) -> tuple[Code, Cell]:
        return (value, look(value, today)) if type(value) is int else of_other(value, today)

    def of_number(value: Value, today: int) -> tuple[Code, Cell]:
        if type(value) is Decimal:
            scaled = value.scaleb(fact.scale)
            code = int(scaled)
            if code == scaled:
                return code, look(code, today)
        return of_other(value, today)

    def of_date(value: Value, today: int) -> tuple[Code, Cell]:
        if type(value) is date:
            code = value.toordinal() - _EPOCH
            return code, look(code, today)
        return of_other(value, today)

    if fact.type is Type.FLAG:
        no, yes = look(0, 0), look(1, 0)
    shorter = {Type.FLAG: of_flag, Type.INTEGER: of_integer, Type.NUMBER: of_number, Type.DATE: of_date}
    return shorter.get(fact.type, of_other)


def _leaves_by_fact(program: Program) -> dict[FactKey, list[int]]:
    """Return the leaves that test one fact alone."""
    found: dict[FactKey, list[int]] = {}
    for index, leaf in enumerate(program.leaves):
        if isinstance(leaf, OneOf | AtLeast | InDays | Known | Member):
            found.setdefault(leaf.fact, []).append(index)
    return found


def _readers(program: Program) -> dict[int, int]:
    """Return the rules in which each leaf occurs."""
    found: dict[int, int] = {}
    for rule in program.rules:
        for leaf in cond_leaves(rule.when):
            found[leaf] = found.get(leaf, 0) | 1 << rule.index
    return found


def _needed(patterns: Sequence[Cond]) -> dict[tuple[int, bool], int]:
    """Return the patterns that are false unless a leaf is true, or false."""
    found: dict[tuple[int, bool], int] = {}
    for position, cond in enumerate(patterns):
        for literal in _conjuncts(cond):
            key = literal.leaf, literal.positive
            found[key] = found.get(key, 0) | 1 << position
    return found


def _conjuncts(cond: Cond) -> Iterator[Lit]:
    if isinstance(cond, Lit):
        yield cond
    elif isinstance(cond, And):
        for item in cond.items:
            yield from _conjuncts(item)


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
