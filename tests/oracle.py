"""What a decision is, said a third time: a slow, plain interpreter of the rule model.

It is written from `docs/language.md` alone and shares nothing with the executors, not even their normal form. Facts are
looked up on demand, conditions are walked as trees and evaluated twice: nominally, and cautiously. True, False and None
are the three truth values; arithmetic is exact, on fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any, TypeVar

from engine.decision import (
    AdvisedAction,
    Candidate,
    Choice,
    Conflict,
    CriterionState,
    Decision,
    Fired,
    GateState,
    PackStamp,
    Provisional,
    State,
)
from engine.model import (
    AddTo,
    Advise,
    All,
    Collect,
    Condition,
    Constant,
    Gate,
    Hit,
    Op,
    Pack,
    PointRule,
    Rule,
    Scorecard,
    SetFact,
    Status,
    Table,
    TableRow,
    Test,
)
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import Fact, FactKey, Type, Value
from tests.oracle_conditions import Conditions, Truth, conjunction, facts_in, number

ADVISED = FactKey(None, "advised")
NOTHING: frozenset[str] = frozenset()


def decide(pack: Pack, customer: CustomerFacts, stamp: PackStamp) -> Decision:
    """Return what a pack concludes about one customer.

    Raises:
        CycleError: if a fact is needed to find its own value.
    """
    return _Oracle(pack, customer).decision(stamp)


class CycleError(Exception):
    """A fact is needed to find its own value."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A plain rule, or a table row, gate or point rule as the rule that it stands for.

    `rival` is the name under which it competes: its own, or its table's.
    """

    id: str
    rival: str
    when: Condition
    each: str | None = None
    sets: Mapping[FactKey, Value] = field(default_factory=dict)
    adds: Mapping[FactKey, frozenset[str]] = field(default_factory=dict)
    priority: int = 0
    position: int = 0

    @property
    def rank(self) -> tuple[int, str, int]:
        """Smallest wins: highest priority, then smallest name, then the place that the hit policy gives to a row."""
        return (-self.priority, self.rival, self.position)


@dataclass(frozen=True, slots=True)
class Found:
    """A fact's value (None: missing) and, if it is provisional, the rules that it hangs on and the unknown in them."""

    value: Value | None
    rules: frozenset[str] = NOTHING
    unknown: frozenset[str] = NOTHING

    @property
    def is_provisional(self) -> bool:
        """Whether it could still change."""
        return bool(self.rules)

    def also(self, other: Found) -> Found:
        """Return the same value, hanging also on what another finding hangs on."""
        return Found(self.value, self.rules | other.rules, self.unknown | other.unknown)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate of a scorecard; `surely` is its cautious eligibility, a bound of None stands for infinity."""

    candidate: Candidate
    place: int
    surely: Truth
    lower: Fraction | None
    upper: Fraction | None
    hanging: Found

    @property
    def could_be_chosen(self) -> bool:
        """Whether it can still be chosen for its points."""
        return self.surely is not False and (self.upper is None or self.upper > 0)

    @property
    def is_surely_worthy(self) -> bool:
        """Whether it surely is eligible and has points."""
        return self.surely is True and self.lower is not None and self.lower > 0

    def stays_below(self, chosen: Scored) -> bool:
        """Whether it ranks below a chosen candidate even at its own upper and the other's lower bound."""
        if self.upper is None or chosen.lower is None:
            return False
        return (-chosen.lower, chosen.place) < (-self.upper, self.place)


class _Oracle:
    def __init__(self, pack: Pack, customer: CustomerFacts) -> None:
        self.pack = pack
        self.customer = customer
        self.clauses = sorted(_clauses(pack, customer.as_of), key=lambda clause: clause.rank)
        self.setting: dict[FactKey, list[Clause]] = defaultdict(list)
        self.rows_of: dict[str, list[Clause]] = defaultdict(list)
        for clause in self.clauses:  # the best first
            self.rows_of[clause.rival].append(clause)
            for key in clause.sets:
                self.setting[key].append(clause)
        self.scorecards = [card for card in pack.scorecards if card.status is Status.ACTIVE]
        self.choosers = {card.chooses: card for card in self.scorecards}
        self.aggregates = {
            table.outputs[0]: table
            for table in pack.tables
            if table.collect not in (None, Collect.LIST) and _exists(table, customer.as_of)
        }
        self.conditions = Conditions(pack.vocabulary, customer, self._lookup)
        self._found: dict[tuple[FactKey, str], Found | None] = {}
        self._scores: dict[str, list[Scored]] = {}

    def decision(self, stamp: PackStamp) -> Decision:
        found = self._concluded_facts()
        values = {fact.name: one.value for fact, row, one in found if row is None and one.value is not None}
        rows: dict[str, dict[str, dict[str, Value]]] = {}
        for fact, row, one in found:
            if fact.scope and row and one.value is not None:
                rows.setdefault(fact.scope, {}).setdefault(row.key, {})[fact.name] = one.value
        provisional = [
            Provisional(fact.name, _key(row), tuple(sorted(one.rules)), tuple(sorted(one.unknown)))
            for fact, row, one in found
            if one.is_provisional
        ]
        return Decision(
            customer=self.customer.customer,
            as_of=self.customer.as_of,
            pack=stamp,
            snapshot=self.customer.digest(),
            values=values,
            rows=rows,
            fired=tuple(sorted(self._fired())),
            conflicts=tuple(sorted(chain(self._fact_conflicts(), self._table_conflicts()))),
            provisional=tuple(sorted(provisional)),
            gates=tuple(self._gates()),
            choices=tuple(self._choice(card) for card in sorted(self.scorecards, key=lambda card: card.id)),
            actions=self._actions(),
            violated=tuple(sorted(self._violated())),
        )

    def _concluded_facts(self) -> list[tuple[Fact, Row | None, Found]]:
        return [
            (fact, row, self.found(fact.key, row))
            for fact in self.pack.vocabulary.facts.values()
            if fact.is_derived or fact.falls_back_to
            for row in self._places(fact.scope)
        ]

    def _fired(self) -> Iterator[Fired]:
        points = (_point_clause(card, rule) for card in self.scorecards for rule in card.rules)
        for clause in chain(self.clauses, points):
            for row in self._places(clause.each):
                if self.fires(clause, row):
                    yield Fired(clause.id, _key(row), tuple(sorted(self._because(clause, row).items())))

    def _because(self, clause: Clause, row: Row | None) -> dict[str, Value | None]:
        return {
            f"customer.{key.name}" if clause.each and key.scope is None else key.name: self.found(key, row).value
            for key in facts_in(clause.when)
        }

    def _fact_conflicts(self) -> Iterator[Conflict]:
        for key, clauses in self.setting.items():
            for row in self._places(key.scope) if key not in self.aggregates else ():
                hits = [clause for clause in clauses if self.fires(clause, row)]
                best = {hit.rival: hit for hit in reversed(hits)}  # of each table its best hit
                rivals = {
                    rival
                    for rival, hit in best.items()
                    if hit.priority == hits[0].priority and hit.sets[key] != hits[0].sets[key]
                }
                if rivals:
                    yield Conflict(key.name, _key(row), tuple(sorted({hits[0].rival, *rivals})))

    def _table_conflicts(self) -> Iterator[Conflict]:
        for table in self.pack.tables:
            for row in self._places(table.each):
                hits = [clause for clause in self.rows_of[table.id] if self.fires(clause, row)]
                if table.hit is Hit.ANY:
                    hits = [hit for hit in hits if hit is hits[0] or hit.sets != hits[0].sets]
                if table.hit in (Hit.UNIQUE, Hit.ANY) and len(hits) > 1:
                    yield Conflict(table.id, _key(row), tuple(sorted(hit.id for hit in hits)))

    def _gates(self) -> Iterator[GateState]:
        stage = self.found(self.pack.ladder.stage, None).value if self.pack.gates else None
        for gate in sorted(self.pack.gates, key=lambda gate: gate.id):
            if _exists(gate, self.customer.as_of) and stage in gate.from_stages:
                truths = {one.id: self.conditions.truth(one.when, None, False) for one in gate.criteria}
                required = [truths[one.id] for one in gate.criteria if one.required]
                criteria = tuple(CriterionState(name, _state(truth)) for name, truth in truths.items())
                yield GateState(gate.id, _state(conjunction(required)), criteria)

    def _violated(self) -> Iterator[str]:
        for invariant in self.pack.invariants:
            if self.conditions.truth(invariant.condition, None, False) is invariant.never:
                yield invariant.id

    # --- facts -------------------------------------------------------------------------------------------

    def found(self, key: FactKey, row: Row | None) -> Found:
        """Return what holds about a fact of the customer or of the row."""
        place = (key, _key(row) if key.scope else "")
        if place not in self._found:
            self._found[place] = None
            self._found[place] = self._find(self.pack.vocabulary.facts[key], row if key.scope else None)
        found = self._found[place]
        if found is None:
            raise CycleError(str(key))
        return found

    def _lookup(self, key: FactKey, row: Row | None) -> tuple[Value | None, bool]:
        found = self.found(key, row)
        return found.value, found.is_provisional

    def _find(self, fact: Fact, row: Row | None) -> Found:
        if fact.key in self.choosers:
            found = self._chosen(fact, self.choosers[fact.key])
        elif fact.key in self.aggregates:
            found = self._aggregated(fact, self.aggregates[fact.key], row)
        elif fact.type is Type.SET:
            found = self._collected(fact.key)
        else:
            found = self._won(fact, row)
        return Found(_in_scale(fact, found.value), found.rules, found.unknown)

    def _without_rules(self, fact: Fact, row: Row | None) -> Found:
        """Return what holds if no rule fires: the measured value, the default, the fallback's value, or nothing."""
        measured = (row.facts if row else self.customer.facts).get(fact.name)
        if measured is not None and not fact.is_derived:
            return Found(measured)
        if fact.default is not None:
            return Found(fact.default)
        if fact.falls_back_to:
            return self.found(FactKey(fact.scope, fact.falls_back_to), row)
        return Found(None)

    def _won(self, fact: Fact, row: Row | None) -> Found:
        """Resolve a single-valued fact: the best fired clause, or else what holds without any."""
        setting = self.setting[fact.key]
        fired = [clause for clause in setting if self.fires(clause, row)]
        settled = [clause for clause in setting if self.is_settled(clause, row, fires=True)]
        base = self._without_rules(fact, row)
        surely = Found(settled[0].sets[fact.key]) if settled else base
        hanging = [
            clause
            for clause in setting
            if self.is_open(clause, row)
            and (not settled or clause.rank < settled[0].rank)
            and clause.sets[fact.key] != surely.value
        ]
        value = fired[0].sets[fact.key] if fired else base.value
        return self._hanging(value, hanging, row).also(surely)

    def _collected(self, key: FactKey) -> Found:
        """Resolve a set: all members that fired clauses add."""
        adding = [(clause, row) for clause in self.clauses if key in clause.adds for row in self._places(clause.each)]
        settled = [clause for clause, row in adding if self.is_settled(clause, row, fires=True)]
        fired = [clause for clause, row in adding if self.fires(clause, row)]
        surely = _union(clause.adds[key] for clause in settled)
        found = Found(_union(clause.adds[key] for clause in fired))
        for clause, row in adding:
            if self.is_open(clause, row) and not clause.adds[key] <= surely:
                found = found.also(self._hanging(None, [clause], row))
        return found

    def _aggregated(self, fact: Fact, table: Table, row: Row | None) -> Found:
        """Resolve the output of a table that collects a sum, minimum, maximum or count."""
        rows = self.rows_of[table.id]
        fired = [clause for clause in rows if self.fires(clause, row)]
        settled = [clause for clause in rows if self.is_settled(clause, row, fires=True)]
        opened = [clause for clause in rows if self.is_open(clause, row)]
        base = self._without_rules(fact, row)
        value = _aggregate(table, fired) if fired else base.value
        if not settled or table.collect is Collect.COUNT:
            can_change = bool(opened)
        elif table.collect is Collect.SUM:
            can_change = any(clause.sets[fact.key] != 0 for clause in opened)
        else:
            can_change = _aggregate(table, settled) != _aggregate(table, settled + opened)
        found = self._hanging(value, opened if can_change else [], row)
        return found if settled else found.also(base)

    def _hanging(self, value: Value | None, clauses: list[Clause], row: Row | None) -> Found:
        unknown = _union(self.conditions.unknown(clause.when, row) for clause in clauses)
        return Found(value, frozenset(clause.id for clause in clauses), unknown)

    # --- clauses -----------------------------------------------------------------------------------------

    def fires(self, clause: Clause, row: Row | None) -> bool:
        """Whether the condition is true."""
        return self.conditions.truth(clause.when, row, False) is True

    def is_settled(self, clause: Clause, row: Row | None, *, fires: bool) -> bool:
        """Whether it surely fires, or surely does not."""
        return self.conditions.truth(clause.when, row, True) is fires

    def is_open(self, clause: Clause, row: Row | None) -> bool:
        """Whether it might fire or not."""
        return self.conditions.truth(clause.when, row, True) is None

    def _places(self, collection: str | None) -> tuple[Row | None, ...]:
        return self.customer.rows.get(collection, ()) if collection else (None,)

    # --- scorecards --------------------------------------------------------------------------------------

    def _choice(self, card: Scorecard) -> Choice:
        ranked = sorted(self._scored(card), key=lambda one: (one.candidate.eligible is not State.MET, _merit(one)))
        return Choice(card.id, tuple(one.candidate for one in ranked), self._best(card))

    def _best(self, card: Scorecard) -> tuple[str, ...]:
        worthy = tuple(one.candidate.candidate for one in self._worthy(card))
        return worthy or ((card.fallback,) if card.fallback else ())

    def _worthy(self, card: Scorecard) -> list[Scored]:
        """Return the candidates that are chosen for their points, best first."""
        worthy = [one for one in self._scored(card) if one.candidate.eligible is State.MET and one.candidate.points > 0]
        return sorted(worthy, key=_merit)[: card.best]

    def _chosen(self, fact: Fact, card: Scorecard) -> Found:
        best = self._best(card)
        if fact.type is Type.SET:
            found = Found(frozenset(best))
        else:
            found = Found(best[0]) if best else self._without_rules(fact, None)
        if not self._is_settled_choice(card):
            for one in self._scored(card):
                if one.could_be_chosen:
                    found = found.also(one.hanging)
        return found

    def _is_settled_choice(self, card: Scorecard) -> bool:
        chosen = self._worthy(card)
        others = [one for one in self._scored(card) if one not in chosen and one.could_be_chosen]
        is_full = len(chosen) == card.best
        return all(one.is_surely_worthy for one in chosen) and all(
            is_full and all(one.stays_below(better) for better in chosen) for one in others
        )

    def _scored(self, card: Scorecard) -> list[Scored]:
        if card.id not in self._scores:
            self._scores[card.id] = [self._score(card, place, name) for place, name in enumerate(card.candidates)]
        return self._scores[card.id]

    def _score(self, card: Scorecard, place: int, name: str) -> Scored:
        points, given = Fraction(0), []
        lower, upper, is_bounded = Fraction(0), Fraction(0), True
        hanging = Found(None)
        for rule in card.rules:
            if rule.candidate != name:
                continue
            clause, worth = _point_clause(card, rule), self._points(rule)
            if self.fires(clause, None):
                points += worth
                given.append((clause.id, _scale_4(worth)))
            if self.is_settled(clause, None, fires=False):
                continue
            operand = rule.points.fact
            if operand and self.conditions.is_unsure(operand, None):
                is_bounded = False
                hanging = hanging.also(self._hanging(None, [clause], None))
                hanging = hanging.also(Found(None, unknown=frozenset([str(operand)])))
            elif not self.is_open(clause, None):
                lower, upper = lower + worth, upper + worth
            elif worth != 0:
                lower, upper = lower + min(worth, Fraction(0)), upper + max(worth, Fraction(0))
                hanging = hanging.also(self._hanging(None, [clause], None))
        eligible = card.eligible.get(name, All((), card.at))
        eligibility = Clause(f"{card.id}@{name}", card.id, eligible)
        candidate = Candidate(
            candidate=name,
            points=_scale_4(points),
            eligible=_state(self.conditions.truth(eligible, None, False)),
            provisional=hanging.is_provisional,
            given=tuple(sorted(given)),
        )
        if self.is_open(eligibility, None):
            hanging = hanging.also(self._hanging(None, [eligibility], None))
        return Scored(
            candidate=candidate,
            place=place,
            surely=self.conditions.truth(eligible, None, True),
            lower=lower if is_bounded else None,
            upper=upper if is_bounded else None,
            hanging=hanging,
        )

    def _points(self, rule: PointRule) -> Fraction:
        exact = Fraction(rule.points.plus)
        if rule.points.fact:
            value = self.found(rule.points.fact, None).value
            if value is None:
                return Fraction(0)
            exact += number(value) * Fraction(rule.points.times)
        return Fraction(round(exact * 10_000), 10_000)  # a fraction rounds half to even

    # --- actions -----------------------------------------------------------------------------------------

    def _actions(self) -> tuple[AdvisedAction, ...]:
        reasons: dict[tuple[str, str], list[Reason]] = {}
        for rule in self.pack.rules:
            if not _exists(rule, self.customer.as_of):
                continue
            for row in self._places(rule.each):
                if self.conditions.truth(rule.when, row, False):
                    for advise in rule.conclusions:
                        if isinstance(advise, Advise):
                            action = self.pack.actions[advise.action]
                            is_per_row = rule.each is not None and action.per == rule.each
                            reason = Reason(rule, _key(row), advise, action.days)
                            reasons.setdefault((action.id, _key(row) if is_per_row else ""), []).append(reason)
        actions = [self._action(*identity, sorted(found, key=Reason.order)) for identity, found in reasons.items()]
        return tuple(sorted(actions, key=lambda one: (-one.urgency, one.due_on, one.action, one.row)))

    def _action(self, name: str, row: str, reasons: list[Reason]) -> AdvisedAction:
        action = self.pack.actions[name]
        advises = [reason.advise for reason in reasons]
        fresh = self.customer.as_of + timedelta(_first((one.in_days for one in advises), action.days))
        still_open = self._open_actions(name, row)
        dates = [due_on for one in still_open if isinstance(due_on := one.facts.get("due_on"), date)]
        return AdvisedAction(
            action=name,
            row=row,
            due_on=min(dates, default=fresh),
            owner=_first((one.owner for one in advises), action.owner),
            medium=_first((one.medium for one in advises), action.medium),
            urgency=_first((one.urgency for one in advises), action.urgency),
            rules=tuple(sorted({reason.rule.id for reason in reasons})),
            is_open=bool(still_open),
        )

    def _open_actions(self, name: str, row: str) -> list[Row]:
        identity = {"action": name, "about": row or None, "state": "open"}
        return [
            one
            for one in self.customer.rows.get("actions", ())
            if all((one.facts.get(fact) or None) == value for fact, value in identity.items())
        ]


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired, for the customer or a row, and advises an action whose catalogue says `days`."""

    rule: Rule
    row: str
    advise: Advise
    days: int

    def order(self) -> tuple[int, int, str, str]:
        """Smallest first: whose overrides count."""
        days = self.days if self.advise.in_days is None else self.advise.in_days
        return (-self.rule.priority, days, self.rule.id, self.row)


# --- the rules that larger shapes stand for --------------------------------------------------------------


def _exists(shape: Rule | Table | Gate, as_of: date) -> bool:
    return (
        shape.status is Status.ACTIVE
        and (shape.valid_from is None or shape.valid_from <= as_of)
        and (shape.valid_until is None or as_of <= shape.valid_until)
    )


def _clauses(pack: Pack, as_of: date) -> Iterator[Clause]:
    yield from (_rule_clause(rule) for rule in pack.rules if _exists(rule, as_of))
    yield from (_gate_clause(gate, pack) for gate in pack.gates if _exists(gate, as_of))
    for table in pack.tables:
        if _exists(table, as_of):
            yield from _table_clauses(table)


def _rule_clause(rule: Rule) -> Clause:
    sets: dict[FactKey, Value] = {}
    adds: dict[FactKey, frozenset[str]] = {}
    for conclusion in rule.conclusions:
        match conclusion:
            case SetFact():
                sets[conclusion.fact] = conclusion.value
            case AddTo():
                adds[conclusion.fact] = adds.get(conclusion.fact, NOTHING) | frozenset(conclusion.members)
            case Advise():
                adds[ADVISED] = adds.get(ADVISED, NOTHING) | {conclusion.action}
    return Clause(rule.id, rule.id, rule.when, rule.each, sets, adds, rule.priority)


def _table_clauses(table: Table) -> list[Clause]:
    def preference(row: TableRow) -> tuple[int, str]:
        if table.hit is Hit.FIRST:
            return (table.rows.index(row), "")
        if table.hit is Hit.PRIORITY:
            return (table.order.index(row.values[0]), row.id)
        return (0, row.id)

    return [_table_clause(table, row, position) for position, row in enumerate(sorted(table.rows, key=preference))]


def _table_clause(table: Table, row: TableRow, position: int) -> Clause:
    sets: dict[FactKey, Value] = {}
    adds: dict[FactKey, frozenset[str]] = {}
    if table.collect is Collect.LIST:
        adds = {table.outputs[0]: frozenset(map(str, row.values))}
    elif table.collect is not Collect.COUNT:
        sets = dict(zip(table.outputs, row.values, strict=True))
    rule_id = f"{table.id}#{row.id}"
    return Clause(rule_id, table.id, row.when, table.each, sets, adds, table.priority, position)


def _gate_clause(gate: Gate, pack: Pack) -> Clause:
    at_stage = Test(pack.ladder.stage, Op.ONE_OF, Constant(gate.from_stages), gate.at)
    required = tuple(criterion.when for criterion in gate.criteria if criterion.required)
    sets: dict[FactKey, Value] = {pack.ladder.proposed: gate.to, pack.ladder.move: gate.move.value}
    return Clause(gate.id, gate.id, All((at_stage, *required), gate.at), sets=sets, priority=gate.precedence)


def _point_clause(card: Scorecard, rule: PointRule) -> Clause:
    return Clause(f"{card.id}#{rule.id}@{rule.candidate}", card.id, rule.when)


# --- small things ----------------------------------------------------------------------------------------

T = TypeVar("T")


def _key(row: Row | None) -> str:
    return row.key if row else ""


def _state(truth: Truth) -> State:
    return {True: State.MET, False: State.NOT_MET, None: State.UNKNOWN}[truth]


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(chain.from_iterable(sets))


def _first(given: Iterable[T | None], otherwise: T) -> T:
    return next((value for value in given if value is not None), otherwise)


def _merit(one: Scored) -> tuple[Decimal, int]:
    return (-one.candidate.points, one.place)


def _scale_4(points: Fraction) -> Decimal:
    return Decimal(int(points * 10_000)).scaleb(-4)


def _in_scale(fact: Fact, value: Any) -> Any:
    return value.quantize(Decimal(1).scaleb(-fact.scale)) if isinstance(value, Decimal) else value


def _aggregate(table: Table, hits: list[Clause]) -> Any:
    values: list[Any] = [hit.sets[table.outputs[0]] for hit in hits if hit.sets]
    match table.collect:
        case Collect.COUNT:
            return len(hits)
        case Collect.SUM:
            return sum(values[1:], values[0])
        case Collect.MIN:
            return min(values)
        case _:
            return max(values)
