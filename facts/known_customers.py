"""Which customers the store knows, and what to say of one whom it does not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from engine.errors import did_you_mean
from engine.said import said
from facts.database import StoreError
from facts.tables import customer_keys, customers


def require_customers(connection: Connection, wanted: Iterable[str]) -> None:
    """Check that customers are known.

    Raises:
        StoreError: naming the first one that is not, with the nearest known key.
    """
    asked = sorted(set(wanted))
    known = set(connection.scalars(select(customer_keys.c.key).where(customer_keys.c.key.in_(asked))))
    unknown = [key for key in asked if key not in known]
    if unknown:
        # Customers are asked for by name as well, so that is looked at for the hint.
        named = connection.execute(select(customers.c.key, customers.c.name).limit(10_000)).all()
        by_name = {row.name: row.key for row in named}
        hint = did_you_mean(unknown[0], {row.key for row in named} | set(by_name))
        raise StoreError(
            said("Customer {customer!r} is not known", customer=unknown[0]),
            said("no fact about it was recorded"),
            hint or said("See `valuelift customers` for those that are."),
        )
