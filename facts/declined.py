"""Actions that were declined, counted by the rule that advised them and by the reason."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from facts.store import Store
from facts.tables import actions


@dataclass(frozen=True, slots=True)
class Declined:
    """How often advice of a rule was declined for a reason; None where that was not recorded."""

    rule: str | None
    because: str | None
    count: int


def declined(store: Store, customer: str | None = None) -> list[Declined]:
    """Return how often advice was declined, the most frequent first.

    Args:
        store: where.
        customer: count only what was declined for this customer.

    Raises:
        StoreError: if the customer is not known.
    """
    stands = (actions.c.state == "declined") & actions.c.retracted_at.is_(None)
    statement = select(actions.c.advised_by, actions.c.declined_because).where(stands)
    if customer is not None:
        today = datetime.now(UTC).date()
        statement = statement.where(actions.c.customer.in_(store.known_as(customer, today)))
    with store.reading() as connection:
        rows = connection.execute(statement).all()
    counts = Counter((rule, because) for advised_by, because in rows for rule in _rules(advised_by))
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0][0] or "", each[0][1] or ""))
    return [Declined(rule, because, count) for (rule, because), count in ranked]


def _rules(advised_by: str | None) -> list[str | None]:
    return json.loads(advised_by) if advised_by else [None]
