"""Random packs: rules, tables, gates, scorecards, actions and invariants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TypedDict, TypeVar

from engine.errors import Location
from engine.model import (
    Action,
    AddTo,
    Advise,
    Collect,
    Conclusion,
    Criterion,
    Evidence,
    Gate,
    Hit,
    Invariant,
    Ladder,
    Move,
    Pack,
    PointRule,
    Points,
    Rule,
    Scorecard,
    SetFact,
    Status,
    Table,
    TableRow,
    Talk,
)
from engine.vocabulary import FactKey, Text, Type, Value
from tests.generators.conditions import Conditions
from tests.generators.facts import (
    ACTIONS,
    AS_OF,
    ASSESSED_STAGE,
    CHOICE,
    CHOICES,
    COLLECTIONS,
    KINDS,
    ROW_TOP_LAYER,
    STAGES,
    TOP_LAYER,
    Facts,
    values_of,
)

AT = Location("generated")
TEXT = Text("text", "文字")
PRIORITIES = (0, 0, 0, 0, 1, -1)
GATE_LAYER, CARD_LAYER, ADVICE_LAYER = 4, 3, 4

T = TypeVar("T")


class Life(TypedDict):
    """Whether and when an item takes part."""

    status: Status
    valid_from: date | None
    valid_until: date | None


def random_pack(rng: Random) -> Pack:
    """Return a pack of random rules, tables, gates, scorecards, actions and invariants."""
    return _Generator(rng).pack()


class _Generator:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.actions = self._actions()
        self.facts = Facts(rng, tuple(self.actions))
        self.conditions = Conditions(rng, self.facts)
        self._names = [f"{letter}-{number}" for letter in "abc" for number in range(1, 40)]
        rng.shuffle(self._names)

    def pack(self) -> Pack:
        rng = self.rng
        return Pack(
            name="generated",
            version="1.0.0",
            title=TEXT,
            vocabulary=self.facts.vocabulary,
            at=AT,
            rules=tuple(self._rule() for _ in range(rng.randint(1, 24))),
            tables=(*(self._table() for _ in range(rng.randint(0, 4))), *self._aggregates()),
            gates=tuple(self._gate() for _ in range(rng.choice((0, 1, 3)))),
            scorecards=tuple(self._scorecards()),
            actions=self.actions,
            invariants=tuple(self._invariant() for _ in range(rng.randint(0, 2))),
            talk=Talk((), {one.id: one for one in map(self._evidence, range(rng.randint(0, 3)))}),
            ladder=rng.choice((Ladder(), Ladder(), Ladder(stage=ASSESSED_STAGE))),
        )

    # --- rules -------------------------------------------------------------------------------------------------------

    def _rule(self) -> Rule:
        rng = self.rng
        layer, each = rng.randint(1, TOP_LAYER), rng.choice((self._each(), self._each(), self._each(), ACTIONS))
        return Rule(
            id=self._name(),
            title=TEXT,
            because=TEXT,
            when=self.conditions.condition(each, layer),
            conclusions=self._conclusions(layer, each),
            at=AT,
            priority=rng.choice(PRIORITIES),
            each=each,
            **self._life(),
        )

    def _conclusions(self, layer: int, each: str | None) -> tuple[Conclusion, ...]:
        rng = self.rng
        settable = self._some(self.facts.concluded(each, layer), most=2)
        found: list[Conclusion] = [SetFact(fact.key, rng.choice(values_of(fact))) for fact in settable]
        for fact in self._some(self.facts.sets(layer), most=1, least=not found):
            members = self.facts.vocabulary.enum_of(fact).members
            found.append(AddTo(fact.key, tuple(self._some(members, most=2, least=True))))
        if layer <= ADVICE_LAYER:
            found.extend(self._advise(action) for action in self._some(tuple(self.actions), most=2))
        return tuple(found)

    def _advise(self, action: str) -> Advise:
        rng = self.rng
        return Advise(
            action,
            in_days=rng.choice((None, None, 0, 3, 14)),
            owner=rng.choice((None, "seller", "manager")),
            medium=rng.choice((None, "phone")),
            urgency=rng.choice((None, 50, 90)),
        )

    def _actions(self) -> dict[str, Action]:
        rng = self.rng
        return {
            name: Action(
                id=name,
                title=TEXT,
                family="care",
                phase="in",
                owner="seller",
                days=rng.choice((0, 3, 14)),
                at=AT,
                medium=rng.choice((None, "visit")),
                urgency=rng.choice((50, 60)),
                per=rng.choice((None, *COLLECTIONS, ACTIONS)),
            )
            for name in ("call", "visit", "settle")
        }

    # --- tables ------------------------------------------------------------------------------------------------------

    def _table(self) -> Table:
        rng = self.rng
        each = self._each()
        layer = rng.randint(1, ROW_TOP_LAYER if each else TOP_LAYER)
        hit = rng.choice(tuple(Hit))
        if hit is Hit.COLLECT:
            return self._list_table(layer, each)
        outputs = self._some(self.facts.concluded(each, layer), most=2, least=True)
        ordered = list(values_of(outputs[0]))
        rng.shuffle(ordered)
        return Table(
            id=self._name(),
            title=TEXT,
            hit=hit,
            outputs=tuple(fact.key for fact in outputs),
            rows=self._rows(each, layer, [values_of(fact) for fact in outputs]),
            at=AT,
            order=tuple(ordered) if hit is Hit.PRIORITY else (),
            priority=rng.choice(PRIORITIES),
            each=each,
            **self._life(),
        )

    def _list_table(self, layer: int, each: str | None) -> Table:
        output = self.rng.choice(self.facts.sets(layer))
        members = self.facts.vocabulary.enum_of(output).members
        return self._collecting(Collect.LIST, output.key, each, self._rows(each, layer, [members]))

    def _aggregates(self) -> Iterable[Table]:
        rng = self.rng
        for fact, layer in self.facts.aggregated():
            if self._maybe(0.3):
                of_integer = fact.type is Type.INTEGER
                collect = rng.choice((Collect.SUM, Collect.MIN, Collect.MAX, *([Collect.COUNT] * of_integer)))
                values = [] if collect is Collect.COUNT else [values_of(fact)]
                yield self._collecting(collect, fact.key, fact.scope, self._rows(fact.scope, layer, values))

    def _collecting(self, collect: Collect, output: FactKey, each: str | None, rows: tuple[TableRow, ...]) -> Table:
        return Table(
            id=self._name(),
            title=TEXT,
            hit=Hit.COLLECT,
            outputs=(output,),
            rows=rows,
            at=AT,
            collect=collect,
            each=each,
            **self._life(),
        )

    def _rows(self, each: str | None, layer: int, values: Sequence[Sequence[Value]]) -> tuple[TableRow, ...]:
        rng = self.rng
        names = [f"row-{number}" for number in range(9, 12)]
        rng.shuffle(names)
        return tuple(
            TableRow(
                id=name,
                when=self.conditions.condition(each, layer, depth=1),
                values=tuple(rng.choice(options) for options in values),
                because=TEXT,
                at=AT,
            )
            for name in names[: rng.randint(1, 3)]
        )

    # --- gates, scorecards, invariants -------------------------------------------------------------------------------

    def _gate(self) -> Gate:
        rng = self.rng
        criteria = tuple(
            Criterion(
                id=f"criterion-{number}",
                title=TEXT,
                when=self.conditions.condition(None, GATE_LAYER, depth=1),
                at=AT,
                required=not self._maybe(0.3),
            )
            for number in range(rng.randint(1, 3))
        )
        return Gate(
            id=self._name(),
            title=TEXT,
            because=TEXT,
            from_stages=tuple(self._some(STAGES, most=2, least=True)),
            to=rng.choice(STAGES),
            move=rng.choice(tuple(Move)),
            precedence=rng.choice(PRIORITIES),
            criteria=criteria,
            at=AT,
            **self._life(),
        )

    def _scorecards(self) -> Iterable[Scorecard]:
        for chosen in (CHOICE, CHOICES):
            if self._maybe(0.5):
                yield self._scorecard(chosen)

    def _scorecard(self, chosen: FactKey) -> Scorecard:
        rng = self.rng
        candidates = rng.sample(KINDS, rng.randint(1, len(KINDS)))
        return Scorecard(
            id=self._name(),
            title=TEXT,
            candidates=tuple(candidates),
            eligible={
                name: self.conditions.condition(None, CARD_LAYER, depth=1) for name in candidates if self._maybe(0.4)
            },
            rules=tuple(self._point_rule(number, rng.choice(candidates)) for number in range(rng.randint(1, 7))),
            chooses=chosen,
            at=AT,
            best=1 if chosen == CHOICE else rng.randint(1, 3),
            fallback=rng.choice((None, *candidates)),
            status=self._life()["status"],
        )

    def _point_rule(self, number: int, candidate: str) -> PointRule:
        return PointRule(
            id=f"points-{number}",
            candidate=candidate,
            when=self.conditions.condition(None, CARD_LAYER, depth=1),
            points=self._points(),
            because=TEXT,
            at=AT,
        )

    def _points(self) -> Points:
        rng = self.rng
        plus = Decimal(rng.choice(("0", "1", "1", "2", "-1", "0.0001", "2.5")))
        if self._maybe(0.6):
            return Points(plus)
        operand = self.conditions.fact(None, CARD_LAYER, (Type.INTEGER, Type.NUMBER))
        return Points(plus, operand.key, Decimal(rng.choice(("1", "0.5", "-1", "0.005", "-0.0005"))))

    def _invariant(self) -> Invariant:
        condition = self.conditions.condition(None, TOP_LAYER + 1, depth=1)
        return Invariant(self._name(), TEXT, self._maybe(0.5), condition, AT)

    def _evidence(self, number: int) -> Evidence:
        dated, valid_until = (AS_OF + timedelta(self.rng.choice((-1, 0, 0, 1))) for _ in range(2))
        days = sorted((dated, valid_until))
        return Evidence(f"evidence-{number}", self.rng.choice(KINDS), TEXT, TEXT, days[0], days[1], AT)

    # --- chances -----------------------------------------------------------------------------------------------------

    def _name(self) -> str:
        return self._names.pop()

    def _each(self) -> str | None:
        return self.rng.choice((None, None, None, *COLLECTIONS))

    def _life(self) -> Life:
        rng = self.rng
        near = [AS_OF + timedelta(days) for days in (-1, 0, 0, 1)]
        return {
            "status": Status.DRAFT if self._maybe(0.08) else Status.ACTIVE,
            "valid_from": rng.choice(near) if self._maybe(0.1) else None,
            "valid_until": rng.choice(near) if self._maybe(0.1) else None,
        }

    def _some(self, options: Sequence[T], *, most: int, least: bool = False) -> list[T]:
        """Return up to `most` different options, at least one if `least`."""
        return self.rng.sample(options, min(len(options), self.rng.randint(int(least), most)))

    def _maybe(self, chance: float) -> bool:
        return self.rng.random() >= 1 - chance
