"""One customer, or one row, in a session: what is known, and what is true of it, in plain Python.

The session's scalar code. It computes what durable-rules cannot match safely (dates against as-of, facts against
facts, quantified tests) and finds out which conditions are unknown. It shares nothing with the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.program import (
    EPOCH,
    And,
    AtLeast,
    AtLeastFacts,
    Code,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    Program,
    SumAtLeast,
    encode,
    leaf_facts,
    leaf_scope,
)
from engine.snapshot import CustomerFacts, Recorded
from engine.vocabulary import BEGINNING, FactKey, Value

Truth = bool | None


@dataclass(slots=True, eq=False)
class Place:
    """A customer (`scope` None) or a row of a collection, with codes of what is known and has been concluded.

    `truths` remembers leaf tests, nominal ones and, apart, cautious ones; `fired` holds rules' indices.
    """

    scope: str | None
    key: str
    codes: dict[FactKey, Code]
    sets: dict[FactKey, frozenset[int]] = field(default_factory=dict)
    provisional: set[FactKey] = field(default_factory=set)
    fired: set[int] = field(default_factory=set)
    rendered: dict[str, str] = field(default_factory=dict)
    truths: tuple[dict[int, Truth], dict[int, Truth]] = field(default_factory=lambda: ({}, {}))


class Conditions:
    """Evaluate a program's conditions for one customer and its rows."""

    def __init__(self, program: Program, customer: CustomerFacts) -> None:
        self.program = program
        self.as_of = customer.as_of
        self.today = (customer.as_of - EPOCH).days
        self.customer = Place(None, "", self._codes(None, customer.facts))
        self.rows = {
            name: [Place(name, row.key, self._codes(name, row.facts)) for row in rows]
            for name, rows in customer.rows.items()
        }
        self._recorded = customer.recorded

    def places(self, scope: str | None) -> list[Place]:
        """Return the customer, or the rows of a collection."""
        return [self.customer] if scope is None else self.rows.get(scope, [])

    def _codes(self, scope: str | None, facts: Mapping[str, Value]) -> dict[FactKey, Code]:
        vocabulary, codes = self.program.vocabulary, {}
        for name, value in facts.items():
            key = FactKey(scope, name)
            codes[key] = encode(vocabulary, vocabulary.facts[key], value)
        return codes

    # --- truth -----------------------------------------------------------------------------------------------------

    def truth(self, cond: Cond, place: Place, cautious: bool = False) -> Truth:
        """Return whether a condition is true of a place; cautiously, tests on provisional facts are unknown."""
        if isinstance(cond, Lit):
            found = self._leaf(cond.leaf, place, cautious)
            return found if cond.positive or found is None else not found
        deciding = not isinstance(cond, And)
        result: Truth = not deciding
        for item in cond.items:
            one = self.truth(item, place, cautious)
            if one is deciding:
                return deciding
            if one is None:
                result = None
        return result

    def unknown(self, cond: Cond, place: Place) -> set[str]:
        """Return the facts and collections on which an undecided condition hangs."""
        if self.truth(cond, place, cautious=True) is not None:
            return set()
        if not isinstance(cond, Lit):
            return {name for item in cond.items for name in self.unknown(item, place)}
        leaf = self.program.leaves[cond.leaf]
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return {leaf.collection}
        return {str(fact) for fact in leaf_facts(leaf) if self.is_open(fact, place)}

    def is_open(self, fact: FactKey, place: Place) -> bool:
        """Whether a fact is missing or provisional."""
        holder = self._holder(fact, place)
        return fact in holder.provisional or (fact not in holder.codes and fact not in holder.sets)

    def _holder(self, fact: FactKey, place: Place) -> Place:
        return place if fact.scope == place.scope else self.customer

    def _leaf(self, index: int, place: Place, cautious: bool) -> Truth:
        leaf = self.program.leaves[index]
        if place.scope is not None and leaf_scope(leaf) is None:
            place = self.customer
        known = place.truths[cautious]
        if index not in known:
            known[index] = self._test(leaf, place, cautious)
        return known[index]

    def _test(self, leaf: Leaf, place: Place, cautious: bool) -> Truth:
        if isinstance(leaf, CountAtLeast):
            return self._count(leaf, cautious)
        if isinstance(leaf, SumAtLeast):
            return self._sum(leaf, cautious)
        facts = leaf_facts(leaf)
        if cautious and any(fact in self._holder(fact, place).provisional for fact in facts):
            return None
        if isinstance(leaf, Member):
            return leaf.code in place.sets[leaf.fact]
        codes = [self._holder(fact, place).codes.get(fact) for fact in facts]
        if isinstance(leaf, Known):
            return codes[0] is not None or leaf.fact in place.sets
        return self._compare(leaf, codes[0], codes[-1])

    def _compare(
        self, leaf: OneOf | AtLeast | InDays | EqualFacts | AtLeastFacts, left: Code | None, right: Code | None
    ) -> Truth:
        if left is None or right is None:
            return None
        match leaf:
            case OneOf():
                return left in leaf.codes
            case EqualFacts() if isinstance(left, str):
                return left == right
        if isinstance(left, str) or isinstance(right, str):
            raise TypeError(f"a text cannot be compared by {type(leaf).__name__}")
        match leaf:
            case AtLeast():
                return left >= leaf.code
            case InDays():
                return self.today + leaf.first <= left <= self.today + leaf.last
            case EqualFacts():
                return left * leaf.left_times == right * leaf.right_times
            case _:
                return left * leaf.left_times >= right * leaf.right_times

    # --- quantified tests ------------------------------------------------------------------------------------------

    def _count(self, leaf: CountAtLeast, cautious: bool) -> Truth:
        truths = [self.truth(leaf.where, row, cautious) for row in self.places(leaf.collection)]
        if truths.count(True) >= leaf.least:
            return True
        most = len(truths) - truths.count(False)
        return None if most >= leaf.least or not self._is_covered(leaf.collection, leaf.window) else False

    def _sum(self, leaf: SumAtLeast, cautious: bool) -> Truth:
        if not self._is_covered(leaf.collection, leaf.window):
            return None
        lower = upper = 0
        for row in self.places(leaf.collection):
            truth = self.truth(leaf.where, row, cautious)
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

    def _is_covered(self, collection: str, window: int | None) -> bool:
        recorded: Recorded | None = self._recorded.get(collection)
        if recorded is None:
            return False
        start, end = recorded
        began = start == BEGINNING if window is None else (start - EPOCH).days <= self.today - window
        return began and (end is None or (end - EPOCH).days >= self.today)
