"""Records of one fact that contradict each other: of a customer that was merged, or of one day by two people.

Of a need each column is a fact: how far it is met, its tier and so on. Whether two needs of *different* kinds fit each
other is not looked at, because no two kinds exclude each other; nor are two needs of one kind that are kept under keys
of their own, because somebody told them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select, true

from facts.house_tables import imports
from facts.reading import CUSTOMER_KEYS, KNOWN_AT, visible
from facts.store import Store
from facts.tables import FACT_TABLES, JUDGED, merges
from facts.together import Together

NEED_SAYS = ("state", "tier", "level", "heart_value", "felt")
"""The columns that say something of a need; of each kind there is one, unless its key says otherwise."""

_SAYS = {**{name: (value,) for name, (_, value) in JUDGED.items()}, "needs": NEED_SAYS}

NEAR = timedelta(days=90)
"""Records of customers that were merged contradict each other if they say otherwise within so many days."""

_FEW = 1000
"""So many keys are named in a statement; for more, it asks for all."""

Place = tuple[str, str]
"""A customer and a fact."""

Row = Mapping[str, Any]
"""A record of a fact: its columns, the `table` that it is in, the column that it `says` it in, and the `value`."""


_MERGES = "merges"


def newest(rows: Sequence[Row]) -> Row:
    """Return the record that counts, the one that features take."""
    return max(rows, key=lambda row: (row["holds_from"], row["key"]))


def contradictions(
    store: Store, records: Mapping[Place, Sequence[Row]], as_of: date, known_at: datetime
) -> dict[Place, list[Row]]:
    """Return which records contradict those that count, by customer and fact.

    They say otherwise and

    * are of the same day: under another key, or replaced by somebody else's import;
    * or are of another customer, not long before, and nobody said anything since it was known that both are one.

    A guess contradicts nothing that is known better. What is recorded for a later day settles it.

    Args:
        store: where the records are.
        records: those that stand, by customer and fact.
        as_of: the day on which they stand.
        known_at: when the store knew them.
    """
    seen = {"as_of": as_of, "known_at": known_at}
    is_crowded = any(len(rows) > 1 for rows in records.values())
    customers = {customer for customer, _ in records}
    theirs = _few(customers)
    with store.asking() as connection:  # of what is recorded after `known_at` no statement sees anything
        taken = _taken_away(theirs is None).read(connection, {**seen, "customer_keys": theirs})
        merged = taken[_MERGES]
        keys = _keys_of(customers, {one["customer"]: one["survivor"] for one in merged})
        if keys != theirs:  # few were merged: of the others, this is found out along with their rows
            taken = _taken_away(keys is None).read(connection, {**seen, "customer_keys": keys})
        joined = _joined(connection, keys, merged) if is_crowded and merged else {}
    replaced = _replaced(taken)
    found = {}
    for place, rows in records.items():
        last = newest(rows)
        others = [*_apart(last, rows, joined), *replaced.get(_where(last), ())]
        against = [row for row in others if row["value"] != last["value"] and not _gives_way(row, last)]
        if against:
            found[place] = against
    return found


def _gives_way(row: Row, to: Row) -> bool:
    return row["sure"] == "estimate" and to["sure"] not in (None, "estimate")


def _apart(last: Row, rows: Sequence[Row], joined: Mapping[str, datetime]) -> Iterator[Row]:
    """Yield the records of which nothing tells whether the last one follows them."""
    for row in rows:
        moments = [joined[key] for key in (row["key"], last["key"]) if key in joined]
        is_unaware = bool(moments) and last["recorded_at"] <= max(moments)
        is_near = last["holds_from"] - row["holds_from"] <= NEAR
        if row is not last and (row["holds_from"] == last["holds_from"] or (is_near and is_unaware)):
            yield row


def _keys_of(customers: Collection[str], into: Mapping[str, str]) -> list[str] | None:
    """Return all keys of customers, also of those merged into them; None if they are too many to be named."""
    return _few({*customers, *(key for key in into if _way(key, into)[-1] in customers)})


def _few(keys: Collection[str]) -> list[str] | None:
    return sorted(keys) if len(keys) <= _FEW else None


def _way(customer: str, into: Mapping[str, str]) -> list[str]:
    """Return a customer, and one after the other those that it was merged into."""
    way = [customer]
    while (customer := into.get(customer, customer)) not in way:
        way.append(customer)
    return way


def _of(column: ColumnElement[str], customers: Collection[str] | None) -> ColumnElement[bool]:
    return true() if customers is None else column.in_(customers)


def _where(row: Row) -> tuple[object, ...]:
    return tuple(row[each] for each in ("table", "says", "key", "holds_from"))


def _replaced(taken: Mapping[str, Sequence[Row]]) -> dict[tuple[object, ...], list[Row]]:
    """Return by table, column, key and day what an import took the place of, where somebody else entered what stands.

    By hand nobody can replace what somebody else said, but for a guess, or by an effect, from which more follows.
    """
    found: dict[tuple[object, ...], dict[str, Row]] = defaultdict(dict)
    for name in _SAYS:
        for row in sorted(taken[name], key=itemgetter("id")):
            for column in _SAYS[name]:
                if row[column] is not None:  # what each said last
                    said = {**row, "table": name, "says": column, "value": row[column]}
                    found[_where(said)][row["entered_by"]] = said
    return {place: [*by_person.values()] for place, by_person in found.items()}


@cache
def _taken_away(of_all: bool) -> Together:
    """Select the rows that an import took away, where it said otherwise and was somebody else's; and all merges."""
    rows = {name: _taken_away_of(FACT_TABLES[name], columns, of_all) for name, columns in _SAYS.items()}
    return Together(
        {**rows, _MERGES: select(merges.c.customer, merges.c.survivor, merges.c.recorded_at).where(visible(merges))}
    )


def _taken_away_of(table: Table, columns: Sequence[str], of_all: bool) -> Select[Any]:
    old, new = table.alias("old"), table.alias("new")
    same = [new.c[column] == old.c[column] for column in ("customer", "key", "holds_from")]
    return (
        select(old)
        .join(new, and_(*same, visible(new)))
        .join(imports, imports.c.imported_at == old.c.retracted_at)
        .where(new.c.entered_by != old.c.entered_by)
        .where(or_(*(new.c[column] != old.c[column] for column in columns)))
        .where(old.c.retracted_at <= KNOWN_AT, true() if of_all else old.c.customer.in_(CUSTOMER_KEYS))
    )


def _joined(connection: Connection, customers: Collection[str] | None, merged: Sequence[Row]) -> dict[str, datetime]:
    """Return of records, by their keys, when it became known that their customer is one with the one it stands for."""
    into = {one["customer"]: one["survivor"] for one in merged}
    at = {one["customer"]: one["recorded_at"] for one in merged}
    found = {}
    for name in _SAYS:
        table = FACT_TABLES[name]
        statement = select(table.c.key, table.c.customer).where(_of(table.c.customer, customers)).distinct()
        for key, customer in connection.execute(statement):
            if moments := [at[each] for each in _way(customer, into) if each in at]:
                found[key] = max(moments)
    return found
