"""What is wrong with an import's rows that only other rows tell: of the same import, or of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from sqlalchemy import select

from engine.said import Said, packed, said
from facts import arrow_rows, reading
from facts.house_tables import settings
from facts.import_sql import Sql, checked_table, joined, name, sql, typed
from facts.mapping import TableMapping
from facts.store import Store
from facts.tables import FACT_TABLES, customer_keys, merges, metadata

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

# A checked row that is neither set aside nor faulty.
USABLE = Sql("aside IS NULL AND problem IS NULL")
_ALL = Sql("true")

_MERGED = pa.schema(
    [("key", pa.string()), ("customer", pa.string()), ("survivor", pa.string()), ("holds_from", pa.date32())]
)
_FAULTY = pa.schema([("number", pa.int64()), ("why", pa.string())])


@dataclass(frozen=True, slots=True)
class Staged:
    """The DuckDB database in which an import is got ready."""

    database: duckdb.DuckDBPyConnection

    def execute(self, statement: Sql) -> None:
        """Run a statement."""
        self.database.execute(statement.text, list(statement.values))

    def rows(self, statement: Sql) -> list[Any]:
        """Return the rows of a query."""
        return self.database.execute(statement.text, list(statement.values)).fetchall()

    def load(self, table: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make a table of rows that come in batches."""
        self.database.register("batch", schema.empty_table())
        self.execute(sql("CREATE TABLE {} AS SELECT * FROM batch", name(table)))
        for batch in batches:
            self.database.register("batch", pa.Table.from_batches([batch]))
            self.execute(sql("INSERT INTO {} SELECT * FROM batch", name(table)))


@dataclass(frozen=True, slots=True)
class Merge:
    """A row that says that a customer is the same as its survivor."""

    key: str
    customer: str
    survivor: str
    holds_from: date


@dataclass(frozen=True, slots=True)
class Comparison:
    """The checked rows of one import beside each other and beside those of the store.

    `per` has the actions of the pack in use, each with the collection of whose rows it is about one, if it is.
    """

    store: Store
    tables: Sequence[TableMapping]
    staged: Staged
    cursor: Cursor
    per: Mapping[str, str | None] = field(default_factory=dict)
    _loaded: set[str] = field(default_factory=set)

    def reject(self) -> None:
        """Reject rows that refer to nothing or contradict another.

        The table "known customer_keys" then has the keys of the store's customers.
        """
        self._load_known_keys("customer_keys")
        for table in self.tables:
            self._reject_unknown_references(table)
            if not table.one_row_per_key and not table.repeats:
                self._reject_contradictions(table)
            if table.table == "actions":
                self._reject_actions(table)
            if table.table == "merges":
                self._reject_merges(table)
            if table.table == "exchange_rates":
                self._reject_rates_of_the_base(table)

    # --- references ---

    def _reject_unknown_references(self, table: TableMapping) -> None:
        for column in table.columns:
            target = FACT_TABLES[table.table].c[column.target]
            referred = "customer_keys" if target.foreign_keys else target.info.get("refers_to")
            if referred is None:
                continue
            self._load_known_keys(referred)
            cell = typed(table.table, column.target)
            what = (
                said("is no known customer")
                if target.foreign_keys
                else said("is not the key of one of the {table}", table=referred)
            )
            unknown = sql("{} IS NOT NULL AND {} NOT IN ({})", cell, cell, self._known_keys(referred))
            self._reject_if(table, unknown, column.target, what, cell)
            if not target.foreign_keys:
                self._reject_rows_of_others(table, column.target, referred)

    def _reject_actions(self, table: TableMapping) -> None:
        """Reject an action about a row that its customer does not have, or about none or one against its kind."""
        mapped = {column.target for column in table.columns}
        about = sql("coalesce({}, '')", typed(table.table, "about")) if "about" in mapped else Sql("''")
        for referred in sorted({each or "" for each in self.per.values()}):
            ids = [sql("{}", action) for action, each in self.per.items() if (each or "") == referred]
            of_kind = sql("{} IN ({})", typed(table.table, "action"), joined(", ", ids))
            if not referred:
                why = said("is of an action about the customer as a whole")
                self._reject_if(table, sql("{} AND {} <> ''", of_kind, about), "about", why, about)
            elif referred in FACT_TABLES:
                self._load_known_keys(referred)
                why = said("is missing, and the action is about one of the {table}", table=referred)
                self._reject_if(table, sql("{} AND {} = ''", of_kind, about), "about", why, about)
                why = said("is not the key of one of the {table}", table=referred)
                unknown = sql("{} AND {} NOT IN ({})", of_kind, about, self._known_keys(referred))
                self._reject_if(table, unknown, "about", why, about)
                if "about" in mapped:
                    self._reject_rows_of_others(table, "about", referred, of_kind)

    def _reject_if(self, table: TableMapping, wrong: Sql, target: str, why: Said, value: Sql) -> None:
        checked, values = checked_table(table.file), (target, packed(why), value)
        self.staged.execute(
            sql("UPDATE {} SET problem = [{}, {}, {}] WHERE {} AND {}", checked, *values, USABLE, wrong)
        )

    def _reject_rows_of_others(self, table: TableMapping, target: str, referred: str, only: Sql = _ALL) -> None:
        """Reject a row of one customer, among these, that refers to another's; merged customers are one."""
        self._load_survivors()
        customer, key = typed(table.table, "customer"), typed(table.table, target)
        why = said("names one of the {table} of another customer", table=referred)
        self.staged.execute(
            sql(
                "UPDATE {} SET problem = [{}, {}, {}] WHERE number IN (SELECT number FROM {} AS mine"
                " JOIN ({}) AS theirs ON theirs.key = mine.{}"
                " LEFT JOIN survivors AS my_survivor ON my_survivor.customer = mine.{}"
                " LEFT JOIN survivors AS their_survivor ON their_survivor.customer = theirs.customer"
                " WHERE {} AND {} AND coalesce(my_survivor.survivor, mine.{})"
                " <> coalesce(their_survivor.survivor, theirs.customer))",
                checked_table(table.file), target, packed(why), key,
                checked_table(table.file), self._owners(referred), key, customer, USABLE, only, customer,
            )
        )  # fmt: skip

    def _owners(self, referred: str) -> Sql:
        """Return the query for the keys of a table's rows with their customers; what the import brings goes before."""
        stood = sql("SELECT key, customer, 0 AS place FROM {}", name(f"known {referred}"))
        brought = [
            sql(
                "SELECT {}, {}, -number FROM {} WHERE {}",
                typed(referred, "key"), typed(referred, "customer"), checked_table(table.file), USABLE,
            )
            for table in self.tables
            if table.table == referred
        ]  # fmt: skip
        return sql(
            # The first row of an import counts, as in `_reject_contradictions`.
            "SELECT key, coalesce(arg_max(customer, place) FILTER (place < 0), any_value(customer)) AS customer"
            " FROM ({}) GROUP BY key",
            joined(" UNION ALL ", [stood, *brought]),
        )

    def _load_survivors(self) -> None:
        """Make the table of merged customers with who stands for each."""
        if "survivors" in self._loaded:
            return
        self._loaded.add("survivors")
        brought = [merge for table in self.tables if table.table == "merges" for _, merge in self._merges_of(table)]
        into = {merge.customer: merge.survivor for merge in [*self._standing_merges(), *brought]}
        pairs = [{"customer": key, "survivor": last} for key, last in reading.in_the_end(into).items()]
        self.staged.load("survivors", pa.Table.from_pylist(pairs, reading.MERGES).to_batches(), reading.MERGES)

    def _load_known_keys(self, referred: str) -> None:
        """Read the keys that stand in a table of the store, of facts with their customers."""
        if f"known {referred}" in self._loaded:
            return
        self._loaded.add(f"known {referred}")
        table = metadata.tables[referred]
        statement = select(table.c.key)
        schema = pa.schema([("key", pa.string())])
        if table is not customer_keys:
            statement = select(table.c.key, table.c.customer).where(table.c.retracted_at.is_(None))
            schema = schema.append(pa.field("customer", pa.string()))
        self.staged.load(f"known {referred}", arrow_rows.stream(self.cursor, self.store.url, statement, schema), schema)

    def _known_keys(self, referred: str) -> Sql:
        """Return the query for the keys in the store and those that the import brings."""
        filled = "customers" if referred == "customer_keys" else referred
        brought = [
            sql(
                "SELECT {} FROM {} WHERE {} AND {} IS NOT NULL",
                typed(table.table, "key"), checked_table(table.file), USABLE, typed(table.table, "key"),
            )
            for table in self.tables
            if table.table == filled
        ]  # fmt: skip
        return joined(" UNION ALL ", [sql("SELECT key FROM {}", name(f"known {referred}")), *brought])

    # --- contradictions ---

    def _reject_contradictions(self, table: TableMapping) -> None:
        """Reject a row with the key of an earlier one that says something else."""
        content = joined(", ", [typed(table.table, column.target) for column in table.columns])
        key, why = typed(table.table, "key"), said("stands in an earlier row with other content")
        self.staged.execute(
            sql(
                "UPDATE {} SET problem = ['key', {}, {}]"
                " WHERE number IN (SELECT number FROM (SELECT number,"
                " row({}) IS DISTINCT FROM first_value(row({})) OVER (PARTITION BY {} ORDER BY number) AS differs"
                " FROM {} WHERE {}) WHERE differs)",
                checked_table(table.file), packed(why), key, content, content, same_fact(table),
                checked_table(table.file), USABLE,
            )
        )  # fmt: skip

    def _reject_merges(self, table: TableMapping) -> None:
        """Reject a merge that would leave no customer standing, or one customer merged into two."""
        faulty = [
            {"number": number, "why": packed(why)}
            for number, why in faulty_merges(self._merges_of(table), self._standing_merges())
        ]
        self.staged.load("faulty merges", pa.Table.from_pylist(faulty, _FAULTY).to_batches(), _FAULTY)
        self.staged.execute(
            sql(
                "UPDATE {} AS checked SET problem = ['survivor', why, {}] FROM {} AS faulty"
                " WHERE checked.number = faulty.number",
                checked_table(table.file), typed(table.table, "survivor"), name("faulty merges"),
            )
        )  # fmt: skip

    def _reject_rates_of_the_base(self, table: TableMapping) -> None:
        """Reject a rate of the store's own currency that is not 1."""
        base, worth = self._base_currency(), typed(table.table, "rate_to_base")
        why = said("is not 1, and {currency} is the store's own currency", currency=base)
        self.staged.execute(
            sql(
                "UPDATE {} SET problem = ['rate_to_base', {}, {}::VARCHAR] WHERE {} AND {} = {} AND {} <> 1",
                checked_table(table.file), packed(why), worth,
                USABLE, typed(table.table, "currency"), base, worth,
            )
        )  # fmt: skip

    def _base_currency(self) -> str:
        statement = select(settings.c.value).where(settings.c.name == "base_currency")
        schema = pa.schema([("value", pa.string())])
        batches = arrow_rows.stream(self.cursor, self.store.url, statement, schema)
        return str(pa.Table.from_batches(batches, schema)["value"][0])

    def _merges_of(self, table: TableMapping) -> list[tuple[int, Merge]]:
        """Return the merges that the import brings, with their rows' numbers."""
        cells = [typed(table.table, target) for target in _MERGED.names]
        query = sql(
            "SELECT number, {} FROM {} WHERE {} ORDER BY number",
            joined(", ", cells), checked_table(table.file), USABLE,
        )  # fmt: skip
        return [(number, Merge(*said)) for number, *said in self.staged.rows(query)]

    def _standing_merges(self) -> list[Merge]:
        columns = [merges.c[each] for each in _MERGED.names]
        statement = select(*columns).where(merges.c.retracted_at.is_(None))
        batches = arrow_rows.stream(self.cursor, self.store.url, statement, _MERGED)
        found = [Merge(**row) for row in pa.Table.from_batches(batches, _MERGED).to_pylist()]
        return sorted(found, key=lambda merge: merge.holds_from)


def same_fact(table: TableMapping) -> Sql:
    """Return the columns by which two rows of a table are about the same."""
    register = FACT_TABLES[table.table].info["shape"] == "register"
    named = ["key", "holds_from"] if register else ["key"]
    return joined(", ", [typed(table.table, target) for target in named])


def faulty_merges(rows: Iterable[tuple[int, Merge]], standing: Sequence[Merge]) -> Iterator[tuple[int, Said]]:
    """Give the number of each row that cannot stand beside the store's and the earlier ones, and why.

    Args:
        rows: numbered merges, in order.
        standing: what the store has, in order of time.
    """
    into = {merge.customer: merge.survivor for merge in standing}
    stands = {(merge.key, merge.holds_from): merge for merge in standing}
    for number, merge in rows:
        corrected = stands.get((merge.key, merge.holds_from))
        if corrected is not None and into.get(corrected.customer) == corrected.survivor:
            del into[corrected.customer]
        why = _why_not(merge, into)
        kept = merge if why is None else corrected
        if kept is not None:
            into[kept.customer] = kept.survivor
            stands[kept.key, kept.holds_from] = kept
        if why is not None:
            yield number, why


def _why_not(merge: Merge, into: Mapping[str, str]) -> Said | None:
    if merge.survivor == merge.customer:
        return said("is the customer itself")
    if into.get(merge.customer, merge.survivor) != merge.survivor:
        return said("is a second one: the customer is merged into another already")
    if merge.customer in _followed(merge.survivor, into):
        return said("is merged into the customer, by itself or through others")
    return None


def _followed(key: str, into: Mapping[str, str]) -> set[str]:
    """Return a customer and all that it is merged into, one after another."""
    seen = {key}
    while (key := into.get(key, key)) not in seen:
        seen.add(key)
    return seen
