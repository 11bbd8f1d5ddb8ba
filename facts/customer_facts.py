"""From a customer's rows to its facts as of a date, as plain values: by the same SQL files as the whole base's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property, lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import Value, Vocabulary
from facts.arrow_rows import duckdb_type
from facts.feature_database import Base, empty_database
from facts.features import KINDS, PREPARED, PREPARED_FOR_FEATURES, base_schemas, features, prepared
from facts.given_rows import Given
from facts.own import said_values
from facts.snapshot_checks import MisfitsError, check_values, unknown_members

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

Results = Mapping[str, list[dict[str, Any]]]
"""By the name of a feature, the rows that it finds."""

_ALL_PREPARED = (*PREPARED, *PREPARED_FOR_FEATURES)

_ONE_AT_A_TIME = threading.Lock()

_TURN = 0.0001
"""Seconds after which a thread that is at work in Python lets another one go on."""


def customer_facts(base: Base, vocabulary: Vocabulary, as_of: date, *, base_currency: str) -> CustomerFacts:
    """Compute the facts of one customer, whose rows alone are given.

    Args:
        base: what the store knew about the customer, read as of the same date.
        vocabulary: the facts wanted.
        as_of: the date on which the facts hold.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.

    Raises:
        ValueError: if `base` has rows of no customer or of several.
        MisfitsError: if a value does not fit its declaration.
    """
    keys = base["customers"]["key"].to_pylist()
    if len(keys) != 1:
        raise ValueError(f"one customer's rows are wanted, these are of {len(keys)} customers as of {as_of}")
    return _workspace(as_of).customer_facts(base, vocabulary, base_currency)


def make_ready(as_of: date) -> None:
    """Begin to make ready for the facts of one customer at a date, and return at once.

    Most of the time that this takes is DuckDB's, which works beside Python: a tenth of a cold `recommend`.
    """
    threading.Thread(target=_make_ready, args=(as_of,)).start()


def _make_ready(as_of: date) -> None:
    with _quick_turns():
        _workspace(as_of).make_ready()


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let threads take turns at Python quickly; for one at a time, which finds and leaves the usual turns.

    DuckDB asks for its turn several times in each statement. By Python's own 5 ms it would wait nearly all the time.
    """
    with _ONE_AT_A_TIME:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        try:
            yield
        finally:
            sys.setswitchinterval(usual)


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
        self._currency = ""
        self._given: dict[str, Given] = {}
        self._planned: set[str] = set()
        self._kept: dict[str, Statement] = {}
        self._is_asked = False

    def make_ready(self) -> None:
        """Plan the statements, until somebody asks for facts: then those that are needed."""
        groups = [{f"prepare_{name}": _prepare(name) for name in _ALL_PREPARED}]
        groups += [{f"{kind}_{feature.name}": feature.sql for feature in features(kind)} for kind in KINDS]
        with suppress(duckdb.Error):  # whoever asks for facts meets with it again
            for group in groups:
                with self._lock:
                    if self._is_asked:
                        return
                    self._plan(group)

    @cached_property
    def _database(self) -> DuckDBPyConnection:
        database = empty_database(threads=1)
        # In one go and without data: to create tables from empty Arrow tables takes three times as long.
        statements = [
            "PRAGMA disable_optimizer",
            # Else DuckDB sorts both sides to join a few rows with the spans that they lie in.
            "SET nested_loop_join_threshold = 1000000",
            f"CREATE OR REPLACE MACRO as_of() AS DATE '{self._as_of.isoformat()}'",
            "CREATE TABLE house (currency VARCHAR)",
            "CREATE OR REPLACE MACRO base_currency() AS (SELECT currency FROM house)",
            *(_create(name, schema) for name, schema in base_schemas().items()),
            *(f"CREATE TABLE {name} AS FROM ({prepared(name)}) LIMIT 0" for name in _ALL_PREPARED),
        ]
        database.execute(";\n".join(statements))
        return database

    def customer_facts(self, base: Base, vocabulary: Vocabulary, base_currency: str) -> CustomerFacts:
        self._is_asked = True
        with self._lock:
            if base_currency != self._currency:  # it is nearly always the same
                self._database.execute("DELETE FROM house")
                self._database.execute("INSERT INTO house VALUES ($currency)", {"currency": base_currency})
                self._currency = base_currency
            filled = {name for name in base_schemas() if name in base and base[name].num_rows}
            for name in filled:
                self._give(name, base[name])
            self._database.begin()
            try:
                return self._facts(base, filled, vocabulary)
            finally:
                self._database.rollback()

    def _give(self, name: str, rows: pa.Table) -> None:
        """Give the rows from which a table is filled."""
        if name not in self._given:
            given = Given(base_schemas()[name])
            self._database.register(f"given_{name}", given)
            self._given[name] = given
        self._given[name].table = rows

    def _facts(self, base: Base, filled: set[str], vocabulary: Vocabulary) -> CustomerFacts:
        for name in filled:
            self._run(f"fill_{name}", f"INSERT INTO {name} FROM given_{name}")
        for name in _ALL_PREPARED:
            self._run(f"prepare_{name}", _prepare(name))
        stretches = self._run("stretches", "SELECT collection, recorded_from, recorded_to FROM recorded").fetchall()
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
        """Run a statement, which is planned when it is first needed."""
        if name not in self._kept:
            if name not in self._planned:
                self._plan({name: sql})
            (self._kept[name],) = self._database.extract_statements(f"EXECUTE {name}")
        return self._database.execute(self._kept[name])

    def _plan(self, statements: Mapping[str, str]) -> None:
        self._database.execute(";\n".join(f"PREPARE {name} AS {sql}" for name, sql in statements.items()))
        self._planned |= statements.keys()


def _prepare(name: str) -> str:
    """Return the statement that fills a prepared table."""
    return f"INSERT INTO {name} {prepared(name)}"


def _create(name: str, schema: pa.Schema) -> str:
    """Return the statement that makes an empty table."""
    return f"CREATE TABLE {name} ({', '.join(f'{field.name} {duckdb_type(field.type)}' for field in schema)})"


def _known_facts(said: Mapping[str, Results], vocabulary: Vocabulary, customer: str) -> Iterator[tuple[str, Value]]:
    """Yield the names and values of the known facts; what a feature computes goes before what is said."""
    yield from said_values(chain.from_iterable(said["own"].values()), vocabulary)
    for values in chain.from_iterable(said["customers"].values()):
        yield from ((name, value) for name, value in _known(values).items() if name != "customer")
    for values in chain.from_iterable(said["members"].values()):
        member = values["member"]
        for family, value in _known(values).items():
            if family not in ("customer", "member"):
                if strange := list(unknown_members(family, [member], vocabulary, lambda _: [customer])):
                    raise MisfitsError(strange)
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
