"""Arbitrary facts for every table of the store, made from the tables' own declarations."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, Table

from engine.vocabulary import BEGINNING
from facts.columns import Scaled
from facts.tables import FACT_TABLES
from tests.facts.base_tables import AS_OF, catalogue, recorded

# The enum of each column that the store leaves open; (table, column) where the column's name is not enough.
_ENUMS = {
    "value_kind": "value_kind",
    "medium": "medium",
    "role": "contact_role",
    "audience_role": "contact_role",
    "speaker_role": "speaker_role",
    "criterion": "criterion",
    "acquisition_source": "acquisition_source",
    "needs.kind": "need_kind",
    "agreements.kind": "agreement_kind",
}
_CURRENCIES = ("EUR", "USD", "CHF")
_COLLECTIONS = ("orders", "invoices", "payments", "deliveries", *catalogue().collections)
_PROVENANCE = {"id", "key", "customer", "source", "recorded_at", "holds_from", "entered_by", "retracted_at"}

ABOUT_CUSTOMERS = tuple(
    name for name in FACT_TABLES if name not in ("customers", "merges", "coverage", "exchange_rates")
)


def rows(random: Random, name: str, customer: str, count: int, first: date, last: date) -> list[dict[str, Any]]:
    """Return rows of one table about a customer that hold from days between two dates."""
    table = FACT_TABLES[name]
    return [
        _row(random, table, customer, first + timedelta(random.randint(0, (last - first).days))) for _ in range(count)
    ]


def coverage(random: Random, customer: str | None) -> list[dict[str, Any]]:
    """Return coverage of some collections: since the beginning or a day, until a day or still going on."""
    chosen = random.sample(_COLLECTIONS, random.randint(0, len(_COLLECTIONS)))
    begun = [BEGINNING, *(AS_OF - timedelta(days) for days in (800, 365, 100))]
    found = []
    for name in chosen:
        until = random.choice([None, None, AS_OF - timedelta(200), AS_OF + timedelta(200)])
        found += [dict(row, customer=customer) for row in recorded(name, since=random.choice(begun), until=until)]
    return [row for row in found if row["recorded_to"] is None or row["recorded_from"] <= row["recorded_to"]]


def exchange_rates(random: Random) -> list[dict[str, Any]]:
    """Return rates of one foreign currency; another one never gets any."""
    return [
        {
            "currency": "USD",
            "rate_to_base": Decimal(random.randint(1, 10**9)).scaleb(-8),
            "holds_from": AS_OF - timedelta(days),
        }
        for days in (700, 300, 30)
    ]


def _row(random: Random, table: Table, customer: str, holds_from: date) -> dict[str, Any]:
    row: dict[str, Any] = {"customer": customer, "holds_from": holds_from}
    for column in table.columns:
        must = not column.nullable and column.server_default is None
        if column.name not in _PROVENANCE and (must or random.random() < 0.8):
            row[column.name] = _value(random, table, column, holds_from)
    if "override_until" in row:
        row["override_reason"] = "reason"
    return row


def _value(random: Random, table: Table, column: Column[Any], holds_from: date) -> Any:
    if "members" in column.info:
        return random.choice(column.info["members"])
    enum = _ENUMS.get(f"{table.name}.{column.name}", _ENUMS.get(column.name))
    if enum is not None:
        return random.choice(catalogue().enums[enum].members)
    if column.name == "currency":
        return random.choice(_CURRENCIES)
    if isinstance(column.type, Boolean):
        return random.random() < 0.5
    if isinstance(column.type, Date):
        return holds_from + timedelta(random.randint(0, 120))
    if isinstance(column.type, Scaled):
        least = 0 if column.name == "credit_limit" else -(10**7)  # the catalogue has no limit below 0
        return Decimal(random.randint(least, 10**8)).scaleb(-column.type.scale)
    if isinstance(column.type, Integer):
        return random.randint(0, 500)
    return random.choice(["one", "two", "three"])
