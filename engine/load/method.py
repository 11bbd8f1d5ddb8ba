"""The method's items, and whether everything that cites one cites one that there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.errors import Problems, did_you_mean
from engine.load.form import SNAKE, SOURCE, Form
from engine.load.reading import item_name
from engine.model import MethodItem
from engine.said import said
from engine.yaml12 import Node, YList, YMap, YScalar


def read_method_item(node: Node, problems: Problems) -> MethodItem:
    """Read one item of `method`."""
    form = Form(node, item_name(said("item"), node), problems)
    item = MethodItem(
        id=form.word("item", SOURCE), title=form.text("title"), at=form.at, shown_in=form.words("shown_in", SNAKE)
    )
    form.close()
    return item


def check_sources(nodes: Mapping[str, Iterable[Node]], method: Mapping[str, MethodItem], problems: Problems) -> None:
    """Check that `sources` and `source` name items of the method, or points of one (`U1.2`), if the pack has a list."""
    if not method:
        return
    for cited in (cited for items in nodes.values() for item in items for cited in _cited(item)):
        if cited.text.partition(".")[0] not in method and SOURCE.match(cited.text):
            message = said("the method has no item `{cited}`.", cited=cited.text)
            hint = did_you_mean(cited.text, method) or said(
                "Add it under `method`, or cite another: `valuelift rules coverage` lists them."
            )
            problems.add(cited.at, "unknown-source", message, hint)


def _cited(item: Node) -> Iterator[YScalar]:
    """Yield the ids that an item of a pack cites itself, and those that the point rules of a scorecard cite."""
    if not isinstance(item, YMap):
        return
    listed, single, points = (item.get(key) for key in ("sources", "source", "points"))
    found = [*(listed.items if isinstance(listed, YList) else ()), single]
    yield from (node for node in found if isinstance(node, YScalar))
    for rule in points.items if isinstance(points, YList) else ():
        yield from _cited(rule)
