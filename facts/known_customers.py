"""Which customers the store knows, and what to say of one whom it does not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from sqlalchemy import Connection, select

from engine.errors import NEAR, did_you_mean
from engine.said import NOTHING, Said, said
from facts.database import StoreError
from facts.tables import customer_keys, customers

_LISTED = 3
"""Customers of one name that a hint lists."""


def require_customers(connection: Connection, wanted: Iterable[str]) -> None:
    """Check that customers are known.

    Raises:
        StoreError: naming the first one that is not, with the key that was perhaps meant.
    """
    asked = sorted(set(wanted))
    known = set(connection.scalars(select(customer_keys.c.key).where(customer_keys.c.key.in_(asked))))
    unknown = [key for key in asked if key not in known]
    if unknown:
        hint = _by_name(connection, unknown[0])
        raise StoreError(
            said("Customer {customer!r} is not known", customer=unknown[0]),
            said("no fact about it was recorded"),
            hint or said("See `valuelift customers` for those that are."),
        )


def _by_name(connection: Connection, asked: str) -> Said:
    """Return a hint: the keys of customers who have that name or have it in theirs, the nearest key or nearest name."""
    named = connection.execute(select(customers.c.key, customers.c.name).limit(10_000)).all()
    names = {row.key: row.name for row in named}
    same = [key for key, name in names.items() if name == asked]
    within = same or [key for key, name in names.items() if asked.casefold() in name.casefold()]
    if not within and (hint := did_you_mean(asked, names)):
        return hint
    alike = get_close_matches(asked, sorted(set(names.values())), 1, NEAR)
    near = within or [key for key, name in names.items() if name in alike]
    if not near:
        return NOTHING
    listed = [f"`{key}` ({names[key]})" for key in sorted(near)[:_LISTED]]
    return said("Customers are asked for by their keys, such as {keys}.", keys=listed)
