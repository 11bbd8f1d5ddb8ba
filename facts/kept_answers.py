"""Answers kept by the key of a request, so that a request that is sent twice is carried out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from facts.database import is_sqlite
from facts.house_tables import kept_answers as table
from facts.store import Store

KEPT = timedelta(days=1)
GIVEN_UP = timedelta(minutes=5)
"""After this time without an answer, whoever worked on a request has died."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered to a request; `status` is None while somebody is working on it."""

    request_digest: str
    status: int | None
    body: str | None


def claim(store: Store, account: str, key: str, request_digest: str, at: datetime) -> Kept | None:
    """Take a key for a request, or return what is kept under it already."""
    mine = (table.c.account == account) & (table.c.key == key)
    row = {"account": account, "key": key, "request_digest": request_digest, "at": at}
    with store.writing() as connection:
        connection.execute(delete(table).where(table.c.at < at - KEPT))
        connection.execute(delete(table).where(mine, table.c.status.is_(None), table.c.at < at - GIVEN_UP))
        taking = _insert(store).values(**row).on_conflict_do_nothing().returning(table.c.key)
        if connection.execute(taking).one_or_none() is not None:
            return None
        found = connection.execute(table.select().where(mine)).one()
    return Kept(found.request_digest, found.status, found.body)


def keep(store: Store, account: str, key: str, status: int, body: str) -> None:
    """Keep the answer to the request that has taken the key."""
    with store.writing() as connection:
        mine = (table.c.account == account) & (table.c.key == key)
        connection.execute(update(table).where(mine).values(status=status, body=body))


def give_back(store: Store, account: str, key: str) -> None:
    """Let the key go: nothing was done under it."""
    with store.writing() as connection:
        connection.execute(
            delete(table).where(table.c.account == account, table.c.key == key, table.c.status.is_(None))
        )


def _insert(store: Store):  # type: ignore[no-untyped-def] # two classes with nothing in common
    if is_sqlite(store.url):
        from sqlalchemy.dialects.sqlite import insert as of_sqlite

        return of_sqlite(table)
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    return of_postgresql(table)
