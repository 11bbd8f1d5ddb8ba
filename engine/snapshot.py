"""What executors decide on: facts as of a date, of one customer (plain values) or of many (Arrow columns)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from engine.frozen import dataclass
from engine.vocabulary import Fact, Origin, Type, Value, Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa

Recorded = tuple[date, date | None]
"""From when to when (None: still going on) a collection was recorded."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a collection; `key` is unique within customer and collection; missing facts are absent."""

    key: str
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """One customer's snapshot: known facts, rows, and since when each collection was recorded (absent: never)."""

    customer: str
    as_of: date
    facts: Mapping[str, Value]
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    recorded: Mapping[str, Recorded] = field(default_factory=dict)

    def digest(self) -> str:
        """Return a SHA-256 (hex) of everything that the decision depends on.

        It depends neither on the order of facts and rows nor on how many zeros a number was written with.
        """
        names, in_order = _order(tuple(self.facts))
        content: list[object] = [self.as_of, names, *in_order(tuple(self.facts.values()))]
        content.append(len(self.recorded))
        for name in sorted(self.recorded):
            content += name, *self.recorded[name]
        for name in sorted(self.rows):
            rows = self.rows[name]
            if rows:
                content += name, len(rows)
            for row in sorted(rows, key=attrgetter("key")):
                names, in_order = _order(tuple(row.facts))
                content += row.key, names, *in_order(tuple(row.facts.values()))
        texts = [value if type(value) is str else _TEXTS[type(value)](value) for value in content]
        whole = _SEPARATOR.join(texts)
        if whole.count(_SEPARATOR) >= len(texts):
            whole = repr(texts)  # a text holds the separator itself; here it is escaped
        return hashlib.sha256(whole.encode()).hexdigest()


class SnapshotDigest:
    """The digest of a customer's facts, computed when it is looked at: few who have a decision made look at it."""

    __slots__ = ("_facts",)

    def __init__(self, facts: CustomerFacts) -> None:
        self._facts = facts

    def __str__(self) -> str:
        return self._facts.digest()

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, SnapshotDigest) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"<{self}>"

    def __deepcopy__(self, _copied: object) -> SnapshotDigest:
        return self


@lru_cache(maxsize=100_000)  # few distinct ones occur
def _day(day: date) -> str:
    return str(day.toordinal())


_SEPARATOR = "\0"
_TEXTS: Mapping[type, Callable[[Any], str]] = defaultdict(
    lambda: str,
    {
        date: _day,
        Decimal: lambda number: str(number.normalize()),
    },
)


@lru_cache(maxsize=4096)
def _order(names: tuple[str, ...]) -> tuple[str, Callable[[tuple[object, ...]], tuple[object, ...]]]:
    """Return names sorted, as one text, and what puts their values into that order. Few sequences of names occur."""
    places = sorted(range(len(names)), key=names.__getitem__)
    return repr(sorted(names)), itemgetter(*places) if len(names) > 1 else tuple


@dataclass(frozen=True)
class Snapshot:
    """The facts of many customers.

    `customers` has one row per customer: the text column `customer` (unique), a column per measured, remembered or
    portfolio fact, and per collection the date columns `<collection>.recorded_from` (null: not recorded) and
    `<collection>.recorded_to` (null: still being recorded). Each table in `rows` has the text columns `customer` and
    `row` (unique within the customer) and a column per row fact. Columns may be absent: all missing.

    Arrow types: flag bool, integer int64, number decimal128(18, scale), date date32, the rest string (or a
    dictionary of strings); keys string, or as `keyed` gives them.
    """

    as_of: date
    customers: pa.Table
    rows: Mapping[str, pa.Table] = field(default_factory=dict)

    def customer(self, key: str) -> CustomerFacts:
        """Return one customer's facts as plain values.

        Raises:
            KeyError: if the snapshot has no such customer.
        """
        import pyarrow.compute as pc

        def only(table: pa.Table) -> pa.Table:
            return table.filter(pc.equal(table["customer"], key))

        one = Snapshot(self.as_of, only(self.customers), {name: only(table) for name, table in self.rows.items()})
        for found in one.each():
            return found
        raise KeyError(key)

    def each(self) -> Iterator[CustomerFacts]:
        """Yield every customer's facts as plain values, in order."""
        rows = {name: rows_of(table) for name, table in self.rows.items()}
        for columns in self.customers.to_pylist():
            own = {name: tuple(found.get(columns["customer"], ())) for name, found in rows.items()}
            yield customer_facts(columns, own, self.as_of)


def snapshots_by_day(
    vocabulary: Vocabulary, customers: Sequence[CustomerFacts]
) -> Iterator[tuple[list[int], Snapshot]]:
    """Put single customers' facts into columns, for each as-of date apart; yield their positions with each snapshot."""
    places: dict[date, list[int]] = {}
    for place, customer in enumerate(customers):
        places.setdefault(customer.as_of, []).append(place)
    for same_day in places.values():
        yield same_day, snapshot_of(vocabulary, [customers[place] for place in same_day])


def snapshot_of(vocabulary: Vocabulary, customers: Sequence[CustomerFacts]) -> Snapshot:
    """Put single customers' facts into columns; all must share one as-of date and there must be at least one.

    Rows are told by their customers' places, so that one customer may be there several times, with other facts. A fact
    that nobody has gets no column: of one customer most are missing, and a column takes as long to make as to read.
    """
    import pyarrow as pa

    (as_of,) = {customer.as_of for customer in customers}
    columns: dict[str, pa.Array] = {"customer": pa.array([customer.customer for customer in customers], pa.string())}
    columns |= _columns(vocabulary, None, [customer.facts for customer in customers])
    for name in [name for name in vocabulary.collections if any(name in each.recorded for each in customers)]:
        recorded = [customer.recorded.get(name, (None, None)) for customer in customers]
        columns[f"{name}.recorded_from"] = pa.array([start for start, _ in recorded], pa.date32())
        columns[f"{name}.recorded_to"] = pa.array([end for _, end in recorded], pa.date32())
    rows = {name: _rows_table(vocabulary, name, customers, columns["customer"]) for name in vocabulary.collections}
    return Snapshot(as_of, pa.table(columns), rows)


def keyed(rows: pa.Table, customers: pa.ChunkedArray) -> pa.Table:
    """Return a collection's rows with their customers' keys as places among all customers' keys.

    To look every key up again takes a fifth of the time in which the plan decides.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keys, owners = customers.combine_chunks(), rows["customer"].combine_chunks()
    if pa.types.is_dictionary(owners.type) and owners.dictionary.equals(keys):
        return rows
    if pa.types.is_dictionary(owners.type):
        places = pc.index_in(owners.dictionary, value_set=keys).take(owners.indices)
    else:
        places = pc.index_in(owners, value_set=keys)
    return with_owners(rows, pa.DictionaryArray.from_arrays(places, keys))


def with_owners(rows: pa.Table, customers: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return rows with their customers told otherwise: by keys, by places, or as `keyed` does."""
    return rows.set_column(rows.schema.get_field_index("customer"), "customer", customers)


def arrow_type(fact: Fact) -> pa.DataType:
    """Return the Arrow type of a fact's column."""
    import pyarrow as pa

    return {
        Type.FLAG: pa.bool_(),
        Type.INTEGER: pa.int64(),
        Type.NUMBER: pa.decimal128(18, fact.scale),
        Type.DATE: pa.date32(),
    }.get(fact.type, pa.string())


def _rows_table(vocabulary: Vocabulary, name: str, customers: Iterable[CustomerFacts], keys: pa.Array) -> pa.Table:
    import pyarrow as pa

    rows = [(place, row) for place, customer in enumerate(customers) for row in customer.rows.get(name, ())]
    columns = {
        "customer": pa.DictionaryArray.from_arrays(pa.array([place for place, _ in rows], pa.int32()), keys),
        "row": pa.array([row.key for _, row in rows], pa.string()),
    }
    return pa.table(columns | (_columns(vocabulary, name, [row.facts for _, row in rows]) if rows else {}))


def _columns(vocabulary: Vocabulary, scope: str | None, known: Sequence[Mapping[str, Value]]) -> dict[str, pa.Array]:
    """Return a column for each stored fact that is known of some customer or row."""
    import pyarrow as pa

    columns = {}
    for fact in vocabulary.in_scope(scope):
        if fact.origin is not Origin.DERIVED:
            values = [facts.get(fact.name) for facts in known]
            if any(value is not None for value in values):
                columns[fact.name] = pa.array(values, arrow_type(fact))
    return columns


def rows_of(table: pa.Table) -> dict[str, list[Row]]:
    """Return the rows of each customer, by key."""
    found: dict[str, list[Row]] = {}
    for row in sorted(table.to_pylist(), key=itemgetter("row")):
        facts = {name: value for name, value in row.items() if value is not None and name not in _KEYS}
        found.setdefault(row["customer"], []).append(Row(row["row"], facts))
    return found


_KEYS = ("customer", "row")


def customer_facts(columns: Mapping[str, Any], rows: Mapping[str, tuple[Row, ...]], as_of: date) -> CustomerFacts:
    """Return one customer's facts from its values by column, and from its rows in the order of their keys."""
    facts: dict[str, Value] = {}
    recorded: dict[str, Recorded] = {}
    for name, value in columns.items():
        if value is None or name == "customer" or name.endswith(".recorded_to"):
            continue
        if name.endswith(".recorded_from"):
            collection = name.removesuffix(".recorded_from")
            recorded[collection] = (value, columns.get(f"{collection}.recorded_to"))
        else:
            facts[name] = value
    return CustomerFacts(columns["customer"], as_of, facts, rows, recorded)
