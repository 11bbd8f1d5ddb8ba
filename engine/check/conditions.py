"""Tests that cannot decide anything, and rules that could be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from engine.check.findings import Finding, lint
from engine.errors import Location
from engine.model import (
    All,
    AnyOf,
    Bound,
    Condition,
    Constant,
    Not,
    Op,
    Pack,
    Quantified,
    Rule,
    Test,
    tests_of,
)
from engine.said import said
from engine.vocabulary import Fact, Type, Vocabulary

_NOWHERE = Location("")
_NO_VALUE = Constant(())
_ORDERED = {Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN}


def conditions_of(pack: Pack) -> Iterator[Condition]:
    """Yield every condition that decides something: an invariant may well ask what is never so."""
    yield from (rule.when for rule in pack.rules)
    yield from (row.when for table in pack.tables for row in table.rows)
    yield from (one.when for gate in pack.gates for one in gate.criteria)
    for card in pack.scorecards:
        yield from card.eligible.values()
        yield from (rule.when for rule in card.rules)


def tests_in(condition: Condition) -> Iterator[Test]:
    """Yield every test of a condition, of rows too."""
    for test in tests_of(condition):
        if isinstance(test, Test):
            yield test
        else:
            yield from tests_in(test.where)


# --- thresholds ------------------------------------------------------------------------------------------------------


def thresholds(pack: Pack) -> Iterator[Finding]:
    """Yield tests that all values within a fact's range pass, or none."""
    for condition in conditions_of(pack):
        for test in tests_in(condition):
            if test.op in _ORDERED and isinstance(test.operand, Constant):
                yield from _threshold(pack.vocabulary, test)


def _threshold(vocabulary: Vocabulary, test: Test) -> Iterator[Finding]:
    fact = vocabulary.facts[test.fact]
    least, most, values = _limits(vocabulary, fact), _limits(vocabulary, fact, upper=True), _numbers(vocabulary, test)
    if not values:
        return
    outcome = _outcome(test.op, values, least, most)
    if outcome is None:
        return
    operand = test.operand
    written = ", ".join(str(value) for value in operand.values) if isinstance(operand, Constant) else ""
    first, last = ("–" if limit is None else _said(vocabulary, fact, limit) for limit in (least, most))
    bounds = {"test": f"{test.fact} {test.op}: {written}", "least": first, "most": last}
    message = (
        said("`{test}` is always true: the fact lies between {least} and {most}.", **bounds)
        if outcome == "always"
        else said("`{test}` is never true: the fact lies between {least} and {most}.", **bounds)
    )
    yield lint(test.at, "threshold-out-of-range", message, said("Correct the threshold, or the fact's range."))


def _outcome(op: Op, values: list[Decimal], least: Decimal | None, most: Decimal | None) -> str | None:
    """Return `always` or `never` if a test comes out alike for all values between two limits."""
    first, last = values[0], values[-1]
    passes_least = least is not None and _passes(op, least, first, last)
    passes_most = most is not None and _passes(op, most, first, last)
    rising, falling = op in (Op.AT_LEAST, Op.MORE_THAN), op in (Op.AT_MOST, Op.LESS_THAN)
    if (rising and passes_least) or (falling and passes_most) or (op is Op.BETWEEN and passes_least and passes_most):
        return "always"
    if rising and most is not None and not passes_most:
        return "never"
    if falling and least is not None and not passes_least:
        return "never"
    if op is Op.BETWEEN and ((most is not None and first > most) or (least is not None and last < least)):
        return "never"
    return None


def _passes(op: Op, value: Decimal, first: Decimal, last: Decimal) -> bool:
    match op:
        case Op.AT_LEAST:
            return value >= first
        case Op.MORE_THAN:
            return value > first
        case Op.AT_MOST:
            return value <= first
        case Op.LESS_THAN:
            return value < first
        case _:
            return first <= value <= last


def _limits(vocabulary: Vocabulary, fact: Fact, upper: bool = False) -> Decimal | None:
    if fact.type is Type.LEVEL:
        return Decimal(len(vocabulary.enum_of(fact).members) - 1 if upper else 0)
    return fact.most if upper else fact.least


def _numbers(vocabulary: Vocabulary, test: Test) -> list[Decimal]:
    fact = vocabulary.facts[test.fact]
    values = test.operand.values if isinstance(test.operand, Constant) else ()
    if fact.type is Type.LEVEL:
        return [Decimal(vocabulary.enum_of(fact).codes[str(value)]) for value in values]
    return [Decimal(value) for value in values if isinstance(value, int | Decimal) and not isinstance(value, bool)]


def _said(vocabulary: Vocabulary, fact: Fact, limit: Decimal) -> str:
    return vocabulary.enum_of(fact).members[int(limit)] if fact.type is Type.LEVEL else format(limit.normalize(), "f")


# --- near duplicates -------------------------------------------------------------------------------------------------


def near_duplicates(pack: Pack) -> Iterator[Finding]:
    """Yield rules that conclude just what another does and ask the same but for values."""
    seen: dict[object, Rule] = {}
    for rule in pack.rules:
        key = (
            rule.each, rule.conclusions, rule.priority, rule.status, rule.valid_from, rule.valid_until,
            _shape(rule.when),
        )  # fmt: skip
        first = seen.setdefault(key, rule)
        if first is not rule:
            same = bare(first.when) == bare(rule.when)
            both = {"rule": rule.id, "first": first.id}
            message = (
                said("`{rule}` and `{first}` say the same.", **both)
                if same
                else said("`{rule}` and `{first}` differ in values alone.", **both)
            )
            yield lint(rule.at, "near-duplicate", message, said("Make one of them, or a table."))


def _shape(condition: Condition) -> Condition:
    """Return a condition without places and values."""
    return bare(condition, values=False)


def bare(condition: Condition, values: bool = True) -> Condition:
    """Return a condition without places, and without values if these are not wanted."""
    match condition:
        case Test():
            operand = condition.operand if values or not isinstance(condition.operand, Constant) else _NO_VALUE
            return replace(condition, operand=operand, at=_NOWHERE)
        case All() | AnyOf():
            return replace(condition, items=tuple(bare(item, values) for item in condition.items), at=_NOWHERE)
        case Not():
            return replace(condition, item=bare(condition.item, values), at=_NOWHERE)
        case Quantified():
            bounds = condition.bounds if values else tuple(Bound(one.op, _NO_VALUE) for one in condition.bounds)
            return replace(condition, where=bare(condition.where, values), at=_NOWHERE, bounds=bounds)
