"""Conditions in plain Python, compiled once to closures.

They compute what durable-rules cannot match safely (facts against facts, quantified tests) and find out what is
unknown. They share nothing with the plan. A conjunction or alternative of tests of single facts is compared bit by
bit with what a place knows, however many tests it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from engine.program import (
    And,
    AtLeastFacts,
    Code,
    Cond,
    CountAtLeast,
    EqualFacts,
    Lit,
    Or,
    Program,
    Quantity,
    Selection,
    SumAtLeast,
    cond_leaves,
    leaf_facts,
    leaf_scope,
)
from engine.session.matcher import bits
from engine.session.place import Place, Truth
from engine.vocabulary import FactKey

Test = Callable[[Place, bool], Truth]
"""Tells whether a condition is true of a place; cautiously (True), tests on provisional facts are unknown."""

Ask = Callable[[Place], set[str]]
"""Returns the facts and collections on which a condition that is cautiously unknown hangs."""

COMPUTED = EqualFacts | AtLeastFacts | CountAtLeast | SumAtLeast
"""Leaves that a fact's value alone does not decide."""


class Conditions:
    """A program's conditions: of rules by index, `eligible` by scorecard and candidate."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._leaves = program.leaves
        self._fact_of = [next(map(str, leaf_facts(leaf)), "") for leaf in program.leaves]
        self._resolved = {resolution.fact for resolution in program.resolutions}
        self._computed: dict[tuple[int, str | None], Test] = {}
        self._rules: dict[int, Test] = {}  # compiled when first needed, as most never are
        self._asked: dict[int, Ask] = {}
        self.eligible = {
            (selection.scorecard, form.name): (self.test(form.eligible, None), self._ask(form.eligible, None))
            for selection in program.resolutions
            if isinstance(selection, Selection)
            for form in selection.candidates
        }

    def rule(self, index: int) -> Test:
        """Return the condition of a rule."""
        if index not in self._rules:
            form = self._program.rules[index]
            self._rules[index] = self.test(form.when, form.scope)
        return self._rules[index]

    def test(self, cond: Cond, scope: str | None) -> Test:
        """Compile a condition about places of a scope."""
        join = _some if isinstance(cond, Or) else _both
        own, customers, rest = self._parted(cond, scope)
        others = [self._inner(item, scope) for item in rest]
        if customers:
            others.append(_at_customer(join(customers, [])))
        return join(own, others)

    def _parted(self, cond: Cond, scope: str | None) -> tuple[_Bits, _Bits, list[Cond]]:
        """Return a condition's literals that a place's facts decide, those that the customer's do, and the rest."""
        own, customers, rest = _Bits(), _Bits(), list[Cond]()
        for item in [cond] if isinstance(cond, Lit) else _flat(cond):
            if not isinstance(item, Lit) or isinstance(self._leaves[item.leaf], COMPUTED):
                rest.append(item)
            elif leaf_scope(self._leaves[item.leaf]) == scope:
                own.add(item)
            else:
                customers.add(item)
        return own, customers, rest

    def _inner(self, cond: Cond, scope: str | None) -> Test:
        if not isinstance(cond, Lit):
            return self.test(cond, scope)
        test = self.computed(cond.leaf, scope)
        return test if cond.positive else _negated(test)

    def computed(self, index: int, scope: str | None) -> Test:
        """Compile a leaf that a fact's value alone does not decide."""
        key = index, scope
        if key not in self._computed:
            leaf = self._leaves[index]
            match leaf:
                case CountAtLeast():
                    test = self._remembered(index, leaf, _count(leaf, self.test(leaf.where, leaf.collection)))
                case SumAtLeast():
                    test = self._remembered(index, leaf, _sum(leaf, self.test(leaf.where, leaf.collection)))
                case EqualFacts() | AtLeastFacts():
                    test = _compare(leaf, scope)
                case _:
                    raise TypeError(f"{type(leaf).__name__} is not computed")
            self._computed[key] = test
        return self._computed[key]

    def unknown(self, rule: int, place: Place) -> set[str]:
        """Return the facts and collections on which an open rule hangs."""
        if rule not in self._asked:
            form = self._program.rules[rule]
            self._asked[rule] = self._ask(form.when, form.scope)
        return self._asked[rule](place)

    def _ask(self, cond: Cond, scope: str | None) -> Ask:
        own, customers, rest = self._parted(cond, scope)
        others = [(self._inner(item, scope), self._ask_inner(item, scope)) for item in rest]
        read = [(own.plain | own.negated, False), (customers.plain | customers.negated, True)]
        asked = [(leaves, is_customers) for leaves, is_customers in read if leaves]
        fact_of = self._fact_of

        def ask(place: Place) -> set[str]:
            names = {name for test, ask_item in others if test(place, True) is None for name in ask_item(place)}
            for leaves, is_customers in asked:
                at = place.customer if is_customers else place
                unknown = leaves & ~(at.sure_yes | at.sure_no)
                if unknown:
                    names.update([fact_of[leaf] for leaf in bits(unknown)])
            return names

        return ask

    def _ask_inner(self, cond: Cond, scope: str | None) -> Ask:
        if not isinstance(cond, Lit):
            return self._ask(cond, scope)
        leaf = self._leaves[cond.leaf]
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return lambda _place: {leaf.collection}
        facts = leaf_facts(leaf)
        return lambda place: {str(fact) for fact in facts if place.is_open(fact)}

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


class _Bits:
    """Literals of one condition: the leaves that stand there as they are, and those that stand negated, as bits."""

    def __init__(self) -> None:
        self.plain = self.negated = 0

    def __bool__(self) -> bool:
        return bool(self.plain or self.negated)

    def add(self, literal: Lit) -> None:
        if literal.positive:
            self.plain |= 1 << literal.leaf
        else:
            self.negated |= 1 << literal.leaf


def _flat(cond: And | Or) -> Iterable[Cond]:
    for item in cond.items:
        if type(item) is type(cond):
            yield from _flat(item)
        else:
            yield item


def _both(literals: _Bits, others: Sequence[Test]) -> Test:
    plain, negated = literals.plain, literals.negated

    def test(place: Place, cautious: bool) -> Truth:
        yes, no = (place.sure_yes, place.sure_no) if cautious else (place.yes, place.no)
        if plain & no or negated & yes:
            return False
        result: Truth = True if plain & yes == plain and negated & no == negated else None
        for item in others:
            one = item(place, cautious)
            if one is False:
                return False
            if one is None:
                result = None
        return result

    return test


def _some(literals: _Bits, others: Sequence[Test]) -> Test:
    plain, negated = literals.plain, literals.negated

    def test(place: Place, cautious: bool) -> Truth:
        yes, no = (place.sure_yes, place.sure_no) if cautious else (place.yes, place.no)
        if plain & yes or negated & no:
            return True
        result: Truth = False if plain & no == plain and negated & yes == negated else None
        for item in others:
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


def _at_customer(of_customer: Test) -> Test:
    def test(place: Place, cautious: bool) -> Truth:
        return of_customer(place.customer, cautious)

    return test


# --- facts against facts ---


def _compare(leaf: EqualFacts | AtLeastFacts, scope: str | None) -> Test:
    left_of, right_of = _code(leaf.left, scope), _code(leaf.right, scope)
    is_equal = isinstance(leaf, EqualFacts)

    def test(place: Place, cautious: bool) -> Truth:
        left, right = left_of(place, cautious), right_of(place, cautious)
        if left is None or right is None:
            return None
        if isinstance(left, str) or isinstance(right, str):
            return left == right  # texts are compared for equality alone
        left, right = left * leaf.left_times, right * leaf.right_times
        return left == right if is_equal else left >= right

    return test


def _code(fact: FactKey, scope: str | None) -> Callable[[Place, bool], Code | None]:
    name, is_customers = fact.name, fact.scope != scope

    def code(place: Place, cautious: bool) -> Code | None:
        if is_customers:
            place = place.customer
        return None if cautious and name in place.provisional else place.codes.get(name)

    return code


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
    amount_of = leaf.of.name

    def test(place: Place, cautious: bool) -> Truth:
        if not place.all.is_covered(leaf.collection, leaf.window):
            return None
        lower = upper = 0
        for row in place.all.of(leaf.collection):
            truth = where(row, cautious)
            if truth is False:
                continue
            amount = row.codes.get(amount_of)
            if not isinstance(amount, int) or (cautious and amount_of in row.provisional):
                return None
            lower += amount if truth else min(amount, 0)
            upper += amount if truth else max(amount, 0)
        if lower >= leaf.least:
            return True
        return None if upper >= leaf.least else False

    return test
