"""Drafts of packs: uploaded by one author, looked at, and put to use once another approves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, or_, select, update

from engine.said import said
from facts.database import StoreError
from facts.house_tables import drafts as table
from facts.store import Store

MOST = 50
"""Drafts that a store keeps besides those that were put to use."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft without its files. `report` is None while it is looked at."""

    id: int
    name: str
    version: str
    uploaded_by: str
    uploaded_at: datetime
    asked_at: datetime
    report: str | None
    approved_by: str | None
    used_at: datetime | None


_COLUMNS = tuple(table.c[name] for name in Draft.__slots__)


def add_draft(store: Store, name: str, version: str, content: bytes, user: str, at: datetime) -> int:
    """Keep a draft that is still to be looked at, and return its number.

    Raises:
        StoreError: if there are too many.
    """
    row = {"name": name, "version": version, "content": content, "uploaded_by": user}
    with store.writing() as connection:
        waiting = connection.scalar(select(func.count()).select_from(table).where(table.c.used_at.is_(None))) or 0
        if waiting >= MOST:
            raise StoreError(
                said("The draft is not kept"),
                said("there are {number} already", number=MOST),
                said("Discard some first."),
            )
        added = connection.execute(insert(table).values(**row, uploaded_at=at, asked_at=at)).inserted_primary_key
        assert added is not None, "one row was inserted"  # noqa: S101
        return int(added[0])


def drafts(store: Store, number: int | None = None) -> list[Draft]:
    """Return the drafts, or one of them, the newest first."""
    statement = select(*_COLUMNS).order_by(table.c.id.desc())
    if number is not None:
        statement = statement.where(table.c.id == number)
    with store.reading() as connection:
        return [Draft(*row) for row in connection.execute(statement)]


def content_of(store: Store, number: int) -> bytes:
    """Return a draft's files as a zip file."""
    with store.reading() as connection:
        return bytes(connection.execute(select(table.c.content).where(table.c.id == number)).scalar_one())


def report(store: Store, number: int, found: str, used_at: datetime | None = None) -> None:
    """Keep what was found out about a draft, and when it was put to use if it was."""
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.id == number).values(report=found, used_at=used_at))


def ask_again(store: Store, number: int, at: datetime, patience: timedelta, approved_by: str | None = None) -> bool:
    """Let a draft be looked at once more, and return whether it may be.

    It may not while somebody else is at it, unless that takes longer than it can, or once it was put to use. Where
    somebody approves, that is somebody else than who uploaded it.
    """
    free = or_(table.c.report.is_not(None), table.c.asked_at < at - patience)
    statement = update(table).where(table.c.id == number, table.c.used_at.is_(None), free)
    if approved_by is not None:
        statement = statement.where(table.c.uploaded_by != approved_by)
    with store.writing() as connection:
        found = connection.execute(statement.values(report=None, asked_at=at, approved_by=approved_by))
        return found.rowcount == 1


def discard(store: Store, number: int, at: datetime, patience: timedelta) -> bool:
    """Delete a draft that is not in use and that nobody looks at, and return whether there was one."""
    free = or_(table.c.report.is_not(None), table.c.asked_at < at - patience)
    with store.writing() as connection:
        gone = connection.execute(delete(table).where(table.c.id == number, table.c.used_at.is_(None), free))
        return gone.rowcount == 1
