"""Rules, and the shapes that stand for rules, to program rules; and per fact what may give it a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.compile.conditions import ConditionCompiler, reads, whole
from engine.errors import Location
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
    Table,
    TableRow,
    Test,
)
from engine.program import (
    POINT_SCALE,
    TRUE,
    Aggregate,
    CandidateForm,
    Entry,
    GateForm,
    InvariantForm,
    PointForm,
    ProgramRule,
    Resolution,
    Selection,
    Single,
    TableForm,
    TableHit,
    Union,
    encode,
)
from engine.vocabulary import FactKey, Type, Value, Vocabulary

ADVISED = FactKey(None, "advised")
EVIDENCED = FactKey(None, "evidenced")

_Rank = tuple[int, str, tuple[int, str]]
"""How entries for one fact compete, best first: by priority, owner's id, and rank inside the owner."""


@dataclass
class Collector:
    """Collect rules, and per fact what may give it a value."""

    vocabulary: Vocabulary
    conditions: ConditionCompiler
    rules: list[ProgramRule] = field(default_factory=list)
    tables: list[TableForm] = field(default_factory=list)
    gates: list[GateForm] = field(default_factory=list)
    invariants: list[InvariantForm] = field(default_factory=list)
    entries: dict[FactKey, list[tuple[_Rank, Entry]]] = field(default_factory=lambda: defaultdict(list))
    members: dict[FactKey, list[tuple[int, tuple[int, ...]]]] = field(default_factory=lambda: defaultdict(list))
    special: dict[FactKey, Aggregate | Selection] = field(default_factory=dict)
    places: dict[int, Location] = field(default_factory=dict)

    def rule(self, rule: Rule) -> None:
        """Compile a plain rule."""
        advises = tuple(item for item in rule.conclusions if isinstance(item, Advise))
        valid = (rule.valid_from, rule.valid_until)
        index = self._add(rule.id, rule.when, rule.at, rule.each, rule.priority, valid, advises)
        for conclusion in rule.conclusions:
            match conclusion:
                case SetFact(fact, value):
                    self._entry(fact, index, value, rule.priority, rule.id)
                case AddTo(fact, members):
                    self._members(fact, index, members)
                case Advise(action):
                    self._members(ADVISED, index, (action,))

    def table(self, table: Table) -> None:
        """Compile a decision table to one rule per row."""
        rows = [self._row(table, row) for row in table.rows]
        if table.hit is not Hit.COLLECT:
            for position, (row, index) in enumerate(zip(table.rows, rows, strict=True)):
                for fact, value in zip(table.outputs, row.values, strict=True):
                    inner = _inner_rank(table, row, position)
                    self._entry(fact, index, value, table.priority, table.id, inner)
            ranked = sorted(zip(table.rows, rows, strict=True), key=lambda pair: pair[0].id)
            forms = tuple(TableHit(index, self._values(table.outputs, row.values)) for row, index in ranked)
            self.tables.append(TableForm(table.id, table.each, table.hit, forms))
            return
        (output,) = table.outputs
        if table.collect is Collect.LIST:
            for row, index in zip(table.rows, rows, strict=True):
                self._members(output, index, tuple(str(value) for value in row.values))
        else:
            collect = table.collect or Collect.COUNT
            values = [0 if collect is Collect.COUNT else self._code(output, row.values[0]) for row in table.rows]
            entries = tuple(zip(rows, values, strict=True))
            self.special[output] = Aggregate(output, collect, entries, self._default(output))

    def gate(self, gate: Gate, pack: Pack) -> None:
        """Compile a gate to the rule that it stands for, and its checklist."""
        ladder = pack.ladder
        at_stage = Test(ladder.stage, Op.ONE_OF, Constant(gate.from_stages), gate.at)
        required = All(tuple(criterion.when for criterion in gate.criteria if criterion.required), gate.at)
        when, valid = All((at_stage, required), gate.at), (gate.valid_from, gate.valid_until)
        index = self._add(gate.id, when, gate.at, priority=gate.precedence, valid=valid)
        self._entry(ladder.proposed, index, gate.to, gate.precedence, gate.id)
        self._entry(ladder.move, index, gate.move.value, gate.precedence, gate.id)
        codes = tuple(sorted(self._code(ladder.stage, stage) for stage in gate.from_stages))
        criteria = tuple((criterion.id, self.conditions.condition(criterion.when)) for criterion in gate.criteria)
        self.gates.append(GateForm(gate.id, index, codes, criteria, self.conditions.condition(required)))

    def scorecard(self, card: Scorecard) -> None:
        """Compile a scorecard to point rules and the selection among its candidates."""
        points: dict[str, list[PointForm]] = defaultdict(list)
        for rule in sorted(card.rules, key=lambda rule: (rule.id, rule.candidate)):
            index = self._add(f"{card.id}#{rule.id}@{rule.candidate}", rule.when, rule.at)
            points[rule.candidate].append(self._points(index, rule))
        candidates = tuple(
            CandidateForm(
                name,
                self._code(card.chooses, name),
                self.conditions.condition(card.eligible[name]) if name in card.eligible else TRUE,
                tuple(points[name]),
            )
            for name in card.candidates
        )
        fallback = self._code(card.chooses, card.fallback) if card.fallback is not None else None
        self.special[card.chooses] = Selection(card.chooses, card.id, candidates, card.best, fallback)

    def evidence(self, one: Evidence) -> None:
        """Compile a piece of evidence to the rule that adds the value it proves, as long as it is valid."""
        index = self._add(f"evidenced#{one.id}", All((), one.at), one.at, valid=(one.dated, one.valid_until))
        self._members(EVIDENCED, index, (one.value,))

    def _add(
        self,
        name: str,
        when: Condition,
        at: Location,
        scope: str | None = None,
        priority: int = 0,
        valid: tuple[date | None, date | None] = (None, None),
        advises: tuple[Advise, ...] = (),
    ) -> int:
        index = len(self.rules)
        facts = tuple(sorted(reads([when]), key=str))
        first, last = valid[0] or date.min, valid[1] or date.max
        cond = self.conditions.condition(when)
        self.rules.append(ProgramRule(index, name, scope, cond, facts, priority, advises, first, last))
        self.places[index] = at
        return index

    def _row(self, table: Table, row: TableRow) -> int:
        name, valid = f"{table.id}#{row.id}", (table.valid_from, table.valid_until)
        return self._add(name, row.when, row.at, table.each, table.priority, valid)

    def _entry(
        self, fact: FactKey, index: int, value: Value, priority: int, owner: str, inner: tuple[int, str] = (0, "")
    ) -> None:
        entry = Entry(index, self._code(fact, value), priority, owner)
        self.entries[fact].append(((-priority, owner, inner), entry))

    def _members(self, fact: FactKey, index: int, members: Iterable[str]) -> None:
        self.members[fact].append((index, tuple(sorted({self._code(fact, member) for member in members}))))

    def _points(self, index: int, rule: PointRule) -> PointForm:
        points = rule.points
        if points.fact is None:
            return PointForm(index, whole(int(points.plus.scaleb(POINT_SCALE))))
        scale = self.vocabulary.facts[points.fact].scale
        digits = max(scale + _digits(points.times), _digits(points.plus), POINT_SCALE)
        times = int(points.times.scaleb(digits - scale))
        return PointForm(index, int(points.plus.scaleb(digits)), points.fact, times, 10 ** (digits - POINT_SCALE))

    def _code(self, fact: FactKey, value: Value) -> int:
        return whole(encode(self.vocabulary, self.vocabulary.facts[fact], value))

    def _values(self, facts: Iterable[FactKey], values: Iterable[Value]) -> tuple[int, ...]:
        return tuple(self._code(fact, value) for fact, value in zip(facts, values, strict=True))

    def _default(self, key: FactKey) -> int | None:
        default = self.vocabulary.facts[key].default
        return None if default is None else self._code(key, default)

    def resolution(self, key: FactKey) -> Resolution:
        """Return how a derived fact, or one with a fallback, gets its value."""
        fact = self.vocabulary.facts[key]
        if key in self.special:
            return self.special[key]
        if fact.type is Type.SET:
            return Union(key, tuple(self.members[key]))
        ranked = sorted(self.entries[key], key=lambda item: item[0])
        fallback = FactKey(key.scope, fact.falls_back_to) if fact.falls_back_to else None
        return Single(key, tuple(entry for _, entry in ranked), self._default(key), fallback)


def _digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _inner_rank(table: Table, row: TableRow, position: int) -> tuple[int, str]:
    """Rank a row among the hits of its table, best first."""
    if table.hit is Hit.FIRST:
        return (position, "")
    if table.hit is Hit.PRIORITY:
        return (table.order.index(row.values[0]), row.id)
    return (0, row.id)
