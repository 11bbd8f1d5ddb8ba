"""Scorecards in columns: candidates' points with their bounds, who is chosen, and where another choice is possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd
from typing import Any

import numpy as np

from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, all_of, any_of, invert, join, meet, minus, pack, unpack
from engine.plan.chunk import Chunk
from engine.plan.conditions import Conditions
from engine.plan.resolve import UNBOUNDED, Rules, codes_type, members_of
from engine.plan.truth import Truth
from engine.plan.values import Array, Pieced
from engine.program import CandidateForm, PointForm, Selection
from engine.vocabulary import Type


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate's points in columns, nominal and as bounds, in units of `unit` at scale 4; whether it is eligible.

    `given` has what each rule's points come to (length one: the same for all).
    """

    form: CandidateForm
    unit: int
    points: Array
    lower: Array
    upper: Array
    eligible: Truth
    cautious: Truth
    provisional: Bits
    given: Mapping[int, Array]

    def at(self, index: int) -> int:
        """Return the points at one place, at scale 4."""
        return int(self.points[index]) * self.unit

    def worth(self, rule: int, index: int) -> int:
        """Return what a rule's points come to at one place, at scale 4."""
        worth = self.given[rule]
        return int(worth[index if len(worth) > 1 else 0]) * self.unit


def score(chunk: Chunk, conditions: Conditions, rules: Rules, selection: Selection) -> list[Scored]:
    """Add up the points of a scorecard's candidates."""
    unit, kind = _units(selection)
    return [_score(chunk, conditions, rules, form, unit, kind) for form in selection.candidates]


def _units(selection: Selection) -> tuple[int, type[np.integer[Any]]]:
    """Return the largest unit in which all points are whole, and the smallest type that surely holds their sums.

    Columns of bytes take a tenth of the time of wide ones.
    """
    items = [item for form in selection.candidates for item in form.points]
    if any(item.fact is not None for item in items):
        return 1, np.int64
    unit = gcd(*(item.plus for item in items)) or 1
    most = max((sum(abs(item.plus) for item in form.points) // unit for form in selection.candidates), default=0)
    return unit, next(kind for kind in (np.int8, np.int16, np.int32, np.int64) if most <= np.iinfo(kind).max)


def _score(
    chunk: Chunk, conditions: Conditions, rules: Rules, form: CandidateForm, unit: int, kind: type[np.integer[Any]]
) -> Scored:
    points, less, more = (np.zeros(chunk.size(None), kind) for _ in range(3))
    provisional, boundless = NOWHERE, NOWHERE
    given = {}
    for item in form.points:
        fired, doubt = rules.fired[item.rule], rules.open[item.rule]
        worth, unsure = _worth(chunk, item, unit, kind)
        given[item.rule] = worth
        boundless = join(boundless, meet(unsure, join(fired, doubt)))
        _add(points, fired, worth)
        if doubt is not NOWHERE:
            _widen(less, more, worth, fired, doubt)
            provisional = join(provisional, _where_any(doubt, worth))
    provisional = join(provisional, boundless)
    lower, upper = (points, points) if provisional is NOWHERE else _bounds(points, less, more, boundless)
    eligible = conditions.truth(form.eligible, None)
    cautious = conditions.truth(form.eligible, None, cautious=True)
    return Scored(form, unit, points, lower, upper, eligible, cautious, provisional, given)


def _where_any(bits: Bits, worth: Array) -> Bits:
    """Return those bits where points are not 0."""
    if len(worth) == 1:
        return bits if worth[0] else NOWHERE
    return meet(bits, pack(worth != 0))


def _widen(less: Array, more: Array, worth: Array, fired: Bits, doubt: Bits) -> None:
    """Add up by how much an open rule could make the points less, or more, than they nominally are."""
    counted, left_out = meet(doubt, fired), minus(doubt, fired)
    gain, loss = np.maximum(worth, 0), np.maximum(-worth, 0)
    for total, bits, amount in (
        (less, counted, gain),
        (less, left_out, loss),
        (more, left_out, gain),
        (more, counted, loss),
    ):
        _add(total, bits, amount)


def _add(total: Array, bits: Bits, amount: Array) -> None:
    if bits is not NOWHERE and amount.any():
        total += _only(bits, amount, len(total))


def _only(bits: Bits, amount: Array, size: int) -> Array:
    """Return an amount where bits hold, 0 elsewhere (to multiply is many times faster than to choose)."""
    return amount if bits is EVERYWHERE else unpack(bits, size).view(np.int8) * amount


def _bounds(points: Array, less: Array, more: Array, boundless: Bits) -> tuple[Array, Array]:
    """Return the lower and the upper bound of a candidate's points."""
    if boundless is NOWHERE:
        return points - less, points + more
    mask = unpack(boundless, len(points))
    return np.where(mask, -np.int64(UNBOUNDED), points - less), np.where(mask, np.int64(UNBOUNDED), points + more)


def _worth(chunk: Chunk, item: PointForm, unit: int, kind: type[np.integer[Any]]) -> tuple[Array, Bits]:
    """Return what a rule's points come to (length one: the same for all), and where their operand is not to rely on.

    It is not where it is missing (then points are 0) or provisional.
    """
    if item.fact is None:
        return np.full(1, item.plus // unit, kind), NOWHERE
    values, provisional = chunk.of(item.fact), chunk.provisional.get(item.fact, NOWHERE)
    if values.known is NOWHERE:
        return np.zeros(1, np.int64), EVERYWHERE
    worth = divide_half_even(values.codes.astype(np.int64) * item.times + item.plus, item.divisor)
    lacking = invert(values.known)
    return np.where(unpack(lacking, len(worth)), 0, worth), join(provisional, lacking)


def divide_half_even(numerator: Array, divisor: int) -> Array:
    """Divide whole numbers, rounding half to even."""
    if divisor == 1:
        return numerator
    quotient, rest = np.divmod(numerator, divisor)
    twice = rest * 2
    return np.asarray(quotient + ((twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))), np.int64)


def select(chunk: Chunk, selection: Selection, scores: Sequence[Scored]) -> list[Bits]:
    """Return, per candidate, where it is chosen, and give the chosen fact its value."""
    chosen = _best(scores, selection.best)
    anyone = any_of(*chosen)
    shares = [(score.form.code, bits) for score, bits in zip(scores, chosen, strict=True)]
    if selection.fallback is not None:
        shares.append((selection.fallback, invert(anyone)))
    if chunk.program.fact(selection.fact).type is Type.SET:
        members = dict.fromkeys(range(len(members_of(chunk, selection.fact))), NOWHERE)
        for code, bits in shares:
            members[code] = join(members[code], bits)
        chunk.sets[selection.fact] = members
    else:
        known = anyone if selection.fallback is None else EVERYWHERE
        pieces = tuple((bits, code) for code, bits in shares if bits is not NOWHERE)
        chunk.values[selection.fact] = Pieced(chunk.size(None), codes_type(chunk, selection.fact), known, pieces)
    chunk.note(selection.fact, _unsettled(selection, scores, chosen))
    return chosen


def _best(scores: Sequence[Scored], best: int) -> list[Bits]:
    """Return, per candidate, whether it is among the `best` eligible ones with most points (more than 0).

    Ties go to the candidate declared first: in each round it takes the place from those after it.
    """
    left = [_where_more(score.eligible.surely, score.points, 0) for score in scores]
    chosen = [NOWHERE for _ in scores]
    for _ in range(best):
        rivals = [place for place, bits in enumerate(left) if bits is not NOWHERE]
        if not rivals:
            break
        size = len(scores[0].points)
        most = reduce(np.maximum, [_only(left[place], scores[place].points, size) for place in rivals])
        undecided = EVERYWHERE
        for place in rivals:
            won = all_of(left[place], undecided, pack(scores[place].points == most))
            undecided = minus(undecided, won)
            chosen[place], left[place] = join(chosen[place], won), minus(left[place], won)
    return chosen


def _where_more(bits: Bits, points: Array, limit: int) -> Bits:
    """Return those bits where points are more than a limit."""
    return bits if bits is NOWHERE else meet(bits, pack(points > limit))


def _unsettled(selection: Selection, scores: Sequence[Scored], chosen: Sequence[Bits]) -> Bits:
    """Return where another choice is possible."""
    if all(score.cautious.is_sharp and score.provisional is NOWHERE for score in scores):
        return NOWHERE
    size = len(scores[0].points)
    taken = sum((unpack(bits, size).view(np.int8) for bits in chosen), np.zeros(size, np.int16))
    full = pack(taken == selection.best)
    last = _last(scores, chosen)
    found = NOWHERE
    for place, (bits, score) in enumerate(zip(chosen, scores, strict=True)):
        found = join(found, minus(bits, _where_more(score.cautious.surely, score.lower, 0)))
        rival = _where_more(minus(score.cautious.possibly, bits), score.upper, 0)
        found = join(found, minus(rival, full))
        if rival is not NOWHERE and last is not None:
            lowest, holders = last
            behind = any_of(*[holder for other, holder in holders.items() if other > place])
            ahead = join(pack(score.upper > lowest), meet(behind, pack(score.upper == lowest)))
            found = join(found, meet(rival, ahead))
    return found


def _last(scores: Sequence[Scored], chosen: Sequence[Bits]) -> tuple[Array, dict[int, Bits]] | None:
    """Return the lowest points that a chosen candidate could have, and, of each, where (at a tie, as the last) it has.

    Whoever gets ahead of some chosen candidate gets ahead of this one. None: nobody is chosen anywhere.
    """
    picked = [place for place, bits in enumerate(chosen) if bits is not NOWHERE]
    if not picked:
        return None
    lowest = reduce(np.minimum, [_or_beyond(chosen[place], scores[place].lower) for place in picked])
    holders, undecided = {}, EVERYWHERE
    for place in reversed(picked):
        holders[place] = all_of(chosen[place], undecided, pack(scores[place].lower == lowest))
        undecided = minus(undecided, holders[place])
    return lowest, holders


def _or_beyond(bits: Bits, points: Array) -> Array:
    """Return points where bits hold, elsewhere more than any."""
    beyond = np.full(1, np.iinfo(points.dtype).max, points.dtype)
    return _only(bits, points, len(points)) + _only(invert(bits), beyond, len(points))
