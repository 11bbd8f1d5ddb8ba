"""A decision table as a workbook: a sheet to work in, one that says what each column takes, and one about the file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.errors import Location, Problem, ProblemsError
from engine.said import Said, said
from facts.workbooks import fault_of

ABOUT = "valuelift table"
"""What the first cell of the sheet about the file says."""

MORE_ROWS = 200
"""Rows below the last one that offer what can be chosen too."""

Cell = str | Decimal
_ID_ROW = 1
_WIDEST = 60
_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its id and title, what it takes in words, the members it offers with their titles, and its bounds.

    `strict`: a cell takes one of the members or a number within the bounds, and nothing else.
    """

    id: str
    title: str
    titles: tuple[str, str]
    takes: str
    members: Mapping[str, str]
    strict: bool = False
    numbers: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """What a workbook holds. `about` says by name what the file is, each with what that means."""

    names: tuple[str, str, str]
    hint: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    about: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: what the file is, the column ids with their places, and the rows' cells with theirs."""

    about: Mapping[str, str]
    header: Sequence[tuple[str, Location]]
    rows: Sequence[Sequence[tuple[str, Location]]]


class SheetError(ProblemsError):
    """Raised with all that is wrong in a workbook; a location's file names sheet and cell as well."""

    def __str__(self) -> str:
        told = (f"{one.location.file}: {one.message} {one.hint}".rstrip() + f" [{one.code}]" for one in self.in_order)
        return "\n".join(told)

    @property
    def in_order(self) -> list[Problem]:
        """The problems by line and column of the sheet."""
        return sorted(self.problems, key=lambda one: (one.location.line, one.location.column))


# --- writing ---


def as_xlsx(book: Book) -> bytes:
    """Return a workbook. Every text is written as text, so that none can be a formula."""
    from xlsxwriter import Workbook

    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as workbook:
        sheets = [workbook.add_worksheet(_NOT_IN_A_TITLE.sub(" ", name)[:31].strip()) for name in book.names]
        _write_rows(workbook, sheets[0], book)
        _write_columns(workbook, sheets[1], book)
        for number, (name, (value, meaning)) in enumerate([("", (ABOUT, "")), *book.about.items()]):
            for column, text in enumerate((name, value, meaning) if number else (ABOUT,)):
                sheets[2].write_string(number, column, text)
        sheets[2].autofit()
    return content.getvalue()


def _write_rows(workbook: Any, sheet: Any, book: Book) -> None:
    heading = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    grey = workbook.add_format({"font_color": "#8a8a8a", "font_size": 8, "bottom": 1})
    body = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.freeze_panes(_ID_ROW + 1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)  # as wide as a page when printed
    for place, column in enumerate(book.columns):
        sheet.write_string(0, place, column.title, heading)
        sheet.write_string(_ID_ROW, place, column.id, grey)
        written = [column.title, *(str(row[place]) for row in book.rows)]
        sheet.set_column(place, place, min(_WIDEST, max(map(_width, written)) + 2), body)
        rule = _offered(book, place, column)
        if rule is not None:
            sheet.data_validation(_ID_ROW + 1, place, _ID_ROW + len(book.rows) + MORE_ROWS, place, rule)
    for line, row in enumerate(book.rows, _ID_ROW + 1):
        for place, cell in enumerate(row):
            if isinstance(cell, Decimal) and Decimal(repr(float(cell))) == cell:
                sheet.write_number(line, place, float(cell), body)
            else:
                sheet.write_string(line, place, str(cell), body)


def _offered(book: Book, place: int, column: Column) -> dict[str, Any] | None:
    """Return what a spreadsheet offers and refuses in a column."""
    if column.members:
        from xlsxwriter.utility import xl_range_abs

        cells = xl_range_abs(5, 2 * place, 4 + len(column.members), 2 * place)
        rule: dict[str, Any] = {
            "validate": "list",
            "source": f"='{book.names[1]}'!{cells}",
            "show_error": column.strict,
        }
    elif column.numbers is not None:
        least, most = map(float, column.numbers)
        rule = {"validate": "decimal", "criteria": "between", "minimum": least, "maximum": most}
    else:
        return None
    return rule if column.strict else {**rule, "input_message": book.hint[:255]}


def _write_columns(workbook: Any, sheet: Any, book: Book) -> None:
    """Write for each column two: what it takes, and what the members mean."""
    bold = workbook.add_format({"bold": True})
    for place, column in enumerate(book.columns):
        for line, text in enumerate((column.id, *column.titles, column.takes)):
            sheet.write_string(line, 2 * place, text, bold if line == 0 else None)
        for line, (member, title) in enumerate(column.members.items(), 5):
            sheet.write_string(line, 2 * place, member)
            sheet.write_string(line, 2 * place + 1, title)
    sheet.autofit()
    sheet.freeze_panes(1, 0)


def _width(text: str) -> int:
    """Return how many letters wide a text is; Chinese signs are two."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


# --- reading ---


def read_book(path: Path) -> Read:
    """Read a workbook back.

    Raises:
        SheetError: if it is none, or none that `as_xlsx` wrote.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    if fault := fault_of(path):
        raise _unusable(
            path, said("this workbook cannot be read: {why}.", why=fault.why), said("Export the table anew.")
        )
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
    except CalamineError as error:
        raise _unusable(path, said("this is no workbook: {error}.", error=error), said("Save it as XLSX.")) from None
    about = next((sheet for sheet in sheets.values() if sheet and _text(sheet[0][0]) == ABOUT), None)
    table = next(((n, s) for n, s in sheets.items() if len(s) > _ID_ROW and _text(s[_ID_ROW][0]) == "id"), None)
    if about is None or table is None:
        raise _unusable(
            path,
            said("no sheet in it is a table with its ids, or none says which table."),
            said("Export the table anew."),
        )
    name, lines = table
    header = [(_text(cell), _place(path, name, _ID_ROW, place)) for place, cell in enumerate(lines[_ID_ROW])]
    while header and not header[-1][0]:
        header.pop()
    rows = [list(_row(path, name, number, line)) for number, line in enumerate(lines) if number > _ID_ROW]
    told = {_text(line[0]): _text(line[1]) for line in about if len(line) > 1}
    return Read(told, header, [row for row in rows if any(text.strip() for text, _ in row)])


def _row(path: Path, sheet: str, number: int, line: Sequence[object]) -> Iterator[tuple[str, Location]]:
    for place, cell in enumerate(line):
        yield _text(cell), _place(path, sheet, number, place)


def _place(path: Path, sheet: str, line: int, column: int) -> Location:
    """Return where a cell is; line and column keep the order of problems."""
    letters, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return Location(f"{path} {sheet}!{letters}{line + 1}", line + 1, column + 1)


def _text(cell: object) -> str:
    """Return a cell as one would write it in a rule file."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return str(int(cell)) if cell == int(cell) else f"{Decimal(repr(cell)):f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell).replace("\r\n", "\n")


def _unusable(path: Path, message: Said, hint: Said) -> SheetError:
    return SheetError([Problem(Location(str(path)), "unusable-workbook", message, hint)])
