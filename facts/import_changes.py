"""What an import changes in the store: checked rows compared with what stands there, and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Column, Table, select

from facts import arrow_rows
from facts.columns import happens
from facts.database import is_sqlite
from facts.import_comparison import USABLE, Comparison, Staged, same_fact
from facts.import_sql import Sql, checked_table, joined, name, sql, typed
from facts.import_values import with_default
from facts.mapping import GENERATED, ImportMapping, TableMapping
from facts.store import Store
from facts.tables import FACT_TABLES, coverage, customer_keys, own_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from adbc_driver_manager.dbapi import Cursor

_BATCH_ROWS = 50_000
# The column that says what a row changes; its name has a space, so no table has a column of that name.
_CHANGE = name("the change")


@dataclass(frozen=True, slots=True)
class TableCounts:
    """How many rows of a table were new, took the place of another, or said nothing new."""

    stored: int = 0
    corrected: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Changes:
    """The changes of one import, found in a DuckDB database and written through a bulk cursor."""

    store: Store
    mapping: ImportMapping
    tables: Sequence[TableMapping]
    staged: Staged
    cursor: Cursor
    user: str
    now: datetime
    progress: Callable[[str, str, int], None]
    per: Mapping[str, str | None]

    # --- finding ---

    def find(self) -> dict[str, TableCounts]:
        """Reject rows that refer to nothing or contradict another, and compare the others with the store."""
        Comparison(self.store, self.tables, self.staged, self.cursor, self.per).reject()
        counts = {}
        for table in self.tables:
            self.progress("comparing", table.table, 0)
            self._make_new(table)
            self._load_standing(FACT_TABLES[table.table])
            mapped = {column.target for column in table.columns}
            counts[table.table] = self._compare(FACT_TABLES[table.table], mapped, table.changes_only)
        if self.mapping.covers:
            self._cover()
        return counts

    def covered(self) -> list[tuple[str, date, date, int]]:
        """Return which collections the import covers, from when to when, for how many customers."""
        if not self.mapping.covers:
            return []
        return self.staged.rows(
            Sql(
                'SELECT collection, min(recorded_from), max(recorded_to), count(*) FROM "new coverage"'
                " GROUP BY collection ORDER BY collection"
            )
        )

    def _make_new(self, table: TableMapping) -> None:
        """Make the table of rows that the import brings."""
        new, checked, key = name(f"new {table.table}"), checked_table(table.file), typed(table.table, "key")
        others = [column for column in table.columns if column.target != "key"]
        if table.one_row_per_key:
            taken = [
                sql(
                    f"{'arg_min({}, number)' if column.take == 'first' else column.take + '({})'} AS {{}}",
                    typed(table.table, column.target), name(column.target),
                )
                for column in others
            ]  # fmt: skip
            selected = joined(", ", [sql("{} AS key", key), *taken])
            query = sql("SELECT {} FROM {} WHERE {} GROUP BY {}", selected, checked, USABLE, key)
        else:
            repeats = Sql("true") if table.repeats else sql("starts_with({}, {})", key, GENERATED)
            numbered = sql("CASE WHEN nth > 1 THEN {} || '#' || nth ELSE {} END AS key", key, key)
            cells = [sql("{} AS {}", typed(table.table, each.target), name(each.target)) for each in others]
            query = sql(
                "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {} ORDER BY number) AS nth"
                " FROM {} WHERE {}) WHERE nth = 1 OR {}",
                joined(", ", [numbered, *cells]), same_fact(table), checked, USABLE, repeats,
            )  # fmt: skip
        self.staged.execute(sql("CREATE TABLE {} AS {}", new, query))

    def _compare(self, table: Table, mapped: set[str], changes_only: bool = False) -> TableCounts:
        """Make the table of new rows with what each changes, and with what stood in columns that are not mapped."""
        matching = sql("new.key = standing.key")
        if table.info["shape"] == "register":
            sign = ">=" if changes_only else "="
            matching = matching + Sql(f" AND new.holds_from {sign} standing.holds_from")
        compared = sorted(mapped - ({"holds_from"} if changes_only else set()))
        equal = joined(" AND ", [sql("new.{} IS NOT DISTINCT FROM standing.{}", name(c), name(c)) for c in compared])
        replaces = Sql("new.holds_from = standing.holds_from") if changes_only else Sql("true")
        columns = [self._merged(column, mapped) for column in own_columns(table)]
        self.staged.execute(
            sql(
                "CREATE TABLE {} AS SELECT {}, standing.id AS standing_id, CASE"
                " WHEN standing.id IS NULL THEN 'stored' WHEN {} THEN 'unchanged'"
                " WHEN {} THEN 'corrected' ELSE 'stored' END AS {}"
                " FROM {} AS new {} JOIN {} AS standing ON {}",
                name(f"changed {table.name}"), joined(", ", columns), equal, replaces, _CHANGE,
                name(f"new {table.name}"), Sql("ASOF LEFT" if changes_only else "LEFT"),
                name(f"standing {table.name}"), matching,
            )
        )  # fmt: skip
        counted = dict(
            self.staged.rows(sql("SELECT {}, count(*) FROM {} GROUP BY 1", _CHANGE, name(f"changed {table.name}")))
        )
        return TableCounts(*(counted.get(change, 0) for change in ("stored", "corrected", "unchanged")))

    def _merged(self, column: Column[Any], mapped: set[str]) -> Sql:
        if column.name in mapped:
            return sql("new.{}", name(column.name))
        stood = with_default(sql("standing.{}", name(column.name)), column)
        return sql("{} AS {}", stood, name(column.name))

    def _load_standing(self, table: Table) -> None:
        """Read the rows of a table that stand in the store."""
        columns = [column.name for column in own_columns(table)]
        fields = [pa.field("id", pa.int64())]
        fields += [pa.field(each, arrow_rows.arrow_type(table.c[each])) for each in columns]
        schema = pa.schema(fields)
        statement = select(*(table.c[each.name] for each in fields)).where(table.c.retracted_at.is_(None))
        rows = arrow_rows.stream(self.cursor, self.store.url, statement, schema)
        self.staged.load(f"standing {table.name}", rows, schema)

    # --- coverage ---

    def _cover(self) -> None:
        """Say of each covered collection that it is recorded from its first date to its last, or as the period says.

        For whom: the customers that the import names, and those for whom earlier imports by this mapping did. A
        collection all of whose dates lie before a given first day, or after a given last one, is left as it was.
        """
        self._load_standing(coverage)
        self.staged.execute(
            Sql('CREATE TABLE "new coverage" AS SELECT * EXCLUDE (id) FROM "standing coverage" LIMIT 0')
        )
        named = self._named_customers()
        for collection in self.mapping.covers:
            self._cover_collection(collection, named)
        self._compare(coverage, {column.name for column in own_columns(coverage)} - {"holds_until"})

    def _named_customers(self) -> Sql:
        """Return the query for the customers whose facts the files of this mapping tell."""
        statement = select(coverage.c.customer).where(coverage.c.source == self.mapping.name).distinct()
        schema = pa.schema([("customer", pa.string())])
        self.staged.load("covered before", arrow_rows.stream(self.cursor, self.store.url, statement, schema), schema)
        filled = any(table.table == "customers" for table in self.tables)
        before = Sql('SELECT customer AS key FROM "covered before" WHERE customer IS NOT NULL')
        return Sql('SELECT key FROM "new customers" UNION ') + before if filled else before

    def _cover_collection(self, collection: str, named: Sql) -> None:
        mapped = next(table for table in self.tables if table.table == collection).columns
        dates = [each.target for each in mapped if happens(FACT_TABLES[collection].c[each.target])]
        since, until = self.mapping.period
        first = _day_or(since, Sql("min(holds_from)"))
        last = _day_or(until, sql("greatest({})", joined(", ", [sql("max({})", name(each)) for each in dates])))
        self.staged.execute(
            sql(
                'INSERT INTO "new coverage" (key, customer, collection, recorded_from, recorded_to, holds_from)'
                " SELECT span.prefix || named.key || span.suffix, named.key, span.collection, span.first,"
                # What is covered already stays covered; an open end stays open.
                " CASE WHEN standing.id IS NULL OR standing.recorded_to IS NOT NULL"
                " THEN greatest(span.last, standing.recorded_to) END, span.first"
                " FROM (SELECT {} AS collection, {} AS first, {} AS last,"
                " {} AS prefix, '/' || {} AS suffix FROM {} HAVING count(*) > 0) AS span CROSS JOIN ({}) AS named"
                ' LEFT JOIN "standing coverage" AS standing'
                " ON standing.key = span.prefix || named.key || span.suffix WHERE span.first <= span.last",
                collection, first, last, f"{collection}/", first, name(f"new {collection}"), named,
            )
        )  # fmt: skip

    # --- writing ---

    def write(self) -> bool:
        """Write all changes; return whether there were any."""
        self._write_new_customer_keys()
        filled = [FACT_TABLES[table.table] for table in self.tables]
        if self.mapping.covers:
            filled.append(coverage)
        return sum(map(self._write, filled)) > 0

    def _write_new_customer_keys(self) -> None:
        if any(table.table == "customers" for table in self.tables):
            new = Sql('SELECT DISTINCT key FROM "new customers" EXCEPT SELECT key FROM "known customer_keys"')
            self._ingest(customer_keys, new)

    def _write(self, table: Table) -> int:
        """Retract what is corrected and add what is new; return how many rows were added."""
        changed = name(f"changed {table.name}")
        corrected = [
            row[0]
            for row in self.staged.rows(sql("SELECT standing_id FROM {} WHERE {} = 'corrected'", changed, _CHANGE))
        ]
        if corrected:
            marks = ("?", "?") if is_sqlite(self.store.url) else ("$1", "$2")
            moments = pa.array([self.now] * len(corrected), pa.timestamp("us", "UTC"))
            self.cursor.executemany(
                f"UPDATE {table.name} SET retracted_at = {marks[0]} WHERE id = {marks[1]}",  # noqa: S608
                pa.record_batch({"retracted_at": moments, "id": pa.array(corrected, pa.int64())}),
            )
        columns = joined(", ", [name(column.name) for column in own_columns(table)])
        rows = sql("SELECT {} FROM {} WHERE {} <> 'unchanged'", columns, changed, _CHANGE)
        return self._ingest(table, rows)

    def _ingest(self, table: Table, query: Sql) -> int:
        """Add the rows of a query to a table of the store, in batches; return how many."""
        rows = self.staged.database.sql(query.text, params=list(query.values)).to_arrow_reader(_BATCH_ROWS)
        batches = self._stored_batches(table, rows)
        first = next(batches, None)
        if first is None:
            return 0
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        return self.cursor.adbc_ingest(table.name, reader, mode="append")

    def _stored_batches(self, table: Table, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        given = {"source": self.mapping.name, "recorded_at": self.now, "entered_by": self.user}
        done = 0
        for batch in rows:
            if not len(batch):
                continue
            complete = batch
            for column, value in given.items() if table is not customer_keys else ():
                same = pa.repeat(pa.scalar(value, arrow_rows.arrow_type(table.c[column])), len(batch))
                complete = complete.append_column(column, same)
            yield arrow_rows.to_stored(complete, table)
            done += len(batch)
            self.progress("storing", table.name, done)


def _day_or(given: date | None, found: Sql) -> Sql:
    """Return a given day, or the one that the files tell."""
    return found if given is None else sql("coalesce(CAST({} AS DATE), {})", given.isoformat(), found)
