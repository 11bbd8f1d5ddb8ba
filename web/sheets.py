"""Tables to look at and to take along: as parts of pages, as CSV, and as XLSX. No cell is ever a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets would carry out."""

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\']")
_LONGEST_TITLE = 31

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


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
    """Return tables as a workbook, a sheet each. Every text is marked as text, so that none can be a formula."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(sheets):
            archive.writestr(zipfile.ZipInfo(name), _HEAD + text)
    return content.getvalue()


def _parts(sheets: Sequence[Sheet]) -> Iterator[tuple[str, str]]:
    """Yield the files that a workbook is made of."""
    places = [f"worksheets/sheet{number}.xml" for number in range(1, len(sheets) + 1)]
    kinds = "".join(f'<Override PartName="/xl/{place}" ContentType="{_KIND}.worksheet+xml"/>' for place in places)
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{kinds}</Types>'
    )
    yield "[Content_Types].xml", types
    yield "_rels/.rels", _related([("officeDocument", "xl/workbook.xml")])
    yield "xl/_rels/workbook.xml.rels", _related([("worksheet", place) for place in places])
    listed = "".join(
        f'<sheet name={_quoted(_title(sheet, number))} sheetId="{number}" r:id="r{number}"/>'
        for number, sheet in enumerate(sheets, 1)
    )
    yield "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    for place, sheet in zip(places, sheets, strict=True):
        yield f"xl/{place}", _worksheet(sheet)


def _related(found: Sequence[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(found, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _worksheet(sheet: Sheet) -> str:
    rows = (tuple(map(Cell, sheet.header)), *sheet.rows)
    written = "".join(f"<row>{''.join(_cell(cell.value) for cell in row)}</row>" for row in rows)
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>'


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_NOT_IN_XML.sub("", value))}</t></is></c>'


def _title(sheet: Sheet, number: int) -> str:
    """Return a title that spreadsheets take, unlike every other."""
    return f"{number} {_NOT_IN_A_TITLE.sub(' ', _NOT_IN_XML.sub('', sheet.title))}"[:_LONGEST_TITLE].strip()


def _quoted(text: str) -> str:
    return '"' + escape(text, {'"': "&quot;"}) + '"'
