"""The database in which the SQL files run (see `features`): DuckDB with nothing but tables, no files, no extensions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from facts.features import PREPARED, base_schemas, prepared

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Base = Mapping[str, pa.Table]
"""Tables as `Store.base_tables` reads them, and `portfolio` as `last_portfolio` does; an absent one is empty."""

MEMORY = "1GB"
"""What a database may take that all customers go through; it goes on with files where that is too little."""


@contextmanager
def prepared_base(base: Base, as_of: date, base_currency: str) -> Iterator[DuckDBPyConnection]:
    """Give a database that holds the base tables and what features share (see `features`)."""
    with open_database(as_of, base_currency) as database:
        for name, schema in base_schemas().items():
            database.register(name, base.get(name, schema.empty_table()))
        prepare(database)
        yield database


def open_database(
    as_of: date, base_currency: str, threads: int | None = None, overflow: Path | None = None
) -> DuckDBPyConnection:
    """Open an empty database for base tables; what features ask besides them is given.

    With a folder `overflow`, what does not fit into `MEMORY` goes into files there until the database is closed.
    """
    database = empty_database(threads)
    if overflow is not None:
        database.execute(f"SET memory_limit = '{MEMORY}'")
        database.execute("SET temp_directory = $folder", {"folder": str(overflow)})
    # Variables, because a statement with parameters is planned anew once they are known: a third more time.
    database.execute("SET VARIABLE as_of = $value", {"value": as_of})
    database.execute("SET VARIABLE base_currency = $value", {"value": base_currency})
    return database


def prepare(database: DuckDBPyConnection, names: Sequence[str] = PREPARED) -> None:
    """Make tables that SQL files share, from the base tables."""
    for name in names:
        database.execute(f"CREATE TABLE {name} AS {prepared(name)}")


def empty_database(threads: int | None = None) -> DuckDBPyConnection:
    """Open a database that has the macros alone, not what they give."""
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": tempfile.gettempdir(),
    }
    if threads is not None:
        settings["threads"] = threads
    database = duckdb.connect(":memory:", config=settings)
    database.execute("SET enable_progress_bar = false")  # it would be written among our own output
    database.execute(prepared("macros"))
    return database


def declare(database: DuckDBPyConnection, numbers: Mapping[str, int | Decimal], kind: str) -> None:
    """Give numbers to SQL as macros `name()` of a type; names and type are the program's own, never data."""
    for name, number in numbers.items():
        database.execute(f"SET VARIABLE {name} = $value", {"value": str(number)})
        database.execute(f"CREATE MACRO {name}() AS getvariable('{name}')::{kind}")
