"""Packs: everything in a folder of rule files, read against one vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Location, Problems
from engine.load.actions import read_action, read_parameter
from engine.load.built_in import with_actions, with_evidence
from engine.load.claims import read_invariant, read_monotonicity
from engine.load.conditions import Conditions
from engine.load.files import FACTS, MANIFEST, TALK, Files, parsed, with_bases
from engine.load.form import Form
from engine.load.gates import read_gate, read_ladder
from engine.load.layers import Layers
from engine.load.merge import Manifest, merge, talk_of
from engine.load.method import check_sources, read_method_item
from engine.load.names import Names
from engine.load.operands import Operands
from engine.load.reading import Reading
from engine.load.rules import read_rule
from engine.load.scorecards import read_scorecard
from engine.load.shows import merged, read_shows
from engine.load.tables import is_aggregate, read_table
from engine.load.talk import read_talk
from engine.load.vocabulary import VocabularyReader
from engine.model import AddTo, Override, Pack, SetFact
from engine.said import Said, named, quoted, said
from engine.vocabulary import FactKey, Vocabulary
from engine.yaml12 import Node, read_yaml

CATALOG = "catalog.yaml"
PROMOTION = ("change_stage", "affected")
"""Shares of customers that a pack can limit for its next version: who changes stage, who is affected at all."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pack is made of, with all that it inherits, before items are read against the vocabulary.

    `items` are nodes by section and id; the vocabulary lacks what actions and evidence bring along.
    """

    manifest: Manifest
    ladder: Node | None
    shows: Node | None
    promotion: Node | None
    vocabulary: Vocabulary
    items: Mapping[str, Mapping[str, Node]]
    overrides: tuple[Override, ...]
    talk: Mapping[str, Node]
    layers: Layers


def load_catalogue(path: Path, shown_as: str | None = None) -> Vocabulary:
    """Load the catalogue.

    Args:
        path: its file.
        shown_as: the name that locations give; the path itself by default.

    Raises:
        ProblemsError: with every problem in it.
    """
    return _catalogue(read_yaml(path, shown_as))


def load_pack(folder: Path, catalogue: Vocabulary) -> Pack:
    """Load a pack from its folder, together with the packs that it extends.

    Raises:
        ProblemsError: with every problem in all its files.
    """
    problems = Problems()
    packs = with_bases(folder, problems)
    problems.raise_any()
    return _assemble(_parts(packs, catalogue, problems), problems)


def load_parts(folder: Path, catalogue: Vocabulary) -> Parts:
    """Load what the pack in a folder is made of.

    Raises:
        ProblemsError: with every problem that shows before items are read.
    """
    problems = Problems()
    packs = with_bases(folder, problems)
    problems.raise_any()
    parts = _parts(packs, catalogue, problems)
    problems.raise_any()
    return parts


def pack_from_parts(parts: Parts) -> Pack:
    """Read a pack from what it is made of.

    Raises:
        ProblemsError: with every problem in its items.
    """
    return _assemble(parts, Problems())


def pack_from_texts(texts: Mapping[str, str]) -> Pack:
    """Load a pack from file names and their texts; `catalog.yaml` is the catalogue, empty if it is not given.

    Names such as `talk/brand.yaml` stand for files of the folder `talk/`.

    Raises:
        ProblemsError: with every problem in them.
    """
    problems = Problems()
    nodes = {name: node for name in sorted(texts) if (node := parsed(texts[name], name, problems)) is not None}
    problems.raise_any()
    catalogue = _catalogue(nodes.pop(CATALOG)) if CATALOG in nodes else Vocabulary({}, {}, {})
    talk = {name: nodes.pop(name) for name in list(nodes) if name.startswith(TALK)}
    return _assemble(_parts([Files(nodes, Location(MANIFEST), talk)], catalogue, problems), problems)


def _catalogue(node: Node) -> Vocabulary:
    problems = Problems()
    reader = VocabularyReader(problems)
    reader.read(node)
    vocabulary = reader.finish()
    problems.raise_any()
    return vocabulary


# --- assembling ---


def _parts(packs: list[Files], catalogue: Vocabulary, problems: Problems) -> Parts:
    vocabulary = _vocabulary(packs, catalogue, problems)
    items, manifests = merge(packs, problems)
    shows, changed_roles = merged(manifest.shows for manifest in manifests)
    return Parts(
        manifest=manifests[-1],
        ladder=_latest(manifest.ladder for manifest in manifests),
        shows=shows,
        promotion=_latest(manifest.promotion for manifest in manifests),
        vocabulary=vocabulary,
        items=items.sections,
        talk=talk_of(packs, items),
        overrides=(*items.overrides, *changed_roles),
        layers=Layers(tuple(str(Path(files.at.file).parent) for files in packs)),
    )


def _assemble(parts: Parts, problems: Problems) -> Pack:
    own, vocabulary = parts.manifest, parts.vocabulary
    nodes = {section: tuple(found.values()) for section, found in parts.items.items()}
    method = {item.id: item for item in (read_method_item(node, problems) for node in nodes["method"])}
    check_sources(nodes, method, problems)
    parameters = {p.name: p for p in (read_parameter(node, problems) for node in nodes["parameters"])}
    actions = {a.id: a for a in (read_action(node, vocabulary, problems) for node in nodes["actions"])}
    vocabulary = with_actions(vocabulary, {action.id: action.title for action in actions.values()}, own.at)
    talk = read_talk(parts.talk, vocabulary, own.at, problems)
    if talk is not None and "value_kind" in vocabulary.enums:
        vocabulary = with_evidence(vocabulary, own.at)
    names = Names(vocabulary, parameters, problems, parts.layers)
    operands = Operands(names, problems)
    conditions = Conditions(names, operands, problems)
    reading = Reading(vocabulary, names, operands, conditions, actions, own.at, problems)
    ladder = read_ladder(parts.ladder, reading, nodes["gates"])
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
        monotonicity=tuple(read_monotonicity(node, reading) for node in nodes["monotonicity"]),
        parameters=parameters,
        method=method,
        ladder=ladder,
        overrides=parts.overrides,
        talk=talk,
        shows=read_shows(parts.shows, reading),
        promotion=_promotion(parts.promotion, problems),
    )
    _check_sole_owners(pack, parts.layers, problems)
    problems.raise_any()
    return pack


def _vocabulary(packs: Iterable[Files], catalogue: Vocabulary, problems: Problems) -> Vocabulary:
    reader = VocabularyReader(problems)
    reader.start_from(catalogue)
    for files in packs:
        if FACTS in files.nodes:
            reader.read(files.nodes[FACTS], is_own=True)
    return reader.finish()


def _latest(nodes: Iterable[Node | None]) -> Node | None:
    found = [node for node in nodes if node is not None]
    return found[-1] if found else None


def _promotion(node: Node | None, problems: Problems) -> Mapping[str, int]:
    """Return up to how many per cent of the customers a new version may affect."""
    if node is None:
        return {}
    form = Form(node, quoted("promotion"), problems)
    limits = {key: form.optional_integer(key, 0, 100) for key in PROMOTION}
    form.close()
    return {key: limit for key, limit in limits.items() if limit is not None}


def _check_sole_owners(pack: Pack, layers: Layers, problems: Problems) -> None:
    """Check that what a scorecard chooses or a table aggregates gets its value from nothing else."""
    concluded: dict[FactKey, list[tuple[Said, Location]]] = {}
    for key, what, at in _conclusions(pack):
        concluded.setdefault(key, []).append((what, at))
    for key, what, at in _sole_owners(pack):
        fact = pack.vocabulary.facts.get(key)
        others = [other for other in concluded[key] if other[0] != what]
        if fact is not None and fact.falls_back_to is not None:
            others.append((said("its fallback `{fact}`", fact=fact.falls_back_to), fact.at))
        if fact is not None and fact.default is not None and what.startswith("scorecard"):
            others.append((said("its default"), fact.at))
        if others:
            other, place = others[0]
            message = said("{what} alone concludes `{key}`, but {other} does as well.", what=what, key=key, other=other)
            problems.add(
                layers.latest(place, at), "shared-output", message, said("Conclude another fact, or remove that.")
            )


def _sole_owners(pack: Pack) -> Iterator[tuple[FactKey, Said, Location]]:
    for table in pack.tables:
        if table.outputs and is_aggregate(table):
            yield table.outputs[0], named(said("table"), table.id), table.at
    for scorecard in pack.scorecards:
        yield scorecard.chooses, named(said("scorecard"), scorecard.id), scorecard.at


def _conclusions(pack: Pack) -> Iterator[tuple[FactKey, Said, Location]]:
    for rule in pack.rules:
        for conclusion in rule.conclusions:
            if isinstance(conclusion, SetFact | AddTo):
                yield conclusion.fact, named(said("rule"), rule.id), rule.at
    for table in pack.tables:
        for output in table.outputs:
            yield output, named(said("table"), table.id), table.at
    for gate in pack.gates:
        yield pack.ladder.proposed, named(said("gate"), gate.id), gate.at
        yield pack.ladder.move, named(said("gate"), gate.id), gate.at
    for scorecard in pack.scorecards:
        yield scorecard.chooses, named(said("scorecard"), scorecard.id), scorecard.at
