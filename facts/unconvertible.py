"""Amounts that count as unknown because nobody told what their currency was worth on their day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, literal, select

from engine.frozen import dataclass
from facts.tables import FACT_TABLES, agreements, exchange_rates, opportunities

if TYPE_CHECKING:
    import pyarrow as pa

    from facts.store import Store


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
    with store.reading() as connection:
        rates = {row.currency: row.first for row in connection.execute(_first_rates())}
        today = store.today()
        return tuple(
            each
            for name in tables
            if (amount := _amounts().get(name)) is not None
            for each in _of_table(connection, amount, base, rates, today)
        )


def currencies_without_rate(base: Mapping[str, pa.Table], base_currency: str, as_of: date) -> tuple[str, ...]:
    """Return the currencies of which some amount cannot be converted, in what was read of one customer as of a date."""
    rates = base["exchange_rates"]
    firsts = _least_by_currency(zip(rates["currency"].to_pylist(), rates["holds_from"].to_pylist(), strict=True))
    found = (
        currency
        for name, amount in _amounts().items()
        if name in base and not {None, base_currency}.issuperset(base[name]["currency"].to_pylist())
        for currency, day in _least_by_currency(_days(base[name], amount, as_of)).items()
        if currency != base_currency and (currency not in firsts or day < firsts[currency])
    )
    return tuple(sorted(set(found)))


def _days(rows: pa.Table, amount: Column[object], as_of: date) -> Iterator[tuple[str, date]]:
    """Yield the currency of each amount of a table, and the day at whose rate it counts."""
    for row in rows.to_pylist():
        if row[amount.name] is not None:
            yield row["currency"], as_of if amount.table is agreements else row.get("closed_on") or row["holds_from"]


def _least_by_currency(days: Iterable[tuple[str, date]]) -> dict[str, date]:
    found = dict[str, date]()
    for currency, day in days:
        found[currency] = min(day, found.get(currency, day))
    return found


@cache
def _amounts() -> Mapping[str, Column[object]]:
    """Return the column of amounts of each table that has some, by the table's name."""
    of_other_names = {"customers": "annual_revenue", "agreements": "credit_limit"}
    return {
        name: table.c[of_other_names.get(name, "amount")]
        for name, table in FACT_TABLES.items()
        if "currency" in table.c and table is not exchange_rates
    }


def _first_rates() -> Select[tuple[str, date]]:
    rates = exchange_rates.c
    first = func.min(rates.holds_from).label("first")
    return select(rates.currency, first).where(rates.retracted_at.is_(None)).group_by(rates.currency)


def _of_table(
    connection: Connection, amount: Column[object], base: str, rates: Mapping[str, date], today: date
) -> Iterator[Unconvertible]:
    table = amount.table
    day = _day(table, today)
    standing = table.c.retracted_at.is_(None) & amount.is_not(None) & (table.c.currency != base)
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
