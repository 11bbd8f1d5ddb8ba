"""Which perceptions, judgements and needs somebody should confirm: old, guessed, or contradicted by another record.

Such a fact is still the fact: rules read it as before, and nothing concludes anything from its age, its source or a
contradiction. How long a fact stays fresh is declared in the catalogue (`fresh_days`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from engine.vocabulary import Value, Vocabulary
from facts.heard import NEED, Heard, Said, last_heard, need_named
from facts.store import Store


class Reason(StrEnum):
    """Why a fact should be confirmed, what is most pressing first."""

    CONTRADICTED = "contradicted"  # another record says otherwise, and nothing tells which one holds
    ESTIMATE = "estimate"  # it is our own guess
    STALE = "stale"  # it was last heard longer ago than it stays fresh


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """A customer's fact with its value, the day on which it was last heard, and how many days ago that is.

    A need is named `needs.` with its kind, and its value is its state; what else records say otherwise of it has the
    column's name after that, such as `needs.quality.tier`.
    `reasons` are why it should be confirmed. `fresh_days` is how long it stays fresh (None: for good). `entered_by`,
    `source`, `sure` and `row` are of the record that was heard last; `against` are the records that contradict it.
    `decides` tells whether what is advised rests on it, where that was looked at.
    """

    customer: str
    fact: str
    value: Value
    reasons: tuple[Reason, ...]
    heard_on: date
    days: int
    fresh_days: int | None
    entered_by: str
    source: str
    sure: str | None
    row: str
    against: tuple[Said, ...] = ()
    decides: bool = False


def facts_to_confirm(
    store: Store, vocabulary: Vocabulary, customers: Collection[str], as_of: date, known_at: datetime | None
) -> list[ToConfirm]:
    """Return the facts of customers that somebody should confirm: contradicted ones, then what was heard longest ago.

    Raises:
        StoreError: if the one customer that is asked for is not known, or the database cannot be read.
    """
    found = []
    for (customer, name), said in last_heard(store, customers, as_of, known_at).items():
        fact = vocabulary.fact(name)
        # What was so from the beginning has no day on which it was heard.
        if (fact is None and not name.startswith(NEED)) or said.on == date.min:
            continue
        days, fresh = (as_of - said.on).days, None if fact is None else fact.fresh_days
        need = need_named(name)
        is_part = need is not None and name != f"{NEED}{need[0]}"  # its need is asked for by itself if it is a guess
        if reasons := tuple(_reasons(said, days, fresh, is_part)):
            known = (said.entered_by, said.source, said.sure, said.row, said.against)
            found.append(ToConfirm(customer, name, said.value, reasons, said.on, days, fresh, *known))
    return in_order(found)


def in_order(found: Iterable[ToConfirm]) -> list[ToConfirm]:
    """Return the facts in the order to be told: what decides, what is contradicted, what was heard longest ago."""
    return sorted(found, key=lambda each: (not each.decides, not each.against, -each.days, each.customer, each.fact))


def _reasons(said: Heard, days: int, fresh_days: int | None, is_part: bool) -> list[Reason]:
    holds = {
        Reason.CONTRADICTED: bool(said.against),
        Reason.ESTIMATE: said.sure == "estimate" and not is_part,
        Reason.STALE: fresh_days is not None and days > fresh_days,
    }
    return [reason for reason, is_so in holds.items() if is_so]
