"""Whose facts must be computed anew since an earlier run: whose rows are others, or for whom the calendar matters.

Features look at a customer's visible rows and at the as-of day. They hold a row's date against the day itself or a day
so many days before it (`as_of() - 365`, the spans), and else only count the days since a date. So if a customer's
visible rows are the same and none of their dates lies where such a comparison turns, all that can have changed are
these counts (see `carried`).

Rows are told apart by 128 bits, kept with each run that the next one is to go on from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import Date

from engine.vocabulary import Vocabulary
from facts import reading
from facts.batch.folder import TABLES, VISIBLE
from facts.features import KINDS, Feature, base_columns, features, prepared

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIRST, NEW, CHANGED, CALENDAR, COMMON = "first", "new", "changed", "calendar", "common"
"""Why a customer's facts are computed: there is no earlier run, it did not know the customer, the customer's rows are
others, a day came on which a comparison turns, or one of these is so of the rows that are about no single customer."""

WHY = (FIRST, NEW, CHANGED, CALENDAR, COMMON)

_NOBODY = ""
"""Stands for the rows that are about no single customer, such as exchange rates."""

_DIGESTS = pa.schema([("customer", pa.string()), ("one", pa.uint64()), ("two", pa.uint64())])

# Features of one customer that look at rows by the key of another row, whoever that is about. Where such rows are about
# different customers, these depend on each other.
_ENTANGLED = {
    frozenset({"order_lines", "orders"}): (
        "SELECT l.customer, l.order_key AS key FROM visible.order_lines l JOIN visible.orders o ON o.key = l.order_key "
        "WHERE o.customer <> l.customer"
    ),
    frozenset({"disputes"}): (
        "SELECT max(customer) AS customer, key FROM visible.disputes GROUP BY key HAVING count(DISTINCT customer) > 1"
    ),
}


def changes(
    database: DuckDBPyConnection,
    tables: Iterable[str],
    earlier: pa.Table | None,
    turning: Offsets,
    since: date,
    as_of: date,
) -> pa.Table:
    """Return for each customer of a part the digest of its rows, and why its facts must be computed.

    Args:
        database: shows what is visible of the part (see `FactsFolder.show_part`).
        tables: those that there are rows of.
        earlier: what this returned for the same part in the earlier run; None if there is none.
        turning: how long after which dates something may turn.
        since: the as-of date of the earlier run.
        as_of: the as-of date of this one, not before that.

    Returns:
        `customer`, `one`, `two`, and `why`: one of `WHY`, null if the earlier run's facts can be taken over. A row
        whose customer is empty stands for the rows about nobody.
    """
    database.register("earlier", _DIGESTS.empty_table() if earlier is None else earlier.select(_DIGESTS.names))
    for (name, column), days in turning.items():
        at_turn = [day for offset in days for day in _days(since + timedelta(1 - offset), as_of - timedelta(offset))]
        database.execute(f"SET VARIABLE {name}_{column} = $days::DATE[]", {"days": at_turn})
    database.execute(f"CREATE TABLE digests AS {_digests(list(tables))}")
    database.execute("SET VARIABLE is_first = $is_first", {"is_first": earlier is None})
    return database.sql(_WHY).to_arrow_table()


_WHY = f"""
    WITH
        compared AS (
            SELECT
                d.*,
                e.customer IS NOT NULL AS is_known,
                e.one IS DISTINCT FROM d.one OR e.two IS DISTINCT FROM d.two AS differs
            FROM digests d
            LEFT JOIN earlier e USING (customer)
        ),
        common AS (SELECT differs OR turns AS is_touched FROM compared WHERE customer = '{_NOBODY}')
    SELECT
        customer,
        one,
        two,
        CASE
            WHEN getvariable('is_first') THEN '{FIRST}'
            WHEN NOT is_known THEN '{NEW}'
            WHEN differs THEN '{CHANGED}'
            WHEN turns THEN '{CALENDAR}'
            WHEN is_touched THEN '{COMMON}'
        END AS why
    FROM compared, common
    WHERE customer = '{_NOBODY}' OR customer IN (SELECT key FROM {VISIBLE}.customers)
    ORDER BY customer
"""  # noqa: S608 - own words


def _digests(tables: list[str]) -> str:
    """Return the query for the digest of each customer's rows, and whether one of their dates lies at a turn."""
    found = [f"SELECT '{_NOBODY}' AS customer, 0::UBIGINT AS one, 0::UBIGINT AS two, false AS turns"]
    found += [_by_customer(_rows(name)) for name in tables]
    for among, entangled in _ENTANGLED.items():
        if among <= set(tables):
            hashed = "hash('entangled', customer, key), hash(customer, key, 'entangled')"
            found.append(f"SELECT '{_NOBODY}', {hashed}, true FROM ({entangled})")  # noqa: S608 - own names
    return _by_customer(" UNION ALL ".join(found))


def _by_customer(rows: str) -> str:
    """Return the query for the sums of hashes, whatever the order of the rows, and whether one lies at a turn."""
    sums = ", ".join(f"(sum({each}::HUGEINT) % 18446744073709551616)::UBIGINT AS {each}" for each in ("one", "two"))
    return f"SELECT customer, {sums}, bool_or(turns) AS turns FROM ({rows}) GROUP BY customer"  # noqa: S608 - own names


def _rows(name: str) -> str:
    """Return the query for the hashes of a table's rows, and whether one of their dates lies at a turn."""
    table, owner = TABLES[name], reading.owner(TABLES[name])
    columns = base_columns()[name]
    hashed = ", ".join(
        [*columns, *(["is_current"] if table.info["shape"] == "register" and owner is not table.c.key else [])]
    )
    at_turn = [
        f"coalesce(list_contains(getvariable('{name}_{column}'), {column}), false)"
        for column in columns
        if isinstance(table.c[column].type, Date)
    ]
    whose = f"'{_NOBODY}'" if owner is None else f"coalesce({owner.name}, '{_NOBODY}')"
    hashes = f"hash('{name}', {hashed}) AS one, hash({hashed}, '{name}') AS two"
    return f"SELECT {whose} AS customer, {hashes}, {' OR '.join(at_turn) or 'false'} AS turns FROM {VISIBLE}.{name}"  # noqa: S608 - own names


# --- the calendar ---

_COMPARED = re.compile(r"(\w+) (<=|>=|<|>) as_of\(\) - (\d+)")
_IN_SPAN = re.compile(r"(\w+) BETWEEN (?:\w+\.)?first_day AND (?:\w+\.)?last_day")
_SPAN = re.compile(r"\('(\w+)', as_of\(\) - (\d+), as_of\(\)(?: - (\d+))?\)")
_RECORDED_SINCE = "since"

Offsets = Mapping[tuple[str, str], frozenset[int]]
"""By table and column: so many days after a date in it some feature's comparison may turn."""


def offsets(vocabulary: Vocabulary) -> Offsets:
    """Return how long after which dates something may turn, as the SQL of the features that are wanted tells.

    Dates are held against the as-of day (counted as 0 and 1, whatever the comparison), a day so many days before it, or
    a span. Only the day since when something is recorded comes from another table than a feature reads: from coverage.
    """
    dates = {
        name: [column.name for column in table.c if isinstance(column.type, Date)] for name, table in TABLES.items()
    }
    found: dict[tuple[str, str], set[int]] = {(name, each): {0, 1} for name in dates for each in dates[name]}
    for feature in (each for kind in KINDS for each in features(kind)):
        for column, days in _turning(feature, vocabulary):
            tables = {"coverage"} if column == _RECORDED_SINCE else feature.reads & dates.keys()
            of_that_name = {(name, column) for name in tables if column in dates[name]}
            for place in of_that_name or {(name, each) for name in tables for each in dates[name]}:
                found[place].add(days)
    return {place: frozenset(days) for place, days in found.items()}


def _turning(feature: Feature, vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Yield the columns that a feature holds against days before the as-of day, and how long after it that turns."""
    code = re.sub(r"--.*", "", feature.sql)
    for column, sign, days in _COMPARED.findall(code):
        yield column, int(days) + (sign in (">=", "<"))
    words = set(re.findall(r"\w+", code))
    facts = [fact.name for fact in vocabulary.in_scope(None)]
    for span, first, last in _SPAN.findall(prepared("spans")):
        wanted = (name.removesuffix(f"_{span}") for name in facts if name.endswith(f"_{span}"))
        if "spans" in words and words.intersection(wanted):
            for column in _IN_SPAN.findall(code):
                yield column, int(last or 0)
                yield column, int(first) + 1
            yield _RECORDED_SINCE, int(first)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days) for days in range((last - first).days + 1))
