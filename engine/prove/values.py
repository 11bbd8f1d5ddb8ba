"""Values of facts as terms: tested, chosen among, added up, divided."""

from __future__ import annotations

from collections.abc import Sequence

import z3

from engine.model import Collect
from engine.program import Aggregate
from engine.prove.terms import Coded, Number, Term, Truth, Value, Whole, both, choose, no, some


def where_known(holds: Term, value: Value) -> Truth:
    """Return a test's truth: unknown where the value is missing."""
    return Truth(holds, some(holds, no(value.known)))


def reaches(value: Value, code: int) -> Term:
    """Return whether a value is known and at least this code."""
    if isinstance(value, Whole):
        return both(value.known, value.code >= code)
    return some(*(holds for own, holds in value.codes.items() if own >= code))


def first_known(first: Value, second: Value) -> Value:
    """Return the first value where it is known, and the second elsewhere."""
    if isinstance(first, Whole):
        code = choose(first.known, first.code, second.code if isinstance(second, Whole) else 0)
        return Whole(some(first.known, second.known), code)
    others = second.codes if isinstance(second, Coded) else {}
    lacking = no(first.known)
    codes = {**first.codes, **others}
    return Coded({code: some(first.has(code), both(lacking, others.get(code, False))) for code in codes})


def aggregated(aggregate: Aggregate, hits: Sequence[tuple[int, Term]]) -> Whole:
    """Return what a collecting table gives for its hits."""
    hit = some(*(holds for _, holds in hits))
    known = True if aggregate.default is not None else hit
    match aggregate.collect:
        case Collect.COUNT:
            code = total([choose(holds, 1, 0) for _, holds in hits])
        case Collect.SUM:
            code = total([choose(holds, value, 0) for value, holds in hits])
        case _:
            code = 0
            for value, holds in sorted(hits, key=lambda one: one[0], reverse=aggregate.collect is Collect.MIN):
                code = choose(holds, value, code)
    return Whole(known, choose(hit, code, aggregate.default or 0))


def total(numbers: Sequence[Number]) -> Number:
    """Return the sum of numbers."""
    settled = sum(number for number in numbers if isinstance(number, int))
    open_numbers = [number for number in numbers if not isinstance(number, int)]
    return z3.Sum([*open_numbers, settled]) if open_numbers else settled


def positive(number: Number) -> Number:
    """Return a number, or 0 for a negative one."""
    return max(number, 0) if isinstance(number, int) else z3.If(number > 0, number, 0)


def divided_half_even(numerator: Number, divisor: int) -> Number:
    """Divide whole numbers, rounding half to even. (z3's division rounds down for positive divisors.)"""
    if divisor == 1:
        return numerator
    quotient = numerator // divisor if isinstance(numerator, int) else numerator / divisor
    twice = numerator % divisor * 2
    rounds_up = some(twice > divisor, both(twice == divisor, quotient % 2 == 1))
    return quotient + choose(rounds_up, 1, 0)
