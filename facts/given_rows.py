"""A source from which DuckDB tables are filled that stay while their rows come and go."""

from __future__ import annotations

import pyarrow as pa


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
