"""The graph of a pack's parts."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.graph import MOST_NEIGHBOURS, Graph, Shape, around, dot, mermaid, overview
from engine.graph_svg import svg
from engine.relations import relations
from engine.wording import Wording
from tests.commands.conftest import call_command
from wiring import shipped_rules

RULES = shipped_rules()
WORDING = Wording(RULES.pack.vocabulary, "en")
SVG = "{http://www.w3.org/2000/svg}"


def whole() -> Graph:
    """Return the graph of the shipped pack."""
    return overview(RULES.pack, RULES.program, WORDING)


def test_the_whole_pack_is_drawn_by_files_tables_scorecards_and_facts() -> None:
    """Each fact stands between a part that concludes it and another that reads it; no single rule is drawn."""
    graph = whole()
    shapes = {node.id: node.shape for node in graph.nodes}
    assert set(shapes.values()) == {Shape.FILE, Shape.TABLE, Shape.SCORECARD, Shape.FACT}
    assert len(shapes) == len(graph.nodes) < 200
    found = relations(RULES.pack)
    for node in graph.nodes:
        if node.shape is Shape.FACT:
            assert any(edge.end == node.id for edge in graph.edges), node
            assert any(edge.start == node.id for edge in graph.edges), node
    for edge in graph.edges:
        assert (shapes[edge.start] is Shape.FACT) != (shapes[edge.end] is Shape.FACT)
    concluded = {str(key) for key in found.makers}
    assert {node.id.removeprefix("fact:") for node in graph.nodes if node.shape is Shape.FACT} <= concluded


def test_layers_follow_the_strata() -> None:
    """A fact stands right of everything that concludes it, so most of what is read is read from the left."""
    graph = whole()
    layer = {node.id: node.layer for node in graph.nodes}
    for edge in graph.edges:
        if edge.end.startswith("fact:"):
            assert layer[edge.start] < layer[edge.end]
    forwards = sum(layer[edge.start] < layer[edge.end] for edge in graph.edges)
    assert forwards > len(graph.edges) / 2


def test_around_a_rule_stand_its_facts_and_neighbours() -> None:
    """The neighbourhood of a rule: what it reads and concludes, and whoever concludes the one or reads the other."""
    graph = around(RULES.pack, "chain-has-gaps", WORDING)
    assert graph is not None
    ends = {(edge.start, edge.end) for edge in graph.edges}
    assert ("fact:chain_gaps", "chain-has-gaps") in ends
    assert ("chain-has-gaps", "close-chain-gaps") in ends
    (focus,) = (node for node in graph.nodes if node.is_focus)
    assert focus.id == "chain-has-gaps"
    known = {node.id for node in graph.nodes}
    assert {end for edge in ends for end in edge} <= known


def test_many_neighbours_stand_together_by_file() -> None:
    """A fact that many rules read is shown with their files, one that few read with these rules."""
    many = around(RULES.pack, "stage", WORDING)
    few = around(RULES.pack, "chain_gaps", WORDING)
    assert many is not None
    assert few is not None
    assert all(node.shape is Shape.FILE for node in many.nodes if node.layer == 2)
    assert 0 < sum(node.shape is Shape.RULE for node in few.nodes if node.layer == 0) <= MOST_NEIGHBOURS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_mermaid_and_dot_say_the_same(language: str) -> None:
    """Both texts have every node and every edge of the graph once."""
    graph = overview(RULES.pack, RULES.program, Wording(RULES.pack.vocabulary, language))
    of_mermaid, of_dot = mermaid(graph), dot(graph)
    assert of_mermaid.startswith("flowchart LR\n")
    assert len(re.findall(r"^  n\d+ --> n\d+$", of_mermaid, re.MULTILINE)) == len(graph.edges)
    assert len(re.findall(r"^  n\d+[\[({>]", of_mermaid, re.MULTILINE)) == len(graph.nodes)
    assert of_dot.count(" -> ") == len(graph.edges)
    assert of_dot.count("[label=") == len(graph.nodes)
    assert of_dot.count("{") == of_dot.count("}") == 1


def test_labels_are_escaped() -> None:
    """What a title contains means nothing to the formats."""
    graph = whole()
    odd = Graph(
        tuple(type(node)(node.id, node.shape, 'a "b" <c> & \\d', node.layer) for node in graph.nodes), graph.edges
    )
    assert '"a #quot;b#quot; #lt;c#gt; #amp; \\d"' in mermaid(odd)
    assert '"a \\"b\\" <c> & \\\\d"' in dot(odd)
    assert {one.text for one in ElementTree.fromstring(svg(odd)).iter(f"{SVG}text")} == {'a "b" <c> & \\d'}  # noqa: S314


def test_the_image_shows_every_node_without_overlap() -> None:
    """In the image each node has its box, no two boxes overlap, and all lie within the picture."""
    graph = whole()
    root = ElementTree.fromstring(svg(graph))  # noqa: S314 - our own text
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [group.find(f"{SVG}rect") for group in root.iter(f"{SVG}g")]
    assert len(boxes) == len(graph.nodes)
    places = [
        tuple(float(box.attrib[name]) for name in ("x", "y", "width", "height")) for box in boxes if box is not None
    ]
    for number, (x, y, w, h) in enumerate(places):
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        for other_x, other_y, other_w, other_h in places[number + 1 :]:
            assert x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
    assert len(list(root.iter(f"{SVG}path"))) == len(graph.edges) + 1  # and the tip of the arrows


def test_the_command_writes_each_format(tmp_path: Path) -> None:
    """The graph goes to a file or is printed; a misspelt id or format is answered with the nearest."""
    out = tmp_path / "rules.svg"
    assert call_command("rules", "graph", "--focus", "proposed_stage", "--format", "svg", "--out", out).code == 0
    assert out.read_text(encoding="utf-8").startswith("<svg ")
    assert "建议阶段" in call_command("rules", "graph", "--focus", "proposed_stage", "--lang", "zh").output
    assert call_command("rules", "graph", "--format", "dot", "--focus", "visit-customer").lines[0] == "digraph rules {"
    wrong = call_command("rules", "graph", "--focus", "proposed_stge")
    assert (wrong.code, "Did you mean `proposed_stage`?" in wrong.errors) == (2, True)
    assert "Did you mean `mermaid`?" in call_command("rules", "graph", "--format", "mermade").errors
