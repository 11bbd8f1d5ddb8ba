"""Two versions of a pack, item by item: what was edited, and the old version with only some of the edits made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from engine.errors import Location
from engine.load.built_in import with_evidence
from engine.load.files import TALK
from engine.load.merge import SECTIONS
from engine.load.pack import Parts
from engine.vocabulary import Enum, Fact, FactKey, Vocabulary
from engine.yaml12 import Node, YList, YMap, YScalar

Edited = tuple[str, str]
"""The section and the id of what was edited."""

_AT_REST = ("actions", "parameters", "method")
"""By themselves they conclude nothing: to add or keep one is always possible, and edited rules may need it."""
_ENUMS, _FACTS, _LADDER, _TALK = "enums", "facts", "ladder", "talk"
_KINDS = {**SECTIONS, "parameters": "parameter", _ENUMS: "enum", _FACTS: "fact", _LADDER: "ladder", _TALK: "talk"}
_WORDS = frozenset({"title", "because", "note", "source", "sources", "tags", "unit", "steps", "effect", "heard_by"})
"""Keys of items, rows and criteria that decide nothing."""
_LISTS = {"rows": "id", "criteria": "id", "points": "rule"}
"""Keys under which an item lists parts, with the key of a part's id."""


class How(StrEnum):
    """What was done to an item; reworded: only texts that decide nothing changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REWORDED = "reworded"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edited item of a pack: its kind (`rule`, `table`, ...) and id.

    `parts` names what of it changed: its keys, or the rows, criteria and point rules.
    """

    key: Edited
    how: How
    at: Location
    parts: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What kind of item it is."""
        return _KINDS[self.key[0]]

    @property
    def id(self) -> str:
        """The item's id."""
        return self.key[1]


def edits(old: Parts, new: Parts) -> tuple[Edit, ...]:
    """Return everything in which two versions differ, in the order of files."""
    found = [
        edit
        for section in SECTIONS
        for edit in _edits_of(section, old.items[section], new.items[section], new.manifest.at)
    ]
    found += _declared(old.vocabulary, new.vocabulary)
    if _plain(old.ladder) != _plain(new.ladder):
        at = new.ladder.at if new.ladder is not None else new.manifest.at
        found.append(Edit((_LADDER, _LADDER), How.CHANGED, at))
    if [_plain(node) for node in old.talk.values()] != [_plain(node) for node in new.talk.values()]:
        at = next((node.at for node in new.talk.values()), new.manifest.at)
        found.append(Edit((_TALK, TALK), How.CHANGED, at))
    return tuple(sorted(found, key=lambda edit: (edit.at, edit.key)))


def with_edits(old: Parts, new: Parts, made: Collection[Edit]) -> Parts:
    """Return the old version with some of the edits made.

    Whatever one version declares (facts, members, actions, parameters) is there in any case, so that results of two
    such packs have the same codes.
    """
    items: dict[str, dict[str, Node]] = {
        section: {**(new.items[section] if section in _AT_REST else {}), **old.items[section]} for section in SECTIONS
    }
    keys = {edit.key for edit in made}
    vocabulary = _joined(old.vocabulary, new.vocabulary, keys)
    if (old.talk or new.talk) and "value_kind" in vocabulary.enums:
        vocabulary = with_evidence(vocabulary, old.manifest.at)
    for edit in made:
        section, name = edit.key
        if section not in SECTIONS:
            continue
        if name in new.items[section]:
            items[section][name] = new.items[section][name]
        elif section not in _AT_REST:
            del items[section][name]
    return replace(
        old,
        items=items,
        vocabulary=vocabulary,
        ladder=new.ladder if (_LADDER, _LADDER) in keys else old.ladder,
        talk=new.talk if (_TALK, TALK) in keys else old.talk,
        shows=new.shows or old.shows,
        promotion=new.promotion,
    )


# --- items -----------------------------------------------------------------------------------------------------------


def _edits_of(section: str, old: Mapping[str, Node], new: Mapping[str, Node], gone: Location) -> Iterator[Edit]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            how = How.ADDED if before is None else How.REMOVED
            yield Edit((section, name), how, after.at if after is not None else gone)
        elif _plain(before) != _plain(after):
            how = How.REWORDED if _deciding(before) == _deciding(after) else How.CHANGED
            yield Edit((section, name), how, after.at, tuple(_parts(before, after)))


def _plain(node: Node | None) -> object:
    """Return what a node says, wherever it stands: the order of keys says nothing."""
    match node:
        case YScalar():
            return type(node.value), node.value
        case YList():
            return [_plain(item) for item in node.items]
        case YMap():
            return {key.text: _plain(value) for key, value in node.entries}
        case _:
            return None


def _deciding(node: Node) -> object:
    """Return what of an item can change a decision."""
    if not isinstance(node, YMap):
        return _plain(node)
    return {
        key.text: [_deciding(item) for item in value.items]
        if key.text in _LISTS and isinstance(value, YList)
        else _plain(value)
        for key, value in node.entries
        if key.text not in _WORDS
    }


def _parts(before: Node, after: Node) -> Iterator[str]:
    """Yield what of an item changed, by key, and in lists of parts by their ids."""
    old, new = _entries(before), _entries(after)
    for key in dict.fromkeys((*old, *new)):
        first, second = old.get(key), new.get(key)
        if _plain(first) == _plain(second):
            continue
        if key in _LISTS and isinstance(first, YList) and isinstance(second, YList):
            ids = [_by_id(node.items, _LISTS[key]) for node in (first, second)]
            yield from (name for name in dict.fromkeys((*ids[0], *ids[1])) if ids[0].get(name) != ids[1].get(name))
        else:
            yield key


def _entries(node: Node) -> dict[str, Node]:
    return {key.text: value for key, value in node.entries} if isinstance(node, YMap) else {}


def _by_id(nodes: Iterable[Node], key: str) -> dict[str, list[object]]:
    """Return what the parts of a list say, by id; point rules for several candidates may share one."""
    found: dict[str, list[object]] = {}
    for node in nodes:
        name = node.get(key) if isinstance(node, YMap) else None
        found.setdefault(name.text if isinstance(name, YScalar) else "", []).append(_plain(node))
    return found


# --- what is declared ------------------------------------------------------------------------------------------------


def _declared(old: Vocabulary, new: Vocabulary) -> Iterator[Edit]:
    for key, fact in new.facts.items():
        if key not in old.facts:
            yield Edit((_FACTS, str(key)), How.ADDED, fact.at)
        elif changed := [part.name for part in fields(Fact) if part.name != "at" and _differ(old, new, key, part.name)]:
            told = {"title", "description", "ask", "ask_role", "fresh_days", "unit", "change", "personal", "names"}
            yield Edit(
                (_FACTS, str(key)), How.REWORDED if told.issuperset(changed) else How.CHANGED, fact.at, tuple(changed)
            )
    for name, enum in new.enums.items():
        if name in old.enums and not _in_one_order(old.enums[name].members, enum.members):
            yield Edit((_ENUMS, name), How.CHANGED, enum.at, ("members",))


def _differ(old: Vocabulary, new: Vocabulary, key: FactKey, part: str) -> bool:
    return bool(getattr(old.facts[key], part) != getattr(new.facts[key], part))


def _joined(old: Vocabulary, new: Vocabulary, made: Collection[Edited]) -> Vocabulary:
    """Return what either version declares; where they differ the old one's, unless that edit was made."""
    facts = {**new.facts, **old.facts}
    facts |= {key: fact for key, fact in new.facts.items() if (_FACTS, str(key)) in made}
    enums = {**old.enums, **new.enums}
    for name in old.enums.keys() & new.enums.keys():
        first, second = old.enums[name], new.enums[name]
        enums[name] = _joined_enum(second, first) if (_ENUMS, name) in made else _joined_enum(first, second)
    collections = {**old.collections, **new.collections}
    return Vocabulary(enums, facts, collections, new.constraints, {**old.families, **new.families})


def _joined_enum(first: Enum, second: Enum) -> Enum:
    """Return an enum with the members of both, in the first one's order; others stand behind what they stood behind."""
    members = list(first.members)
    for place, member in enumerate(second.members):
        if member not in members:
            before = [other for other in second.members[:place] if other in members]
            members.insert(members.index(before[-1]) + 1 if before else 0, member)
    return replace(first, members=tuple(members), titles={**second.titles, **first.titles})


def _in_one_order(old: Iterable[str], new: Iterable[str]) -> bool:
    first, second = list(old), list(new)
    return [one for one in first if one in second] == [one for one in second if one in first]
