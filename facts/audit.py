"""The audit log: who did what to the store, when, and from where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, RowMapping, Table, insert, select

from facts.store import Store
from facts.tables import FACT_TABLES, audit

COMMAND_LINE = "command line"

_BOOKKEEPING = ("id", "key", "customer", "source", "recorded_at", "entered_by", "retracted_at")


class Change(NamedTuple):
    """A row that was added to a fact table, a row of it that no longer stands, or both: their ids."""

    table: str
    added: int | None
    retracted: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log. `says` has, for each row that it added, the table and what the row says."""

    id: int
    at: datetime
    user: str
    origin: str
    did: str
    subject: str
    customer: str | None
    undoes: int | None
    undone_by: int | None
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
    store: Store, *, customer: str | None = None, user: str | None = None, since: date | None = None, most: int | None
) -> list[Entry]:
    """Return entries of the log, the newest first.

    Args:
        store: whose log.
        customer: only what was done to this customer's facts.
        user: only what this user did.
        since: only what was done on this day (in UTC) or later.
        most: no more than so many; None for all.
    """
    statement = select(audit).order_by(audit.c.id.desc()).limit(most)
    if customer is not None:
        statement = statement.where(audit.c.customer == customer)
    if user is not None:
        statement = statement.where(audit.c.done_by == user)
    if since is not None:
        statement = statement.where(audit.c.at >= datetime(since.year, since.month, since.day, tzinfo=UTC))
    with store.reading() as connection:
        rows = connection.execute(statement).mappings().all()
        numbers = [row["id"] for row in rows]
        undone = dict(connection.execute(select(audit.c.undoes, audit.c.id).where(audit.c.undoes.in_(numbers))).all())
        return [_entry(connection, row, undone.get(row["id"])) for row in rows]


def entry_that_said(connection: Connection, table: str, row: int) -> int | None:
    """Return the number of the entry that added a row, or None if none tells of it."""
    found: int | None = connection.scalar(select(audit.c.id).where(audit.c.changes.contains(f'["{table}", {row}, ')))
    return found


def changes_of(row: RowMapping) -> list[Change]:
    """Return what an entry changed."""
    return [Change(*each) for each in json.loads(row["changes"])]


def _entry(connection: Connection, row: RowMapping, undone_by: int | None) -> Entry:
    says = tuple(
        (each.table, _said(connection, FACT_TABLES[each.table], each.added))
        for each in changes_of(row)
        if each.added is not None
    )
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
        says=says,
    )


def _said(connection: Connection, table: Table, row: int) -> dict[str, Any]:
    """Return what a row says, without personal data."""
    columns = [each for each in table.c if each.name not in _BOOKKEEPING and not each.info.get("personal")]
    found = connection.execute(select(*columns).where(table.c.id == row)).mappings().one()
    return {name: value for name, value in found.items() if value is not None}
