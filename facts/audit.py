"""The audit log: who did what to the store, when, and from where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Insert, RowMapping, Select, Table, bindparam, func, insert, select

from facts.house_tables import audit
from facts.store import Store
from facts.tables import BOOKKEEPING, FACT_TABLES, LARGEST_NUMBER

COMMAND_LINE = "command line"
PAGES = "pages"
INTERFACE = "interface"
BY_HAND = (COMMAND_LINE, PAGES, INTERFACE)
"""Sources that say nothing beside who entered it."""

ABOUT_ONE = ("record", "undo", "confirm", "erase")
"""What is done to one customer's facts alone."""

ABOUT_RULES = ("pack_use", "pack_rollback")
"""What is done to no facts."""

_NAMES = (
    "key", "customer", "holds_from", "value_kind", "kind", "signal", "criterion", "action", "role", "competitor",
    "stage",
)  # fmt: skip
"""Columns that name a row: they are told of each."""


class Change(NamedTuple):
    """A row that was added to a fact table, a row of it that no longer stands, or both: their ids."""

    table: str
    added: int | None
    retracted: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log. `says` has, for each row that it added, the table and what the row says anew."""

    id: int
    at: datetime
    user: str
    origin: str
    did: str
    subject: str
    customer: str | None
    undoes: int | None
    undone_by: int | None
    changes: tuple[Change, ...]
    says: tuple[tuple[str, Mapping[str, Any]], ...]


def entry_of(
    user: str,
    origin: str,
    did: str,
    subject: str,
    customer: str | None = None,
    changes: Iterable[Change] = (),
    *,
    at: datetime,
    undoes: int | None = None,
) -> Insert:
    """Return the statement that adds an entry."""
    said = json.dumps(list(changes))
    values = {"done_by": user, "did": did, "subject": subject, "customer": customer, "changes": said, "undoes": undoes}
    return insert(audit).values(at=at, origin=origin, **values)


def log(connection: Connection, *said: Any, at: datetime, undoes: int | None = None) -> int:
    """Add an entry (see `entry_of`) in the transaction that does what it tells, and return its number."""
    added = connection.execute(entry_of(*said, at=at, undoes=undoes)).inserted_primary_key
    assert added is not None, "one row was inserted"  # noqa: S101
    return int(added[0])


def entries(
    store: Store,
    *,
    number: int | None = None,
    customer: str | None = None,
    user: str | None = None,
    since: date | None = None,
    most: int | None = None,
) -> list[Entry]:
    """Return entries of the log, the newest first.

    Args:
        store: whose log.
        number: only the entry of this number.
        customer: only what was done to this customer's facts, also as a customer that was merged into it.
        user: only what this user did.
        since: only what was done on this day (in UTC) or later.
        most: no more than so many.

    Raises:
        StoreError: if the customer is not known.
    """
    statement = newest_of(store, audit, audit.c.done_by, customer, user, since, most)
    if number is not None:
        if number > LARGEST_NUMBER:
            return []
        statement = statement.where(audit.c.id == number)
    with store.reading() as connection:
        rows = connection.execute(statement).mappings().all()
        undos = select(audit.c.undoes, audit.c.id).where(audit.c.undoes.is_not(None))
        if number is not None or most is not None:
            undos = undos.where(audit.c.undoes.in_([row["id"] for row in rows]))
        undone = {row.undoes: row.id for row in connection.execute(undos)}
        return [_entry(connection, row, undone.get(row["id"])) for row in rows]


def newest_of(
    store: Store,
    log: Table,
    by: Column[str],
    customer: str | None,
    user: str | None,
    since: date | None,
    most: int | None,
) -> Select[Any]:
    """Return the query for rows of a log, the newest first; `by` names who did it, the rest is as for `entries`.

    Raises:
        StoreError: if the customer is not known.
    """
    statement = select(log).order_by(log.c.id.desc()).limit(most)
    if customer is not None:
        known_as = store.known_as(customer, datetime.now(UTC).date())
        statement = statement.where(log.c.customer.in_(known_as))
    if user is not None:
        statement = statement.where(by == user)
    if since is not None:
        statement = statement.where(log.c.at >= datetime(since.year, since.month, since.day, tzinfo=UTC))
    return statement


def last_entry(store: Store, customers: Sequence[str] | None = None) -> int:
    """Return the number of the newest entry, 0 if there is none: while it stays the same, so do the facts.

    Args:
        store: whose log.
        customers: only what was done to facts of customers with these keys; by default everything.
    """
    with store.asking() as connection:
        if customers is None:
            return connection.scalar(_NEWEST) or 0
        return connection.scalar(_NEWEST_OF, {"customers": customers}) or 0


_NEWEST = select(func.max(audit.c.id))
_NEWEST_OF = _NEWEST.where(audit.c.customer.in_(bindparam("customers", expanding=True)))


def entry_that_said(connection: Connection, table: str, row: int) -> int | None:
    """Return the number of the entry that said what a row says, or None if none tells of it.

    A row that stands again since an undo was said by the entry that said it first.
    """
    for each in _mentions(connection, table, row):
        if each.change.added == row:
            if each.undoes is None:
                return each.entry
            first = _changes(connection, each.undoes)[each.place].retracted
            return None if first is None else entry_that_said(connection, table, first)
    return None


def standing_of(connection: Connection, table: str, row: int) -> tuple[int, int | None]:
    """Return the row that stands for a row: itself, or its copy since a correction of it was taken back.

    The second number is that of the entry which corrected it and stands, if there is one.
    """
    for each in _mentions(connection, table, row):
        if each.change.retracted == row and each.undoes is None:
            undone_by = connection.scalar(select(audit.c.id).where(audit.c.undoes == each.entry))
            copy = None if undone_by is None else _changes(connection, undone_by)[each.place].added
            return (row, each.entry) if copy is None else standing_of(connection, table, copy)
    return row, None


class _Mention(NamedTuple):
    """A change that names a row, its entry, what that undoes, and its place in the entry.

    The changes of an undo are in the order of those that they undo.
    """

    entry: int
    undoes: int | None
    place: int
    change: Change


def _mentions(connection: Connection, table: str, row: int) -> list[_Mention]:
    """Return the changes that name a row, the newest first."""
    maybe = audit.c.changes.contains(f'"{table}", ') & audit.c.changes.contains(f" {row}")
    statement = select(audit.c.id, audit.c.undoes, audit.c.changes).where(maybe).order_by(audit.c.id.desc())
    return [
        _Mention(entry, undoes, place, change)
        for entry, undoes, changes in connection.execute(statement)
        for place, change in enumerate(_read_changes(changes))
        if change.table == table and row in (change.added, change.retracted)
    ]


def _changes(connection: Connection, entry: int) -> tuple[Change, ...]:
    return _read_changes(connection.scalars(select(audit.c.changes).where(audit.c.id == entry)).one())


def _read_changes(text: str) -> tuple[Change, ...]:
    return tuple(Change(*each) for each in json.loads(text))


def _entry(connection: Connection, row: RowMapping, undone_by: int | None) -> Entry:
    changes = _read_changes(row["changes"])
    return Entry(
        id=row["id"],
        at=row["at"],
        user=row["done_by"],
        origin=row["origin"],
        did=row["did"],
        subject=row["subject"],
        customer=row["customer"],
        undoes=row["undoes"],
        undone_by=undone_by,
        changes=changes,
        says=tuple((each.table, _said(connection, each)) for each in changes if each.added is not None),
    )


def _said(connection: Connection, change: Change) -> dict[str, Any]:
    """Return what a row says, without personal data and without what the row before it said too."""
    table = FACT_TABLES[change.table]
    columns = [each for each in table.c if not each.info.get("personal")]
    added = connection.execute(select(*columns).where(table.c.id == change.added)).mappings().one()
    before = _before(connection, table, columns, change, added)
    return {
        name: value
        for name, value in added.items()
        if name not in BOOKKEEPING and value is not None and (before is None or name in _NAMES or before[name] != value)
    }


def _before(
    connection: Connection, table: Table, columns: list[Column[Any]], change: Change, added: RowMapping
) -> RowMapping | None:
    """Return the row that was corrected, or the one that told how it stood before."""
    statement = select(*columns).where(table.c.id == change.retracted)
    if change.retracted is None:
        if table.info["shape"] == "event":
            return None
        earlier = (table.c.key == added["key"]) & (table.c.holds_from < added["holds_from"])
        statement = (
            select(*columns)
            .where(earlier, table.c.id < added["id"])
            .order_by(table.c.holds_from.desc(), table.c.id.desc())
        )
    return connection.execute(statement.limit(1)).mappings().one_or_none()
