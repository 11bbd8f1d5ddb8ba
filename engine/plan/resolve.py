"""From fired rules to facts, in columns: priorities, sets, tables that collect; and what is provisional.

A rule is *open* where, asked cautiously, its condition is unknown; elsewhere it is settled. `docs/language.md`
defines what is provisional; the functions here follow it sentence by sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.model import Collect
from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, any_of, invert, join, meet, minus, pack, unpack
from engine.plan.chunk import Chunk
from engine.plan.conditions import Conditions
from engine.plan.values import Pieced, Stored, Values, constant, missing, smallest
from engine.program import Aggregate, ProgramRule, Single, Union
from engine.vocabulary import FactKey, Type

UNBOUNDED = 2**62


@dataclass(slots=True)
class Rules:
    """Where each rule fired, and where it is open."""

    fired: dict[int, Bits] = field(default_factory=dict)
    open: dict[int, Bits] = field(default_factory=dict)

    def settled(self, rule: int) -> Bits:
        """Return where a rule fired and is settled."""
        return minus(self.fired[rule], self.open[rule])


def fire(chunk: Chunk, conditions: Conditions, rules: Rules, rule: ProgramRule) -> None:
    """Find out where a rule fires and where it is open."""
    fired = is_open = NOWHERE
    if rule.is_valid(chunk.as_of):
        fired = conditions.truth(rule.when, rule.scope).surely
        is_open = conditions.truth(rule.when, rule.scope, cautious=True).unknown()
        if rule.scope is not None and (fired is not NOWHERE or is_open is not NOWHERE):
            exists = chunk.rows[rule.scope].exists
            fired, is_open = meet(fired, exists), meet(is_open, exists)
    rules.fired[rule.index], rules.open[rule.index] = fired, is_open


# --- single-valued facts ---


def resolve_single(chunk: Chunk, rules: Rules, single: Single) -> None:
    """Give a single-valued fact its values: best fired entry, else stored value, default or fallback."""
    base, base_doubt = without_rules(chunk, single)
    values = _decided(chunk, single.fact, base, [(entry.value, rules.fired[entry.rule]) for entry in single.entries])
    chunk.values[single.fact] = best = values
    if any(rules.open[entry.rule] is not NOWHERE for entry in single.entries):
        settled = [(entry.value, rules.settled(entry.rule)) for entry in single.entries]
        best = _decided(chunk, single.fact, base, settled)
    elif base_doubt is NOWHERE:
        return
    undecided, provisional = EVERYWHERE, NOWHERE
    for entry in single.entries:
        doubt = meet(rules.open[entry.rule], undecided)
        if doubt is not NOWHERE:
            provisional = join(provisional, minus(doubt, best.is_in((entry.value,))))
        undecided = minus(undecided, rules.settled(entry.rule))
    chunk.note(single.fact, join(provisional, meet(undecided, base_doubt)))


def without_rules(chunk: Chunk, single: Single) -> tuple[Values, Bits]:
    """Return what a fact is when no rule fires, and where that is provisional."""
    size, kind = chunk.size(single.fact.scope), codes_type(chunk, single.fact)
    stored = chunk.stored(single.fact) or missing(size)
    if single.default is not None:
        return _first_known(stored, constant(single.default, size, kind), size, kind), NOWHERE
    if single.fallback is not None:
        doubt = chunk.provisional.get(single.fallback, NOWHERE)
        return _first_known(stored, chunk.of(single.fallback), size, kind), minus(doubt, stored.known)
    return stored, NOWHERE


def _decided(chunk: Chunk, fact: FactKey, base: Values, entries: list[tuple[int, Bits]]) -> Values:
    """Return the value of the first entry (best first) that holds, or else the base."""
    undecided = EVERYWHERE
    pieces: list[tuple[Bits, int | Values]] = []
    for value, where in entries:
        taken = meet(where, undecided)
        if taken is not NOWHERE:
            pieces.append((taken, value))
            undecided = minus(undecided, taken)
    if not pieces:
        return base
    if undecided is not NOWHERE:
        pieces.append((undecided, base))
    known = join(base.known, invert(undecided))
    return Pieced(chunk.size(fact.scope), codes_type(chunk, fact), known, tuple(pieces))


def _first_known(first: Values, second: Values, size: int, kind: type[np.integer[Any]]) -> Values:
    if first.known is NOWHERE or first.known is EVERYWHERE:
        return second if first.known is NOWHERE else first
    pieces = (first.known, first), (invert(first.known), second)
    return Pieced(size, kind, join(first.known, second.known), pieces)


def codes_type(chunk: Chunk, key: FactKey) -> type[np.int8 | np.int16 | np.int32 | np.int64]:
    """Return the type of a derived fact's codes."""
    fact = chunk.program.fact(key)
    match fact.type:
        case Type.FLAG:
            return np.int8
        case Type.CATEGORY | Type.LEVEL:
            return smallest(len(members_of(chunk, key)))
        case _:
            return np.int64


# --- sets ---


def resolve_union(chunk: Chunk, rules: Rules, union: Union) -> None:
    """Give a set the bits of each member."""
    size = len(members_of(chunk, union.fact))
    reached, surely, doubted = ([NOWHERE] * size for _ in range(3))
    for rule, codes in union.entries:
        doubt = rules.open[rule]
        fired = _of_customers(chunk, rule, rules.fired[rule])
        sure = fired if doubt is NOWHERE else _of_customers(chunk, rule, rules.settled(rule))
        doubtful = _of_customers(chunk, rule, doubt)
        for code in codes:
            reached[code] = join(reached[code], fired)
            surely[code] = join(surely[code], sure)
            doubted[code] = join(doubted[code], doubtful)
    chunk.sets[union.fact] = dict(enumerate(reached))
    chunk.note(union.fact, any_of(*[minus(doubt, sure) for doubt, sure in zip(doubted, surely, strict=True)]))


def members_of(chunk: Chunk, fact: FactKey) -> tuple[str, ...]:
    """Return the members of a fact's enum."""
    return chunk.program.vocabulary.enum_of(chunk.program.fact(fact)).members


def _of_customers(chunk: Chunk, rule: int, bits: Bits) -> Bits:
    """Return for which customers a rule's bits hold, on some row if it is row-scoped."""
    scope = chunk.program.rules[rule].scope
    return bits if scope is None or bits is NOWHERE else chunk.rows[scope].someone(bits)


# --- tables that collect ---


def resolve_aggregate(chunk: Chunk, rules: Rules, aggregate: Aggregate) -> None:
    """Give a collecting table's output the aggregate of its hits."""
    size = chunk.size(aggregate.fact.scope)
    values = _aggregated(size, aggregate, [(value, rules.fired[rule]) for rule, value in aggregate.entries])
    chunk.values[aggregate.fact] = values
    doubts = [(value, doubt) for rule, value in aggregate.entries if (doubt := rules.open[rule]) is not NOWHERE]
    if not doubts:
        return
    sure_hits = [(value, rules.settled(rule)) for rule, value in aggregate.entries]
    none_sure = invert(_any_hit(sure_hits))
    if aggregate.collect is Collect.COUNT:
        provisional = _any_hit(doubts)
    elif aggregate.collect is Collect.SUM:
        provisional = any_of(*[doubt if value else meet(doubt, none_sure) for value, doubt in doubts])
    else:
        sure = _aggregated(size, aggregate, sure_hits)
        possible = _aggregated(size, aggregate, sure_hits + doubts)
        provisional = join(meet(_any_hit(doubts), none_sure), _unequal(sure, possible))
    chunk.note(aggregate.fact, provisional)


def _aggregated(size: int, aggregate: Aggregate, hits: list[tuple[int, Bits]]) -> Stored:
    codes = np.zeros(size, np.int64)
    hits = [(value, where) for value, where in hits if where is not NOWHERE]
    hit = _any_hit(hits)
    masks = ((value, unpack(where, size)) for value, where in hits)
    match aggregate.collect:
        case Collect.COUNT:
            for _, mask in masks:
                codes += mask
        case Collect.SUM:
            for value, mask in masks:
                codes += np.where(mask, value, 0)
        case _:
            is_better = np.minimum if aggregate.collect is Collect.MIN else np.maximum
            codes.fill(UNBOUNDED if aggregate.collect is Collect.MIN else -UNBOUNDED)
            for value, mask in masks:
                np.copyto(codes, is_better(codes, value), where=mask)
    if aggregate.default is None:
        return Stored(np.where(unpack(hit, size), codes, 0), hit)
    return Stored(np.where(unpack(hit, size), codes, aggregate.default), EVERYWHERE)


def _any_hit(hits: list[tuple[int, Bits]]) -> Bits:
    return any_of(*[where for _, where in hits])


def _unequal(left: Stored, right: Stored) -> Bits:
    """Return where both are known and differ, or only one is."""
    both_known, one_known = meet(left.known, right.known), join(left.known, right.known)
    differ = pack(left.numbers != right.numbers) if len(left.numbers) else NOWHERE
    return join(minus(one_known, both_known), meet(both_known, differ))
