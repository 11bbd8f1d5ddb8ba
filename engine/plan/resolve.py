"""From fired rules to facts, in columns: priorities, sets, tables that collect; and what is provisional.

A rule is *open* where, asked cautiously, its condition is unknown; elsewhere it is settled. `docs/language.md`
defines what is provisional; the functions here follow it sentence by sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.model import Collect
from engine.plan.columns import (
    EVERYWHERE,
    NOWHERE,
    Column,
    Mask,
    all_of,
    any_of,
    invert,
    settled,
    smallest,
)
from engine.plan.conditions import Chunk, Conditions
from engine.program import Aggregate, ProgramRule, Single, Union
from engine.vocabulary import FactKey, Type

UNBOUNDED = 2**62


@dataclass(slots=True)
class Rules:
    """Where each rule fired, and where it is open."""

    fired: dict[int, Mask] = field(default_factory=dict)
    open: dict[int, Mask] = field(default_factory=dict)

    def settled(self, rule: int) -> Mask:
        """Return where a rule fired and is settled."""
        return all_of(self.fired[rule], invert(self.open[rule]))


def fire(chunk: Chunk, conditions: Conditions, rules: Rules, rule: ProgramRule) -> None:
    """Find out where a rule fires and where it is open."""
    if not rule.is_valid(chunk.as_of):
        rules.fired[rule.index], rules.open[rule.index] = NOWHERE, NOWHERE
        return
    truth = conditions.truth(rule.when, rule.scope)
    rules.fired[rule.index] = truth.surely
    if chunk.provisional and conditions.is_touched(rule.when):
        truth = conditions.truth(rule.when, rule.scope, cautious=True)
    rules.open[rule.index] = truth.unknown()


# --- single-valued facts ---


def resolve_single(chunk: Chunk, rules: Rules, single: Single) -> None:
    """Give a single-valued fact its column: best fired entry, else stored value, default or fallback."""
    base, base_doubt = without_rules(chunk, single)
    column = _decided(base, [(entry.value, rules.fired[entry.rule]) for entry in single.entries])
    chunk.columns[single.fact] = column
    doubts = any(rules.open[entry.rule] is not NOWHERE for entry in single.entries)
    if not doubts and base_doubt is None:
        return
    best = _decided(base, [(entry.value, rules.settled(entry.rule)) for entry in single.entries]) if doubts else column
    undecided = EVERYWHERE
    provisional = []
    for entry in single.entries:
        doubt = rules.open[entry.rule]
        if doubt is not NOWHERE and undecided is not NOWHERE:
            provisional.append(all_of(doubt, undecided, _differs(best, entry.value)))
        undecided = all_of(undecided, invert(rules.settled(entry.rule)))
    if base_doubt is not None:
        provisional.append(all_of(undecided, base_doubt))
    note(chunk, single.fact, any_of(*provisional))


def without_rules(chunk: Chunk, single: Single) -> tuple[Column, Mask | None]:
    """Return what a fact is when no rule fires, and where that is provisional."""
    size = chunk.size(single.fact.scope)
    stored = chunk.stored(single.fact)
    if single.default is not None:
        whole = Column(np.full(size, single.default, codes_type(chunk, single.fact)))
        return (whole if stored is None else _first_known(stored, whole)), None
    if single.fallback is not None:
        fallback, doubt = chunk.column(single.fallback), chunk.provisional.get(single.fallback)
        if stored is None:
            return fallback, doubt
        lacking = invert(stored.known) if stored.known is not None else NOWHERE
        return _first_known(stored, fallback), None if doubt is None else all_of(doubt, lacking)
    if stored is not None:
        return stored, None
    return Column(np.zeros(size, codes_type(chunk, single.fact)), NOWHERE), None


def _decided(base: Column, entries: list[tuple[int, Mask]]) -> Column:
    """Return the value of the first entry (best first) that holds, or else the base.

    Entries' shares are disjoint, so they add up; adding whole columns is many times faster than masked copies.
    """
    entries = [(value, holds) for value, holds in entries if holds is not NOWHERE]
    if not entries:
        return base
    undecided = EVERYWHERE
    codes = np.zeros_like(base.codes)
    for value, holds in entries:
        taken = all_of(holds, undecided)
        if taken is not NOWHERE:
            undecided = all_of(undecided, invert(taken))
            codes += taken.view(np.int8) * codes.dtype.type(value)
    if undecided is not NOWHERE:
        codes += undecided.view(np.int8) * base.codes
    return Column(codes, None if base.known is None else any_of(base.known, invert(undecided)))


def _first_known(first: Column, second: Column) -> Column:
    if first.known is None:
        return first
    if first.known is NOWHERE:
        return second
    codes = np.where(first.known, first.codes, second.codes)
    return Column(codes, None if second.known is None else any_of(first.known, second.known))


def _differs(column: Column, value: int) -> Mask:
    other = settled(column.codes != value)
    return other if column.known is None else any_of(other, invert(column.known))


def codes_type(chunk: Chunk, key: FactKey) -> type[np.int8 | np.int16 | np.int32 | np.int64]:
    fact = chunk.program.fact(key)
    match fact.type:
        case Type.FLAG:
            return np.int8
        case Type.CATEGORY | Type.LEVEL:
            return smallest(len(members_of(chunk, key)))
        case _:
            return np.int64


def note(chunk: Chunk, fact: FactKey, provisional: Mask) -> None:
    if provisional is not NOWHERE:
        chunk.provisional[fact] = provisional


# --- sets ---


def resolve_union(chunk: Chunk, rules: Rules, union: Union) -> None:
    """Give a set a mask per member."""
    size = len(members_of(chunk, union.fact))
    reached: list[list[Mask]] = [[EVERYWHERE] if code in union.default else [] for code in range(size)]
    surely: list[list[Mask]] = [list(masks) for masks in reached]
    doubted: list[list[Mask]] = [[] for _ in range(size)]
    for rule, codes in union.entries:
        doubt = rules.open[rule]
        fired = _of_customers(chunk, rule, rules.fired[rule])
        sure = fired if doubt is NOWHERE else _of_customers(chunk, rule, rules.settled(rule))
        doubtful = _of_customers(chunk, rule, doubt)
        for code in codes:
            reached[code].append(fired)
            surely[code].append(sure)
            doubted[code].append(doubtful)
    chunk.sets[union.fact] = {code: any_of(*masks) for code, masks in enumerate(reached)}
    pairs = zip(doubted, surely, strict=True)
    provisional = [
        all_of(any_of(*doubts), invert(any_of(*sure))) for doubts, sure in pairs if any_of(*doubts) is not NOWHERE
    ]
    note(chunk, union.fact, any_of(*provisional))


def members_of(chunk: Chunk, fact: FactKey) -> tuple[str, ...]:
    return chunk.program.vocabulary.enum_of(chunk.program.fact(fact)).members


def _of_customers(chunk: Chunk, rule: int, mask: Mask) -> Mask:
    """Return for which customers a rule's mask holds, on some row if it is row-scoped."""
    scope = chunk.program.rules[rule].scope
    return mask if scope is None else settled(chunk.how_many(scope, mask) > 0)


# --- tables that collect ---


def resolve_aggregate(chunk: Chunk, rules: Rules, aggregate: Aggregate) -> None:
    """Give a collecting table's output the aggregate of its hits."""
    size = chunk.size(aggregate.fact.scope)
    hits = [(value, rules.fired[rule]) for rule, value in aggregate.entries]
    column = _aggregated(size, aggregate, hits)
    chunk.columns[aggregate.fact] = column
    doubts = [(value, doubt) for rule, value in aggregate.entries if (doubt := rules.open[rule]) is not NOWHERE]
    if not doubts:
        return
    sure_hits = [(value, rules.settled(rule)) for rule, value in aggregate.entries]
    none_sure = invert(_any_hit(sure_hits))
    if aggregate.collect is Collect.COUNT:
        provisional = _any_hit(doubts)
    elif aggregate.collect is Collect.SUM:
        provisional = any_of(*[doubt if value else all_of(doubt, none_sure) for value, doubt in doubts])
    else:
        sure = _aggregated(size, aggregate, sure_hits)
        possible = _aggregated(size, aggregate, sure_hits + doubts)
        provisional = any_of(all_of(_any_hit(doubts), none_sure), _unequal(sure, possible))
    note(chunk, aggregate.fact, provisional)


def _aggregated(size: int, aggregate: Aggregate, hits: list[tuple[int, Mask]]) -> Column:
    codes = np.zeros(size, np.int64)
    hits = [(value, holds) for value, holds in hits if holds is not NOWHERE]
    hit = _any_hit(hits)
    match aggregate.collect:
        case Collect.COUNT:
            for _, holds in hits:
                codes += holds
        case Collect.SUM:
            for value, holds in hits:
                codes += np.where(holds, value, 0)
        case _:
            is_better = np.minimum if aggregate.collect is Collect.MIN else np.maximum
            codes.fill(UNBOUNDED if aggregate.collect is Collect.MIN else -UNBOUNDED)
            for value, holds in hits:
                np.copyto(codes, is_better(codes, value), where=holds)
    if aggregate.default is None:
        return Column(np.where(hit, codes, 0), hit)
    return Column(np.where(hit, codes, aggregate.default))


def _any_hit(hits: list[tuple[int, Mask]]) -> Mask:
    return any_of(*[holds for _, holds in hits])


def _unequal(left: Column, right: Column) -> Mask:
    left_known = EVERYWHERE if left.known is None else left.known
    right_known = EVERYWHERE if right.known is None else right.known
    return settled((left_known != right_known) | (left_known & (left.codes != right.codes)))
