"""Reaching the database: URLs, connections for few rows and for many, and errors in plain words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from engine.said import Said, said
from facts.database_words import refusal

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection as BulkConnection
    from adbc_driver_manager.dbapi import Cursor as BulkCursor

DEFAULT_DATABASE = "valuelift.db"
BUSY_SECONDS = 10.0
# With a write-ahead log, `synchronous = NORMAL` never breaks what was committed.
SQLITE_PRAGMAS = ("foreign_keys = ON", "synchronous = NORMAL")
# The default of 1,024 makes so many small batches that a large base takes a tenth longer to read.
SQLITE_BATCH_ROWS = 65_536
NOT_FOR_OTHERS = 0o660
"""The most rights with which an SQLite store is made; the umask takes from them. SQLite gives its log the same."""
NUL = "\0"
"""The one character that PostgreSQL takes in no text: nothing that holds it is on record."""
# Held while somebody writes in bulk or changes tables, so that two of them wait for each other instead of colliding.
_POSTGRESQL_WRITE_LOCK = 0x56414C55


class StoreError(Exception):
    """Raised when the store cannot be used: what is wrong, why, and what to do. Holds no password.

    Each is made by `engine.said.said`, so that it can be told in Chinese.
    """

    def __init__(self, what: str, why: str, hint: str) -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(f"{what}: {why}. {hint}")

    @property
    def refused(self) -> Said:
        """What was refused and why, without a hint, which may name commands."""
        return said("{what}: {why}.", what=self.what, why=self.why)

    def __reduce__(self) -> tuple[type[StoreError], tuple[str, str, str]]:
        """Let it come back from another process as it was raised there."""
        return type(self), (self.what, self.why, self.hint)


def database_url(given: str | None = None) -> URL:
    """Return the URL of the store: the one given, else `VALUELIFT_DB`, else `valuelift.db` in this folder.

    Args:
        given: a path, `sqlite:///path` or `postgresql://user:password@host/database`.

    Raises:
        StoreError: if it is not a URL, or one of another kind of database.
    """
    text = given or os.environ.get("VALUELIFT_DB") or DEFAULT_DATABASE
    if "://" not in text:
        return URL.create("sqlite", database=text)
    kinds = said("Give a path, or a URL that begins with sqlite:/// or postgresql://.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(said("This is no store"), said("its URL cannot be read"), kinds) from None
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        return _with_password_apart(url.set(drivername="postgresql+psycopg"))
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite")
    raise StoreError(
        said("This is no store"), said("{backend} databases in this form are not supported", backend=backend), kinds
    )


def _with_password_apart(url: URL) -> URL:
    """Return a URL with a password that stands among its options where passwords stand, and are hidden."""
    password = url.query.get("password")
    rest = url.difference_update_query(["password"])
    return rest.set(password=password) if isinstance(password, str) else rest


def shown(url: URL) -> str:
    """Return the URL for people to read, without its password; a file is shown as its path."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)


def is_sqlite(url: URL) -> bool:
    """Return whether the store is an SQLite file."""
    return url.get_backend_name() == "sqlite"


# --- turns at an SQLite file ---


@dataclass(slots=True)
class _Door:
    lock: RLock = field(default_factory=RLock)
    held_by: list[str] = field(default_factory=list)  # the libraries in use, by the thread that has the lock


@cache
def _door(_path: str) -> _Door:
    return _Door()


@contextmanager
def turn(url: URL, *, bulk: bool = False) -> Iterator[None]:
    """Let one thread at a time use an SQLite file, by one library at a time.

    Python and ADBC each bring an SQLite library of their own. The locks by which SQLite keeps its users apart
    work between processes; two libraries in one process do not see each other's, and would damage the file if
    they had it open together. So a connection lives only during a turn. PostgreSQL needs no turns.
    """
    if not is_sqlite(url):
        yield
        return
    door = _door(os.path.realpath(str(url.database)))
    with door.lock:
        library = "ADBC" if bulk else "Python"
        if door.held_by and door.held_by[-1] != library:
            raise RuntimeError(f"{library} would open {shown(url)} while another library has it open")
        door.held_by.append(library)
        try:
            yield
        finally:
            door.held_by.pop()


# --- few rows: SQLAlchemy ---


@lru_cache(maxsize=8)
def connect(url: URL) -> Engine:
    """Return an engine whose transactions each see one state of the database from begin to end.

    It is the same whenever a store is opened again: an engine keeps the statements that it has compiled, which are a
    fifth of the time that an explanation takes (`python -m bench.explain`). Disposed of, it connects anew.
    """
    if not is_sqlite(url):
        return create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    # No pool: a connection must be gone when its turn ends (see `turn`).
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: the driver would not for reads
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that began as a reader would fail, not wait, when another writer came in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@lru_cache(8)
def for_changes(engine: Engine) -> Engine:
    """Return the engine for transactions that wait for others who write in bulk or change tables (see `wait`).

    In PostgreSQL each of their statements sees what was committed before it: they begin before they have waited.
    """
    writing = engine.execution_options(writes=True)
    is_file = engine.dialect.name == "sqlite"
    return writing if is_file else writing.execution_options(isolation_level="READ COMMITTED")


def wait(connection: Connection) -> None:
    """Wait in a transaction until nobody else writes in bulk or changes tables; SQLite has done so at its begin."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_WRITE_LOCK})")


def keep_write_ahead_log(url: URL, engine: Engine) -> None:
    """Make an SQLite file, if there is none, and let readers go on while somebody writes; this stays so.

    A file that is made is none of others' business, whatever the umask: it holds who may log in, and who said what.
    """
    with suppress(OSError):  # SQLite says what is wrong
        os.close(os.open(str(url.database), os.O_CREAT, NOT_FOR_OTHERS))
    with turn(url), refusals_explained(url), engine.connect() as connection:
        # Outside SQLAlchemy's transaction, in which SQLite would refuse the change.
        connection.connection.cursor().execute("PRAGMA journal_mode = WAL")


# --- many rows: ADBC ---


@contextmanager
def bulk(url: URL, *, write: bool = False) -> Iterator[BulkCursor]:
    """Give a cursor for Arrow data in one transaction, committed at the end unless an exception leaves.

    Args:
        url: the store.
        write: wait for other bulk writers first.
    """
    with turn(url, bulk=True), refusals_explained(url):
        connection = _bulk_sqlite(url) if is_sqlite(url) else _bulk_postgresql(url, write=write)
        with connection, connection.cursor() as cursor:
            if is_sqlite(url):
                cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(SQLITE_BATCH_ROWS)})
                if write:  # changes nothing, and takes the lock
                    cursor.execute("UPDATE settings SET value = value WHERE name = ''")
            yield cursor
            connection.commit()


def _bulk_sqlite(url: URL) -> BulkConnection:
    from adbc_driver_sqlite import dbapi

    connection: BulkConnection = dbapi.connect(str(url.database))
    connection.adbc_connection.set_autocommit(True)  # within a transaction SQLite ignores these
    with connection.cursor() as cursor:
        for pragma in (*SQLITE_PRAGMAS, f"busy_timeout = {int(BUSY_SECONDS * 1000)}"):
            cursor.execute(f"PRAGMA {pragma}")
    connection.adbc_connection.set_autocommit(False)
    return connection


def _bulk_postgresql(url: URL, *, write: bool) -> BulkConnection:
    from adbc_driver_postgresql import dbapi

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection: BulkConnection = dbapi.connect(address)
    with connection.cursor() as cursor:
        if write:
            # Before the transaction begins, which would not see what the one waited for has written. The lock goes
            # with the connection.
            connection.adbc_connection.set_autocommit(True)
            cursor.execute(f"SELECT pg_advisory_lock({_POSTGRESQL_WRITE_LOCK})")
            cursor.fetchall()
            connection.adbc_connection.set_autocommit(False)
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return connection


def run(cursor: BulkCursor, url: URL, statement: ClauseElement, **given: object) -> None:
    """Run a SQLAlchemy statement on a bulk cursor, its values and those given passed as parameters."""
    compiled = statement.compile(dialect=_dialect(url.get_backend_name()))
    parameters = compiled.construct_params(given) or {}
    values = [parameters[name] for name in getattr(compiled, "positiontup", None) or ()]
    cursor.execute(str(compiled), [_bound(value, url) for value in values] or None)


@cache
def _dialect(backend: str) -> Dialect:
    if backend == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect()
    from sqlalchemy.dialects import postgresql  # 60 ms, which a store in SQLite does not need

    dialect: Dialect = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    return dialect


def _bound(value: Any, url: URL) -> Any:
    if not is_sqlite(url) or not isinstance(value, date):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return value.isoformat()


# --- errors ---


@contextmanager
def refusals_explained(url: URL) -> Iterator[None]:
    """Turn what a database driver raises into a StoreError; other exceptions pass."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _explained(url, error.orig if isinstance(error, DBAPIError) and error.orig else error) from None
    except sqlite3.Error as error:
        raise _explained(url, error) from None
    except Exception as error:
        # Arrow passes what a driver says while rows stream as an OSError without an error number.
        streaming = isinstance(error, OSError) and error.errno is None
        if not streaming and not type(error).__module__.startswith("adbc_driver_manager"):
            raise
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # the driver could not stop what it did, which is undone
        raise _explained(url, error) from None


def _explained(url: URL, error: BaseException) -> StoreError:
    what = said("The store {store} cannot be used", store=shown(url))
    words = str(error)
    if meant := refusal(words, getattr(error, "sqlstate", None)):
        return StoreError(what, meant.why, meant.hint)
    first_line = words.strip().partition("\n")[0]
    if url.password:
        first_line = first_line.replace(str(url.password), "***")
    return StoreError(
        what,
        said("the database says: {words}", words=first_line),
        said("Check the store with the database's own tools."),
    )
