"""From fired rules to facts for one customer: priorities, sets, tables that collect, scorecards, provisional results.

`docs/language.md` defines every step; a rule is *open* where, asked cautiously, its condition is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import inf

from engine.assemble import Score
from engine.decision import Provisional
from engine.frozen import dataclass
from engine.model import Collect
from engine.program import (
    Aggregate,
    CandidateForm,
    Code,
    Entry,
    PointForm,
    Program,
    Resolution,
    Selection,
    Single,
    Stratum,
    Union,
    decode,
)
from engine.session.conditions import Ask, Conditions, Test
from engine.session.matcher import are_several, bits
from engine.session.meaning import Meaning, Meanings
from engine.session.place import Place, Places, Truth, mask
from engine.vocabulary import FactKey, Type

Scores = tuple[list[Score], list[str]]

Contested = tuple[Single, Place, int]
"""A fact of which several rules say something, where, and those rules, as bits."""


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The rules, and the unknown facts in them, that a result hangs on."""

    rules: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: _Doubts) -> _Doubts:
        if other is _NONE or self is _NONE:
            return self if other is _NONE else other
        return _Doubts(self.rules | other.rules, self.unknown | other.unknown)


_NONE = _Doubts()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A candidate of a scorecard, the rules that give it points, as bits, and its condition."""

    form: CandidateForm
    rules: int
    is_eligible: Test
    ask: Ask


@dataclass(frozen=True, slots=True)
class Task:
    """A fact to complete, what it means then if a test reads it, and the rules that it depends on, as bits.

    `values` is what each of them gives a single-valued fact, `members` what it adds to a set. Where none of them fires
    or is open, the `default` holds unless a value is stored (None: only what is stored), if the fact `has_default` at
    all and not a choice or another fact.
    """

    resolution: Resolution
    meaning: Meaning
    is_read: bool
    rules: int
    values: dict[int, int]
    members: dict[int, frozenset[int]]
    default: Code | frozenset[int] | None
    has_default: bool
    candidates: tuple[_Candidate, ...]


def tasks(stratum: Stratum, conditions: Conditions, meanings: Meanings) -> list[Task]:
    """Return what there is to complete after a stratum's rules have fired, in order."""
    found = []
    for resolution in stratum.resolutions:
        if isinstance(resolution, Selection):
            card = resolution.scorecard
            candidates = tuple(
                _Candidate(form, mask(item.rule for item in form.points), *conditions.eligible[card, form.name])
                for form in resolution.candidates
            )
            rules = mask(item.rule for form in resolution.candidates for item in form.points)
        else:
            candidates = ()
            rules = mask(entry.rule if isinstance(entry, Entry) else entry[0] for entry in resolution.entries)
        members: dict[int, frozenset[int]] = {}
        for rule, codes in resolution.entries if isinstance(resolution, Union) else ():
            members[rule] = members.get(rule, frozenset()) | frozenset(codes)
        values = {}
        if isinstance(resolution, Single):
            values = {entry.rule: entry.value for entry in reversed(resolution.entries)}
        meaning, is_read = meanings.by_fact[resolution.fact], meanings.is_tested(resolution.fact)
        found.append(Task(resolution, meaning, is_read, rules, values, members, *_default(resolution), candidates))
    return found


def _default(resolution: Resolution) -> tuple[Code | frozenset[int] | None, bool]:
    match resolution:
        case Union():
            return frozenset(), True
        case Selection():
            return None, False
        case Single() if resolution.fallback:
            return None, False
        case _:
            return resolution.default, True


@dataclass(frozen=True, slots=True)
class _Scored:
    """A candidate: its bounds, whether it is surely eligible, its open rules, points whose operand is not reliable."""

    candidate: _Candidate
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

    def __init__(self, program: Program, conditions: Conditions, places: Places) -> None:
        self._program = program
        self._conditions = conditions
        self._places = places
        self._doubts: dict[tuple[FactKey, str], _Doubts] = {}
        self.scores: dict[str, Scores] = {}
        self.contested: list[Contested] = []

    def resolve(self, task: Task) -> None:
        """Complete one fact, for the customer or for every row of its collection."""
        resolution = task.resolution
        if task.has_default and not (self._places.fired | self._places.open) & task.rules:
            self._leave(task)  # as is the case of most facts
            return
        for place in self._places.of(resolution.fact.scope):
            match resolution:
                case Single():
                    doubts = self._single(resolution, task, place)
                case Union():
                    doubts = self._union(resolution, task, place)
                case Aggregate():
                    doubts = self._aggregate(resolution, place)
                case Selection():
                    doubts = self._selection(resolution, task, place)
            if doubts.rules:
                place.provisional.add(resolution.fact.name)
                self._places.is_settled = False
                self._doubts[resolution.fact, place.key] = doubts
            if task.is_read:
                place.note(task.meaning)

    def _leave(self, task: Task) -> None:
        """Complete a fact about which no rule says anything."""
        name, default = task.meaning.name, task.default
        for place in self._places.of(task.resolution.fact.scope):
            if isinstance(default, frozenset):
                place.sets[name] = default
            elif default is not None:
                place.codes.setdefault(name, default)
            if task.is_read:
                place.note(task.meaning)

    def provisional(self) -> list[Provisional]:
        """Return what is provisional, with what it hangs on."""
        return [
            Provisional(fact.name, key, tuple(sorted(doubts.rules)), tuple(sorted(doubts.unknown)))
            for (fact, key), doubts in self._doubts.items()
        ]

    def _hanging(self, rules: Iterable[int], place: Place) -> _Doubts:
        names, unknown = set[str](), set[str]()
        for rule in rules:
            names.add(self._program.rules[rule].id)
            if place.open >> rule & 1:  # otherwise it is an operand that is lacking, and the rule is decided
                unknown |= self._conditions.unknown(rule, place)
        return _Doubts(frozenset(names), frozenset(unknown))

    # --- single-valued facts ---------------------------------------------------------------------------------------

    def _single(self, single: Single, task: Task, place: Place) -> _Doubts:
        name = single.fact.name
        fired, opened = place.fired & task.rules, place.open & task.rules
        if fired and not opened and not are_several(fired):  # as is the case of most facts
            place.codes[name] = task.values[fired.bit_length() - 1]
            return _NONE
        base, base_doubts = place.codes.get(name), _NONE
        if base is None:
            base = single.default
        if base is None and single.fallback:
            base = place.codes.get(single.fallback.name)
            base_doubts = self._doubts.get((single.fallback, place.key), _NONE)
        winner = next(entry.value for entry in single.entries if fired >> entry.rule & 1) if fired else base
        if winner is not None:
            place.codes[name] = winner
        if are_several(fired):
            self.contested.append((single, place, fired))
        if not opened:
            return _NONE if fired else base_doubts
        surely, could = base, []
        for entry in single.entries:
            if opened >> entry.rule & 1:
                could.append(entry)
            elif fired >> entry.rule & 1:
                surely, base_doubts = entry.value, _NONE
                break
        return self._hanging((entry.rule for entry in could if entry.value != surely), place) | base_doubts

    # --- sets ------------------------------------------------------------------------------------------------------

    def _union(self, union: Union, task: Task, place: Place) -> _Doubts:
        codes_of = task.members
        members: set[int] = set()
        for rule in bits(self._places.fired & task.rules):
            members |= codes_of[rule]
        place.sets[union.fact.name] = frozenset(members)
        if not self._places.open & task.rules:
            return _NONE
        settled: set[int] = set()
        could = []
        for spot in self._places:
            for rule in bits(spot.fired & ~spot.open & task.rules):
                settled |= codes_of[rule]
            could += [(rule, spot, codes_of[rule]) for rule in bits(spot.open & task.rules)]
        doubts = _NONE
        for rule, spot, codes in could:
            if not settled.issuperset(codes):
                doubts |= self._hanging([rule], spot)
        return doubts

    # --- tables that collect ---------------------------------------------------------------------------------------

    def _aggregate(self, aggregate: Aggregate, place: Place) -> _Doubts:
        hits = [value for rule, value in aggregate.entries if place.fired >> rule & 1]
        settled = [value for rule, value in aggregate.entries if (place.fired & ~place.open) >> rule & 1]
        opened = [(rule, value) for rule, value in aggregate.entries if place.open >> rule & 1]
        result = _aggregated(aggregate.collect, hits) if hits else aggregate.default
        if result is not None:
            place.codes[aggregate.fact.name] = result
        if not settled or aggregate.collect is Collect.COUNT:
            can_change = bool(opened)
        elif aggregate.collect is Collect.SUM:
            can_change = any(value != 0 for _, value in opened)
        else:
            possible = settled + [value for _, value in opened]
            can_change = _aggregated(aggregate.collect, settled) != _aggregated(aggregate.collect, possible)
        return self._hanging((rule for rule, _ in opened), place) if can_change else _NONE

    # --- scorecards ------------------------------------------------------------------------------------------------

    def _selection(self, selection: Selection, task: Task, place: Place) -> _Doubts:
        scored = [self._scored(candidate, number, place) for number, candidate in enumerate(task.candidates)]
        worthy = [one for one in scored if one.score.eligible and one.score.points > 0]
        chosen = sorted(worthy, key=lambda one: (-one.score.points, one.place))[: selection.best]
        codes = [selection.candidates[one.place].code for one in chosen]
        if not codes and selection.fallback is not None:
            codes = [selection.fallback]
        fact = self._program.fact(selection.fact)
        if fact.type is Type.SET:
            place.sets[selection.fact.name] = frozenset(codes)
        elif codes:
            place.codes[selection.fact.name] = codes[0]
        names = [str(decode(self._program.vocabulary, fact, code)) for code in codes]
        self.scores[selection.scorecard] = [one.score for one in scored], names
        doubts = _NONE
        for one in _unsettled(selection, scored, chosen):
            doubts |= self._doubts_about(selection.scorecard, one, place)
        return doubts

    def _scored(self, candidate: _Candidate, number: int, place: Place) -> _Scored:
        form = candidate.form
        total, given = 0, []
        lower: float = 0
        upper: float = 0
        opened, lacking = [], []
        relevant = (place.fired | place.open) & candidate.rules
        for item in form.points if relevant else ():
            if not relevant >> item.rule & 1:
                continue
            fired, is_open = place.fired >> item.rule & 1, place.open >> item.rule & 1
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
        is_eligible = candidate.is_eligible(place, False)
        surely = is_eligible if place.all.is_settled else candidate.is_eligible(place, True)
        score = Score(form.name, total, is_eligible, bool(opened or lacking), tuple(given))
        return _Scored(candidate, score, number, lower, upper, surely, tuple(opened), tuple(lacking))

    def _worth(self, item: PointForm, place: Place) -> int:
        if item.fact is None:
            return item.plus
        code = place.codes.get(item.fact.name)
        if not isinstance(code, int):
            return 0
        return round(Fraction(code * item.times + item.plus, item.divisor))  # half to even

    def _doubts_about(self, card: str, one: _Scored, place: Place) -> _Doubts:
        doubts = self._hanging([*one.opened, *(item.rule for item in one.lacking)], place)
        doubts |= _Doubts(frozenset(), frozenset(str(item.fact) for item in one.lacking))
        if one.surely is None:
            candidate = one.candidate
            doubts |= _Doubts(frozenset([f"{card}@{candidate.form.name}"]), frozenset(candidate.ask(place)))
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
    best = {one.place for one in chosen}
    rivals = [one for one in scored if one.place not in best and one.surely is not False and one.upper > 0]
    is_full = len(chosen) == selection.best
    is_settled = all(one.surely and one.lower > 0 for one in chosen) and all(
        is_full and all(rival.is_behind(one) for one in chosen) for rival in rivals
    )
    return [] if is_settled else [*chosen, *rivals]
