"""The items that remain when a pack is laid over those that it extends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.errors import Location, Problems, did_you_mean, which_word
from engine.load.files import FACTS, MANIFEST, MANIFEST_KEYS, TALK, Files
from engine.load.form import KEBAB, Form, kind_of
from engine.model import Override
from engine.said import NOTHING, Said, one_after_other, quoted, said
from engine.vocabulary import Text
from engine.yaml12 import Node, YList, YMap, YScalar

SECTIONS: Mapping[str, str] = {
    "rules": "rule",
    "tables": "table",
    "gates": "gate",
    "scorecards": "scorecard",
    "actions": "action",
    "invariants": "invariant",
    "monotonicity": "claim",
    "parameters": "param",
    "method": "item",
}
"""The sections of a pack's files, and the key under which their items keep their id."""

CAN_BE_DISABLED = ("rules", "tables", "gates", "scorecards")
CAN_GROW = {"tables": "rows", "gates": "criteria", "scorecards": "points"}
"""What of a pack that is extended can be added to: by section, the list of an item that grows."""

_NEED_A_BASE = ("replace", "add_to")
_IN_OTHER_FILES = {
    "facts": quoted("facts.yaml"), "enums": quoted("facts.yaml"), "constraints": quoted("facts.yaml"),
    "cases": said("a file of the folder `cases/`"),
    "evidence": said("a file of the folder `talk/`"), "tracks": said("a file of the folder `talk/`"),
}  # fmt: skip
"""What a pack has besides rules, and where."""

CAN_BE_REPLACED = tuple(section for section in SECTIONS if section != "parameters")
_OWN_IDS = ("actions", "parameters", "method")
_LOOK = said("Look for its id by `valuelift rules show WORD`.")
VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}\Z")


@dataclass(slots=True)
class Manifest:
    """What `pack.yaml` says besides rules."""

    name: str
    version: str
    title: Text
    at: Location
    ladder: Node | None
    shows: Node | None
    promotion: Node | None
    disable: tuple[Node, ...]


# --- merging ---


@dataclass(slots=True)
class Items:
    """The items of all packs by section and id, later packs over earlier ones."""

    problems: Problems
    sections: dict[str, dict[str, Node]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    overrides: list[Override] = field(default_factory=list)
    _section_of: dict[str, str] = field(default_factory=dict)
    _inherited: set[tuple[str, str]] = field(default_factory=set)
    _disabled: dict[str, Location] = field(default_factory=dict)

    def begin_pack(self) -> None:
        """Consider everything read so far as inherited: parameters may change, items may be replaced."""
        self._inherited = {(section, key) for section, items in self.sections.items() for key in items}

    def disable(self, node: Node) -> None:
        """Leave out an inherited item."""
        name = node.text if isinstance(node, YScalar) else ""
        section = self._section_of.get(name)
        if section not in CAN_BE_DISABLED or (section, name) not in self._inherited:
            what, hint = self._cannot_be_disabled(name)
            self.problems.add(node.at, "unknown-id", what, hint)
            return
        del self.sections[section][name], self._section_of[name]
        self._disabled[name] = node.at
        self.overrides.append(Override(SECTIONS[section], name, "disabled", node.at))

    def _cannot_be_disabled(self, name: str) -> tuple[Said, Said]:
        """Return why an item cannot be disabled, and what to do."""
        kind = next((section for section, key in sorted(self._inherited) if key == name), None)
        whole, part, _ = name.partition("#")
        grows = next((section for section in CAN_GROW if part and (section, whole) in self._inherited), None)
        if grows is not None:
            hint = said("Put `{whole}` as a whole under `replace: {{{section}: ...}}`.", whole=whole, section=grows)
            what = said(
                "`{name}` is one of the {parts} of `{whole}`, which are not disabled one by one.",
                name=name,
                parts=CAN_GROW[grows],
                whole=whole,
            )
            return what, hint
        if kind in CAN_BE_DISABLED:
            return said("`{name}` is disabled a second time.", name=name), said("Leave it out here.")
        if kind is not None:
            hint = said("Disable the rules that advise it.") if kind == "actions" else NOTHING
            *others, last = CAN_BE_DISABLED
            what = said(
                "`{name}` is of `{section}`; only {others} and {last} are disabled.",
                name=name,
                section=kind,
                others=others,
                last=last,
            )
            return what, hint
        known = [key for section, key in self._inherited if section in CAN_BE_DISABLED]
        what = said("there is nothing inherited called `{name}` to disable.", name=name)
        return what, did_you_mean(name, known) or _LOOK

    def replace(self, section: str, node: Node) -> None:
        """Put an item in the place of an inherited one with the same id."""
        name = self._id(section, node)
        if not self._has_id(section, node):
            return
        if (section, name.text) in self._inherited and name.text in self._disabled:
            what = said(
                "`{name}` is disabled at {place}, so it cannot be replaced.",
                name=name.text,
                place=self._disabled[name.text],
            )
            self.problems.add(name.at, "unknown-id", what, said("Do one of both."))
            return
        if (section, name.text) not in self._inherited or name.text not in self.sections[section]:
            known = [key for kind, key in self._inherited if kind == section]
            self.problems.add(
                name.at,
                "unknown-id",
                said("there is no inherited {key} `{name}` to replace.", key=SECTIONS[section], name=name.text),
                did_you_mean(name.text, known) or said("For a new one, put it under `{section}`.", section=section),
            )
            return
        self.sections[section][name.text] = node
        self.overrides.append(Override(SECTIONS[section], name.text, "replaced", name.at))

    def grow(self, section: str, node: Node, form: Form) -> None:
        """Add to the rows, criteria or points of an inherited item: behind those that it has, or above a row."""
        name, key = self._id(section, node), CAN_GROW[section]
        added = form.required_items(key)
        above = form.node("above") if section == "tables" else None
        old = self.sections[section].get(name.text)
        if (section, name.text) not in self._inherited or not isinstance(old, YMap):
            known = [each for kind, each in self._inherited if kind == section and each in self.sections[section]]
            what = said("there is no inherited {key} `{name}` to add to.", key=SECTIONS[section], name=name.text)
            self.problems.add(name.at, "unknown-id", what, did_you_mean(name.text, known) or _LOOK)
            return
        entries = (
            (word, self._grown(old, value, added, above) if word.text == key and isinstance(value, YList) else value)
            for word, value in old.entries
        )
        self.sections[section][name.text] = YMap(tuple(entries), old.at)
        self.overrides.append(Override(SECTIONS[section], name.text, f"has more {key}: {len(added)}", name.at))

    def _grown(self, item: YMap, parts: YList, added: tuple[Node, ...], above: Node | None) -> YList:
        """Return the parts of an item with more of them; `above` names the row before which they go."""
        place = len(parts.items)
        hit = item.get("hit")
        if above is not None and (not isinstance(hit, YScalar) or hit.text != "first"):
            message = said("only in a table with `hit: first` does the order of rows decide anything.")
            self.problems.add(above.at, "unsuited-key", message, said("Leave out `above`."))
        elif above is not None:
            ids = [
                row.text
                for each in parts.items
                if isinstance(each, YMap) and isinstance(row := each.get("id"), YScalar)
            ]
            word = above.text if isinstance(above, YScalar) else ""
            if word in ids:
                place = ids.index(word)
            else:
                message = said("the table has no row `{word}`.", word=word)
                self.problems.add(above.at, "unknown-id", message, which_word(word, ids))
        return YList((*parts.items[:place], *added, *parts.items[place:]), parts.at)

    def add(self, section: str, node: Node) -> None:
        """Add an item; a parameter of the same name changes the inherited one."""
        name = self._id(section, node)
        inherited = (section, name.text) in self._inherited
        if section == "parameters" and inherited and isinstance(node, YMap):
            self._change(name, self.sections[section][name.text], node)
        elif section == "parameters" and self._is_misspelt(name.text, node):
            near = did_you_mean(name.text, self.sections[section])
            hint = one_after_other(near, said("A parameter of your own needs a `title`."))
            what = said("there is no inherited parameter `{name}` whose value could be changed.", name=name.text)
            self.problems.add(name.at, "unknown-id", what, hint)
        elif name.text in self._taken(section):
            first = self.sections[self._section_of.get(name.text, section)].get(name.text, node)
            hint = _other_place(section) if inherited else said("Rename one.")
            message = said("`{name}` is already used at {place}.", name=name.text, place=self._place(first))
            self.problems.add(name.at, "duplicate-id", message, hint)
        else:
            self.sections[section][name.text] = node
            if section not in _OWN_IDS:
                self._section_of[name.text] = section

    def _is_misspelt(self, name: str, node: Node) -> bool:
        """Return whether a new parameter looks like a change of one that there is: it says nothing but a value."""
        keys = {key.text for key, _ in node.entries} if isinstance(node, YMap) else set()
        return bool(self._inherited) and name not in self.sections["parameters"] and keys == {"param", "value"}

    def _taken(self, section: str) -> Mapping[str, object]:
        return self.sections[section] if section in _OWN_IDS else self._section_of

    def _change(self, name: YScalar, old: Node, new: YMap) -> None:
        if not isinstance(old, YMap):
            return
        given = {key.text for key, _ in new.entries}
        kept = tuple(entry for entry in old.entries if entry[0].text not in given)
        self.sections["parameters"][name.text] = YMap(new.entries + kept, new.at)
        change = f"{_shown(old.get('value'))} -> {_shown(new.get('value') or old.get('value'))}"
        self.overrides.append(Override("parameter", name.text, change, name.at))
        self._inherited.discard(("parameters", name.text))

    def _has_id(self, section: str, node: Node) -> bool:
        """Return whether an item says which one it is to replace, after noting the problem if not."""
        form = Form(node, said("what is replaced of {section}", section=section), self.problems, _begin(section))
        return bool(isinstance(node, YMap) and form.word(SECTIONS[section]))

    def _id(self, section: str, node: Node) -> YScalar:
        """Return an item's id; one without any gets its place as a stand-in, and its problem when it is read."""
        name = node.get(SECTIONS[section]) if isinstance(node, YMap) else None
        return name if isinstance(name, YScalar) else YScalar("", f"?{node.at}", node.at)

    @staticmethod
    def _place(node: Node) -> Location:
        return node.at


def _other_place(section: str) -> Said:
    """Return where an item of this section belongs that is inherited."""
    hint = said("Put it under `replace:` to replace the inherited one.")
    if section not in CAN_GROW:
        return hint
    return one_after_other(said("To add {parts}, put it under `add_to:`.", parts=CAN_GROW[section]), hint)


def _shown(node: Node | None) -> str:
    if isinstance(node, YScalar):
        return node.text
    return f"[{', '.join(_shown(item) for item in node.items)}]" if isinstance(node, YList) else "?"


def merge(packs: Iterable[Files], problems: Problems) -> tuple[Items, list[Manifest]]:
    items, manifests = Items(problems), []
    for files in packs:
        items.begin_pack()
        forms = {name: _form(name, node, problems) for name, node in files.nodes.items() if name != FACTS}
        manifests.append(_manifest(forms.get(MANIFEST), files, problems))
        for node in manifests[-1].disable:
            items.disable(node)
        based_on = forms.values() if len(manifests) > 1 else ()
        for form in based_on:
            _merge_replaced(form, items, problems)
        for form in based_on:
            _merge_added(form, items, problems)
        for form in forms.values():
            if not based_on:
                _report_no_base(form)
            for section in SECTIONS:
                for item in form.items(section, _begin(section)):
                    items.add(section, item)
            form.close(_IN_OTHER_FILES)
    return items, manifests


def _report_no_base(form: Form) -> None:
    for key in _NEED_A_BASE:
        if form.has(key):
            hint = said("Name in pack.yaml the folder of the pack that it changes: `extends: ...`.")
            form.problem(form.place(key), "unsuited-key", said("`{key}` needs `extends`.", key=key), hint)


def _doubt_facts(node: Node, problems: Problems) -> None:
    """Do not judge what speaks of facts that stand in a file of rules, which is reported."""
    facts = node.get("facts") if isinstance(node, YMap) else None
    problems.in_doubt.update(name.text for name, _ in (facts.entries if isinstance(facts, YMap) else ()))


def _form(name: str, node: Node, problems: Problems) -> Form:
    form = Form(node, quoted(name), problems)
    own = MANIFEST_KEYS if name == MANIFEST else ()
    form.take_as_meant((*SECTIONS, *_NEED_A_BASE, *own, *_IN_OTHER_FILES))
    _doubt_facts(node, problems)
    return form


def talk_of(packs: Iterable[Files], items: Items) -> Mapping[str, Node]:
    """Return the talk of the last pack that has any: it takes the place of what its bases say, as a whole."""
    talk: Mapping[str, Node] = {}
    for files in packs:
        if files.talk:
            if talk:
                at = next(iter(files.talk.values())).at
                items.overrides.append(Override("talk", TALK, "replaced", at))
            talk = files.talk
    return talk


def _merge_replaced(form: Form, items: Items, problems: Problems) -> None:
    node = form.node("replace")
    if node is None:
        return
    if not _has_sections(node, "replace", CAN_BE_REPLACED, problems):
        return
    replaced = Form(node, quoted("replace"), problems)
    replaced.take_as_meant(tuple(SECTIONS))
    if replaced.has("parameters"):
        hint = said("Under `parameters`, `{param: ..., value: ...}` changes the inherited one.")
        replaced.problem(replaced.place("parameters"), "unknown-key", said("parameters are not replaced."), hint)
    for section in CAN_BE_REPLACED:
        for item in replaced.items(section, _begin(section)):
            items.replace(section, item)
    replaced.close()


def _merge_added(form: Form, items: Items, problems: Problems) -> None:
    node = form.node("add_to")
    if node is None:
        return
    if not _has_sections(node, "add_to", CAN_GROW, problems):
        return
    grown = Form(node, quoted("add_to"), problems)
    grown.take_as_meant(tuple(CAN_GROW))
    for section in CAN_GROW:
        for item in grown.items(section, _begin(section)):
            what = Form(item, said("what is added to {section}", section=section), problems)
            what.word(SECTIONS[section])
            items.grow(section, item, what)
            what.close()
    grown.close()


def _begin(section: str) -> Said:
    return said("Begin each with `- {key}: ...`.", key=SECTIONS[section])


def _has_sections(node: Node, key: str, sections: Iterable[str], problems: Problems) -> bool:
    """Return whether a key holds sections, after noting the problem if it holds a list of items."""
    if isinstance(node, YMap):
        return True
    *others, last = [quoted(f"{section}:") for section in sections]
    hint = said("Write {others} or {last} below it, and the items below that.", others=others, last=last)
    problems.add(node.at, "wrong-shape", said("`{key}` holds sections, not {kind}.", key=key, kind=kind_of(node)), hint)
    return False


def _manifest(form: Form | None, files: Files, problems: Problems) -> Manifest:
    if form is None:
        message = said("a pack needs pack.yaml.")
        problems.add(files.at, "no-pack", message, said("Add it with `pack`, `version` and `title`."))
        return Manifest("", "", Text("", ""), files.at, None, None, None, ())
    form.has("extends")
    version = form.word("version")
    if version and not VERSION.match(version):
        message = said("`{version}` is no version.", version=version)
        form.problem(form.value_place("version"), "wrong-version", message, said("Write it as 1.0.0."))
    disable = form.items("disable")
    if disable and not form.has("extends"):
        message = said("`disable` needs `extends`.")
        form.problem(form.place("disable"), "unsuited-key", message, said("Remove the rule instead."))
    return Manifest(
        form.word("pack", KEBAB),
        version,
        form.text("title"),
        files.at,
        form.node("ladder"),
        form.node("shows"),
        form.node("promotion"),
        disable,
    )
