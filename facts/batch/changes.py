"""Whose facts must be computed anew since an earlier run: whose rows are others, or for whom the calendar matters.

Features look at a customer's visible rows and at the as-of day. They hold a row's date against the day itself or a day
so many days before it (`as_of() - 365`, the spans), and else only count the days since a date. So if a customer's
visible rows are the same and none of their dates lies where such a comparison turns, all that can have changed are
these counts (see `carried`).

Rows are told apart by 128 bits, kept with each run that the next one is to go on from.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import Date

from facts import reading
from facts.batch.folder import TABLES, VISIBLE
from facts.features import base_columns, features, prepared

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
    database: DuckDBPyConnection, tables: Iterable[str], earlier: pa.Table | None, since: date, as_of: date
) -> pa.Table:
    """Return for each customer of a part the digest of its rows, and why its facts must be computed.

    Args:
        database: shows what is visible of the part (see `FactsFolder.show_part`).
        tables: those that there are rows of.
        earlier: what this returned for the same part in the earlier run; None if there is none.
        since: the as-of date of the earlier run.
        as_of: the as-of date of this one, not before that.

    Returns:
        `customer`, `one`, `two`, and `why`: one of `WHY`, null if the earlier run's facts can be taken over. A row
        whose customer is empty stands for the rows about nobody.
    """
    database.register("earlier", _DIGESTS.empty_table() if earlier is None else earlier.select(_DIGESTS.names))
    database.execute(f"CREATE TABLE digests AS {_digests(database, list(tables), since, as_of)}")
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


def _digests(database: DuckDBPyConnection, tables: list[str], since: date, as_of: date) -> str:
    """Return the query for the digest of each customer's rows, and whether one of their dates lies at a turn."""
    rows = [f"SELECT '{_NOBODY}' AS customer, 0::UBIGINT AS one, 0::UBIGINT AS two, false AS turns"]
    for name in tables:
        days = [day for first, last in turns(name, since, as_of) for day in _days(first, last)]
        database.execute(f"SET VARIABLE turns_{name} = $days::DATE[]", {"days": days})
        rows.append(_rows(name))
    for among, entangled in _ENTANGLED.items():
        if among <= set(tables):
            hashed = "hash('entangled', customer, key), hash(customer, key, 'entangled')"
            rows.append(f"SELECT '{_NOBODY}', {hashed}, true FROM ({entangled})")  # noqa: S608 - own names
    return f"SELECT customer, {_sum('one')}, {_sum('two')}, bool_or(turns) AS turns FROM ({' UNION ALL '.join(rows)}) GROUP BY customer"  # noqa: S608, E501 - own names


def _sum(column: str) -> str:
    """Return the sum of hashes, whatever the order of the rows, in 64 bits."""
    return f"(sum({column}::HUGEINT) % 18446744073709551616)::UBIGINT AS {column}"


def _rows(name: str) -> str:
    """Return the query for the hashes of a table's rows, and whether one of their dates lies at a turn."""
    table, owner = TABLES[name], reading.owner(TABLES[name])
    columns = base_columns()[name]
    hashed = [*columns, *(["is_current"] if table.info["shape"] == "register" and name != "customers" else [])]
    at_turn = [
        f"coalesce(list_contains(getvariable('turns_{name}'), {column}), false)"
        for column in columns
        if isinstance(table.c[column].type, Date)
    ]
    whose = f"'{_NOBODY}'" if owner is None else f"coalesce({owner.name}, '{_NOBODY}')"
    listed = ", ".join(hashed)
    return (
        f"SELECT {whose}, hash('{name}', {listed}), hash({listed}, '{name}'), {' OR '.join(at_turn) or 'false'} "  # noqa: S608 - own names
        f"FROM {VISIBLE}.{name}"
    )


# --- the calendar ---


def turns(name: str, since: date, as_of: date) -> Iterator[tuple[date, date]]:
    """Yield the stretches of days whose rows some feature sees otherwise as of one date than as of another."""
    for offset in offsets()[name]:
        yield since + timedelta(1 - offset), as_of - timedelta(offset)


@cache
def offsets() -> Mapping[str, frozenset[int]]:
    """Return, by table, so many days after a row's date a comparison may turn, as the features' SQL tells.

    `<` and `<=` turn on days that follow each other, so both count.
    """
    found: dict[str, set[int]] = defaultdict(lambda: {0, 1})
    everywhere: set[int] = set()
    for feature in (each for kind in ("customers", "spans", "rows") for each in features(kind)):
        compared = _compared(feature.sql)
        everywhere |= compared
        for name in feature.reads:
            found[name] |= compared
    # What features ask about recording comes from coverage by a table that all share.
    found["coverage"] |= everywhere
    return {name: frozenset(found[name]) for name in TABLES}


def _compared(sql: str) -> set[int]:
    """Return the days that lie between the as-of day and those that a query holds dates against, and one more each."""
    code = re.sub(r"--.*", "", sql)
    text = code + (prepared("spans") if re.search(r"\bspans\b", code) else "")
    known = {int(days) for days in re.findall(r"as_of\(\) - (\d+)", text)}
    return {days + more for days in known for more in (0, 1)}


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days) for days in range((last - first).days + 1))
