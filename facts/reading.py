"""Reading facts as of a date and as known at a moment: one definition of what is visible, and of who stands for whom.

`arrow_rows` carries out the statements that are made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Date,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import NamedFromClause

from facts.columns import UtcMoment
from facts.house_tables import decision_runs, portfolio
from facts.tables import customer_keys, customers, merges, own_columns

CURRENT = "is_current"
"""The column of a register's rows that tells whether a row is the last one of its key and has not ended."""


# --- what is visible ---

# Values for these are given when a statement is run, so that it is made and compiled only once: to make and compile
# the statements for one customer takes four times as long as to run them.
AS_OF = bindparam("as_of", type_=Date())
KNOWN_AT = bindparam("known_at", type_=UtcMoment())
CUSTOMER_KEYS: BindParameter[Any] = bindparam("customer_keys", expanding=True)


def visible(table: Table | NamedFromClause) -> ColumnElement[bool]:
    """Return the condition for rows that hold on `AS_OF` and that the store knew at `KNOWN_AT`."""
    row = table.c
    return and_(
        row.holds_from <= AS_OF,
        row.recorded_at <= KNOWN_AT,
        or_(row.retracted_at.is_(None), row.retracted_at > KNOWN_AT),
    )


@cache
def visible_rows(table: Table, columns: tuple[str, ...], *, of_customers: bool = False) -> Select[Any]:
    """Select the visible rows of a fact table.

    Values that became known by a later event of the row (see `tables.known_on`) are null before that event.
    Of registers, `is_current` tells whether a row is the last one of its key and has not ended.

    Args:
        table: a fact table.
        columns: the columns wanted.
        of_customers: select only rows of `CUSTOMER_KEYS`, and rows that are about no customer.
    """
    selected = [_seen_in_time(table.c[name]) for name in columns]
    if table.info.get("shape") == "register":
        selected.append(_is_current(table).label(CURRENT))
    statement = select(*selected).where(visible(table))
    if of_customers and (column := owner(table)) is not None:
        theirs = column.in_(CUSTOMER_KEYS)
        # Where the column is never null, SQLite would go through the whole table to see that it is not.
        statement = statement.where(or_(theirs, column.is_(None)) if column.nullable else theirs)
    return statement


@cache
def readable_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a fact table that hold neither personal data nor bookkeeping."""
    return tuple(column.name for column in own_columns(table) if not column.info.get("personal"))


def _seen_in_time(column: Column[Any]) -> ColumnElement[Any]:
    happened_on = column.info.get("known_on")
    return column if happened_on is None else case((column.table.c[happened_on] <= AS_OF, column)).label(column.name)


def _is_current(table: Table) -> ColumnElement[bool]:
    # No two rows of a key stand from the same day. (To number them instead, DuckDB takes twice as long.)
    last_on = func.max(table.c.holds_from).over(partition_by=table.c.key)
    going_on = or_(table.c.holds_until.is_(None), table.c.holds_until > AS_OF)
    return and_(table.c.holds_from == last_on, going_on)


def owner(table: Table) -> Column[Any] | None:
    """Return the column with the customer that a table's rows are about, or None if they are about none."""
    return table.c.key if table is customers else table.c.get("customer")


# --- what the last run found ---


def last_run() -> Select[int]:
    """Select the number of the last run up to `AS_OF`, published up to `KNOWN_AT`, that looked at the whole base."""
    columns = decision_runs.c
    return (
        select(columns.id)
        .where(columns.as_of <= AS_OF, columns.published_at <= KNOWN_AT, columns.has_portfolio)
        .order_by(columns.as_of.desc(), columns.published_at.desc())
        .limit(1)
    )


@cache
def portfolio_rows() -> Select[Any]:
    """Select what that run found out about all customers."""
    return select(portfolio).where(portfolio.c.run == last_run().scalar_subquery())


@cache
def portfolio_of_customers() -> Select[Any]:
    """Select what that run found out about `CUSTOMER_KEYS`."""
    return portfolio_rows().where(portfolio.c.customer.in_(CUSTOMER_KEYS))


# --- merged duplicates ---


MERGES = pa.schema([("customer", pa.string()), ("survivor", pa.string())])


@cache
def merges_known() -> Select[Any]:
    """Select which customers were known to be duplicates of which; later statements come last."""
    ordered = select(merges.c.customer, merges.c.survivor, merges.c.holds_from).where(visible(merges))
    newest_last = ordered.order_by(merges.c.holds_from).subquery()
    return select(newest_last.c.customer, newest_last.c.survivor)


@cache
def merges_for() -> Select[Any]:
    """Select the same for somebody who asks about the customer `customer_key`: no row at all if it is not known.

    If it is and there are no merges, there is one empty row.
    """
    known = select(merges.c.customer, merges.c.survivor, merges.c.holds_from).where(visible(merges)).subquery()
    return (
        select(known.c.customer, known.c.survivor)
        .select_from(customer_keys.outerjoin(known, true()))
        .where(customer_keys.c.key == bindparam("customer_key"))
        .order_by(known.c.holds_from)
    )


def survivors(known_merges: pa.Table) -> dict[str, str]:
    """Return, for each merged customer, the one that stands for it in the end."""
    return in_the_end(dict(zip(*(column.to_pylist() for column in known_merges.columns), strict=True)))


def in_the_end(into: Mapping[str, str]) -> dict[str, str]:
    """Return the same of who was merged into whom."""
    return {key: _last(key, into) for key in into}


def going_round(into: Mapping[str, str]) -> set[str]:
    """Return those who come back to themselves by who was merged into whom: none of them stands for the others."""
    return {key for key in into if _comes_back(key, into)}


def _comes_back(key: str, into: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    at = into[key]
    while at != key and at in into and at not in seen:
        seen.add(at)
        at = into[at]
    return at == key


def _last(key: str, into: Mapping[str, str]) -> str:
    seen = {key}
    while (key := into.get(key, key)) not in seen:
        seen.add(key)
    return key


def rename_customers(table: pa.Table, column: str, into: Mapping[str, str]) -> pa.Table:
    """Replace the keys of merged customers by the keys of those who stand for them."""
    if not into or column not in table.column_names:
        return table
    merged = pa.array(list(into), pa.string())
    position = pc.index_in(table[column], value_set=merged)
    replaced = pc.coalesce(pc.take(pa.array(list(into.values()), pa.string()), position), table[column])
    return table.set_column(table.column_names.index(column), column, replaced)


def merged(name: str, table: pa.Table, into: Mapping[str, str]) -> pa.Table:
    """Carry merges out in rows of a fact table: of merged customers nothing is left in `customers`."""
    if name != customers.name:
        return rename_customers(table, "customer", into)
    gone = pc.is_in(table["key"], value_set=pa.array(list(into), pa.string()))
    return rename_customers(table.filter(pc.invert(gone)), "parent", into)
