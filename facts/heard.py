"""What perceptions, judgements and needs rest on: what was said last, when, by whom, how surely, and against what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from engine.vocabulary import Value
from facts.contradictions import NEED_SAYS, Place, Row, contradictions, newest
from facts.store import Store
from facts.tables import JUDGED

_FAMILIES = {"perceptions": "perception", "assessments": "judgement"}
"""The families of facts that the tables of what is heard and judged hold."""

_ALONE = {"perception.cooperation": "cooperation_acceptance"}
"""A member that is a fact by itself."""

_STATE = "state"

_COLUMNS = ("customer", "key", "holds_from", "recorded_at", "entered_by", "source")

NEED = "needs."
"""What the name of a need begins with where it stands beside facts; its kind follows.

What else is said of it than its state has the column's name after that: `needs.quality.tier`.
"""


@dataclass(frozen=True, slots=True)
class Said:
    """A record of a fact: what it says, since when, who entered it from where, how surely, and the key of its row."""

    value: Value
    on: date
    entered_by: str
    source: str
    sure: str | None
    row: str


@dataclass(frozen=True, slots=True)
class Heard(Said):
    """What was said last of a fact (`on`: the day on which it was heard last), and the records that contradict it."""

    against: tuple[Said, ...] = ()


def need_named(name: str) -> tuple[str, str] | None:
    """Return the kind of the need that a name speaks of, and the column; None if it names no need."""
    if not name.startswith(NEED):
        return None
    kind, _, column = name.removeprefix(NEED).partition(".")
    return kind, column or _STATE


def last_heard(
    store: Store, customers: Collection[str], as_of: date, known_at: datetime | None = None
) -> dict[Place, Heard]:
    """Return what was said last of each perception, judgement and need of customers, by customer and fact.

    A need is named by its kind (see `NEED`), and its value is its state; what else is said of it is returned where
    records contradict each other. An effect heard of a value confirms a perception that it does not raise.

    Raises:
        StoreError: if the one customer that is asked for is not known, or the database cannot be read.
    """
    columns: dict[str, Sequence[str]] = {name: (*_COLUMNS, "sure", *JUDGED[name]) for name in _FAMILIES}
    columns["needs"] = (*_COLUMNS, "sure", "kind", *NEED_SAYS)
    columns["communications"] = (*_COLUMNS, "value_kind", "heard_on", "outcome")
    moment = known_at or datetime.now(UTC)
    base = _read(store, customers, as_of, moment, columns)
    records: dict[Place, list[Row]] = defaultdict(list)
    for name, family in _FAMILIES.items():
        member, value = JUDGED[name]
        for row in base[name]:
            if row["is_current"]:
                fact = f"{family}.{row[member]}"
                said = {**row, "table": name, "says": value, "value": row[value]}
                records[row["customer"], _ALONE.get(fact, fact)].append(said)
    needs = _of_needs(row for row in base["needs"] if row["is_current"])
    records.update(needs)
    against = contradictions(store, {place: _of_one(rows) for place, rows in records.items()}, as_of, moment)
    found = {
        place: Heard(*_said(newest(rows)), against=tuple(Said(*_said(row)) for row in against.get(place, ())))
        for place, rows in records.items()
        if place in against or place not in needs or newest(rows)["says"] == _STATE
    }
    return _with_effects(found, base["communications"])


def _read(
    store: Store, customers: Collection[str], as_of: date, known_at: datetime, only: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[Row]]:
    if len(customers) == 1:
        (customer,) = customers
        return store.rows_of(customer, as_of, known_at, only)
    theirs = pa.array(customers, pa.string())
    base = store.base_tables(as_of, known_at, only=only).items()
    return {name: rows.filter(pc.is_in(rows["customer"], value_set=theirs)).to_pylist() for name, rows in base}


def _of_needs(rows: Iterable[Row]) -> dict[Place, list[Row]]:
    """Return what is said of needs, each column for itself; an empty one says nothing."""
    found: dict[Place, list[Row]] = defaultdict(list)
    for row in rows:
        for column in NEED_SAYS:
            if row[column] is not None:
                name = f"{NEED}{row['kind']}" + ("" if column == _STATE else f".{column}")
                said = {**row, "table": "needs", "says": column, "value": row[column]}
                found[row["customer"], name].append(said)
    return found


def _of_one(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the records of the thing that the last one speaks of: a need with a key of its own is another one."""
    last = newest(rows)
    kept = [row for row in rows if "kind" not in row or row["key"].endswith(f"/{row['kind']}")]
    return kept if any(row is last for row in kept) else [last]


def _said(row: Row) -> tuple[Value, date, str, str, str | None, str]:
    return row["value"], row["holds_from"], row["entered_by"], row["source"], row["sure"], row["key"]


def _with_effects(found: dict[Place, Heard], communications: Iterable[Row]) -> dict[Place, Heard]:
    for row in communications:
        place = row["customer"], f"perception.{row['value_kind']}"
        if place in found and row["heard_on"] is not None and row["heard_on"] > found[place].on:
            sure = found[place].sure if row["outcome"] == "no_reaction" else "told"
            by, source = row["entered_by"], row["source"]
            found[place] = Heard(found[place].value, row["heard_on"], by, source, sure, row["key"])
    return found
