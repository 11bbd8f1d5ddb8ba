"""Collections that nobody records any more on a date: what happened after the last day counts as unknown.

Exports end on the day on which they were made. Read as of a later day, they leave unknown what the customer did since,
and with it whether it orders and pays: a customer decided so looks like a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from facts.feature_database import open_database, prepare
from facts.reading import CURRENT
from facts.tables import coverage

if TYPE_CHECKING:
    from facts.store import Store

_COVERAGE = {"coverage": ("customer", "collection", "recorded_from", "recorded_to")}

_ENDED = """
SELECT collection, max(recorded_to)
FROM stretches
WHERE since IS NULL
GROUP BY collection
ORDER BY collection
"""

_UNSETTLED = """
SELECT min(i.recorded_from), max(p.recorded_from)
FROM stretches i
JOIN stretches p USING (owner)
WHERE i.collection = 'invoices' AND p.collection = 'payments' AND p.recorded_from > i.recorded_from
HAVING count(*) > 0
"""


# (Two joins, each by equal columns: with one that looks at both, every customer would be held against every other.)
_BROKEN = """
WITH pieces AS (
    SELECT s.collection, s.recorded_from, c.recorded_to
    FROM stretches s
    JOIN coverage c ON c.customer = s.owner AND c.collection = s.collection
    WHERE c.is_current
    UNION ALL
    SELECT s.collection, s.recorded_from, c.recorded_to
    FROM stretches s
    JOIN coverage c ON c.collection = s.collection
    WHERE c.is_current AND c.customer IS NULL
)
SELECT collection, max(recorded_to), max_by(recorded_from, recorded_to)
FROM pieces
WHERE recorded_to < recorded_from - 1
GROUP BY collection
ORDER BY collection
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A collection that was recorded to a day before the date looked at, of all customers or of some."""

    collection: str
    last: date


@dataclass(frozen=True, slots=True)
class Broken:
    """A collection that was recorded to a day and then again from another one: what came before is of no use.

    Counts and sums over a span that begins before it was recorded again are unknown.
    """

    collection: str
    last: date
    again: date


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Since when invoices and payments are recorded of customers, where so short a time leaves all debts unknown."""

    invoices: date
    payments: date


@dataclass(frozen=True, slots=True)
class Gaps:
    """What recording leaves unknown on a date."""

    ended: tuple[Ended, ...] = ()
    unsettled: Unsettled | None = None
    broken: tuple[Broken, ...] = ()

    @property
    def last(self) -> date | None:
        """The first day on which one of the collections ended: until then all of them are recorded."""
        return min((each.last for each in self.ended), default=None)


def gaps(store: Store, as_of: date, known_at: datetime | None = None) -> Gaps:
    """Return what recording leaves unknown on a date.

    Raises:
        StoreError: if the database cannot be read.
    """
    base = store.base_tables(as_of, known_at, only=_COVERAGE)
    with open_database(as_of, "") as database:
        database.register("coverage", base["coverage"])
        prepare(database, ("stretches",))
        ended = tuple(Ended(*row) for row in database.sql(_ENDED).fetchall())
        unsettled = [Unsettled(*row) for row in database.sql(_UNSETTLED).fetchall()]
        broken = tuple(Broken(*row) for row in database.sql(_BROKEN).fetchall())
    return Gaps(ended, unsettled[0] if unsettled else None, broken)


def may_have_ended(store: Store, as_of: date) -> bool:
    """Return whether a collection of any customer was recorded to a day before; to find out which takes longer.

    Raises:
        StoreError: if the database cannot be read.
    """
    earlier = select(coverage.c.id).where(coverage.c.retracted_at.is_(None), coverage.c.recorded_to < as_of)
    with store.reading() as connection:
        return connection.scalar(earlier.limit(1)) is not None


def ended_of(store: Store, customer: str, as_of: date, known_at: datetime) -> tuple[Ended, ...]:
    """Return what is not recorded any more of one customer, as `gaps` does; quicker, as it needs no other database.

    Raises:
        StoreError: if the customer is not known, or the database cannot be read.
    """
    lasts: dict[str, date] = {}
    for row in store.rows_of(customer, as_of, known_at, _COVERAGE)["coverage"]:
        if row[CURRENT] and row["recorded_from"] <= as_of:
            lasts[row["collection"]] = max(lasts.get(row["collection"], date.min), row["recorded_to"] or date.max)
    return tuple(Ended(collection, last) for collection, last in sorted(lasts.items()) if last < as_of)
