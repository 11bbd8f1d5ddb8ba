"""Tests that pass by themselves: the day from which one does if nothing but time passes."""

from __future__ import annotations

from datetime import date, timedelta

from engine.model import Constant, Op, Test
from engine.vocabulary import Changer, Fact, Type, Value


def day_it_passes(fact: Fact, test: Test, value: Value | None, wanted: bool, as_of: date) -> date | None:
    """Return the day from which a test comes out as wanted, or None if time alone does not do it.

    Args:
        fact: the fact tested.
        test: the test, which does not come out as wanted as of `as_of`.
        value: the fact's value.
        wanted: whether the test is to be true.
        as_of: the day on which the fact has this value.
    """
    if not isinstance(test.operand, Constant) or value is None:
        return None
    limit = test.operand.values[0]
    if isinstance(value, date):
        return _day_comes(test.op, value, limit, wanted, as_of) if isinstance(limit, int) else None
    least = _least(test.op, limit, wanted)
    if least is None or not grows_by_day(fact) or not isinstance(value, int) or value >= least:
        return None
    return _later(as_of, least - value)


def grows_by_day(fact: Fact) -> bool:
    """Whether a fact counts days, and nothing but time makes it grow."""
    change = fact.change
    return fact.type is Type.INTEGER and fact.unit == "day" and (change.by, change.direction) == (Changer.TIME, "up")


def _day_comes(op: Op, day: date, days: int, wanted: bool, as_of: date) -> date | None:
    match op, wanted:
        case Op.WITHIN_DAYS, True if day > as_of:
            return day
        case Op.WITHIN_DAYS, False if day <= as_of:
            return _later(day, days + 1)
        case Op.DUE_WITHIN_DAYS, True if day > as_of:
            return day - timedelta(days=days)
        case Op.DUE_WITHIN_DAYS, False if day >= as_of:
            return _later(day, 1)
    return None


def _later(day: date, days: int) -> date | None:
    """Return the day so many days later, or None if there is none."""
    return day + timedelta(days=days) if days <= (date.max - day).days else None


def _least(op: Op, limit: Value, wanted: bool) -> int | None:
    """Return the least number that passes a test that large numbers pass."""
    if not isinstance(limit, int):
        return None
    match op, wanted:
        case (Op.AT_LEAST, True) | (Op.LESS_THAN, False):
            return limit
        case (Op.MORE_THAN, True) | (Op.AT_MOST, False):
            return limit + 1
    return None
