"""A program's conditions, prepared: each distinct part stands once, so that it is computed once per chunk.

Parts that speak of the customer alone are put together before they are repeated for its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from engine.program import And, Cond, CountAtLeast, Leaf, Lit, Program, SumAtLeast, cond_facts, leaf_scope
from engine.vocabulary import FactKey

OFTEN = 8  # to arrange a collection's rows in layers takes as long as to combine them so many times without


@dataclass(frozen=True, eq=False, slots=True)
class Test:
    """A leaf, over the customers or the rows that it is about. `reads`, of every node: a bit per derived fact."""

    scope: str | None
    reads: int
    leaf: int


@dataclass(frozen=True, eq=False, slots=True)
class Not:
    """True where its item is false."""

    scope: str | None
    reads: int
    item: Node


@dataclass(frozen=True, eq=False, slots=True)
class All:
    """True where every item is."""

    scope: str | None
    reads: int
    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Any:
    """True where some item is."""

    scope: str | None
    reads: int
    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False, slots=True)
class OfRows:
    """What holds of the customer, for each of its rows."""

    scope: str | None
    reads: int
    item: Node


Node = Test | Not | All | Any | OfRows


class Nodes:
    """The nodes of all conditions over a program's leaves, made when they are first asked for."""

    def __init__(self, program: Program) -> None:
        """Start from nothing. `combined_often`: the collections whose rows many rules and tests combine."""
        combined = Counter(leaf.collection for leaf in program.leaves if isinstance(leaf, CountAtLeast | SumAtLeast))
        combined.update(rule.scope for rule in program.rules if rule.scope is not None)
        self.combined_often = frozenset(name for name, times in combined.items() if times >= OFTEN)
        self._bits: dict[FactKey, int] = {one.fact: 1 << place for place, one in enumerate(program.resolutions)}
        self._leaves = program.leaves
        self._distinct: dict[object, Node] = {}
        self._by_id: dict[tuple[int, str | None], tuple[Cond, Node]] = {}

    def over(self, leaves: tuple[Leaf, ...]) -> Nodes:
        """Return the nodes of conditions over more leaves, which begin with these; what is added stays there."""
        more = copy(self)
        more._leaves, more._distinct, more._by_id = leaves, dict(self._distinct), {}
        return more

    def bits(self, facts: Iterable[FactKey]) -> int:
        """Return the bits of those facts that are derived."""
        found = 0
        for fact in facts:
            found |= self._bits.get(fact, 0)
        return found

    def of(self, cond: Cond, scope: str | None) -> Node:
        """Return the node of a condition about the customer, or about the rows of the collection `scope`."""
        found = self._by_id.get((id(cond), scope))
        if found is None:
            # The condition is kept, so that no other can come to have its id.
            found = self._by_id[id(cond), scope] = cond, self._made(cond, scope)
        return found[1]

    def _made(self, cond: Cond, scope: str | None) -> Node:
        if isinstance(cond, Lit):
            return self._literal(cond, scope)
        kind = All if isinstance(cond, And) else Any
        items = tuple(dict.fromkeys(self._made(item, scope) for item in cond.items))
        of_customer = tuple(item.item for item in items if isinstance(item, OfRows))
        if len(of_customer) > 1:
            joint = self._of_rows(self._several(kind, of_customer, None), scope)
            items = (joint, *(item for item in items if not isinstance(item, OfRows)))
        return self._several(kind, items, scope)

    def _literal(self, literal: Lit, scope: str | None) -> Node:
        own = leaf_scope(self._leaves[literal.leaf])
        node = self._distinct.get(literal.leaf)
        if node is None:
            reads = self.bits(cond_facts(Lit(literal.leaf), self._leaves))
            node = self._distinct[literal.leaf] = Test(own, reads, literal.leaf)
        if not literal.positive:
            node = self._once(Not, node.reads, node, own)
        return node if own == scope else self._of_rows(node, scope)

    def _of_rows(self, node: Node, scope: str | None) -> Node:
        return self._once(OfRows, node.reads, node, scope)

    def _several(self, kind: type[All | Any], items: tuple[Node, ...], scope: str | None) -> Node:
        if len(items) == 1:
            return items[0]
        reads = 0
        for item in items:
            reads |= item.reads
        return self._once(kind, reads, items, scope)

    def _once(self, kind: type, reads: int, content: Node | tuple[Node, ...], scope: str | None) -> Node:
        key = kind, content, scope
        found = self._distinct.get(key)
        if found is None:
            found = self._distinct[key] = kind(scope, reads, content)
        return found
