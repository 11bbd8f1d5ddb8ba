"""Reading facts as of a date and as known at a moment: one definition of what is visible.

The select statements made here run through ADBC for the whole base and through SQLAlchemy for one customer;
both give the same Arrow tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    URL,
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import NamedFromClause

from facts.columns import Scaled, UtcMoment
from facts.database import bulk, is_sqlite, run
from facts.house_tables import decision_runs, portfolio
from facts.tables import customer_keys, customers, merges, own_columns

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

_CURRENT = "is_current"


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
        selected.append(_is_current(table).label(_CURRENT))
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


# --- rows to Arrow ---


def read_many(
    url: URL, statements: Mapping[str, Select[Any]], schemas: Mapping[str, pa.Schema], **values: object
) -> dict[str, pa.Table]:
    """Run the statements in one transaction, in bulk, with values for their parameters; return their rows."""
    with bulk(url) as cursor:
        return {
            name: pa.Table.from_batches(stream(cursor, url, statement, schemas[name], **values), schemas[name])
            for name, statement in statements.items()
        }


def stream(
    cursor: Cursor, url: URL, statement: Select[Any], schema: pa.Schema, **values: object
) -> Iterator[pa.RecordBatch]:
    """Run a statement in bulk and give its rows batch by batch."""
    run(cursor, url, _typed(statement, schema) if is_sqlite(url) else statement, **values)
    to_skip = 1 if is_sqlite(url) else 0
    for batch in cursor.fetch_record_batch():
        yield _cast(batch.slice(to_skip), schema)
        to_skip = 0


def table_of(rows: Sequence[Mapping[str, Any]], table: Table, columns: tuple[str, ...]) -> pa.Table:
    """Return rows of a table as `Store.base_tables` gives them."""
    if not rows:
        return _no_rows(table, columns)
    # As one array of structs: to make an array of each column takes twice as long.
    batch = pa.RecordBatch.from_struct_array(pa.array(rows, _row_type(table, columns)))
    return pa.Table.from_batches([batch], arrow_schema(table, columns))


@cache
def _row_type(table: Table, columns: tuple[str, ...]) -> pa.StructType:
    return pa.struct(list(arrow_schema(table, columns)))


@cache
def _no_rows(table: Table, columns: tuple[str, ...]) -> pa.Table:
    return arrow_schema(table, columns).empty_table()


def read_few(connection: Connection, statement: Select[Any], schema: pa.Schema, **values: object) -> pa.Table:
    """Run one statement with values for its parameters, and return its rows."""
    rows: Sequence[Row[Any]] = connection.execute(statement, values).all()
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [
        pa.array((None if value is None else bool(value) for value in values), field.type)
        if pa.types.is_boolean(field.type)
        else pa.array(values, field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


@cache
def arrow_schema(table: Table, columns: tuple[str, ...]) -> pa.Schema:
    """Return the Arrow types of what `visible_rows` selects."""
    fields = [pa.field(name, arrow_type(table.c[name])) for name in columns]
    if table.info.get("shape") == "register":
        fields.append(pa.field(_CURRENT, pa.bool_()))
    return pa.schema(fields)


def arrow_type(column: Column[Any]) -> pa.DataType:
    """Return the Arrow type that carries a column's values."""
    kind = column.type
    if isinstance(kind, Scaled):
        return pa.decimal128(18, kind.scale)
    if isinstance(kind, UtcMoment):
        return pa.timestamp("us", "UTC")
    if isinstance(kind, Date):
        return pa.date32()
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, (Integer, BigInteger)):
        return pa.int64()
    return pa.string()


_DUCKDB_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
}


def duckdb_type(kind: pa.DataType) -> str:
    """Return what DuckDB calls one of these types."""
    return f"DECIMAL({kind.precision}, {kind.scale})" if pa.types.is_decimal(kind) else _DUCKDB_TYPES[kind]


def duckdb_column(column: Column[Any]) -> str:
    """Return what DuckDB calls the type of a column's values."""
    return duckdb_type(arrow_type(column))


def _typed(statement: Select[Any], schema: pa.Schema) -> Any:
    """Put a row of example values first: the SQLite driver takes a column's type from the first rows."""
    examples = [literal("" if _stored_as_text(field.type) else 0).label(field.name) for field in schema]
    return union_all(select(*examples), statement)


def _stored_as_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _cast(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give stored values their declared types; only SQLite's need more than a change of name."""
    columns = [_of_type(values, field.type) for values, field in zip(rows.columns, schema, strict=True)]
    return pa.record_batch(columns, schema=schema)


def _of_type(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        return from_scaled(values, kind)
    if pa.types.is_timestamp(kind) and pa.types.is_string(values.type):
        return values.cast(pa.timestamp(kind.unit)).cast(kind)  # written in UTC, without saying so
    return values.cast(kind)


def from_scaled(stored: pa.Array, kind: pa.Decimal128Type) -> pa.Array:
    """Return stored integers as the decimals that they stand for, without arithmetic."""
    whole = stored.cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(kind, len(whole), whole.buffers(), whole.null_count, whole.offset)


def to_stored(rows: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """Return rows in the types that bulk loading puts into a table's columns."""
    columns = [
        _stored(values.cast(arrow_type(table.c[name])), table.c[name])
        for name, values in zip(rows.schema.names, rows.columns, strict=True)
    ]
    return pa.record_batch(columns, names=rows.schema.names)


def _stored(values: pa.Array, column: Column[Any]) -> pa.Array:
    if isinstance(column.type, Scaled):
        whole = pa.decimal128(values.type.precision, 0)  # the opposite of `from_scaled`
        plain = pa.Array.from_buffers(whole, len(values), values.buffers(), values.null_count, values.offset)
        return plain.cast(pa.int64())
    if isinstance(column.type, Integer) and not isinstance(column.type, BigInteger):
        return values.cast(pa.int32())  # PostgreSQL's COPY takes integers only in the column's own width
    return values


def rename_customers(table: pa.Table, column: str, into: Mapping[str, str]) -> pa.Table:
    """Replace the keys of merged customers by the keys of those who stand for them."""
    if not into or column not in table.column_names:
        return table
    merged = pa.array(list(into), pa.string())
    position = pc.index_in(table[column], value_set=merged)
    replaced = pc.coalesce(pc.take(pa.array(list(into.values()), pa.string()), position), table[column])
    return table.set_column(table.column_names.index(column), column, replaced)
