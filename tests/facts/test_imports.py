"""Imports: what gets into the store, what is set aside or rejected and why, and what leaves the store as it was."""

import csv
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from facts import imports
from facts.database import StoreError
from facts.import_changes import TableCounts
from facts.import_faults import ImportRefusedError
from facts.imports import Covered, ImportReport, find_mapping, import_files
from facts.mapping import ImportMapping, Period
from facts.recording import record
from facts.store import Store
from facts.tables import FACT_TABLES, metadata
from facts.templates import canonical_columns, is_needed, template
from facts.unconvertible import Unconvertible
from tests import profiles

LATE = date(2026, 12, 31)
RETAIL = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
CHINESE = ",".join(RETAIL) + 3 * "\n489434,85048,圣诞玻璃球,12,2009-12-01 07:45:00,6.95,13085,France" + "\n"
LINE = ("489434", "85048", "GLASS BALL", "12", "2009-12-01 07:45:00", "6.95", "13085", "France")


def retail_file(folder: Path, *lines: tuple[str, ...], name: str = "lines.csv") -> Path:
    """Write invoice lines in the layout of Online Retail."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([RETAIL, *lines])
    return path


def line(**changed: str) -> tuple[str, ...]:
    """Return an invoice line that differs from LINE in some cells; `Customer_ID` stands for `Customer ID`."""
    cells = dict(zip(RETAIL, LINE, strict=True))
    cells.update({name.replace("_", " "): cell for name, cell in changed.items()})
    return tuple(cells.values())


def bring(store: Store, mapping: str | ImportMapping, *paths: Path, **options: object) -> ImportReport:
    """Import files as user ann."""
    return import_files(store, mapping, list(paths), user="ann", **options)  # type: ignore[arg-type]


def rows(store: Store, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Return columns of a table's visible rows, sorted."""
    read = store.base_tables(LATE)[table].select(list(columns)).to_pylist()
    return sorted((tuple(row.values()) for row in read), key=lambda row: tuple(map(str, row)))


def is_empty(store: Store) -> bool:
    """Return whether nothing at all is in the store."""
    with store.reading() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(metadata.tables[name]))
            for name in (*FACT_TABLES, "customer_keys", "imports")
        ]
    return not any(counts)


# --- the data sets ---


def test_online_retail_is_imported_whole_and_once(store: Store, test_data: Path) -> None:
    """Half a million real lines are stored, those without a customer are set aside; again changes nothing."""
    if store.url.get_backend_name() == "postgresql" and profiles.ACTIVE != "long":
        pytest.skip("half a minute; a smaller file is enough for this database")
    path = test_data / "online_retail_2009_2010" / "online_retail_II.parquet"
    first = bring(store, "online-retail", path)
    assert first == ImportReport(
        mapping="online-retail",
        dry_run=False,
        rows_read=525461,
        tables={
            "customers": TableCounts(stored=4383),
            "orders": TableCounts(stored=23587),
            "order_lines": TableCounts(stored=417534),
        },
        set_aside={"no customer": 107927},
        rejected={},
        covered=(
            Covered("order_lines", date(2009, 12, 1), date(2010, 12, 9), 4383),
            Covered("orders", date(2009, 12, 1), date(2010, 12, 9), 4383),
        ),
        unconvertible=(Unconvertible("order_lines", "GBP", "EUR", 417534, date(2009, 12, 1)),),
    )
    again = bring(store, "online-retail", path)
    assert (again.stored, again.corrected, again.unchanged) == (0, 0, 4383 + 23587 + 417534)
    lines = store.base_tables(LATE, only={"order_lines": ["kind", "goods", "amount"]})["order_lines"]
    found = lines.group_by(["kind"]).aggregate([("amount", "sum")]).to_pylist()
    assert {row["kind"]: row["amount_sum"] for row in found} == _sums(path)
    assert 0 < lines.filter(pc.invert(lines["goods"])).num_rows < 5000


def test_northwind_is_imported_from_its_folder(store: Store, test_data: Path) -> None:
    """Customers, contacts, orders with lines and deliveries come in; `NULL` as text is missing."""
    report = bring(store, "northwind", test_data / "northwind")
    assert {name: counts.stored for name, counts in report.tables.items()} == {
        "customers": 91, "contacts": 91, "orders": 830, "deliveries": 830, "order_lines": 2155,
    }  # fmt: skip
    assert (report.rejected, report.set_aside) == ({}, {})
    deliveries = rows(store, "deliveries", "promised_on", "shipped_on")
    assert sum(shipped is None for _, shipped in deliveries) == 21
    assert sum(shipped is not None and shipped > promised for promised, shipped in deliveries) == 37  # type: ignore[operator]
    assert rows(store, "customers", "key", "region")[0] == ("ALFKI", None)
    assert ("10248/11", Decimal("168.0000")) in rows(store, "order_lines", "key", "amount")
    assert ("10248", "Steven Buchanan") in rows(store, "orders", "key", "salesperson")


def test_maven_crm_is_imported_from_its_folder(store: Store, test_data: Path) -> None:
    """Accounts and opportunities come in, misspellings corrected, deals without an account set aside."""
    report = bring(store, "maven-crm", test_data / "maven_crm")
    assert report.tables == {"customers": TableCounts(stored=85), "opportunities": TableCounts(stored=7212)}
    assert report.set_aside == {"open deal without an account": 1425, "prospect without a date": 163}
    assert report.covered == (Covered("opportunities", date(2016, 10, 20), date(2017, 12, 31), 85),)
    assert ("GTXPro",) not in rows(store, "opportunities", "product")
    assert sum(product == ("GTX Pro",) for product in rows(store, "opportunities", "product")) > 1000
    assert ("technolgy",) not in rows(store, "customers", "industry")
    assert ("Betasoloin", Decimal("251410000.0000"), 495) in rows(
        store, "customers", "key", "annual_revenue", "employees"
    )
    assert ("Bluth Company", "Acme Corporation") in rows(store, "customers", "key", "parent")


def _sums(path: Path) -> dict[str, Decimal]:
    """Return what customers were charged and credited, added up by another way than the import."""
    sums = {"order": Decimal(0), "return": Decimal(0), "adjustment": Decimal(0)}
    table = pq.read_table(path, columns=["Invoice", "Quantity", "Price", "Customer ID"])
    kinds = {"C": "return", "A": "adjustment"}
    for row in table.filter(pc.is_valid(table["Customer ID"])).to_pylist():
        sums[kinds.get(row["Invoice"][0], "order")] += row["Quantity"] * Decimal(str(row["Price"]))
    return {kind: amount for kind, amount in sums.items() if amount}


# --- what becomes of rows ---


def test_cancellations_and_adjustments_are_kept_as_such(store: Store, tmp_path: Path) -> None:
    """Invoices with C are returns with negative amounts, those with A adjustments; postage is no goods."""
    report = bring(
        store,
        "online-retail",
        retail_file(
            tmp_path,
            line(),
            line(Invoice="C489435", Quantity="-2"),
            line(Invoice="A489436", StockCode="B", Quantity="1", Price="-100"),
            line(Invoice="489437", StockCode="POST", Quantity="1", Price="18"),
            line(Invoice="489438", Customer_ID=""),
        ),
    )
    assert report.set_aside == {"no customer": 1}
    assert rows(store, "order_lines", "order_key", "kind", "goods", "amount") == [
        ("489434", "order", True, Decimal("83.4000")),
        ("489437", "order", False, Decimal("18.0000")),
        ("A489436", "adjustment", False, Decimal("-100.0000")),
        ("C489435", "return", True, Decimal("-13.9000")),
    ]


def test_equal_lines_are_all_kept_and_known_again(store: Store, tmp_path: Path) -> None:
    """Lines that are equal in every cell may be genuine: each is stored, and none twice."""
    path = retail_file(tmp_path, line(), line(), line())
    assert bring(store, "online-retail", path).tables["order_lines"] == TableCounts(stored=3)
    assert bring(store, "online-retail", path).tables["order_lines"] == TableCounts(unchanged=3)
    longer = retail_file(tmp_path, line(), line(), line(), line(), name="longer.csv")
    assert bring(store, "online-retail", longer).tables["order_lines"] == TableCounts(stored=1, unchanged=3)
    assert rows(store, "order_lines", "key") == [
        ("489434/85048",), ("489434/85048#2",), ("489434/85048#3",), ("489434/85048#4",),
    ]  # fmt: skip


def test_a_changed_line_is_corrected_and_stays_known(store: Store, tmp_path: Path) -> None:
    """A line with the same key and another quantity takes the place of the first, from now on."""
    bring(store, "online-retail", retail_file(tmp_path, line()))
    known_before = store.base_tables(LATE)["order_lines"]
    with store.reading() as connection:
        recorded_at = connection.execute(FACT_TABLES["order_lines"].select()).one().recorded_at
    report = bring(store, "online-retail", retail_file(tmp_path, line(Quantity="10")))
    assert report.tables["order_lines"] == TableCounts(corrected=1)
    assert rows(store, "order_lines", "quantity") == [(Decimal("10.0000"),)]
    assert store.base_tables(LATE, recorded_at)["order_lines"] == known_before


def test_a_correction_keeps_what_the_file_does_not_tell(store: Store, tmp_path: Path) -> None:
    """A column that the mapping does not fill keeps what somebody else entered."""
    bring(store, "online-retail", retail_file(tmp_path, line()))
    known = {"key": "13085", "name": "Customer 13085", "country": "France", "holds_from": date(2009, 12, 1)}
    record(store, "customers", [known | {"industry": "retail"}], user="bob", source="talk")
    report = bring(store, "online-retail", retail_file(tmp_path, line(Country="EIRE")))
    assert report.tables["customers"] == TableCounts(corrected=1)
    assert rows(store, "customers", "country", "industry") == [("Ireland", "retail")]


def test_coverage_grows_with_later_files(store: Store, tmp_path: Path) -> None:
    """A later file covers customers that it does not name but earlier files of the mapping did."""
    bring(store, "online-retail", retail_file(tmp_path, line()))
    later = line(Invoice="500000", Customer_ID="13086", InvoiceDate="2010-01-05 10:00:00")
    bring(store, "online-retail", retail_file(tmp_path, line(), later))
    covered = rows(store, "coverage", "customer", "collection", "recorded_from", "recorded_to")
    assert covered == [
        (customer, collection, date(2009, 12, 1), date(2010, 1, 5))
        for customer in ("13085", "13086")
        for collection in ("order_lines", "orders")
    ]


def test_who_imports_may_say_from_which_day_to_which_the_files_hold_everything(store: Store, tmp_path: Path) -> None:
    """The file of one day then covers the days around it, for each customer once."""
    period = date(2009, 1, 1), date(2010, 3, 31)
    mapping = replace(find_mapping("online-retail"), period=Period(*period))
    lines = [line(), line(Customer_ID="13086", Invoice="489435"), line(Invoice="489436")]
    report = bring(store, mapping, retail_file(tmp_path, *lines))
    assert report.covered == (Covered("order_lines", *period, 2), Covered("orders", *period, 2))
    again = bring(store, mapping, retail_file(tmp_path, *lines))
    assert again.covered == report.covered
    covered = rows(store, "coverage", "customer", "recorded_from", "recorded_to")
    assert covered == 2 * [("13085", *period)] + 2 * [("13086", *period)]


@pytest.mark.parametrize("period", [Period(since=date(2010, 1, 1)), Period(until=date(2009, 1, 1))])
def test_a_period_in_which_the_files_have_no_date_is_not_covered(store: Store, tmp_path: Path, period: Period) -> None:
    """From the given day to the last one of the files no day is left; with both days given there are."""
    mapping, path = find_mapping("online-retail"), retail_file(tmp_path, line())
    assert bring(store, replace(mapping, period=period), path).covered == ()
    assert rows(store, "coverage", "key") == []
    whole = Period(period.since or date(2008, 1, 1), period.until or date(2010, 2, 1))
    assert {each.collection for each in bring(store, replace(mapping, period=whole), path).covered} == {
        "order_lines", "orders",
    }  # fmt: skip


def test_no_database_shows_how_far_it_is_among_our_own_output() -> None:
    """DuckDB draws a bar on standard output from two seconds on, unless each database is told not to."""
    folder = Path(imports.__file__).parent
    opening = [path for path in folder.rglob("*.py") if "duckdb.connect(" in path.read_text(encoding="utf-8")]
    assert len(opening) > 1
    assert all("SET enable_progress_bar = false" in path.read_text(encoding="utf-8") for path in opening)


def test_a_dry_run_reports_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    """With dry_run the report is the same and the store stays empty."""
    path = retail_file(tmp_path, line(), line(Quantity="x"))
    tried = bring(store, "online-retail", path, dry_run=True)
    assert is_empty(store)
    done = bring(store, "online-retail", path)
    assert (tried.dry_run, tried.tables, tried.rejected) == (True, done.tables, done.rejected)


def test_parquet_csv_and_xlsx_give_the_same(store: Store, tmp_path: Path) -> None:
    """A file's format does not change what is stored."""
    bring(store, "online-retail", retail_file(tmp_path, line()))
    table = pa.table({name: [cell] for name, cell in zip(RETAIL, LINE, strict=True)})
    numbers = {"Quantity": pa.int64(), "Price": pa.float64(), "Customer ID": pa.int64()}
    fields = [pa.field(name, numbers.get(name, pa.string())) for name in RETAIL]
    pq.write_table(table.cast(pa.schema(fields)), tmp_path / "lines.parquet")
    write_xlsx(tmp_path / "lines.xlsx", [RETAIL, (*LINE[:3], 12, LINE[4], 6.95, 13085, LINE[7])])
    for name in ("lines.parquet", "lines.xlsx"):
        assert bring(store, "online-retail", tmp_path / name).tables == {
            "customers": TableCounts(unchanged=1),
            "orders": TableCounts(unchanged=1),
            "order_lines": TableCounts(unchanged=1),
        }


def write_xlsx(path: Path, table: list[tuple[object, ...]]) -> None:
    """Write the smallest workbook that holds a table of texts and numbers."""
    cells = "".join(f"<row>{''.join(map(_xlsx_cell, row))}</row>" for row in table)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="Lines" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def _xlsx_cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


# --- rows that cannot be ---

TOMORROW = (date.today() + timedelta(days=2)).isoformat()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Price": "NaN"}, "Price is not a number"),
        ({"Price": "6,95"}, "Price is not a number"),
        ({"Price": "6.95001"}, "Price has more than 4 digits after the point"),
        ({"Quantity": "1e20"}, "Quantity is too large"),
        ({"Quantity": ""}, "Quantity is missing"),
        ({"InvoiceDate": "yesterday"}, "InvoiceDate is not a date"),
        ({"InvoiceDate": "2009-02-30 07:45:00"}, "InvoiceDate is not a date"),
        ({"InvoiceDate": f"{TOMORROW} 07:45:00"}, "InvoiceDate lies in the future"),
        ({"Customer_ID": "1" * 201}, "Customer ID has more than 190 characters"),
        ({"Description": "x" * 10_000_000}, "has a cell of more than 10,000 characters"),
        ({"Description": "a\0b"}, "has a NUL character"),
    ],
)
def test_a_faulty_row_is_rejected_with_its_reason(
    store: Store, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    """Each kind of faulty cell is rejected under its own reason, and the other rows are stored."""
    report = bring(store, "online-retail", retail_file(tmp_path, line(), line(**changed)))
    assert report.rejected == {reason: 1}
    assert report.tables["order_lines"] == TableCounts(stored=1)


RATES = """\
mapping: rates
files:
  rates: {match: [rates.csv], columns: [Code, Rate, Day], delimiter: ";"}
tables:
  - table: exchange_rates
    file: rates
    columns: {key: Code, currency: Code, rate_to_base: {from: Rate, comma: true}, holds_from: Day}
"""


def test_numbers_with_decimal_commas_are_read(store: Store, tmp_path: Path) -> None:
    """A comma stands before the decimals, points between thousands; what is written otherwise is left to the type."""
    (tmp_path / "mapping.yaml").write_text(RATES, encoding="utf-8")
    told = {"USD": "0,92", "JPY": "1.234.567,5", "CHF": "1.050", "GBP": "1.5", "NOK": "12", "SEK": "1,2,3"}
    path = tmp_path / "rates.csv"
    path.write_text("".join(["Code;Rate;Day\n", *(f"{code};{rate};2020-01-01\n" for code, rate in told.items())]))
    report = bring(store, str(tmp_path / "mapping.yaml"), path)
    assert report.rejected == {"Rate is not a number": 1}
    assert {
        code: rate for code, rate in rows(store, "exchange_rates", "currency", "rate_to_base") if code != "EUR"
    } == {
        "USD": Decimal("0.92"),
        "JPY": Decimal("1234567.5"),
        "CHF": Decimal(1050),
        "GBP": Decimal("1.5"),
        "NOK": Decimal(12),
    }


def test_emoji_and_chinese_are_stored_as_they_are(store: Store, tmp_path: Path) -> None:
    """Any character that is text stays as it is."""
    bring(store, "online-retail", retail_file(tmp_path, line(Description="🎄 圣诞玻璃球 Größe")))
    assert rows(store, "order_lines", "description") == [("🎄 圣诞玻璃球 Größe",)]


def test_rows_in_another_encoding_are_rejected(store: Store, tmp_path: Path) -> None:
    """In a file of mixed encodings the rows that are UTF-8 are stored and the others rejected."""
    path = retail_file(tmp_path, line(Description="Größe"))
    with path.open("ab") as file:
        file.write(",".join(line(Invoice="489435", Description="Größe")).encode("latin-1") + b"\r\n")
    report = bring(store, "online-retail", path)
    assert report.rejected == {"is in another encoding than the file": 1}
    assert rows(store, "order_lines", "description") == [("Größe",)]


def test_rejected_rows_are_listed_with_place_and_reason(store: Store, tmp_path: Path) -> None:
    """The rejects file names file, row as a spreadsheet counts, column, reason and value."""
    path = retail_file(tmp_path, line(), line(Price="NaN"))
    with path.open("a", encoding="utf-8") as file:
        file.write("489439,85048\r\n")
    rejects = tmp_path / "rejects.csv"
    bring(store, "online-retail", path, rejects_path=rejects)
    with rejects.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["file", "row", "column", "reason", "value"],
            ["lines.csv", "3", "Price", "is not a number", "NaN"],
            ["lines.csv", "4", "", "has 2 cells instead of 8", ""],
        ]


def test_too_many_faulty_rows_undo_everything(store: Store, tmp_path: Path) -> None:
    """More rejects than allowed leave the store as it was, and still say what was wrong."""
    path, rejects = retail_file(tmp_path, line(), line(Price="x"), line(Price="")), tmp_path / "rejects.csv"
    with pytest.raises(ImportRefusedError, match="2 rows are faulty, more than the 1 allowed") as refused:
        bring(store, "online-retail", path, max_rejects=1, rejects_path=rejects)
    assert refused.value.rejected == {"Price is missing": 1, "Price is not a number": 1}
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 3
    assert is_empty(store)


# --- files that cannot be ---


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "it is empty"),
        ("heading.csv", ",".join(RETAIL).encode() + b"\n", "it has no rows"),
        ("other.csv", b"Invoice,Stockcode\n1,2\n", "it has no column 'StockCode', .* Did you mean `Stockcode`?"),
        (
            "semicolons.csv",
            ";".join(RETAIL).encode() + b"\n",
            "semicolons stand between its cells, not commas. Save it as XLSX",
        ),
        ("tabs.csv", "\t".join(RETAIL).encode() + b"\n", "tabs stand between its cells, not commas. Save it as XLSX"),
        ("twice.csv", b"Invoice,Invoice\n1,2\n", "column 'Invoice' stands twice"),
        ("quote.csv", ",".join(RETAIL).encode() + b'\n489434,"never closed\n', "not well-formed near line"),
        ("gbk.csv", CHINESE.encode("gbk"), "another encoding than UTF-8, such as GBK. Save it as CSV UTF-8"),
        ("gbk_head.csv", "Invoice,客户\n1,2\n".encode("gbk"), "another encoding than UTF-8, .* Save it as CSV UTF-8"),
        ("utf16.csv", CHINESE.encode("utf-16"), "it is written in UTF-16. Save it as CSV UTF-8"),
        ("utf16_no_mark.csv", CHINESE.encode("utf-16-be"), "it is written in UTF-16. Save it as CSV UTF-8"),
        ("broken.parquet", b"PAR1 and no more", "it is damaged"),
        ("broken.xlsx", b"PK and no more", "it is damaged"),
        ("notes.txt", b"Invoice", "has no file of this name"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_the_store_as_it_was(
    store: Store, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """An empty, damaged, or wrong file is refused with the reason."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        bring(store, "online-retail", path)
    assert is_empty(store)


def test_a_folder_without_a_file_of_the_canonical_layout_is_refused(store: Store, tmp_path: Path) -> None:
    """An empty folder is refused with examples of what might be in it."""
    with pytest.raises(
        StoreError, match=r"needs one file at least, such as customers\.csv, merges\.csv, contacts\.csv\."
    ):
        bring(store, "canonical", tmp_path)


def test_a_missing_file_of_a_folder_is_named(store: Store, tmp_path: Path) -> None:
    """A folder without one of the mapping's files is refused."""
    (tmp_path / "accounts.csv").write_text("account\n")
    with pytest.raises(StoreError, match=r"needs sales_pipeline.csv, sales_teams.csv"):
        bring(store, "maven-crm", tmp_path)


def test_an_unknown_mapping_is_named() -> None:
    """A mapping that does not exist is refused with the nearest name."""
    with pytest.raises(StoreError, match=r"Did you mean `online-retail`\?"):
        find_mapping("online-retial")


# --- databases that refuse ---


@contextmanager
def locked_by_another_program(path: Path) -> Iterator[None]:
    """Hold SQLite's write lock on a file in another process, as another program would."""
    hold = (
        "import sqlite3, sys; store = sqlite3.connect(sys.argv[1]); store.execute('BEGIN IMMEDIATE');"
        "print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        yield
        other.communicate("\n")


def test_a_locked_store_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes, an import gives up with the reason and can be repeated."""
    monkeypatch.setattr("facts.database.BUSY_SECONDS", 0.1)
    store = Store.create(str(tmp_path / "store.db"))
    path = retail_file(tmp_path, line())
    with locked_by_another_program(tmp_path / "store.db"):
        with pytest.raises(StoreError, match="another program is writing to it"):
            bring(store, "online-retail", path)
        assert is_empty(store)
    assert bring(store, "online-retail", path).stored == 3


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database can grow no further, nothing of the import stays."""
    store = Store.create(str(tmp_path / "store.db"))
    with store.reading() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    many = [line(Invoice=str(number), Description="x" * 1000) for number in range(2000)]
    path = retail_file(tmp_path, *many)
    with monkeypatch.context() as patch:
        patch.setattr("facts.database.SQLITE_PRAGMAS", (f"max_page_count = {pages + 20}",))
        with pytest.raises(StoreError, match=r"the disk is full.*the store is as it was"):
            bring(store, "online-retail", path)
    assert is_empty(store)
    assert bring(store, "online-retail", path).stored == 4001


# --- the canonical layout ---


def canonical_file(folder: Path, table: str, text: str) -> Path:
    """Write a file of the canonical layout."""
    path = folder / f"{table}.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_template_can_be_imported(store: Store, tmp_path: Path) -> None:
    """The templates of all tables, put in one folder, are a valid import."""
    unconnected = [name for name in FACT_TABLES if name != "merges"]
    for table in unconnected:
        canonical_file(tmp_path, table, template(table))
    report = bring(store, "canonical", tmp_path)
    assert report.rejected == {}
    assert {name: counts.stored for name, counts in report.tables.items()} == dict.fromkeys(unconnected, 1)
    again = bring(store, "canonical", tmp_path)
    assert (again.stored, again.unchanged) == (0, len(unconnected))


def test_a_template_has_every_column_that_is_needed() -> None:
    """A template's heading begins with the needed columns and names no column of the store's own."""
    heading = template("complaints").splitlines()[0].split(",")
    needed = [column.name for column in canonical_columns(FACT_TABLES["complaints"]) if is_needed(column)]
    assert needed == ["customer", "holds_from"]
    assert heading[:2] == needed
    assert {"source", "recorded_at", "entered_by", "retracted_at", "id"} & set(heading) == set()


def test_a_template_of_an_unknown_table_is_refused() -> None:
    """A template that does not exist is refused with the nearest name."""
    with pytest.raises(StoreError, match=r"Did you mean `orders`\?"):
        template("order")


def test_an_order_for_an_unknown_customer_is_rejected(store: Store, tmp_path: Path) -> None:
    """Facts about customers that nobody recorded are rejected; those about recorded ones are stored."""
    canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n")
    path = canonical_file(tmp_path, "orders", "key,customer,holds_from\nO1,C1,2026-01-05\nO2,C9,2026-01-05\n")
    report = bring(store, "canonical", tmp_path)
    assert report.rejected == {"customer is no known customer": 1}
    assert rows(store, "orders", "key") == [("O1",)]
    assert bring(store, "canonical", path).rejected == {"customer is no known customer": 1}


@pytest.mark.parametrize(
    ("table", "text", "reason"),
    [
        ("customers", "key,name,holds_from,employees\nC2,B,2020-01-01,-3\n", "employees is not between 0 and 10000000"),
        (
            "customers",
            "key,name,holds_from,credit_score\nC2,B,2020-01-01,1001\n",
            "credit_score is not between 0 and 1000",
        ),
        (
            "agreements",
            "customer,kind,holds_from,payment_days\nC1,cooperation,2020-01-01,3651\n",
            "payment_days is not between 0 and 3650",
        ),
        (
            "customers",
            "key,name,holds_from,annual_revenue\nC2,B,2020-01-01,500000\n",
            "annual_revenue stands without currency",
        ),
        (
            "agreements",
            "customer,kind,holds_from,credit_limit,currency\nC1,cooperation,2020-01-01,9000,\n",
            "credit_limit stands without currency",
        ),
        ("opportunities", "customer,holds_from,amount\nC1,2020-01-01,9000\n", "amount stands without currency"),
        ("complaints", "customer,holds_from\nC1,1799-12-31\n", "holds_from lies before 1800"),
        ("stage_history", "customer,stage,holds_from\nC1,new,0001-01-01\n", "holds_from lies before 1800"),
        (
            "disputes",
            "customer,talks_held,settled,cooperation_broken,began_on,holds_from\nC1,1,no,no,1799-12-31,2020-01-01\n",
            "began_on lies before 1800",
        ),
        (
            "needs",
            "customer,kind,state,holds_from\nC1,quallity,met,2020-01-01\n",
            "kind is none of quality, service",
        ),
        ("exchange_rates", "currency,rate_to_base,holds_from\nUSD,0,2020-01-01\n", "rate_to_base is not above 0"),
        ("exchange_rates", "currency,rate_to_base,holds_from\nUSD,-0.9,2020-01-01\n", "rate_to_base is not above 0"),
        ("exchange_rates", "currency,rate_to_base,holds_from\nXXQ,1,2020-01-01\n", "currency is no ISO 4217 code"),
        (
            "exchange_rates",
            "currency,rate_to_base,holds_from\nEUR,1,2020-01-01\nEUR,1.1,2020-02-01\n",
            "rate_to_base is not 1, and EUR is the store's own currency",
        ),
        (
            "stage_history",
            "customer,stage,override_until,holds_from\nC1,new,2020-05-01,2020-01-01\n",
            "override_until stands without override_reason",
        ),
        (
            "coverage",
            "collection,recorded_from,holds_from\norder,2020-01-01,2020-01-01\n",
            f"collection is none of {', '.join(name for name in FACT_TABLES if name != 'coverage')}",
        ),
    ],
)
def test_what_no_fact_can_be_read_from_is_rejected(
    store: Store, tmp_path: Path, table: str, text: str, reason: str
) -> None:
    """A number out of its fact's range, a date before any business and a word that no fact knows stay outside."""
    bring(store, "canonical", canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n"))
    path = canonical_file(tmp_path, table, text)
    words = {"need_kind": ("quality", "service")}
    assert bring(store, "canonical", path, words=words).rejected == {reason: 1}


@pytest.mark.parametrize(
    ("table", "text", "reason"),
    [
        ("complaints", "customer,holds_from,settled_on\nC1,{},{}\n", "settled_on lies before holds_from"),
        ("opportunities", "customer,holds_from,closed_on\nC1,{},{}\n", "closed_on lies before holds_from"),
        (
            "communications",
            "customer,value_kind,medium,holds_from,heard_on\nC1,product,call,{},{}\n",
            "heard_on lies before holds_from",
        ),
        ("deliveries", "customer,holds_from,shipped_on\nC1,{},{}\n", "shipped_on lies before holds_from"),
        ("deliveries", "customer,holds_from,delivered_on\nC1,{},{}\n", "delivered_on lies before holds_from"),
        (
            "deliveries",
            "customer,holds_from,shipped_on,delivered_on\nC1,2020-01-01,{},{}\n",
            "delivered_on lies before shipped_on",
        ),
        (
            "coverage",
            "collection,holds_from,recorded_from,recorded_to\norders,2020-01-01,{},{}\n",
            "recorded_to lies before recorded_from",
        ),
        (
            "needs",
            "customer,kind,state,holds_from,holds_until\nC1,quality,met,{},{}\n",
            "holds_until lies before holds_from",
        ),
    ],
)
def test_what_ends_before_it_begins_is_rejected(
    store: Store, tmp_path: Path, table: str, text: str, reason: str
) -> None:
    """A date before the one that it follows is a fault; on the same day it is none."""
    bring(store, "canonical", canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n"))
    path = canonical_file(tmp_path, table, text.format("2026-01-11", "2026-01-10"))
    assert bring(store, "canonical", path).rejected == {reason: 1}
    assert rows(store, table, "key") == []
    path = canonical_file(tmp_path, table, text.format("2026-01-11", "2026-01-11"))
    assert bring(store, "canonical", path).tables[table] == TableCounts(stored=1)


ALL_FOUR = ("A1", "A2", "A3", "A4")
FOUR = "key,name,holds_from\n" + "".join(f"{key},Acme,2020-01-01\n" for key in ALL_FOUR)
ITSELF = "survivor is the customer itself"
CIRCLE = "survivor is merged into the customer, by itself or through others"
SECOND = "survivor is a second one: the customer is merged into another already"


PER: dict[str, str | None] = {"settle-complaint": "complaints", "visit-customer": None}


def test_actions_are_about_rows_of_their_kind(store: Store, tmp_path: Path) -> None:
    """A key that the customer does not have is rejected, and so is one where none belongs or none where one does."""
    bring(store, "canonical", canonical_file(tmp_path, "customers", FOUR))
    complaint = "key,customer,signal,severity,holds_from\nc1,A1,price_high,low,2026-01-01\n"
    bring(store, "canonical", canonical_file(tmp_path, "complaints", complaint))
    lines = [
        *("A1,settle-complaint,c1,open,2026-01-02,2026-01-02", "A1,visit-customer,,open,2026-01-02,2026-01-02"),
        *("A1,settle-complaint,c2,open,2026-01-03,2026-01-03", "A2,settle-complaint,c1,open,2026-01-03,2026-01-03"),
        *("A1,settle-complaint,,open,2026-01-03,2026-01-03", "A2,visit-customer,c1,open,2026-01-03,2026-01-03"),
        "A1,of-another-pack,c9,open,2026-01-02,2026-01-02",
    ]
    heading = "customer,action,about,state,advised_on,holds_from"
    path = canonical_file(tmp_path, "actions", "\n".join([heading, *lines, ""]))
    assert bring(store, "canonical", path, per=PER).rejected == {
        "about is missing, and the action is about one of the complaints": 1,
        "about is not the key of one of the complaints": 1,
        "about is of an action about the customer as a whole": 1,
        "about names one of the complaints of another customer": 1,
    }
    assert rows(store, "actions", "customer", "action", "about") == [
        ("A1", "of-another-pack", "c9"), ("A1", "settle-complaint", "c1"), ("A1", "visit-customer", ""),
    ]  # fmt: skip


def test_an_action_may_be_about_what_comes_with_it(store: Store, tmp_path: Path) -> None:
    """A complaint and what is done about it are imported together; without the column, no action is about a row."""
    complaints = "key,customer,signal,severity,holds_from\nc1,A1,price_high,low,2026-01-01\n"
    actions = "customer,action,about,state,advised_on,holds_from\nA1,settle-complaint,c1,open,2026-01-02,2026-01-02\n"
    tables = {"customers": FOUR, "complaints": complaints, "actions": actions}
    files = [canonical_file(tmp_path, name, text) for name, text in tables.items()]
    assert bring(store, "canonical", *files, per=PER).rejected == {}
    bare = "customer,action,state,advised_on,holds_from\nA2,settle-complaint,open,2026-01-02,2026-01-02\n"
    found = bring(store, "canonical", canonical_file(tmp_path, "actions", bare), per=PER)
    assert found.rejected == {"about is missing, and the action is about one of the complaints": 1}


@pytest.mark.parametrize(
    ("before", "pairs", "reason", "stored"),
    [
        ("", "A1,A1 A2,A1", ITSELF, {("A2", "A1")}),
        ("", "A2,A1 A1,A2", CIRCLE, {("A2", "A1")}),
        ("", "A2,A1 A3,A2 A1,A3", CIRCLE, {("A2", "A1"), ("A3", "A2")}),
        ("A2,A1 A3,A2", "A1,A3 A4,A3", CIRCLE, {("A2", "A1"), ("A3", "A2"), ("A4", "A3")}),
        ("A3,A1", "A3,A2", SECOND, {("A3", "A1")}),
    ],
)
def test_merges_that_would_leave_no_customer_are_rejected(
    store: Store, tmp_path: Path, before: str, pairs: str, reason: str, stored: set[tuple[str, str]]
) -> None:
    """Customers are not merged in a circle, nor into themselves, nor into two; what stands counts with the rows."""
    bring(store, "canonical", canonical_file(tmp_path, "customers", FOUR))
    for day, said in enumerate((before, pairs), 1):
        lines = "".join(f"{pair},2026-01-0{day}\n" for pair in said.split())
        path = canonical_file(tmp_path, "merges", "customer,survivor,holds_from\n" + lines)
        if said:
            report = bring(store, "canonical", path)
    assert report.rejected == {reason: 1}
    merges = FACT_TABLES["merges"].c
    with store.reading() as connection:
        found = connection.execute(select(merges.customer, merges.survivor)).all()
    assert {(customer, survivor) for customer, survivor in found} == stored
    assert store.base_tables(LATE)["customers"].num_rows == len(ALL_FOUR) - len(stored)


def test_a_merge_is_corrected_and_goes_on(store: Store, tmp_path: Path) -> None:
    """A row in the place of another may name another survivor, also one that was merged into the customer."""
    bring(store, "canonical", canonical_file(tmp_path, "customers", FOUR))
    heading = "customer,survivor,holds_from\n"
    bring(store, "canonical", canonical_file(tmp_path, "merges", f"{heading}A2,A1,2026-01-01\n"))
    path = canonical_file(tmp_path, "merges", f"{heading}A2,A3,2026-01-01\nA3,A1,2026-01-01\n")
    assert bring(store, "canonical", path).tables["merges"] == TableCounts(stored=1, corrected=1)
    assert bring(store, "canonical", path).tables["merges"] == TableCounts(unchanged=2)


def test_a_line_of_an_unknown_order_is_rejected(store: Store, tmp_path: Path) -> None:
    """A line needs its order, in the store or in the same import."""
    canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n")
    canonical_file(
        tmp_path,
        "order_lines",
        "customer,order_key,quantity,unit_price,amount,currency,holds_from\nC1,O1,1,2,2,EUR,2026-01-05\n",
    )
    assert bring(store, "canonical", tmp_path).rejected == {"order_key is not the key of one of the orders": 1}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("table", ["order_lines", "deliveries", "invoices"])
def test_a_row_that_refers_to_another_customers_is_rejected(
    store: Store, tmp_path: Path, table: str, *, together: bool
) -> None:
    """An order's rows are of its customer, or of one that was merged with it."""
    canonical_file(tmp_path, "customers", FOUR)
    canonical_file(tmp_path, "merges", "customer,survivor,holds_from\nA3,A1,2026-01-01\n")
    canonical_file(tmp_path, "orders", "key,customer,holds_from\nO1,A1,2026-01-05\n")
    if not together:
        bring(store, "canonical", tmp_path)
    needed = {"quantity": "1", "unit_price": "2", "amount": "2", "currency": "EUR"}
    cells = {name: cell for name, cell in needed.items() if name in FACT_TABLES[table].c}
    lines = [",".join([key, "O1", "2026-01-05", *cells.values()]) for key in ("A1", "A2", "A3")]
    heading = ",".join(["customer", "order_key", "holds_from", *cells])
    path = canonical_file(tmp_path, table, "\n".join([heading, *lines]))
    report = bring(store, "canonical", tmp_path if together else path)
    assert report.rejected == {"order_key names one of the orders of another customer": 1}
    assert rows(store, table, "customer") == [("A1",), ("A1",)]


def test_a_line_goes_with_its_order_to_another_customer(store: Store, tmp_path: Path) -> None:
    """Where an import corrects whose an order is, its lines are compared with that."""
    canonical_file(tmp_path, "customers", FOUR)
    canonical_file(tmp_path, "orders", "key,customer,holds_from\nO1,A1,2026-01-05\n")
    bring(store, "canonical", tmp_path)
    canonical_file(tmp_path, "orders", "key,customer,holds_from\nO1,A2,2026-01-05\n")
    canonical_file(tmp_path, "deliveries", "customer,order_key,holds_from\nA2,O1,2026-01-05\n")
    report = bring(store, "canonical", tmp_path)
    assert (report.rejected, report.tables["orders"]) == ({}, TableCounts(corrected=1))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("C1,unmett,2026-01-01,quality", "state is none of unmet, partly_met, met"),
        ("C1,met,,quality", "holds_from is missing"),
    ],
)
def test_a_word_outside_a_closed_list_is_rejected(store: Store, tmp_path: Path, row: str, reason: str) -> None:
    """A canonical row is held to the same rules as any fact."""
    canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n")
    canonical_file(tmp_path, "needs", f"customer,state,holds_from,kind\n{row}\n")
    assert bring(store, "canonical", tmp_path).rejected == {reason: 1}


def test_rows_without_keys_are_told_apart(store: Store, tmp_path: Path) -> None:
    """Equal complaints without keys are two complaints, and known again."""
    canonical_file(tmp_path, "customers", "key,name,holds_from\nC1,Acme,2020-01-01\n")
    path = canonical_file(tmp_path, "complaints", "customer,holds_from\nC1,2026-01-01\nC1,2026-01-01\n")
    assert bring(store, "canonical", tmp_path).tables["complaints"] == TableCounts(stored=2)
    assert bring(store, "canonical", path).tables["complaints"] == TableCounts(unchanged=2)


def test_a_key_that_stands_twice_with_other_content_is_rejected(store: Store, tmp_path: Path) -> None:
    """Of two rows with one key the first counts; a second that agrees is no fault."""
    text = "key,name,holds_from\nC1,Acme,2020-01-01\nC1,Acme,2020-01-01\nC1,Acne,2020-01-01\n"
    report = bring(store, "canonical", canonical_file(tmp_path, "customers", text))
    assert report.rejected == {"key stands in an earlier row with other content": 1}
    assert rows(store, "customers", "key", "name") == [("C1", "Acme")]


def test_an_unexpected_column_is_refused(store: Store, tmp_path: Path) -> None:
    """A misspelt column of the canonical layout is named, not ignored."""
    path = canonical_file(tmp_path, "customers", "key,name,holds_from,industri\nC1,Acme,2020-01-01,food\n")
    with pytest.raises(StoreError, match=r"column 'industri' is not expected. Did you mean `industry`\?"):
        bring(store, "canonical", path)


def test_two_files_of_one_kind_are_read_as_one(store: Store, tmp_path: Path) -> None:
    """Lines spread over two files are one import, and rejects name the right one."""
    one = retail_file(tmp_path, line(), name="one.csv")
    two = retail_file(tmp_path, line(Invoice="489435"), line(Invoice="489436", Price="x"), name="two.csv")
    rejects = tmp_path / "rejects" / "list.csv"
    rejects.parent.mkdir()
    report = bring(store, "online-retail", one, two, rejects_path=rejects)
    assert (report.rows_read, report.tables["orders"]) == (3, TableCounts(stored=2))
    assert "two.csv,3,Price,is not a number,x" in rejects.read_text(encoding="utf-8")


def test_a_perception_of_the_way_of_cooperation_is_taken(store: Store, tmp_path: Path) -> None:
    """It stands among those of our values, although no value of ours is called so; other words are refused."""
    record(store, "customers", [{"key": "C-1", "name": "Acme", "holds_from": LATE}], user="ann", source="test")
    said = "customer,holds_from,value_kind,level\nC-1,2020-01-01,cooperation,accepted\nC-1,2020-01-01,luck,accepted\n"
    (tmp_path / "perceptions.csv").write_text(said, "utf-8")
    done = bring(store, "canonical", tmp_path, words={"value_kind": ("product", "service")})
    assert (done.stored, done.rejected) == (1, {"value_kind is none of product, service, cooperation": 1})


def test_no_rejected_cell_is_a_formula(store: Store, tmp_path: Path) -> None:
    """Whoever opens the list in a spreadsheet runs nothing that a stranger wrote; numbers stay as they are."""
    cells = ["=1+1", "@x", "+cmd|x", "-5,0", "2020-13-01"]
    (tmp_path / "customers.csv").write_text(
        "key,name,holds_from\n" + "".join(f'C{place},x,"{cell}"\n' for place, cell in enumerate(cells)), "utf-8"
    )
    bring(store, "canonical", tmp_path, rejects_path=tmp_path / "rejects.csv")
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        assert [row["value"] for row in csv.DictReader(file)] == ["'=1+1", "'@x", "'+cmd|x", "-5,0", "2020-13-01"]


def test_a_pipe_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    """What is no ordinary file is refused: whoever opens a pipe waits until somebody writes into it."""
    os.mkfifo(tmp_path / "customers.csv")
    with pytest.raises(StoreError, match="it is no ordinary file"):
        bring(store, "canonical", tmp_path)


def test_a_file_that_changes_while_it_is_read(store: Store, tmp_path: Path) -> None:
    """Half of what somebody is writing is not stored, and the log of imports tells of no other file than was read."""
    path = tmp_path / "customers.csv"
    path.write_text("key,name,holds_from\nC-1,Acme,2020-01-01\n", "utf-8")

    def written_to(step: str, _name: str, _rows: int) -> None:
        if step == "checking":
            with path.open("a", encoding="utf-8") as file:
                file.write("C-2,Beta,2020-01-01\n")

    with pytest.raises(StoreError, match="it changed while it was read"):
        bring(store, "canonical", path, progress=written_to)
    assert is_empty(store)


def test_a_column_without_a_heading_is_told_by_its_number(store: Store, tmp_path: Path) -> None:
    """A name that is empty would say nothing."""
    (tmp_path / "customers.csv").write_text("key,name,,holds_from\nC-1,Acme,x,2020-01-01\n", "utf-8")
    with pytest.raises(StoreError, match="column 3 has no heading"):
        bring(store, "canonical", tmp_path)
