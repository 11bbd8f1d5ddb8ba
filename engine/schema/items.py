"""Schemas of the items of a pack's files: rules, tables, gates, scorecards, actions, and the smaller ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from engine.load.actions import MAX_DAYS, Cost, Phase
from engine.load.built_in import ADVISED, EVIDENCED
from engine.load.claims import ORDERED
from engine.load.form import DOTTED, KEBAB, SNAKE, SOURCE
from engine.load.gates import UPGRADE_CONDITION
from engine.load.merge import CAN_GROW, SECTIONS
from engine.load.reading import MAX_PRIORITY
from engine.model import Collect, Hit, Move, Pack, Status
from engine.schema.conditions import Conditions, described
from engine.schema.shapes import (
    ANY,
    DATE,
    FLAG,
    NUMBER,
    WORD,
    Definitions,
    Schema,
    choice,
    integer,
    item,
    listed,
    mapping,
    offered,
    one_of,
    one_or_listed,
    text,
    word,
)
from engine.schema.values import CUSTOMER, Values
from engine.vocabulary import Fact, Type

_PRIORITY = integer(-MAX_PRIORITY, MAX_PRIORITY)


class Items:
    """Schemas of the items that a pack's files hold, for what one pack declares."""

    def __init__(self, pack: Pack, definitions: Definitions) -> None:
        self._pack = pack
        self._vocabulary = pack.vocabulary
        self._definitions = definitions
        self._values = Values(pack.vocabulary, pack.parameters, definitions)
        self._conditions = Conditions(pack.vocabulary, self._values, definitions)

    def sections(self) -> dict[str, Schema]:
        """Return what accepts each section of a rule file."""
        made = {
            "rules": self.rule(),
            "tables": self.table(),
            "gates": self.gate(),
            "scorecards": self.scorecard(),
            "actions": self.action(),
            "invariants": self.invariant(),
            "monotonicity": self.monotonicity(),
            "parameters": self.parameter(),
            "method": item({"item": word(SOURCE), "title": text(), "shown_in": listed(word(SNAKE))}, ("item", "title")),
        }
        refs = {
            section: self._definitions.ref(SECTIONS[section], partial(made.__getitem__, section)) for section in made
        }
        return {section: listed(refs[section]) for section in SECTIONS}

    def added_to(self, section: str) -> Schema:
        """Return what accepts the rows, criteria or points added to inherited items of a section."""
        grown = {"tables": self.table, "gates": self.gate, "scorecards": self.scorecard}[section]()
        key = CAN_GROW[section]
        ids = sorted(one.id for one in getattr(self._pack, section))
        keys = {SECTIONS[section]: offered(ids, word(KEBAB)), key: grown["properties"][key]}
        place = {"above": word(KEBAB)} if section == "tables" else {}
        return listed(item(keys | place, tuple(keys)))

    # --- rules ------------------------------------------------------------------------------------------------------

    def rule(self) -> Schema:
        """Return what accepts a rule; what it may read and set follows from its `each`."""
        keys = {
            "rule": word(KEBAB),
            "title": text(),
            "because": text(),
            "sources": self.sources(),
            "when": ANY,
            "set": ANY,
            "add": self._added(),
            "advise": one_or_listed(self._advice()),
            "priority": _PRIORITY,
            "each": self._each(),
            "valid_from": DATE,
            "valid_until": DATE,
            "status": choice(Status),
            "note": WORD,
            "owner": WORD,
            "tags": listed(WORD),
        }
        concludes = {"anyOf": [{"required": [key]} for key in ("set", "add", "advise")]}
        scoped = [
            _when_each(scope, {"when": self._conditions.on(scope), "set": self._set(scope)}) for scope in self._scopes()
        ]
        return item(keys, ("rule", "title", "because", "when"), allOf=[concludes, *scoped])

    def _each(self) -> Schema:
        collections = self._vocabulary.collections
        return one_of(collections, {name: one.title for name, one in collections.items()})

    def _scopes(self) -> Iterator[str | None]:
        yield None
        yield from self._vocabulary.collections

    def _set(self, scope: str | None) -> Schema:
        facts = {fact.name: self._valued(fact) for fact in self.settable(scope)}
        return self._definitions.ref(f"set.{scope or 'customer'}", lambda: mapping(facts, minProperties=1))

    def settable(self, scope: str | None) -> Iterator[Fact]:
        """Yield the facts that rules of a scope give one value."""
        return (one for one in self._vocabulary.in_scope(scope) if one.is_derived and one.type is not Type.SET)

    def sets(self) -> Iterator[Fact]:
        """Yield the sets that rules add to."""
        return (
            one
            for one in self._vocabulary.in_scope(None)
            if one.type is Type.SET and one.key not in (ADVISED, EVIDENCED)
        )

    def _valued(self, fact: Fact) -> Schema:
        return {**described(fact, self._vocabulary), "allOf": [self._values.value(fact)]}

    def _added(self) -> Schema:
        sets = {one.name: self._definitions.ref(f"add.{one.name}", partial(self._members, one)) for one in self.sets()}
        in_rows = {CUSTOMER + name: schema for name, schema in sets.items()}
        return mapping({**sets, **in_rows}, minProperties=1)

    def _members(self, fact: Fact) -> Schema:
        return {**described(fact, self._vocabulary), **one_or_listed(self._values.value(fact))}

    def _advice(self) -> Schema:
        keys = {
            "action": self.action_id(),
            "in_days": integer(0, MAX_DAYS),
            "owner": word(SNAKE),
            "medium": self._values.member("medium"),
            "urgency": integer(0, 100),
        }
        return {"anyOf": [self.action_id(), item(keys, ("action",))]}

    def action_id(self) -> Schema:
        """Return what accepts the id of an action."""
        actions = self._pack.actions
        titles = {name: one.title for name, one in actions.items()}
        return self._definitions.ref("action_id", lambda: one_of(actions, titles))

    def sources(self) -> Schema:
        """Return what accepts `sources`: items of the method if the pack lists them, and points of these."""
        return listed(self._source())

    def _source(self) -> Schema:
        method = self._pack.method
        if not method:
            return word(SOURCE)
        titles = {name: one.title for name, one in method.items()}
        point: Schema = {"type": "string", "pattern": rf"^({'|'.join(method)})\.[0-9]{{1,2}}$"}
        return self._definitions.ref("source", lambda: {"anyOf": [one_of(method, titles), point]})

    # --- tables -----------------------------------------------------------------------------------------------------

    def table(self) -> Schema:
        """Return what accepts a decision table."""
        keys = {
            "table": {**word(KEBAB), "not": {"const": EVIDENCED.name}},
            "title": text(),
            "each": self._each(),
            "inputs": ANY,
            "outputs": ANY,
            "hit": choice(Hit),
            "collect": choice(Collect),
            "order": listed(WORD, 1),
            "priority": _PRIORITY,
            "sources": self.sources(),
            "valid_from": DATE,
            "valid_until": DATE,
            "status": choice(Status),
            "rows": listed(self._row(), 1),
        }
        collects = {
            "if": {"properties": {"hit": {"const": "collect"}}, "required": ["hit"]},
            "then": {"required": ["collect"]},
            "else": {"not": {"required": ["collect"]}},
        }
        ordered = {
            "if": {"properties": {"hit": {"const": "priority"}}, "required": ["hit"]},
            "then": {"required": ["order"]},
            "else": {"not": {"required": ["order"]}},
        }
        counts = {
            "if": {"properties": {"collect": {"const": "count"}}, "required": ["collect"]},
            "then": {"properties": {"rows": listed({"not": {"required": ["then"]}})}},
            "else": {"properties": {"rows": listed({"required": ["then"]})}},
        }
        scoped = [_when_each(scope, self._in_table(scope)) for scope in self._scopes()]
        return item(keys, ("table", "title", "outputs", "rows"), allOf=[collects, ordered, counts, *scoped])

    def _row(self) -> Schema:
        keys = {"id": word(KEBAB), "if": ANY, "then": listed(WORD), "because": text()}
        return item(keys, ("id", "if", "because"))

    def _in_table(self, scope: str | None) -> Mapping[str, Schema]:
        """Return what a table's scope says of its inputs, its outputs and the conditions in its rows."""
        sets = [one.name for one in self.sets()]
        outputs = [fact.name for fact in self.settable(scope)]
        where = scope or "customer"
        test = {"anyOf": [{"type": "array"}, self._conditions.on(scope)]}
        return {
            "inputs": listed(self._inputs(scope)),
            "outputs": listed(self._definitions.ref(f"outputs.{where}", lambda: one_of([*outputs, *sets])), 1)
            | {"uniqueItems": True},
            "rows": listed({"properties": {"if": test}}),
        }

    def _inputs(self, scope: str | None) -> Schema:
        if scope is None:
            names = [*self._names(None), *self._vocabulary.collections]
            return self._definitions.ref("inputs.customer", lambda: one_of(names))
        of_customer = [CUSTOMER + name for name in self._names(None)]
        return {
            "anyOf": [one_of(self._names(scope)), self._definitions.ref("inputs.in_row", lambda: one_of(of_customer))]
        }

    def _names(self, scope: str | None) -> list[str]:
        return [fact.name for fact in self._vocabulary.in_scope(scope)]

    # --- gates and scorecards ---------------------------------------------------------------------------------------

    def gate(self) -> Schema:
        """Return what accepts a gate."""
        stage = self._vocabulary.facts.get(self._pack.ladder.stage)
        stages = self._values.value(stage) if stage is not None else WORD
        move = self._vocabulary.facts.get(self._pack.ladder.move)
        moves = self._vocabulary.enum_of(move).members if move is not None and move.enum else tuple(Move)
        criterion = {
            "id": word(KEBAB),
            "title": text(),
            "condition": word(UPGRADE_CONDITION),
            "required": FLAG,
            "when": self._conditions.on(None),
        }
        keys = {
            "gate": word(KEBAB),
            "title": text(),
            "because": text(),
            "from": one_or_listed(stages),
            "to": stages,
            "move": one_of([move.value for move in Move if move in moves]),
            "precedence": _PRIORITY,
            "sources": self.sources(),
            "valid_from": DATE,
            "valid_until": DATE,
            "status": choice(Status),
            "criteria": listed(item(criterion, ("id", "title", "when")), 1),
        }
        return item(keys, ("gate", "title", "because", "from", "to", "move", "precedence", "criteria"))

    def scorecard(self) -> Schema:
        """Return what accepts a scorecard."""
        choices = [one for one in (*self.settable(None), *self.sets()) if one.type in (Type.CATEGORY, Type.SET)]
        enums = {one.enum: self._vocabulary.enum_of(one) for one in choices}
        candidates = one_of(dict.fromkeys(member for enum in enums.values() for member in enum.members))
        candidate = self._definitions.ref("candidate", lambda: candidates)
        points = {
            "rule": word(KEBAB),
            "for": {"anyOf": [{"const": "all"}, candidate, listed(candidate, 1)]},
            "when": self._conditions.on(None),
            "points": self._points(),
            "because": text(),
            "sources": self.sources(),
        }
        keys = {
            "scorecard": word(KEBAB),
            "title": text(),
            "candidates": listed(candidate, 1),
            "chooses": one_of([one.name for one in choices], {one.name: one.title for one in choices}),
            "best": {"type": "integer", "minimum": 1},
            "fallback": candidate,
            "eligible": {
                "type": "object",
                "propertyNames": candidate,
                "additionalProperties": self._conditions.on(None),
            },
            "points": listed(item(points, ("rule", "for", "points", "because")), 1),
            "sources": self.sources(),
            "status": choice(Status),
        }
        return item(keys, ("scorecard", "title", "candidates", "chooses", "points"))

    def _points(self) -> Schema:
        numbers = [fact for fact in self._vocabulary.in_scope(None) if fact.type in (Type.INTEGER, Type.NUMBER)]
        names = [name for fact in numbers for name in (fact.name, _for_candidate(fact)) if name]
        fact = one_of(dict.fromkeys(names), {one.name: one.title for one in numbers})
        computed = item({"fact": fact, "times": self._values.factor(), "plus": self._values.factor()}, ("fact",))
        return {"anyOf": [*self._values.factor()["anyOf"], computed]}

    # --- the smaller ones -------------------------------------------------------------------------------------------

    def action(self) -> Schema:
        """Return what accepts an entry of the action catalogue."""
        keys = {
            "action": word(KEBAB),
            "title": text(),
            "family": word(SNAKE),
            "phase": choice(Phase),
            "owner": word(SNAKE),
            "days": integer(0, MAX_DAYS),
            "medium": self._values.member("medium"),
            "steps": listed(text()),
            "cost": choice(Cost),
            "urgency": integer(0, 100),
            "per": self._each(),
            "effect": text(),
            "heard_by": text(),
            "sources": self.sources(),
        }
        return item(keys, ("action", "title", "family", "phase", "owner", "days"))

    def invariant(self) -> Schema:
        """Return what accepts an invariant."""
        condition = self._conditions.on(None)
        keys = {
            "invariant": word(KEBAB),
            "title": text(),
            "never": condition,
            "always": condition,
            "sources": self.sources(),
        }
        either = [{"required": ["never"]}, {"required": ["always"]}]
        return item(keys, ("invariant", "title"), oneOf=either)

    def monotonicity(self) -> Schema:
        """Return what accepts a claim of monotonicity: stored facts with an order, and a derived fact."""
        facts = [fact for fact in self._vocabulary.in_scope(None) if fact.type in ORDERED or fact.type is Type.CATEGORY]
        more = one_of(fact.name for fact in facts if not fact.is_derived and fact.type in ORDERED)
        outcome = one_of(fact.name for fact in facts)
        keys = {
            "claim": word(KEBAB),
            "title": text(),
            "more": one_or_listed(more),
            "never_raises": outcome,
            "never_lowers": outcome,
            "order": listed(WORD),
            "sources": self.sources(),
        }
        either = [{"required": ["never_raises"]}, {"required": ["never_lowers"]}]
        return item(keys, ("claim", "title", "more"), oneOf=either)

    def parameter(self) -> Schema:
        """Return what accepts a parameter."""
        keys = {
            "param": offered(self._pack.parameters, word(DOTTED)),
            "value": {"anyOf": [WORD, listed(WORD, 1)]},
            "unit": {"anyOf": [WORD, text()]},
            "range": bounds(),
            "source": self._source(),
            "title": text(),
        }
        return item(keys, ("param", "value", "title"))


def bounds() -> Schema:
    """Return what accepts `[least, most]`, each of which may be null."""
    return listed({"anyOf": [NUMBER, {"type": "null"}]}, 2) | {"maxItems": 2}


def _when_each(scope: str | None, properties: Mapping[str, Schema]) -> Schema:
    """Return that these keys are read so in items for each row of a collection (None: for the customer)."""
    if scope is None:
        return {"if": {"not": {"required": ["each"]}}, "then": {"properties": dict(properties)}}
    condition = {"required": ["each"], "properties": {"each": {"const": scope}}}
    return {"if": condition, "then": {"properties": dict(properties)}}


def _for_candidate(fact: Fact) -> str:
    return f"{fact.family}.{{candidate}}" if fact.family else ""
