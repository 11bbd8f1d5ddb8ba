"""Why a decision does not say something else: the rules that would, what each misses, and what stands before it.

A rule's distance is the number of its tests that are not as it needs them; a test on what rules conclude counts as much
as the nearest rule that would conclude it. Nothing is searched for: every rule that gives what is wanted is looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from engine.compile.conditions import ConditionCompiler
from engine.decision import Candidate
from engine.derivation import Deriver
from engine.model import (
    All,
    AnyOf,
    Condition,
    Gate,
    Move,
    Not,
    Op,
    PointRule,
    Quantified,
    Quantifier,
    Scorecard,
    Status,
    Test,
)
from engine.passing import day_it_passes
from engine.program import (
    POINT_SCALE,
    And,
    AtLeast,
    Cond,
    Entry,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    Selection,
    Single,
    Union,
)
from engine.rulebook import Written
from engine.vocabulary import Changer, FactKey, Value
from engine.ways import Blocker, Missing, Standing, Way, WhyNot

DEEPEST = 2
"""So many times what a test asks of a conclusion is followed to the rules that would conclude it."""


Lacking = list[Missing] | None
"""What a condition lacks: nothing if it is as wanted, None if it can never be."""


def why_not(deriver: Deriver, fact: FactKey, wanted: Value) -> WhyNot:
    """Return what leads to a value of a customer's fact, or to a member of a set."""
    value = deriver.value(fact)
    found = WhyNot(fact, wanted, value, reached=has(value, wanted), ways=())
    if found.reached:
        return found
    nearest = _Nearest(deriver)
    resolution = deriver.resolutions.get(fact)
    if isinstance(resolution, Selection):
        return nearest.choice(found, resolution)
    if fact == deriver.pack.ladder.proposed:
        steps = steps_to(deriver, str(wanted))
        if len(steps) > 1:
            place = 1 if steps[0] == value else 0
            before = (str(deriver.value(deriver.pack.ladder.stage)), *steps)[place]
            gates = {gate.id for gate in deriver.pack.gates if before in gate.from_stages}
            ways = [way for way in nearest.ways(fact, steps[place]) if way.rule in gates]
            return replace(found, through=steps, step=steps[place], ways=tuple(ways))
    return replace(found, ways=nearest.ways(fact, wanted))


def has(value: Value | None, wanted: Value) -> bool:
    """Whether a value is the one wanted, or a set that has it as a member."""
    return wanted in value if isinstance(value, frozenset) else value == wanted


def steps_to(deriver: Deriver, wanted: str) -> tuple[str, ...]:
    """Return the stages that lead to the wanted one, through gates that lead up, else through any."""
    stage = deriver.value(deriver.pack.ladder.stage)
    gates = [gate for gate in deriver.pack.gates if gate.status is Status.ACTIVE]
    up = [gate for gate in gates if gate.move is Move.UP]
    return _path(gates, stage, wanted, 1) or _path(up, stage, wanted) or _path(gates, stage, wanted)


def _path(gates: Iterable[Gate], stage: Value | None, wanted: str, longest: int = 100) -> tuple[str, ...]:
    reached: dict[str, tuple[str, ...]] = {str(stage): ()}
    waiting = deque(reached)
    while waiting:
        at = waiting.popleft()
        for gate in gates:
            if at in gate.from_stages and gate.to not in reached and len(reached[at]) < longest:
                reached[gate.to] = (*reached[at], gate.to)
                waiting.append(gate.to)
    return reached.get(wanted, ())


class _Nearest:
    def __init__(self, deriver: Deriver) -> None:
        self._deriver = deriver
        self._as_of = deriver.customer.as_of

    # --- ways ---------------------------------------------------------------------------------------------------------

    def ways(self, fact: FactKey, wanted: Value, row: str = "", depth: int = 0) -> tuple[Way, ...]:
        """Return all ways to a value or member, nearest first."""
        match self._deriver.resolutions.get(fact):
            case Single() as single:
                found = list(self._single(single, wanted, row, depth))
            case Union() as union:
                rules = [rule for rule, codes in union.entries if wanted in self._members(fact, codes)]
                found = [way for rule in rules for way in self._way(self._deriver.name(rule), wanted, None, depth)]
            case _:
                found = []
        return tuple(sorted(found, key=_nearness))  # a stable order: of equals the one that wins comes first

    def _members(self, fact: FactKey, codes: Iterable[int]) -> set[Value]:
        return {self._deriver.decoded(fact, code) for code in codes}

    def _single(self, single: Single, wanted: Value, row: str, depth: int) -> Iterator[Way]:
        blockers: list[Blocker] = []
        for entry in single.entries:
            value = self._deriver.decoded(single.fact, entry.value)
            if value == wanted:
                for way in self._way(self._deriver.name(entry.rule), wanted, row, depth):
                    yield replace(way, blockers=tuple(blockers))
            elif self._has_fired(entry, row):
                blockers.append(Blocker(self._deriver.name(entry.rule), value, entry.priority))
        if self._otherwise(single, row) == wanted:
            yield Way("", row, wanted, 0, (), tuple(blockers))

    def _has_fired(self, entry: Entry, row: str) -> bool:
        return (self._deriver.name(entry.rule), row) in self._deriver.fired

    def _otherwise(self, single: Single, row: str) -> Value | None:
        """Return what a fact comes to when no rule gives it a value."""
        stored = self._deriver.stored(single.fact, row)
        if stored is not None:
            return stored
        if single.default is not None:
            return self._deriver.decoded(single.fact, single.default)
        return self._deriver.value(single.fallback, row) if single.fallback else None

    def _way(self, rule: str, value: Value, row: str | None, depth: int) -> Iterator[Way]:
        """Yield the way that a rule is, if it is or will be valid: at this row, or (None) at the nearest one."""
        written = self._deriver.book[rule]
        if (written.valid_until or date.max) < self._as_of:
            return
        begins = None if written.is_valid(self._as_of) else written.valid_from
        priority = self._deriver.priority(rule)
        tried = [(at, self._of_rule(written, at, depth)) for at in self._rows(written, row)]
        if written.scope is not None:
            tried = [(at, missing) for at, missing in tried if missing is not None and self._can_change(missing)]
        if not tried and row is None and written.scope is not None:
            some_row = Quantified(written.scope, Quantifier.ANY, written.when, written.when.at)
            tried = [("", self._of(some_row, None, "", depth))]
        ways = [
            Way(rule, at, value, priority, tuple(missing), begins=begins, elsewhere=self._is_elsewhere(missing))
            for at, missing in tried
            if missing is not None
        ]
        yield from sorted(ways, key=_nearness)[:1]

    def _can_change(self, missing: Iterable[Missing]) -> bool:
        """Whether what is missing of a row can change at all: an order does not become another one."""
        tests = [one.condition for one in missing if isinstance(one.condition, Test)]
        recorded = [test.fact for test in tests if test.fact.scope and test.fact not in self._deriver.resolutions]
        return all(self._deriver.program.fact(fact).change.by is not Changer.NOBODY for fact in recorded)

    def _is_elsewhere(self, missing: Iterable[Missing]) -> bool:
        stage = self._deriver.pack.ladder.stage
        return any(isinstance(one.condition, Test) and one.condition.fact == stage for one in missing)

    def _rows(self, written: Written, row: str | None) -> tuple[str, ...]:
        return self._deriver.spots(written.id) if row is None else (row,)

    # --- choices ------------------------------------------------------------------------------------------------------

    def choice(self, found: WhyNot, selection: Selection) -> WhyNot:
        """Return what would give a candidate of a scorecard more points, or make it eligible."""
        deriver = self._deriver
        card = next(card for card in deriver.pack.scorecards if card.id == selection.scorecard)
        choice = next(one for one in deriver.decision.choices if one.scorecard == selection.scorecard)
        ranked = {one.candidate: one for one in choice.ranked}
        own = ranked.get(str(found.wanted))
        if own is None:
            return found
        leaders = [ranked[name] for name in choice.chosen if name in ranked]
        standing = _standing(own, min(leaders, key=lambda one: one.points, default=None))
        condition = card.eligible.get(own.candidate)
        restricted = self._of(condition, None, "", 0) if condition is not None else []
        if restricted is None:
            return replace(found, standing=standing)
        ways = []
        for name, lacking, worth in self._gains(card, own, restricted):
            missing = _together([restricted, lacking])
            if missing is not None:
                enough, elsewhere = _is_enough(card, own, standing, worth), self._is_elsewhere(missing)
                ways.append(Way(name, "", own.candidate, 0, tuple(missing), (), worth, enough, elsewhere=elsewhere))
        ways.sort(key=lambda way: (way.elsewhere, not way.enough, way.distance, -(way.points or 0)))
        return replace(found, ways=tuple(ways), standing=standing)

    def _gains(self, card: Scorecard, own: Candidate, restricted: Lacking) -> Iterator[tuple[str, Lacking, Decimal]]:
        """Yield what would help a candidate, with what that lacks and the points it brings.

        To be eligible, if it is not, and the rules that give points and gave it none.
        """
        if restricted:
            yield f"{card.id}@{own.candidate}", [], Decimal(0)
        given = dict(own.given)
        for rule in card.rules:
            name, worth = f"{card.id}#{rule.id}@{rule.candidate}", self._worth(rule)
            if rule.candidate == own.candidate and name not in given and worth > 0:
                yield name, self._of(rule.when, None, "", 0), worth

    def _worth(self, rule: PointRule) -> Decimal:
        """Return the points that a rule would give with its operand as it is."""
        form = rule.points
        value = self._deriver.value(form.fact) if form.fact else None
        if form.fact and not isinstance(value, int | Decimal):
            return Decimal(0)
        whole = form.plus + (form.times * value if isinstance(value, int | Decimal) else 0)
        return whole.quantize(Decimal(1).scaleb(-POINT_SCALE), ROUND_HALF_EVEN)

    # --- what is missing ----------------------------------------------------------------------------------------------

    def _of_rule(self, written: Written, row: str, depth: int) -> Lacking:
        lacking = [self._of(written.when, written.scope, row, depth)]
        for criterion in written.criteria:
            found, name = self._of(criterion.when, None, "", depth), f"{written.id}#{criterion.id}"
            lacking.append(found and [replace(missing, criterion=name) for missing in found])
        return _together(lacking)

    def _of(self, condition: Condition, scope: str | None, row: str, depth: int, wanted: bool = True) -> Lacking:
        """Return what a condition lacks to be as wanted; of alternatives the nearest, with the others beside it."""
        match condition:
            case Not():
                return self._of(condition.item, scope, row, depth, not wanted)
            case All() | AnyOf():
                parts = [self._of(item, scope, row, depth, wanted) for item in condition.items]
                return _together(parts) if isinstance(condition, All) is wanted else _nearest_of(parts)
            case Test():
                truth = self._deriver.truths.of(condition, scope, row)
                return [] if truth is wanted else [self._missing(condition, row, truth, depth, wanted)]
            case Quantified():
                truth = self._deriver.truths.of(condition)
                passing = self._deriver.condition(condition).value
                return [] if truth is wanted else [Missing(condition, wanted, "", truth, passing)]

    def _missing(self, test: Test, row: str, truth: bool | None, depth: int, wanted: bool) -> Missing:
        at = row if test.fact.scope else ""
        value = self._deriver.value(test.fact, at)
        passes_on = day_it_passes(self._deriver.program.fact(test.fact), test, value, wanted, self._as_of)
        way = self._way_to(test, at, wanted, depth) if depth < DEEPEST else None
        return Missing(test, wanted, at, truth, value, passes_on=passes_on, way=way)

    def _way_to(self, test: Test, row: str, wanted: bool, depth: int) -> Way | None:
        """Return the nearest way to a conclusion that a test asks for, if rules conclude it."""
        resolution = self._deriver.resolutions.get(test.fact)
        if not isinstance(resolution, Single | Union) or self._deriver.stored(test.fact, row) is not None:
            return None
        compiler = ConditionCompiler(self._deriver.program.vocabulary)
        form = compiler.condition(test, wanted)
        codes = (
            {entry.value for entry in resolution.entries}
            if isinstance(resolution, Single)
            else {code for _, codes in resolution.entries for code in codes}
        )
        values = [
            self._deriver.decoded(test.fact, code) for code in sorted(codes) if _passes(form, compiler.leaves, code)
        ]
        ways = [way for value in values for way in self.ways(test.fact, value, row, depth + 1)[:1]]
        return min(ways, key=lambda way: way.distance, default=None)


def _together(parts: Iterable[Lacking]) -> Lacking:
    """Return what several conditions lack that all have to be as wanted."""
    found: list[Missing] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return [one for one in found if not _goes_without_saying(one, found)]


def _nearest_of(parts: Iterable[Lacking]) -> Lacking:
    """Return what the nearest of several alternatives lacks, with the others beside it."""
    possible = [tuple(part) for part in parts if part is not None]
    if not possible:
        return None
    first, *others = sorted(possible, key=lambda missing: sum(one.distance for one in missing))
    return [replace(first[0], instead=(*first[0].instead, *others)), *first[1:]] if first else []


def _nearness(way: Way) -> tuple[bool, int]:
    return way.elsewhere, way.distance


def _standing(own: Candidate, leader: Candidate | None) -> Standing:
    drags = tuple((rule, points) for rule, points in own.given if points < 0)
    leads = leader.points if leader else Decimal(0)
    return Standing(own.points, own.eligible, leader.candidate if leader else "", leads, drags)


def _is_enough(card: Scorecard, own: Candidate, standing: Standing, worth: Decimal) -> bool:
    """Whether a candidate with so many more points would come before the one that leads."""
    total, order = own.points + worth, card.candidates.index
    breaks_tie = not standing.leader or order(own.candidate) < order(standing.leader)
    return total > 0 and (total > standing.leader_points or (total == standing.leader_points and breaks_tie))


def _goes_without_saying(part: Missing, parts: list[Missing]) -> bool:
    """Whether a fact has to be known only so that another part can ask more of it."""
    test = part.condition
    if not isinstance(test, Test) or test.op is not Op.KNOWN or part.value is not None:
        return False
    return any(isinstance(one.condition, Test) and one.condition.fact == test.fact for one in parts if one is not part)


def _passes(cond: Cond, leaves: list[Leaf], code: int) -> bool:
    """Whether a test of one fact is true of a code; tests of other kinds count as not."""
    if not isinstance(cond, Lit):
        truths = [_passes(item, leaves, code) for item in cond.items]
        return all(truths) if isinstance(cond, And) else any(truths)
    match leaves[cond.leaf]:
        case OneOf(codes=codes):
            return (code in codes) is cond.positive
        case AtLeast(code=least):
            return (code >= least) is cond.positive
        case Member(code=member):
            return cond.positive and code == member
        case Known():
            return cond.positive
    return False
