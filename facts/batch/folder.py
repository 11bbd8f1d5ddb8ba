"""A folder of facts: a Parquet file (or a folder of them) for each table of the store, read part by part.

Rows have the columns of the table in the store (see `facts.tables`); those that may be empty may be absent. What is
visible as of a date is decided by the same statement that reads the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from engine.errors import which_word
from engine.said import Said, said
from facts import arrow_rows, reading
from facts.batch.scattered import is_scattered, sorted_copy
from facts.database import StoreError
from facts.feature_database import MEMORY, open_database
from facts.features import base_columns, base_schemas
from facts.tables import FACT_TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES: Mapping[str, Table] = {name: table for name, table in FACT_TABLES.items() if name != "merges"}
"""What a folder may hold. Merges must be carried out before: whoever writes the files names the survivor."""

HISTORY = ("recorded_at", "retracted_at")
"""The columns that say when a row was known; files may do without them."""

_FILES, VISIBLE, _ONCE = "files", "visible", "once"
"""The schemas: of views of the files as they are, of what is visible of them, and of tables for what is read twice."""


@dataclass(frozen=True, slots=True)
class Part:
    """Customers that are decided together: those whose keys are at least `first` and before `end` (None: all after).

    Of a base that was split by hash, a part is all of a `shard` (see `shards`).
    """

    number: int
    first: str
    end: str | None
    customers: int
    shard: int | None = None


@dataclass(frozen=True, slots=True)
class FactsFolder:
    """The Parquet files of a folder, by table, and which columns they have.

    Values that come from a store `are_checked` by its database: no key stands twice, words of closed lists are in them.
    """

    path: Path
    files: Mapping[str, tuple[Path, ...]]
    columns: Mapping[str, frozenset[str]]
    are_checked: bool = False

    def digest(self) -> str:
        """Return a SHA-256 (hex) of the names and contents of all files that are read."""
        paths = [(name, path) for name, files in sorted(self.files.items()) for path in files]
        with ThreadPoolExecutor() as threads:
            contents = list(threads.map(_content_digest, (path for _, path in paths)))
        whole = hashlib.sha256()
        for (name, _), content in zip(paths, contents, strict=True):
            whole.update(f"{name} {content}\n".encode())
        return whole.hexdigest()

    def written(self) -> tuple[tuple[Path, int, int], ...]:
        """Return the size and the time of the last change (ns) of all files: as long as it is the same, so are they."""
        found = ((path, path.stat()) for paths in self.files.values() for path in paths)
        return tuple((path, each.st_size, each.st_mtime_ns) for path, each in found)

    def placed(self) -> FactsFolder:
        """Return the same folder by its whole path, for processes that run elsewhere."""
        files = {name: tuple(path.resolve() for path in paths) for name, paths in self.files.items()}
        return replace(self, path=self.path.resolve(), files=files)

    def rows(self, name: str) -> int:
        """Return how many rows a table's files have."""
        return sum(pq.read_metadata(path).num_rows for path in self.files[name])

    def customers(self, as_of: date, known_at: datetime | None) -> int:
        """Return how many customers are visible."""
        ((count,),) = self._ask("SELECT count(*) FROM keys", as_of, known_at)
        return int(count)

    def divided(self, as_of: date, known_at: datetime | None, size: int) -> list[Part]:
        """Divide the customers that are visible into parts of a size; the last one may be smaller."""
        placed = "SELECT key, (row_number() OVER (ORDER BY key) - 1) // $size AS part FROM keys"
        asked = f"SELECT min(key), count(*) FROM ({placed}) GROUP BY part ORDER BY part"  # noqa: S608 - own words
        return _parts(self._ask(asked, as_of, known_at, size=size))

    def divided_at(self, as_of: date, known_at: datetime | None, firsts: Sequence[str]) -> list[Part]:
        """Divide them into parts that begin where these do; the first one begins with the first customer of all."""
        asked = """
            SELECT first, count(key)
            FROM unnest($bounds) AS bounds (first)
            LEFT JOIN (FROM keys ASOF JOIN unnest($bounds) AS bounds (first) ON key >= first) USING (first)
            GROUP BY first
            ORDER BY first
        """
        return _parts(self._ask(asked, as_of, known_at, bounds=["", *firsts[1:]]))

    def _ask(self, sql: str, as_of: date, known_at: datetime | None, **given: object) -> list[tuple[Any, ...]]:
        """Ask about the `keys` of the customers that are visible."""
        with open_database(as_of, "") as database, _refusals_explained(self.path, "customers"):
            database.execute(f"SET memory_limit = '{MEMORY}'")
            self.show(database, ["customers"], known_at)
            database.execute("CREATE VIEW keys AS SELECT DISTINCT key FROM customers")
            return database.execute(sql, given).fetchall()

    def without_customers(self, as_of: date) -> StoreError:
        """Return the error for a folder none of whose customers is visible."""
        why = said("{path} has none that hold on that date", path=self.path)
        return StoreError(
            said("There are no customers as of {as_of}", as_of=as_of),
            why,
            said("Give another date by --as-of, or other facts."),
        )

    def sorted_for(self, parts: Sequence[Part], place: Path) -> FactsFolder:
        """Return the folder with each scattered table replaced by a copy sorted by customer.

        A part reads the row groups that its customers are in. If they are in many, the table would be read again and
        again; to sort it once takes less.

        Args:
            parts: what will be read.
            place: where the copies are written; those that are there are taken as they are.
        """
        files = dict(self.files)
        for name, paths in self.files.items():
            owner = reading.owner(TABLES[name])
            if owner is not None and is_scattered(paths, owner.name, [part.first for part in parts]):
                files[name] = (sorted_copy(paths, owner.name, place / f"{name}.parquet"),)
        return replace(self, files=files)

    def show_part(
        self, database: DuckDBPyConnection, part: Part, known_at: datetime | None, *, twice: bool = False
    ) -> None:
        """Give the rows of a part's customers as views in the schema `VISIBLE`, with the columns that features read.

        What is current of a register takes long to find out; if it is read `twice`, it is found out once.

        Args:
            database: as `feature_database.open_database` gives it.
            part: which customers.
            known_at: everything is known by default.
            twice: the views are read themselves, and `fill` reads them once more.
        """
        # Else DuckDB divides a query by the ranges of customers in the files, and reads the part for each range again:
        # of one million customers that takes as long, of ten million twice as long.
        database.execute("SET disabled_optimizers = 'partitioned_execution'")
        self._show(database, base_columns(), part, known_at)
        for name in (name for name in self.files if twice and TABLES[name].info["shape"] == "register"):
            database.execute(f"CREATE TABLE {_ONCE}.{_history(name)} AS FROM {VISIBLE}.{_history(name)}")
            database.execute(f"CREATE OR REPLACE VIEW {VISIBLE}.{_history(name)} AS FROM {_ONCE}.{_history(name)}")

    def fill(self, database: DuckDBPyConnection, only: pa.Table | None = None) -> None:
        """Give what is shown by the names of the tables, empty without files, after looking for what is not allowed.

        Registers become tables. Events stay in their files: to read what each query asks for takes less than to copy
        all of it before. `only` what is about each `customer` of a table, and about nobody, is copied in any case.

        Raises:
            StoreError: if a file is damaged, or a value is not what its column declares; such values of events may be
                met later (see `require_readable`).
        """
        if only is not None:
            database.register("wanted", only)
        for name in self.files:
            owner = reading.owner(TABLES[name])
            where = ""
            if only is not None and owner is not None:
                where = f"WHERE {owner.name} IN (SELECT customer FROM wanted)"  # noqa: S608 - own names
                where += f" OR {owner.name} IS NULL" if owner.nullable else ""
            kind = "VIEW" if only is None and TABLES[name].info["shape"] == "event" else "TABLE"
            with _refusals_explained(self.path, name):
                database.execute(f"CREATE {kind} {name} AS FROM {VISIBLE}.{name} {where}")
                if not self.are_checked:
                    _check_values(database, name, self.path)

    def require_readable(self, database: DuckDBPyConnection) -> None:
        """Read every value that is shown.

        Raises:
            StoreError: naming the first table of which one cannot be read.
        """
        for name in self.files:
            with _refusals_explained(self.path, name):
                database.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {VISIBLE}.{name}").fetchall()  # noqa: S608 - own names

    def show(
        self,
        database: DuckDBPyConnection,
        names: Iterable[str],
        known_at: datetime | None,
        also: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Give the rows of all customers as views, which read no more than a query asks for.

        Args:
            database: as `feature_database.open_database` gives it.
            names: the tables.
            known_at: everything is known by default.
            also: columns by table, besides those that features read.
        """
        self._show(database, _with(names, also or {}), None, known_at)
        database.execute(f"SET search_path = 'main,{VISIBLE}'")

    def cards(self, columns: Sequence[str], as_of: date, known_at: datetime | None) -> pa.Table:
        """Return who every customer is: `key` and these columns."""
        with open_database(as_of, "") as database, _refusals_explained(self.path, "customers"):
            self._show(database, _with(["customers"], {"customers": columns}), None, known_at)
            return database.table(f"{VISIBLE}.customers").select("key", *columns).to_arrow_table()

    def _show(
        self,
        database: DuckDBPyConnection,
        columns: Mapping[str, tuple[str, ...]],
        part: Part | None,
        known_at: datetime | None,
    ) -> None:
        """Give what is visible of the files as views."""
        # Each file is looked at several times: by its view, by the check, by the query.
        database.execute("SET parquet_metadata_cache = true")
        database.execute("SET VARIABLE known_at = $moment", {"moment": known_at or datetime.max.replace(tzinfo=UTC)})
        if part is not None:
            database.execute("SET VARIABLE first = $first", {"first": part.first})
            database.execute("SET VARIABLE beyond = $beyond", {"beyond": part.end})
        database.execute(f"CREATE SCHEMA {_FILES}; CREATE SCHEMA {VISIBLE}; CREATE SCHEMA {_ONCE}")
        for name, wanted in columns.items():
            if name not in self.files:
                empty = base_schemas()[name].empty_table()
                shown = [each for each in empty.column_names if each in (*wanted, "is_current")]
                database.register(name, empty.select(shown))
                continue
            self._view(database, name, part)
            database.execute(f"CREATE VIEW {VISIBLE}.{_history(name)} AS {_visible(name, wanted)}")
            if name == "customers":
                # One row for each: how it stands now (see `Store.base_tables`).
                now = f"SELECT * EXCLUDE (is_current) FROM {VISIBLE}.{_history(name)} WHERE is_current"  # noqa: S608 - own names
                database.execute(f"CREATE VIEW {VISIBLE}.{name} AS {now}")

    def _view(self, database: DuckDBPyConnection, name: str, part: Part | None) -> None:
        """Give a table's files as a view with all columns of the table, of one part's customers."""
        database.execute(f"SET VARIABLE {name}_paths = $paths", {"paths": [str(path) for path in self.files[name]]})
        columns = ", ".join(self._column(name, column) for column in TABLES[name].columns)
        where = ""
        owner = reading.owner(TABLES[name])
        if part is not None and owner is not None:
            where = f"WHERE {owner.name} >= getvariable('first')"
            where += f" AND {owner.name} < getvariable('beyond')" if part.end is not None else ""
            where += f" OR {owner.name} IS NULL" if owner.nullable else ""
        source = f"read_parquet(getvariable('{name}_paths'), union_by_name = true)"
        database.execute(f"CREATE VIEW {_FILES}.{name} AS SELECT {columns} FROM {source} {where}")  # noqa: S608 - own names

    def _column(self, name: str, column: Column[Any]) -> str:
        if column.name in self.columns[name]:
            return f"{column.name}::{arrow_rows.duckdb_column(column)} AS {column.name}"
        return _empty(column)


def _with(names: Iterable[str], also: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the columns of these tables that features read, and others besides, each once."""
    return {name: tuple(dict.fromkeys((*base_columns()[name], *also.get(name, ())))) for name in names}


def _parts(found: Sequence[tuple[str, int]]) -> list[Part]:
    """Return parts from where each begins and how many customers it has."""
    firsts, sizes = [first for first, _ in found], [size for _, size in found]
    return [Part(number, *part) for number, part in enumerate(zip(firsts, (*firsts[1:], None), sizes, strict=True))]


def unusable(path: Path, problems: Sequence[Said]) -> StoreError:
    """Return the error for a folder in which something is wrong."""
    return StoreError(
        said("The facts in {path} cannot be used", path=path),
        said("{problems:; }", problems=[*problems]),
        said("Which files and columns are needed stands in docs/batch.md."),
    )


def _content_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- reading a part ---


_GIVEN = {"as_of": "as_of()", "known_at": "getvariable('known_at')"}
"""What stands for the parameters of the statement that reads what is visible. (A view can have none.)"""


@cache
def _visible(name: str, columns: tuple[str, ...]) -> str:
    """Return the statement that reads what is visible; DuckDB understands PostgreSQL's form."""
    dialect = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
    statement = reading.visible_rows(TABLES[name], columns)
    compiled = statement.compile(dialect=dialect, schema_translate_map={None: _FILES}, render_schema_translate=True)
    return str(compiled) % {each: _GIVEN.get(each, value) for each, value in compiled.params.items()}


def _history(name: str) -> str:
    """Return the view of everything that is visible; of customers only the last row of each counts."""
    return "customers_so_far" if name == "customers" else name


def _empty(column: Column[Any]) -> str:
    """Return what stands for a column that the files do not have."""
    if column.name == "recorded_at":
        return "TIMESTAMPTZ '0001-01-01' AS recorded_at"
    default = getattr(column.server_default, "arg", None)
    return f"{'NULL' if default is None else repr(str(default))}::{arrow_rows.duckdb_column(column)} AS {column.name}"


def _check_values(database: DuckDBPyConnection, name: str, path: Path) -> None:
    """Check that no key stands twice, and that words of closed lists are in them.

    Raises:
        StoreError: naming the first that does not fit.
    """
    rows = f"{VISIBLE}.{_history(name)}" if name == "customers" else name
    if "key" in base_columns()[name]:
        _check_keys(database, name, rows, path)
    closed = {
        column: list(members)
        for column in base_columns()[name]
        if (members := TABLES[name].c[column].info.get("members"))
    }
    if closed:
        _check_words(database, name, rows, closed, path)


def _check_keys(database: DuckDBPyConnection, name: str, rows: str, path: Path) -> None:
    identity = "key" if TABLES[name].info["shape"] == "event" else "key, holds_from"
    # By their hash alone, as hardly ever something is wrong, and sorted here: DuckDB takes twice as long to count them.
    hashed = database.sql(f"SELECT hash({identity}) AS hash FROM {rows}")  # noqa: S608 - own names
    hashes = np.sort(hashed.to_arrow_table()["hash"].to_numpy())
    if not (hashes[1:] == hashes[:-1]).any():
        return
    twice = f"SELECT key FROM {rows} GROUP BY {identity} HAVING count(*) > 1 LIMIT 1"  # noqa: S608 - own names
    for (key,) in database.execute(twice).fetchall():
        raise unusable(path, [said("{table}: the key {key!r} stands in several rows", table=name, key=key)])


def _check_words(
    database: DuckDBPyConnection, name: str, rows: str, closed: Mapping[str, list[str]], path: Path
) -> None:
    # All in one go, as hardly ever something is wrong.
    asked = [f"coalesce(bool_or(NOT list_contains($members_{column}, {column})), false)" for column in closed]
    given = {f"members_{column}": members for column, members in closed.items()}
    (found,) = database.execute(f"SELECT {', '.join(asked)} FROM {rows}", given).fetchall()  # noqa: S608 - own names
    for column in (column for column, is_wrong in zip(closed, found, strict=True) if is_wrong):
        other = f"SELECT {column} FROM {rows} WHERE NOT list_contains($members, {column}) LIMIT 1"  # noqa: S608 - own names
        for (word,) in database.execute(other, {"members": closed[column]}).fetchall():
            hint = which_word(str(word), closed[column])
            problem = said(
                "{table}: column {column!r} holds {word!r}. {hint}", table=name, column=column, word=word, hint=hint
            )
            raise unusable(path, [problem])


@contextmanager
def _refusals_explained(path: Path, name: str) -> Iterator[None]:
    """Turn what DuckDB says about a file into a StoreError."""
    try:
        yield
    except duckdb.Error as error:
        words = str(error).partition("\n")[0]
        raise unusable(path, [said("{table}: {words}", table=name, words=words)]) from None
