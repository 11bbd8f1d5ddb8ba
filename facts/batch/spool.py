"""What a store knows, written as a folder of facts, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from facts.batch.folder import TABLES
from facts.batch.opening import needed_columns
from facts.snapshot import open_database
from facts.store import Store

_MEMORY = "1GB"
"""What sorting may take; DuckDB goes on with files where that is too little."""


def spool(store: Store, as_of: date, known_at: datetime | None, place: Path) -> None:
    """Write what a store knows into a folder of facts, always in the same order.

    Raises:
        StoreError: if the database cannot be read.
    """
    place.mkdir(parents=True)
    wanted = {name: needed_columns(table) for name, table in TABLES.items()}
    # By one thread, so that the same rows make the same files.
    with store.base_streams(as_of, known_at, wanted) as tables, open_database(as_of, "", threads=1) as database:
        database.execute(f"SET memory_limit = '{_MEMORY}'")
        for name, rows in tables:
            _write_sorted(database, rows, place / f"{name}.parquet")


def _write_sorted(database: duckdb.DuckDBPyConnection, rows: pa.RecordBatchReader, file: Path) -> None:
    """Write rows by customer, then by key and day, then by whatever they say."""
    names = [name for name in rows.schema.names if name != "is_current"]
    order = dict.fromkeys([*(name for name in ("customer", "key", "holds_from") if name in names), *names])
    failures: list[Exception] = []
    database.register("rows", pa.RecordBatchReader.from_batches(rows.schema, _watched(rows, failures)))
    database.execute("SET VARIABLE file = $file", {"file": str(file)})
    written = f"SELECT {', '.join(names)} FROM rows ORDER BY {', '.join(order)}"  # noqa: S608 - own names
    try:
        database.execute(f"COPY ({written}) TO (getvariable('file')) (FORMAT parquet)")
    except duckdb.Error:
        for failure in failures:  # what the store said: DuckDB passes it on as its own
            raise failure from None
        raise
    finally:
        database.unregister("rows")


def _watched(rows: pa.RecordBatchReader, failures: list[Exception]) -> Iterator[pa.RecordBatch]:
    try:
        yield from rows
    except Exception as error:
        failures.append(error)
        raise
