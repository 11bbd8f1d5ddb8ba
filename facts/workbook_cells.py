"""The cells of a workbook as a CSV file would have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO, NamedTuple


class Sheet(NamedTuple):
    """A sheet's rows from the first on that has something in it, and how many are empty above that."""

    rows: Sequence[Sequence[object]]
    empty_above: int

    def texts(self, first: int, end: int | None = None) -> Iterator[list[str]]:
        """Yield rows as texts, counted from the first that has something in it."""
        return ([_text(cell) for cell in row] for row in self.rows[first:end])


def read_sheets(file: BinaryIO) -> list[Sheet]:
    """Return the sheets of a workbook that have something in them.

    Raises:
        python_calamine.CalamineError: if the file is damaged.
    """
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(file)
    sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    return [Sheet(sheet.to_python(), sheet.start[0]) for sheet in sheets if sheet.start is not None]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else _shown_number(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _shown_number(number: float) -> str:
    """Return a number with the 15 digits that a spreadsheet shows: what it computed, 0.1 + 0.2, has more."""
    return format(Decimal(f"{number:.15g}"), "f")
