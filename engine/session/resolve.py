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
from engine.program import (
    Aggregate,
    CandidateForm,
    PointForm,
    Program,
    Resolution,
    Selection,
    Single,
    Union,
    decode,
)
from engine.session.conditions import Conditions
from engine.session.place import Place, Places, Reader, Truth
from engine.vocabulary import FactKey, Type

Scores = tuple[list[Score], list[str]]


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The rules, and the unknown facts in them, that a result hangs on."""

    rules: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: _Doubts) -> _Doubts:
        return _Doubts(self.rules | other.rules, self.unknown | other.unknown)


_NONE = _Doubts()


@dataclass(frozen=True, slots=True)
class _Scored:
    """A candidate: its bounds, whether it is surely eligible, its open rules, points whose operand is not reliable."""

    form: CandidateForm
    score: Score
    place: int
    lower: float
    upper: float
    surely: Truth
    opened: tuple[int, ...]
    lacking: tuple[PointForm, ...]

    def is_behind(self, chosen: _Scored) -> bool:
        """Whether it ranks behind a chosen candidate whatever happens."""
        return (-chosen.lower, chosen.place) < (-self.upper, self.place)


class Resolver:
    """Resolve one customer's facts from the rules that fired; notes values and what is provisional at the places."""

    def __init__(self, program: Program, conditions: Conditions, reader: Reader, places: Places) -> None:
        self._program = program
        self._conditions = conditions
        self._reader = reader
        self._places = places
        self._doubts: dict[tuple[FactKey, str], _Doubts] = {}
        self.scores: dict[str, Scores] = {}

    def resolve(self, resolution: Resolution) -> None:
        """Complete one fact, for the customer or for every row of its collection."""
        for place in self._places.of(resolution.fact.scope):
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
            self._reader.note(resolution.fact, place)

    def provisional(self) -> list[Provisional]:
        """Return what is provisional, with what it hangs on."""
        return [
            Provisional(fact.name, key, tuple(sorted(doubts.rules)), tuple(sorted(doubts.unknown)))
            for (fact, key), doubts in self._doubts.items()
        ]

    # --- rules -----------------------------------------------------------------------------------------------------

    def _hanging(self, rules: Iterable[int], place: Place) -> _Doubts:
        forms = [self._program.rules[rule] for rule in rules]
        if not forms:
            return _NONE
        unknown = [self._conditions.unknown(form.when, place) for form in forms]
        return _Doubts(frozenset(form.id for form in forms), frozenset().union(*unknown))

    # --- single-valued facts ---------------------------------------------------------------------------------------

    def _single(self, single: Single, place: Place) -> _Doubts:
        fact, stored = single.fact, place.codes.get(single.fact)
        base, base_doubts = stored, _NONE
        if base is None:
            base = single.default
        if base is None and single.fallback:
            base = place.codes.get(single.fallback)
            base_doubts = self._doubts.get((single.fallback, place.key), base_doubts)
        live = [entry for entry in single.entries if entry.rule in place.fired or entry.rule in place.open]
        winner = next((entry.value for entry in live if entry.rule in place.fired), base)
        if winner is not None:
            place.codes[fact] = winner
        surely, opened = base, []
        for entry in live:
            if entry.rule not in place.open:
                surely, base_doubts = entry.value, _NONE
                break
            opened.append(entry)
        return self._hanging((entry.rule for entry in opened if entry.value != surely), place) | base_doubts

    # --- sets ------------------------------------------------------------------------------------------------------

    def _union(self, union: Union, place: Place) -> _Doubts:
        members, settled = set(union.default), set(union.default)
        opened = []
        for spot in self._places:
            live = spot.fired | spot.open
            for rule, codes in union.entries if live else ():
                if rule not in live:
                    continue
                if rule in spot.fired:
                    members.update(codes)
                if rule in spot.open:
                    opened.append((rule, spot, codes))
                else:
                    settled.update(codes)
        place.sets[union.fact] = frozenset(members)
        doubts = _NONE
        for rule, spot, codes in opened:
            if not settled.issuperset(codes):
                doubts |= self._hanging([rule], spot)
        return doubts

    # --- tables that collect ---------------------------------------------------------------------------------------

    def _aggregate(self, aggregate: Aggregate, place: Place) -> _Doubts:
        hits = [value for rule, value in aggregate.entries if rule in place.fired]
        settled = [value for rule, value in aggregate.entries if rule in place.fired - place.open]
        opened = [(rule, value) for rule, value in aggregate.entries if rule in place.open]
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
        return self._hanging((rule for rule, _ in opened), place) if can_change else _NONE

    # --- scorecards ------------------------------------------------------------------------------------------------

    def _selection(self, selection: Selection, place: Place) -> _Doubts:
        live = place.fired | place.open
        scored = [
            self._scored(selection.scorecard, form, number, live, place)
            for number, form in enumerate(selection.candidates)
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
        doubts = _NONE
        for one in _unsettled(selection, scored, chosen):
            doubts |= self._doubts_about(selection.scorecard, one, place)
        return doubts

    def _scored(self, card: str, form: CandidateForm, number: int, live: set[int], place: Place) -> _Scored:
        total, given = 0, []
        lower: float = 0
        upper: float = 0
        opened, lacking = [], []
        for item in form.points:
            if item.rule not in live:
                continue
            fired, is_open = item.rule in place.fired, item.rule in place.open
            worth = self._worth(item, place)
            if fired:
                total += worth
                given.append((item.rule, worth))
            lower += min(worth, 0) if is_open else worth
            upper += max(worth, 0) if is_open else worth
            if is_open and worth != 0:
                opened.append(item.rule)
            if item.fact and place.is_open(item.fact):
                lacking.append(item)
                lower, upper = -inf, inf
        is_eligible = self._conditions.eligible[card, form.name]
        score = Score(form.name, total, is_eligible(place, False), bool(opened or lacking), tuple(given))
        return _Scored(form, score, number, lower, upper, is_eligible(place, True), tuple(opened), tuple(lacking))

    def _worth(self, item: PointForm, place: Place) -> int:
        if item.fact is None:
            return item.plus
        code = place.codes.get(item.fact)
        if not isinstance(code, int):
            return 0
        return round(Fraction(code * item.times + item.plus, item.divisor))  # half to even

    def _doubts_about(self, card: str, one: _Scored, place: Place) -> _Doubts:
        doubts = self._hanging([*one.opened, *(item.rule for item in one.lacking)], place)
        doubts |= _Doubts(frozenset(), frozenset(str(item.fact) for item in one.lacking))
        if one.surely is None:
            unknown = self._conditions.unknown(one.form.eligible, place)
            doubts |= _Doubts(frozenset([f"{card}@{one.form.name}"]), frozenset(unknown))
        return doubts


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


def _unsettled(selection: Selection, scored: list[_Scored], chosen: list[_Scored]) -> list[_Scored]:
    """Return the candidates that a choice hangs on; none if it is settled."""
    rivals = [one for one in scored if one not in chosen and one.surely is not False and one.upper > 0]
    is_full = len(chosen) == selection.best
    is_settled = all(one.surely and one.lower > 0 for one in chosen) and all(
        is_full and all(rival.is_behind(one) for one in chosen) for rival in rivals
    )
    return [] if is_settled else [*chosen, *rivals]
