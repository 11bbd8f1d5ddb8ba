"""The log of reads: who looked at which customer, when, and by which way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert

from facts.audit import newest_of
from facts.house_tables import reads as table
from facts.store import Store

# Without the new rows' numbers, which nobody asks for.
_ADDED = insert(table).inline()


@dataclass(frozen=True, slots=True)
class Read:
    """That somebody looked at a customer. `what` is the route by which it was."""

    at: datetime
    user: str
    origin: str
    what: str
    customer: str


def log_reads(store: Store, user: str, origin: str, what: str, customers: Iterable[str], at: datetime) -> None:
    """Note that somebody is about to be shown customers."""
    listed = list(customers)
    if listed:
        with store.writing() as connection:
            log_reads_in(connection, user, origin, what, listed, at)


def log_reads_in(
    connection: Connection, user: str, origin: str, what: str, customers: Iterable[str], at: datetime
) -> None:
    """Note the same (see `log_reads`) within a transaction."""
    rows = [{"at": at, "read_by": user, "origin": origin, "what": what, "customer": each} for each in customers]
    connection.execute(_ADDED, rows)


def reads(
    store: Store,
    *,
    customer: str | None = None,
    user: str | None = None,
    since: date | None = None,
    most: int | None = None,
) -> list[Read]:
    """Return who looked at which customer, the newest first (arguments as those of `audit.entries`).

    Raises:
        StoreError: if the customer is not known.
    """
    statement = newest_of(store, table, table.c.read_by, customer, user, since, most)
    with store.reading() as connection:
        return [Read(row.at, row.read_by, row.origin, row.what, row.customer) for row in connection.execute(statement)]
