"""From the store's tables to facts as of a date: of the whole base as columns, of one customer as plain values.

Both run the same SQL files (see `features`) in DuckDB, which is given nothing but the tables: no files, no
extensions.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import CustomerFacts, Recorded, Row, Snapshot
from engine.vocabulary import Origin, Value, Vocabulary
from facts.features import PORTFOLIO, PREPARED, Feature, base_schemas, features, prepared
from facts.snapshot_checks import check_members, check_snapshot, check_values, wanted_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

Base = Mapping[str, pa.Table]
"""Tables as `Store.base_tables` reads them, and `portfolio` as `last_portfolio` does; an absent one is empty."""


def take_snapshot(base: Base, vocabulary: Vocabulary, as_of: date, *, base_currency: str) -> Snapshot:
    """Compute the facts of all customers, sorted by customer.

    Args:
        base: what the store knew, read as of the same date.
        vocabulary: the facts wanted.
        as_of: the date on which the facts hold.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.

    Raises:
        ProblemsError: if a declared fact has no feature, or a value does not fit its declaration.
    """
    parameters = {"as_of": as_of, "base_currency": base_currency}
    with _database() as database:
        for name, schema in base_schemas().items():
            database.register(name, base.get(name, schema.empty_table()))
        for name in PREPARED:
            _execute(database, f"CREATE TABLE {name} AS {prepared(name)}", parameters)
        customers = _customers(database, vocabulary, parameters)
        rows = {
            feature.name: _rows_table(database, feature, vocabulary, parameters)
            for feature in features("rows")
            if feature.name in vocabulary.collections
        }
    snapshot = Snapshot(as_of, customers, rows)
    check_snapshot(snapshot, vocabulary)
    return snapshot


def customer_facts(base: Base, vocabulary: Vocabulary, as_of: date, *, base_currency: str) -> CustomerFacts:
    """Compute the facts of one customer, whose rows alone are given.

    Args:
        base: what the store knew about the customer, read as of the same date.
        vocabulary: the facts wanted.
        as_of: the date on which the facts hold.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.

    Raises:
        ValueError: if `base` has rows of no customer or of several.
        ProblemsError: if a value does not fit its declaration.
    """
    keys = base["customers"]["key"].to_pylist()
    if len(keys) != 1:
        raise ValueError(f"one customer's rows are wanted, these are of {len(keys)} customers as of {as_of}")
    return _workspace().customer_facts(keys[0], base, vocabulary, {"as_of": as_of, "base_currency": base_currency})


def portfolio_facts(snapshot: Snapshot) -> pa.Table:
    """Compute what only a look at the whole base shows: the columns of `tables.portfolio` but `run`.

    A batch run publishes them; the snapshots after it read them as the base table `portfolio`.
    """
    with _database() as database:
        database.register("snapshot", snapshot.customers)
        return _query(database, PORTFOLIO.read_text(encoding="utf-8"), {})


# --- the whole base ---


def _customers(database: DuckDBPyConnection, vocabulary: Vocabulary, parameters: Mapping[str, Any]) -> pa.Table:
    """Put the results of all features side by side."""
    keys = database.sql("SELECT key FROM customers ORDER BY key").to_arrow_table()["key"]
    found: dict[str, pa.ChunkedArray] = {}
    for feature in features("customers"):
        for name, column in _aligned(_query(database, feature.sql, parameters), keys).items():
            found |= _by_member(name, column, vocabulary)
    spans = _query(database, "SELECT span FROM spans", parameters)["span"].to_pylist()
    for feature in features("spans"):
        rows = _query(database, feature.sql, parameters)
        for span in spans:
            aligned = _aligned(_where(rows, "span", span), keys)
            found |= {f"{name}_{span}": column for name, column in aligned.items()}
    recorded = _query(database, "SELECT customer, collection, recorded_from, recorded_to FROM recorded", parameters)
    for collection in vocabulary.collections:
        aligned = _aligned(_where(recorded, "collection", collection), keys)
        found |= {f"{collection}.{name}": column for name, column in aligned.items()}
    return pa.table({"customer": keys} | {name: found[name] for name in wanted_columns(found, vocabulary)})


def _aligned(rows: pa.Table, keys: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return the columns with one value for each key, null where no row has that key."""
    positions = pc.index_in(keys, value_set=rows["customer"])
    return {name: rows[name].take(positions) for name in rows.column_names if name != "customer"}


def _where(rows: pa.Table, column: str, value: str) -> pa.Table:
    return rows.filter(pc.equal(rows[column], value)).drop_columns([column])


def _by_member(name: str, column: pa.ChunkedArray, vocabulary: Vocabulary) -> dict[str, pa.ChunkedArray]:
    """Return the column under its fact's name; that of a family as one column for each member."""
    if name not in vocabulary.families:
        return {name: column}
    check_members(name, pc.unique(column.combine_chunks().keys).to_pylist(), vocabulary)
    members = vocabulary.enums[vocabulary.families[name]].members
    return {f"{name}.{member}": pc.map_lookup(column, member, "first") for member in members}


def _rows_table(
    database: DuckDBPyConnection, feature: Feature, vocabulary: Vocabulary, parameters: Mapping[str, Any]
) -> pa.Table:
    rows = _query(database, f"FROM ({feature.sql}) ORDER BY customer, row", parameters)
    declared = [fact.name for fact in vocabulary.in_scope(feature.name) if fact.origin is not Origin.DERIVED]
    return rows.select(["customer", "row", *declared])


# --- one customer ---


@cache
def _workspace() -> _Workspace:
    return _Workspace()


class _Workspace:
    """A database with empty tables and parsed statements, into which one customer's rows are put for a moment.

    For so few rows nearly all of the time goes into parsing and planning, so nothing is parsed twice, features
    whose tables are empty are left out, and plans are not optimised (a third less time for a customer with rows
    in every table).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = _database(threads=1)
        self._database.execute("PRAGMA disable_optimizer")
        for name, schema in base_schemas().items():
            self._insert_into(name, schema.empty_table(), "CREATE TABLE {} AS FROM given")
        self._prepare: list[Statement] = []
        for name in PREPARED:
            sql = prepared(name)
            anything = {"as_of": date.min, "base_currency": ""}
            _execute(self._database, f"CREATE TABLE {name} AS FROM ({sql}) LIMIT 0", anything)
            self._prepare += self._database.extract_statements(f"INSERT INTO {name} {sql}")
        self._statements = {
            kind: [(feature, self._database.extract_statements(feature.sql)[0]) for feature in features(kind)]
            for kind in ("customers", "spans", "rows")
        }

    def customer_facts(
        self, customer: str, base: Base, vocabulary: Vocabulary, parameters: Mapping[str, Any]
    ) -> CustomerFacts:
        with self._lock:
            self._database.begin()
            try:
                return self._facts(customer, base, vocabulary, parameters)
            finally:
                self._database.rollback()

    def _facts(self, customer: str, base: Base, vocabulary: Vocabulary, parameters: Mapping[str, Any]) -> CustomerFacts:
        filled = {name for name in base_schemas() if name in base and base[name].num_rows}
        for name in filled:
            self._insert_into(name, base[name], "INSERT INTO {} FROM given")
        for statement in self._prepare:
            _execute(self._database, statement, parameters)
        stretches = self._database.execute("SELECT collection, recorded_from, recorded_to FROM recorded").fetchall()
        recorded: dict[str, Recorded] = {name: (start, end) for name, start, end in stretches}

        # A feature has nothing to say about tables without rows whose recording has not begun.
        speaking = {kind: self._results(kind, filled | recorded.keys(), parameters) for kind in self._statements}
        facts = dict(_known_facts(speaking["customers"], speaking["spans"], vocabulary))
        check_values(vocabulary, None, facts)
        rows: dict[str, tuple[Row, ...]] = dict.fromkeys(vocabulary.collections, ())
        for collection, found in speaking["rows"]:
            rows[collection] = tuple(sorted((_row(values) for values in found), key=lambda row: row.key))
            for row in rows[collection]:
                check_values(vocabulary, collection, row.facts)
        in_catalogue = {name: span for name, span in recorded.items() if name in vocabulary.collections}
        return CustomerFacts(customer, parameters["as_of"], facts, rows, in_catalogue)

    def _results(
        self, kind: str, present: set[str], parameters: Mapping[str, Any]
    ) -> list[tuple[str, list[dict[str, Any]]]]:
        results = []
        for feature, statement in self._statements[kind]:
            if feature.reads <= {"customers"} or feature.reads & present - {"customers"}:
                cursor = _execute(self._database, statement, parameters)
                names = [column[0] for column in cursor.description or ()]
                found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
                results.append((feature.name, found))
        return results

    def _insert_into(self, name: str, given: pa.Table, statement: str) -> None:  # noqa: ARG002 (read by DuckDB)
        self._database.execute(statement.format(name))


def _known_facts(
    customers: list[tuple[str, list[dict[str, Any]]]],
    spans: list[tuple[str, list[dict[str, Any]]]],
    vocabulary: Vocabulary,
) -> Iterator[tuple[str, Value]]:
    """Yield the names and values of the known facts."""
    for _, found in customers:
        for values in found:
            for name, value in _known(values).items():
                if isinstance(value, dict):
                    check_members(name, value, vocabulary)
                    yield from ((f"{name}.{member}", of_member) for member, of_member in value.items())
                elif name != "customer":
                    yield name, value
    for _, found in spans:
        for values in found:
            named = {f"{name}_{values['span']}": value for name, value in _known(values).items()}
            yield from ((name, value) for name, value in named.items() if vocabulary.fact(name))


def _row(values: dict[str, Any]) -> Row:
    return Row(values["row"], {n: value for n, value in _known(values).items() if n not in ("customer", "row")})


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# --- DuckDB ---


def _database(threads: int | None = None) -> DuckDBPyConnection:
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": tempfile.gettempdir(),
    }
    if threads is not None:
        settings["threads"] = threads
    database = duckdb.connect(":memory:", config=settings)
    database.execute(prepared("macros"))
    return database


def _query(database: DuckDBPyConnection, sql: str, parameters: Mapping[str, Any]) -> pa.Table:
    (statement,) = database.extract_statements(sql)
    return database.sql(statement, params=_named(statement, parameters)).to_arrow_table()


def _execute(
    database: DuckDBPyConnection, statement: str | Statement, parameters: Mapping[str, Any]
) -> DuckDBPyConnection:
    if isinstance(statement, str):
        (statement,) = database.extract_statements(statement)
    return database.execute(statement, _named(statement, parameters))


def _named(statement: Statement, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the parameters that a statement names."""
    return {name: value for name, value in parameters.items() if name in statement.named_parameters}
