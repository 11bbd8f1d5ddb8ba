"""A graph as an image: columns by layer, order within them by neighbours, curves between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from statistics import fmean
from typing import NamedTuple
from unicodedata import east_asian_width

from engine.graph import COLOURS, Edge, Graph, Node, Shape

ROW, GAP, BOX, MARGIN = 30, 90, 22, 50
CHARACTER = 6.2
"""Width of a narrow character of the font, in pixels; a wide one, as of Chinese, takes twice as much."""

MOST_CHARACTERS = 44
SWEEPS = 8


_TIP = (
    '<marker id="tip" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
    '<path d="M0,0 L6,3 L0,6 z" fill="#8a97a8"/></marker>'
)


class Place(NamedTuple):
    """Where a node stands: its left edge, its middle's height, and its width, in pixels."""

    x: float
    y: float
    width: float


def svg(graph: Graph) -> str:
    """Return a graph as the text of an SVG image."""
    return "\n".join(_lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    columns = _columns(graph)
    places = _places(columns)
    width = max((place.x + place.width for place in places.values()), default=0) + MARGIN
    height = max((len(column) for column in columns), default=0) * ROW + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="11">'
    )
    yield _TIP
    yield '<rect width="100%" height="100%" fill="#ffffff"/>'
    for edge in graph.edges:
        yield _curve(edge, places)
    for node in graph.nodes:
        yield from _box(node, places[node.id])
    yield "</svg>"


def _columns(graph: Graph) -> list[list[Node]]:
    """Return the nodes of each layer, each ordered by where its neighbours stand, so that few edges cross."""
    by_layer: dict[int, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        by_layer[node.layer].append(node)
    columns = [by_layer[layer] for layer in sorted(by_layer)]
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        neighbours[edge.start].append(edge.end)
        neighbours[edge.end].append(edge.start)
    for _ in range(SWEEPS):
        heights = {node.id: (number + 0.5) / len(column) for column in columns for number, node in enumerate(column)}
        for column in columns:
            column.sort(key=lambda node: _wanted(node, neighbours, heights))
            heights |= {node.id: (number + 0.5) / len(column) for number, node in enumerate(column)}
    return columns


def _wanted(node: Node, neighbours: Mapping[str, list[str]], heights: Mapping[str, float]) -> float:
    near = neighbours.get(node.id)
    return fmean(heights[one] for one in near) if near else heights[node.id]


def _places(columns: list[list[Node]]) -> dict[str, Place]:
    """Return where each node stands; each column is as wide as its widest node, and centred in height."""
    places: dict[str, Place] = {}
    tallest = max((len(column) for column in columns), default=0)
    x = float(MARGIN)
    for column in columns:
        width = max(_width(_short(node.label)) for node in column)
        top = MARGIN + (tallest - len(column)) * ROW / 2
        for number, node in enumerate(column):
            places[node.id] = Place(x, top + (number + 0.5) * ROW, width)
        x += width + GAP
    return places


def _width(text: str) -> float:
    return CHARACTER * sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text) + 16


def _short(label: str) -> str:
    return label if len(label) <= MOST_CHARACTERS else label[: MOST_CHARACTERS - 1] + "…"


def _curve(edge: Edge, places: Mapping[str, Place]) -> str:
    """Return an edge; one that leads back, to what is decided in parts before and after, is dashed."""
    start, end = places[edge.start], places[edge.end]
    x, to = start.x + start.width, end.x
    leads_back = to < x
    bend = GAP / 2 if leads_back else (to - x) / 2
    path = f"M{x:.0f},{start.y:.0f} C{x + bend:.0f},{start.y:.0f} {to - bend:.0f},{end.y:.0f} {to:.0f},{end.y:.0f}"
    dashes = ' stroke-dasharray="3 3" opacity="0.4"' if leads_back else ' opacity="0.7"'
    return f'<path d="{path}" fill="none" stroke="#8a97a8" stroke-width="0.8" marker-end="url(#tip)"{dashes}/>'


def _box(node: Node, place: Place) -> Iterator[str]:
    radius = BOX / 2 if node.shape is Shape.FACT else 3
    stroke = 2.5 if node.is_focus else 0.8
    yield f"<g><title>{escape(node.label)}</title>"
    yield (
        f'<rect x="{place.x:.0f}" y="{place.y - BOX / 2:.0f}" width="{place.width:.0f}" height="{BOX}" rx="{radius}" '
        f'fill="{COLOURS[node.shape]}" stroke="#555555" stroke-width="{stroke}"/>'
    )
    middle = place.x + place.width / 2
    yield f'<text x="{middle:.0f}" y="{place.y + 4:.0f}" text-anchor="middle">{escape(_short(node.label))}</text></g>'
