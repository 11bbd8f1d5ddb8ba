"""One item of a pack in words: what it says, what it reads and concludes, who reads that, and which cases show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from engine.cases import Case
from engine.errors import Location
from engine.model import Action, Gate, Invariant, Pack, Parameter, PointRule, Rule, Scorecard, Status, Table
from engine.phrasing import Line, Phrasing
from engine.relations import Item, Kind, Relations, relations
from engine.vocabulary import Collection, Fact, FactKey, Text, Type, Value
from engine.wording import Wording

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

_DRAFT = Text("draft: takes no part in decisions yet", "草稿，尚不参与判定")
_FROM, _UNTIL = Text("from {day}", "自{day}起"), Text("until {day}", "至{day}止")
_PRIORITY = Text("priority {number}", "优先级{number}")
_EACH = Text("looked at for each row of {rows}", "对{rows}逐条判断")
_HITS = {
    "unique": Text("one row at most may hit", "至多命中一行"),
    "any": Text("the hits must agree", "命中各行须一致"),
    "priority": Text("the best output wins: {order}", "按优先顺序取值：{order}"),
    "first": Text("the first hit wins", "取第一个命中行"),
    "collect": Text("the hits are put together ({collect})", "汇总各命中行（{collect}）"),
}
_GIVES = Text("→ {values}", "→ {values}")
_MOVE = Text("{start} → {end}", "{start} → {end}")
_PRECEDENCE = Text("precedence {number}", "优先级{number}")
_ADVISORY = Text("{criterion} (advisory)", "{criterion}（仅供参考）")
_NEVER, _ALWAYS = Text("must never be:", "绝不允许："), Text("must always be:", "必须成立：")
_POINTS = Text("{points} for {candidates}", "{candidates}：{points}分")
_EACH_CANDIDATE = Text("each candidate", "每个候选项")
_TIMES = Text("{times} × {fact}", "{times} × {fact}")
_LIKEWISE = Text("so for {candidate}; for the others likewise", "此处以{candidate}为例，其余类推")
_CANDIDATES = Text("{candidates}; chosen into {fact}: the best {number}", "{candidates}；最优{number}项写入“{fact}”")
_FALLBACK = Text("if nobody has points: {candidate}", "都没有得分时：{candidate}")
_OWNER = Text("{owner}, within {days}", "{owner}，{days}内")
_CHANGED = Text("{before} in the pack that this one extends", "所扩展的规则包中为{before}")
_RANGE = Text("from {least} to {most}", "{least}至{most}")
_DEFAULT, _FALLS_BACK = (
    Text("by default {value}", "默认{value}"),
    Text("without a value: as {fact}", "没有值时取“{fact}”"),
)
_ORIGIN = {
    "measured": Text("recorded or measured", "来自记录"),
    "derived": Text("concluded by rules", "由规则得出"),
    "remembered": Text("decided by people", "由人确认"),
    "portfolio": Text("seen from the whole base", "由全部客户得出"),
}
_TYPE = {
    Type.FLAG: Text("yes or no", "是或否"),
    Type.INTEGER: Text("whole number", "整数"),
    Type.NUMBER: Text("number", "数值"),
    Type.CATEGORY: Text("one of a list", "取值之一"),
    Type.LEVEL: Text("a level, lowest first", "由低到高"),
    Type.DATE: Text("date", "日期"),
    Type.TEXT: Text("text", "文字"),
    Type.SET: Text("any of a list", "可含多项"),
}


@dataclass(frozen=True, slots=True)
class Portrait:
    """An item in words. `says` are its sections by name; the rest are ids, facts as `FactKey` writes them."""

    kind: Kind
    id: str
    title: str
    at: Location
    says: Mapping[str, tuple[Line, ...]]
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    concludes: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    read_by: tuple[str, ...] = ()
    advised_by: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    shown_as: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gallery:
    """Everything that portraits are drawn from; `fired` are the names of the cases in which each rule fires."""

    pack: Pack
    language: str
    cases: tuple[Case, ...] = ()
    fired: Callable[[], Mapping[str, set[str]]] = dict
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def ids(self) -> Iterator[str]:
        """Yield every id for which there is a portrait."""
        pack = self.pack
        yield from relations(pack).items
        yield from pack.actions
        yield from pack.parameters
        yield from map(str, pack.vocabulary.facts)
        yield from pack.vocabulary.collections

    def portraits(self, name: str) -> tuple[Portrait, ...]:
        """Return the portraits of everything with this id; usually one, as kinds have ids of their own.

        A row of a table or a rule of a scorecard (`table#row`) stands in the portrait of the whole.
        """
        return tuple(_Painter(self).paint(name.partition("#")[0]))

    def all(self, names: Iterable[str]) -> Iterator[Portrait]:
        """Yield the portraits of everything with these ids."""
        painter = _Painter(self)
        for name in dict.fromkeys(names):
            yield from painter.paint(name)


class _Painter:
    """Draws the portraits."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._pack = gallery.pack
        self._wording = Wording(gallery.pack.vocabulary, gallery.language)
        self._phrasing = Phrasing(gallery.pack, self._wording)
        self._relations: Relations = relations(gallery.pack)

    def paint(self, name: str) -> Iterator[Portrait]:
        pack = self._pack
        for rule in (one for one in pack.rules if one.id == name):
            yield self._item(rule, self._rule(rule), self._notes(rule))
        for table in (one for one in pack.tables if one.id == name):
            yield self._item(table, self._table(table), [self._hit(table), *self._notes(table)])
        for gate in (one for one in pack.gates if one.id == name):
            precedence = self._say(_PRECEDENCE, number=gate.precedence)
            yield self._item(gate, self._gate(gate), [self._move(gate), precedence, *self._notes(gate)])
        for card in (one for one in pack.scorecards if one.id == name):
            yield self._item(card, self._scorecard(card), [self._say(_DRAFT)] if card.status is Status.DRAFT else [])
        for invariant in (one for one in pack.invariants if one.id == name):
            yield self._item(invariant, self._invariant(invariant), [])
        if name in pack.actions:
            yield self._action(pack.actions[name])
        if name in pack.parameters:
            yield self._parameter(pack.parameters[name])
        for key, fact in pack.vocabulary.facts.items():
            if str(key) == name:
                yield self._fact(fact)
        if name in pack.vocabulary.collections:
            yield self._collection(pack.vocabulary.collections[name])

    def _say(self, text: Text, **values: object) -> str:
        return self._wording.text(text).format(**values)

    # --- rules and their like -----------------------------------------------------------------------------------------

    def _item(
        self,
        one: Rule | Table | Gate | Scorecard | Invariant,
        says: Mapping[str, Iterable[Line]],
        notes: Iterable[str],
    ) -> Portrait:
        item: Item = self._relations.items[one.id]
        readers = (reader for key in item.concludes for reader in self._relations.readers.get(key, ()))
        return Portrait(
            kind=item.kind,
            id=one.id,
            title=self._wording.text(one.title),
            at=one.at,
            says={name: found for name, lines in says.items() if (found := tuple(lines))},
            notes=tuple(notes),
            sources=one.sources,
            reads=tuple(map(str, item.reads)),
            concludes=tuple(map(str, item.concludes)),
            read_by=tuple(dict.fromkeys(reader for reader in readers if reader != one.id)),
            cases=self._cases_of(one.id),
        )

    def _cases_of(self, name: str) -> tuple[str, ...]:
        """Return the cases that are about an item, then the others in which it fires."""
        fired = self._gallery.fired()
        fires = {case for rule, cases in fired.items() if rule.partition("#")[0] == name for case in cases}
        about = [case.name for case in self._gallery.cases if name in _named_in(case)]
        return tuple(dict.fromkeys([*about, *(case.name for case in self._gallery.cases if case.name in fires)]))

    def _notes(self, one: Rule | Table | Gate) -> Iterator[str]:
        if one.status is Status.DRAFT:
            yield self._say(_DRAFT)
        if one.valid_from is not None:
            yield self._say(_FROM, day=self._wording.date(one.valid_from))
        if one.valid_until is not None:
            yield self._say(_UNTIL, day=self._wording.date(one.valid_until))
        if not isinstance(one, Gate):
            if one.priority:
                yield self._say(_PRIORITY, number=one.priority)
            if one.each is not None:
                yield self._say(_EACH, rows=self._wording.title(one.each))

    def _rule(self, rule: Rule) -> dict[str, Iterable[Line]]:
        return {
            "when": self._phrasing.lines(rule.when, rule.each),
            "then": (Line(0, self._phrasing.conclusion(one)) for one in rule.conclusions),
            "because": [Line(0, self._because(rule.because, rule.each))],
            "note": [Line(0, rule.note)] if rule.note else [],
        }

    def _because(self, because: Text, scope: str | None = None) -> str:
        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("param:"):
                return self._values(self._pack.parameters[name.removeprefix("param:")])
            key = FactKey(None if name.startswith("customer.") else scope, name.removeprefix("customer."))
            return f"‹{self._wording.text(self._pack.vocabulary.facts[key].title)}›"

        return _PLACEHOLDER.sub(fill, self._wording.text(because))

    def _hit(self, table: Table) -> str:
        order = self._wording.listed(self._phrasing.value(table.outputs[0], value) for value in table.order)
        return self._say(_HITS[table.hit], order=order, collect=table.collect or "")

    def _table(self, table: Table) -> dict[str, Iterable[Line]]:
        lines: list[Line] = []
        for row in table.rows:
            lines.append(Line(0, f"{row.id}"))
            lines += self._phrasing.lines(row.when, table.each, 1)
            pairs = zip(table.outputs, row.values, strict=False)
            given = self._wording.listed(self._phrasing.given(key, value) for key, value in pairs)
            if given:
                lines.append(Line(1, self._say(_GIVES, values=given)))
        return {"rows": lines}

    def _move(self, gate: Gate) -> str:
        start = self._wording.listed(self._phrasing.value(self._pack.ladder.stage, stage) for stage in gate.from_stages)
        return self._say(_MOVE, start=start, end=self._phrasing.value(self._pack.ladder.stage, gate.to))

    def _gate(self, gate: Gate) -> dict[str, Iterable[Line]]:
        lines: list[Line] = []
        for criterion in gate.criteria:
            title = self._wording.text(criterion.title)
            lines.append(Line(0, title if criterion.required else self._say(_ADVISORY, criterion=title)))
            lines += self._phrasing.lines(criterion.when, None, 1)
        return {"criteria": lines, "because": [Line(0, self._because(gate.because))]}

    def _scorecard(self, card: Scorecard) -> dict[str, Iterable[Line]]:
        chooses = card.chooses
        candidates = self._wording.listed(self._phrasing.value(chooses, one) for one in card.candidates)
        title = self._wording.text(self._pack.vocabulary.facts[chooses].title)
        lines = [Line(0, self._say(_CANDIDATES, candidates=candidates, fact=title, number=card.best))]
        if card.fallback is not None:
            lines.append(Line(0, self._say(_FALLBACK, candidate=self._phrasing.value(chooses, card.fallback))))
        eligible: list[Line] = []
        for candidate, condition in card.eligible.items():
            eligible.append(Line(0, self._phrasing.value(chooses, candidate)))
            eligible += self._phrasing.lines(condition, None, 1)
        rules = [list(found) for _, found in groupby(card.rules, lambda rule: rule.id)]
        points = [line for found in rules for line in self._points(found, card)]
        return {"candidates": lines, "eligible": eligible, "points": points}

    def _points(self, rules: list[PointRule], card: Scorecard) -> Iterator[Line]:
        """Yield what one point rule says, written out for the first of its candidates."""
        first, chooses = rules[0], card.chooses
        named = self._wording.listed(self._phrasing.value(chooses, rule.candidate) for rule in rules)
        is_for_all = len(rules) == len(card.candidates)
        candidates = self._wording.text(_EACH_CANDIDATE) if is_for_all else named
        yield Line(0, self._say(_POINTS, points=self._given_points(first), candidates=candidates))
        yield from self._phrasing.lines(first.when, None, 1)
        alike = all(
            list(self._phrasing.lines(rule.when)) == list(self._phrasing.lines(first.when)) for rule in rules[1:]
        )
        if not alike:
            yield Line(1, self._say(_LIKEWISE, candidate=self._phrasing.value(chooses, first.candidate)))

    def _given_points(self, rule: PointRule) -> str:
        points = rule.points
        if points.fact is None:
            return self._wording.signed(points.plus)
        title = self._wording.text(self._pack.vocabulary.facts[points.fact].title)
        said = self._say(_TIMES, times=self._wording.number(points.times), fact=title)
        return f"{said} {self._wording.signed(points.plus)}" if points.plus else said

    def _invariant(self, invariant: Invariant) -> dict[str, Iterable[Line]]:
        head = Line(0, self._say(_NEVER if invariant.never else _ALWAYS))
        return {"when": [head, *self._phrasing.lines(invariant.condition, None, 1)]}

    # --- actions and parameters ---------------------------------------------------------------------------------------

    def _action(self, action: Action) -> Portrait:
        wording = self._wording
        owner = wording.member_of("speaker_role", action.owner)
        notes = [self._say(_OWNER, owner=owner, days=wording.with_unit(action.days, "day"))]
        if action.medium is not None:
            notes.append(wording.member_of("medium", action.medium))
        if action.per is not None:
            notes.append(self._say(_EACH, rows=wording.title(action.per)))
        expected = (
            case.name
            for case in self._gallery.cases
            if action.id in (*(case.expect.actions or ()), *case.expect.advised)
        )
        return Portrait(
            kind=Kind.ACTION,
            id=action.id,
            title=wording.text(action.title),
            at=action.at,
            says={
                name: tuple(Line(0, wording.text(text)) for text in texts)
                for name, texts in self._action_texts(action).items()
                if texts
            },
            notes=tuple(notes),
            sources=action.sources,
            advised_by=self._relations.advisers.get(action.id, ()),
            cases=tuple(expected),
        )

    @staticmethod
    def _action_texts(action: Action) -> dict[str, tuple[Text, ...]]:
        return {
            "steps": action.steps,
            "effect": (action.effect,) if action.effect else (),
            "heard_by": (action.heard_by,) if action.heard_by else (),
        }

    def _parameter(self, parameter: Parameter) -> Portrait:
        return Portrait(
            kind=Kind.PARAMETER,
            id=parameter.name,
            title=self._wording.text(parameter.title),
            at=parameter.at,
            says={"value": (Line(0, self._values(parameter)),)},
            notes=(*self._before(parameter), *self._between(parameter.least, parameter.most)),
            sources=(parameter.source,) if parameter.source else (),
            used_by=self._gallery.uses.get(parameter.name, ()),
        )

    def _before(self, parameter: Parameter) -> Iterator[str]:
        """Yield what a changed parameter is in the pack that is extended."""
        ours = ("parameter", parameter.name)
        changes = [one.change for one in self._pack.overrides if (one.what, one.id) == ours]
        yield from (self._say(_CHANGED, before=change.partition(" -> ")[0]) for change in changes[-1:])

    def _values(self, parameter: Parameter) -> str:
        unit = (self._wording.language == "zh" and parameter.unit_zh) or parameter.unit
        return self._wording.listed(self._measured(value, unit) for value in parameter.values)

    def _measured(self, value: Value, unit: str) -> str:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return self._wording.with_unit(value, unit) if unit else self._wording.number(value)
        return str(value)

    def _between(self, least: Decimal | None, most: Decimal | None) -> Iterator[str]:
        if least is not None or most is not None:
            sides = ("…" if side is None else self._wording.number(side) for side in (least, most))
            yield self._say(_RANGE, **dict(zip(("least", "most"), sides, strict=True)))

    # --- facts --------------------------------------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> Portrait:
        pack, wording = self._pack, self._wording
        made_by, read_by = (found.get(fact.key, ()) for found in (self._relations.makers, self._relations.readers))
        expected = (case.name for case in self._gallery.cases if self._is_expected(case, fact))
        texts = {"description": fact.description, "ask": fact.ask}
        says: dict[str, tuple[Line, ...]] = {
            name: (Line(0, wording.text(text)),) for name, text in texts.items() if text is not None
        }
        if fact.spelled_by is not None:
            titles = pack.vocabulary.enums[fact.spelled_by].titles
            says["members"] = tuple(Line(0, f"{wording.text(title)} ({name})") for name, title in titles.items())
        return Portrait(
            kind=Kind.FACT,
            id=str(fact.key),
            title=wording.title(str(fact.key)),
            at=fact.at,
            says=says,
            notes=tuple(self._about(fact)),
            made_by=made_by,
            read_by=read_by,
            shown_as=tuple(role for role, name in pack.shows.items() if fact.scope is None and name == fact.name),
            cases=tuple(expected),
        )

    def _about(self, fact: Fact) -> Iterator[str]:
        wording = self._wording
        yield self._say(_TYPE[fact.type])
        yield from self._between(fact.least, fact.most)
        if fact.unit:
            yield fact.unit_in(self._wording.language)
        yield self._say(_ORIGIN[fact.origin])
        if fact.default is not None and (default := wording.value(fact, fact.default)):
            yield self._say(_DEFAULT, value=default)
        if fact.falls_back_to is not None:
            yield self._say(_FALLS_BACK, fact=wording.title(fact.falls_back_to))

    @staticmethod
    def _is_expected(case: Case, fact: Fact) -> bool:
        if fact.scope is None:
            return fact.name in case.expect.values
        return any(fact.name in row for row in case.expect.rows.get(fact.scope, {}).values())

    def _collection(self, collection: Collection) -> Portrait:
        facts = (fact for fact in self._pack.vocabulary.in_scope(collection.name))
        lines = tuple(Line(0, f"{self._wording.text(fact.title)} ({fact.key})") for fact in facts)
        readers = (
            item.id for item in self._relations.items.values() if any(k.scope == collection.name for k in item.reads)
        )
        return Portrait(
            kind=Kind.COLLECTION,
            id=collection.name,
            title=self._wording.text(collection.title),
            at=collection.at,
            says={"facts": lines},
            read_by=tuple(readers),
        )


def _named_in(case: Case) -> set[str]:
    """Return the ids of the rules, tables, gates and scorecards that a case expects something of."""
    expect = case.expect
    return {rule.partition("#")[0] for rule in (*expect.fired, *expect.not_fired, *expect.gates)}
