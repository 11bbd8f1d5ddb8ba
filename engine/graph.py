"""How the parts of a pack feed each other, as a graph: of whole files, or of everything around one item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from engine.model import Pack
from engine.program import Program
from engine.relations import Item, Kind, Relations, relations
from engine.vocabulary import FactKey
from engine.wording import Wording


class Shape(StrEnum):
    """What a node stands for."""

    FILE = "file"
    RULE = "rule"
    TABLE = "table"
    GATE = "gate"
    SCORECARD = "scorecard"
    INVARIANT = "invariant"
    FACT = "fact"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its id, what it stands for, its label, and its layer from left to right."""

    id: str
    shape: Shape
    label: str
    layer: int = 0
    is_focus: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """What flows from one node to another; between files the facts that one concludes and the other reads."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, in an order that stays the same."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


# --- the whole pack --------------------------------------------------------------------------------------------------


def overview(pack: Pack, program: Program, wording: Wording) -> Graph:
    """Return the graph of a pack: its rules file by file, its tables, gates and scorecards, and the facts between them.

    Gates stand together by file, as rules do. A fact is drawn if one part concludes it and another reads it. A part's
    layer is that of the earliest stratum in which something of it is decided.
    """
    found = relations(pack)
    parts = {item.id: _part_of(item) for item in found.items.values() if item.kind is not Kind.INVARIANT}
    strata = _strata(program)
    layers: dict[str, int] = {}
    for item_id, part in parts.items():
        layer = strata.get(item_id, 1)
        layers[part[0]] = min(layer, layers.get(part[0], layer))
    made, read = _flows(found, parts)
    between = [key for key in made if read.get(key, set()) - made[key]]
    edges: set[tuple[str, str]] = set()
    for key in between:
        edges |= {(part, _fact_id(key)) for part in made[key]}
        edges |= {(_fact_id(key), part) for part in read[key] - made[key]}
    linked = {end for edge in edges for end in edge}
    titles = {item.id: wording.text(item.title) for item in found.items.values()}
    nodes = {part: Node(part, shape, titles.get(part, part), 2 * layers[part]) for part, shape in parts.values()}
    facts = [_fact_node(key, wording, 1 + max(nodes[part].layer for part in made[key])) for key in between]
    shown = [node for node in nodes.values() if node.id in linked]
    return Graph((*shown, *facts), tuple(Edge(*edge) for edge in sorted(edges)))


def _part_of(item: Item) -> tuple[str, Shape]:
    """Return the node that an item belongs to: its file for rules and gates, else itself."""
    if item.kind in (Kind.RULE, Kind.GATE):
        return PurePath(item.at.file).name, Shape.FILE
    return item.id, Shape(item.kind.value)


def _flows(
    found: Relations, parts: Mapping[str, tuple[str, Shape]]
) -> tuple[dict[FactKey, set[str]], dict[FactKey, set[str]]]:
    """Return by fact the parts that conclude it, and those that read it."""
    made, read = (
        {key: {parts[one][0] for one in ids if one in parts} for key, ids in by_fact.items()}
        for by_fact in (found.makers, found.readers)
    )
    return made, read


def _strata(program: Program) -> dict[str, int]:
    """Return the stratum in which each rule, table, gate and scorecard is decided, of several the first one."""
    found: dict[str, int] = {}
    for number, stratum in enumerate(program.strata):
        for index in stratum.rules:
            found.setdefault(program.rules[index].id.partition("#")[0], number)
    return found


# --- around one item -------------------------------------------------------------------------------------------------


def around(pack: Pack, name: str, wording: Wording) -> Graph | None:
    """Return what an item reads and concludes, who concludes the one and who reads the other; None if there is no such.

    A fact is shown with what concludes and what reads it, an action with what advises it.
    """
    found = relations(pack)
    item = found.items.get(name)
    key = next((key for key in pack.vocabulary.facts if str(key) == name), None)
    if item is not None:
        return _around_item(item, found, pack, wording)
    if key is not None:
        return _around_fact(key, found, wording)
    if name in pack.actions:
        centre = Node(name, Shape.ACTION, wording.text(pack.actions[name].title), 1, is_focus=True)
        return _joined([centre], [(one, name, 0) for one in found.advisers.get(name, ())], found, wording)
    return None


def _around_item(item: Item, found: Relations, pack: Pack, wording: Wording) -> Graph:
    layer = 2
    nodes = [Node(item.id, Shape(item.kind.value), wording.text(item.title), layer, is_focus=True)]
    nodes += [_fact_node(key, wording, layer - 1) for key in item.reads if key not in item.concludes]
    nodes += [_fact_node(key, wording, layer + 1) for key in item.concludes]
    nodes += [Node(one, Shape.ACTION, wording.text(pack.actions[one].title), layer + 1) for one in item.advises]
    ends = [(_fact_id(key), item.id) for key in item.reads if key not in item.concludes]
    ends += [(item.id, _fact_id(key)) for key in item.concludes] + [(item.id, one) for one in item.advises]
    makers = [
        (one, _fact_id(key), layer - 2)
        for key in item.reads
        if key not in item.concludes
        for one in found.makers.get(key, ())
        if one != item.id
    ]
    readers = [
        (_fact_id(key), one, layer + 2)
        for key in item.concludes
        for one in found.readers.get(key, ())
        if one != item.id
    ]
    return _joined(nodes, [*makers, *readers], found, wording, ends)


def _around_fact(key: FactKey, found: Relations, wording: Wording) -> Graph:
    centre = Node(_fact_id(key), Shape.FACT, wording.title(str(key)), 1, is_focus=True)
    makers = [(one, centre.id, 0) for one in found.makers.get(key, ())]
    readers = [(centre.id, one, 2) for one in found.readers.get(key, ()) if one not in found.makers.get(key, ())]
    return _joined([centre], [*makers, *readers], found, wording)


MOST_NEIGHBOURS = 12
"""So many rules around one fact are drawn one by one; more of them stand together by file."""


def _joined(
    nodes: list[Node],
    neighbours: list[tuple[str, str, int]],
    found: Relations,
    wording: Wording,
    ends: Iterable[tuple[str, str]] = (),
) -> Graph:
    """Add the items at the outer ends of edges; many on one side stand together by file."""
    known = {node.id: node for node in nodes}
    edges = dict.fromkeys(ends)
    sides: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for start, end, layer in neighbours:
        sides[layer].append((start, end))
    for layer, pairs in sides.items():
        outer = {one for pair in pairs for one in pair if one not in known}
        by_file = len(outer) > MOST_NEIGHBOURS
        stand_for = {one: _neighbour(found.items[one], layer, by_file, wording) for one in sorted(outer)}
        for start, end in pairs:
            first, last = (stand_for[one].id if one in stand_for else one for one in (start, end))
            edges[first, last] = None
        for node in stand_for.values():
            known.setdefault(node.id, node)
    return Graph(tuple(known.values()), tuple(Edge(*edge) for edge in edges))


def _neighbour(item: Item, layer: int, by_file: bool, wording: Wording) -> Node:
    """Return the node of an item, or of its file on this side."""
    if by_file:
        name = PurePath(item.at.file).name
        return Node(f"{name}@{layer}", Shape.FILE, name, layer)
    return Node(item.id, Shape(item.kind.value), wording.text(item.title), layer)


def _fact_id(key: FactKey) -> str:
    return f"fact:{key}"


def _fact_node(key: FactKey, wording: Wording, layer: int) -> Node:
    return Node(_fact_id(key), Shape.FACT, wording.title(str(key)), layer)


# --- as text ---------------------------------------------------------------------------------------------------------

_MERMAID = {
    Shape.FILE: ('["', '"]'),
    Shape.RULE: ('["', '"]'),
    Shape.TABLE: ('[["', '"]]'),
    Shape.GATE: ('{{"', '"}}'),
    Shape.SCORECARD: ('[/"', '"/]'),
    Shape.INVARIANT: ('>"', '"]'),
    Shape.FACT: ('(["', '"])'),
    Shape.ACTION: ('[\\"', '"/]'),
}
_DOT = {
    Shape.FILE: "folder",
    Shape.RULE: "box",
    Shape.TABLE: "box3d",
    Shape.GATE: "hexagon",
    Shape.SCORECARD: "parallelogram",
    Shape.INVARIANT: "octagon",
    Shape.FACT: "ellipse",
    Shape.ACTION: "cds",
}


def mermaid(graph: Graph) -> str:
    """Return a graph as Mermaid text."""
    return "\n".join(_mermaid_lines(graph))


def _mermaid_lines(graph: Graph) -> Iterator[str]:
    short = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    yield "flowchart LR"
    for node in graph.nodes:
        before, after = _MERMAID[node.shape]
        yield f"  {short[node.id]}{before}{_escaped_for_mermaid(node.label)}{after}"
    for edge in graph.edges:
        yield f"  {short[edge.start]} --> {short[edge.end]}"
    for shape, colour in COLOURS.items():
        of_shape = [short[node.id] for node in graph.nodes if node.shape is shape]
        if of_shape:
            yield f"  classDef {shape} fill:{colour},stroke:#555,color:#111"
            yield f"  class {','.join(of_shape)} {shape}"
    for node in graph.nodes:
        if node.is_focus:
            yield f"  style {short[node.id]} stroke-width:3px"


def _escaped_for_mermaid(label: str) -> str:
    """Return a label in which nothing means anything to Mermaid."""
    return label.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def dot(graph: Graph) -> str:
    """Return a graph as text for Graphviz."""
    return "\n".join(_dot_lines(graph))


def _dot_lines(graph: Graph) -> Iterator[str]:
    yield "digraph rules {"
    yield "  rankdir=LR;"
    yield '  node [style=filled, fontname="sans-serif", color="#555555"];'
    for node in graph.nodes:
        width = ", penwidth=3" if node.is_focus else ""
        looks = f'shape={_DOT[node.shape]}, fillcolor="{COLOURS[node.shape]}"{width}'
        yield f"  {_quoted(node.id)} [label={_quoted(node.label)}, {looks}];"
    for edge in graph.edges:
        yield f"  {_quoted(edge.start)} -> {_quoted(edge.end)};"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


COLOURS = {
    Shape.FILE: "#e8eef7",
    Shape.RULE: "#e8eef7",
    Shape.TABLE: "#e3f1e6",
    Shape.GATE: "#fbe9d7",
    Shape.SCORECARD: "#f3e6f5",
    Shape.INVARIANT: "#f9dede",
    Shape.FACT: "#ffffff",
    Shape.ACTION: "#fdf6cf",
}
