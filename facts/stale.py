"""Which perceptions and judgements were last heard so long ago that somebody should ask whether they are still so.

A fact that is stale is still the fact: rules read it as before, and nothing concludes anything from its age. How long
a fact stays fresh is declared in the catalogue (`fresh_days`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from engine.vocabulary import Value, Vocabulary
from facts.store import Store

_TABLES = {"perceptions": ("perception", "value_kind", "level"), "assessments": ("judgement", "criterion", "verdict")}
"""Tables of what is heard and judged: the family of facts, the column of the member, that of the value."""

_ALONE = {"perception.cooperation": "cooperation_acceptance"}
"""A member that is a fact by itself."""

_ENTERED = ("entered_by", "source")


@dataclass(frozen=True, slots=True)
class Stale:
    """A customer's fact with its value, the day on which it was last heard, and how many days ago that is.

    `fresh_days` is how long it stays fresh; `entered_by` and `source` are of the record that was heard last.
    """

    customer: str
    fact: str
    value: Value
    heard_on: date
    days: int
    fresh_days: int
    entered_by: str
    source: str


def stale_facts(
    store: Store, vocabulary: Vocabulary, customers: Collection[str], as_of: date, known_at: datetime | None
) -> list[Stale]:
    """Return the facts of customers that are stale on a date, what was heard longest ago first.

    Raises:
        StoreError: if the one customer that is asked for is not known, or the database cannot be read.
    """
    columns = {
        name: ("customer", "key", member, value, "holds_from", *_ENTERED)
        for name, (_, member, value) in _TABLES.items()
    }
    columns["communications"] = ("customer", "key", "value_kind", "heard_on", "holds_from", *_ENTERED)
    one = next(iter(customers)) if len(customers) == 1 else None
    base = store.base_tables(as_of, known_at, one, only=columns)
    last: dict[tuple[str, str], tuple[date, Value, dict[str, Any]]] = {}
    for name, (family, member, value) in _TABLES.items():
        for row in _standing(base[name]):
            fact = f"{family}.{row[member]}"
            place = row["customer"], _ALONE.get(fact, fact)
            heard = row["holds_from"], row[value], row
            last[place] = max(last.get(place, heard), heard, key=lambda one: one[0])
    for row in base["communications"].to_pylist():  # an effect confirms a perception that it does not raise
        place = row["customer"], f"perception.{row['value_kind']}"
        if place in last and row["heard_on"] is not None:
            day, said, _ = last[place]
            if row["heard_on"] > day:
                last[place] = row["heard_on"], said, row
    found = []
    for (customer, name), (day, said, row) in last.items():
        fact_declared = vocabulary.fact(name)
        fresh = None if fact_declared is None else fact_declared.fresh_days
        # What was so from the beginning has no day on which it was heard.
        if customer in customers and fresh is not None and day > date.min and (as_of - day).days > fresh:
            entered = {name: row[name] for name in _ENTERED}
            found.append(Stale(customer, name, said, day, (as_of - day).days, fresh, **entered))
    return sorted(found, key=lambda each: (-each.days, each.customer, each.fact))


def _standing(table: pa.Table) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["is_current"]]
