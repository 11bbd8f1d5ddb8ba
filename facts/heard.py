"""What perceptions and judgements rest on: what was said last, when, by whom, how surely, and what contradicts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from engine.vocabulary import Value
from facts.contradictions import Place, Row, contradictions, newest
from facts.store import Store
from facts.tables import JUDGED

_FAMILIES = {"perceptions": "perception", "assessments": "judgement"}
"""The families of facts that the tables of what is heard and judged hold."""

_ALONE = {"perception.cooperation": "cooperation_acceptance"}
"""A member that is a fact by itself."""

_COLUMNS = ("customer", "key", "holds_from", "recorded_at", "entered_by", "source")

NEED = "needs."
"""What the name of a need begins with where it stands beside facts; its kind follows."""


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


def last_heard(
    store: Store, customers: Collection[str], as_of: date, known_at: datetime | None = None
) -> dict[Place, Heard]:
    """Return what was said last of each perception, judgement and need of customers, by customer and fact.

    A need is named by its kind (see `NEED`), and its value is its state. An effect heard of a value confirms a
    perception that it does not raise.

    Raises:
        StoreError: if the one customer that is asked for is not known, or the database cannot be read.
    """
    columns = {name: (*_COLUMNS, "sure", *JUDGED[name]) for name in _FAMILIES}
    columns["needs"] = (*_COLUMNS, "sure", "kind", "state")
    columns["communications"] = (*_COLUMNS, "value_kind", "heard_on", "outcome")
    one = next(iter(customers)) if len(customers) == 1 else None
    moment = known_at or datetime.now(UTC)
    base = store.base_tables(as_of, moment, one, only=columns)
    records: dict[Place, list[Row]] = defaultdict(list)
    for name, family in _FAMILIES.items():
        member, value = JUDGED[name]
        for row in base[name].to_pylist():
            if row["is_current"] and row["customer"] in customers:
                fact = f"{family}.{row[member]}"
                records[row["customer"], _ALONE.get(fact, fact)].append({**row, "value": row[value]})
    needs: dict[Place, list[Row]] = defaultdict(list)
    for row in base["needs"].to_pylist():
        if row["is_current"] and row["customer"] in customers:
            needs[row["customer"], NEED + row["kind"]].append({**row, "value": row["state"]})
    against = contradictions(store, records, as_of, moment)
    found = {
        place: Heard(*_said(newest(rows)), against=tuple(Said(*_said(row)) for row in against.get(place, ())))
        for place, rows in {**records, **needs}.items()
    }
    return _with_effects(found, base["communications"])


def _said(row: Row) -> tuple[Value, date, str, str, str | None, str]:
    return row["value"], row["holds_from"], row["entered_by"], row["source"], row["sure"], row["key"]


def _with_effects(found: dict[Place, Heard], communications: pa.Table) -> dict[Place, Heard]:
    for row in communications.to_pylist():
        place = row["customer"], f"perception.{row['value_kind']}"
        if place in found and row["heard_on"] is not None and row["heard_on"] > found[place].on:
            sure = found[place].sure if row["outcome"] == "no_reaction" else "told"
            by, source = row["entered_by"], row["source"]
            found[place] = Heard(found[place].value, row["heard_on"], by, source, sure, row["key"])
    return found
