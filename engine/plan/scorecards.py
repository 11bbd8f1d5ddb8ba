"""Scorecards in columns: candidates' points with their bounds, who is chosen, and where another choice is possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.plan.columns import EVERYWHERE, NOWHERE, Array, Column, Mask, all_of, any_of, invert, settled
from engine.plan.conditions import Chunk, Conditions
from engine.plan.resolve import UNBOUNDED, Rules, codes_type, members_of, note
from engine.plan.truth import Truth
from engine.program import CandidateForm, PointForm, Selection
from engine.vocabulary import Type

BEYOND = np.int64(2**63 - 1)  # of NumPy's own width: where() would cut a Python number to that of its peer


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
        _add(points, fired, worth)
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
    counted, left_out = all_of(doubt, fired), all_of(doubt, invert(fired))
    gain, loss = np.maximum(worth, 0), np.maximum(-worth, 0)
    for total, mask, amount in (
        (less, counted, gain),
        (less, left_out, loss),
        (more, left_out, gain),
        (more, counted, loss),
    ):
        _add(total, mask, amount)


def _add(total: Array, mask: Mask, amount: Array) -> None:
    if mask is not NOWHERE and amount.any():
        total += mask * amount


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
        members = dict.fromkeys(range(len(members_of(chunk, selection.fact))), NOWHERE)
        for mask, score in zip(chosen, scores, strict=True):
            members[score.form.code] = any_of(members[score.form.code], mask)
        if fallback is not None:
            members[fallback] = any_of(members[fallback], invert(anyone))
        chunk.sets[selection.fact] = members
    else:
        codes = np.full(chunk.size(None), fallback if fallback is not None else 0, codes_type(chunk, selection.fact))
        for mask, score in zip(chosen, scores, strict=True):
            if mask is not NOWHERE:
                np.copyto(codes, codes.dtype.type(score.form.code), where=mask)
        chunk.columns[selection.fact] = Column(codes, anyone if fallback is None else None)
    note(chunk, selection.fact, _unsettled(selection, scores, chosen))
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
