"""The catalogue: enums, facts, collections and constraints, from `catalog.yaml` and a pack's `facts.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from engine.errors import Location, Problems, did_you_mean
from engine.load.built_in import ACTION_ENUM, action_enum
from engine.load.form import SNAKE, Form
from engine.load.hints import as_name, type_hint
from engine.load.references import Declared, References
from engine.said import NOTHING, Said, named, quoted, said
from engine.vocabulary import (
    MAX_SCALED,
    Change,
    Changer,
    Collection,
    Constraint,
    Enum,
    Fact,
    FactKey,
    Kind,
    Origin,
    Text,
    Type,
    Vocabulary,
)
from engine.yaml12 import Node, YList, YMap, YScalar

RESERVED = frozenset([
    "any", "all", "not", "none", "every", "count", "sum", "known", "missing", "customer", "row", "rows", "recorded",
    "param", "fact", "fired", "not_fired", "provisional", "gates", "actions", "advised", "evidenced",
])  # fmt: skip
"""Words that stand for something else where facts are named: in conditions, snapshots or cases."""

NO_VALUE = "missing"
"""What cases expect of a fact that has no value."""

MEMBER = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*\Z")
_SECTIONS = ("enums", "facts", "collections", "constraints")
_COLUMNS = ("recorded_from", "recorded_to")
_WITH_ENUM = (Type.CATEGORY, Type.LEVEL, Type.SET)
_NUMERIC = (Type.INTEGER, Type.NUMBER)
MAX_SCALE = 6
COSTS = {"low": 1, "medium": 3, "high": 9}


class Direction(StrEnum):
    """In which direction a fact can change."""

    UP = "up"
    DOWN = "down"
    ANY = "any"


@dataclass(slots=True)
class VocabularyReader:
    """Build a vocabulary from one file after the other, then check what refers to what."""

    problems: Problems
    enums: dict[str, Enum] = field(default_factory=lambda: {ACTION_ENUM: action_enum({}, Location(""))})
    facts: dict[FactKey, Fact] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    families: dict[FactKey, str] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    _declared: list[Declared] = field(default_factory=list)
    _constraint_nodes: list[Node] = field(default_factory=list)
    _is_own: bool = False

    def start_from(self, base: Vocabulary) -> None:
        """Take over everything that a vocabulary already declares."""
        self.enums.update(base.enums)
        self.facts.update(base.facts)
        self.collections.update(base.collections)
        self.families.update(base.families)
        self.constraints.extend(base.constraints)

    def read(self, node: Node, *, is_own: bool = False) -> None:
        """Read one file's declarations; `is_own` says that a pack makes them."""
        self._is_own = is_own
        form = Form(node, said("the catalogue"), self.problems)
        form.take_as_meant(_SECTIONS)
        for key, value in self._named(form, "enums"):
            self._enum(key, value)
        self._facts(form, None)
        for key, value in self._named(form, "collections"):
            self._collection(key, value)
        self._constraint_nodes.extend(form.items("constraints"))
        form.close()

    def finish(self) -> Vocabulary:
        """Check references between the declarations and return the vocabulary."""
        references = References(self.problems, self.enums, self.facts, self.families)
        for declared in self._declared:
            references.resolve(declared)
        references.check_fallback_cycles()
        references.check_actions()
        self.constraints.extend(filter(None, map(references.constraint, self._constraint_nodes)))
        return Vocabulary(self.enums, self.facts, self.collections, tuple(self.constraints), self.families)

    def _named(self, form: Form, key: str) -> Iterator[tuple[YScalar, Node]]:
        node = form.node(key)
        if isinstance(node, YMap):
            yield from node.entries
        elif node is not None:
            form.problem(node.at, "wrong-shape", said("`{key}` is a mapping of names to declarations.", key=key))

    # --- enums ------------------------------------------------------------------------------------------------------

    def _enum(self, key: YScalar, node: Node) -> None:
        before = len(self.problems.found)
        form = Form(node, named(said("enum"), key.text), self.problems)
        form.word_of(key, said("the name of an enum"), SNAKE)
        members = self._members(form)
        enum = Enum(key.text, form.text("title"), tuple(members), members, form.flag("ordered", False), key.at)
        form.close()
        if key.text == ACTION_ENUM:
            message = said("the enum `action` is made from the action catalogue.")
            form.problem(key.at, "reserved-name", message, said("Rename it."))
        elif key.text in self.enums:
            self._duplicate(key, said("enum"), self.enums[key.text].at)
        else:
            self.enums[key.text] = enum
        if self._has_new_problems(before):
            self.problems.in_doubt.add(_enum_in_doubt(key.text))

    def _has_new_problems(self, before: int) -> bool:
        """Return whether what was read since there were so many problems has one that bears on who speaks of it."""
        return any(problem.code != "missing-translation" for problem in self.problems.found[before:])

    def _members(self, form: Form) -> dict[str, Text]:
        node = form.required("members")
        if node is None:
            return {}
        if not isinstance(node, YMap):
            listed = [item.text for item in node.items if isinstance(item, YScalar)] if isinstance(node, YList) else []
            hint = said("Write `{member}: {{en: ..., zh: ...}}` for each.", member=next(iter(listed), "member"))
            form.problem(node.at, "wrong-shape", said("`members` is a mapping."), hint)
            return {}
        if not node.entries:
            message = said("{what} has no members.", what=form.what)
            form.problem(node.at, "empty-list", message, said("Name at least one."))
        for key, _ in node.entries:
            if key.text == NO_VALUE:
                message = said("`{word}` cannot be a member: in cases it says that a fact has no value.", word=NO_VALUE)
                form.problem(key.at, "reserved-name", message, said("Use another word."))
            elif not isinstance(key.value, str) or not MEMBER.match(key.text):
                message = said("`{key}` cannot be a member.", key=key.text)
                hint = said("Use letters, digits, `_` and `-`, and none of the words true, false and null.")
                form.problem(key.at, "wrong-name", message, hint)
        return {key.text: form.text_of(value, named(said("member"), key.text)) for key, value in node.entries}

    # --- facts ------------------------------------------------------------------------------------------------------

    def _facts(self, form: Form, scope: str | None) -> None:
        for key, node in self._named(form, "facts"):
            self._fact(key, node, scope)

    def _fact(self, key: YScalar, node: Node, scope: str | None) -> None:
        before = len(self.problems.found)
        form = Form(node, named(said("fact"), key.text), self.problems)
        form.word_of(key, said("the name of a fact"), SNAKE)
        fact = self._declaration(key, form, scope)
        per = form.node("per")
        default, fallback = form.node("default"), form.node("falls_back_to")
        if default is not None and not fact.is_derived and not form.is_reported("origin"):
            form.problem(form.place("default"), "wrong-default", said("only derived facts have a default."))
        if not fact.is_derived:
            default = None
        if default is not None and fact.type is Type.SET:
            message = said("a set has no default: without a rule that adds to it, it is empty.")
            form.problem(form.place("default"), "wrong-default", message)
            default = None
        if fallback is not None and fact.type is Type.TEXT:
            form.problem(form.place("falls_back_to"), "wrong-fallback", said("a text falls back to no other."))
            fallback = None
        if fallback is not None and (not isinstance(fallback, YScalar) or fact.type is Type.SET):
            message = said("a single-valued fact falls back to one fact.")
            form.problem(form.place("falls_back_to"), "wrong-fallback", message)
            fallback = None
        form.close()
        for one in self._members_of_family(fact, form, per) if per is not None else [fact]:
            self._add(one, key)
            if default is not None or fallback is not None:
                self._declared.append(Declared(one.name, scope, default, fallback))
        if self._has_new_problems(before) or _enum_in_doubt(fact.enum or "") in self.problems.in_doubt:
            self.problems.in_doubt.update((key.text, as_name(key.text, SNAKE, "_")))

    def _declaration(self, key: YScalar, form: Form, scope: str | None) -> Fact:
        type_ = self._type(form)
        least, most = form.range("range")
        if (least is not None or most is not None) and type_ not in _NUMERIC:
            _unsuited(form, "range", type_)
        scale = self._scale(form, type_)
        widest = Decimal(MAX_SCALED).scaleb(-scale)
        if any(bound is not None and abs(bound) > widest for bound in (least, most)):
            message = said("`{key}` stays within ±{widest}, whatever its range.", key=key.text, widest=f"{widest:f}")
            form.problem(form.place("range"), "too-large", message, said("Write `null` for a bound that there is not."))
        origin = form.choice("origin", Origin, Origin.MEASURED)
        unit, unit_zh = form.unit("unit")
        if type_ is Type.SET and (origin is not Origin.DERIVED or scope):
            message = said("a set is a derived fact of the customer.")
            form.problem(form.place("type"), "wrong-type", message, said("Add `origin: derived`."))
        if type_ is Type.TEXT and origin is Origin.DERIVED:
            form.problem(form.place("type"), "wrong-type", said("a text cannot be derived."), said("Use a category."))
        return Fact(
            name=key.text,
            scope=scope,
            type=type_,
            title=form.text("title"),
            at=key.at,
            description=form.optional_text("description"),
            unit=unit,
            unit_zh=unit_zh,
            enum=self._enum_of(form, type_),
            names=self._named_by(form, type_),
            scale=scale,
            least=least,
            most=most,
            origin=origin,
            change=self._change(form, type_),
            ask=form.optional_text("ask"),
            ask_role=form.member("ask_role", self.enums.get("contact_role")),
            fresh_days=form.optional_integer("fresh_days", 1, 36_500),
            personal=form.flag("personal", False),
            is_own=self._is_own,
        )

    @staticmethod
    def _type(form: Form) -> Type:
        node = form.required("type", said("Add `{key}: ...` with one of {words}.", key="type", words=list(Type)))
        word = form.one_of(node, quoted("type"), Type, hint=type_hint) if node is not None else None
        if word is not None:
            return Type(word)
        # A stand-in for which nothing else that is given comes out wrong.
        return (
            Type.CATEGORY if form.has("enum") else Type.NUMBER if form.has("range") or form.has("scale") else Type.FLAG
        )

    def _enum_of(self, form: Form, type_: Type) -> str | None:
        if type_ not in _WITH_ENUM:
            if form.has("enum"):
                _unsuited(form, "enum", type_)
            return None
        node = form.required("enum", said("Name one by `enum: ...`; a list of your own is declared under `enums`."))
        name = form.one_of(node, quoted("enum"), self.enums, "unknown-enum") if node is not None else None
        if name is not None and type_ is Type.LEVEL and not self.enums[name].ordered:
            message = said("a level needs an ordered enum; `{name}` is not.", name=name)
            hint = said("Add `ordered: true` to the enum, lowest member first, or make the fact a category.")
            form.problem(form.place("enum"), "unordered-level", message, hint)
        if name is None:  # a stand-in, so that reading goes on
            self.enums.setdefault("", Enum("", Text("", ""), (), {}, True, form.at))
            return ""
        return name

    def _named_by(self, form: Form, type_: Type) -> str | None:
        node = form.node("names")
        if node is not None and type_ is not Type.TEXT:
            _unsuited(form, "names", type_, said("Name its members by `enum`.") if type_ in _WITH_ENUM else NOTHING)
            return None
        return form.one_of(node, quoted("names"), self.enums, "unknown-enum") if node is not None else None

    def _scale(self, form: Form, type_: Type) -> int:
        if type_ is Type.NUMBER:
            return form.integer("scale", 2, 0, MAX_SCALE)
        if form.has("scale"):
            _unsuited(form, "scale", type_)
        return 0

    def _change(self, form: Form, type_: Type | None = None) -> Change:
        node = form.node("change")
        if node is None:
            return Change()
        change = Form(node, quoted("change"), self.problems)
        cost = change.node("cost")
        word = change.one_of(cost, quoted("cost"), COSTS) if cost is not None else None
        read = Change(
            change.choice("by", Changer),
            change.choice("direction", Direction, Direction.ANY).value,
            COSTS[word or "medium"],
            change.flag("grows", False),
        )
        if read.grows and type_ is not Type.INTEGER:
            message = said("a fact of type {type} does not grow by the day.", type=type_)
            change.problem(change.place("grows"), "unsuited-key", message)
        change.close()
        return read

    def _members_of_family(self, fact: Fact, form: Form, per: Node) -> Iterator[Fact]:
        enum = self.enums.get(form.one_of(per, quoted("per"), self.enums, "unknown-enum") or "")
        if enum is None:
            return
        self.families[fact.key] = enum.name
        for member in enum.members:
            if member in _COLUMNS:
                message = said(
                    "`{fact}.{member}` is a column of snapshots, which says when rows were recorded.",
                    fact=fact.name,
                    member=member,
                )
                form.problem(
                    per.at, "reserved-name", message, said("Name the member of `{enum}` otherwise.", enum=enum.name)
                )
            title = enum.titles[member]
            yield replace(
                fact,
                name=f"{fact.name}.{member}",
                title=_fill(fact.title, title),
                description=_fill(fact.description, title) if fact.description else None,
                ask=_fill(fact.ask, title) if fact.ask else None,
                family=fact.name,
                member=member,
            )

    def _add(self, fact: Fact, key: YScalar) -> None:
        first = _first_word(fact)
        if first in RESERVED:
            message = said("`{word}` means something else in rules.", word=first)
            self.problems.add(key.at, "reserved-name", message, said("Rename the fact."))
        elif fact.key in self.facts:
            self._duplicate(key, said("fact"), self.facts[fact.key].at)
        elif fact.scope is None and first in self.collections:
            self._duplicate(key, said("collection"), self.collections[first].at)
        else:
            self.facts[fact.key] = fact

    def _duplicate(self, key: YScalar, what: Said, first: Location) -> None:
        message = said("there is already a {what} `{key}` at {first}.", what=what, key=key.text, first=first)
        self.problems.add(key.at, "duplicate-name", message, said("Rename or remove one."))

    # --- collections ------------------------------------------------------------------------------------------------

    def _collection(self, key: YScalar, node: Node) -> None:
        form = Form(node, named(said("collection"), key.text), self.problems)
        form.word_of(key, said("the name of a collection"), SNAKE)
        kind = form.choice("kind", Kind)
        date = form.optional_word("date", SNAKE)
        collection = Collection(key.text, form.text("title"), kind, key.at, date, self._change(form))
        if key.text in RESERVED - {"actions"}:
            message = said("`{word}` means something else in rules.", word=key.text)
            form.problem(key.at, "reserved-name", message, said("Rename the collection."))
        elif key.text in self.collections:
            self._duplicate(key, said("collection"), self.collections[key.text].at)
        elif facts := [fact for fact in self.facts.values() if fact.scope is None and _first_word(fact) == key.text]:
            self._duplicate(key, said("fact"), facts[0].at)
        else:
            self.collections[key.text] = collection
        self._facts(form, key.text)
        if kind is Kind.EVENTS and date is None:
            message = said("{what} holds events and needs `date`.", what=form.what)
            form.problem(form.at, "missing-key", message, said("Name the row fact."))
        fact = self.facts.get(FactKey(key.text, date or ""))
        if date is not None and (fact is None or fact.type is not Type.DATE or fact.origin is Origin.DERIVED):
            dates = [key.name for key, fact in self.facts.items() if key.scope == collection.name]
            message = said("`{date}` is no recorded date among the rows' facts.", date=date)
            form.problem(form.place("date"), "unknown-fact", message, did_you_mean(date, dates))
        form.close()


def _unsuited(form: Form, key: str, type_: Type, hint: Said = NOTHING) -> None:
    message = said("a fact of type {type} has no `{key}`.", type=type_, key=key)
    form.problem(form.place(key), "unsuited-key", message, hint)


def _enum_in_doubt(name: str) -> str:
    """Return how an enum is named among what is in doubt, where a fact may have the same name."""
    return f"enum {name}"


def _first_word(fact: Fact) -> str:
    """Return a fact's name, or that of its family."""
    return fact.family or fact.name


def _fill(text: Text, member: Text) -> Text:
    return Text(text.en.replace("{member}", member.en), text.zh.replace("{member}", member.zh))
