"""The store: make and open it, read what it knows as of a date, keep its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import URL, Connection, Engine, Select, inspect, select

from engine.said import said
from facts import arrow_rows, reading
from facts.database import (
    StoreError,
    connect,
    database_url,
    for_changes,
    is_sqlite,
    keep_write_ahead_log,
    refusals_explained,
    shown,
    turn,
    wait,
)
from facts.house_tables import portfolio, settings
from facts.known_customers import require_customers
from facts.streams import Streams, streams_as_recorded
from facts.tables import FACT_TABLES, customers, metadata
from facts.together import Row, Together

# The newest revision in `facts/migrations`; a store that has it opens without loading the migration library.
SCHEMA_REVISION = "0015"

_MERGES = "merges"


@dataclass(frozen=True, slots=True)
class Store:
    """A database of facts and decisions, in SQLite or PostgreSQL."""

    url: URL
    engine: Engine

    @classmethod
    def create(cls, url: str | None = None, *, base_currency: str = "EUR", time_zone: str = "UTC") -> Self:
        """Make a store, or open it if it is there already with the same settings.

        Args:
            url: see `database.database_url`.
            base_currency: the ISO 4217 code in which amounts are compared.
            time_zone: the IANA name of the zone in which days begin and end.

        Raises:
            StoreError: if the database cannot be used, or is a store with other settings.
        """
        address = database_url(url)
        store = cls(address, connect(address))
        wanted = {"base_currency": base_currency, "time_zone": time_zone}
        if is_sqlite(address):
            keep_write_ahead_log(address, store.engine)
        if store.revision() != SCHEMA_REVISION:
            store._migrate()
        present = store.settings() or store._settled(wanted)
        if present != wanted:
            raise StoreError(
                said("{store} is a store already", store=shown(address)),
                said("it has other settings: {settings}", settings=[f"{name} {has}" for name, has in present.items()]),
                said("Give those settings, or make the new store elsewhere."),
            )
        return store

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """Open a store, bringing its tables up to date if an older version made it.

        Raises:
            StoreError: if there is no store, it cannot be used, or a newer version made it.
        """
        store = cls.as_it_is(url)
        if store.revision() != SCHEMA_REVISION:
            store._migrate(must_exist=True)
        return store

    @classmethod
    def as_it_is(cls, url: str | None = None) -> Self:
        """Return a store without bringing its tables up to date, to look after it; nothing else may be asked of it.

        Raises:
            StoreError: if a file that does not exist is named.
        """
        address = database_url(url)
        if is_sqlite(address) and not Path(str(address.database)).is_file():
            raise StoreError(
                said("There is no store at {place}", place=shown(address)),
                said("the file does not exist"),
                said("Run `valuelift init` to create it, or give its place by --db or VALUELIFT_DB."),
            )
        return cls(address, connect(address))

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        with turn(self.url), refusals_explained(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Give a connection for statements that each see a state by themselves.

        To begin and end a transaction around it would take PostgreSQL two more rounds.
        """
        with turn(self.url), refusals_explained(self.url), _asking(self.engine).connect() as connection:
            yield connection

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """Give a connection for one statement that writes: PostgreSQL needs no transaction around it (see `asking`)."""
        with self.writing() if is_sqlite(self.url) else self.asking() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction: committed at the end, undone if an exception leaves."""
        with turn(self.url), refusals_explained(self.url), _writing(self.engine).begin() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """Give a connection as `writing` does, once nobody else writes in bulk or changes tables, and keep them out."""
        with turn(self.url), refusals_explained(self.url), for_changes(self.engine).begin() as connection:
            wait(connection)
            yield connection

    # --- facts ---

    def base_tables(
        self,
        as_of: date,
        known_at: datetime | None = None,
        customer: str | None = None,
        only: Mapping[str, Iterable[str]] | None = None,
    ) -> dict[str, pa.Table]:
        """Read the facts that hold on a date, as the store knew them at a moment.

        Merged customers appear as the one that stands for them. `customers` has one row for each customer;
        other registers have their whole history, with `is_current` on the rows that hold on `as_of`. No
        personal data is read. Amounts are decimals with 4 digits, rates with 8, dates `date32`.

        Args:
            as_of: see `reading.visible_rows`.
            known_at: now by default.
            customer: read only this customer's rows (and rows that are about no customer).
            only: the tables wanted, with their columns; by default all.

        Raises:
            StoreError: if the customer is not known, or the database cannot be read.
        """
        if customer is None:
            with self.base_streams(as_of, known_at, only) as streams:
                return {name: rows.read_all() for name, rows in streams}
        return self._tables_of(customer, _wanted(only), {"as_of": as_of, "known_at": known_at or datetime.now(UTC)})

    def customer_tables(self, customer: str, as_of: date, known_at: datetime) -> dict[str, pa.Table]:
        """Read `base_tables` of one customer together with its row of `portfolio`, as `runs.last_portfolio` gives it.

        Raises:
            StoreError: as `base_tables`.
        """
        wanted = {**_wanted(None), portfolio.name: tuple(portfolio.c.keys())}
        return self._tables_of(customer, wanted, {"as_of": as_of, "known_at": known_at})

    def _tables_of(
        self, customer: str, wanted: Mapping[str, tuple[str, ...]], seen: Mapping[str, date]
    ) -> dict[str, pa.Table]:
        """Read a customer's rows by one statement: one for each table takes twice as long, and PostgreSQL longer."""
        with self.asking() as connection:  # of what is recorded after `known_at` no statement sees anything
            found, into = _of_customer(connection, _rows_together(tuple(wanted.items())), customer, seen)
            if not found.get(customers.name):
                require_customers(connection, [customer])
        tables = {name: arrow_rows.table_of(found[name], metadata.tables[name], wanted[name]) for name in wanted}
        return {name: _resolved(name, table, into) for name, table in tables.items()}

    @contextmanager
    def base_streams(
        self, as_of: date, known_at: datetime | None = None, only: Mapping[str, Iterable[str]] | None = None
    ) -> Iterator[Streams]:
        """Give `base_tables` of all customers batch by batch, as they stand in one transaction.

        Each table must be read before the next one is asked for.
        """
        with streams_as_recorded(self.url, [as_of], known_at, _wanted(only)) as ((into,), tables):
            yield ((name, _batches(name, rows, into)) for name, rows in tables)

    def rows_of(
        self, customer: str, as_of: date, known_at: datetime, only: Mapping[str, Iterable[str]]
    ) -> dict[str, list[Row]]:
        """Read a few tables of one customer like `base_tables`, `customers` not among them, as plain rows in no order.

        Raises:
            StoreError: if the customer is not known, or the database cannot be read.
        """
        seen = {"as_of": as_of, "known_at": known_at}
        with self.asking() as connection:  # of what is recorded after `known_at` no statement sees anything
            found, keys = of_customer(connection, _rows_together(tuple(_wanted(only).items())), customer, seen)
            if not any(found.values()):
                require_customers(connection, [customer])
        return {name: [{**row, "customer": keys[0]} for row in rows] for name, rows in found.items()}

    def survivor(self, customer: str, as_of: date, known_at: datetime | None = None) -> str:
        """Return the key of the customer that stands for this one: itself unless it was merged.

        Raises:
            StoreError: if the customer is not known.
        """
        with self.reading() as connection:
            into = _merged(connection, customer, {"as_of": as_of, "known_at": known_at or datetime.now(UTC)})
        return into.get(customer, customer)

    def known_as(self, customer: str, as_of: date) -> list[str]:
        """Return all keys of a customer: its own and those of customers merged into it.

        Raises:
            StoreError: if the customer is not known.
        """
        with self.asking() as connection:
            return _known_as(customer, _merged(connection, customer, {"as_of": as_of, "known_at": datetime.now(UTC)}))

    # --- settings ---

    def settings(self) -> dict[str, str]:
        """Return the settings: `base_currency` and `time_zone`."""
        with self.asking() as connection:
            return _settings(connection)

    def today(self) -> date:
        """Return the day that it is in the store's time zone."""
        return datetime.now(ZoneInfo(self.settings().get("time_zone", "UTC"))).date()

    def _settled(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Return the settings of a store, which are those wanted if it had none yet."""
        with self.alone() as connection:
            present = _settings(connection)
            if not present:
                connection.execute(
                    settings.insert(), [{"name": name, "value": value} for name, value in wanted.items()]
                )
            return present or {**wanted}

    # --- migrations ---

    def revision(self) -> str | None:
        """Return the revision of the tables, or None if the database has none of ours."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

    def _migrate(self, *, must_exist: bool = False) -> None:
        from facts import migrations

        revision = self.revision()
        if revision is None and must_exist:
            raise StoreError(
                said("There is no store at {place}", place=shown(self.url)),
                said("the database has no tables of ours"),
                said("Run `valuelift init` to create the store."),
            )
        if revision is not None and revision not in migrations.known_revisions():
            raise StoreError(
                said("The store {store} cannot be used", store=shown(self.url)),
                said("a newer version of Valuelift made it (revision {revision})", revision=revision),
                said("Install that version."),
            )
        with self.alone() as connection:
            migrations.upgrade(connection)


def _settings(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(select(settings))}


@lru_cache(8)
def _asking(engine: Engine) -> Engine:
    is_file = engine.dialect.name == "sqlite"
    return engine if is_file else engine.execution_options(isolation_level="AUTOCOMMIT")


@lru_cache(8)
def _writing(engine: Engine) -> Engine:
    return engine.execution_options(writes=True)


def _wanted(only: Mapping[str, Iterable[str]] | None) -> dict[str, tuple[str, ...]]:
    if only is not None:
        return {name: tuple(columns) for name, columns in only.items()}
    # Merges are not facts to reason about: they are carried out while reading.
    return {name: reading.readable_columns(table) for name, table in FACT_TABLES.items() if name != _MERGES}


def _merged(connection: Connection, customer: str, seen: Mapping[str, date]) -> dict[str, str]:
    """Return who stands for which merged customer, once this customer is known to exist."""
    found = arrow_rows.read_few(connection, reading.merges_for(), reading.MERGES, customer_key=customer, **seen)
    if not found.num_rows:
        require_customers(connection, [customer])  # which says what is wrong
    return reading.survivors(found.drop_null())


def _known_as(customer: str, into: Mapping[str, str]) -> list[str]:
    """Return all keys of a customer: the one that stands for it and those merged into that."""
    survivor = into.get(customer, customer)
    return [survivor, *(key for key, last in into.items() if last == survivor and key != survivor)]


@cache
def _rows_together(wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> Together:
    return with_merges(
        {
            name: reading.portfolio_of_customers()
            if name == portfolio.name
            else reading.visible_rows(FACT_TABLES[name], columns, of_customers=True)
            for name, columns in wanted
        }
    )


def with_merges(selects: Mapping[str, Select[Any]]) -> Together:
    """Put selects of rows of `CUSTOMER_KEYS` together with who was merged into whom."""
    merges = FACT_TABLES[_MERGES]
    known = select(merges.c.customer, merges.c.survivor, merges.c.holds_from).where(reading.visible(merges))
    return Together({**selects, _MERGES: known})


def of_customer(
    connection: Connection, tables: Together, customer: str, given: Mapping[str, object]
) -> tuple[dict[str, list[Row]], list[str]]:
    """Return rows of a customer and of those merged into it (see `with_merges`), and all its keys, the survivor first.

    Few customers were merged: of the others, this is found out along with their rows.
    """
    found, into = _of_customer(connection, tables, customer, given)
    return found, _known_as(customer, into)


def _of_customer(
    connection: Connection, tables: Together, customer: str, given: Mapping[str, object]
) -> tuple[dict[str, list[Row]], dict[str, str]]:
    found = tables.read(connection, {**given, "customer_keys": [customer]})
    merged = sorted(found.pop(_MERGES), key=itemgetter("holds_from"))
    into = reading.in_the_end({row["customer"]: row["survivor"] for row in merged})
    keys = _known_as(customer, into)
    if keys != [customer]:
        found = tables.read(connection, {**given, "customer_keys": keys})
        del found[_MERGES]
    return found, into


def _batches(name: str, rows: pa.RecordBatchReader, into: Mapping[str, str]) -> pa.RecordBatchReader:
    resolved = (_resolved(name, pa.Table.from_batches([batch]), into) for batch in rows)
    of_all = _resolved(name, rows.schema.empty_table(), into).schema
    return pa.RecordBatchReader.from_batches(of_all, (batch for table in resolved for batch in table.to_batches()))


def _resolved(name: str, table: pa.Table, into: Mapping[str, str]) -> pa.Table:
    """Name survivors instead of merged customers; keep the one current row of each surviving customer."""
    if name == portfolio.name:  # a run decides survivors, and what is left of others' rows is older
        merged = pa.array(list(into), pa.string())
        return table.filter(pc.invert(pc.is_in(table["customer"], value_set=merged))) if into else table
    merged = reading.merged(name, table, into)
    return merged.filter(merged["is_current"]).drop_columns(["is_current"]) if name == customers.name else merged
