"""Schemas of whole files: rules, `pack.yaml`, `facts.yaml`, cases, talk, and the charter's sections."""

from __future__ import annotations

from collections.abc import Iterable

from engine.decision import State
from engine.load.form import KEBAB, SNAKE
from engine.load.merge import CAN_BE_REPLACED, CAN_GROW, SECTIONS, VERSION
from engine.load.pack import PROMOTION
from engine.load.shows import ROLES
from engine.load.vocabulary import COSTS, MAX_SCALE, MEMBER, NO_VALUE, RESERVED, Direction
from engine.model import Pack, Told
from engine.rulebook import rulebook
from engine.schema.conditions import described
from engine.schema.items import Items, bounds
from engine.schema.shapes import (
    ANY,
    DATE,
    FLAG,
    WORD,
    Definitions,
    Schema,
    choice,
    explained,
    integer,
    item,
    listed,
    mapping,
    offered,
    one_of,
    text,
    word,
)
from engine.schema.values import Values
from engine.vocabulary import Changer, Fact, Kind, Origin, Type


def rules_file(pack: Pack) -> Schema:
    """Return the schema of a pack's rule files, `actions.yaml` among them."""
    definitions = Definitions()
    sections = Items(pack, definitions).sections()
    replaced = item({section: sections[section] for section in CAN_BE_REPLACED})
    added = item({section: Items(pack, definitions).added_to(section) for section in CAN_GROW})
    return _file(item({**sections, "replace": replaced, "add_to": added}, minProperties=1), definitions)


def manifest(pack: Pack, rules: str) -> Schema:
    """Return the schema of `pack.yaml`; what it holds besides refers to the schema of rule files, by its file name."""
    customer = [fact.name for fact in pack.vocabulary.in_scope(None)]
    titles = {fact.name: fact.title for fact in pack.vocabulary.in_scope(None)}
    definitions = Definitions()
    fact = definitions.ref("fact", lambda: one_of(customer, titles))
    keys = {
        "pack": word(KEBAB),
        "version": {"type": "string", "pattern": word(VERSION)["pattern"]},
        "title": text(),
        "extends": WORD,
        "ladder": item(dict.fromkeys(("stage", "proposed", "move", "days", "since", "before"), fact)),
        "shows": _shows(pack, fact),
        "promotion": item(dict.fromkeys(PROMOTION, integer(0, 100))),
        "disable": listed(WORD),
        **{section: {"$ref": f"{rules}#/properties/{section}"} for section in (*SECTIONS, "replace", "add_to")},
    }
    needs = {"disable": {"required": ["extends"]}}
    return _file(item(keys, ("pack", "version", "title"), dependencies=needs), definitions)


def _shows(pack: Pack, fact: Schema) -> Schema:
    """Return the schema of `shows`: for a role of which more is made than a line, only facts that can play it."""
    titles = {each.name: each.title for each in pack.vocabulary.in_scope(None)}
    fitting = {
        name: [each.name for each in pack.vocabulary.in_scope(None) if role.fits(each, pack.vocabulary)]
        for name, role in ROLES.items()
    }
    roles = {name: one_of(names, titles) for name, names in fitting.items()}
    return {"type": "object", "propertyNames": word(SNAKE), "properties": roles, "additionalProperties": fact}


def catalogue_file(pack: Pack) -> Schema:
    """Return the schema of `facts.yaml`, and of the catalogue itself."""
    vocabulary = pack.vocabulary
    enum = offered(vocabulary.enums, word(SNAKE))
    names = {**word(MEMBER), "not": {"const": NO_VALUE}}
    member = item({}) | {"properties": {}, "propertyNames": names, "additionalProperties": text()}
    role = vocabulary.enums.get("contact_role")
    who_and_how = {"by": choice(Changer), "direction": choice(Direction), "cost": one_of(COSTS), "grows": FLAG}
    change = item(who_and_how, ("by",))
    keys = {
        "type": choice(Type),
        "title": text(),
        "description": text(),
        "unit": {"anyOf": [WORD, text()]},
        "enum": enum,
        "names": enum,
        "scale": integer(0, MAX_SCALE),
        "range": bounds(),
        "origin": choice(Origin),
        "default": ANY,
        "falls_back_to": offered([fact.name for fact in vocabulary.facts.values()], WORD),
        "change": change,
        "ask": text(),
        "ask_role": one_of(role.members, role.titles) if role is not None else word(SNAKE),
        "fresh_days": integer(1, 36_500),
        "personal": FLAG,
        "per": enum,
    }
    fact = item(keys, ("type", "title"), allOf=_by_type())
    definitions = Definitions()
    facts = _named(definitions.ref("fact", lambda: fact), RESERVED)
    events = {"if": {"properties": {"kind": {"const": "events"}}}, "then": {"required": ["date"]}}
    rows = {"title": text(), "kind": choice(Kind), "date": word(SNAKE), "change": change, "facts": facts}
    collection = item(rows, ("title", "kind"), allOf=[events])
    enums = item({"title": text(), "members": member | {"minProperties": 1}, "ordered": FLAG}, ("title", "members"))
    constraint: Schema = {"type": "string", "pattern": r"^\S+ <= \S+$"}
    whole = {
        "enums": _named(enums, ["action"]),
        "facts": facts,
        "collections": _named(collection, RESERVED - {"actions"}),
        "constraints": listed(constraint),
    }
    return _file(item(whole), definitions)


def _named(schema: Schema, reserved: Iterable[str]) -> Schema:
    """Return what accepts a mapping of snake_case names, except those that mean something else."""
    names = {**word(SNAKE), "not": {"enum": sorted(reserved)}}
    return {"type": "object", "propertyNames": names, "additionalProperties": schema}


def _by_type() -> list[Schema]:
    """Return which keys go with which types of fact."""
    with_enum = [Type.CATEGORY.value, Type.LEVEL.value, Type.SET.value]
    numeric = [Type.INTEGER.value, Type.NUMBER.value]
    derived: Schema = {"required": ["origin"], "properties": {"origin": {"const": Origin.DERIVED.value}}}

    def types(words: list[str]) -> Schema:
        return {"required": ["type"], "properties": {"type": {"enum": words}}}

    def without(key: str) -> Schema:
        return {"not": {"required": [key]}}

    return [
        {"if": types(with_enum), "then": {"required": ["enum"]}, "else": without("enum")},
        {"if": types(numeric), "else": without("range")},
        {"if": types([Type.NUMBER.value]), "else": without("scale")},
        {"if": types([Type.SET.value]), "then": {"allOf": [derived, without("falls_back_to"), without("default")]}},
        {
            "if": types([Type.TEXT.value]),
            "then": {"not": {"anyOf": [derived, {"required": ["falls_back_to"]}]}},
            "else": without("names"),
        },
        {"if": {"required": ["default"]}, "then": derived},
    ]


def cases_file(pack: Pack) -> Schema:
    """Return the schema of the files in `cases/`."""
    return _Cases(pack).file()


class _Cases:
    """The schema of cases."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._vocabulary = pack.vocabulary
        self._definitions = Definitions()
        self._values = Values(pack.vocabulary, pack.parameters, self._definitions)
        self._items = Items(pack, self._definitions)

    def file(self) -> Schema:
        collections = self._vocabulary.collections
        begin = {"anyOf": [one_of(["beginning"]), DATE]}
        recorded = {"anyOf": [one_of(["beginning", "never"]), DATE, item({"from": begin, "to": DATE}, ("from",))]}
        keys = {
            "case": WORD,
            "as_of": DATE,
            "facts": mapping(self._given(None)),
            "rows": mapping({name: self._titled(name, listed(self._row(name))) for name in collections}),
            "recorded": mapping(dict.fromkeys(collections, recorded)),
            "expect": self._expected(),
        }
        said = {"rule": WORD, "mistake": WORD, "because": text()}
        sections = {
            "cases": listed(item(keys, ("case", "as_of", "expect")), 1),
            "equivalent": listed(item(said, tuple(said))),
        }
        return _file(item(sections, ("cases",)), self._definitions)

    def _row(self, collection: str) -> Schema:
        return mapping({"row": explained("row", WORD), **self._given(collection)})

    def _titled(self, collection: str, schema: Schema) -> Schema:
        title = self._vocabulary.collections[collection].title
        return {"title": f"{title.en} · {title.zh}", **schema}

    def _given(self, scope: str | None) -> dict[str, Schema]:
        facts = self._vocabulary.in_scope(scope)
        return {fact.name: self._described(fact, self._values.value(fact)) for fact in facts if not fact.is_derived}

    def _described(self, fact: Fact, schema: Schema) -> Schema:
        return {**described(fact, self._vocabulary), "allOf": [schema]}

    def _expected(self) -> Schema:
        rules = self._definitions.ref("rule", lambda: offered(rulebook(self._pack), WORD))
        actions = listed(self._items.action_id())
        facts = one_of(dict.fromkeys(key.name for key in self._vocabulary.facts))
        states = choice(State)
        keys = {
            "fired": listed(rules),
            "not_fired": listed(rules),
            "actions": actions,
            "advised": item({"has": actions, "has_not": actions}),
            "provisional": listed(facts),
            "gates": mapping(dict.fromkeys(sorted(gate.id for gate in self._pack.gates), states)),
            "rows": mapping({name: self._expected_rows(name) for name in self._vocabulary.collections}),
        }
        language = item(keys)
        return mapping({**self._concluded(None), **language["properties"]})

    def _expected_rows(self, collection: str) -> Schema:
        row = mapping(self._concluded(collection))
        return {"type": "object", "additionalProperties": row}

    def _concluded(self, scope: str | None) -> dict[str, Schema]:
        facts = (fact for fact in self._vocabulary.in_scope(scope) if fact.is_derived or fact.falls_back_to is not None)
        return {fact.name: self._described(fact, self._expectation(fact)) for fact in facts}

    def _expectation(self, fact: Fact) -> Schema:
        value = self._values.value(fact)
        return {"anyOf": [listed(value) if fact.type is Type.SET else value, one_of(["missing"])]}


def talk_file(pack: Pack) -> Schema:
    """Return the schema of the files in `talk/`."""
    definitions = Definitions()
    values = Values(pack.vocabulary, pack.parameters, definitions)
    ids = list(pack.talk.evidence) if pack.talk is not None else []
    evidence = {
        "evidence": word(KEBAB),
        "value": values.member("value_kind"),
        "text": text(),
        "source": text(),
        "dated": DATE,
        "valid_until": DATE,
    }
    track = {
        "track": word(KEBAB),
        "value": values.member("value_kind"),
        "needs": listed(values.member("need_kind"), 1),
        "hearts": listed(values.member("heart_value")),
        "form": choice(Told),
        "text": text(),
        "evidence": listed(offered(ids, WORD)),
        "sources": Items(pack, definitions).sources(),
    }
    keys = {
        "evidence": listed(item(evidence, evidence)),
        "tracks": listed(item(track, ("track", "value", "needs", "form", "text"))),
    }
    return _file(item(keys), definitions)


def charter_file() -> Schema:
    """Return the schema of the files in `charter/`."""
    section = item({"section": WORD, "title": text(), "text": text()}, ("section", "title", "text"))
    return _file(item({"charter": listed(section)}), Definitions())


def _file(schema: Schema, definitions: Definitions) -> Schema:
    head = {"$schema": "http://json-schema.org/draft-07/schema#"}
    return {**head, **schema, **({"definitions": definitions.made} if definitions.made else {})}
