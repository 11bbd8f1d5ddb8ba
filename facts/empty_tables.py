"""DuckDB tables that stay while their rows come and go: the statement that makes one, and a source that fills it."""

from __future__ import annotations

import pyarrow as pa

_SQL_TYPES = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}


class Given:
    """A source of rows that stays registered while its rows change.

    (In a module apart, because DuckDB holds it, and through the globals of its module all that they refer to: were
    its own connection among them, neither would ever be freed.)
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.table = schema.empty_table()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows of the table that is set now (Arrow's PyCapsule interface)."""
        return self.table.__arrow_c_stream__(requested_schema)


def create(name: str, schema: pa.Schema) -> str:
    """Return the statement that makes an empty table."""
    return f"CREATE TABLE {name} ({', '.join(f'{field.name} {_sql_type(field.type)}' for field in schema)})"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return _SQL_TYPES[kind]
