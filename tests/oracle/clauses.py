"""The plain rules that rules, tables, gates and scorecards stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.model import (
    AddTo,
    Advise,
    All,
    Collect,
    Condition,
    Constant,
    Evidence,
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
from engine.vocabulary import FactKey, Value

ADVISED = FactKey(None, "advised")
EVIDENCED = FactKey(None, "evidenced")
NOTHING: frozenset[str] = frozenset()


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
        if not (other.rules or other.unknown):
            return self
        return Found(self.value, self.rules | other.rules, self.unknown | other.unknown)


def exists(shape: Rule | Table | Gate, as_of: date) -> bool:
    """Whether an item takes part in decisions as of a date."""
    return (
        shape.status is Status.ACTIVE
        and (shape.valid_from is None or shape.valid_from <= as_of)
        and (shape.valid_until is None or as_of <= shape.valid_until)
    )


def clauses_of(pack: Pack, as_of: date) -> Iterator[Clause]:
    """Yield the clauses of all rules, gates, table rows and evidence that take part as of a date."""
    yield from (_rule_clause(rule) for rule in pack.rules if exists(rule, as_of))
    yield from (_gate_clause(gate, pack) for gate in pack.gates if exists(gate, as_of))
    for table in pack.tables:
        if exists(table, as_of):
            yield from _table_clauses(table)
    for name, evidence in pack.talk.evidence.items() if pack.talk else ():
        if evidence.dated <= as_of <= evidence.valid_until:
            yield _evidence_clause(f"evidenced#{name}", evidence)


def _evidence_clause(name: str, evidence: Evidence) -> Clause:
    proves: dict[FactKey, frozenset[str]] = {EVIDENCED: frozenset([evidence.value])}
    return Clause(name, name, All((), evidence.at), adds=proves)


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


def point_clause(card: Scorecard, rule: PointRule) -> Clause:
    """Return the clause that a point rule stands for."""
    return Clause(f"{card.id}#{rule.id}@{rule.candidate}", card.id, rule.when)
