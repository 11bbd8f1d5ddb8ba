"""What a fact's value means to a program, worked out once when the program is compiled.

All tests of one fact fall into few *cells*: for a category each member, for a number the stretches between the
constants that it is compared with. A cell holds everything that follows from the value alone, so a decision looks it
up instead of testing. Leaves and rules are bits of whole numbers: bit n is the program's leaf or rule n.
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
from engine.session.matcher import render
from engine.vocabulary import Fact, FactKey, Type, Value

Look = Callable[[Code, int], "Cell"]
"""Finds the cell of a code; dates are also compared with today, in days since 1970-01-01."""

_EPOCH = EPOCH.toordinal()


class Cell(NamedTuple):
    """What follows from a fact's value: properties for the matcher, leaves that hold and fail, rules that are false."""

    known: dict[str, str]
    yes: int
    no: int
    dead: int


class Meaning(NamedTuple):
    """How a fact is read. (A tuple: a decision takes a hundred of them apart.)

    `property` is to be rendered with the code itself, where no cell holds it. `readers` are the rules that test the
    fact; a `resolved` fact has its meaning only when rules have completed it.
    """

    name: str
    encode: Callable[[Value], Code]
    property: str | None
    look: Look
    look_set: Callable[[frozenset[int]], Cell]
    missing: Cell
    readers: int
    is_resolved: bool


class Meanings:
    """The meanings of all facts that a program looks at; `by_scope` in each scope, `by_fact` each.

    `readers` are the rules in which each leaf occurs.
    """

    def __init__(self, program: Program, properties: Mapping[FactKey, str], flags: Mapping[int, str]) -> None:
        self._program = program
        self._properties = properties
        self._flags = flags
        self._leaves = _leaves_by_fact(program)
        self.readers, self._needed = _uses(program)
        resolved = {resolution.fact for resolution in program.resolutions}
        self.by_fact = {key: self._meaning(key, key in resolved) for key in dict.fromkeys(_facts_read(program))}
        self.by_scope: dict[str | None, list[Meaning]] = {}
        for key, meaning in self.by_fact.items():
            self.by_scope.setdefault(key.scope, []).append(meaning)

    def dead(self, leaf: int, truth: bool) -> int:
        """Return the rules that are false where a leaf is true, or false."""
        return self._needed.get((leaf, not truth), 0)

    def _meaning(self, key: FactKey, is_resolved: bool) -> Meaning:
        fact = self._program.fact(key)
        return Meaning(
            name=key.name,
            encode=_encoder(self._program, fact),
            property=self._properties.get(key) if fact.type in _NUMERIC else None,
            look=self._look(fact),
            look_set=self._look_set(fact),
            missing=self._cell({leaf: False for leaf, test in self._tests(key) if isinstance(test, Known)}),
            readers=reduce(or_, (self.readers.get(leaf, 0) for leaf, _ in self._tests(key)), 0),
            is_resolved=is_resolved,
        )

    def _tests(self, key: FactKey) -> Iterator[tuple[int, Leaf]]:
        return ((leaf, self._program.leaves[leaf]) for leaf in self._leaves.get(key, ()))

    def _cell(self, truths: Mapping[int, bool], known: Iterable[tuple[str, int]] = ()) -> Cell:
        flags = [(self._flags[leaf], int(truth)) for leaf, truth in truths.items() if leaf in self._flags]
        return Cell(
            {name: render(name, value) for name, value in (*known, *flags)},
            sum(1 << leaf for leaf, truth in truths.items() if truth),
            sum(1 << leaf for leaf, truth in truths.items() if not truth),
            reduce(or_, (self.dead(leaf, truth) for leaf, truth in truths.items()), 0),
        )

    def _look(self, fact: Fact) -> Look:
        fixed = [(leaf, test) for leaf, test in self._tests(fact.key) if not isinstance(test, InDays | Member)]
        if fact.type in _NUMERIC:
            dated = [(leaf, test) for leaf, test in self._tests(fact.key) if isinstance(test, InDays)]
            return _look_both(self._stretches(fixed), self._stretches(dated)) if dated else self._stretches(fixed)
        if fact.type is Type.TEXT:
            texts = dict.fromkeys(code for _, test in fixed if isinstance(test, OneOf) for code in test.codes)
            cells = {code: self._cell(_truths(fixed, code)) for code in texts}
            other = self._cell({leaf: isinstance(test, Known) for leaf, test in fixed})
            return lambda code, _today: cells.get(code, other)
        members = 2 if fact.type is Type.FLAG else len(self._program.vocabulary.enum_of(fact).members)
        name = self._properties.get(fact.key)
        table = [self._cell(_truths(fixed, code), [(name, code)] if name else ()) for code in range(members)]
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
            return self._cell({leaf: code in members for leaf, code in tests})

        return look


_NUMERIC = (Type.INTEGER, Type.NUMBER, Type.DATE)


def _look_both(one: Look, other: Look) -> Look:
    def look(code: Code, today: int) -> Cell:
        first, second = one(code, today), other(code, today)
        return Cell(first.known | second.known, first.yes | second.yes, first.no | second.no, first.dead | second.dead)

    return look


def _truths(tests: Sequence[tuple[int, Leaf]], code: Code) -> dict[int, bool]:
    return {leaf: _holds(test, code) for leaf, test in tests}


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


def _encoder(program: Program, fact: Fact) -> Callable[[Value], Code]:
    """Return `encode` for one fact, with a shorter way for the values that it mostly has."""
    vocabulary = program.vocabulary
    codes = vocabulary.enum_of(fact).codes if fact.enum else {}

    def of_flag(value: Value) -> Code:
        return int(value) if type(value) is bool else encode(vocabulary, fact, value)

    def of_enum(value: Value) -> Code:
        code = codes.get(value) if type(value) is str else None
        return encode(vocabulary, fact, value) if code is None else code

    def of_integer(value: Value) -> Code:
        return value if type(value) is int else encode(vocabulary, fact, value)

    def of_number(value: Value) -> Code:
        if type(value) is Decimal:
            scaled = value.scaleb(fact.scale)
            code = int(scaled)
            if code == scaled:
                return code
        return encode(vocabulary, fact, value)

    def of_date(value: Value) -> Code:
        return value.toordinal() - _EPOCH if type(value) is date else encode(vocabulary, fact, value)

    def of_other(value: Value) -> Code:
        return encode(vocabulary, fact, value)

    if fact.enum:
        return of_enum
    shorter = {Type.FLAG: of_flag, Type.INTEGER: of_integer, Type.NUMBER: of_number, Type.DATE: of_date}
    return shorter.get(fact.type, of_other)


def _leaves_by_fact(program: Program) -> dict[FactKey, list[int]]:
    """Return the leaves that test one fact alone."""
    found: dict[FactKey, list[int]] = {}
    for index, leaf in enumerate(program.leaves):
        if isinstance(leaf, OneOf | AtLeast | InDays | Known | Member):
            found.setdefault(leaf.fact, []).append(index)
    return found


def _uses(program: Program) -> tuple[dict[int, int], dict[tuple[int, bool], int]]:
    """Return the rules in which each leaf occurs, and those that are false unless a leaf is true, or false."""
    readers: dict[int, int] = {}
    needed: dict[tuple[int, bool], int] = {}
    for rule in program.rules:
        for leaf in cond_leaves(rule.when):
            readers[leaf] = readers.get(leaf, 0) | 1 << rule.index
        for literal in _needed(rule.when):
            key = literal.leaf, literal.positive
            needed[key] = needed.get(key, 0) | 1 << rule.index
    return readers, needed


def _needed(cond: Cond) -> Iterator[Lit]:
    if isinstance(cond, Lit):
        yield cond
    elif isinstance(cond, And):
        for item in cond.items:
            yield from _needed(item)


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
