"""Why a customer's decision says what it says: from a conclusion, through the rules that fired, to what is recorded.

A derivation is a graph of frozen nodes; what several conclusions share is one node. `because` holds what a conclusion
rests on. `against` holds the rules that would have overridden it (or the rivals of a choice) and why they did not:
the conclusion stands as long as everything named in either stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from engine.decision import Candidate, Decision
from engine.explain import value_of
from engine.frozen import dataclass
from engine.model import All, AnyOf, Condition, Criterion, Not, Op, Pack, Quantified, Test, facts_of
from engine.plan import Plan
from engine.program import Aggregate, Selection, Single, Union, decode
from engine.rulebook import Written, rulebook
from engine.snapshot import CustomerFacts
from engine.truths import Truths
from engine.vocabulary import FactKey, Value


class Kind(StrEnum):
    """What a node is about."""

    FACT = "fact"
    ACTION = "action"
    RULE = "rule"
    CANDIDATE = "candidate"
    CRITERION = "criterion"
    TEST = "test"
    ALL = "all"
    ANY = "any"
    NOT = "not"
    ROWS = "rows"
    ROW = "row"


class Source(StrEnum):
    """Where a fact's value comes from."""

    RULES = "rules"
    RECORDED = "recorded"
    DEFAULT = "default"
    FALLBACK = "fallback"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a derivation.

    `id` names a fact (a row's `collection.fact`), action, rule, criterion (`gate#name`), candidate (`card@name`),
    collection or row; `scope` and `row` say which row it is about, if any. `truth` is that of a rule or condition, and
    whether a candidate is eligible. `value` is a fact's, what a rule gives, or how many rows pass. `condition` is a
    test as it is written. `points` are a candidate's, or what a point rule gives (scale 4).
    """

    kind: Kind
    id: str
    scope: str | None = None
    row: str = ""
    truth: bool | None = None
    value: Value | None = None
    source: Source | None = None
    priority: int = 0
    points: Decimal | None = None
    condition: Test | Quantified | None = None
    because: tuple[Node, ...] = ()
    against: tuple[Node, ...] = ()


class Deriver:
    """Derives conclusions of one decision; each part is worked out once."""

    def __init__(self, pack: Pack, plan: Plan, customer: CustomerFacts, decision: Decision) -> None:
        self.pack = pack
        self.plan = plan
        self.program = plan.program
        self.customer = customer
        self.decision = decision
        self.book = rulebook(pack)
        self.resolutions = {resolution.fact: resolution for resolution in plan.program.resolutions}
        self.fired = {(one.rule, one.row) for one in decision.fired}
        self._indices = {rule.id: rule.index for rule in plan.program.rules}
        self._facts: dict[tuple[FactKey, str], Node] = {}
        self._rules: dict[tuple[str, str], Node] = {}

    @cached_property
    def truths(self) -> Truths:
        """What conditions come to for the customer."""
        return Truths(self.plan, self.customer)

    # --- conclusions --------------------------------------------------------------------------------------------------

    def fact(self, key: FactKey, row: str = "") -> Node:
        """Return why a fact of the customer, or of a row, has its value."""
        place = key, row
        if place not in self._facts:
            self._facts[place] = self._fact(key, row)
        return self._facts[place]

    def action(self, action: str, row: str = "") -> Node:
        """Return why an action is advised: the rules that do."""
        found = next((one for one in self.decision.actions if (one.action, one.row) == (action, row)), None)
        rules = found.rules if found else ()
        advising = [
            self.rule(rule, at)
            for rule in rules
            for at in self.spots(rule)
            if (rule, at) in self.fired and self._about(action, rule, at, row)
        ]
        return Node(Kind.ACTION, action, row=row, truth=found is not None, because=tuple(advising))

    def rule(self, name: str, row: str = "") -> Node:
        """Return why a rule fired, or why it did not."""
        place = name, row
        if place not in self._rules:
            self._rules[place] = self._rule(self.book[name], row)
        return self._rules[place]

    def is_compiled(self, name: str) -> bool:
        """Whether a rule takes part in decisions at all: a draft does not."""
        return name in self._indices

    def priority(self, name: str) -> int:
        """Return the priority of a rule that takes part: of a gate its precedence, of a row its table's."""
        return self.program.rules[self._indices[name]].priority if self.is_compiled(name) else 0

    def spots(self, name: str) -> tuple[str, ...]:
        """Return the rows that a rule looks at by their keys, or the empty key for the customer."""
        scope = self.book[name].scope
        return ("",) if scope is None else tuple(row.key for row in self.customer.rows.get(scope, ()))

    def value(self, key: FactKey, row: str = "") -> Value | None:
        """Return what a fact came to."""
        return value_of(self.customer, self.decision, key, row)

    def stored(self, key: FactKey, row: str = "") -> Value | None:
        """Return what is recorded of a fact."""
        if key.scope is None:
            return self.customer.facts.get(key.name)
        rows = self.customer.rows.get(key.scope, ())
        return next((found.facts.get(key.name) for found in rows if found.key == row), None)

    def decoded(self, key: FactKey, code: int) -> Value:
        """Return the value that a code of a fact (of one member, for a set) stands for."""
        return decode(self.program.vocabulary, self.program.fact(key), code)

    def name(self, rule: int) -> str:
        """Return a program rule's id."""
        return self.program.rules[rule].id

    # --- facts --------------------------------------------------------------------------------------------------------

    def _fact(self, key: FactKey, row: str) -> Node:
        resolution = self.resolutions.get(key)
        node = Node(Kind.FACT, str(key), key.scope, row, value=self.value(key, row))
        match resolution:
            case Single():
                return self._single(node, resolution)
            case Union():
                return self._union(node, resolution)
            case Aggregate():
                fired, others = self._split((rule, row, value) for rule, value in resolution.entries)
                return replace(node, source=_source(fired, node), because=fired, against=others)
            case Selection():
                return self._selection(node, resolution)
        return replace(node, source=Source.NOWHERE if node.value is None else Source.RECORDED)

    def _single(self, node: Node, single: Single) -> Node:
        row, key = node.row, single.fact
        others: list[Node] = []
        for entry in single.entries:
            name, value = self.name(entry.rule), self.decoded(key, entry.value)
            if (name, row) in self.fired:
                winner = replace(self.rule(name, row), value=value)
                return replace(node, source=Source.RULES, because=(winner,), against=_unlike(others, value))
            others.append(replace(self.rule(name, row), value=value))
        against = _unlike(others, node.value)
        if self.stored(key, row) is not None:
            return replace(node, source=Source.RECORDED, against=against)
        if single.default is not None:
            return replace(node, source=Source.DEFAULT, against=against)
        if single.fallback is not None:
            behind = self.fact(single.fallback, row)
            return replace(node, source=Source.FALLBACK, because=(behind,), against=against)
        return replace(node, source=Source.NOWHERE, against=against)

    def _union(self, node: Node, union: Union) -> Node:
        entries = [
            (rule, row, code) for rule, codes in union.entries for row in self.spots(self.name(rule)) for code in codes
        ]
        fired, others = self._split(entries, union.fact)
        scopes = dict.fromkeys(self.book[self.name(rule)].scope for rule, _ in union.entries)
        collections = [self._collection(scope) for scope in scopes if scope is not None]
        given = {one.value for one in fired}
        against = (*(other for other in others if other.value not in given), *collections)
        return replace(node, source=_source(fired, node), because=fired, against=against)

    def _split(
        self, entries: Iterable[tuple[int, str, int]], fact: FactKey | None = None
    ) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """Return the rules that fired and those that did not, each with what it gives."""
        fired: list[Node] = []
        others: list[Node] = []
        for rule, row, code in entries:
            name = self.name(rule)
            given = self.decoded(fact, code) if fact else code
            (fired if (name, row) in self.fired else others).append(replace(self.rule(name, row), value=given))
        return tuple(fired), tuple(others)

    # --- choices ------------------------------------------------------------------------------------------------------

    def _selection(self, node: Node, selection: Selection) -> Node:
        choice = next(one for one in self.decision.choices if one.scorecard == selection.scorecard)
        card = next(card for card in self.pack.scorecards if card.id == selection.scorecard)
        forms = {form.name: form for form in selection.candidates}
        chosen: list[Node] = []
        others: list[Node] = []
        for one in choice.ranked:
            eligible = card.eligible.get(one.candidate)
            names = [self.name(form.rule) for form in forms[one.candidate].points]
            operands = {self.name(form.rule): form.fact for form in forms[one.candidate].points}
            candidate = self._candidate(f"{card.id}@{one.candidate}", one, eligible, names, operands)
            (chosen if one.candidate in choice.chosen else others).append(candidate)
        is_fallback = not any(one.points and one.points > 0 and one.truth for one in chosen)
        source = Source.FALLBACK if is_fallback else Source.RULES
        return replace(node, source=source, because=tuple(chosen), against=tuple(others))

    def _candidate(
        self,
        name: str,
        one: Candidate,
        eligible: Condition | None,
        names: list[str],
        operands: dict[str, FactKey | None],
    ) -> Node:
        given = dict(one.given)
        rules = {name: self._with_operand(self.rule(name), given.get(name), operands[name]) for name in names}
        most_first = sorted(given, key=lambda name: (-given[name], name))
        restricted = (self.condition(eligible),) if eligible is not None else ()
        return Node(
            kind=Kind.CANDIDATE,
            id=name,
            value=one.candidate,
            truth={"met": True, "not_met": False}.get(one.eligible.value),
            points=one.points,
            because=(*restricted, *(rules[name] for name in most_first)),
            against=tuple(rules[name] for name in names if name not in given),
        )

    def _with_operand(self, rule: Node, points: Decimal | None, operand: FactKey | None) -> Node:
        multiplied = (self.fact(operand),) if operand is not None else ()
        return replace(rule, points=points, because=(*rule.because, *multiplied))

    # --- rules and conditions -----------------------------------------------------------------------------------------

    def _rule(self, written: Written, row: str) -> Node:
        node = Node(Kind.RULE, written.id, written.scope, row, truth=(written.id, row) in self.fired)
        parts = [
            *self._conjuncts(written.when, written.scope, row),
            *(self._criterion(written.id, one) for one in written.criteria),
        ]
        return replace(node, priority=self.priority(written.id), because=tuple(parts))

    def _criterion(self, gate: str, criterion: Criterion) -> Node:
        parts = self._conjuncts(criterion.when, None, "")
        return Node(Kind.CRITERION, f"{gate}#{criterion.id}", truth=_all(parts), because=tuple(parts))

    def _conjuncts(self, condition: Condition, scope: str | None, row: str) -> list[Node]:
        """Return the parts of a condition that all have to be true."""
        if isinstance(condition, All):
            return [part for item in condition.items for part in self._conjuncts(item, scope, row)]
        return [self.condition(condition, scope, row)]

    def condition(self, condition: Condition, scope: str | None = None, row: str = "") -> Node:
        """Return what a condition comes to, part by part."""
        match condition:
            case All():
                parts = self._conjuncts(condition, scope, row)
                return Node(Kind.ALL, "", scope, row, truth=_all(parts), because=tuple(parts))
            case AnyOf():
                parts = [self.condition(item, scope, row) for item in condition.items]
                return Node(Kind.ANY, "", scope, row, truth=_any(parts), because=tuple(parts))
            case Not():
                part = self.condition(condition.item, scope, row)
                return Node(
                    Kind.NOT, "", scope, row, truth=None if part.truth is None else not part.truth, because=(part,)
                )
            case Test():
                return self._test(condition, scope, row)
            case Quantified():
                return self._rows(condition)

    def _test(self, test: Test, scope: str | None, row: str) -> Node:
        derived = [self.fact(key, row if key.scope else "") for key in facts_of(test) if key in self.resolutions]
        return Node(
            kind=Kind.TEST,
            id=str(test.fact),
            scope=scope,
            row=row,
            truth=self.truths.of(test, scope, row),
            value=self.value(test.fact, row if test.fact.scope else ""),
            condition=test,
            because=tuple(derived),
        )

    def _rows(self, test: Quantified) -> Node:
        name = test.collection
        rows = []
        for row in self.customer.rows.get(name, ()):
            parts = self._conjuncts(test.where, name, row.key)
            if test.of is not None and test.of in self.resolutions:
                parts.append(self.fact(test.of, row.key))
            passes = _all([part for part in parts if part.kind is not Kind.FACT])
            rows.append(Node(Kind.ROW, row.key, name, row.key, truth=passes, because=tuple(parts)))
        passing = sum(row.truth is True for row in rows)
        return Node(Kind.ROWS, name, truth=self.truths.of(test), value=passing, condition=test, because=tuple(rows))

    def _collection(self, name: str) -> Node:
        """Return a collection as a whole: of whose further rows rules might conclude more."""
        return Node(Kind.ROWS, name, value=len(self.customer.rows.get(name, ())))

    def _about(self, action: str, rule: str, at: str, row: str) -> bool:
        """Whether a rule at a row advises an action about this row."""
        return at == row or self.pack.actions[action].per != self.book[rule].scope


def named(node: Node) -> frozenset[str]:
    """Return the recorded facts and the collections that a derivation names anywhere."""
    found: set[str | None] = set()
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in (Kind.TEST, Kind.ROWS) or (one.kind is Kind.FACT and one.source in _RECORDED):
            found.add(one.id)
        found.add(one.scope)
        if isinstance(one.condition, Test):
            found |= {str(key) for key in facts_of(one.condition)}
        waiting += [*one.because, *one.against]
    return frozenset(name for name in found if name is not None)


_RECORDED = (Source.RECORDED, Source.NOWHERE, Source.DEFAULT, Source.FALLBACK)


def needed(rule: Node) -> Iterator[str]:
    """Yield the facts of the customer without whose values a rule that fired would not fire: it asks for each."""
    for part in rule.because:
        if part.kind is Kind.CRITERION or part.kind is Kind.ALL:
            yield from needed(part)
        elif part.kind is Kind.TEST and isinstance(part.condition, Test) and part.condition.op is not Op.KNOWN:
            yield from (str(key) for key in facts_of(part.condition))


def _unlike(rules: Iterable[Node], value: Value | None) -> tuple[Node, ...]:
    return tuple(rule for rule in rules if rule.value != value)


def _source(fired: tuple[Node, ...], node: Node) -> Source:
    return Source.RULES if fired else Source.NOWHERE if node.value in (None, frozenset()) else Source.DEFAULT


def _all(parts: Iterable[Node]) -> bool | None:
    truths = {part.truth for part in parts}
    return False if False in truths else None if None in truths else True


def _any(parts: Iterable[Node]) -> bool | None:
    truths = {part.truth for part in parts}
    return True if True in truths else None if None in truths else False
