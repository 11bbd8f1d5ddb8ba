"""Rows that older versions took and none takes now: found, told with an example, and mended as is said."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from facts.faulty_rows import CIRCLE, DISORDERED, EARLY, LATE, Faulty, faulty_rows
from facts.imports import import_files
from facts.recording import merge_customers, record
from facts.store import Store
from facts.tables import FACT_TABLES
from facts.undoing import undo

DAY = date(2026, 1, 31)
WORDS = {"need_kind": ("quality", "service")}


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store with three customers and nothing that is faulty."""
    store = Store.create(store_url)
    rows = [{"key": key, "name": key, "holds_from": DAY} for key in ("A", "B", "C")]
    record(store, "customers", rows, user="ann", source="test")
    assert faulty_rows(store, WORDS) == []
    yield store
    store.close()


def put(store: Store, table: str, **row: object) -> int | None:
    """Record a row of customer A."""
    found = record(store, table, [{"customer": "A", "holds_from": DAY, **row}], user="ann", source="test")
    return found.entry


def spoil(store: Store, table: str, key: str, **days: date) -> None:
    """Give a row days that nobody could record."""
    rows = FACT_TABLES[table]
    with store.writing() as connection:
        connection.execute(update(rows).where(rows.c.key == key).values(**days))


def merged_in_a_circle(store: Store) -> None:
    """Merge A into B and B into A, as older versions did."""
    merge_customers(store, "A", "B", user="ann")
    merge_customers(store, "B", "A", user="ann")


def test_days_before_1800_are_found(store: Store) -> None:
    """Of events, disputes, stages and the first business, with the number of rows and the first of them."""
    entry = put(store, "orders", key="O-1")
    put(store, "orders", key="O-2")
    spoil(store, "orders", "O-1", holds_from=date(1700, 1, 1))
    spoil(store, "orders", "O-2", holds_from=date(1, 1, 1))
    (found,) = faulty_rows(store, WORDS)
    assert (found.table, found.fault, found.rows, found.key) == ("orders", EARLY, 2, "O-1")
    assert found.says == (("holds_from", date(1700, 1, 1)),)
    assert found.entry == entry


def test_days_after_2199_are_found(store: Store) -> None:
    """They are told apart: no decision ever sees them."""
    put(store, "orders", key="O-1")
    spoil(store, "orders", "O-1", holds_from=date(2999, 1, 1))
    assert [(each.table, each.fault) for each in faulty_rows(store, WORDS)] == [("orders", LATE)]


def test_what_may_lie_far_away_is_not_faulty(store: Store) -> None:
    """What holds always, was founded long ago or is promised for no day at all is as it should be."""
    record(
        store,
        "customers",
        [{"key": "D", "name": "D", "holds_from": date.min, "founded_on": date(1753, 1, 1)}],
        user="ann",
        source="test",
    )
    put(store, "orders", key="O-1", required_on=date(9999, 12, 31))
    put(store, "needs", kind="quality", state="met", holds_until=date(9999, 12, 31))
    assert faulty_rows(store, WORDS) == []


def test_days_out_of_their_order_are_found(store: Store) -> None:
    """With both days of the example; a row that stands no longer does not count."""
    put(store, "deliveries", key="D-1", shipped_on=DAY, delivered_on=DAY)
    put(store, "deliveries", key="D-2", shipped_on=DAY, delivered_on=DAY)
    spoil(store, "deliveries", "D-2", delivered_on=date(2026, 1, 30))
    (found,) = faulty_rows(store, WORDS)
    assert (found.table, found.fault, found.rows, found.key) == ("deliveries", DISORDERED, 1, "D-2")
    assert found.says == (("delivered_on", date(2026, 1, 30)), ("holds_from", DAY))
    put(store, "deliveries", key="D-2", shipped_on=DAY, delivered_on=DAY)
    assert faulty_rows(store, WORDS) == []


def test_a_circle_of_merges_is_found_and_taken_back(store: Store) -> None:
    """The example is the merge that closed the circle; who is merged into one of it is not part of it."""
    merge_customers(store, "C", "A", user="ann")
    merged_in_a_circle(store)
    (found,) = faulty_rows(store, WORDS)
    assert (found.table, found.fault, found.rows) == ("merges", CIRCLE, 2)
    assert found.says == (("customer", "B"), ("survivor", "A"))
    assert found.entry is not None
    undo(store, user="ann", number=found.entry)
    assert faulty_rows(store, WORDS) == []


def test_a_recorded_row_is_mended_by_undo(store: Store) -> None:
    """The number that is told takes the row back."""
    put(store, "complaints", key="K-1")
    spoil(store, "complaints", "K-1", settled_on=date(2025, 1, 1))
    (found,) = faulty_rows(store, WORDS)
    assert found.entry is not None
    undo(store, user="ann", number=found.entry)
    assert faulty_rows(store, WORDS) == []


def test_an_imported_row_is_mended_by_its_key(store: Store, tmp_path: Path) -> None:
    """A row without a key of its own is corrected under the key that is told, by the canonical layout."""
    path = tmp_path / "complaints.csv"
    path.write_text("customer,settled_on,holds_from\nA,2026-02-03,2026-02-01\n", "utf-8")
    import_files(store, "canonical", [path], user="ann")
    with store.reading() as connection:
        key = connection.scalars(select(FACT_TABLES["complaints"].c.key)).one()
    spoil(store, "complaints", key, settled_on=date(2025, 1, 1))
    (found,) = faulty_rows(store, WORDS)
    assert (found.key, found.source, found.entry, found.is_correctable) == (key, "canonical", None, True)
    path.write_text(f"key,customer,settled_on,holds_from\n{found.key},A,2026-02-03,2026-02-01\n", "utf-8")
    import_files(store, "canonical", [path], user="ann")
    assert faulty_rows(store, WORDS) == []


def test_what_an_import_cannot_correct_is_told_apart() -> None:
    """A register's own day names its row, and no import takes a merge back."""

    def found(table: str, fault: str, *names: str) -> Faulty:
        return Faulty(table, fault, 1, 1, "k", tuple((name, DAY) for name in names), "canonical")

    assert found("disputes", EARLY, "began_on").is_correctable
    assert not found("disputes", EARLY, "holds_from").is_correctable
    assert not found("merges", CIRCLE, "customer", "survivor").is_correctable


def test_words_that_no_rule_knows_are_found(store: Store) -> None:
    """Of each column of words with a list, each such word by itself, with the number of rows that stand."""
    entry = put(store, "needs", key="A/taste", kind="taste", state="unmet")
    put(store, "needs", key="A/smell", kind="smell", state="unmet")
    put(store, "needs", key="A/quality", kind="quality", state="unmet")
    record(store, "needs", [{"customer": "B", "holds_from": DAY, "key": "B/taste", "kind": "taste", "state": "met"}],
           user="ann", source="test")  # fmt: skip
    smell, taste = faulty_rows(store, WORDS)
    assert (smell.table, smell.fault, smell.rows, smell.says) == ("needs", "word", 1, (("kind", "smell"),))
    assert (taste.rows, taste.key, taste.entry, taste.is_correctable) == (2, "A/taste", entry, True)
    undo(store, user="ann", number=taste.entry)
    assert [each.rows for each in faulty_rows(store, WORDS)] == [1, 1]


def test_a_word_that_no_rule_knows_is_corrected_by_an_import(store: Store, tmp_path: Path) -> None:
    """What the doctor advises for rows of an import mends them."""
    put(store, "needs", key="A/taste", kind="taste", state="unmet")
    file = tmp_path / "needs.csv"
    file.write_text("customer,holds_from,key,kind,state\nA,2026-01-31,A/taste,quality,unmet\n", "utf-8")
    import_files(store, "canonical", [file], user="ann", words=WORDS)
    assert faulty_rows(store, WORDS) == []
