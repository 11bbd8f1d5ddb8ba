"""Decision runs: published whole or not at all, each kept under what it was decided from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import Select, Table, and_, func, insert, select

from facts import reading
from facts.database import bulk, run
from facts.store import Store
from facts.tables import decision_runs, decisions, portfolio

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor


@dataclass(frozen=True, slots=True)
class Run:
    """What a decision run was decided from. As-of date, pack and facts together name it."""

    as_of: date
    known_at: datetime
    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    facts_digest: str
    decided_by: str
    snapshot_file: str | None = None


def publish(store: Store, run_of: Run, decided: pa.Table, portfolio_facts: pa.Table | None = None) -> int:
    """Store the decisions of a run in one transaction, and return the run's number.

    A run that is there already is left as it is: the same facts and rules decide the same.

    Args:
        store: where.
        run_of: what it was decided from.
        decided: one row for each customer, with the columns of `tables.decisions` except `run`.
        portfolio_facts: one row for each customer, with the columns of `tables.portfolio` except `run`.

    Raises:
        StoreError: if the database refuses; then nothing of the run is stored.
    """
    with bulk(store.url, write=True) as cursor:
        found = _number(cursor, store, run_of)
        if found is not None:
            return found
        row = {**asdict(run_of), "customers": len(decided), "published_at": datetime.now(UTC)}
        run(cursor, store.url, insert(decision_runs).values(row))
        number = _number(cursor, store, run_of)
        assert number is not None, "the row was inserted just now"  # noqa: S101
        _add(cursor, decisions, decided, number)
        if portfolio_facts is not None:
            _add(cursor, portfolio, portfolio_facts, number)
    return number


def run_number(store: Store, run_of: Run) -> int | None:
    """Return the number of the run that was decided from the same, or None if there is none yet."""
    with bulk(store.url) as cursor:
        return _number(cursor, store, run_of)


def newest_run(store: Store) -> int:
    """Return the number of the run that was published last, 0 if none was."""
    with store.reading() as connection:
        return connection.scalar(select(func.max(decision_runs.c.id))) or 0


def decisions_of(store: Store, number: int) -> pa.Table:
    """Return what a run decided: the columns of `tables.decisions`, ordered by customer."""
    statement = select(decisions).where(decisions.c.run == number)
    schema = reading.arrow_schema(decisions, tuple(decisions.c.keys()))
    rows = reading.read_many(store.url, {"decisions": statement}, {"decisions": schema})["decisions"]
    return rows.sort_by("customer")


def last_portfolio(
    store: Store, as_of: date, known_at: datetime | None = None, customer: str | None = None
) -> pa.Table:
    """Return the portfolio facts of the last run up to a date that looked at the whole base.

    Args:
        store: where.
        as_of: runs as of later dates are left out.
        known_at: runs published later are left out; now by default.
        customer: return only this customer's row.
    """
    with store.reading() as connection:
        number = connection.scalar(_last_run(as_of, known_at or datetime.now(UTC)))
    statement = select(portfolio).where(portfolio.c.run == number)
    if customer is not None:
        statement = statement.where(portfolio.c.customer == customer)
    schema = reading.arrow_schema(portfolio, tuple(portfolio.c.keys()))
    if customer is not None:
        with store.reading() as connection:
            return reading.read_few(connection, statement, schema)
    return reading.read_many(store.url, {"portfolio": statement}, {"portfolio": schema})["portfolio"]


def _number(cursor: Cursor, store: Store, run_of: Run) -> int | None:
    columns = decision_runs.c
    same = and_(
        columns.as_of == run_of.as_of,
        columns.pack_digest == run_of.pack_digest,
        columns.facts_digest == run_of.facts_digest,
    )
    run(cursor, store.url, select(columns.id).where(same))
    found = cursor.fetchone()
    return None if found is None else int(found[0])


def _last_run(as_of: date, known_at: datetime) -> Select[tuple[int]]:
    columns = decision_runs.c
    has_portfolio = select(portfolio.c.run).where(portfolio.c.run == columns.id).exists()
    return (
        select(columns.id)
        .where(columns.as_of <= as_of, columns.published_at <= known_at, has_portfolio)
        .order_by(columns.as_of.desc(), columns.published_at.desc())
        .limit(1)
    )


def _add(cursor: Cursor, table: Table, rows: pa.Table, number: int) -> None:
    numbered = rows.append_column("run", pa.array([number] * len(rows), pa.int64()))
    stored = [reading.to_stored(batch, table) for batch in numbered.to_batches()]
    if stored:
        cursor.adbc_ingest(table.name, pa.Table.from_batches(stored), mode="append")
