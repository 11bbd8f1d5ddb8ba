"""Why a decision does not say something else: the rules that would, what each misses, and what stands before it.

A rule's distance is the number of its tests that are not as it needs them; a test on what rules conclude counts as much
as the nearest rule that would conclude it. Nothing is searched for: every rule that gives what is wanted is looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from engine.compile.conditions import ConditionCompiler
from engine.decision import Candidate, State
from engine.derivation import Deriver
from engine.model import (
    All,
    AnyOf,
    Condition,
    Gate,
    Move,
    Not,
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
from engine.vocabulary import FactKey, Value

DEEPEST = 2
"""So many times what a test asks of a conclusion is followed to the rules that would conclude it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A test that is not as a rule needs it: not true, or (`wanted` False) not false.

    `value` is the fact's, or how many rows pass. `criterion` names the line of a gate's checklist. `passes_on` is the
    day from which time alone makes it pass. `way` leads to it if rules conclude the fact. Each of `instead` would do
    as well.
    """

    condition: Test | Quantified
    wanted: bool
    row: str
    truth: bool | None
    value: Value | None
    criterion: str = ""
    passes_on: date | None = None
    way: Way | None = None
    instead: tuple[tuple[Missing, ...], ...] = ()

    @property
    def distance(self) -> int:
        """How many tests have to come out otherwise."""
        return max(1, self.way.distance) if self.way else 1


@dataclass(frozen=True, slots=True)
class Blocker:
    """A rule that fired and comes first, with what it gives."""

    rule: str
    value: Value
    priority: int


@dataclass(frozen=True, slots=True)
class Way:
    """A rule that would give what is wanted; without a name, what holds as long as no rule says otherwise.

    `points` are what a rule of a scorecard would add (scale 4), and `enough` says whether that would decide.
    `begins` is the rule's first day, if that is still to come.
    """

    rule: str
    row: str
    value: Value
    priority: int
    missing: tuple[Missing, ...]
    blockers: tuple[Blocker, ...] = ()
    points: Decimal | None = None
    enough: bool = True
    begins: date | None = None

    @property
    def distance(self) -> int:
        """How many tests have to come out otherwise, those of rules in the way included."""
        return sum(one.distance for one in self.missing) + len(self.blockers)

    @property
    def passes_on(self) -> date | None:
        """The day on which time alone leads here, or None if it does not."""
        days = [one.passes_on for one in self.missing] + ([self.begins] if self.begins else [])
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) and not self.blockers else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands against the one that is chosen; `drags` are the rules that take points from it."""

    points: Decimal
    eligible: State
    leader: str
    leader_points: Decimal
    drags: tuple[tuple[str, Decimal], ...]

    @property
    def gap(self) -> Decimal:
        """How many points it is behind."""
        return self.leader_points - self.points


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What leads to a value of a fact (to a member, for a set), nearest first.

    `through` are the stages on the way if the ladder does not lead there in one step; the ways are then those to the
    first of them.
    """

    fact: FactKey
    wanted: Value
    value: Value | None
    reached: bool
    ways: tuple[Way, ...]
    through: tuple[str, ...] = ()
    standing: Standing | None = None


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
        steps = _steps(deriver, str(wanted))
        if len(steps) > 1:
            return replace(found, through=steps, ways=nearest.ways(fact, steps[0]))
    return replace(found, ways=nearest.ways(fact, wanted))


def has(value: Value | None, wanted: Value) -> bool:
    """Whether a value is the one wanted, or a set that has it as a member."""
    return wanted in value if isinstance(value, frozenset) else value == wanted


def _steps(deriver: Deriver, wanted: str) -> tuple[str, ...]:
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
        return tuple(sorted(found, key=lambda way: way.distance))  # a stable order: those that win come first

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
        priority = self._deriver.rule(rule, row or "").priority if self._rows(written, row) else 0
        tried = [
            Way(rule, at, value, priority, tuple(self._of_rule(written, at, depth)), begins=begins)
            for at in self._rows(written, row)
        ]
        if not tried and written.scope is not None:
            some_row = Quantified(written.scope, Quantifier.ANY, written.when, written.when.at)
            tried = [Way(rule, "", value, priority, tuple(self._of(some_row, None, "", depth)), begins=begins)]
        yield min(tried, key=lambda way: way.distance)

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
        leader = min(leaders, key=lambda one: one.points)
        drags = tuple((rule, points) for rule, points in own.given if points < 0)
        standing = Standing(own.points, own.eligible, leader.candidate, leader.points, drags)
        restricted = self._eligible(card, own)
        ways = [
            self._more_points(card, rule, worth, restricted, own, leader)
            for rule in card.rules
            if rule.candidate == own.candidate
            and f"{card.id}#{rule.id}@{rule.candidate}" not in dict(own.given)
            and (worth := self._worth(rule)) > 0
        ]
        if restricted and (own.points, own.candidate) > (leader.points, ""):
            ways.append(Way(f"{card.id}@{own.candidate}", "", own.candidate, 0, restricted, points=Decimal(0)))
        ways.sort(key=lambda way: (not way.enough, way.distance, -(way.points or 0)))
        return replace(found, ways=tuple(ways), standing=standing)

    def _eligible(self, card: Scorecard, own: Candidate) -> tuple[Missing, ...]:
        condition = card.eligible.get(own.candidate)
        return tuple(self._of(condition, None, "", 0)) if condition is not None else ()

    def _more_points(
        self,
        card: Scorecard,
        rule: PointRule,
        worth: Decimal,
        restricted: tuple[Missing, ...],
        own: Candidate,
        leader: Candidate,
    ) -> Way:
        name = f"{card.id}#{rule.id}@{rule.candidate}"
        missing = (*restricted, *self._of(rule.when, None, "", 0))
        comes_first = card.candidates.index(own.candidate) < card.candidates.index(leader.candidate)
        total = own.points + worth
        enough = total > leader.points or (total == leader.points and comes_first)
        return Way(name, "", own.candidate, 0, missing, points=worth, enough=enough)

    def _worth(self, rule: PointRule) -> Decimal:
        """Return the points that a rule would give with its operand as it is."""
        form = rule.points
        value = self._deriver.value(form.fact) if form.fact else None
        if form.fact and not isinstance(value, int | Decimal):
            return Decimal(0)
        whole = form.plus + (form.times * value if isinstance(value, int | Decimal) else 0)
        return whole.quantize(Decimal(1).scaleb(-POINT_SCALE), ROUND_HALF_EVEN)

    # --- what is missing ----------------------------------------------------------------------------------------------

    def _of_rule(self, written: Written, row: str, depth: int) -> Iterator[Missing]:
        yield from self._of(written.when, written.scope, row, depth)
        for criterion in written.criteria:
            for missing in self._of(criterion.when, None, "", depth):
                yield replace(missing, criterion=criterion.id)

    def _of(
        self, condition: Condition, scope: str | None, row: str, depth: int, wanted: bool = True
    ) -> Iterator[Missing]:
        """Yield what keeps a condition from being as wanted; of alternatives the nearest, with the others beside it."""
        match condition:
            case Not():
                yield from self._of(condition.item, scope, row, depth, not wanted)
            case All() | AnyOf() if isinstance(condition, All) is wanted:
                for item in condition.items:
                    yield from self._of(item, scope, row, depth, wanted)
            case All() | AnyOf():
                yield from self._alternatives(condition, scope, row, depth, wanted)
            case Test():
                truth = self._deriver.truths.of(condition, scope, row)
                if truth is not wanted:
                    yield self._missing(condition, row, truth, depth, wanted)
            case Quantified():
                truth = self._deriver.truths.of(condition)
                if truth is not wanted:
                    passing = self._deriver.condition(condition).value
                    yield Missing(condition, wanted, "", truth, passing)

    def _alternatives(
        self, condition: All | AnyOf, scope: str | None, row: str, depth: int, wanted: bool
    ) -> Iterator[Missing]:
        found = [tuple(self._of(item, scope, row, depth, wanted)) for item in condition.items]
        if not found or not all(found):
            return  # one of them is as wanted; an empty alternative never is, and asks for nothing that can be done
        found.sort(key=lambda missing: sum(one.distance for one in missing))
        first, *others = found
        yield replace(first[0], instead=(*first[0].instead, *others))
        yield from first[1:]

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
