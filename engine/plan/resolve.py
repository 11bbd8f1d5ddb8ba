"""From fired rules to facts, in columns: priorities, sets, tables that collect, scorecards; and what is provisional.

A rule is *open* where, asked cautiously, its condition is unknown; elsewhere it is settled. `docs/language.md`
defines what is provisional; the functions here follow it sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.model import Collect
from engine.plan.columns import Array, Column, Mask, smallest
from engine.plan.conditions import Chunk, Conditions
from engine.plan.truth import Truth
from engine.program import Aggregate, CandidateForm, PointForm, ProgramRule, Selection, Single, Union
from engine.vocabulary import FactKey, Type

UNBOUNDED = 2**62


@dataclass(slots=True)
class Rules:
    """Where each rule fired, and where it is open (None: nowhere)."""

    fired: dict[int, Mask] = field(default_factory=dict)
    open: dict[int, Mask | None] = field(default_factory=dict)

    def settled(self, rule: int) -> Mask:
        """Return where a rule fired and is settled."""
        doubt = self.open[rule]
        return self.fired[rule] if doubt is None else self.fired[rule] & ~doubt


def fire(chunk: Chunk, conditions: Conditions, rules: Rules, rule: ProgramRule) -> None:
    """Find out where a rule fires and where it is open."""
    if not rule.is_valid(chunk.as_of):
        rules.fired[rule.index], rules.open[rule.index] = np.zeros(chunk.size(rule.scope), np.bool_), None
        return
    truth = conditions.truth(rule.when, rule.scope)
    rules.fired[rule.index] = truth.surely
    if chunk.provisional and conditions.is_touched(rule.when):
        truth = conditions.truth(rule.when, rule.scope, cautious=True)
    doubt = truth.unknown()
    rules.open[rule.index] = doubt if doubt is not None and doubt.any() else None


# --- single-valued facts ---


def resolve_single(chunk: Chunk, rules: Rules, single: Single) -> None:
    """Give a single-valued fact its column: best fired entry, else stored value, default or fallback."""
    base, base_doubt = without_rules(chunk, single)
    column = _decided(base, [(entry.value, rules.fired[entry.rule]) for entry in single.entries])
    chunk.columns[single.fact] = column
    doubts = any(rules.open[entry.rule] is not None for entry in single.entries)
    if not doubts and base_doubt is None:
        return
    best = _decided(base, [(entry.value, rules.settled(entry.rule)) for entry in single.entries]) if doubts else column
    undecided = np.ones(chunk.size(single.fact.scope), np.bool_)
    provisional = np.zeros(chunk.size(single.fact.scope), np.bool_)
    for entry in single.entries:
        doubt = rules.open[entry.rule]
        if doubt is not None:
            provisional |= doubt & undecided & _differs(best, entry.value)
        undecided &= ~rules.settled(entry.rule)
    if base_doubt is not None:
        provisional |= undecided & base_doubt
    _note(chunk, single.fact, provisional)


def without_rules(chunk: Chunk, single: Single) -> tuple[Column, Mask | None]:
    """Return what a fact is when no rule fires, and where that is provisional."""
    size = chunk.size(single.fact.scope)
    stored = chunk.stored(single.fact)
    if single.default is not None:
        whole = Column(np.full(size, single.default, _dtype(chunk, single.fact)))
        return (whole if stored is None else _first_known(stored, whole)), None
    if single.fallback is not None:
        fallback, doubt = chunk.column(single.fallback), chunk.provisional.get(single.fallback)
        if stored is None:
            return fallback, doubt
        lacking = ~stored.known if stored.known is not None else np.zeros(size, np.bool_)
        return _first_known(stored, fallback), None if doubt is None else doubt & lacking
    if stored is not None:
        return stored, None
    return Column(np.zeros(size, _dtype(chunk, single.fact)), np.zeros(size, np.bool_)), None


def _decided(base: Column, entries: list[tuple[int, Mask]]) -> Column:
    """Return the value of the first entry (best first) that holds, or else the base.

    Entries' shares are disjoint, so they add up; adding whole columns is many times faster than masked copies.
    """
    if not entries:
        return base
    undecided = np.ones(len(base.codes), np.bool_)
    codes = np.zeros_like(base.codes)
    for value, holds in entries:
        taken = holds & undecided
        undecided ^= taken
        codes += taken * codes.dtype.type(value)
    codes += undecided * base.codes
    return Column(codes, None if base.known is None else base.known | ~undecided)


def _first_known(first: Column, second: Column) -> Column:
    if first.known is None:
        return first
    codes = np.where(first.known, first.codes, second.codes)
    return Column(codes, None if second.known is None else first.known | second.known)


def _differs(column: Column, value: int) -> Mask:
    other: Mask = column.codes != value
    return other if column.known is None else other | ~column.known


def _dtype(chunk: Chunk, key: FactKey) -> type[np.int8 | np.int16 | np.int32 | np.int64]:
    fact = chunk.program.fact(key)
    match fact.type:
        case Type.FLAG:
            return np.int8
        case Type.CATEGORY | Type.LEVEL:
            return smallest(len(_members(chunk, key)))
        case _:
            return np.int64


def _note(chunk: Chunk, fact: FactKey, provisional: Mask) -> None:
    if provisional.any():
        chunk.provisional[fact] = provisional


# --- sets ---


def resolve_union(chunk: Chunk, rules: Rules, union: Union) -> None:
    """Give a set a mask per member."""
    size = chunk.size(None)
    members = {code: np.zeros(size, np.bool_) for code in range(len(_members(chunk, union.fact)))}
    settled = {code: np.zeros(size, np.bool_) for code in members}
    for code in union.default:
        members[code] |= True
        settled[code] |= True
    for rule, codes in union.entries:
        fired = _of_customers(chunk, rule, rules.fired[rule])
        sure = fired if rules.open[rule] is None else _of_customers(chunk, rule, rules.settled(rule))
        for code in codes:
            members[code] |= fired
            settled[code] |= sure
    chunk.sets[union.fact] = members
    provisional = np.zeros(size, np.bool_)
    for rule, codes in union.entries:
        doubt = rules.open[rule]
        if doubt is not None:
            doubtful = _of_customers(chunk, rule, doubt)
            for code in codes:
                provisional |= doubtful & ~settled[code]
    _note(chunk, union.fact, provisional)


def _members(chunk: Chunk, fact: FactKey) -> tuple[str, ...]:
    return chunk.program.vocabulary.enum_of(chunk.program.fact(fact)).members


def _of_customers(chunk: Chunk, rule: int, mask: Mask) -> Mask:
    """Return for which customers a rule's mask holds, on some row if it is row-scoped."""
    scope = chunk.program.rules[rule].scope
    return mask if scope is None else np.asarray(chunk.per_customer(scope, mask) > 0, np.bool_)


# --- tables that collect ---


def resolve_aggregate(chunk: Chunk, rules: Rules, aggregate: Aggregate) -> None:
    """Give a collecting table's output the aggregate of its hits."""
    size = chunk.size(aggregate.fact.scope)
    hits = [(value, rules.fired[rule]) for rule, value in aggregate.entries]
    column = _aggregated(size, aggregate, hits)
    chunk.columns[aggregate.fact] = column
    doubts = [(value, doubt) for rule, value in aggregate.entries if (doubt := rules.open[rule]) is not None]
    if not doubts:
        return
    settled = [(value, rules.settled(rule)) for rule, value in aggregate.entries]
    provisional = np.zeros(size, np.bool_)
    if aggregate.collect is Collect.COUNT:
        for _, doubt in doubts:
            provisional |= doubt
    elif aggregate.collect is Collect.SUM:
        none_settled = ~_any_hit(size, settled)
        for value, doubt in doubts:
            provisional |= doubt & (none_settled | (value != 0))
    else:
        sure = _aggregated(size, aggregate, settled)
        possible = _aggregated(size, aggregate, settled + doubts)
        doubtful = _any_hit(size, doubts) & ~_any_hit(size, settled)
        provisional = doubtful | _unequal(sure, possible)
    _note(chunk, aggregate.fact, provisional)


def _aggregated(size: int, aggregate: Aggregate, hits: list[tuple[int, Mask]]) -> Column:
    codes = np.zeros(size, np.int64)
    hit = _any_hit(size, hits)
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


def _any_hit(size: int, hits: list[tuple[int, Mask]]) -> Mask:
    found = np.zeros(size, np.bool_)
    for _, holds in hits:
        found |= holds
    return found


def _unequal(left: Column, right: Column) -> Mask:
    every = np.ones(len(left.codes), np.bool_)
    left_known = every if left.known is None else left.known
    right_known = every if right.known is None else right.known
    return np.asarray((left_known != right_known) | (left_known & (left.codes != right.codes)), np.bool_)


# --- scorecards ---


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate's points in columns, nominal and as bounds, and whether it is eligible."""

    form: CandidateForm
    points: Array
    lower: Array
    upper: Array
    eligible: Truth
    cautious: Truth
    provisional: Mask
    given: Mapping[int, Array]


def score(chunk: Chunk, conditions: Conditions, rules: Rules, form: CandidateForm) -> Scored:
    """Add up a candidate's points."""
    size = chunk.size(None)
    points, lower, upper = (np.zeros(size, np.int64) for _ in range(3))
    provisional = np.zeros(size, np.bool_)
    given = {}
    for item in form.points:
        worth, unsure = _worth(chunk, item)
        fired, doubt = rules.fired[item.rule], rules.open[item.rule]
        given[item.rule] = worth
        points += np.where(fired, worth, 0)
        sure = np.where(rules.settled(item.rule), worth, 0)
        lower += sure
        upper += sure
        if doubt is not None:
            lower += np.where(doubt, np.minimum(worth, 0), 0)
            upper += np.where(doubt, np.maximum(worth, 0), 0)
            provisional |= doubt & (worth != 0)
        if unsure is not None:
            boundless = unsure & (fired if doubt is None else fired | doubt)
            provisional |= boundless
            lower[boundless], upper[boundless] = -UNBOUNDED, UNBOUNDED
    eligible = conditions.truth(form.eligible, None)
    cautious = conditions.truth(form.eligible, None, cautious=True)
    return Scored(form, points, lower, upper, eligible, cautious, provisional, given)


def _worth(chunk: Chunk, item: PointForm) -> tuple[Array, Mask | None]:
    """Return what a rule's points come to, and where their operand is missing (then 0) or provisional."""
    if item.fact is None:
        return np.broadcast_to(np.int64(item.plus), chunk.size(None)), None
    column, provisional = chunk.column(item.fact), chunk.provisional.get(item.fact)
    worth = divide_half_even(column.codes.astype(np.int64) * item.times + item.plus, item.divisor)
    lacking = None if column.known is None else ~column.known
    if lacking is not None:
        worth = np.where(lacking, 0, worth)
    if provisional is None:
        return worth, lacking
    return worth, provisional if lacking is None else provisional | lacking


def divide_half_even(numerator: Array, divisor: int) -> Array:
    """Divide whole numbers, rounding half to even."""
    if divisor == 1:
        return numerator
    quotient, rest = np.divmod(numerator, divisor)
    twice = rest * 2
    return np.asarray(quotient + ((twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))), np.int64)


def select(chunk: Chunk, selection: Selection, scores: list[Scored]) -> list[Mask]:
    """Return, per candidate, where it is chosen, and give the chosen fact its value."""
    rank = _ranks([score.points for score in scores], [score.eligible.surely for score in scores])
    chosen = [place < selection.best for place in rank]
    chosen = [mask & score.eligible.surely & (score.points > 0) for mask, score in zip(chosen, scores, strict=True)]
    anyone = np.logical_or.reduce(chosen)
    fallback = selection.fallback
    if chunk.program.fact(selection.fact).type is Type.SET:
        members = {code: np.zeros(chunk.size(None), np.bool_) for code in range(len(_members(chunk, selection.fact)))}
        for mask, score in zip(chosen, scores, strict=True):
            members[score.form.code] |= mask
        if fallback is not None:
            members[fallback] |= ~anyone
        chunk.sets[selection.fact] = members
    else:
        codes = np.full(chunk.size(None), fallback if fallback is not None else 0, _dtype(chunk, selection.fact))
        for mask, score in zip(chosen, scores, strict=True):
            codes[mask] = score.form.code
        chunk.columns[selection.fact] = Column(codes, anyone if fallback is None else None)
    _note(chunk, selection.fact, _unsettled(selection, scores, chosen))
    return chosen


def _ranks(points: list[Array], eligible: list[Mask]) -> list[Array]:
    """Return each candidate's place (from 0) among the eligible ones; ties by declared order."""
    size = len(points[0])
    ranks = [np.zeros(size, np.int64) for _ in points]
    for one in range(len(points)):
        for other in range(len(points)):
            if one != other:
                ahead = (points[other] > points[one]) | ((points[other] == points[one]) & (other < one))
                ranks[one] += ahead & eligible[other]
    return ranks


def _unsettled(selection: Selection, scores: list[Scored], chosen: list[Mask]) -> Mask:
    """Return where another choice is possible."""
    sharp = all(score.cautious.is_sharp and not score.provisional.any() for score in scores)
    size = len(chosen[0])
    unsettled = np.zeros(size, np.bool_)
    if sharp:
        return unsettled
    full = sum((mask.astype(np.int64) for mask in chosen), np.zeros(size, np.int64)) == selection.best
    for place, (mask, score) in enumerate(zip(chosen, scores, strict=True)):
        unsettled |= mask & ~(score.cautious.surely & (score.lower > 0))
        rival = ~mask & score.cautious.possibly & (score.upper > 0)
        unsettled |= rival & ~full
        for other, (other_mask, other_score) in enumerate(zip(chosen, scores, strict=True)):
            if other != place:
                ahead = (score.upper > other_score.lower) | ((score.upper == other_score.lower) & (place < other))
                unsettled |= rival & other_mask & ahead
    return unsettled
