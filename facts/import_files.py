"""Reading CSV, Parquet and XLSX files as rows of text, in batches, so that memory stays bounded.

Every format gives the same: the row's number, its cells as text under their headings, and what is wrong with the
row as a whole, if anything. What the cells mean is decided later.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import did_you_mean
from engine.said import Said, packed, said
from facts.database import StoreError
from facts.workbook_cells import read_sheets
from facts.workbooks import DAMAGED, fault_of

BATCH_ROWS = 20_000
MAX_CELL = 10_000
"""Characters; a longer cell is no fact but an accident, and is rejected before it reaches the database."""

_SAMPLE = 1 << 20
"""Bytes that are looked at to tell a file in another encoding from one with a few damaged cells."""

_TOP = 30
"""Rows among which the heading is looked for; above it programs write a title, a date, a filter."""

_DELIMITERS = {",": said("commas"), ";": said("semicolons"), "\t": said("tabs")}
"""What programs write between the cells of a CSV file; Excel writes semicolons where a comma is in numbers."""

ROW = "row number"
FAULT = "row fault"
"""The column with what is wrong with a row as a whole, as `engine.said.packed` makes it a text; null if nothing is."""

FORMATS = {".csv", ".parquet", ".xlsx"}


class UnusableFileError(StoreError):
    """Raised for a file that cannot be imported at all."""

    def __init__(self, path: Path, why: Said, hint: Said) -> None:
        super().__init__(said("{file} cannot be imported", file=path.name), why, hint)


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns that a file must have, and those that it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    others_allowed: bool = True

    def chosen_from(self, present: Sequence[str], path: Path) -> tuple[str, ...]:
        """Return the columns to read.

        Raises:
            UnusableFileError: if columns are missing, stand twice, or are not expected and may not be ignored.
        """
        twice = sorted({name for name in present if name and present.count(name) > 1})
        if twice:
            raise UnusableFileError(
                path, said("column {name!r} stands twice", name=twice[0]), said("Remove or rename one of them.")
            )
        missing = [name for name in self.required if name not in present]
        if missing:
            raise UnusableFileError(
                path,
                said(
                    "it has no column {missing}; it has {present}",
                    missing=[repr(name) for name in missing],
                    present=[repr(name) for name in present],
                ),
                did_you_mean(missing[0], present)
                or said("Check that this is the file that is meant, and its heading."),
            )
        known = {*self.required, *self.optional}
        unknown = [name for name in present if name not in known]
        if unknown and not self.others_allowed:
            if not unknown[0]:
                place = said("column {number} has no heading", number=str(present.index("") + 1))
                raise UnusableFileError(path, place, said("Write what it holds above it, or remove the column."))
            raise UnusableFileError(
                path,
                said("column {name!r} is not expected", name=unknown[0]),
                did_you_mean(unknown[0], known) or said("Remove it."),
            )
        return tuple(name for name in present if name in known)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state(path: Path) -> tuple[int, ...]:
    """Return by what it is seen that somebody wrote to a file, or put another one into its place."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def read_rows(
    path: Path, heading: Heading, delimiter: str = ",", encoding: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a file in batches with the columns of the heading, `ROW` and `FAULT`.

    Rows are numbered as a spreadsheet shows them; in Parquet, which has no heading row, from 1. What stands above the
    heading, such as a title, is passed over.

    Args:
        path: the file.
        heading: the columns.
        delimiter: what stands between the cells of a CSV file.
        encoding: the one of a CSV file, as Python calls it; UTF-8 if nobody says, or if the file begins by saying so.

    Raises:
        UnusableFileError: if the file is not of a known format, empty, damaged, or has other columns.
    """
    match path.suffix.lower():
        case ".csv":
            return _read_csv(path, heading, delimiter, encoding)
        case ".parquet":
            return _read_parquet(path, heading)
        case ".xlsx":
            return _read_xlsx(path, heading)
    raise UnusableFileError(path, said("its format is not known"), said("Use one of {words}.", words=sorted(FORMATS)))


# --- CSV ---


def _read_csv(path: Path, heading: Heading, delimiter: str, encoding: str | None) -> Iterator[pa.RecordBatch]:
    written_in = _encoding(path, encoding)
    csv.field_size_limit(100_000_000)
    with io.TextIOWrapper(_opened(path), written_in, errors="surrogateescape", newline="") as text:
        records = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            top = list(islice(records, _TOP))
            if not any(map(any, top)):
                raise UnusableFileError(path, said("it is empty"), said("Export it again."))
            at = _heading_in(top, heading)
            for record in top:
                _check_delimiter(path, heading, record, delimiter)
            present = top[at]
            chosen = heading.chosen_from(present, path)
            yield from _batches(_numbered(chain(top[at + 1 :], records), len(present), at + 2), present, chosen)
        except csv.Error as error:
            raise UnusableFileError(
                path,
                said("it is not well-formed near line {line}: {words}", line=str(records.line_num), words=error),
                said("Look for a quotation mark that is opened and not closed."),
            ) from None
        except UnicodeError:
            why = said("it is not written in {encoding}", encoding=written_in)
            raise UnusableFileError(path, why, said("Correct `encoding` in the mapping.")) from None


def _heading_in(top: Sequence[Sequence[str]], heading: Heading) -> int:
    """Return which of the first rows is the heading: the first with all columns, else the first of all."""
    wanted = {*heading.required}
    return next((at for at, row in enumerate(top) if wanted <= {*row}), 0)


def _encoding(path: Path, given: str | None) -> str:
    """Return in which encoding a CSV file is to be read.

    Raises:
        UnusableFileError: if nobody says and it is not UTF-8.
    """
    with _opened(path) as file:
        says_utf8 = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    if given is not None and not says_utf8:
        return given
    _check_encoding(path)
    return "utf-8-sig"


def _check_delimiter(path: Path, heading: Heading, present: Sequence[str], delimiter: str) -> None:
    """Check that what stands between a file's cells is what is read as that, by its heading.

    Such a file is not read nevertheless: where Excel writes semicolons, it writes commas into numbers.

    Raises:
        UnusableFileError: if the heading has the columns only when it is parted by another mark.
    """
    for other in {*_DELIMITERS} - {delimiter}:
        line = " ".join(delimiter.join(present).splitlines())  # a cell may have several
        parted = next(csv.reader([line], delimiter=other))
        if len(present) < len(parted) and {*heading.required} <= {*parted}:
            raise UnusableFileError(
                path,
                said(
                    "{found} stand between its cells, not {wanted}",
                    found=_DELIMITERS[other],
                    wanted=_DELIMITERS.get(delimiter, repr(delimiter)),
                ),
                said(
                    "Save it as XLSX, which has no such marks, or as CSV with the others; "
                    "mind that numbers have a decimal point."
                ),
            )


def _check_encoding(path: Path) -> None:
    """Check that a file as a whole is UTF-8; damaged cells in a file that is are found row by row.

    Raises:
        UnusableFileError: if its heading is in another encoding, or most lines that are not plain ASCII are.
    """
    with _opened(path) as file:
        sample: bytes = file.read(_SAMPLE)
    heading, *lines = sample.splitlines() or [b""]
    if len(sample) == _SAMPLE:
        lines = lines[:-1]  # cut off, perhaps within a character
    sound = [_is_utf8(line) for line in lines if not line.isascii()]
    is_utf16 = sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in heading
    if is_utf16 or not _is_utf8(heading) or sound.count(False) > max(1, sound.count(True)):
        raise UnusableFileError(
            path,
            said("it is written in UTF-16")
            if is_utf16
            else said("it is written in another encoding than UTF-8, such as GBK"),
            said(
                "Save it as CSV UTF-8 (in Excel: Save As, file type `CSV UTF-8`), "
                "or name its `encoding` in the mapping."
            ),
        )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _numbered(
    records: Iterable[Sequence[str]], width: int, first: int
) -> Iterator[tuple[int, Sequence[str], str | None]]:
    """Give records with their numbers and what is wrong with them; those without anything in them are passed over."""
    for number, record in enumerate(records, first):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) == width:
            yield number, record, None
        else:
            fault = said("has {number:,} {number:cell|cells} instead of {width}", number=len(record), width=str(width))
            yield number, [*record, *[""] * width][:width], packed(fault)


def _batches(
    rows: Iterator[tuple[int, Sequence[str], str | None]], present: Sequence[str], chosen: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    positions = [present.index(name) for name in chosen]
    while part := list(islice(rows, BATCH_ROWS)):
        numbers, records, faults = zip(*part, strict=True)
        columns = list(zip(*records, strict=True))
        cells = [columns[position] for position in positions]
        if any(map(_strange, cells)):
            faults = tuple(map(_cell_fault, faults, zip(*cells, strict=True)))
            cells = [tuple(map(_harmless, column)) for column in cells]
        arrays = [pa.array(column, pa.string()) for column in cells]
        yield _batch(pa.array(numbers, pa.int64()), pa.array(faults, pa.string()), chosen, arrays)


def _strange(cells: Sequence[str]) -> bool:
    """Return whether a cell is too long or has a character that no database takes; fast if none has."""
    joined = "".join(cells)
    return "\0" in joined or not _encodes(joined) or max(map(len, cells)) > MAX_CELL


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell_fault(fault: str | None, cells: Sequence[str]) -> str | None:
    if fault is not None:
        return fault
    if not all(map(_encodes, cells)):
        return packed(said("is in another encoding than the file"))
    if any("\0" in cell for cell in cells):
        return packed(said("has a NUL character"))
    if any(len(cell) > MAX_CELL for cell in cells):
        return packed(said("has a cell of more than {most:,} characters", most=MAX_CELL))
    return None


def _harmless(cell: str) -> str:
    """Return a cell of a rejected row in a form that can be shown."""
    return cell[:MAX_CELL].replace("\0", "").encode(errors="replace").decode()


_FORMULA = re.compile(r"[=@\t\r]|[-+](?![0-9.,]+$)")


def no_formula(cell: str | None) -> str | None:
    """Return a cell of somebody's file so that a spreadsheet computes nothing from it: with an apostrophe in front."""
    return f"'{cell}" if cell and _FORMULA.match(cell) else cell


# --- Parquet ---


def _read_parquet(path: Path, heading: Heading) -> Iterator[pa.RecordBatch]:
    try:
        with _opened(path) as source:
            file = pq.ParquetFile(source)
            chosen = heading.chosen_from(file.schema_arrow.names, path)
            if file.metadata.num_rows == 0:
                raise UnusableFileError(path, said("it is empty"), said("Export it again."))
            number = 1
            for batch in file.iter_batches(BATCH_ROWS, columns=list(chosen)):
                numbers = pa.array(range(number, number + len(batch)), pa.int64())
                number += len(batch)
                arrays = [batch.column(name).cast(pa.string()) for name in chosen]
                yield _checked(numbers, chosen, arrays)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UnusableFileError(path, said("it is damaged: {words}", words=error), said("Export it again.")) from None


def _checked(numbers: pa.Array, chosen: Sequence[str], arrays: list[pa.Array]) -> pa.RecordBatch:
    """Make a batch of text that is UTF-8 already, finding cells that are too long or hold a NUL."""
    import pyarrow.compute as pc

    strange = [
        column
        for column in arrays
        if (pc.max(pc.utf8_length(column)).as_py() or 0) > MAX_CELL or pc.any(pc.match_substring(column, "\0")).as_py()
    ]
    if not strange:
        return _batch(numbers, pa.nulls(len(numbers), pa.string()), chosen, arrays)
    rows = zip(*([cell or "" for cell in column.to_pylist()] for column in arrays), strict=True)
    faults = pa.array([_cell_fault(None, cells) for cells in rows], pa.string())
    cleaned = [
        pa.array([None if cell is None else _harmless(cell) for cell in column.to_pylist()], pa.string())
        for column in arrays
    ]
    return _batch(numbers, faults, chosen, cleaned)


# --- XLSX ---


def _read_xlsx(path: Path, heading: Heading) -> Iterator[pa.RecordBatch]:
    """Read all sheets that have the columns: large exports spread over several."""
    from python_calamine import CalamineError

    _opened(path).close()
    if fault := fault_of(path):
        raise UnusableFileError(path, fault.why, fault.hint)
    try:
        sheets = read_sheets(_opened(path))
    except CalamineError as error:
        raise UnusableFileError(path, said("it is damaged: {words}", words=error), DAMAGED) from None
    if not sheets:
        raise UnusableFileError(path, said("it is empty"), said("Export it again."))
    wanted = set(heading.required)
    tops = [list(sheet.texts(0, _TOP)) for sheet in sheets]
    found = [(sheet, top, _heading_in(top, heading)) for sheet, top in zip(sheets, tops, strict=True)]
    fitting = [each for each in found if wanted <= {*each[1][each[2]]}] or found[:1]
    for sheet, top, at in fitting:
        present = top[at]
        chosen = heading.chosen_from(present, path)
        first = sheet.empty_above + at + 2
        yield from _batches(_numbered(sheet.texts(at + 1), len(present), first), present, chosen)


def _batch(numbers: pa.Array, faults: pa.Array, chosen: Sequence[str], arrays: Sequence[pa.Array]) -> pa.RecordBatch:
    return pa.record_batch([numbers, faults, *arrays], names=[ROW, FAULT, *chosen])


def _opened(path: Path) -> Any:
    if path.exists() and not path.is_file():
        why = said("it is a folder") if path.is_dir() else said("it is no ordinary file")  # a pipe may never end
        raise UnusableFileError(path, why, said("Give the name of a file."))
    try:
        return path.open("rb")
    except OSError as error:
        raise UnusableFileError(
            path, said("it cannot be read: {why}", why=error.strerror), said("Check the path.")
        ) from None
