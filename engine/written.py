"""Leaf tests and conditions of a compiled program in the words of the rule language, to be read by rule authors."""

from __future__ import annotations

from collections.abc import Iterable

from engine.program import (
    And,
    AtLeast,
    AtLeastFacts,
    Code,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Lit,
    Member,
    OneOf,
    Program,
    SumAtLeast,
    code_limits,
    decode,
)
from engine.vocabulary import FactKey, Type


def written(program: Program, leaf: int, positive: bool = True, scope: str | None = None) -> str:
    """Return a leaf test, or its negation, as text; within a test of the rows of `scope` their facts go by name."""
    test = program.leaves[leaf]
    match test:
        case OneOf():
            values = [_value(program, test.fact, code) for code in test.codes]
            return f"{_name(test.fact, scope)} {_one_of(values, positive)}"
        case AtLeast():
            highest = _highest(program, test.fact)
            if highest is not None and test.code > highest:  # nobody is above it
                said = "more_than" if positive else "at_most"
                return f"{_name(test.fact, scope)} {said} {_value(program, test.fact, highest)}"
            ordered = "at_least" if positive else "less_than"
            return f"{_name(test.fact, scope)} {ordered} {_value(program, test.fact, test.code)}"
        case InDays():
            within = f"within_days {-test.first}" if test.last == 0 else f"due_within_days {test.last}"
            return _unless(positive, f"{_name(test.fact, scope)} {within}")
        case Known():
            return f"{_name(test.fact, scope)} known {_flag(positive)}"
        case Member():
            member = _value(program, test.fact, test.code)
            return f"{_name(test.fact, scope)} {'has' if positive else 'has_none'} {member}"
        case EqualFacts():
            return _unless(positive, _compared(test, "is", scope))
        case AtLeastFacts():
            return _compared(test, "at_least" if positive else "less_than", scope)
        case CountAtLeast():
            where = _where(program, test.where, test.collection)
            if test.least == 1:
                return f"{test.collection} {'any' if positive else 'none'}{where}"
            return f"{test.collection} count{where} {'at_least' if positive else 'less_than'} {test.least}"
        case SumAtLeast():
            where = _where(program, test.where, test.collection)
            least = _value(program, test.of, test.least)
            return f"{test.collection} sum of {test.of.name}{where} {'at_least' if positive else 'less_than'} {least}"


def _highest(program: Program, key: FactKey) -> int | None:
    """Return the highest code of a level or a date; None for numbers, of which any can be written."""
    fact = program.fact(key)
    if fact.enum:
        return len(program.vocabulary.enum_of(fact).members) - 1
    return code_limits(fact)[1] if fact.type is Type.DATE else None


def _condition(program: Program, cond: Cond, scope: str) -> str:
    match cond:
        case Lit():
            return written(program, cond.leaf, cond.positive, scope)
        case And():
            return ", ".join(_condition(program, item, scope) for item in cond.items)
        case _:
            return "any [" + "; ".join(_condition(program, item, scope) for item in cond.items) + "]"


def _where(program: Program, where: Cond, collection: str) -> str:
    return "" if where == And(()) else f" {{{_condition(program, where, collection)}}}"


def _name(fact: FactKey, scope: str | None) -> str:
    """Return a fact's name: a row's in full outside its collection, the customer's in full inside one."""
    if fact.scope == scope:
        return fact.name
    return str(fact) if fact.scope else f"customer.{fact.name}"


def _value(program: Program, fact: FactKey, code: Code) -> str:
    value = decode(program.vocabulary, program.fact(fact), code)
    return _flag(value) if isinstance(value, bool) else str(value)


def _flag(flag: bool) -> str:
    return "true" if flag else "false"


def _one_of(values: Iterable[str], positive: bool) -> str:
    named = list(values)
    if len(named) == 1:
        return f"{'is' if positive else 'is_not'} {named[0]}"
    return f"{'one_of' if positive else 'none_of'} [{', '.join(named)}]"


def _compared(test: EqualFacts | AtLeastFacts, op: str, scope: str | None) -> str:
    left, right = _times(test.left, test.left_times, scope), _times(test.right, test.right_times, scope)
    return f"{left} {op} {right}"


def _times(fact: FactKey, times: int, scope: str | None) -> str:
    return _name(fact, scope) if times == 1 else f"{times} × {_name(fact, scope)}"


def _unless(positive: bool, said: str) -> str:
    return said if positive else f"not {said}"
