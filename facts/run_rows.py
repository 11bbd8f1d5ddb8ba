"""Where the rows of one run stand: in SQLite among those of the others, in PostgreSQL in a partition of their own.

A partition is loaded as a table by itself, gets its key in one go, which takes half of the time that it takes row by
row, and becomes part of its table with the commit. Until then readers are not held up, and see nothing of it. A run is
removed by dropping its partitions. `python -m bench.publish` measures it.

The key of a partition is the customer alone, as all of its rows are of one run: so a customer's decisions by many runs
are found by one plan, which the server keeps, and the key is smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Table, delete

from facts.database import StoreError, bulk, is_sqlite
from facts.house_tables import decisions, portfolio

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

_LEFT_OVER = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema::regnamespace AND relkind = 'r' AND NOT relispartition
        AND relname ~ '^(decisions|portfolio)_[0-9]+$'
"""


@contextmanager
def without_leftovers(url: URL) -> Iterator[None]:
    """Drop what was loaded beside a run that was not published: of somebody who was killed, or if the block fails."""
    _drop_leftovers(url)
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # what failed is told; the next publication drops them
            _drop_leftovers(url)
        raise


@contextmanager
def place_of_run(cursor: Cursor, url: URL, table: Table, number: int) -> Iterator[str]:
    """Give the name of the table into which the rows of a new run go; at the end they are part of `table`.

    Args:
        cursor: of a transaction.
        url: the store.
        table: `decisions` or `portfolio`.
        number: the run, which has no rows there yet.
    """
    if is_sqlite(url):
        yield table.name
        return
    with _apart(cursor, table, number) as own:
        yield own
    _attach(cursor, table, number)


@contextmanager
def put_beside(
    cursor: Cursor, url: URL, table: Table, number: int, put: Callable[[Cursor, str], None]
) -> Iterator[None]:
    """Put the rows of a new run into a table while the block puts others into another one; both are there at the end.

    In PostgreSQL another connection does it at the same time. It commits a table that is part of none, and only the
    transaction of `cursor` makes it part of `table`; see `without_leftovers`. In SQLite they come after the block.

    Args:
        cursor: of a transaction.
        url: the store.
        table: `decisions` or `portfolio`.
        number: the run, which has no rows there yet.
        put: puts the rows by a cursor into the table of a name.
    """
    if is_sqlite(url):
        yield
        put(cursor, table.name)
        return
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(_put_apart, url, table, number, put)
        yield
        done.result()
    _attach(cursor, table, number)


def remove_rows(connection: Connection, number: int) -> None:
    """Remove the rows of a run from `decisions` and `portfolio`.

    PostgreSQL waits for whoever reads these tables. A transaction that knows of the run already finds it empty.
    """
    for table in (decisions, portfolio):
        if connection.dialect.name == "sqlite":
            connection.execute(delete(table).where(table.c.run == number))
        else:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_partition(table, number)}")


def _put_apart(url: URL, table: Table, number: int, put: Callable[[Cursor, str], None]) -> None:
    with bulk(url) as cursor, _apart(cursor, table, number) as own:
        put(cursor, own)


@contextmanager
def _apart(cursor: Cursor, table: Table, number: int) -> Iterator[str]:
    """Give the name of a new table for a run's rows, which is complete but for being part of `table` at the end."""
    own = _partition(table, number)
    # With the condition it need not be looked through when it becomes part of the table.
    cursor.execute(f"CREATE TABLE {own} (LIKE {table.name} INCLUDING CONSTRAINTS, CHECK (run = {number:d}))")
    yield own
    cursor.execute(f"ALTER TABLE {own} ADD PRIMARY KEY (customer)")
    if table is decisions:  # of the others no statement asks but by the key
        # Some time after the commit PostgreSQL would count by itself: until then it plans for a thousand rows.
        cursor.execute(f"ANALYZE {own}")


def _attach(cursor: Cursor, table: Table, number: int) -> None:
    cursor.execute(f"ALTER TABLE {table.name} ATTACH PARTITION {_partition(table, number)} FOR VALUES IN ({number:d})")


def _drop_leftovers(url: URL) -> None:
    if is_sqlite(url):
        return
    with bulk(url, write=True) as cursor:  # while nobody publishes: what another one loads is no leftover
        cursor.execute(_LEFT_OVER)
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")


def _partition(table: Table, number: int) -> str:
    return f"{table.name}_{number:d}"
