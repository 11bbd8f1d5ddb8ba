"""Kinds of columns: exact numbers, moments, closed and open lists, personal data.

Amounts, quantities and rates are exact. SQLite has no decimal type and would turn one into a binary fraction,
so they are stored as integers: ten-thousandths for amounts, prices and quantities (prices have more digits
than a currency's smallest coin), hundred-millionths for exchange rates and shares. Integers also compare and
add up the same in SQLite, PostgreSQL and DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, DateTime, Dialect, Integer, String, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator

AMOUNT_SCALE = 4
RATE_SCALE = 8


class Scaled(TypeDecorator[Decimal]):
    """An exact decimal with a fixed number of digits after the point, stored as an integer."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def __repr__(self) -> str:
        """Tell scales apart, as `together.Together` does by what types are called."""
        return f"Scaled({self.scale})"

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the stored integer; raise ValueError when digits would be lost."""
        if value is None:
            return None
        shifted = Decimal(value).scaleb(self.scale)
        if not shifted.is_finite() or shifted != shifted.to_integral_value():
            raise ValueError(f"{value} does not fit {self.scale} digits after the point")
        return int(shifted)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Return the decimal that the stored integer stands for."""
        return None if value is None else Decimal(value).scaleb(-self.scale)


# The form in which ADBC writes moments, so that texts written either way compare in order of time.
_SQLITE_MOMENT = "%(year)04d-%(month)02d-%(day)02dT%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d"


class UtcMoment(TypeDecorator[datetime]):
    """A moment in UTC with microseconds: `timestamptz` in PostgreSQL, ISO text in SQLite."""

    impl = DateTime(timezone=True).with_variant(
        sqlite.DATETIME(storage_format=_SQLITE_MOMENT),  # type: ignore[no-untyped-call]
        "sqlite",
    )
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment in UTC; raise ValueError for one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment with its time zone, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def amount(name: str, **options: Any) -> Column[Any]:
    """Return a column for money, a unit price or a quantity."""
    return Column(name, Scaled(AMOUNT_SCALE), **options)


def rate(name: str, **options: Any) -> Column[Any]:
    """Return a column for an exchange rate or a share of a whole."""
    return Column(name, Scaled(RATE_SCALE), **options)


def currency(**options: Any) -> Column[Any]:
    """Return the column for the ISO 4217 code of the row's amounts."""
    return Column("currency", String(3), CheckConstraint("length(currency) = 3", name="currency"), **options)


def choice(name: str, members: Sequence[str], **options: Any) -> Column[Any]:
    """Return a text column that the database holds to a closed list."""
    listed = ", ".join(f"'{member}'" for member in members)
    info = {**options.pop("info", {}), "members": tuple(members)}
    return Column(name, String(32), CheckConstraint(f"{name} IN ({listed})", name=name), info=info, **options)


def counted(name: str, most: int, **options: Any) -> Column[Any]:
    """Return a column for a whole number from 0 to `most`, the range of the fact that is read from it."""
    return Column(name, Integer, info={**options.pop("info", {}), "most": most}, **options)


Words = Mapping[str, Sequence[str]]
"""The members of enums that facts are read by, by the vocabulary's names."""


def words_of(column: Column[Any], words: Words) -> Sequence[str] | None:
    """Return the words that a column may hold, or None if it may hold any."""
    if members := column.info.get("members") or words.get(column.info.get("enum") or ""):
        return (*members, *column.info.get("besides", ()))
    return None


def word(name: str, enum: str | None = None, **options: Any) -> Column[Any]:
    """Return a text column for a word of an open list, which packs may extend (value kinds, media, roles).

    `enum` is the vocabulary's name of the list, if facts are read from the column; `besides` in its info names more
    words, by which other facts are read.
    """
    info = {**options.pop("info", {}), "enum": enum}
    return Column(name, String(64), info=info, **options)


def personal(name: str, **options: Any) -> Column[Any]:
    """Return a text column with personal data, which never leaves the store for a snapshot or a decision."""
    info = {**options.pop("info", {}), "personal": True}
    return Column(name, Text, info=info, **options)


def known_on(happened_on: str) -> dict[str, Any]:
    """Return the column option that hides a value before the date in the column `happened_on`."""
    return {"info": {"known_on": happened_on}}


def later(name: str, *not_before: str) -> Column[Any]:
    """Return the column for a date later in a row's life, which hides itself until then.

    It does not lie before the dates in the columns `not_before`: how long something took is never negative.
    """
    return Column(name, Date, info={"known_on": name, "not_before": not_before})


def refers_to(table: str) -> dict[str, Any]:
    """Return the column option for the key of a row in another fact table."""
    return {"info": {"refers_to": table}}


_COUNTED_IN_REGISTERS = {
    ("stage_history", "holds_from"),
    ("customers", "first_business_on"),
    ("disputes", "holds_from"),
    ("disputes", "began_on"),
}


def days_are_counted(column: Column[Any]) -> bool:
    """Return whether facts count the days since a date: of an event, a stage, a dispute, the first business."""
    return column.table.info["shape"] == "event" or (column.table.name, column.name) in _COUNTED_IN_REGISTERS


def happens(column: Column[Any]) -> bool:
    """Return whether a date column says when something happened, which cannot be in the future."""
    return column.name == "holds_from" or (column.name != "holds_until" and column.info.get("known_on") == column.name)
