"""Which rules fired for customers in the runs of earlier days, as far back as advice is followed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

from sqlalchemy import Connection, select

from facts.house_tables import LISTED, decision_runs, decisions, rule_lists
from facts.store import Store

MOST_RUNS = 90
"""Days with a run that are looked back on: about three months of nightly runs."""

Fired = Mapping[str, list[tuple[date, str]]]
"""Of each customer the days on which a run decided it, the latest first, with the rules that fired (JSON list)."""


def fired_before(store: Store, customers: Collection[str], day: date, known_at: datetime | None = None) -> Fired:
    """Return what fired before a day.

    Args:
        store: where.
        customers: about whom.
        day: runs as of this day or a later one are left out; of several as of one day, the last one counts.
        known_at: runs published later are left out; now by default.

    Raises:
        StoreError: if the database cannot be read.
    """
    found: dict[str, list[tuple[date, str]]] = {customer: [] for customer in customers}
    with store.reading() as connection:
        days = _days_of_runs(connection, day, known_at or datetime.now(UTC))
        if not days or not found:
            return found
        statement = (
            select(decisions.c.run, decisions.c.customer, rule_lists.c.rules)
            .join_from(decisions, rule_lists, LISTED)
            .where(decisions.c.run.in_(days), decisions.c.customer.in_(found))
        )
        rows = connection.execute(statement).all()
    for run, customer, rules in sorted(rows, key=lambda row: days[row.run], reverse=True):
        found[customer].append((days[run], rules))
    return found


def _days_of_runs(connection: Connection, day: date, known_at: datetime) -> dict[int, date]:
    """Return the days of the last runs before a day, by the number of the run."""
    runs = decision_runs.c
    statement = (
        select(runs.id, runs.as_of)
        .where(runs.as_of < day, runs.published_at <= known_at)
        .order_by(runs.as_of.desc(), runs.id.desc())
    )
    last: dict[date, int] = {}
    for number, as_of in connection.execute(statement):
        if as_of not in last and len(last) == MOST_RUNS:
            break
        last.setdefault(as_of, number)
    return {number: as_of for as_of, number in last.items()}
