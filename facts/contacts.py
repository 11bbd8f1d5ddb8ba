"""Personal data of a person at a customer: everything that is kept, given out or erased."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Table, Text, select, update

from engine.errors import did_you_mean
from engine.said import said
from facts.audit import log
from facts.database import StoreError, is_sqlite
from facts.house_tables import kept_answers
from facts.store import Store
from facts.tables import FACT_TABLES, contacts

ERASED = "[erased]"
"""What stands in the place of what was erased."""

_OWN = ("name", "title", "telephone", "email", "notes")
_NAMING = ("name", "telephone", "email")
"""Columns whose values tell that a text is about the person."""

_BOOKKEEPING = ("source", "entered_by")
# A company's own name and address are not the person's; what belongs to no customer names nobody.
_NOT_SEARCHED = ("customers", "merges", "coverage", "exchange_rates")


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of a customer, as it stands or stood last; `stands` tells whether it still does."""

    key: str
    name: str
    role: str | None
    title: str | None
    telephone: str | None
    email: str | None
    since: date
    stands: bool

    @property
    def is_erased(self) -> bool:
        """Whether what was kept about the person is erased."""
        return self.name == ERASED


@dataclass(frozen=True, slots=True)
class Mention:
    """A text elsewhere in the customer's records that names the person."""

    table: str
    row: int
    key: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Erased:
    """The number of the erasure in the audit log, and in how many rows of each table something was erased."""

    number: int
    customer: str
    contact: str
    rows: Mapping[str, int]


def people(store: Store, customer: str, today: date | None = None) -> list[Person]:
    """Return the contacts of a customer, as each stands or stood last; `today` is the day on which they do.

    Raises:
        StoreError: if the customer is not known.
    """
    today = today or store.today()
    keys = store.known_as(customer, today)
    with store.reading() as connection:
        rows = _contacts(connection, keys)
    last = {row["key"]: row for row in rows}
    return [_person(row, today) for row in last.values()]


def _person(row: RowMapping, today: date) -> Person:
    is_over = row["retracted_at"] is not None or (row["holds_until"] is not None and row["holds_until"] <= today)
    said = {name: row[name] for name in ("key", "name", "role", "title", "telephone", "email")}
    return Person(**said, since=row["holds_from"], stands=not is_over)


def export(store: Store, customer: str, named: str, also: Sequence[str] = ()) -> dict[str, Any]:
    """Return all that is kept about a contact: its rows, also those that stand no longer, and texts that name it.

    Args:
        store: where.
        customer: the customer's key.
        named: the contact's key, the key's end, or its name.
        also: other ways in which texts may name the person.

    Raises:
        StoreError: if there is no such customer or contact, or several fit.
    """
    keys = store.known_as(customer, store.today())
    with store.reading() as connection:
        rows = _rows_of(connection, keys, named)
        found = list(_mentions(connection, keys, rows, also))
    mentions = [{"table": each.table, "key": each.key, "column": each.column, "text": each.text} for each in found]
    return {"customer": keys[0], "contact": rows[0]["key"], "rows": [dict(row) for row in rows], "mentions": mentions}


def erase(store: Store, customer: str, named: str, also: Sequence[str] = (), *, user: str, source: str) -> Erased:
    """Erase what is kept about a contact, in all rows, also those that stand no longer (arguments as `export`).

    Role, dates and where a row came from stay, so that decisions stay what they were; stored runs hold no personal
    data. Free texts that only personal columns hold go as a whole, other texts lose what names the person.

    Raises:
        StoreError: as `export`; or if the contact was erased already.
    """
    keys = store.known_as(customer, store.today())
    with store.writing() as connection:
        if is_sqlite(store.url):
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # freed pages are overwritten as well
        rows = _rows_of(connection, keys, named)
        if all(row["name"] == ERASED for row in rows):
            raise StoreError(
                said("{key} is not erased", key=rows[0]["key"]),
                said("it was erased already"),
                said("See `valuelift audit`."),
            )
        pattern, counts = _pattern(rows, also), Counter[str]()
        for mention in _mentions(connection, keys, rows, also):
            table = FACT_TABLES[mention.table]
            is_personal = table.c[mention.column].info.get("personal")
            text = ERASED if is_personal else pattern.sub(ERASED, mention.text)
            connection.execute(update(table).where(table.c.id == mention.row).values({mention.column: text}))
            counts[mention.table] += 1
        own = dict.fromkeys(_OWN) | {"name": ERASED}
        connection.execute(update(contacts).where(contacts.c.id.in_([row["id"] for row in rows])).values(own))
        counts["contacts"] += len(rows)
        counts["kept_answers"] += _forget_answers(connection, pattern)
        number = log(connection, user, source, "erase", "contacts", keys[0], (), at=datetime.now(UTC))
    if is_sqlite(store.url):
        with store.reading() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Erased(number, keys[0], rows[0]["key"], {name: count for name, count in counts.items() if count})


def _contacts(connection: Connection, keys: Sequence[str]) -> Sequence[RowMapping]:
    statement = select(contacts).where(contacts.c.customer.in_(keys)).order_by(contacts.c.id)
    return connection.execute(statement).mappings().all()


def _rows_of(connection: Connection, keys: Sequence[str], named: str) -> list[RowMapping]:
    """Return all rows of the contact that somebody means."""
    rows = _contacts(connection, keys)
    by_key = {row["key"] for row in rows if row["key"] in (named, *(f"{key}/{named}" for key in keys))}
    found = by_key or {row["key"] for row in rows if row["name"] == named}
    if len(found) > 1:
        raise StoreError(
            said("{named!r} is not clear", named=named),
            said("several fit"),
            said("It is one of {words}.", words=sorted(found)),
        )
    if not found:
        hint = did_you_mean(named, {row["key"] for row in rows} | {row["name"] for row in rows})
        raise StoreError(
            said("{named!r} is no contact of {customer}", named=named, customer=keys[0]),
            said("none is on record under this key or name"),
            hint or said("See `valuelift contact list CUSTOMER`."),
        )
    return [row for row in rows if row["key"] in found]


def _mentions(
    connection: Connection, keys: Sequence[str], rows: Sequence[RowMapping], also: Sequence[str]
) -> Iterator[Mention]:
    """Yield the texts in the customer's records, apart from the contact's own rows, that name the person."""
    pattern = _pattern(rows, also)
    own = {row["id"] for row in rows}
    for name, table in FACT_TABLES.items():
        columns = _texts(table)
        if name in _NOT_SEARCHED or not columns:
            continue
        statement = select(table.c.id, table.c.key, *columns).where(table.c.customer.in_(keys))
        if table is contacts:
            statement = statement.where(table.c.id.not_in(own))
        for row, column in product(connection.execute(statement).mappings().all(), columns):
            text = row[column.name]
            if text is not None and pattern.search(text):
                yield Mention(name, row["id"], row["key"], column.name, text)


def _texts(table: Table) -> list[Column[Any]]:
    """Return the columns in which people write freely; of other contacts only the notes."""
    if table is contacts:
        return [contacts.c.notes]
    return [each for each in table.c if isinstance(each.type, Text) and each.name not in _BOOKKEEPING]


def _pattern(rows: Sequence[RowMapping], also: Sequence[str]) -> re.Pattern[str]:
    """Return what finds the person's names, numbers and addresses: as whole words, if of letters."""
    known = {row[name] for row in rows for name in _NAMING} - {None, ERASED}
    names = sorted({each.strip() for each in (*known, *also) if each.strip()}, key=len, reverse=True)
    return re.compile("|".join(map(_whole, names)) or r"(?!)", re.IGNORECASE)


def _whole(name: str) -> str:
    # Chinese has no spaces between words: a name there may stand next to any character.
    before = r"(?<![A-Za-z0-9])" if name[0].isascii() and name[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
    return f"{before}{re.escape(name)}{after}"


def _forget_answers(connection: Connection, pattern: re.Pattern[str]) -> int:
    """Take the person out of answers that are kept for requests sent twice."""
    table, count = kept_answers, 0
    rows = connection.execute(select(table.c.account, table.c.key, table.c.body).where(table.c.body.is_not(None)))
    for account, key, body in rows.all():
        if pattern.search(body):
            same = (table.c.account == account) & (table.c.key == key)
            connection.execute(update(table).where(same).values(body=pattern.sub(ERASED, body)))
            count += 1
    return count
