"""Workbooks that would take the process down are refused before they are read."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter

from common.table_book import SheetError, read_book
from facts import workbooks
from facts.import_files import Heading, UnusableFileError, read_rows

HEADING = Heading(("key",))


def written(path: Path, cells: dict[tuple[int, int], str], *, formatted: tuple[int, int] | None = None) -> Path:
    """Write a workbook with texts in the cells of these rows and columns, and perhaps one that is only formatted."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for (row, column), text in cells.items():
        sheet.write_string(row, column, text)
    if formatted is not None:
        sheet.write_blank(*formatted, None, book.add_format({"bold": True}))
    book.close()
    return path


def test_a_stray_cell_far_off_is_told(tmp_path: Path) -> None:
    """The message says how far the cells reach, in imports and in tables that come back."""
    path = written(tmp_path / "far.xlsx", {(0, 0): "key", (1, 0): "C-1", (1_048_575, 16_383): "x"})
    said = "its cells reach to column XFD and row 1,048,576"
    with pytest.raises(UnusableFileError, match=said):
        list(read_rows(path, HEADING))
    with pytest.raises(SheetError, match=said):
        read_book(path)


@pytest.mark.parametrize("name", ["A99999999999", "ZZZZZZZ2"])
def test_a_cell_that_no_sheet_can_have_is_told(tmp_path: Path, name: str) -> None:
    """A row or a column beyond the last one is as far off."""
    path, bent = written(tmp_path / "whole.xlsx", {(0, 0): "key", (1, 0): "C-1"}), tmp_path / "bent.xlsx"
    with ZipFile(path) as whole, ZipFile(bent, "w") as book:
        for part in whole.namelist():
            book.writestr(part, whole.read(part).replace(b'r="A2"', f'r="{name}"'.encode()))
    with pytest.raises(UnusableFileError, match="its cells reach to column"):
        list(read_rows(bent, HEADING))


def test_a_format_far_off_is_no_cell(tmp_path: Path) -> None:
    """What is only formatted takes no memory, and the rest is read."""
    path = written(tmp_path / "far.xlsx", {(0, 0): "key", (1, 0): "C-1"}, formatted=(1_048_575, 16_383))
    (batch,) = read_rows(path, HEADING)
    assert batch.column("key").to_pylist() == ["C-1"]


def test_a_sheet_that_is_formatted_to_its_end_is_read(tmp_path: Path) -> None:
    """Neither rows that are hidden or formatted nor a cell's format make a sheet longer, of however many columns."""
    path = tmp_path / "formatted.xlsx"
    with xlsxwriter.Workbook(path) as book:
        bold, sheet = book.add_format({"bold": True}), book.add_worksheet()
        for column in range(60):
            sheet.write_row(0, column, ["key" if not column else f"column {column}"])
        sheet.write_row(1, 0, ["C-1", 'as in r="ZZZ9999999"'])
        sheet.set_row(1_048_573, None, None, {"hidden": True})
        sheet.set_row(1_048_574, 30, bold)
        sheet.write_blank(1_048_575, 0, None, bold)
    (batch,) = read_rows(path, HEADING)
    assert batch.column("key").to_pylist() == ["C-1"]


def test_a_cell_that_lies_across_two_pieces_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a piece of a sheet ends."""
    path = written(tmp_path / "far.xlsx", {(0, 0): "key", (1, 0): "C-1", (1_048_575, 16_383): "x"})
    for size in (7, 64, 101):
        monkeypatch.setattr(workbooks, "_CHUNK", size)
        fault = workbooks.fault_of(path)
        assert (fault is not None and "column XFD and row 1,048,576" in fault.why, size) == (True, size)


def test_a_long_or_a_wide_sheet_is_read(tmp_path: Path) -> None:
    """Neither the last row alone nor the last column alone is too far."""
    for name, place in (("long.xlsx", (1_048_575, 0)), ("wide.xlsx", (1, 16_383))):
        assert workbooks.fault_of(written(tmp_path / name, {(0, 0): "key", place: "C-1"})) is None


def test_what_unpacks_to_too_much_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size that a workbook has unpacked is what counts, whatever its file's."""
    monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 1 << 20)
    path = written(tmp_path / "bomb.xlsx", {(0, 0): "key"})
    with ZipFile(path, "a", ZIP_DEFLATED) as book:
        book.writestr("xl/media/image1.bin", bytes(2 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(UnusableFileError, match="it unpacks to more than"):
        list(read_rows(path, HEADING))


def test_other_files_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    """A zip file of something else and a torn workbook are told apart."""
    other, torn = tmp_path / "other.xlsx", tmp_path / "torn.xlsx"
    content = io.BytesIO()
    with ZipFile(content, "w") as book:
        book.writestr("content.xml", "<x/>")
    other.write_bytes(content.getvalue())
    whole = bytearray(written(tmp_path / "whole.xlsx", {(0, 0): "key"}).read_bytes())
    whole[60:90] = bytes(30)
    torn.write_bytes(whole)
    for path, said in ((other, "it is no XLSX workbook"), (torn, "it is damaged")):
        with pytest.raises(UnusableFileError, match=f"{said}. Save it again as XLSX."):
            list(read_rows(path, HEADING))
