"""Tables to look at and to take along: as parts of pages, as CSV, and as XLSX. No cell is ever a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets would carry out."""

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\']")
_LONGEST_TITLE = 31


@dataclass(frozen=True, slots=True)
class Cell:
    """A text or a number, and on pages the address that it leads to."""

    value: str | int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its title; the first column says what a row is about."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def as_csv(sheet: Sheet) -> bytes:
    """Return a table as CSV, in UTF-8 with the mark by which spreadsheets know it; texts like formulas are quoted."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    for row in (sheet.header, *([cell.value for cell in row] for row in sheet.rows)):
        writer.writerow([_harmless(value) for value in row])
    return written.getvalue().encode("utf-8-sig")


def _harmless(value: str | int) -> str | int:
    """Return a text so that spreadsheets take it for one: with an apostrophe where it looks like a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return tables as a workbook, a sheet each. Every text is written as text, so that none can be a formula."""
    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as workbook:
        heading = workbook.add_format({"bold": True})
        for number, sheet in enumerate(sheets, 1):
            written = workbook.add_worksheet(_title(sheet, number))
            written.freeze_panes(1, 0)
            for column, text in enumerate(sheet.header):
                written.write_string(0, column, _printable(text), heading)
            for line, row in enumerate(sheet.rows, 1):
                for column, cell in enumerate(row):
                    if isinstance(cell.value, int):
                        written.write_number(line, column, cell.value)
                    else:
                        written.write_string(line, column, _printable(cell.value))
            written.autofit()
    return content.getvalue()


def _title(sheet: Sheet, number: int) -> str:
    """Return a title that spreadsheets take, unlike every other; what is too long ends with a whole word."""
    title = f"{number} {_NOT_IN_A_TITLE.sub(' ', _printable(sheet.title))}".strip()
    if len(title) <= _LONGEST_TITLE:
        return title
    words = title[: _LONGEST_TITLE + 1].rpartition(" ")[0]
    return words.strip() if " " in words else title[:_LONGEST_TITLE]


def _printable(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _NOT_IN_XML.sub("", text)
