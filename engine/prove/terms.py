"""Terms of the solver: truths with three values, and facts that may be missing.

A term is Python's True or False where it is settled, and a z3 term elsewhere; so what is settled costs the solver
nothing. (z3 has no type hints: its terms are `Any` here.)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import z3

Term = Any
"""A truth: a bool, or a z3 term of sort Bool."""

Number = Any
"""A whole number: an int, or a z3 term of sort Int."""

Comparison = Callable[[Any, Any], Any]
"""A comparison of the module `operator`, which compares terms as it does whole numbers."""


def both(*items: Term) -> Term:
    """Return whether all items hold."""
    return _joined(items, z3.Z3_mk_and, neutral=True)


def some(*items: Term) -> Term:
    """Return whether some item holds."""
    return _joined(items, z3.Z3_mk_or, neutral=False)


def _joined(items: Iterable[Term], operation: Any, neutral: bool) -> Term:
    open_items = []
    for item in items:
        if item is (not neutral):
            return item
        if item is not neutral:
            open_items.append(item)
    if len(open_items) < 2:
        return open_items[0] if open_items else neutral
    # Not z3.And and z3.Or, which look at each item again and take five times as long.
    context = open_items[0].ctx
    arguments = (z3.Ast * len(open_items))(*(item.as_ast() for item in open_items))
    return z3.BoolRef(operation(context.ref(), len(open_items), arguments), context)


def no(item: Term) -> Term:
    """Return whether an item does not hold."""
    if isinstance(item, bool):
        return not item
    return z3.BoolRef(z3.Z3_mk_not(item.ctx.ref(), item.as_ast()), item.ctx)


def equal(left: Term, right: Term) -> Term:
    """Return whether two truths are the same."""
    if isinstance(left, bool) or isinstance(right, bool):
        return both(left, right) if left is True or right is True else both(no(left), no(right))
    return True if left.eq(right) else left == right


def choose(condition: Term, yes: Number, other: Number) -> Number:
    """Return one number where a condition holds, and another elsewhere."""
    if isinstance(condition, bool):
        return yes if condition else other
    return z3.If(condition, yes, other)


def how_many(items: Iterable[Term], least: int) -> Term:
    """Return whether at least so many items hold."""
    found = list(items)
    settled = sum(item is True for item in found)
    open_items = [item for item in found if not isinstance(item, bool)]
    wanted = least - settled
    if wanted <= 0:
        return True
    if wanted > len(open_items):
        return False
    return some(*open_items) if wanted == 1 else z3.AtLeast(*open_items, wanted)


# --- truths with three values ---


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth by two terms: true where `surely`, false where not `possibly`, unknown between."""

    surely: Term
    possibly: Term

    @property
    def unknown(self) -> Term:
        """Whether it is neither true nor false."""
        return both(self.possibly, no(self.surely))

    def negated(self) -> Truth:
        """Return the truth of the opposite."""
        return Truth(no(self.possibly), no(self.surely))

    def doubted(self, doubt: Term) -> Truth:
        """Return a truth that is unknown wherever there is doubt."""
        return Truth(both(self.surely, no(doubt)), some(self.possibly, doubt))


def sharp(term: Term) -> Truth:
    """Return a truth that is never unknown."""
    return Truth(term, term)


# --- values ---


@dataclass(frozen=True)
class Coded:
    """A flag, category or level: per code whether the fact has it. At most one holds; missing where none does."""

    codes: Mapping[int, Term]

    @cached_property
    def known(self) -> Term:
        """Whether the fact has a value."""
        return some(*self.codes.values())

    def has(self, code: int) -> Term:
        """Return whether the fact has this code."""
        return self.codes.get(code, False)


@dataclass(frozen=True, slots=True)
class Whole:
    """A number, date or text: its code, which says nothing where the fact is missing."""

    known: Term
    code: Number

    def has(self, code: int) -> Term:
        """Return whether the fact has this code."""
        return both(self.known, self.code == code)


Value = Coded | Whole
MISSING = Coded({})


def same(left: Value, right: Value) -> Term:
    """Return whether two values are the same; both missing is the same as well."""
    if isinstance(left, Coded) and isinstance(right, Coded):
        codes = {**left.codes, **right.codes}
        return both(*(equal(left.has(code), right.has(code)) for code in codes))
    return both(equal(left.known, right.known), some(no(left.known), compared(left, right, operator.eq)))


def compared(left: Value, right: Value, test: Comparison, left_times: int = 1, right_times: int = 1) -> Term:
    """Return whether both are known and left × left_times compares with right × right_times as tested."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        return both(left.known, right.known, test(left.code * left_times, right.code * right_times))
    if isinstance(left, Whole) or isinstance(right, Whole):
        raise TypeError("a number is compared with a category")
    return some(*(
        both(one, other)
        for code, one in left.codes.items()
        for other_code, other in right.codes.items()
        if test(code * left_times, other_code * right_times)
    ))  # fmt: skip
