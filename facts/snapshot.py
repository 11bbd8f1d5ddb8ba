"""From the store's tables to facts as of a date: of the whole base as columns, of one customer as plain values.

Both run the same SQL files (see `features`) in DuckDB, which is given nothing but the tables: no files, no
extensions.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache, partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import CustomerFacts, Recorded, Row, Snapshot, keyed
from engine.vocabulary import Fact, FactKey, Origin, Type, Value, Vocabulary
from facts.empty_tables import Given, create
from facts.features import (
    KINDS,
    PORTFOLIO,
    PREPARED,
    PREPARED_FOR_FEATURES,
    Feature,
    base_schemas,
    features,
    prepared,
)
from facts.own import said_columns, said_facts, said_values
from facts.snapshot_checks import check_members, check_snapshot, check_values, wanted_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Statement

    Rows: TypeAlias = pa.Table | DuckDBPyRelation

Base = Mapping[str, pa.Table]
"""Tables as `Store.base_tables` reads them, and `portfolio` as `last_portfolio` does; an absent one is empty."""

MEMORY = "1GB"
"""What a database may take that all customers go through; it goes on with files where that is too little."""

_NO_ACCEPTANCE = pa.schema([("customer", pa.string()), ("acceptance", pa.string())])
_NO_FLOW = pa.schema(
    [("customer", pa.string())]
    + [
        (name, pa.int64())
        for name in ("manager_customers", "manager_problems", "group_customers", "group_up", "group_down")
    ]
)
_NO_LOOK_ALIKES = pa.schema(
    [("customer", pa.string()), ("subject", pa.string()), ("traits", pa.int64()), ("place", pa.int64())]
)


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
    with prepared_base(base, as_of, base_currency) as database:
        return snapshot_in(database, vocabulary, as_of)


def snapshot_in(database: DuckDBPyConnection, vocabulary: Vocabulary, as_of: date) -> Snapshot:
    """Compute the facts of all customers in a database that holds their base, prepared.

    Raises:
        ProblemsError: as `take_snapshot`.
    """
    prepare(database, PREPARED_FOR_FEATURES)
    customers = _customers(database, vocabulary)
    rows = {
        feature.name: _rows_table(database, feature, vocabulary)
        for feature in features("rows")
        if feature.name in vocabulary.collections
    }
    snapshot = Snapshot(as_of, customers, rows)
    coded = encoded(snapshot, vocabulary)
    check_snapshot(snapshot, coded, vocabulary)
    return coded


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
    return _workspace(as_of).customer_facts(base, vocabulary, base_currency)


def portfolio_facts(
    snapshot: Snapshot,
    look_alikes: pa.Table | None = None,
    flow: pa.Table | None = None,
    acceptance: pa.Table | None = None,
) -> pa.Table:
    """Compute what only a look at the whole base shows: the columns of `tables.portfolio` but `run`.

    A batch run publishes them; the snapshots after it read them as the base table `portfolio`.

    Args:
        snapshot: the facts of all customers.
        look_alikes: who resembles which ideal customer, as `look_alikes.find_look_alikes` returns it.
        flow: what became of customers like each one, as `group_flow.flow_in` returns it.
        acceptance: what customers like each one accept, as `group_acceptance.acceptance_in` returns it.
    """
    with _database() as database:
        database.register("snapshot", snapshot.customers)
        return portfolio_in(database, look_alikes, flow, acceptance).to_arrow_table()


def portfolio_in(
    database: DuckDBPyConnection, look_alikes: Rows | None, flow: Rows | None, acceptance: Rows | None
) -> DuckDBPyRelation:
    """Return the same from a database that holds the facts of all customers as `snapshot`; it is not computed yet."""
    database.register("look_alikes", _NO_LOOK_ALIKES.empty_table() if look_alikes is None else look_alikes)
    database.register("flow", _NO_FLOW.empty_table() if flow is None else flow)
    database.register("acceptance", _NO_ACCEPTANCE.empty_table() if acceptance is None else acceptance)
    return database.sql(PORTFOLIO.read_text(encoding="utf-8"))


# --- the whole base ---


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
    database = _database(threads)
    if overflow is not None:
        database.execute(f"SET memory_limit = '{MEMORY}'")
        database.execute("SET temp_directory = $folder", {"folder": str(overflow)})
    _set(database, as_of, base_currency)
    return database


def prepare(database: DuckDBPyConnection, names: Sequence[str] = PREPARED) -> None:
    """Make tables that SQL files share, from the base tables."""
    for name in names:
        database.execute(f"CREATE TABLE {name} AS {prepared(name)}")


def _customers(database: DuckDBPyConnection, vocabulary: Vocabulary) -> pa.Table:
    """Put the results of all features side by side."""
    keys = database.sql("SELECT key FROM customers ORDER BY key").to_arrow_table()["key"]
    found: dict[str, pa.ChunkedArray] = {}
    for feature in features("customers"):
        found |= aligned(_query(database, feature.sql), keys)
    for feature in features("members"):
        found |= _by_member(_query(database, feature.sql), keys, vocabulary)
    spans = _query(database, "SELECT span FROM spans")["span"].to_pylist()
    for feature in features("spans"):
        in_spans = spread(_query(database, feature.sql), "span", spans, keys)
        found |= {f"{name}_{span}": column for name, span, column in in_spans}
    for feature in features("own") if said_facts(vocabulary) else ():
        found = said_columns(_query(database, feature.sql), keys, vocabulary) | found
    found |= _recorded(database, keys, vocabulary)
    return pa.table({"customer": keys} | {name: found[name] for name in wanted_columns(found, vocabulary)})


def _recorded(
    database: DuckDBPyConnection, keys: pa.ChunkedArray, vocabulary: Vocabulary
) -> dict[str, pa.ChunkedArray]:
    """Return from when to when each collection is recorded of each customer, like the table `recorded`.

    Whoever owns no stretches has those of the owner '': to look at few owners takes less than at all customers.
    """
    stretches = _query(database, "SELECT owner AS customer, collection, recorded_from, recorded_to FROM stretches")
    owners = pc.unique(stretches["customer"])
    places = pc.index_in(keys, value_set=owners).fill_null(owners.index("").as_py())
    of_collections = spread(stretches, "collection", list(vocabulary.collections), owners)
    return {f"{collection}.{name}": column.take(places) for name, collection, column in of_collections}


def aligned(rows: pa.Table, keys: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return the columns with one value for each key, null where no row has that key."""
    if rows["customer"].equals(keys):
        return {name: rows[name] for name in rows.column_names if name != "customer"}
    positions = pc.index_in(keys, value_set=rows["customer"])
    return {name: rows[name].take(positions) for name in rows.column_names if name != "customer"}


def spread(
    rows: pa.Table, by: str, words: Sequence[str], keys: pa.ChunkedArray | pa.Array
) -> Iterator[tuple[str, str, pa.ChunkedArray]]:
    """Yield the columns of rows that `customer` and a word in the column `by` tell apart, one for each word.

    Yields a column's name, the word, and one value for each key: null where no row has both.
    """
    owners = pc.index_in(rows["customer"], value_set=keys).fill_null(-1).to_numpy()
    codes = pc.index_in(rows[by], value_set=pa.array(words, pa.string())).to_numpy()
    for code, word in enumerate(words):
        (of_word,) = np.nonzero((codes == code) & (owners >= 0))
        places = np.full(len(keys), -1)
        places[owners[of_word]] = of_word
        positions = pa.array(places, mask=places < 0)
        for name in (name for name in rows.column_names if name not in ("customer", by)):
            yield name, word, rows[name].take(positions)


def _by_member(rows: pa.Table, keys: pa.ChunkedArray, vocabulary: Vocabulary) -> dict[str, pa.ChunkedArray]:
    """Return a column for each member of the families that the columns are named after."""
    found: dict[str, pa.ChunkedArray] = {}
    said = pc.unique(rows["member"]).to_pylist()
    for family in (name for name in rows.column_names if name not in ("customer", "member")):
        members = vocabulary.enums[vocabulary.families[FactKey(None, family)]].members
        if not set(members).issuperset(said):
            counted = rows.filter(pc.is_in(rows["customer"], value_set=keys))
            strange = pc.unique(counted["member"]).to_pylist()
            check_members(family, strange, vocabulary, partial(_customers_with, counted))
        of_members = spread(rows.select(["customer", "member", family]), "member", members, keys)
        found |= {f"{family}.{member}": column for _, member, column in of_members}
    return found


def _customers_with(rows: pa.Table, member: str) -> list[str]:
    customers: list[str] = rows.filter(pc.equal(rows["member"], member))["customer"].to_pylist()
    return customers


def _rows_table(database: DuckDBPyConnection, feature: Feature, vocabulary: Vocabulary) -> pa.Table:
    rows = _query(database, f"FROM ({feature.sql}) ORDER BY customer, row")
    declared = [fact.name for fact in vocabulary.in_scope(feature.name) if fact.origin is not Origin.DERIVED]
    return rows.select(["customer", "row", *declared])


def encoded(snapshot: Snapshot, vocabulary: Vocabulary) -> Snapshot:
    """Return a snapshot with dictionaries of words: less memory, and whoever decides needs no look at each word.

    The parts of a base are all made so: as one table they would not go together otherwise.
    """
    keys = snapshot.customers["customer"]
    return Snapshot(
        snapshot.as_of,
        _encoded(snapshot.customers, vocabulary, None),
        {name: keyed(_encoded(table, vocabulary, name), keys) for name, table in snapshot.rows.items()},
    )


def _encoded(table: pa.Table, vocabulary: Vocabulary, scope: str | None) -> pa.Table:
    for fact in vocabulary.in_scope(scope):
        place = table.schema.get_field_index(fact.name)
        if place >= 0 and pa.types.is_string(table.schema.field(place).type):
            words = table.column(place).combine_chunks()
            table = table.set_column(place, fact.name, _dictionary(words, vocabulary, fact))
    return table


def _dictionary(words: pa.Array, vocabulary: Vocabulary, fact: Fact) -> pa.DictionaryArray:
    if fact.type is Type.TEXT:
        return words.dictionary_encode()
    members = pa.array(vocabulary.enum_of(fact).members, pa.string())
    places = pc.index_in(words, value_set=members)
    return pa.DictionaryArray.from_arrays(places.cast(pa.int8() if len(members) < 2**7 else pa.int32()), members)


# --- one customer ---

Results = Mapping[str, list[dict[str, Any]]]
"""By the name of a feature, the rows that it finds."""

_ALL_PREPARED = (*PREPARED, *PREPARED_FOR_FEATURES)


def make_ready(as_of: date) -> None:
    """Begin to make ready for the facts of one customer at a date, and return at once.

    Most of the time that this takes is DuckDB's, which works beside Python: a tenth of a cold `recommend`.
    """
    threading.Thread(target=_workspace(as_of).make_ready).start()


@lru_cache(maxsize=8)
def _workspace(as_of: date) -> _Workspace:
    return _Workspace(as_of)


class _Workspace:
    """A database with empty tables and kept plans, into which one customer's rows are put for a moment.

    For so few rows the time goes into what surrounds the work, most of it into planning. So each statement is planned
    once and not optimised, and features whose tables are empty are left out. DuckDB keeps the plan of a statement that
    has no parameters, reads no variable and whose tables stay: so each as-of date has a workspace of its own.
    """

    def __init__(self, as_of: date) -> None:
        self._lock = threading.Lock()
        self._as_of = as_of
        self._given = {name: Given(schema) for name, schema in base_schemas().items()}
        self._kept: dict[str, Statement] = {}
        self._is_asked = False

    def make_ready(self) -> None:
        """Plan all statements, until somebody asks for facts: then those that are needed."""
        statements = {f"prepare_{name}": f"INSERT INTO {name} {prepared(name)}" for name in _ALL_PREPARED}
        statements |= {f"{kind}_{feature.name}": feature.sql for kind in KINDS for feature in features(kind)}
        with suppress(duckdb.Error):  # whoever asks for facts meets with it again
            for name, sql in statements.items():
                with self._lock:
                    if self._is_asked:
                        return
                    self._statement(name, sql)

    @cached_property
    def _database(self) -> DuckDBPyConnection:
        database = _database(threads=1)
        database.execute("PRAGMA disable_optimizer")
        # Else DuckDB sorts both sides to join a few rows with the spans that they lie in.
        database.execute("SET nested_loop_join_threshold = 1000000")
        database.execute(f"CREATE OR REPLACE MACRO as_of() AS DATE '{self._as_of.isoformat()}'")
        _set_currency(database, "")
        # In one go and without data: to create them from empty Arrow tables takes three times as long.
        database.execute(";".join(create(name, schema) for name, schema in base_schemas().items()))
        for name in _ALL_PREPARED:
            database.execute(f"CREATE TABLE {name} AS FROM ({prepared(name)}) LIMIT 0")
        for name, given in self._given.items():
            database.register(f"given_{name}", given)
        return database

    def customer_facts(self, base: Base, vocabulary: Vocabulary, base_currency: str) -> CustomerFacts:
        self._is_asked = True
        with self._lock:
            _set_currency(self._database, base_currency)
            self._database.begin()
            try:
                return self._facts(base, vocabulary)
            finally:
                self._database.rollback()

    def _facts(self, base: Base, vocabulary: Vocabulary) -> CustomerFacts:
        filled = {name for name in base_schemas() if name in base and base[name].num_rows}
        for name in filled:
            self._given[name].table = base[name]
            self._run(f"fill_{name}", f"INSERT INTO {name} FROM given_{name}")
        for name in _ALL_PREPARED:
            self._run(f"prepare_{name}", f"INSERT INTO {name} {prepared(name)}")
        stretches = self._database.execute("SELECT collection, recorded_from, recorded_to FROM recorded").fetchall()
        recorded: dict[str, Recorded] = {name: (start, end) for name, start, end in stretches}

        # A feature has nothing to say about tables without rows whose recording has not begun.
        present = filled | recorded.keys()
        said = {kind: self._results(kind, present) for kind in KINDS}
        customer: str = base["customers"]["key"][0].as_py()
        facts = dict(_known_facts(said, vocabulary, customer))
        check_values(vocabulary, None, facts, customer)
        rows = {name: _rows(said["rows"].get(name, []), name, vocabulary, customer) for name in vocabulary.collections}
        in_catalogue = {name: span for name, span in recorded.items() if name in vocabulary.collections}
        return CustomerFacts(customer, self._as_of, facts, rows, in_catalogue)

    def _results(self, kind: str, present: set[str]) -> Results:
        """Return what the features of a folder find, by name."""
        results: dict[str, list[dict[str, Any]]] = {}
        for feature in features(kind):
            if feature.reads <= {"customers"} or feature.reads & present - {"customers"}:
                cursor = self._run(f"{kind}_{feature.name}", feature.sql)
                names = [column[0] for column in cursor.description or ()]
                results[feature.name] = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        return results

    def _run(self, name: str, sql: str) -> DuckDBPyConnection:
        return self._database.execute(self._statement(name, sql))

    def _statement(self, name: str, sql: str) -> Statement:
        """Return a statement, planned when it is first needed."""
        if name not in self._kept:
            self._database.execute(f"PREPARE {name} AS {sql}")
            (self._kept[name],) = self._database.extract_statements(f"EXECUTE {name}")
        return self._kept[name]


def _known_facts(said: Mapping[str, Results], vocabulary: Vocabulary, customer: str) -> Iterator[tuple[str, Value]]:
    """Yield the names and values of the known facts; what a feature computes goes before what is said."""
    yield from said_values(chain.from_iterable(said["own"].values()), vocabulary)
    for values in chain.from_iterable(said["customers"].values()):
        yield from ((name, value) for name, value in _known(values).items() if name != "customer")
    for values in chain.from_iterable(said["members"].values()):
        member = values["member"]
        for family, value in _known(values).items():
            if family not in ("customer", "member"):
                check_members(family, [member], vocabulary, lambda _: [customer])
                yield f"{family}.{member}", value
    for values in chain.from_iterable(said["spans"].values()):
        named = {f"{name}_{values['span']}": value for name, value in _known(values).items()}
        yield from ((name, value) for name, value in named.items() if vocabulary.fact(name))


def _rows(found: list[dict[str, Any]], collection: str, vocabulary: Vocabulary, customer: str) -> tuple[Row, ...]:
    rows = []
    for values in sorted(found, key=itemgetter("row")):
        facts = {name: value for name, value in _known(values).items() if name not in ("customer", "row")}
        check_values(vocabulary, collection, facts, customer)
        rows.append(Row(values["row"], facts))
    return tuple(rows)


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
    database.execute("SET enable_progress_bar = false")  # it would be written among our own output
    database.execute(prepared("macros"))
    return database


def _set(database: DuckDBPyConnection, as_of: date, base_currency: str) -> None:
    """Set what the macros `as_of()` and `base_currency()` give."""
    # Variables, because a statement with parameters is planned anew once they are known: a third more time.
    database.execute("SET VARIABLE as_of = $value", {"value": as_of})
    _set_currency(database, base_currency)


def _set_currency(database: DuckDBPyConnection, base_currency: str) -> None:
    database.execute("SET VARIABLE base_currency = $value", {"value": base_currency})


def declare(database: DuckDBPyConnection, numbers: Mapping[str, int | Decimal], kind: str) -> None:
    """Give numbers to SQL as macros `name()` of a type; names and type are the program's own, never data."""
    for name, number in numbers.items():
        database.execute(f"SET VARIABLE {name} = $value", {"value": str(number)})
        database.execute(f"CREATE MACRO {name}() AS getvariable('{name}')::{kind}")


def _query(database: DuckDBPyConnection, sql: str) -> pa.Table:
    return database.sql(sql).to_arrow_table()
