"""Where the rows of one run stand: in SQLite among those of the others, in PostgreSQL in a partition of their own.

A partition is loaded as a table by itself, gets its key in one go, which takes half of the time that it takes row by
row, and becomes part of its table with the commit. Until then readers are not held up, and see nothing of it. A run is
removed by dropping its partitions. `python -m bench.publish` measures it.

The key of a partition is the customer alone, as all of its rows are of one run: so a customer's decisions by many runs
are found by one plan, which the server keeps, and the key is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Table, delete

from facts.database import is_sqlite
from facts.tables import decisions, portfolio

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor


@contextmanager
def place_of_run(cursor: Cursor, url: URL, table: Table, number: int) -> Iterator[str]:
    """Give the name of the table into which the rows of a new run go; at the end they are part of `table`.

    PostgreSQL then also knows how many they are, and of what kind, which it would find out only some time after the
    commit: until then it would take a million rows for a thousand.

    Args:
        cursor: of a transaction.
        url: the store.
        table: `decisions` or `portfolio`.
        number: the run, which has no rows there yet.
    """
    if is_sqlite(url):
        yield table.name
        return
    own = _partition(table, number)
    # With the condition it need not be looked through when it becomes part of the table.
    cursor.execute(f"CREATE TABLE {own} (LIKE {table.name} INCLUDING CONSTRAINTS, CHECK (run = {number:d}))")
    yield own
    cursor.execute(f"ALTER TABLE {own} ADD PRIMARY KEY (customer)")
    if table is decisions:  # of the others no statement asks but by the key
        cursor.execute(f"ANALYZE {own}")
    cursor.execute(f"ALTER TABLE {table.name} ATTACH PARTITION {own} FOR VALUES IN ({number})")


def remove_rows(connection: Connection, number: int) -> None:
    """Remove the rows of a run from `decisions` and `portfolio`.

    PostgreSQL waits for whoever reads these tables. A transaction that knows of the run already finds it empty.
    """
    for table in (decisions, portfolio):
        if connection.dialect.name == "sqlite":
            connection.execute(delete(table).where(table.c.run == number))
        else:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_partition(table, number)}")


def _partition(table: Table, number: int) -> str:
    return f"{table.name}_{number:d}"
