"""What a store knows, written as a folder of facts, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from facts.batch.folder import TABLES
from facts.batch.opening import needed_columns
from facts.feature_database import MEMORY, open_database
from facts.store import Store


def spool(store: Store, as_of: date, known_at: datetime | None, place: Path) -> None:
    """Write what a store knows into a folder of facts, always in the same order.

    Raises:
        StoreError: if the database cannot be read.
    """
    place.mkdir(parents=True)
    wanted = {name: needed_columns(table) for name, table in TABLES.items()}
    # Sorted by one thread, so that the same rows make the same files; read by another one.
    with (
        store.base_streams(as_of, known_at, wanted) as tables,
        ThreadPoolExecutor(1) as reader,
        open_database(as_of, "", threads=1) as database,
    ):
        database.execute(f"SET memory_limit = '{MEMORY}'")
        for name, rows in tables:
            write_sorted(database, reader, rows, place / f"{name}.parquet")


def write_sorted(
    database: duckdb.DuckDBPyConnection, reader: ThreadPoolExecutor, rows: pa.RecordBatchReader, file: Path
) -> None:
    """Write rows by customer, then by key and day, then by whatever they say."""
    names = [name for name in rows.schema.names if name != "is_current"]
    order = dict.fromkeys([*(name for name in ("customer", "key", "holds_from") if name in names), *names])
    failures: list[Exception] = []
    database.register(
        "rows", pa.RecordBatchReader.from_batches(rows.schema, _watched(_read_ahead(rows, reader), failures))
    )
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


def _read_ahead(rows: pa.RecordBatchReader, reader: ThreadPoolExecutor) -> Iterator[pa.RecordBatch]:
    """Yield all batches; while one is worked on, the next one is read."""
    coming = reader.submit(next, rows, None)
    while (batch := coming.result()) is not None:
        coming = reader.submit(next, rows, None)
        yield batch


def _watched(rows: Iterator[pa.RecordBatch], failures: list[Exception]) -> Iterator[pa.RecordBatch]:
    try:
        yield from rows
    except Exception as error:
        failures.append(error)
        raise
