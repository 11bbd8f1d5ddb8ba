"""From fired rules to facts for one customer: priorities, sets, tables that collect, scorecards, provisional results.

`docs/language.md` defines every step; a rule is *open* where, asked cautiously, its condition is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from engine.assemble import Score
from engine.decision import Provisional
from engine.model import Collect
from engine.program import Aggregate, CandidateForm, PointForm, Resolution, Selection, Single, Union, decode
from engine.session.place import Conditions, Place, Truth
from engine.vocabulary import FactKey, Type

Scores = tuple[list[Score], list[str]]


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The rules, and the unknown facts in them, that a result hangs on."""

    rules: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: _Doubts) -> _Doubts:
        return _Doubts(self.rules | other.rules, self.unknown | other.unknown)


@dataclass(frozen=True, slots=True)
class _Scored:
    """A candidate with the bounds of its points, its cautious eligibility and what it hangs on."""

    score: Score
    place: int
    lower: float
    upper: float
    surely: Truth
    doubts: _Doubts

    def is_behind(self, chosen: _Scored) -> bool:
        """Whether it ranks behind a chosen candidate whatever happens."""
        return (-chosen.lower, chosen.place) < (-self.upper, self.place)


class Resolver:
    """Resolve facts from the rules that fired; notes values and what is provisional at the places themselves."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._program = conditions.program
        self._valid: dict[int, bool] = {}
        self._doubts: dict[tuple[FactKey, str], _Doubts] = {}
        self.scores: dict[str, Scores] = {}

    def resolve(self, resolution: Resolution) -> None:
        """Complete one fact, for the customer or for every row of its collection."""
        for place in self._conditions.places(resolution.fact.scope):
            match resolution:
                case Single():
                    doubts = self._single(resolution, place)
                case Union():
                    doubts = self._union(resolution, place)
                case Aggregate():
                    doubts = self._aggregate(resolution, place)
                case Selection():
                    doubts = self._selection(resolution, place)
            if doubts.rules:
                place.provisional.add(resolution.fact)
                self._doubts[resolution.fact, place.key] = doubts

    def provisional(self) -> list[Provisional]:
        """Return what is provisional, with what it hangs on."""
        return [
            Provisional(fact.name, key, tuple(sorted(doubts.rules)), tuple(sorted(doubts.unknown)))
            for (fact, key), doubts in self._doubts.items()
        ]

    # --- rules -----------------------------------------------------------------------------------------------------

    def _is_settled(self, rule: int, place: Place) -> bool:
        """Whether a rule fired and surely does."""
        when = self._program.rules[rule].when
        return rule in place.fired and self._conditions.truth(when, place, cautious=True) is True

    def _is_open(self, rule: int, place: Place) -> bool:
        form = self._program.rules[rule]
        is_valid = form.is_valid(self._conditions.as_of)
        return is_valid and self._conditions.truth(form.when, place, cautious=True) is None

    def _hanging(self, rules: Iterable[int], place: Place) -> _Doubts:
        doubts = _Doubts()
        for rule in rules:
            form = self._program.rules[rule]
            doubts |= _Doubts(frozenset([form.id]), frozenset(self._conditions.unknown(form.when, place)))
        return doubts

    # --- single-valued facts ---------------------------------------------------------------------------------------

    def _single(self, single: Single, place: Place) -> _Doubts:
        fact, stored = single.fact, place.codes.get(single.fact)
        base, base_doubts = stored, _Doubts()
        if base is None:
            base = single.default
        if base is None and single.fallback:
            base = place.codes.get(single.fallback)
            base_doubts = self._doubts.get((single.fallback, place.key), base_doubts)
        winner = next((entry.value for entry in single.entries if entry.rule in place.fired), base)
        if winner is not None:
            place.codes[fact] = winner
        surely, opened = base, []
        for entry in single.entries:
            if self._is_settled(entry.rule, place):
                surely, base_doubts = entry.value, _Doubts()
                break
            if self._is_open(entry.rule, place):
                opened.append(entry)
        return self._hanging((entry.rule for entry in opened if entry.value != surely), place) | base_doubts

    # --- sets ------------------------------------------------------------------------------------------------------

    def _union(self, union: Union, place: Place) -> _Doubts:
        members, settled = set(union.default), set(union.default)
        opened = []
        for rule, codes in union.entries:
            for spot in self._conditions.places(self._program.rules[rule].scope):
                if rule in spot.fired:
                    members.update(codes)
                if self._is_settled(rule, spot):
                    settled.update(codes)
                elif self._is_open(rule, spot):
                    opened.append((rule, spot, codes))
        place.sets[union.fact] = frozenset(members)
        doubts = _Doubts()
        for rule, spot, codes in opened:
            if not settled.issuperset(codes):
                doubts |= self._hanging([rule], spot)
        return doubts

    # --- tables that collect ---------------------------------------------------------------------------------------

    def _aggregate(self, aggregate: Aggregate, place: Place) -> _Doubts:
        hits = [value for rule, value in aggregate.entries if rule in place.fired]
        settled = [value for rule, value in aggregate.entries if self._is_settled(rule, place)]
        opened = [(rule, value) for rule, value in aggregate.entries if self._is_open(rule, place)]
        result = _aggregated(aggregate.collect, hits) if hits else aggregate.default
        if result is not None:
            place.codes[aggregate.fact] = result
        if not settled or aggregate.collect is Collect.COUNT:
            can_change = bool(opened)
        elif aggregate.collect is Collect.SUM:
            can_change = any(value != 0 for _, value in opened)
        else:
            possible = settled + [value for _, value in opened]
            can_change = _aggregated(aggregate.collect, settled) != _aggregated(aggregate.collect, possible)
        return self._hanging((rule for rule, _ in opened), place) if can_change else _Doubts()

    # --- scorecards ------------------------------------------------------------------------------------------------

    def _selection(self, selection: Selection, place: Place) -> _Doubts:
        scored = [
            self._scored(selection.scorecard, form, number, place) for number, form in enumerate(selection.candidates)
        ]
        worthy = [one for one in scored if one.score.eligible and one.score.points > 0]
        chosen = sorted(worthy, key=lambda one: (-one.score.points, one.place))[: selection.best]
        codes = [selection.candidates[one.place].code for one in chosen]
        if not codes and selection.fallback is not None:
            codes = [selection.fallback]
        fact = self._program.fact(selection.fact)
        if fact.type is Type.SET:
            place.sets[selection.fact] = frozenset(codes)
        elif codes:
            place.codes[selection.fact] = codes[0]
        names = [str(decode(self._program.vocabulary, fact, code)) for code in codes]
        self.scores[selection.scorecard] = [one.score for one in scored], names
        return _choice_doubts(selection, scored, chosen)

    def _scored(self, card: str, form: CandidateForm, number: int, place: Place) -> _Scored:
        total, lower, upper = 0, 0.0, 0.0
        given, doubts, is_provisional = [], _Doubts(), False
        for item in form.points:
            fired, is_open = item.rule in place.fired, self._is_open(item.rule, place)
            if not fired and not is_open:
                continue
            worth, has_operand = self._worth(item, place)
            if fired:
                total += worth
                given.append((item.rule, worth))
            lower += min(worth, 0) if is_open else worth
            upper += max(worth, 0) if is_open else worth
            if is_open and worth != 0:
                is_provisional = True
                doubts |= self._hanging([item.rule], place)
            if item.fact and not has_operand:
                is_provisional, lower, upper = True, -inf, inf
                doubts |= _Doubts(frozenset([self._program.rules[item.rule].id]), frozenset([str(item.fact)]))
        eligible = self._conditions.truth(form.eligible, place)
        surely = self._conditions.truth(form.eligible, place, cautious=True)
        if surely is None:
            unknown = self._conditions.unknown(form.eligible, place)
            doubts |= _Doubts(frozenset([f"{card}@{form.name}"]), frozenset(unknown))
        score = Score(form.name, total, eligible, is_provisional, tuple(given))
        return _Scored(score, number, lower, upper, surely, doubts)

    def _worth(self, item: PointForm, place: Place) -> tuple[int, bool]:
        """Return what a rule's points come to, and whether its operand can be relied on."""
        if item.fact is None:
            return item.plus, True
        code = place.codes.get(item.fact)
        if not isinstance(code, int):
            return 0, False
        # Python rounds a Fraction half to even.
        return round(Fraction(code * item.times + item.plus, item.divisor)), item.fact not in place.provisional


def _aggregated(collect: Collect, hits: list[int]) -> int:
    match collect:
        case Collect.COUNT:
            return len(hits)
        case Collect.SUM:
            return sum(hits)
        case Collect.MIN:
            return min(hits)
        case _:
            return max(hits)


def _choice_doubts(selection: Selection, scored: list[_Scored], chosen: list[_Scored]) -> _Doubts:
    """Return what a choice hangs on; nothing if it is settled."""
    rivals = [one for one in scored if one not in chosen and one.surely is not False and one.upper > 0]
    is_full = len(chosen) == selection.best
    if all(one.surely and one.lower > 0 for one in chosen) and all(
        is_full and all(rival.is_behind(one) for one in chosen) for rival in rivals
    ):
        return _Doubts()
    doubts = _Doubts()
    for one in [*chosen, *rivals]:
        doubts |= one.doubts
    return doubts
