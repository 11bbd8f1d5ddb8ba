"""What is true of a chunk of customers: leaf tests over columns, each computed once, and conditions made of them.

Every question can be asked *cautiously*: then a test on a provisional fact is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product

import numpy as np
import pyarrow as pa

from engine.plan.columns import (
    EVERYWHERE,
    NOWHERE,
    Array,
    Column,
    ColumnError,
    Mask,
    Words,
    all_of,
    any_of,
    days,
    full,
    holds,
    invert,
    known_mask,
    missing,
    of_rows,
    one_array,
    read_column,
    read_words,
    settled,
)
from engine.plan.truth import Truth, both, negate, sharp, some, unless_unknown
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
    Program,
    Quantity,
    SumAtLeast,
    leaf_facts,
    leaf_scope,
)
from engine.vocabulary import BEGINNING, FactKey

RARE = (
    8  # below one row in so many, picking rows is faster than a running total over all (measured at 2 to 27 rows each)
)

_Test = OneOf | AtLeast | EqualFacts | AtLeastFacts | InDays


@dataclass(slots=True)
class Chunk:
    """The facts of some customers: stored columns, read when first asked for, and derived ones as they complete.

    `rows` has, per collection, its rows sorted by customer, and each row's customer as a position.
    """

    program: Program
    as_of: date
    customers: pa.Table
    rows: Mapping[str, tuple[pa.Table, Array]]
    columns: dict[FactKey, Column] = field(default_factory=dict)
    sets: dict[FactKey, Mapping[int, Mask]] = field(default_factory=dict)
    provisional: dict[FactKey, Mask] = field(default_factory=dict)
    _words: dict[FactKey, Words] = field(default_factory=dict)
    _ends: dict[str, Array] = field(default_factory=dict)
    _covered: dict[tuple[str, int | None], Mask] = field(default_factory=dict)

    def size(self, scope: str | None) -> int:
        """Return the number of customers, or of rows of a collection."""
        return int(self.customers.num_rows if scope is None else len(self.owners(scope)))

    def owners(self, collection: str) -> Array:
        """Return each row's customer as a position; rows are sorted by it."""
        return self.rows[collection][1] if collection in self.rows else np.zeros(0, np.int64)

    def stored(self, key: FactKey) -> Column | None:
        """Return a stored column, or None if the snapshot has none."""
        found = self._column_of(key)
        return None if found is None else read_column(self.program.vocabulary, self.program.fact(key), found)

    def column(self, key: FactKey) -> Column:
        """Return a fact's column; a fact without any is missing everywhere."""
        found = self.columns.get(key)
        if found is None:
            found = self.columns[key] = self.stored(key) or missing(self.size(key.scope))
        return found

    def words(self, key: FactKey) -> Words:
        """Return a text's column as numbers: to compare texts one by one takes some hundred times as long."""
        found = self._words.get(key)
        if found is None:
            stored = self._column_of(key)
            found = read_words(self.program.fact(key), stored, self.size(key.scope))
            self._words[key] = found
        return found

    def covered(self, collection: str, window: int | None) -> Mask:
        """Return for whom a collection was recorded over the `window` days up to as-of (None: since the beginning)."""
        key = collection, window
        found = self._covered.get(key)
        if found is None:
            found = self._covered[key] = self._coverage(collection, window)
        return found

    def _coverage(self, collection: str, window: int | None) -> Mask:
        today = (self.as_of - EPOCH).days
        first = today - window if window is not None else (BEGINNING - EPOCH).days
        start = self._date(f"{collection}.recorded_from")
        end = self._date(f"{collection}.recorded_to")
        if start is None or start.known is NOWHERE:
            return NOWHERE
        began = all_of(settled(start.codes <= first), EVERYWHERE if start.known is None else start.known)
        if end is None or end.known is NOWHERE:
            return began
        still = settled(end.codes >= today)
        return all_of(began, still if end.known is None else any_of(still, invert(end.known)))

    def how_many(self, collection: str, mask: Mask) -> Array:
        """Count the rows of each customer for which a mask holds (length one: the same for all)."""
        owners = self.owners(collection)
        size = self.size(None)
        if mask is NOWHERE or not len(owners):
            return np.zeros(1, np.int32)
        mask = full(mask, len(owners))
        if np.count_nonzero(mask) < len(mask) // RARE:
            return np.bincount(owners[np.flatnonzero(mask)], minlength=size)
        total = np.zeros(len(mask) + 1, np.int32)  # eight times as fast as int64; a chunk has fewer rows than 2**31
        np.cumsum(mask, out=total[1:], dtype=np.int32)
        return self._between_ends(collection, total)

    def per_customer(self, collection: str, values: Array) -> Array:
        """Add up rows' values for each customer, exactly (int64)."""
        total = np.zeros(len(values) + 1, np.int64)
        np.cumsum(values, out=total[1:])
        return self._between_ends(collection, total)

    def _between_ends(self, collection: str, total: Array) -> Array:
        """Return each customer's part of a running total over rows."""
        ends = self._ends.get(collection)
        if ends is None:
            ends = np.zeros(self.size(None) + 1, np.int64)
            np.cumsum(np.bincount(self.owners(collection), minlength=self.size(None)), out=ends[1:])
            self._ends[collection] = ends
        sums: Array = total[ends]
        return sums[1:] - sums[:-1]

    def _column_of(self, key: FactKey) -> pa.ChunkedArray | None:
        table = self.customers if key.scope is None else self.rows[key.scope][0] if key.scope in self.rows else None
        return None if table is None else _stored(table, key.name)

    def _date(self, name: str) -> Column | None:
        found = _stored(self.customers, name)
        if found is None or pa.types.is_null(found.type):
            return None
        if not pa.types.is_date32(found.type):
            raise ColumnError(f"column `{name}` is {found.type}, which does not hold a date")
        array = one_array(found)
        return Column(days(array), known_mask(array))


def _stored(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    place = table.schema.get_field_index(name)
    return None if place < 0 else table.column(place)


class Conditions:
    """Evaluate a program's conditions over one chunk."""

    def __init__(self, chunk: Chunk, before: Conditions | None = None) -> None:
        """Start from what is known of the same customers, if they were decided before."""
        self._chunk = chunk
        self._leaves = chunk.program.leaves
        self._known: dict[tuple[int, bool, str | None, bool], Truth] = dict(before._known) if before else {}
        self._today = (chunk.as_of - EPOCH).days

    def truth(self, cond: Cond, scope: str | None, cautious: bool = False) -> Truth:
        """Return a condition's truth for every customer, or for every row of the collection `scope`."""
        if scope is not None and not self._chunk.size(scope):
            return sharp(NOWHERE)
        if isinstance(cond, Lit):
            return self._literal(cond.leaf, cond.positive, scope, cautious)
        truths = [self.truth(item, scope, cautious) for item in cond.items]
        return both(truths) if isinstance(cond, And) else some(truths)

    def forget(self, leaves: Iterable[int]) -> None:
        """Forget what is known of leaves of which a fact has changed."""
        scopes = (None, *self._chunk.rows)
        for leaf in leaves:
            for key in product((leaf,), (True, False), scopes, (True, False)):
                self._known.pop(key, None)

    def is_touched(self, cond: Cond) -> bool:
        """Whether the condition reads any fact that is provisional somewhere in this chunk."""
        if isinstance(cond, Lit):
            leaf = self._leaves[cond.leaf]
            if isinstance(leaf, CountAtLeast | SumAtLeast):
                amount = isinstance(leaf, SumAtLeast) and leaf.of in self._chunk.provisional
                return amount or self.is_touched(leaf.where)
            return any(fact in self._chunk.provisional for fact in leaf_facts(leaf))
        return any(self.is_touched(item) for item in cond.items)

    def at(self, cond: Cond, scope: str | None, index: int, cautious: bool = False) -> bool | None:
        """Return a condition's truth at one place: of the columns only those of its leaves are computed."""
        if isinstance(cond, Lit):
            return self._literal(cond.leaf, cond.positive, scope, cautious).at(index)
        absorbing = not isinstance(cond, And)
        found: bool | None = not absorbing
        for item in cond.items:
            one = self.at(item, scope, index, cautious)
            if one is absorbing:
                return absorbing
            if one is None:
                found = None
        return found

    def unknown(self, cond: Cond, scope: str | None, index: int) -> set[str]:
        """Return the facts and collections on which a condition hangs at one place; none if it is decided."""
        return self._unknown(cond, scope, index)[1]

    def _unknown(self, cond: Cond, scope: str | None, index: int) -> tuple[bool | None, set[str]]:
        """Return a condition's cautious truth at one place, and what it hangs on."""
        if isinstance(cond, Lit):
            truth = self._literal(cond.leaf, cond.positive, scope, True).at(index)
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
        place = index if fact.scope == scope else int(self._chunk.owners(scope or "")[index])
        provisional = self._chunk.provisional.get(fact)
        if provisional is not None and holds(provisional, place):
            return True
        return fact not in self._chunk.sets and not self._chunk.column(fact).is_known(place)

    def _literal(self, index: int, positive: bool, scope: str | None, cautious: bool) -> Truth:
        key = (index, positive, scope, cautious)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._computed(index, positive, scope, cautious)
        return found

    def _computed(self, index: int, positive: bool, scope: str | None, cautious: bool) -> Truth:
        if not positive:
            return negate(self._literal(index, True, scope, cautious))
        if cautious and not self.is_touched(Lit(index)):
            return self._literal(index, True, scope, False)
        leaf = self._leaves[index]
        if scope is not None and leaf_scope(leaf) is None:
            return _spread(self._literal(index, True, None, cautious), self._chunk.owners(scope))
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return self._quantity(leaf, cautious)
        if cautious:
            return self._doubted(self._literal(index, True, scope, False), leaf_facts(leaf), scope)
        return self._test(leaf, scope)

    def _doubted(self, truth: Truth, facts: tuple[FactKey, ...], scope: str | None) -> Truth:
        """Return a truth that is unknown wherever one of the facts is provisional."""
        surely, possibly = truth.surely, truth.possibly
        for fact in facts:
            provisional = self._chunk.provisional.get(fact)
            if provisional is not None:
                doubt = provisional if fact.scope == scope else of_rows(provisional, self._chunk.owners(scope or ""))
                surely, possibly = all_of(surely, invert(doubt)), any_of(possibly, doubt)
        return Truth(surely, possibly)

    # --- leaf tests ---

    def _test(self, leaf: _Test | Known | Member, scope: str | None) -> Truth:
        if isinstance(leaf, Member):
            return sharp(self._chunk.sets[leaf.fact][leaf.code])
        if isinstance(leaf, OneOf) and leaf.codes and isinstance(leaf.codes[0], str):
            return self._words_test(leaf)
        columns = [self._column(fact, scope) for fact in leaf_facts(leaf)]
        known = _known(columns)
        if isinstance(leaf, Known):
            return sharp(EVERYWHERE if known is None else known)
        if known is NOWHERE:
            return Truth(NOWHERE, EVERYWHERE)
        return unless_unknown(self._compare(leaf, [column.codes for column in columns]), known)

    def _words_test(self, leaf: OneOf) -> Truth:
        column, words = self._chunk.words(leaf.fact)
        if column.known is NOWHERE:
            return Truth(NOWHERE, EVERYWHERE)
        wanted = tuple(words[word] for word in leaf.codes if word in words)
        return unless_unknown(_is_one_of(column.codes, wanted), column.known)

    def _compare(self, leaf: _Test, codes: list[Array]) -> Mask:
        match leaf:
            case OneOf():
                found = _is_one_of(codes[0], leaf.codes)
            case AtLeast():
                found = codes[0] >= leaf.code
            case InDays():
                found = (codes[0] >= self._today + leaf.first) & (codes[0] <= self._today + leaf.last)
            case EqualFacts():
                found = _times(codes[0], leaf.left_times) == _times(codes[1], leaf.right_times)
            case AtLeastFacts():
                found = _times(codes[0], leaf.left_times) >= _times(codes[1], leaf.right_times)
        return found

    def _column(self, fact: FactKey, scope: str | None) -> Column:
        column = self._chunk.column(fact)
        return column if fact.scope == scope else column.of_rows(self._chunk.owners(scope or ""))

    # --- quantified tests ---

    def _quantity(self, leaf: Quantity, cautious: bool) -> Truth:
        truth = self.truth(leaf.where, leaf.collection, cautious)
        covered = self._chunk.covered(leaf.collection, leaf.window)
        if isinstance(leaf, CountAtLeast):
            fewest = settled(self._chunk.how_many(leaf.collection, truth.surely) >= leaf.least)
            if truth.is_sharp:
                most = fewest
            else:
                most = settled(self._chunk.how_many(leaf.collection, truth.possibly) >= leaf.least)
            return _between(fewest, any_of(most, invert(covered)))
        amounts, lacking = self._amounts(leaf, cautious)
        sure = self._added(leaf, truth.surely, amounts)
        unknown = truth.unknown()
        lower = sure + self._added(leaf, unknown, np.minimum(amounts, 0))
        upper = sure + self._added(leaf, unknown, np.maximum(amounts, 0))
        lacks = settled(self._chunk.how_many(leaf.collection, all_of(truth.possibly, lacking)) > 0)
        bounded = all_of(covered, invert(lacks))
        return _between(
            all_of(bounded, settled(lower >= leaf.least)), any_of(invert(bounded), settled(upper >= leaf.least))
        )

    def _added(self, leaf: SumAtLeast, where: Mask, amounts: Array) -> Array:
        if where is NOWHERE or not len(amounts):
            return np.zeros(1, np.int64)
        return self._chunk.per_customer(leaf.collection, np.where(where, amounts, 0))

    def _amounts(self, leaf: SumAtLeast, cautious: bool) -> tuple[Array, Mask]:
        """Return the amounts to add (0 where there is none), and where there is none to rely on."""
        column = self._column(leaf.of, leaf.collection)
        lacking = NOWHERE if column.known is None else invert(column.known)
        provisional = self._chunk.provisional.get(leaf.of) if cautious else None
        if provisional is not None:
            lacking = any_of(lacking, provisional)
        return column.codes if lacking is NOWHERE else np.where(lacking, 0, column.codes), lacking


def _between(surely: Mask, possibly: Mask) -> Truth:
    return sharp(surely) if surely is possibly or np.array_equal(surely, possibly) else Truth(surely, possibly)


def _spread(truth: Truth, owners: Array) -> Truth:
    surely = of_rows(truth.surely, owners)
    return sharp(surely) if truth.is_sharp else Truth(surely, of_rows(truth.possibly, owners))


def _known(columns: list[Column]) -> Mask | None:
    masks = [column.known for column in columns if column.known is not None]
    return all_of(*masks) if masks else None


def _is_one_of(codes: Array, wanted: tuple[int | str, ...]) -> Mask:
    found: Mask = np.asarray(codes == wanted[0], np.bool_) if wanted else np.zeros(len(codes), np.bool_)
    for code in wanted[1:]:
        found |= codes == code
    return found


def _times(codes: Array, factor: int) -> Array:
    return codes if factor == 1 else codes.astype(np.int64) * factor
