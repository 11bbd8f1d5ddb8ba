"""Rows of the store as Arrow tables, and the other way round.

Statements run through ADBC for the whole base and through SQLAlchemy for one customer; both give the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    Row,
    Select,
    Table,
    literal,
    select,
    union_all,
)

from facts.columns import Scaled, UtcMoment
from facts.database import bulk, is_sqlite, run
from facts.reading import CURRENT

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor


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
        fields.append(pa.field(CURRENT, pa.bool_()))
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
