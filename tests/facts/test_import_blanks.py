"""Blanks that nobody sees: around keys, and rows of nothing but them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from facts.import_changes import TableCounts
from facts.store import Store
from tests.facts.test_imports import LATE, RETAIL, bring, canonical_file, line, retail_file, write_xlsx

NEW = TableCounts(stored=1)
KNOWN = TableCounts(unchanged=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    store = Store.create(str(tmp_path / "store.db"))
    yield store
    store.close()


@pytest.mark.parametrize("blanks", [(" ", " "), ("\t", ""), ("", "\u00a0"), ("\u3000", " ")])
def test_keys_are_the_same_with_blanks_around_them(store: Store, tmp_path: Path, blanks: tuple[str, str]) -> None:
    """Customers, what refers to them and to orders, and keys that are made, are known again whatever stands around."""

    def brought(customer: str, order: str, competitor: str) -> dict[str, TableCounts]:
        canonical_file(tmp_path, "customers", f"key,name,holds_from\n{customer},Acme,2026-01-31\n")
        canonical_file(tmp_path, "orders", f"key,customer,holds_from\n{order},{customer},2026-01-31\n")
        canonical_file(
            tmp_path,
            "order_lines",
            "customer,order_key,quantity,unit_price,amount,currency,holds_from\n"
            f"{customer},{order},1,2,2,EUR,2026-01-31\n",
        )
        canonical_file(
            tmp_path,
            "competitor_signals",
            f"customer,competitor,value_kind,holds_from\n{customer},{competitor},brand,2026-01-31\n",
        )
        report = bring(store, "canonical", tmp_path)
        assert report.rejected == {}
        return dict(report.tables)

    tables = ("customers", "orders", "order_lines", "competitor_signals")
    assert brought("C 1", "O-1", "Bolt") == dict.fromkeys(tables, NEW)
    before, after = blanks
    assert brought(*(f"{before}{key}{after}" for key in ("C 1", "O-1", "Bolt"))) == dict.fromkeys(tables, KNOWN)


def test_a_key_of_nothing_but_blanks_is_missing(store: Store, tmp_path: Path) -> None:
    """Such a row is rejected if its key is needed, and is given one if not."""
    canonical_file(tmp_path, "customers", "key,name,holds_from\n  ,Acme,2026-01-31\nC-1,Acme,2026-01-31\n")
    canonical_file(tmp_path, "orders", "key,customer,holds_from\n  ,C-1,2026-01-31\n")
    report = bring(store, "canonical", tmp_path)
    assert report.rejected == {"key is missing": 1}
    (key,) = store.base_tables(LATE)["orders"]["key"].to_pylist()
    assert key.startswith("~")


def test_keys_of_a_mapping_are_read_without_blanks(store: Store, tmp_path: Path) -> None:
    """Keys that a mapping takes or joins from cells are the same with blanks around the cells."""
    again = {"Invoice": " 489434", "StockCode": "85048 ", "Customer_ID": " 13085 "}
    bring(store, "online-retail", retail_file(tmp_path, line()))
    report = bring(store, "online-retail", retail_file(tmp_path, line(**again)))
    assert (report.tables["orders"], report.tables["order_lines"]) == (KNOWN, KNOWN)
    assert store.base_tables(LATE)["customers"]["key"].to_pylist() == ["13085"]


def test_lookups_pass_over_blanks(store: Store, tmp_path: Path) -> None:
    """What another file says of an id is found with blanks around either."""
    (tmp_path / "sales.csv").write_text("Number,Buyer\n1,b1 \n", "utf-8")
    (tmp_path / "buyers.csv").write_text("Id,Customer\n b1, C-1\n", "utf-8")
    mapping = tmp_path / "ours.yaml"
    mapping.write_text(MAPPING, "utf-8")
    report = bring(store, str(mapping), tmp_path / "sales.csv", tmp_path / "buyers.csv")
    assert (report.rejected, report.stored) == ({}, 2)
    assert store.base_tables(LATE)["orders"]["customer"].to_pylist() == ["C-1"]


MAPPING = """\
mapping: ours
files:
  sales:
    match: [sales.csv]
    columns: [Number, Buyer]
  buyers:
    match: [buyers.csv]
    columns: [Id, Customer]
tables:
  - table: customers
    file: buyers
    columns:
      key: Customer
      name: Customer
      holds_from: {value: "2026-01-31"}
  - table: orders
    file: sales
    columns:
      key: Number
      customer: {lookup: {file: buyers, where: Id, is: Buyer, take: [Customer]}}
      holds_from: {value: "2026-01-31"}
"""


def test_blank_rows_are_passed_over(store: Store, tmp_path: Path) -> None:
    """Rows of nothing but blanks are neither read nor faulty, in CSV and XLSX; the others keep their numbers."""
    faulty, rejects = line(Quantity="x"), tmp_path / "rejects.csv"
    nothing, blank = ("",) * len(RETAIL), (" ", *("",) * 6, "\t")
    csv = retail_file(tmp_path, line(), nothing, blank, faulty, nothing)
    csv.write_text(csv.read_text("utf-8") + ",\n\n", "utf-8")
    write_xlsx(tmp_path / "lines.xlsx", [RETAIL, line(), nothing, blank, faulty, nothing])
    for path in (csv, tmp_path / "lines.xlsx"):
        report = bring(store, "online-retail", path, rejects_path=rejects)
        assert (report.rows_read, report.rejected) == (2, {"Quantity is not a number": 1})
        assert rejects.read_text("utf-8").splitlines()[1] == f"{path.name},5,Quantity,is not a number,x"
