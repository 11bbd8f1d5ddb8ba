"""Conditions in plain Python, compiled once to closures.

They compute what durable-rules cannot match safely (dates against as-of, facts against facts, quantified tests) and
find out what is unknown. They share nothing with the plan. Closures take a third of the time of walking conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import le

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
    Or,
    Program,
    Quantity,
    Selection,
    SumAtLeast,
    cond_leaves,
    leaf_facts,
)
from engine.session.place import Place, Truth
from engine.vocabulary import FactKey

Test = Callable[[Place, bool], Truth]
"""Tells whether a condition is true of a place; cautiously (True), tests on provisional facts are unknown."""


class Conditions:
    """A program's conditions: `rules` by index, `eligible` by scorecard and candidate."""

    def __init__(self, program: Program) -> None:
        self._leaves = program.leaves
        self._resolved = {resolution.fact for resolution in program.resolutions}
        self._literals: dict[Lit, Test] = {}
        self.rules = [self.test(rule.when) for rule in program.rules]
        self.eligible = {
            (selection.scorecard, form.name): self.test(form.eligible)
            for selection in program.resolutions
            if isinstance(selection, Selection)
            for form in selection.candidates
        }

    def test(self, cond: Cond) -> Test:
        """Compile a condition."""
        if isinstance(cond, Lit):
            if cond not in self._literals:
                test = self._leaf(cond.leaf)
                self._literals[cond] = test if cond.positive else _negated(test)
            return self._literals[cond]
        items = [self.test(item) for item in cond.items]
        return _both(items) if isinstance(cond, And) else _some(items)

    def unknown(self, cond: Cond, place: Place) -> set[str]:
        """Return the facts and collections on which an undecided condition hangs."""
        return self._asked(cond, place)[1]

    def _asked(self, cond: Cond, place: Place) -> tuple[Truth, set[str]]:
        """Return a condition's cautious truth, and what it hangs on if that is unknown."""
        if isinstance(cond, Lit):
            truth = self._literals[cond](place, True)
            return truth, set() if truth is not None else self._open_in(cond.leaf, place)
        unknown: set[str] = set()
        is_some = isinstance(cond, Or)
        for item in cond.items:
            truth, names = self._asked(item, place)
            if truth is is_some:
                return truth, set()
            unknown |= names
        return (None, unknown) if unknown else (not is_some, unknown)

    def _open_in(self, index: int, place: Place) -> set[str]:
        leaf = self._leaves[index]
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return {leaf.collection}
        return {str(fact) for fact in leaf_facts(leaf) if place.is_open(fact)}

    def _leaf(self, index: int) -> Test:
        leaf = self._leaves[index]
        match leaf:
            case CountAtLeast():
                return self._remembered(index, leaf, _count(leaf, self.test(leaf.where)))
            case SumAtLeast():
                return self._remembered(index, leaf, _sum(leaf, self.test(leaf.where)))
            case EqualFacts() | AtLeastFacts():
                return _compare(leaf)
            case InDays():
                return _in_days(leaf)
            case Known(fact):
                return _of_place(fact, lambda place: fact in place.codes)
            case Member(fact, member):
                return _of_place(fact, lambda place: member in place.sets[fact])
            case OneOf(fact, codes):
                return _of_code(fact, frozenset(codes).__contains__)
            case AtLeast(fact, least):
                return _of_code(fact, partial(le, least))

    def _remembered(self, index: int, leaf: Quantity, ask: Test) -> Test:
        """Count rows once; twice if something that is read there can be provisional."""
        read = {fact for inner in cond_leaves(leaf.where) for fact in leaf_facts(self._leaves[inner])}
        if isinstance(leaf, SumAtLeast):
            read.add(leaf.of)
        is_sure = read.isdisjoint(self._resolved)

        def test(place: Place, cautious: bool) -> Truth:
            counted = place.all.counted
            key = index, cautious and not is_sure
            if key not in counted:
                counted[key] = ask(place, cautious)
            return counted[key]

        return test


def _both(items: Sequence[Test]) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        result: Truth = True
        for item in items:
            one = item(place, cautious)
            if one is False:
                return False
            if one is None:
                result = None
        return result

    return test


def _some(items: Sequence[Test]) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        result: Truth = False
        for item in items:
            one = item(place, cautious)
            if one is True:
                return True
            if one is None:
                result = None
        return result

    return test


def _negated(positive: Test) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        one = positive(place, cautious)
        return None if one is None else not one

    return test


# --- tests of facts ---


def _of_place(fact: FactKey, holds: Callable[[Place], bool]) -> Test:
    scope = fact.scope

    def test(place: Place, cautious: bool) -> Truth:
        if place.scope != scope:
            place = place.all.customer
        return None if cautious and fact in place.provisional else holds(place)

    return test


def _of_code(fact: FactKey, holds: Callable[[Code], bool]) -> Test:
    scope = fact.scope

    def test(place: Place, cautious: bool) -> Truth:
        if place.scope != scope:
            place = place.all.customer
        if cautious and fact in place.provisional:
            return None
        code = place.codes.get(fact)
        return None if code is None else holds(code)

    return test


def _in_days(leaf: InDays) -> Test:
    fact = leaf.fact

    def test(place: Place, cautious: bool) -> Truth:
        place = place.holder(fact)
        day = place.codes.get(fact)
        if not isinstance(day, int) or (cautious and fact in place.provisional):
            return None
        return leaf.first <= day - place.all.today <= leaf.last

    return test


def _compare(leaf: EqualFacts | AtLeastFacts) -> Test:
    left_fact, right_fact = leaf.left, leaf.right

    def test(place: Place, cautious: bool) -> Truth:
        at_left, at_right = place.holder(left_fact), place.holder(right_fact)
        left, right = at_left.codes.get(left_fact), at_right.codes.get(right_fact)
        if left is None or right is None:
            return None
        if cautious and (left_fact in at_left.provisional or right_fact in at_right.provisional):
            return None
        if isinstance(left, str) or isinstance(right, str):
            return left == right  # texts are compared for equality alone
        left, right = left * leaf.left_times, right * leaf.right_times
        return left == right if isinstance(leaf, EqualFacts) else left >= right

    return test


# --- quantified tests ---


def _count(leaf: CountAtLeast, where: Test) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        truths = [where(row, cautious) for row in place.all.of(leaf.collection)]
        if truths.count(True) >= leaf.least:
            return True
        if len(truths) - truths.count(False) >= leaf.least:
            return None
        return False if place.all.is_covered(leaf.collection, leaf.window) else None

    return test


def _sum(leaf: SumAtLeast, where: Test) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        if not place.all.is_covered(leaf.collection, leaf.window):
            return None
        lower = upper = 0
        for row in place.all.of(leaf.collection):
            truth = where(row, cautious)
            if truth is False:
                continue
            amount = row.codes.get(leaf.of)
            if not isinstance(amount, int) or (cautious and leaf.of in row.provisional):
                return None
            lower += amount if truth else min(amount, 0)
            upper += amount if truth else max(amount, 0)
        if lower >= leaf.least:
            return True
        return None if upper >= leaf.least else False

    return test
