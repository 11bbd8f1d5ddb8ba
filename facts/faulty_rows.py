"""Rows that stand in a store although nobody could record them any more, and with which a batch may fail.

They come from versions that took them: days before anybody's business, days out of their order, words that the rules do
not know, merges in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Date, RowMapping, Table, case, func, or_, select

from engine.vocabulary import LATEST
from facts.audit import entry_that_said
from facts.columns import Words, days_are_counted, happens, words_of
from facts.database import StoreError
from facts.days import EARLIEST
from facts.reading import going_round
from facts.store import Store
from facts.tables import FACT_TABLES, merges
from facts.undoing import entry_to_undo

MOST_WORDS = 20
"""Of a column; a column that holds something else altogether would tell of each of its rows."""

EARLY, LATE, DISORDERED, WORD, CIRCLE = "early", "late", "disordered", "word", "circle"
"""What is wrong: a day too early, one that never comes, one before another, a word, merges in a circle."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """Rows of a table with the same fault, of which one is told as an example.

    `row`, `key`, `source` and `says`, the columns by which it is faulty, are the example's; `entry` is the number of
    the audit log's entry that can be taken back to mend it, None if there is none, as for rows of an import.
    """

    table: str
    fault: str
    rows: int
    row: int
    key: str
    says: tuple[tuple[str, object], ...]
    source: str
    entry: int | None = None

    @property
    def is_correctable(self) -> bool:
        """Whether an import can say otherwise: it knows a row by its key, one of a register also by `holds_from`."""
        if self.fault == CIRCLE:
            return False
        return FACT_TABLES[self.table].info["shape"] == "event" or dict(self.says).keys() != {"holds_from"}


def faulty_rows(store: Store, words: Words) -> list[Faulty]:
    """Return what is wrong with the rows that stand, in one pass over each table and one over each column of words.

    Args:
        store: where.
        words: the members of the vocabulary's enums; a word of a column that none of them is, is faulty.

    Raises:
        StoreError: if the database cannot be read.
    """
    with store.reading() as connection:
        found = [each for table in FACT_TABLES.values() for each in _of_table(connection, table)]
        found += [each for table in FACT_TABLES.values() for each in _unknown_words(connection, table, words)]
        found += _circles(connection)
        numbers = [entry_that_said(connection, each.table, each.row) for each in found]
    return [replace(each, entry=_undoable(store, number)) for each, number in zip(found, numbers, strict=True)]


def _undoable(store: Store, number: int | None) -> int | None:
    """Return the number of an entry if it can be taken back."""
    try:
        return None if number is None else entry_to_undo(store, "", number).id
    except StoreError:
        return None


# --- days ---


def _of_table(connection: Connection, table: Table) -> Iterator[Faulty]:
    wrong = _faults(table)
    counted = [
        column
        for fault, tests in wrong.items()
        for column in (
            func.count(case((or_(*tests.values()), 1))).label(f"{fault} rows"),
            func.min(case((or_(*tests.values()), table.c.id))).label(f"{fault} first"),
        )
    ]
    found = connection.execute(select(*counted).where(table.c.retracted_at.is_(None))).mappings().one()
    for fault, tests in wrong.items():
        if found[f"{fault} rows"]:
            row, says = _example(connection, table, found[f"{fault} first"], tests)
            yield Faulty(table.name, fault, found[f"{fault} rows"], row["id"], row["key"], says, row["source"])


_Tests = dict[tuple[str, ...], ColumnElement[bool]]
"""What makes a row faulty, by the columns that are then told."""


def _faults(table: Table) -> dict[str, _Tests]:
    """Return what makes rows of a table faulty."""
    days = [column for column in table.columns if isinstance(column.type, Date)]
    found: dict[str, _Tests] = {
        EARLY: {(each.name,): each < EARLIEST for each in days if days_are_counted(each)},
        LATE: {(each.name,): each > LATEST for each in days if happens(each)},
        DISORDERED: {
            (each.name, before): each < table.c[before] for each in days for before in each.info.get("not_before", ())
        },
    }
    return {fault: tests for fault, tests in found.items() if tests}


def _example(
    connection: Connection, table: Table, row: int, tests: _Tests
) -> tuple[RowMapping, tuple[tuple[str, object], ...]]:
    """Return a faulty row, and the days by which it is."""
    labelled = [test.label(f"test {place}") for place, test in enumerate(tests.values())]
    found = connection.execute(select(table, *labelled).where(table.c.id == row)).mappings().one()
    columns = next(columns for place, columns in enumerate(tests) if found[f"test {place}"])
    return found, tuple((name, found[name]) for name in columns)


# --- words ---


def _unknown_words(connection: Connection, table: Table, words: Words) -> Iterator[Faulty]:
    for column in table.columns:
        if members := words_of(column, words):
            standing = table.c.retracted_at.is_(None) & column.not_in(members)
            counted = select(column, func.count(), func.min(table.c.id)).where(standing).group_by(column)
            for word, rows, first in connection.execute(counted.order_by(column).limit(MOST_WORDS)).all():
                row = connection.execute(select(table).where(table.c.id == first)).mappings().one()
                yield Faulty(table.name, WORD, rows, first, row["key"], ((column.name, word),), row["source"])


# --- merges ---


def _circles(connection: Connection) -> Iterator[Faulty]:
    standing = select(merges).where(merges.c.retracted_at.is_(None)).order_by(merges.c.holds_from)
    rows = {row["customer"]: row for row in connection.execute(standing).mappings()}
    in_circles = going_round({customer: row["survivor"] for customer, row in rows.items()})
    if in_circles:
        row = max((rows[customer] for customer in in_circles), key=lambda each: each["id"])  # it closed a circle
        says = (("customer", row["customer"]), ("survivor", row["survivor"]))
        yield Faulty(merges.name, CIRCLE, len(in_circles), row["id"], row["key"], says, row["source"])
