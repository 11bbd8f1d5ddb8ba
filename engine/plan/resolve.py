"""From fired rules to facts, in columns: priorities, sets, tables that collect, scorecards; and what is provisional.

A rule is *open* where, asked cautiously, its condition is unknown; elsewhere it is settled. `docs/language.md`
defines what is provisional; the functions here follow it sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.model import Collect
from engine.plan.columns import (
    EVERYWHERE,
    NOWHERE,
    Array,
    Column,
    Mask,
    all_of,
    any_of,
    invert,
    settled,
    smallest,
)
from engine.plan.conditions import Chunk, Conditions
from engine.plan.truth import Truth
from engine.program import Aggregate, CandidateForm, PointForm, ProgramRule, Selection, Single, Union
from engine.vocabulary import FactKey, Type

UNBOUNDED = 2**62
BEYOND = np.int64(2**63 - 1)  # of NumPy's own width: where() would cut a Python number to that of its peer


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
    _note(chunk, single.fact, any_of(*provisional))


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
        lacking = invert(stored.known) if stored.known is not None else NOWHERE
        return _first_known(stored, fallback), None if doubt is None else all_of(doubt, lacking)
    if stored is not None:
        return stored, None
    return Column(np.zeros(size, _dtype(chunk, single.fact)), NOWHERE), None


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
            codes += taken * codes.dtype.type(value)
    if undecided is not NOWHERE:
        codes += undecided * base.codes
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
    if provisional is not NOWHERE:
        chunk.provisional[fact] = provisional


# --- sets ---


def resolve_union(chunk: Chunk, rules: Rules, union: Union) -> None:
    """Give a set a mask per member."""
    size = len(_members(chunk, union.fact))
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
    _note(chunk, union.fact, any_of(*provisional))


def _members(chunk: Chunk, fact: FactKey) -> tuple[str, ...]:
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
    _note(chunk, aggregate.fact, provisional)


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

    def worth(self, rule: int, index: int) -> int:
        """Return what a rule's points come to at one place."""
        worth = self.given[rule]
        return int(worth[index if len(worth) > 1 else 0])


def score(chunk: Chunk, conditions: Conditions, rules: Rules, form: CandidateForm) -> Scored:
    """Add up a candidate's points."""
    dtype = _points_type(form)
    points, less, more = (np.zeros(chunk.size(None), dtype) for _ in range(3))
    provisional, boundless = [], []
    given = {}
    for item in form.points:
        fired, doubt = rules.fired[item.rule], rules.open[item.rule]
        worth, unsure = _worth(chunk, item)
        given[item.rule] = worth
        boundless.append(all_of(unsure, any_of(fired, doubt)))
        worth = worth.astype(dtype, copy=False)
        if fired is not NOWHERE:
            points += fired * worth
        if doubt is not NOWHERE:
            _widen(less, more, worth, fired, doubt)
            provisional.append(all_of(doubt, settled(worth != 0)))
    lower, upper = _bounds(points, less, more, any_of(*boundless))
    eligible = conditions.truth(form.eligible, None)
    cautious = conditions.truth(form.eligible, None, cautious=True)
    return Scored(form, points, lower, upper, eligible, cautious, any_of(*provisional, *boundless), given)


def _points_type(form: CandidateForm) -> type[np.int32 | np.int64]:
    """Return the type that surely holds a candidate's points; half the width takes half the time."""
    is_small = all(item.fact is None for item in form.points) and sum(abs(item.plus) for item in form.points) < 2**30
    return np.int32 if is_small else np.int64


def _widen(less: Array, more: Array, worth: Array, fired: Mask, doubt: Mask) -> None:
    """Add up by how much an open rule could make the points less, or more, than they nominally are."""
    nominal = fired * worth
    less += doubt * (nominal - np.minimum(worth, 0))
    more += doubt * (np.maximum(worth, 0) - nominal)


def _bounds(points: Array, less: Array, more: Array, boundless: Mask) -> tuple[Array, Array]:
    """Return the lower and the upper bound of a candidate's points."""
    if boundless is NOWHERE:
        return points - less, points + more
    return np.where(boundless, -np.int64(UNBOUNDED), points - less), np.where(
        boundless, np.int64(UNBOUNDED), points + more
    )


def _worth(chunk: Chunk, item: PointForm) -> tuple[Array, Mask]:
    """Return what a rule's points come to (length one: the same for all), and where their operand is not to rely on.

    It is not where it is missing (then points are 0) or provisional.
    """
    if item.fact is None:
        return np.full(1, item.plus, np.int64), NOWHERE
    column, provisional = chunk.column(item.fact), chunk.provisional.get(item.fact, NOWHERE)
    if column.known is NOWHERE:
        return np.zeros(1, np.int64), EVERYWHERE
    worth = divide_half_even(column.codes.astype(np.int64) * item.times + item.plus, item.divisor)
    if column.known is None:
        return worth, provisional
    lacking = invert(column.known)
    return np.where(lacking, 0, worth), any_of(provisional, lacking)


def divide_half_even(numerator: Array, divisor: int) -> Array:
    """Divide whole numbers, rounding half to even."""
    if divisor == 1:
        return numerator
    quotient, rest = np.divmod(numerator, divisor)
    twice = rest * 2
    return np.asarray(quotient + ((twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))), np.int64)


def select(chunk: Chunk, selection: Selection, scores: list[Scored]) -> list[Mask]:
    """Return, per candidate, where it is chosen, and give the chosen fact its value."""
    chosen = _best(scores, selection.best)
    anyone = any_of(*chosen)
    fallback = selection.fallback
    if chunk.program.fact(selection.fact).type is Type.SET:
        members = dict.fromkeys(range(len(_members(chunk, selection.fact))), NOWHERE)
        for mask, score in zip(chosen, scores, strict=True):
            members[score.form.code] = any_of(members[score.form.code], mask)
        if fallback is not None:
            members[fallback] = any_of(members[fallback], invert(anyone))
        chunk.sets[selection.fact] = members
    else:
        codes = np.full(chunk.size(None), fallback if fallback is not None else 0, _dtype(chunk, selection.fact))
        for mask, score in zip(chosen, scores, strict=True):
            if mask is not NOWHERE:
                np.copyto(codes, codes.dtype.type(score.form.code), where=mask)
        chunk.columns[selection.fact] = Column(codes, anyone if fallback is None else None)
    _note(chunk, selection.fact, _unsettled(selection, scores, chosen))
    return chosen


def _best(scores: list[Scored], best: int) -> list[Mask]:
    """Return, per candidate, whether it is among the `best` eligible ones with most points (more than 0).

    Ties go to the candidate declared first: in each round only more points take the place.
    """
    left = [all_of(score.eligible.surely, settled(score.points > 0)) for score in scores]
    chosen: list[list[Mask]] = [[] for _ in scores]
    for _ in range(best):
        rivals = [place for place, mask in enumerate(left) if mask is not NOWHERE]
        if not rivals:
            break
        winner = np.full(len(scores[0].points), -1, np.int16)
        most = np.zeros(len(winner), np.result_type(*(scores[place].points for place in rivals)))
        for place in rivals:
            points = left[place] * scores[place].points
            winner[points > most] = place
            np.maximum(most, points, out=most)
        for place in rivals:
            won = settled(winner == place)
            chosen[place].append(won)
            left[place] = all_of(left[place], invert(won))
    return [any_of(*masks) for masks in chosen]


def _unsettled(selection: Selection, scores: list[Scored], chosen: list[Mask]) -> Mask:
    """Return where another choice is possible."""
    if all(score.cautious.is_sharp and score.provisional is NOWHERE for score in scores):
        return NOWHERE
    taken = sum((mask.astype(np.int16) for mask in chosen), np.zeros(1, np.int16))
    full = settled(taken == selection.best)
    last = _last(scores, chosen)
    found = []
    for place, (mask, score) in enumerate(zip(chosen, scores, strict=True)):
        if mask is not NOWHERE:
            found.append(all_of(mask, invert(all_of(score.cautious.surely, settled(score.lower > 0)))))
        rival = all_of(invert(mask), score.cautious.possibly, settled(score.upper > 0))
        if rival is NOWHERE:
            continue
        found.append(all_of(rival, invert(full)))
        if last is not None:
            lowest, lowest_place = last
            ahead = (score.upper > lowest) | ((score.upper == lowest) & (place < lowest_place))
            found.append(all_of(rival, settled(ahead)))
    return any_of(*found)


def _last(scores: list[Scored], chosen: list[Mask]) -> tuple[Array, Array] | None:
    """Return the lowest points that a chosen candidate could have, and which one (at a tie the last) could have them.

    Whoever gets ahead of some chosen candidate gets ahead of this one. None: nobody is chosen anywhere.
    """
    picked = [place for place, mask in enumerate(chosen) if mask is not NOWHERE]
    if not picked:
        return None
    lowest = np.full(len(scores[0].points), BEYOND)
    lowest_place = np.full(len(lowest), -1, np.int16)
    for place in picked:
        lower = np.where(chosen[place], scores[place].lower, BEYOND)
        lowest_place[chosen[place] & (lower <= lowest)] = place
        np.minimum(lowest, lower, out=lowest)
    return lowest, lowest_place
