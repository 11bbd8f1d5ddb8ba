"""A decision table as columns and rows of cells, and as the YAML nodes that its file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.table_cells import ANYTHING, word
from engine.errors import Location
from engine.yaml12 import Node, YList, YMap, YScalar

LANGUAGES = ("en", "zh")
ID, IF, THEN, BECAUSE = "id", "if", "then", "because"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the cells of a table hold: `tested` are its inputs and whatever else rows ask, `outputs` what they say."""

    inputs: tuple[str, ...]
    tested: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def of(cls, table: YMap) -> Columns:
        """Return the columns of a table."""
        inputs = tuple(_texts(table.get("inputs")))
        rows = (row.get(IF) for row in rows_of(table))
        keys = [key.text for tests in rows if isinstance(tests, YMap) for key, _ in tests.entries]
        counts = table.get("collect")
        outputs = () if isinstance(counts, YScalar) and counts.text == "count" else _texts(table.get("outputs"))
        return cls(inputs, tuple(dict.fromkeys([*inputs, *keys])), tuple(outputs))

    @property
    def ids(self) -> list[str]:
        """The columns by their ids, in order: `if stage`, `then tier`."""
        tested, outputs = (
            [f"{kind} {name}" for name in names] for kind, names in ((IF, self.tested), (THEN, self.outputs))
        )
        return [ID, *tested, *outputs, *(f"{BECAUSE} {language}" for language in LANGUAGES)]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its tests by name (None or no entry: anything), its outputs in order, its reason by language."""

    id: YScalar
    tests: Mapping[str, Node | None]
    values: Sequence[YScalar]
    because: Mapping[str, YScalar]
    at: Location
    listed: bool = field(default=False)
    """Whether its tests stand in a list, aligned with the inputs."""

    def node(self, inputs: Sequence[str]) -> YMap:
        """Return the row as in a rule file, its tests as a list of these inputs where they are listed."""
        asked = {name: test for name, test in self.tests.items() if test is not None}
        tests: Node
        if self.listed and inputs:
            tests = YList(tuple(asked.get(name) or YScalar(ANYTHING, ANYTHING, self.at) for name in inputs), self.at)
        else:
            tests = YMap(tuple((word(name, test.at), test) for name, test in asked.items()), self.at)
        parts: dict[str, Node] = {ID: self.id, IF: tests}
        if self.values:
            parts[THEN] = YList(tuple(self.values), self.at)
        parts[BECAUSE] = YMap(tuple((word(name, text.at), text) for name, text in self.because.items()), self.at)
        return YMap(tuple((word(name, node.at), node) for name, node in parts.items()), self.at)


def rows_of(table: YMap) -> list[YMap]:
    """Return the nodes of a table's rows."""
    rows = table.get("rows")
    return [row for row in rows.items if isinstance(row, YMap)] if isinstance(rows, YList) else []


def read_row(row: YMap, inputs: Sequence[str]) -> Row:
    """Return a row of a table that has been checked."""
    name, tests, values, because = (row.get(key) for key in (ID, IF, THEN, BECAUSE))
    asked: dict[str, Node | None]
    if isinstance(tests, YList):
        asked = {key: None if _is_anything(test) else test for key, test in zip(inputs, tests.items, strict=True)}
    else:
        asked = {key.text: test for key, test in tests.entries} if isinstance(tests, YMap) else {}
    said = [item for item in values.items if isinstance(item, YScalar)] if isinstance(values, YList) else []
    reasons = because.entries if isinstance(because, YMap) else ()
    said_why = {key.text: text for key, text in reasons if isinstance(text, YScalar)}
    id_ = name if isinstance(name, YScalar) else YScalar("", "", row.at)
    return Row(id_, asked, said, said_why, row.at, isinstance(tests, YList))


def with_rows(table: YMap, rows: Sequence[YMap]) -> YMap:
    """Return a table with other rows."""
    listed = YList(tuple(rows), table.at)
    return YMap(tuple((key, listed if key.text == "rows" else node) for key, node in table.entries), table.at)


def _texts(node: Node | None) -> list[str]:
    return [item.text for item in node.items if isinstance(item, YScalar)] if isinstance(node, YList) else []


def _is_anything(test: Node) -> bool:
    return isinstance(test, YScalar) and test.text == ANYTHING
