"""Whether a workbook can be read at all: one that takes more memory than there is ends the whole process.

The library that reads workbooks lays each sheet out as one field, from its first cell to its last. A stray cell far off
makes that as large as what a hostile file unpacks to.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile

from engine.said import Said, said

LARGEST_UNPACKED = 2 << 30
"""Bytes of all parts of a workbook together."""

LARGEST_SHEET = 60_000_000
"""Cells of a sheet up to its last column and row: all rows that a sheet can have, of 57 columns."""

_CHUNK = 4 << 20
_LONGEST_TAG = 1 << 16
"""Bytes; where a chunk ends within a tag, the tag is looked at with the next chunk."""

_NARROW = 52
"""Columns up to AZ, which are not looked for one by one."""

# Of cells that are empty, and only formatted, the library takes no notice.
_FILLED = rb"""r\s*=\s*["']([A-Z]{1,20})([0-9]{1,20})["'](?![^<>]{0,40}/>)"""
_CELL = re.compile(rb"<(?:\w{1,20}:)?c\s(?:[^<>]{0,200}\s)?" + _FILLED)
# Whatever attribute it is: to look for the name of each costs more than all the rest.
_WIDE = re.compile(rb"""=\s*["']([B-Z][A-Z]|[A-Z]{3,20})([0-9]{1,20})["'](?![^<>]{0,40}/>)""")
_NAME = re.compile(rb"""r\s*=\s*["'][A-Z]{0,20}([0-9]{1,20})["']""")

DAMAGED = said("Save it again as XLSX.")
TOO_FAR = said("Delete what stands far off (Ctrl+End leads there) and save it again as XLSX, or save it as CSV.")
TOO_LARGE = said("Save it in several parts, or as CSV.")


class Fault(NamedTuple):
    """Why a workbook cannot be read, and what to do about it."""

    why: Said
    hint: Said


def fault_of(path: Path) -> Fault | None:
    """Return why a workbook cannot be read, None if nothing is known against it."""
    if not is_zipfile(path):
        return None  # of the older kind, in which a sheet cannot be large; or none, which who reads it says
    try:
        with ZipFile(path) as book:
            if not any(name.replace("\\", "/").lower() == "xl/workbook.xml" for name in book.namelist()):
                return Fault(said("it is no XLSX workbook"), DAMAGED)
            if sum(part.file_size for part in book.infolist()) > LARGEST_UNPACKED:  # more than it says is damage
                return Fault(said("it unpacks to more than {size} GiB", size=LARGEST_UNPACKED >> 30), TOO_LARGE)
            return next(filter(None, (_too_far(book, part) for part in book.namelist())), None)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return Fault(said("it is damaged"), DAMAGED)


def _too_far(book: ZipFile, part: str) -> Fault | None:
    """Return what is wrong with a sheet whose filled cells lie too far apart."""
    if not _may_be_large(book, part):
        return None
    column, row = _extent(book, part)
    if column * row <= LARGEST_SHEET:
        return None
    where = {"column": _letters(column), "row": f"{row:,}"}
    return Fault(said("its cells reach to column {column} and row {row}, most of them empty", **where), TOO_FAR)


def _may_be_large(book: ZipFile, part: str) -> bool:
    """Return whether a part may be a sheet that is too large, in a quick look that takes formats for cells, too."""
    width = _NARROW
    for seen in _pieces(book, part):
        width = max([width, *(_number(found[1]) for found in _WIDE.finditer(seen))])
        if width * _last_row(seen) > LARGEST_SHEET:
            return True
    return False


def _extent(book: ZipFile, part: str) -> tuple[int, int]:
    """Return the last column and the last row of the filled cells of a sheet."""
    column = row = 1
    for seen in _pieces(book, part):
        for found in _CELL.finditer(seen):
            column, row = max(column, _number(found[1])), max(row, int(found[2]))
    return column, row


def _pieces(book: ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part in pieces that end where a tag begins."""
    rest = b""
    with book.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            seen = rest + chunk
            cut = seen.rfind(b"<", max(0, len(seen) - _LONGEST_TAG))
            seen, rest = (seen[:cut], seen[cut:]) if cut >= 0 else (seen, b"")
            yield seen
    yield rest


def _last_row(seen: bytes) -> int:
    """Return the last row that is named in a piece of a sheet; rows stand in their order."""
    end = len(seen)
    while (end := max(seen.rfind(b" r=", 0, end), seen.rfind(b" r =", 0, end))) >= 0:
        if found := _NAME.match(seen, end + 1):
            return int(found[1])
    return 1


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
