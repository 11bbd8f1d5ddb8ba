"""Telling the demo story to a store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from random import Random

from sqlalchemy import Connection, Table, insert, select

from engine.said import said
from facts.database import StoreError
from facts.demo.story import Character, World, read_characters, read_world
from facts.demo.telling import Row, Telling, tell, tell_coverage, tell_rates
from facts.demo.trade import trade
from facts.store import Store
from facts.tables import FACT_TABLES, customer_keys, customers

AS_OF = date(2026, 6, 30)
"""The day on which the story stands."""

STORYTELLER = "demo"
"""Who entered what the story tells."""

_TOLD_FOR = timedelta(days=730)
_BASE_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the store now tells."""

    customers: int
    rows: Mapping[str, int]  # by table
    told_before: bool  # nothing was added


def build(store: Store) -> DemoSummary:
    """Tell the demo story to an empty store; one that knows it already stays as it is.

    Each fact is recorded on the evening of the day on which it happened, or now if that is still to come.

    Raises:
        StoreError: if the store holds other customers, or counts in another currency.
    """
    _require_currency(store)
    world = read_world()
    told = whole_story(read_characters(world), world, AS_OF)
    source = f"demo story as of {AS_OF}"
    with store.writing() as connection:
        told_before = _is_told(connection, source)
        if not told_before:
            connection.execute(insert(customer_keys), [{"key": row["key"]} for row in told["customers"]])
            for name, rows in told.items():
                _write(connection, FACT_TABLES[name], rows, source, (AS_OF - _TOLD_FOR, AS_OF))
    counts = {name: len(rows) for name, rows in told.items()}
    return DemoSummary(counts["customers"], counts, told_before)


def _require_currency(store: Store) -> None:
    currency = store.settings()["base_currency"]
    if currency != _BASE_CURRENCY:
        raise StoreError(
            said("The demo story is not told"),
            said(
                "it counts in {wanted} and the store in {currency}",
                wanted=_BASE_CURRENCY,
                currency=currency,
            ),
            said("Make a store with {wanted} as its base currency.", wanted=_BASE_CURRENCY),
        )


def _is_told(connection: Connection, source: str) -> bool:
    """Return whether the store knows the story.

    Raises:
        StoreError: if it knows anything else.
    """
    sources = set(connection.scalars(select(customers.c.source).distinct()))
    if sources - {source}:
        raise StoreError(
            said("The demo story is not told"),
            said("the store holds other customers"),
            said("Make an empty store for it, with --db."),
        )
    return bool(sources)


def whole_story(characters: tuple[Character, ...], world: World, as_of: date) -> dict[str, list[Row]]:
    """Return the rows of each table, without those of days after `as_of`."""
    told = defaultdict(list)
    for table, row in chain(tell_rates(world, as_of), tell_coverage(characters)):
        told[table].append(row)
    for character in characters:
        chance = Random(character.key)  # noqa: S311 - the same story every time, no secret
        # Customers that share a story do not live it on the same days.
        telling = Telling(character, world, as_of - timedelta(days=chance.randrange(7)), chance)
        for table, row in chain(tell(telling), trade(telling)):
            if row["holds_from"] <= as_of:
                told[table].append(row)
    return dict(told)


def _write(connection: Connection, table: Table, rows: list[Row], source: str, period: tuple[date, date]) -> None:
    first_day, last_day = period
    nothing = dict.fromkeys(column for row in rows for column in row)
    now = datetime.now(UTC)

    def evening(day: date) -> datetime:
        return min(now, datetime.combine(max(day, first_day), time(18), UTC))

    versions = [
        nothing | version | {"recorded_at": evening(known), "retracted_at": until and evening(until)}
        for row in rows
        for version, known, until in _as_learnt(table, row, last_day)
    ]
    connection.execute(insert(table).values(source=source, entered_by=STORYTELLER), versions)


def _as_learnt(table: Table, row: Row, last_day: date) -> Iterator[tuple[Row, date, date | None]]:
    """Yield a row as it was known at first and after each later date in it, with the days between which it stood so."""
    later = {column.name: column.info["known_on"] for column in table.columns if "known_on" in column.info}
    dates = {row["holds_from"], *(row[happened_on] for happened_on in later.values() if row.get(happened_on))}
    days = sorted(day for day in dates if day <= last_day)
    for known, until in zip(days, [*days[1:], None], strict=True):
        unknown = (name for name in later.keys() & row if row.get(later[name]) and row[later[name]] > known)
        yield row | dict.fromkeys(unknown), known, until
