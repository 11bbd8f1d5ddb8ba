"""Mapping files to mappings, with every problem of a file reported at its place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import duckdb

from engine.errors import Problems, did_you_mean
from engine.said import Said, said
from engine.yaml12 import Node, YList, YMap, YScalar, read_yaml
from facts.import_files import Heading
from facts.mapping import (
    FOLDED,
    STEPS,
    TESTS,
    Cell,
    CellTest,
    Choose,
    ColumnMapping,
    Constant,
    FileMapping,
    ImportMapping,
    Join,
    Lookup,
    Product,
    SetAside,
    Step,
    TableMapping,
    Tests,
    Value,
)
from facts.tables import FACT_TABLES, own_columns

FOLDER = Path(__file__).parent / "mappings"

_SOURCES = ("from", "value", "join", "choose", "product", "lookup")
_NO_DELIMITERS = '"\r\n\0'


def mapping_names() -> tuple[str, ...]:
    """Return the names of the mappings that come with the program."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_mapping(path: Path) -> ImportMapping:
    """Read a mapping file.

    Raises:
        ProblemsError: with everything that is wrong in it.
    """
    problems = Problems()
    reader = _Reader(problems)
    mapping = reader.mapping(read_yaml(path), hashlib.sha256(path.read_bytes()).hexdigest())
    problems.raise_any()
    return mapping


class _Reader:
    """Read nodes into the model, noting what does not fit and going on with an empty value in its place."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._columns: dict[str, tuple[str, ...]] = {}  # the columns of each file

    def mapping(self, node: Node, digest: str) -> ImportMapping:
        entries = self._map(node, required=("mapping", "files", "tables"), optional=("title", "covers"))
        files = tuple(self._file(name, each) for name, each in self._named(entries.get("files")))
        tables = tuple(self._table(each) for each in self._items(entries.get("tables")))
        filled = [table.table for table in tables]
        self._filled_once(entries.get("tables"))
        covers = tuple(self._word(each, filled, said("filled table")) for each in self._items(entries.get("covers")))
        return ImportMapping(self._text(entries.get("mapping")), files, tables, covers, digest=digest)

    def _file(self, name: str, node: Node) -> FileMapping:
        entries = self._map(
            node,
            required=("match", "columns"),
            optional=("missing", "set_aside", "delimiter", "encoding", "optional", "facts"),
        )
        columns = self._texts(entries.get("columns"))
        facts = self._facts(entries.get("facts"), columns)
        self._columns[name] = (*columns, *(FOLDED if facts else ()))
        return FileMapping(
            name=name,
            match=self._texts(entries.get("match")),
            heading=Heading(columns),
            missing=("", *self._texts(entries.get("missing"))),
            set_aside=tuple(
                self._set_aside(each, self._columns[name]) for each in self._items(entries.get("set_aside"))
            ),
            delimiter=self._delimiter(entries.get("delimiter")),
            optional=self._flag(entries.get("optional")),
            facts=facts,
            encoding=self._encoding(entries.get("encoding")),
        )

    def _facts(self, node: Node | None, columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        facts = tuple((column, self._text(each)) for column, each in self._named(node))
        for column, _ in facts:
            if column not in columns:
                self._unknown(node, column, columns, said("column"))
        for column in FOLDED:
            if column in columns:
                what = said("the file has a column `{column}` already, and `facts` makes one.", column=column)
                self._problems.add(
                    node.at, "mapping-shape", what, said("Map `{column}` without `facts`.", column=column)
                )
        return facts

    def _delimiter(self, node: Node | None) -> str:
        mark = self._text(node) or ","
        if node is not None and (len(mark) != 1 or mark in _NO_DELIMITERS):
            message = said("`{mark}` cannot stand between cells.", mark=mark)
            self._problems.add(node.at, "mapping-shape", message, said("Give one character, such as ;."))
            return ","
        return mark

    def _encoding(self, node: Node | None) -> str | None:
        if node is None:
            return None
        encoding = self._text(node)
        try:
            "".encode(encoding)
        except (LookupError, ValueError):
            what = said("`{encoding}` is no encoding.", encoding=encoding)
            self._problems.add(
                node.at, "mapping-shape", what, said("Give one such as `gb18030`, `windows-1252` or `utf-16`.")
            )
            return None
        return encoding

    def _set_aside(self, node: Node, columns: Sequence[str]) -> SetAside:
        entries = self._map(node, required=("reason", "when"))
        return SetAside(self._text(entries.get("reason")), self._tests(entries.get("when"), columns))

    def _table(self, node: Node) -> TableMapping:
        entries = self._map(
            node,
            required=("table", "file", "columns"),
            optional=("one_row_per_key", "repeats", "changes_only"),
        )
        table = self._word(entries.get("table"), FACT_TABLES, said("table"))
        file = self._word(entries.get("file"), self._columns, said("file"))
        columns = self._columns.get(file, ())
        mapped = tuple(
            self._column(target, each, columns)
            for target, each in self._named(entries.get("columns"))
            if self._is_target(table, target, each)
        )
        self._needed(table, mapped, node)
        return TableMapping(
            table,
            file,
            mapped,
            one_row_per_key=self._flag(entries.get("one_row_per_key")),
            repeats=self._flag(entries.get("repeats")),
            changes_only=self._flag(entries.get("changes_only")),
        )

    def _filled_once(self, node: Node | None) -> None:
        seen = set()
        for each in self._items(node):
            table = each.get("table") if isinstance(each, YMap) else None
            name = self._text(table)
            if table is not None and name in seen:
                message = said("`{name}` is filled a second time here.", name=name)
                self._problems.add(table.at, "table-filled-twice", message)
            seen.add(name)

    def _is_target(self, table: str, target: str, node: Node) -> bool:
        if table not in FACT_TABLES:
            return False
        known = [column.name for column in own_columns(FACT_TABLES[table])]
        if target not in known:
            self._unknown(node, target, known, said("column of {table}", table=table))
        return target in known

    def _needed(self, table: str, mapped: Sequence[ColumnMapping], node: Node) -> None:
        if table not in FACT_TABLES:
            return
        given = {column.target for column in mapped}
        for column in own_columns(FACT_TABLES[table]):
            needed = not column.nullable and column.server_default is None
            if needed and column.name not in given:
                message = said("{table} needs '{column}', which is not mapped.", table=table, column=column.name)
                self._problems.add(node.at, "column-not-mapped", message)

    def _column(self, target: str, node: Node, columns: Sequence[str]) -> ColumnMapping:
        if isinstance(node, YScalar):
            return ColumnMapping(target, Cell(self._word(node, columns, said("column"))))
        entries = self._map(node, optional=(*_SOURCES, *STEPS, "take"))
        sources = [name for name in _SOURCES if name in entries]
        if len(sources) != 1:
            self._problems.add(node.at, "mapping-shape", said("name one source: {words}.", words=_SOURCES))
            return ColumnMapping(target, Constant(""))
        take = entries.get("take")
        return ColumnMapping(
            target,
            self._value(sources[0], entries[sources[0]], columns),
            tuple(step for name, each in entries.items() if name in STEPS if (step := self._step(name, each))),
            self._word(take, ("first", "min", "max"), said("way to take one")) if take else "first",
        )

    def _value(self, source: str, node: Node, columns: Sequence[str]) -> Value:
        match source:
            case "from":
                return Cell(self._word(node, columns, said("column")))
            case "value":
                return Constant(self._text(node))
            case "join":
                return self._join(node, columns)
            case "choose":
                return self._choose(node, columns)
            case "product":
                entries = self._map(node, required=("of",), optional=("less_discount",))
                return Product(
                    tuple(self._word(each, columns, said("column")) for each in self._items(entries.get("of"))),
                    tuple(
                        self._word(each, columns, said("column")) for each in self._items(entries.get("less_discount"))
                    ),
                )
        return self._lookup(node, columns)

    def _join(self, node: Node, columns: Sequence[str]) -> Join:
        entries = self._map(node, required=("parts",), optional=("separator",))
        parts: list[Value] = []
        for part in self._items(entries.get("parts")):
            if isinstance(part, YMap):
                parts.append(Constant(self._text(self._map(part, required=("value",)).get("value"))))
            else:
                parts.append(Cell(self._word(part, columns, said("column"))))
        return Join(tuple(parts), self._text(entries.get("separator")))

    def _choose(self, node: Node, columns: Sequence[str]) -> Choose:
        entries = self._map(node, required=("cases",), optional=("otherwise",))
        cases = []
        for each in self._items(entries.get("cases")):
            case = self._map(each, required=("when", "value"))
            cases.append((self._tests(case.get("when"), columns), self._text(case.get("value"))))
        otherwise = entries.get("otherwise")
        return Choose(tuple(cases), self._text(otherwise) if otherwise else None)

    def _lookup(self, node: Node, columns: Sequence[str]) -> Lookup:
        entries = self._map(node, required=("file", "where", "is", "take"))
        file = self._word(entries.get("file"), self._columns, said("file"))
        there = self._columns.get(file, ())
        return Lookup(
            file,
            self._word(entries.get("where"), there, said("column")),
            self._word(entries.get("is"), columns, said("column")),
            tuple(self._word(each, there, said("column")) for each in self._items(entries.get("take"))),
        )

    def _step(self, name: str, node: Node) -> Step | None:
        """Return a step, or None if it is switched off."""
        match name:
            case "rename":
                return Step(name, pairs=tuple((key, self._text(value)) for key, value in self._named(node)))
            case "trim" | "upper" | "lower" | "comma" | "thousands" | "year":
                return Step(name) if self._flag(node) else None
            case "date":
                return Step(name, self._date_form(node))
            case "times":
                return Step(name, self._whole_number(node))
        return Step(name, self._text(node))

    def _date_form(self, node: Node) -> str:
        form = self._text(node)
        try:
            duckdb.execute("SELECT try_strptime('', ?)", [form])  # who reads the dates knows the forms
        except duckdb.InvalidInputException:
            what = said("`{form}` is no form of a date.", form=form)
            self._problems.add(
                node.at, "mapping-shape", what, said("Give one such as `%d.%m.%Y` or `%Y-%m-%d %H:%M:%S`.")
            )
        return form

    def _whole_number(self, node: Node) -> str:
        number = self._text(node)
        if not re.fullmatch("-?[0-9]{1,18}", number):
            what = said("`{number}` is no whole number to multiply with.", number=number)
            self._problems.add(node.at, "mapping-shape", what, said('Give one such as "1000".'))
        return number

    def _tests(self, node: Node | None, columns: Sequence[str]) -> Tests:
        return tuple(self._test(column, each, columns) for column, each in self._named(node))

    def _test(self, column: str, node: Node, columns: Sequence[str]) -> CellTest:
        if column not in columns:
            self._unknown(node, column, columns, said("column"))
        if isinstance(node, YScalar):
            return CellTest(column, self._word(node, ("missing", "present"), said("test")))
        entries = self._map(node, optional=TESTS)
        if len(entries) != 1:
            self._problems.add(node.at, "mapping-shape", said("name one test: {words}.", words=TESTS))
            return CellTest(column, "missing")
        kind, texts = next(iter(entries.items()))
        return CellTest(column, kind, self._texts(texts))

    # --- shapes ---

    def _map(self, node: Node, required: Sequence[str] = (), optional: Sequence[str] = ()) -> dict[str, Node]:
        if not isinstance(node, YMap):
            self._problems.add(node.at, "mapping-shape", said("a mapping of names to values belongs here."))
            return {}
        entries = {}
        for key, value in node.entries:
            if key.text in required or key.text in optional:
                entries[key.text] = value
            else:
                self._unknown(key, key.text, (*required, *optional), said("key"))
        for name in required:
            if name not in entries:
                self._problems.add(node.at, "key-missing", said("`{name}` is missing here.", name=name))
        return entries

    def _named(self, node: Node | None) -> Iterator[tuple[str, Node]]:
        if node is None:
            return
        if not isinstance(node, YMap):
            self._problems.add(node.at, "mapping-shape", said("a mapping of names to values belongs here."))
            return
        for key, value in node.entries:
            yield key.text, value

    def _items(self, node: Node | None) -> tuple[Node, ...]:
        if node is None:
            return ()
        return node.items if isinstance(node, YList) else (node,)

    def _texts(self, node: Node | None) -> tuple[str, ...]:
        return tuple(self._text(item) for item in self._items(node))

    def _text(self, node: Node | None) -> str:
        if node is None or isinstance(node, YScalar):
            return "" if node is None else node.text
        self._problems.add(node.at, "mapping-shape", said("a single text belongs here."))
        return ""

    def _flag(self, node: Node | None) -> bool:
        if node is None:
            return False
        if isinstance(node, YScalar) and isinstance(node.value, bool):
            return node.value
        self._problems.add(node.at, "mapping-shape", said("true or false belongs here."))
        return False

    def _word(self, node: Node | None, known: Collection[str], what: Said) -> str:
        word = self._text(node)
        if node is not None and word not in known:
            self._unknown(node, word, tuple(known), what)
        return word

    def _unknown(self, node: Node, word: str, known: Sequence[str], what: Said) -> None:
        hint = did_you_mean(word, known) or said("Known: {words}.", words=list(known))
        self._problems.add(node.at, "unknown-word", said("`{word}` is no {what}.", word=word, what=what), hint)
