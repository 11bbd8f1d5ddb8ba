"""Whether a workbook can be read at all: one that takes more memory than there is ends the whole process.

The library that reads workbooks lays each sheet out as one field, from its first cell to its last. A stray cell far off
makes that as large as what a hostile file unpacks to.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

LARGEST_UNPACKED = 2 << 30
"""Bytes of all parts of a workbook together."""

LARGEST_SHEET = 60_000_000
"""Cells between the first and the last one of a sheet: all rows that a sheet can have, of 57 columns."""

_CHUNK = 4 << 20
_OVERLAP = 64
"""Bytes of a chunk that are looked at again with the next one, so that no cell's name is cut in two."""

_NARROW = 52
"""Columns up to AZ, which are not looked for one by one."""

_NAME = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,20})([0-9]{1,20})["']""")
# Of cells that are empty, and only formatted, the library takes no notice.
_WIDE = re.compile(rb"""\br\s*=\s*["']([B-Z][A-Z]|[A-Z]{3,20})([0-9]{1,20})["'](?![^>]{0,40}/>)""")


def fault_of(path: Path) -> str | None:
    """Return why a workbook cannot be read, None if nothing is known against it."""
    if not is_zipfile(path):
        return None  # of the older kind, in which a sheet cannot be large; or none, which who reads it says
    try:
        with ZipFile(path) as book:
            if not any(name.replace("\\", "/").lower() == "xl/workbook.xml" for name in book.namelist()):
                return "it is no XLSX workbook"
            if sum(part.file_size for part in book.infolist()) > LARGEST_UNPACKED:  # more than it says is damage
                return f"it unpacks to more than {LARGEST_UNPACKED >> 30} GiB"
            return next((fault for part in book.namelist() for fault in _faults(book, part)), None)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return "it is damaged"


def _faults(book: ZipFile, part: str) -> Iterator[str]:
    """Yield what is wrong with a sheet."""
    width, rest = _NARROW, b""
    with book.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            seen = rest + chunk
            width = max([width, *(_number(found[1]) for found in _WIDE.finditer(seen))])
            height = _last_row(seen)
            if width * height > LARGEST_SHEET:
                yield f"its cells reach to column {_letters(width)} and row {height:,}, most of them empty"
            rest = seen[-_OVERLAP:]


def _last_row(seen: bytes) -> int:
    """Return the row of the last cell in a piece of a sheet; rows stand in their order."""
    end = len(seen)
    while (end := max(seen.rfind(b" r=", 0, end), seen.rfind(b" r =", 0, end))) >= 0:
        if found := _NAME.match(seen, end + 1):
            return int(found[2])
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
