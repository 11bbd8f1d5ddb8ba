"""From the store's tables to the facts of all customers as of a date, as columns.

Features are SQL files (see `features`); `customer_facts` runs the same ones for one customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot, keyed
from engine.vocabulary import Fact, FactKey, Origin, Type, Vocabulary
from facts.feature_database import Base, empty_database, prepare, prepared_base
from facts.features import PORTFOLIO, PREPARED_FOR_FEATURES, Feature, features
from facts.own import said_columns, said_facts
from facts.snapshot_checks import Misfit, customers_of, misfits_in, unknown_members, wanted_columns
from facts.snapshot_parts import without

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    Rows: TypeAlias = pa.Table | DuckDBPyRelation

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


class Taken(NamedTuple):
    """The facts of all customers but those who have values that do not fit, and these values."""

    snapshot: Snapshot
    misfits: tuple[Misfit, ...]


def take_snapshot(base: Base, vocabulary: Vocabulary, as_of: date, *, base_currency: str) -> Taken:
    """Compute the facts of all customers, sorted by customer.

    Args:
        base: what the store knew, read as of the same date.
        vocabulary: the facts wanted.
        as_of: the date on which the facts hold.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.

    Raises:
        ProblemsError: if a declared fact has no feature.
    """
    with prepared_base(base, as_of, base_currency) as database:
        return snapshot_in(database, vocabulary, as_of)


def snapshot_in(database: DuckDBPyConnection, vocabulary: Vocabulary, as_of: date) -> Taken:
    """Compute the facts of all customers in a database that holds their base, prepared.

    Raises:
        ProblemsError: as `take_snapshot`.
    """
    prepare(database, PREPARED_FOR_FEATURES)
    customers, strange = _customers(database, vocabulary)
    rows = {
        feature.name: _rows_table(database, feature, vocabulary)
        for feature in features("rows")
        if feature.name in vocabulary.collections
    }
    snapshot = Snapshot(as_of, customers, rows)
    coded = encoded(snapshot, vocabulary)
    misfits = (*strange, *misfits_in(snapshot, coded, vocabulary))
    return Taken(without(coded, pa.chunked_array([sorted(customers_of(misfits))], pa.string())), misfits)


# --- columns ---


def _customers(database: DuckDBPyConnection, vocabulary: Vocabulary) -> tuple[pa.Table, list[Misfit]]:
    """Put the results of all features side by side; what is said of unknown members is left out, and named."""
    keys = database.sql("SELECT key FROM customers ORDER BY key").to_arrow_table()["key"]
    found: dict[str, pa.ChunkedArray] = {}
    strange: list[Misfit] = []
    for feature in features("customers"):
        found |= aligned(_query(database, feature.sql), keys)
    for feature in features("members"):
        rows = _query(database, feature.sql)
        found |= _by_member(rows, keys, vocabulary)
        strange += _unknown_members(rows, keys, vocabulary)
    spans = _query(database, "SELECT span FROM spans")["span"].to_pylist()
    for feature in features("spans"):
        in_spans = spread(_query(database, feature.sql), "span", spans, keys)
        found |= {f"{name}_{span}": column for name, span, column in in_spans}
    for feature in features("own") if said_facts(vocabulary) else ():
        found = said_columns(_query(database, feature.sql), keys, vocabulary) | found
    found |= _recorded(database, keys, vocabulary)
    return pa.table({"customer": keys} | {name: found[name] for name in wanted_columns(found, vocabulary)}), strange


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
    for family in _families(rows):
        members = vocabulary.enums[vocabulary.families[FactKey(None, family)]].members
        of_members = spread(rows.select(["customer", "member", family]), "member", members, keys)
        found |= {f"{family}.{member}": column for _, member, column in of_members}
    return found


def _unknown_members(rows: pa.Table, keys: pa.ChunkedArray, vocabulary: Vocabulary) -> Iterator[Misfit]:
    said = pc.unique(rows["member"]).to_pylist()
    for family in _families(rows):
        if not set(vocabulary.enums[vocabulary.families[FactKey(None, family)]].members).issuperset(said):
            counted = rows.filter(pc.is_in(rows["customer"], value_set=keys))
            strange = pc.unique(counted["member"]).to_pylist()
            yield from unknown_members(family, strange, vocabulary, partial(_customers_with, counted))


def _families(rows: pa.Table) -> list[str]:
    """Return the families of facts that a feature's columns are named after."""
    return [name for name in rows.column_names if name not in ("customer", "member")]


def _customers_with(rows: pa.Table, member: str) -> list[str]:
    customers: list[str] = rows.filter(pc.equal(rows["member"], member))["customer"].to_pylist()
    return customers


def _rows_table(database: DuckDBPyConnection, feature: Feature, vocabulary: Vocabulary) -> pa.Table:
    rows = _query(database, f"FROM ({feature.sql}) ORDER BY customer, row")
    declared = [fact.name for fact in vocabulary.in_scope(feature.name) if fact.origin is not Origin.DERIVED]
    return rows.select(["customer", "row", *declared])


# --- words as dictionaries ---


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


# --- what only a look at the whole base shows ---


def portfolio_facts(
    snapshot: Snapshot,
    look_alikes: pa.Table | None = None,
    flow: pa.Table | None = None,
    acceptance: pa.Table | None = None,
) -> pa.Table:
    """Compute what only a look at the whole base shows: the columns of `house_tables.portfolio` but `run`.

    A batch run publishes them; the snapshots after it read them as the base table `portfolio`.

    Args:
        snapshot: the facts of all customers.
        look_alikes: who resembles which ideal customer, as `look_alikes.look_alikes_in` returns it.
        flow: what became of customers like each one, as `group_flow.flow_in` returns it.
        acceptance: what customers like each one accept, as `group_acceptance.acceptance_in` returns it.
    """
    with empty_database() as database:
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


def _query(database: DuckDBPyConnection, sql: str) -> pa.Table:
    return database.sql(sql).to_arrow_table()
