"""The oracle's reading of conditions: three-valued truth, and what is unknown where a condition is not settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from engine.decision import State
from engine.model import (
    All,
    AnyOf,
    Bound,
    Condition,
    Constant,
    FactOperand,
    Not,
    Op,
    Quantified,
    Quantifier,
    Test,
)
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import BEGINNING, FactKey, Kind, Type, Value, Vocabulary

Truth = bool | None

Find = Callable[[FactKey, Row | None], tuple[Value | None, bool]]
"""Looks up a fact of the customer, or of the given row: its value (None: missing) and whether it is provisional."""


def conjunction(truths: Iterable[Truth]) -> Truth:
    """Return Kleene's *and*."""
    found = list(truths)
    return False if False in found else None if None in found else True


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Return Kleene's *or*."""
    found = list(truths)
    return True if True in found else None if None in found else False


def negation(truth: Truth) -> Truth:
    """Return Kleene's *not*."""
    return None if truth is None else not truth


def state_of(truth: Truth) -> State:
    """Return a truth as the state of a checklist."""
    return {True: State.MET, False: State.NOT_MET, None: State.UNKNOWN}[truth]


def facts_in(condition: Condition) -> Iterator[FactKey]:
    """Yield the facts that a condition tests itself, not those inside its quantified tests."""
    match condition:
        case Test():
            yield from _facts_of(condition)
        case All() | AnyOf():
            for item in condition.items:
                yield from facts_in(item)
        case Not():
            yield from facts_in(condition.item)


def number(value: Any) -> Fraction:
    """Return an integer's or number's exact value."""
    return Fraction(value)


class Conditions:
    """Evaluates conditions on one customer's facts.

    Nominally a provisional fact has its present value; cautiously every test on it is unknown.
    """

    def __init__(self, vocabulary: Vocabulary, customer: CustomerFacts, find: Find) -> None:
        self._vocabulary = vocabulary
        self._customer = customer
        self._find = find
        self._known: dict[tuple[int, int, bool], tuple[Condition, Truth]] = {}

    def truth(self, condition: Condition, row: Row | None, cautious: bool) -> Truth:
        """Return if a condition is true, false or unknown for the customer, or for one of its rows."""
        place = (id(condition), id(row), cautious)
        if place not in self._known:  # the condition is kept as well, so that no other takes over its id
            self._known[place] = (condition, self._truth(condition, row, cautious))
        return self._known[place][1]

    def unknown(self, condition: Condition, row: Row | None) -> frozenset[str]:
        """Return the facts and collections because of which a condition is not settled; none if it is."""
        if self.truth(condition, row, True) is not None:
            return frozenset()
        match condition:
            case Test():
                return frozenset(str(key) for key in _facts_of(condition) if self.is_unsure(key, row))
            case Quantified():
                return frozenset([condition.collection])
            case Not():
                return self.unknown(condition.item, row)
            case All() | AnyOf():
                return frozenset().union(*(self.unknown(item, row) for item in condition.items))

    def is_unsure(self, key: FactKey, row: Row | None) -> bool:
        """Whether a fact is missing or provisional."""
        value, is_provisional = self._find(key, row)
        return value is None or is_provisional

    def _truth(self, condition: Condition, row: Row | None, cautious: bool) -> Truth:
        match condition:
            case Test():
                return self._test(condition, row, cautious)
            case All():
                return conjunction([self._truth(item, row, cautious) for item in condition.items])
            case AnyOf():
                return disjunction([self._truth(item, row, cautious) for item in condition.items])
            case Not():
                return negation(self._truth(condition.item, row, cautious))
            case Quantified():
                return self._quantified(condition, cautious)

    # --- tests -------------------------------------------------------------------------------------------

    def _test(self, test: Test, row: Row | None, cautious: bool) -> Truth:
        if cautious and any(self._find(key, row)[1] for key in _facts_of(test)):
            return None
        value, _ = self._find(test.fact, row)
        if test.op is Op.KNOWN:
            assert isinstance(test.operand, Constant)
            return (value is not None) is test.operand.value
        operands = self._operands(test.operand, row)
        if value is None or operands is None:
            return None
        if test.op in (Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS):
            return self._is_near(test.op, value, operands[0])
        fact = self._vocabulary.facts[test.fact]
        if fact.type is Type.LEVEL:
            height = self._vocabulary.enum_of(fact).members.index
            return holds(test.op, height(value), [height(operand) for operand in operands])
        return holds(test.op, value, operands)

    def _operands(self, operand: Constant | FactOperand, row: Row | None) -> list[Any] | None:
        if isinstance(operand, Constant):
            return list(operand.values)
        value, _ = self._find(operand.fact, row)
        if value is None:
            return None
        return [value] if operand.times == 1 else [number(value) * Fraction(operand.times)]

    def _is_near(self, op: Op, day: Any, days: int) -> bool:
        ago: int = (self._customer.as_of - day).days
        return 0 <= ago <= days if op is Op.WITHIN_DAYS else 0 <= -ago <= days

    # --- quantified tests --------------------------------------------------------------------------------

    def _quantified(self, condition: Quantified, cautious: bool) -> Truth:
        rows = self._customer.rows.get(condition.collection, ())
        truths = [self._truth(condition.where, row, cautious) for row in rows]
        if not self._is_covered(condition):
            unseen: list[Truth] = [None]  # rows that nobody recorded
        else:
            unseen = []
        match condition.quantifier:
            case Quantifier.ANY:
                return disjunction(truths + unseen)
            case Quantifier.NONE:
                return negation(disjunction(truths + unseen))
            case Quantifier.EVERY:
                return conjunction(truths + unseen)
            case Quantifier.COUNT:
                upper = None if unseen else Fraction(len(truths) - truths.count(False))
                return self._bounded(condition.bounds, Fraction(truths.count(True)), upper)
            case Quantifier.SUM:
                return None if unseen else self._sum(condition, rows, truths, cautious)

    def _sum(self, condition: Quantified, rows: Iterable[Row], truths: list[Truth], cautious: bool) -> Truth:
        lower = upper = Fraction(0)
        for row, truth in zip(rows, truths, strict=True):
            if truth is False:
                continue
            assert condition.of
            value, is_provisional = self._find(condition.of, row)
            if value is None or (cautious and is_provisional):
                return None
            amount = number(value)
            lower += amount if truth else min(amount, Fraction(0))
            upper += amount if truth else max(amount, Fraction(0))
        return self._bounded(condition.bounds, lower, upper)

    def _bounded(self, bounds: Iterable[Bound], lower: Fraction, upper: Fraction | None) -> Truth:
        return conjunction(
            [_between(op, Fraction(limit), lower, upper) for bound in bounds for op, limit in _one_sided(bound)]
        )

    def _is_covered(self, condition: Quantified) -> bool:
        if condition.collection not in self._customer.recorded:
            return False
        start, end = self._customer.recorded[condition.collection]
        if end is not None and end < self._customer.as_of:
            return False
        collection = self._vocabulary.collections[condition.collection]
        if start == BEGINNING:
            return True
        recorded_days = (self._customer.as_of - start).days
        if collection.kind is Kind.REGISTER:
            return recorded_days >= 0
        windows = [] if condition.quantifier is Quantifier.EVERY else list(_windows(condition, collection.date))
        return bool(windows) and min(windows) <= recorded_days


def holds(op: Op, value: Any, operands: list[Any]) -> bool:
    """Return whether a known value passes a test against known operands."""
    first = operands[0]
    match op:
        case Op.IS:
            return bool(value == first)
        case Op.IS_NOT:
            return bool(value != first)
        case Op.ONE_OF:
            return value in operands
        case Op.NONE_OF:
            return value not in operands
        case Op.AT_LEAST:
            return bool(value >= first)
        case Op.AT_MOST:
            return bool(value <= first)
        case Op.MORE_THAN:
            return bool(value > first)
        case Op.LESS_THAN:
            return bool(value < first)
        case Op.BETWEEN:
            return bool(first <= value <= operands[1])
        case Op.HAS:
            return first in value
        case Op.HAS_ANY:
            return any(member in value for member in operands)
        case Op.HAS_ALL:
            return all(member in value for member in operands)
        case Op.HAS_NONE:
            return not any(member in value for member in operands)
    raise AssertionError(op)


def _between(op: Op, limit: Fraction, lower: Fraction, upper: Fraction | None) -> Truth:
    """Return whether a value that lies between bounds (upper None: no bound) passes a one-sided comparison."""
    at_lower = holds(op, lower, [limit])
    at_upper = op in (Op.AT_LEAST, Op.MORE_THAN) if upper is None else holds(op, upper, [limit])
    return at_lower if at_lower is at_upper else None


def _one_sided(bound: Bound) -> list[tuple[Op, Any]]:
    """Return `is` and `between` as the two one-sided comparisons that they stand for."""
    limits = bound.operand.values
    if bound.op in (Op.IS, Op.BETWEEN):
        return [(Op.AT_LEAST, limits[0]), (Op.AT_MOST, limits[-1])]
    return [(bound.op, limits[0])]


def _facts_of(test: Test) -> list[FactKey]:
    return [test.fact, *([test.operand.fact] if isinstance(test.operand, FactOperand) else [])]


def _windows(condition: Quantified, date: str | None) -> Iterator[int]:
    """Yield the days of each `within_days` test of the collection's date among the conjuncts."""
    pending = [condition.where]
    while pending:
        item = pending.pop()
        if isinstance(item, All):
            pending.extend(item.items)
        elif (
            isinstance(item, Test)
            and item.op is Op.WITHIN_DAYS
            and item.fact == FactKey(condition.collection, date or "")
            and isinstance(item.operand, Constant)
        ):
            yield int(str(item.operand.value))
