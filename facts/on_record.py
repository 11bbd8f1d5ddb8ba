"""What a customer's page tells besides the decision, read by one statement: records, what was advised, and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from operator import itemgetter

from sqlalchemy import func, select

from facts.book import standing
from facts.house_tables import audit
from facts.reading import CUSTOMER_KEYS
from facts.store import Store, of_customer, with_merges
from facts.stored import Advised, advice
from facts.tables import FACT_TABLES
from facts.together import Row, Together


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A customer's records, also those of customers merged into it.

    `standing` has the rows that stand, by table and then by day, and `advised` what runs decided, the earliest first.
    `newest` is the number of the newest entry of the audit log about the customer, 0 if there is none.
    """

    standing: Mapping[str, Sequence[Row]]
    advised: Sequence[Advised]
    newest: int


def on_record(store: Store, customer: str, today: date, tables: tuple[str, ...], most: int) -> OnRecord:
    """Read what is on record of a customer.

    Args:
        store: where.
        customer: one that stands for itself.
        today: the last day of which is told what was advised.
        tables: those whose rows are wanted.
        most: of how many runs at most is told what they advised, the newest.

    Raises:
        StoreError: if the database cannot be read.
    """
    given = {"as_of": today, "known_at": datetime.now(UTC), "customer": customer, "most": most}
    with store.asking() as connection:
        found, _ = of_customer(connection, _together(tables), customer, given)
    (newest,) = found["newest"]
    advised = sorted((Advised(**row) for row in found["advised"]), key=lambda each: (each.as_of, each.run))
    rows = {name: sorted(found[name], key=itemgetter("holds_from", "id")) for name in tables}
    return OnRecord(rows, advised, newest["number"] or 0)


@cache
def _together(tables: tuple[str, ...]) -> Together:
    number = func.max(audit.c.id).label("number")
    newest = select(number).where(audit.c.customer.in_(CUSTOMER_KEYS))
    rows = {name: standing(FACT_TABLES[name]) for name in tables}
    return with_merges({**rows, "advised": advice(), "newest": newest})
