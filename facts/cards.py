"""Who a customer is today, in one statement: each page and each answer begins with it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exists, func, or_, select

from facts import arrow_rows, reading
from facts.card import CARD, Card
from facts.database import NUL
from facts.store import Store
from facts.tables import customer_keys, customers, merges

_AT_ONCE = 10_000
"""Customers that are asked for in one statement: databases limit how many parameters it may have."""


def known(connection: Connection, customer: str, as_of: date, known_at: datetime) -> tuple[str, Card] | None:
    """Return the key of a customer, and who it is; None if nobody knows it on this day, or ever did.

    A customer that was merged into another is that one.
    """
    if NUL in customer:
        return None
    seen = {"as_of": as_of, "known_at": known_at}
    found = connection.execute(_card(), {"customer": customer, **seen}).mappings().one_or_none()
    if found is not None and found["is_merged"]:
        into = reading.survivors(arrow_rows.read_few(connection, reading.merges_known(), reading.MERGES, **seen))
        customer = into[customer]
        found = connection.execute(_card(), {"customer": customer, **seen}).mappings().one_or_none()
    if found is None or found["key"] is None or found["is_merged"]:
        return None
    return customer, {name: found[name] for name in CARD}


def cards(store: Store, wanted: Collection[str], as_of: date, known_at: datetime | None = None) -> dict[str, Card]:
    """Return who customers are on a day, by key; those of whom nothing holds on it are left out.

    Args:
        store: where.
        wanted: keys of customers that are not merged into others.
        as_of: the day.
        known_at: what was known at this moment; None for all that is known.
    """
    seen, keys = {"as_of": as_of, "known_at": known_at or datetime.now(UTC)}, list(wanted)
    found: dict[str, Card] = {}
    with store.asking() as connection:
        for first in range(0, len(keys), _AT_ONCE):
            asked = {"customers": keys[first : first + _AT_ONCE], **seen}
            for row in connection.execute(_cards(), asked).mappings():
                found[row["key"]] = {name: row[name] for name in CARD}
    return found


def account_managers(store: Store) -> list[str]:
    """Return the names of those who look, or looked, after customers, sorted."""
    name = customers.c.account_manager
    wanted = select(name).where(customers.c.retracted_at.is_(None), name.is_not(None)).distinct().order_by(name)
    with store.asking() as connection:
        return list(connection.execute(wanted).scalars())


@cache
def _cards() -> Select[Any]:
    row, later = customers.c, customers.alias()
    last = select(func.max(later.c.holds_from)).where(later.c.key == row.key, reading.visible(later)).scalar_subquery()
    return select(row.key, *(row[name] for name in CARD)).where(
        row.key.in_(bindparam("customers", expanding=True)),
        reading.visible(customers),
        row.holds_from == last,
        or_(row.holds_until.is_(None), row.holds_until > reading.AS_OF),
    )


@cache
def _card() -> Select[Any]:
    key: BindParameter[str] = bindparam("customer")
    row, later = customers.c, customers.alias()
    last = select(func.max(later.c.holds_from)).where(later.c.key == key, reading.visible(later)).scalar_subquery()
    stands = and_(
        row.key == key,
        reading.visible(customers),
        row.holds_from == last,
        or_(row.holds_until.is_(None), row.holds_until > reading.AS_OF),
    )
    merged = exists().where(merges.c.customer == key, reading.visible(merges)).label("is_merged")
    chosen = (row.key, *(row[name] for name in CARD), merged)
    return select(*chosen).join_from(customer_keys, customers, stands, isouter=True).where(customer_keys.c.key == key)
