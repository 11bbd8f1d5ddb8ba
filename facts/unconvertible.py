"""Amounts that count as unknown because nobody told what their currency was worth on their day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select

from facts.store import Store
from facts.tables import FACT_TABLES, agreements, exchange_rates, opportunities


@dataclass(frozen=True, slots=True)
class Unconvertible:
    """Rows of a table in a currency of which no rate was known yet on their day; the first such day."""

    table: str
    currency: str
    base_currency: str
    rows: int
    since: date


def unconvertible(store: Store, tables: Iterable[str] = FACT_TABLES) -> tuple[Unconvertible, ...]:
    """Return which rows of some tables have amounts that cannot be converted into the store's base currency.

    Raises:
        StoreError: if the database cannot be read.
    """
    base = store.settings().get("base_currency", "")
    with_currency = [
        table for name in tables if "currency" in (table := FACT_TABLES[name]).c and name != "exchange_rates"
    ]
    with store.reading() as connection:
        rates = {row.currency: row.first for row in connection.execute(_FIRST_RATES)}
        today = store.today()
        return tuple(each for table in with_currency for each in _of_table(connection, table, base, rates, today))


_FIRST_RATES = (
    select(exchange_rates.c.currency, func.min(exchange_rates.c.holds_from).label("first"))
    .where(exchange_rates.c.retracted_at.is_(None))
    .group_by(exchange_rates.c.currency)
)


def _of_table(
    connection: Connection, table: Table, base: str, rates: dict[str, date], today: date
) -> Iterator[Unconvertible]:
    day = _day(table, today)
    standing = table.c.retracted_at.is_(None) & (table.c.currency != base)
    counted = select(table.c.currency, func.count(), func.min(day)).where(standing).group_by(table.c.currency)
    for currency, rows, first in connection.execute(counted.order_by(table.c.currency)).all():
        rate_from = rates.get(currency)
        if rate_from is None:
            yield Unconvertible(table.name, currency, base, rows, first)
        elif first < rate_from:
            earlier = select(func.count()).where(standing, table.c.currency == currency, day < rate_from)
            yield Unconvertible(table.name, currency, base, connection.scalar(earlier) or 0, first)


def _day(table: Table, today: date) -> ColumnElement[date]:
    """Return the day at whose rate a row's amounts count, as features/prepared/day_rates.sql has it."""
    if table is agreements:
        return literal(today)
    if table is opportunities:
        return func.coalesce(table.c.closed_on, table.c.holds_from)
    return table.c.holds_from
