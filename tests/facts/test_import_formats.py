"""Files as programs write them: other encodings, titles above the heading, numbers with commas, points and signs."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from facts.database import StoreError
from facts.imports import ImportReport, import_files
from facts.store import Store
from tests.facts.test_imports import rows, write_xlsx
from tests.facts.test_workbooks import written as workbook

MAPPING = """
mapping: our-erp
files:
  bills:
    match: [bills*]
    columns: [单号, 客户, 金额]
    delimiter: ";"
    {encoding}
tables:
  - table: customers
    file: bills
    one_row_per_key: true
    columns: {{key: 客户, name: 客户, holds_from: {{value: "2025-01-01"}}}}
  - table: invoices
    file: bills
    columns:
      key: 单号
      customer: 客户
      holds_from: {{value: "2025-01-01"}}
      currency: {{value: EUR}}
      amount: {amount}
"""
HEADING = ("单号", "客户", "金额")


def bring(
    store: Store, path: Path, amount: str = "金额", encoding: str | None = None, rejects: Path | None = None
) -> ImportReport:
    """Import a file of invoices."""
    mapping = path.with_name("our-erp.yaml")
    said = "" if encoding is None else f"encoding: {encoding}"
    mapping.write_text(MAPPING.format(amount=amount, encoding=said), encoding="utf-8")
    return import_files(store, str(mapping), [path], user="ann", rejects_path=rejects)


def write(path: Path, lines: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    """Write a CSV file with semicolons."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=";").writerows(lines)
    return path


@pytest.mark.parametrize("encoding", ["gb18030", "GBK", "utf-16", "utf-8"])
def test_a_mapping_says_how_a_file_is_encoded(store: Store, tmp_path: Path, encoding: str) -> None:
    """Names come in as they are, also those of which the heading is made."""
    path = write(tmp_path / "bills.csv", [HEADING, ("R-1", "恒力机械", "12")], encoding)
    bring(store, path, encoding=encoding)
    assert rows(store, "customers", "name") == [("恒力机械",)]


def test_a_file_that_begins_by_saying_that_it_is_utf_8_is_read_so(store: Store, tmp_path: Path) -> None:
    """Somebody saved it once more from a spreadsheet; read as GBK the names would be other signs."""
    path = write(tmp_path / "bills.csv", [HEADING, ("R-1", "恒力", "12")], "utf-8-sig")
    bring(store, path, encoding="gb18030")
    assert rows(store, "customers", "name") == [("恒力",)]


def test_a_file_in_another_encoding_than_the_mapping_says_is_refused(store: Store, tmp_path: Path) -> None:
    """Nothing is stored; the message says what to correct."""
    path = write(tmp_path / "bills.csv", [HEADING, ("R-1", "恒力", "12")], "gb18030")
    with pytest.raises(StoreError, match=r"bills\.csv cannot be imported: it is not written in utf-16\. Correct"):
        bring(store, path, encoding="utf-16")
    assert rows(store, "customers", "name") == []


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_stands_above_the_heading_is_passed_over(store: Store, tmp_path: Path, suffix: str) -> None:
    """A title, a date and an empty row; rows are numbered as the spreadsheet shows them all the same."""
    lines = [("应收单", "", ""), ("制表：2026-11-28", "", ""), HEADING, ("R-1", "恒力", "12"), ("R-2", "恒力", "x")]
    path = tmp_path / f"bills.{suffix}"
    if suffix == "csv":
        write(path, lines)
    else:
        write_xlsx(path, list(lines))
    bring(store, path, rejects=tmp_path / "rejects.csv")
    assert rows(store, "invoices", "key", "amount") == [("R-1", Decimal(12))]
    (rejected,) = list(csv.reader((tmp_path / "rejects.csv").open(encoding="utf-8")))[1:]
    assert rejected[:3] == [path.name, "5", "金额"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_rows_are_numbered_as_a_spreadsheet_shows_them_below_empty_ones(
    store: Store, tmp_path: Path, suffix: str
) -> None:
    """Nothing stands in the first two rows."""
    lines = [(), (), HEADING, ("R-1", "恒力", "x")]
    path = tmp_path / f"bills.{suffix}"
    if suffix == "csv":
        write(path, lines)
    else:
        workbook(path, {(row, column): text for row, line in enumerate(lines) for column, text in enumerate(line)})
    bring(store, path, rejects=tmp_path / "rejects.csv")
    (rejected,) = list(csv.reader((tmp_path / "rejects.csv").open(encoding="utf-8")))[1:]
    assert rejected[:3] == [path.name, "4", "金额"]


def test_a_title_of_two_lines_is_passed_over(store: Store, tmp_path: Path) -> None:
    """A cell with a line break is one cell."""
    bring(store, write(tmp_path / "bills.csv", [("应收单\n2026年11月",), HEADING, ("R-1", "恒力", "12")]))
    assert rows(store, "invoices", "key") == [("R-1",)]


def test_other_marks_between_cells_are_told_below_a_title_too(store: Store, tmp_path: Path) -> None:
    """No row has the columns, so the marks are what is wrong."""
    path = tmp_path / "bills.csv"
    path.write_text("应收单\n\n单号,客户,金额\nR-1,恒力,12\n", encoding="utf-8")
    with pytest.raises(StoreError, match="commas stand between its cells, not semicolons"):
        bring(store, path)


@pytest.mark.parametrize(
    ("step", "written", "amount"),
    [
        ("comma", "1.234,50", "1234.5"),
        ("comma", "1 234,50", "1234.5"),
        ("comma", "1\u202f234\u202f567,5", "1234567.5"),
        ("comma", "1.234,50-", "-1234.5"),
        ("comma", "-12,5", "-12.5"),
        ("comma", " 12,50\u00a0", "12.5"),
        ("thousands", "\u3000¥12.50 ", "12.5"),
        ("thousands", "1,234.50", "1234.5"),
        ("thousands", "¥1,234,567.50", "1234567.5"),
        ("thousands", "-￥12.50", "-12.5"),
        ("thousands", "1,234.50-", "-1234.5"),
        ("thousands", "1234", "1234"),
    ],
)
def test_numbers_are_read_as_programs_write_them(
    store: Store, tmp_path: Path, step: str, written: str, amount: str
) -> None:
    """Commas before decimals or between thousands, signs of money, and a minus in front or behind."""
    bring(store, write(tmp_path / "bills.csv", [HEADING, ("R-1", "A", written)]), f"{{from: 金额, {step}: true}}")
    assert rows(store, "invoices", "amount") == [(Decimal(amount),)]


@pytest.mark.parametrize(
    ("step", "written"), [("comma", "1.2345"), ("comma", "1,234.50"), ("thousands", "1.234,50"), ("thousands", "12,34")]
)
def test_a_number_written_otherwise_is_not_guessed(store: Store, tmp_path: Path, step: str, written: str) -> None:
    """What is in neither form stays as it is: a number, or none."""
    path = write(tmp_path / "bills.csv", [HEADING, ("R-1", "A", written)])
    bring(store, path, f"{{from: 金额, {step}: true}}")
    assert rows(store, "invoices", "amount") == ([(Decimal("1.2345"),)] if written == "1.2345" else [])


def test_numbers_to_multiply_are_read_by_the_same_steps(store: Store, tmp_path: Path) -> None:
    """Of a quantity and a price with commas the product is known."""
    path = write(tmp_path / "bills.csv", [HEADING, ("R-1", "A", "1.000,5")])
    bring(store, path, "{product: {of: [金额, 金额]}, comma: true}")
    assert rows(store, "invoices", "amount") == [(Decimal("1001000.25"),)]


@pytest.mark.parametrize(("number", "amount"), [(0.1 + 0.2, "0.3"), (1234567.1, "1234567.1"), (1e-4, "0.0001")])
def test_a_spreadsheet_s_number_is_what_it_shows(store: Store, tmp_path: Path, number: float, amount: str) -> None:
    """What it computed has more digits than anybody sees."""
    write_xlsx(tmp_path / "bills.xlsx", [HEADING, ("R-1", "A", number)])
    bring(store, tmp_path / "bills.xlsx")
    assert rows(store, "invoices", "amount") == [(Decimal(amount),)]
