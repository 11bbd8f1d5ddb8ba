"""Decision tables of a pack taken out into spreadsheets, and brought back with all that was changed there."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from common.table_book import Book, Cell, Column, Read, SheetError
from common.table_cells import flow, read_test, same, shown, word
from common.table_edit import UneditableError, edited
from common.table_rows import BECAUSE, ID, LANGUAGES, Columns, Row, read_row, rows_of, with_rows
from common.texts import Texts
from engine.compile import compile_pack
from engine.errors import Location, Problems, ProblemsError, did_you_mean
from engine.load.layers import Layers
from engine.load.names import Names
from engine.load.pack import Parts, load_parts, pack_from_parts
from engine.model import Pack, Table
from engine.said import said
from engine.vocabulary import Fact, Type
from engine.yaml12 import YMap, YScalar
from wiring import catalogue


class ExchangeError(Exception):
    """Raised when a table cannot be taken out or brought back; carries the name of a text and what fills it in."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text)
        self.text, self.values = text, values


@dataclass(frozen=True)
class TableFile:
    """A decision table in a pack's files.

    Raises:
        ProblemsError: if the pack cannot be used.
        ExchangeError: if it has no such table.
    """

    folder: Path
    id: str

    @cached_property
    def parts(self) -> Parts:
        """What the pack is made of."""
        return load_parts(self.folder, catalogue())

    @cached_property
    def pack(self) -> Pack:
        """The pack, which has no errors."""
        return pack_from_parts(self.parts)

    @cached_property
    def node(self) -> YMap:
        """The table as its file says it."""
        tables = self.parts.items["tables"]
        node = tables.get(self.id) if self.pack else None
        if not isinstance(node, YMap):
            raise ExchangeError("table_unknown", table=self.id, hint=did_you_mean(self.id, tables))
        return node

    @cached_property
    def table(self) -> Table:
        """The table as it was read."""
        return next(table for table in self.pack.tables if self.node and table.id == self.id)

    @cached_property
    def pack_digest(self) -> str:
        """The digest of the pack."""
        return compile_pack(self.pack).stamp.digest

    @cached_property
    def columns(self) -> Columns:
        """The table's columns."""
        return Columns.of(self.node)

    @cached_property
    def rows(self) -> list[Row]:
        """The table's rows."""
        return [read_row(row, self.columns.inputs) for row in rows_of(self.node)]

    @property
    def digest(self) -> str:
        """A digest of what the table says."""
        return hashlib.sha256(flow(self.node).encode()).hexdigest()

    def fact(self, name: str) -> Fact | None:
        """Return the fact that a column is about, or None."""
        names = Names(self.pack.vocabulary, {}, Problems(), Layers())
        at = self.node.at
        return names.fact(word(name, at), self.table.each) or names.fact(word(name.removeprefix("customer."), at), None)


# --- out ---


def as_book(file: TableFile, language: str) -> Book:
    """Return a table as a workbook to be written, in a language."""
    texts = Texts(language)
    about = {
        "table": file.id,
        "title": file.table.title[language],
        "hit": f"{file.table.hit} {file.table.collect or ''}".strip(),
        "pack": f"{file.pack.name} {file.pack.version}",
        "pack digest": file.pack_digest,
        "digest": file.digest,
    }
    return Book(
        names=(texts("table_sheet"), texts("table_sheet_columns"), texts("table_sheet_about")),
        hint=texts("table_cell_hint"),
        columns=list(_columns(file, texts)),
        rows=[_cells(file, row) for row in file.rows],
        about={name: (value, texts(f"about_{name.replace(' ', '_')}")) for name, value in about.items()},
    )


def _columns(file: TableFile, texts: Texts) -> Iterator[Column]:
    english, chinese = Texts("en"), Texts("zh")

    def own(column: str, text: str) -> Column:
        return Column(column, texts(text), (english(text), chinese(text)), "", {})

    yield own(ID, "table_row_id")
    for kind, names in (("if", file.columns.tested), ("then", file.columns.outputs)):
        for name in names:
            yield _column(file, kind, name, texts)
    for language in LANGUAGES:
        yield own(f"{BECAUSE} {language}", f"because_{language}")


def _column(file: TableFile, kind: str, name: str, texts: Texts) -> Column:
    fact, vocabulary = file.fact(name), file.pack.vocabulary
    if fact is None:
        collection = vocabulary.collections.get(name)
        titles = (collection.title.en, collection.title.zh) if collection else (name, name)
        return Column(f"{kind} {name}", titles[texts.language == "zh"], titles, "", {})
    enum = vocabulary.enums.get(fact.enum or "")
    members = {member: enum.titles[member][texts.language] for member in enum.members} if enum else {}
    bounds = None if fact.least is None or fact.most is None else (fact.least, fact.most)
    takes = " ".join(filter(None, [str(fact.type), fact.unit, f"{bounds[0]} .. {bounds[1]}" if bounds else ""]))
    if fact.type is Type.FLAG:
        members = {"true": texts("table_flag_true"), "false": texts("table_flag_false")}
    is_output = kind == "then"
    numbers = bounds if is_output and fact.type in (Type.INTEGER, Type.NUMBER) else None
    titles = (fact.title.en, fact.title.zh)
    return Column(f"{kind} {name}", fact.title[texts.language], titles, takes, members, is_output, numbers)


def _cells(file: TableFile, row: Row) -> list[Cell]:
    values = (value.value if type(value.value) in (int, Decimal) else value.text for value in row.values)
    return [
        row.id.text,
        *(shown(row.tests.get(name)) for name in file.columns.tested),
        *(Decimal(value) if isinstance(value, int) else value for value in values if value is not None),
        *(row.because[language].text for language in LANGUAGES),
    ]


# --- back ---


@dataclass(frozen=True, slots=True)
class Back:
    """What a table becomes: its file's text before and after, and the ids of rows changed, added and removed."""

    path: Path
    before: str
    after: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def diff(self) -> str:
        """The edit as a unified diff."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(
            line if line.endswith("\n") else f"{line}\n"
            for line in difflib.unified_diff(before, after, str(self.path), str(self.path))
        )


def brought_back(file: TableFile, read: Read, force: bool = False) -> Back:
    """Return what a table becomes by what a workbook says; nothing is written.

    Raises:
        SheetError: with everything that is wrong in its cells.
        ExchangeError: if the table has changed since it was taken out (unless forced), belongs to another pack, or is
            laid out so that it cannot be edited.
    """
    if Path(file.node.at.file).parent.resolve() != file.folder.resolve():
        raise ExchangeError("table_inherited", table=file.id, file=file.node.at.file)
    if read.about.get("digest") != file.digest and not force:
        raise ExchangeError("table_changed", table=file.id)
    rows = _checked(file, read)
    path = Path(file.node.at.file)
    before = path.read_bytes().decode("utf-8-sig")
    if rows is file.rows:
        return Back(path, before, before, (), (), ())
    try:
        after = edited(before, file.node, file.columns.inputs, file.rows, rows)
    except UneditableError:
        raise ExchangeError("table_layout", table=file.id, file=str(path)) from None
    old, new = ({row.id.text: row for row in each} for each in (file.rows, rows))
    changed = tuple(name for name, row in new.items() if name in old and not _same_rows([row], [old[name]]))
    return Back(path, before, after, changed, tuple(new.keys() - old.keys()), tuple(old.keys() - new.keys()))


def _checked(file: TableFile, read: Read) -> list[Row]:
    """Return the rows of a workbook, which the loader and the compiler are content with."""
    problems = Problems()
    places = _header(file, read, problems)
    if problems.found:
        raise SheetError(problems.found)
    old = {row.id.text: row for row in file.rows}
    rows = [_row(file, places, cells, old, problems) for cells in read.rows]
    if not problems.found and _same_rows(rows, file.rows):
        return file.rows
    table = with_rows(file.node, [row.node(file.columns.inputs) for row in rows])
    tables = {**file.parts.items["tables"], file.id: table}
    try:
        compile_pack(pack_from_parts(replace(file.parts, items={**file.parts.items, "tables": tables})))
    except ProblemsError as error:
        problems.found.extend(error.problems)
    if problems.found:
        raise SheetError(problems.found)
    return rows


def _same_rows(ones: Sequence[Row], others: Sequence[Row]) -> bool:
    """Whether rows say the same, in the same order."""
    return len(ones) == len(others) and all(same(a.node(()), b.node(())) for a, b in zip(ones, others, strict=True))


def _header(file: TableFile, read: Read, problems: Problems) -> Mapping[str, int]:
    """Return where each column stands. Columns that ask something new are welcome; others are not."""
    known = file.columns.ids
    missing = set(known) - {column for column, _ in read.header}
    places: dict[str, int] = {}
    for place, (column, at) in enumerate(read.header):
        near = did_you_mean(column, missing)
        if column in places:
            message = said("the column `{column}` stands here a second time.", column=column)
            problems.add(at, "duplicate-column", message, said("Remove one."))
        elif column not in known and (near or not column.startswith("if ")):
            hint = near or said("For a new test write `if` and the fact.")
            problems.add(at, "unknown-column", said("there is no column `{column}`.", column=column), hint)
        places[column] = place
    for column in sorted(missing):
        at, put_back = read.header[0][1], said("Put it back, with its id below the title.")
        problems.add(at, "missing-column", said("the column `{column}` is missing.", column=column), put_back)
    return places


def _row(
    file: TableFile, places: Mapping[str, int], cells: Sequence[tuple[str, Location]], old: Mapping[str, Row],
    problems: Problems,
) -> Row:  # fmt: skip
    first = cells[0][1]

    def cell(column: str) -> tuple[str, Location]:
        return cells[places[column]] if places[column] < len(cells) else ("", first)

    for text, at in cells[len(places) :]:
        if text.strip():
            problems.add(at, "unknown-column", said("`{text}` stands in no column.", text=text), said("Remove it."))
    name, at = cell(ID)
    before = old.get(name.strip())
    tests = {
        column.removeprefix("if "): read_test(*cell(column), problems) for column in places if column.startswith("if ")
    }
    if before is not None:  # what says the same stays as it is written
        tests = {key: was if _alike(was := before.tests.get(key), test) else test for key, test in tests.items()}
        tests = {**{key: tests[key] for key in before.tests if key in tests}, **tests}
    asked = {key for key, test in tests.items() if test is not None}
    is_list = bool(file.columns.inputs) if before is None else before.listed
    values = [word(text.strip(), at) for text, at in (cell(f"then {key}") for key in file.columns.outputs)]
    reasons = {
        language: YScalar(*(cell(f"{BECAUSE} {language}")[0],) * 2, cell(f"{BECAUSE} {language}")[1])
        for language in LANGUAGES
    }
    if before is not None:
        values = [
            was if same(was, now) or was.text == now.text else now
            for was, now in zip(before.values, values, strict=True)
        ]
        reasons = {key: was if was.text == reasons[key].text else reasons[key] for key, was in before.because.items()}
    return Row(word(name.strip(), at), tests, values, reasons, first, is_list and asked <= set(file.columns.inputs))


def _alike(one: object, other: object) -> bool:
    return one is other if one is None or other is None else same(one, other)  # type: ignore[arg-type]
