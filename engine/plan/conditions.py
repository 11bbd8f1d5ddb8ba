"""What is true of a chunk of customers: conditions over its facts, each distinct part computed once.

Every question can be asked *cautiously*: then a test on a provisional fact is unknown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, holds, invert, join, meet, minus, pack, unpack
from engine.plan.chunk import Chunk
from engine.plan.nodes import All, Node, Not, OfRows, Test
from engine.plan.truth import NEVER, Truth, both, negate, sharp, some, unless_unknown
from engine.plan.values import Array, Values
from engine.program import (
    EPOCH,
    And,
    AtLeast,
    AtLeastFacts,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    Quantity,
    SumAtLeast,
    leaf_facts,
    leaf_scope,
)
from engine.vocabulary import FactKey

_Direct = OneOf | AtLeast | EqualFacts | AtLeastFacts | InDays | Known | Member


class Conditions:
    """Evaluate a program's conditions over one chunk."""

    def __init__(self, chunk: Chunk, before: Conditions | None = None) -> None:
        """Start from what is known of the same customers, if they were decided before."""
        self._chunk = chunk
        self._leaves = chunk.program.leaves
        self._today = (chunk.as_of - EPOCH).days
        self._nominal: dict[Node, Truth] = dict(before._nominal) if before else {}
        self._cautious: dict[Node, Truth] = dict(before._cautious) if before else {}

    def over(self, leaves: tuple[Leaf, ...]) -> Conditions:
        """Return the same for conditions over more leaves, which begin with the program's own."""
        chunk = self._chunk
        program = replace(chunk.program, leaves=leaves)
        return Conditions(replace(chunk, program=program, nodes=chunk.nodes.over(leaves)), self)

    def truth(self, cond: Cond, scope: str | None, cautious: bool = False) -> Truth:
        """Return a condition's truth for every customer, or for every place of the collection `scope`."""
        if scope is not None and not self._chunk.size(scope):
            return NEVER
        return self._of(self._chunk.nodes.of(cond, scope), cautious)

    def forget(self, fact: FactKey) -> None:
        """Forget what is known of conditions that read a fact, as it has changed."""
        bit = self._chunk.nodes.bits([fact])
        for known in (self._nominal, self._cautious):
            for node in [node for node in known if node.reads & bit]:
                del known[node]

    def at(self, cond: Cond, scope: str | None, index: int, cautious: bool = False) -> bool | None:
        """Return a condition's truth at one place."""
        return self.truth(cond, scope, cautious).at(index)

    def unknown(self, cond: Cond, scope: str | None, index: int) -> set[str]:
        """Return the facts and collections on which a condition hangs at one place; none if it is decided."""
        return self._unknown(cond, scope, index)[1]

    def _unknown(self, cond: Cond, scope: str | None, index: int) -> tuple[bool | None, set[str]]:
        """Return a condition's cautious truth at one place, and what it hangs on."""
        if isinstance(cond, Lit):
            truth = self.at(cond, scope, index, cautious=True)
            return truth, set() if truth is not None else self._open_in(self._leaves[cond.leaf], scope, index)
        absorbing = not isinstance(cond, And)
        names: set[str] = set()
        is_open = False
        for item in cond.items:
            one, unknown = self._unknown(item, scope, index)
            if one is absorbing:
                return absorbing, set()
            is_open |= one is None
            names |= unknown
        return None if is_open else not absorbing, names

    def _open_in(self, leaf: Leaf, scope: str | None, index: int) -> set[str]:
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return {leaf.collection}
        return {str(fact) for fact in leaf_facts(leaf) if self.is_open(fact, scope, index)}

    def is_open(self, fact: FactKey, scope: str | None, index: int) -> bool:
        """Whether a fact is missing or provisional at one place of a scope."""
        chunk = self._chunk
        place = index if fact.scope == scope or scope is None else chunk.rows[scope].owner(index)
        if holds(chunk.provisional.get(fact, NOWHERE), place):
            return True
        return fact not in chunk.sets and not holds(chunk.of(fact).known, place)

    # --- nodes ---

    def _of(self, node: Node, cautious: bool) -> Truth:
        cautious = cautious and bool(node.reads & self._chunk.doubtful)
        known = self._cautious if cautious else self._nominal
        found = known.get(node)
        if found is None:
            found = known[node] = self._computed(node, cautious)
        return found

    def _computed(self, node: Node, cautious: bool) -> Truth:
        if isinstance(node, Test):
            leaf = self._leaves[node.leaf]
            if isinstance(leaf, CountAtLeast | SumAtLeast):
                return self._quantity(leaf, cautious)
            return self._doubted(self._of(node, False), leaf) if cautious else self._test(leaf)
        if isinstance(node, Not):
            return negate(self._of(node.item, cautious))
        if isinstance(node, OfRows):
            return self._spread(self._of(node.item, cautious), node.scope or "")
        truths = (self._of(item, cautious) for item in node.items)
        return both(truths) if isinstance(node, All) else some(truths)

    def _spread(self, truth: Truth, scope: str) -> Truth:
        spread = self._chunk.rows[scope].spread
        surely = spread(truth.surely)
        return sharp(surely) if truth.is_sharp else Truth(surely, spread(truth.possibly))

    def _doubted(self, truth: Truth, leaf: Leaf) -> Truth:
        """Return a test's truth, unknown wherever one of its facts is provisional."""
        surely, possibly = truth
        for fact in leaf_facts(leaf):
            doubt = self._doubt(fact, leaf_scope(leaf))
            surely, possibly = minus(surely, doubt), join(possibly, doubt)
        return Truth(surely, possibly)

    def _doubt(self, fact: FactKey, scope: str | None) -> Bits:
        doubt = self._chunk.provisional.get(fact, NOWHERE)
        return doubt if fact.scope == scope or scope is None else self._chunk.rows[scope].spread(doubt)

    # --- leaf tests ---

    def _test(self, leaf: _Direct) -> Truth:
        if isinstance(leaf, Member):
            return sharp(self._chunk.sets[leaf.fact][leaf.code])
        if isinstance(leaf, EqualFacts | AtLeastFacts):
            return self._compare(leaf)
        values = self._chunk.of(leaf.fact)
        match leaf:
            case Known():
                return sharp(values.known)
            case OneOf():
                surely = values.is_in(leaf.codes)
            case AtLeast():
                surely = values.is_between(leaf.code, None)
            case InDays():
                surely = values.is_between(self._today + leaf.first, self._today + leaf.last)
        return unless_unknown(surely, values.known)

    def _compare(self, leaf: EqualFacts | AtLeastFacts) -> Truth:
        left, right = (self._values(fact, leaf_scope(leaf)) for fact in (leaf.left, leaf.right))
        known = meet(left.known, right.known)
        if known is NOWHERE:
            return Truth(NOWHERE, EVERYWHERE)
        numbers, others = _times(left.codes, leaf.left_times), _times(right.codes, leaf.right_times)
        found = numbers == others if isinstance(leaf, EqualFacts) else numbers >= others
        return unless_unknown(meet(pack(np.asarray(found, np.bool_)), known), known)

    def _values(self, fact: FactKey, scope: str | None) -> Values:
        values = self._chunk.of(fact)
        return values if fact.scope == scope or scope is None else self._chunk.rows[scope].spread_codes(values)

    # --- quantified tests ---

    def _quantity(self, leaf: Quantity, cautious: bool) -> Truth:
        truth = self.truth(leaf.where, leaf.collection, cautious)
        covered = self._chunk.covered(leaf.collection, leaf.window)
        if isinstance(leaf, SumAtLeast):
            return self._sum(leaf, truth, covered, cautious)
        fewest = self._at_least(leaf, truth.surely)
        most = fewest if truth.is_sharp else self._at_least(leaf, truth.possibly)
        possibly = join(most, invert(covered))
        return Truth(fewest, fewest if _are_equal(fewest, possibly) else possibly)

    def _at_least(self, leaf: CountAtLeast, where: Bits) -> Bits:
        """Return the customers with so many rows where something holds."""
        rows = self._chunk.rows.get(leaf.collection)
        if rows is None or where is NOWHERE or not rows.size:
            return EVERYWHERE if leaf.least <= 0 else NOWHERE
        return rows.someone(where) if leaf.least == 1 else pack(rows.how_many(where) >= leaf.least)

    def _sum(self, leaf: SumAtLeast, truth: Truth, covered: Bits, cautious: bool) -> Truth:
        rows = self._chunk.rows.get(leaf.collection)
        if rows is None or not rows.size:
            reached = EVERYWHERE if leaf.least <= 0 else NOWHERE
            return Truth(meet(covered, reached), join(invert(covered), reached))
        values = self._chunk.of(leaf.of)
        lacking = invert(values.known)
        if cautious:
            lacking = join(lacking, self._chunk.provisional.get(leaf.of, NOWHERE))
        amounts = np.where(unpack(lacking, rows.size), 0, values.codes)
        sure, unknown = rows.total(amounts, truth.surely), truth.unknown()
        lower = sure + rows.total(np.minimum(amounts, 0), unknown)
        upper = sure + rows.total(np.maximum(amounts, 0), unknown)
        bounded = minus(covered, rows.someone(meet(truth.possibly, lacking)))
        surely = meet(bounded, pack(lower >= leaf.least))
        possibly = join(invert(bounded), pack(upper >= leaf.least))
        return Truth(surely, surely if _are_equal(surely, possibly) else possibly)


def _are_equal(one: Bits, other: Bits) -> bool:
    return one is other or np.array_equal(one, other)


def _times(codes: Array, factor: int) -> Array:
    return codes if factor == 1 else codes.astype(np.int64) * factor
