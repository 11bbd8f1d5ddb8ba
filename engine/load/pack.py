"""Packs: a folder of YAML files, what it extends, and everything in it read against one vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Location, Problems, ProblemsError, did_you_mean
from engine.load.conditions import Conditions
from engine.load.form import KEBAB, SNAKE, Form
from engine.load.gates import read_gate, read_ladder
from engine.load.rules import Reading, read_action, read_invariant, read_parameter, read_rule
from engine.load.scorecards import read_scorecard
from engine.load.tables import is_aggregate, read_table
from engine.load.vocabulary import VocabularyReader, with_actions
from engine.model import AddTo, Override, Pack, SetFact
from engine.vocabulary import FactKey, Text, Vocabulary
from engine.yaml12 import Node, YList, YMap, YScalar, parse_yaml, read_yaml

MANIFEST, FACTS, CATALOG = "pack.yaml", "facts.yaml", "catalog.yaml"
SECTIONS: Mapping[str, str] = {
    "rules": "rule",
    "tables": "table",
    "gates": "gate",
    "scorecards": "scorecard",
    "actions": "action",
    "invariants": "invariant",
    "parameters": "param",
}
"""The sections of a pack's files, and the key under which their items keep their id."""

_CAN_BE_DISABLED = ("rules", "tables", "gates", "scorecards")
_OWN_IDS = ("actions", "parameters")
_VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}\Z")


@dataclass(frozen=True, slots=True)
class _Files:
    """One pack's files as nodes: by name, `pack.yaml` among them; `at` is where the pack begins."""

    nodes: Mapping[str, Node]
    at: Location


@dataclass(slots=True)
class _Manifest:
    """What `pack.yaml` says besides rules."""

    name: str
    version: str
    title: Text
    at: Location
    ladder: Node | None
    shows: Node | None
    disable: tuple[Node, ...]


def load_catalogue(path: Path) -> Vocabulary:
    """Load the catalogue.

    Raises:
        ProblemsError: with every problem in it.
    """
    return _catalogue(read_yaml(path))


def load_pack(folder: Path, catalogue: Vocabulary) -> Pack:
    """Load a pack from its folder, together with the packs that it extends.

    Raises:
        ProblemsError: with every problem in all its files.
    """
    problems = Problems()
    packs = _with_bases(folder, problems)
    problems.raise_any()
    return _assemble(packs, catalogue)


def pack_from_texts(texts: Mapping[str, str]) -> Pack:
    """Load a pack from file names and their texts; `catalog.yaml` is the catalogue, empty if it is not given.

    Raises:
        ProblemsError: with every problem in them.
    """
    problems = Problems()
    nodes = {name: node for name in sorted(texts) if (node := _parsed(texts[name], name, problems)) is not None}
    problems.raise_any()
    catalogue = _catalogue(nodes.pop(CATALOG)) if CATALOG in nodes else Vocabulary({}, {}, {})
    return _assemble([_Files(nodes, Location(MANIFEST))], catalogue)


def read_nodes(paths: Iterable[Path], problems: Problems) -> dict[str, Node]:
    """Read YAML files, by name; an empty file is a problem."""
    nodes: dict[str, Node] = {}
    for path in paths:
        try:
            nodes[path.name] = read_yaml(path)
        except ProblemsError as error:
            problems.found.extend(error.problems)
        else:
            _check_content(nodes[path.name], problems)
    return nodes


def _parsed(text: str, name: str, problems: Problems) -> Node | None:
    try:
        node = parse_yaml(text, name)
    except ProblemsError as error:
        problems.found.extend(error.problems)
        return None
    _check_content(node, problems)
    return node


def _check_content(node: Node, problems: Problems) -> None:
    if isinstance(node, YScalar) and node.value is None:
        problems.add(node.at, "empty-file", "the file is empty.", "Fill it or delete it.")


def _catalogue(node: Node) -> Vocabulary:
    problems = Problems()
    reader = VocabularyReader(problems)
    reader.read(node)
    vocabulary = reader.finish()
    problems.raise_any()
    return vocabulary


# --- files and what they extend -------------------------------------------------------------------------------------


def _with_bases(folder: Path, problems: Problems) -> list[_Files]:
    """Read a pack's files and those of the packs it extends, the last base first."""
    packs: list[_Files] = []
    seen: list[Path] = []
    wanted_by: Location | None = None
    while True:
        files = _files(folder, wanted_by, problems)
        packs.insert(0, files)
        seen.append(folder.resolve())
        manifest = files.nodes.get(MANIFEST)
        extends = manifest.get("extends") if isinstance(manifest, YMap) else None
        if not isinstance(extends, YScalar):
            return packs
        folder, wanted_by = folder / extends.text, extends.at
        if folder.resolve() in seen:
            problems.add(
                extends.at, "extends-cycle", f"packs extend each other in a circle: `{extends.text}`.", "Break it."
            )
            return packs


def _files(folder: Path, wanted_by: Location | None, problems: Problems) -> _Files:
    at = Location(str(folder / MANIFEST))
    if not (folder / MANIFEST).is_file():
        problems.add(
            wanted_by or at, "no-pack", f"`{folder}` is no rule pack: it has no {MANIFEST}.", "Check the path."
        )
        return _Files({}, at)
    for path in sorted(folder.glob("*.yml")):
        problems.add(
            Location(str(path)), "wrong-suffix", "rule files end in `.yaml`; this one is not read.", "Rename it."
        )
    paths = sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))
    return _Files(read_nodes(paths, problems), at)


# --- merging ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Items:
    """The items of all packs by section and id, later packs over earlier ones."""

    problems: Problems
    sections: dict[str, dict[str, Node]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    overrides: list[Override] = field(default_factory=list)
    _section_of: dict[str, str] = field(default_factory=dict)
    _inherited: set[tuple[str, str]] = field(default_factory=set)

    def begin_pack(self) -> None:
        """Consider everything read so far as inherited: parameters may change, items may be replaced."""
        self._inherited = {(section, key) for section, items in self.sections.items() for key in items}

    def disable(self, node: Node) -> None:
        """Leave out an inherited item."""
        name = node.text if isinstance(node, YScalar) else ""
        section = self._section_of.get(name)
        if section not in _CAN_BE_DISABLED or (section, name) not in self._inherited:
            known = [key for kind, key in self._inherited if kind in _CAN_BE_DISABLED]
            self.problems.add(
                node.at,
                "unknown-id",
                f"there is nothing inherited called `{name}` to disable.",
                did_you_mean(name, known),
            )
            return
        del self.sections[section][name], self._section_of[name]
        self.overrides.append(Override(SECTIONS[section], name, "disabled", node.at))

    def replace(self, section: str, node: Node) -> None:
        """Put an item in the place of an inherited one with the same id."""
        name = self._id(section, node)
        if (section, name.text) not in self._inherited or name.text not in self.sections[section]:
            known = [key for kind, key in self._inherited if kind == section]
            self.problems.add(
                name.at,
                "unknown-id",
                f"there is no inherited {SECTIONS[section]} `{name.text}` to replace.",
                did_you_mean(name.text, known) or f"For a new one, put it under `{section}`.",
            )
            return
        self.sections[section][name.text] = node
        self.overrides.append(Override(SECTIONS[section], name.text, "replaced", name.at))

    def add(self, section: str, node: Node) -> None:
        """Add an item; a parameter of the same name changes the inherited one."""
        name = self._id(section, node)
        inherited = (section, name.text) in self._inherited
        if section == "parameters" and inherited and isinstance(node, YMap):
            self._change(name, self.sections[section][name.text], node)
        elif name.text in self._taken(section):
            first = self.sections[self._section_of.get(name.text, section)].get(name.text, node)
            hint = "Put it under `replace:` to replace the inherited one." if inherited else "Rename one."
            self.problems.add(name.at, "duplicate-id", f"`{name.text}` is already used at {self._place(first)}.", hint)
        else:
            self.sections[section][name.text] = node
            if section not in _OWN_IDS:
                self._section_of[name.text] = section

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

    def _id(self, section: str, node: Node) -> YScalar:
        """Return an item's id; one without any gets its place as a stand-in, and its problem when it is read."""
        name = node.get(SECTIONS[section]) if isinstance(node, YMap) else None
        return name if isinstance(name, YScalar) else YScalar("", f"?{node.at}", node.at)

    @staticmethod
    def _place(node: Node) -> Location:
        return node.at


def _shown(node: Node | None) -> str:
    if isinstance(node, YScalar):
        return node.text
    return f"[{', '.join(_shown(item) for item in node.items)}]" if isinstance(node, YList) else "?"


def _merge(packs: Iterable[_Files], problems: Problems) -> tuple[_Items, list[_Manifest]]:
    items, manifests = _Items(problems), []
    for files in packs:
        items.begin_pack()
        forms = {name: Form(node, f"`{name}`", problems) for name, node in files.nodes.items() if name != FACTS}
        manifests.append(_manifest(forms.get(MANIFEST), files, problems))
        for node in manifests[-1].disable:
            items.disable(node)
        for form in forms.values():
            _merge_replaced(form, items, problems)
        for form in forms.values():
            for section in SECTIONS:
                for item in form.items(section):
                    items.add(section, item)
            form.close()
    return items, manifests


def _merge_replaced(form: Form, items: _Items, problems: Problems) -> None:
    node = form.node("replace")
    if node is None:
        return
    replaced = Form(node, "`replace`", problems)
    for section in SECTIONS:
        if section != "parameters":
            for item in replaced.items(section):
                items.replace(section, item)
    replaced.close()


def _manifest(form: Form | None, files: _Files, problems: Problems) -> _Manifest:
    if form is None:
        problems.add(files.at, "no-pack", f"a pack needs {MANIFEST}.", "Add it with `pack`, `version` and `title`.")
        return _Manifest("", "", Text("", ""), files.at, None, None, ())
    form.has("extends")
    version = form.word("version")
    if version and not _VERSION.match(version):
        form.problem(form.value_place("version"), "wrong-version", f"`{version}` is no version.", "Write it as 1.0.0.")
    disable = form.items("disable")
    if disable and not form.has("extends"):
        form.problem(form.place("disable"), "unsuited-key", "`disable` needs `extends`.", "Remove the rule instead.")
    return _Manifest(
        form.word("pack", KEBAB),
        version,
        form.text("title"),
        files.at,
        form.node("ladder"),
        form.node("shows"),
        disable,
    )


# --- assembling -----------------------------------------------------------------------------------------------------------


def _assemble(packs: list[_Files], catalogue: Vocabulary) -> Pack:
    problems = Problems()
    vocabulary = _vocabulary(packs, catalogue, problems)
    items, manifests = _merge(packs, problems)
    own = manifests[-1]
    nodes = {section: tuple(found.values()) for section, found in items.sections.items()}
    parameters = {p.name: p for p in (read_parameter(node, problems) for node in nodes["parameters"])}
    actions = {a.id: a for a in (read_action(node, vocabulary, problems) for node in nodes["actions"])}
    vocabulary = with_actions(vocabulary, {action.id: action.title for action in actions.values()}, own.at)
    reading = Reading(vocabulary, Conditions(vocabulary, parameters, problems), actions, own.at, problems)
    ladder = read_ladder(_latest(manifest.ladder for manifest in manifests), reading, bool(nodes["gates"]))
    pack = Pack(
        name=own.name,
        version=own.version,
        title=own.title,
        vocabulary=vocabulary,
        at=own.at,
        rules=tuple(read_rule(node, reading) for node in nodes["rules"]),
        tables=tuple(read_table(node, reading) for node in nodes["tables"]),
        gates=tuple(read_gate(node, ladder, reading) for node in nodes["gates"]),
        scorecards=tuple(read_scorecard(node, reading) for node in nodes["scorecards"]),
        actions=actions,
        invariants=tuple(read_invariant(node, reading) for node in nodes["invariants"]),
        parameters=parameters,
        ladder=ladder,
        overrides=tuple(items.overrides),
        shows=_shows(_latest(manifest.shows for manifest in manifests), reading),
    )
    _check_sole_owners(pack, problems)
    problems.raise_any()
    return pack


def _vocabulary(packs: Iterable[_Files], catalogue: Vocabulary, problems: Problems) -> Vocabulary:
    reader = VocabularyReader(problems)
    reader.start_from(catalogue)
    for files in packs:
        if FACTS in files.nodes:
            reader.read(files.nodes[FACTS])
    return reader.finish()


def _latest(nodes: Iterable[Node | None]) -> Node | None:
    found = [node for node in nodes if node is not None]
    return found[-1] if found else None


def _shows(node: Node | None, reading: Reading) -> dict[str, str]:
    shows: dict[str, str] = {}
    if node is None:
        return shows
    form = Form(node, "`shows`", reading.problems)
    for role, name in form.rest():
        form.word_of(role, "a role", SNAKE)
        fact = reading.conditions.fact(name, None) if isinstance(name, YScalar) else None
        if not isinstance(name, YScalar):
            form.word_of(name, "a fact")
        shows[role.text] = fact.name if fact is not None else ""
    return shows


def _check_sole_owners(pack: Pack, problems: Problems) -> None:
    """Check that what a scorecard chooses or a table aggregates is concluded by nothing else."""
    concluded: dict[FactKey, list[tuple[str, Location]]] = {}
    for fact, what, at in _conclusions(pack):
        concluded.setdefault(fact, []).append((what, at))
    owners = [
        (table.outputs[0], f"table `{table.id}`", table.at)
        for table in pack.tables
        if table.outputs and is_aggregate(table)
    ]
    owners += [(scorecard.chooses, f"scorecard `{scorecard.id}`", scorecard.at) for scorecard in pack.scorecards]
    for fact, what, at in owners:
        others = [other for other, _ in concluded[fact] if other != what]
        if others:
            problems.add(
                at,
                "shared-output",
                f"{what} alone concludes `{fact}`, but {others[0]} concludes it as well.",
                "Conclude another fact.",
            )


def _conclusions(pack: Pack) -> Iterator[tuple[FactKey, str, Location]]:
    for rule in pack.rules:
        for conclusion in rule.conclusions:
            if isinstance(conclusion, SetFact | AddTo):
                yield conclusion.fact, f"rule `{rule.id}`", rule.at
    for table in pack.tables:
        for output in table.outputs:
            yield output, f"table `{table.id}`", table.at
    for gate in pack.gates:
        yield pack.ladder.proposed, f"gate `{gate.id}`", gate.at
        yield pack.ladder.move, f"gate `{gate.id}`", gate.at
    for scorecard in pack.scorecards:
        yield scorecard.chooses, f"scorecard `{scorecard.id}`", scorecard.at
