"""Conditions in plain Python, compiled once to closures.

They compute what durable-rules cannot match safely (dates against as-of, facts against facts, quantified tests) and
find out what is unknown. They share nothing with the plan. Closures take a third of the time of walking conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.program import (
    And,
    AtLeast,
    AtLeastFacts,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Lit,
    Member,
    OneOf,
    Program,
    Selection,
    SumAtLeast,
    leaf_facts,
)
from engine.session.place import Place, Truth

Test = Callable[[Place, bool], Truth]
"""Tells whether a condition is true of a place; cautiously (True), tests on provisional facts are unknown."""


class Conditions:
    """A program's conditions: `rules` by index, `eligible` by scorecard and candidate."""

    def __init__(self, program: Program) -> None:
        self._leaves = program.leaves
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
        if self.test(cond)(place, True) is not None:
            return set()
        if not isinstance(cond, Lit):
            return {name for item in cond.items for name in self.unknown(item, place)}
        leaf = self._leaves[cond.leaf]
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return {leaf.collection}
        return {str(fact) for fact in leaf_facts(leaf) if place.is_open(fact)}

    def _leaf(self, index: int) -> Test:
        leaf = self._leaves[index]
        match leaf:
            case CountAtLeast():
                return _remembered(index, _count(leaf, self.test(leaf.where)))
            case SumAtLeast():
                return _remembered(index, _sum(leaf, self.test(leaf.where)))
            case EqualFacts() | AtLeastFacts():
                return _compare(leaf)
            case _:
                return _of_one_fact(leaf)


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


def _of_one_fact(leaf: OneOf | AtLeast | InDays | Known | Member) -> Test:
    fact, scope = leaf.fact, leaf.fact.scope
    holds = _holds(leaf)

    def test(place: Place, cautious: bool) -> Truth:
        if place.scope != scope:
            place = place.all.customer
        if cautious and fact in place.provisional:
            return None
        return holds(place)

    return test


def _holds(leaf: OneOf | AtLeast | InDays | Known | Member) -> Callable[[Place], Truth]:
    """Return a test of the place where the fact stands."""
    fact = leaf.fact
    match leaf:
        case Known():
            return lambda place: fact in place.codes
        case Member(_, member):
            return lambda place: member in place.sets[fact]
        case OneOf(_, codes):
            return lambda place: code in codes if (code := place.codes.get(fact)) is not None else None
        case AtLeast(_, least):
            return lambda place: code >= least if isinstance(code := place.codes.get(fact), int) else None
        case InDays(_, first, last):
            return lambda place: (
                first <= day - place.all.today <= last if isinstance(day := place.codes.get(fact), int) else None
            )


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


def _remembered(index: int, ask: Test) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        counted = place.all.counted
        key = index, cautious
        if key not in counted:
            counted[key] = ask(place, cautious)
        return counted[key]

    return test


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
