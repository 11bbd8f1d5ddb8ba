"""Recording facts one by one: corrections keep what was said before, nothing is overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, select, update

from engine.errors import did_you_mean
from facts.database import StoreError
from facts.store import Store, require_customers
from facts.tables import FACT_TABLES, customer_keys, customers

ALWAYS = date.min
"""The date from which something holds that was so from the beginning."""

_GIVEN_BY_STORE = {"id", "source", "recorded_at", "entered_by", "retracted_at"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many rows were new, replaced an earlier statement, or said nothing new."""

    stored: int = 0
    corrected: int = 0
    unchanged: int = 0


def record(
    store: Store,
    table: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    user: str,
    source: str,
    at: datetime | None = None,
) -> Recorded:
    """Record facts in one transaction: all of them, or none if one cannot be.

    A row with the key of one that stands (of a register: and the same `holds_from`) corrects it.

    Args:
        store: where.
        table: the fact table's name.
        rows: column names and values. `holds_from` is needed; a missing `key` is made from the columns that
            identify a row of this table, or newly invented for an event.
        user: who enters the facts.
        source: where they come from.
        at: when they are recorded, now by default.

    Raises:
        StoreError: for an unknown table, column or customer, or a value that the table does not allow.
    """
    target = FACT_TABLES.get(table)
    if target is None:
        raise StoreError(f"There is no table {table!r}", "facts have other names", did_you_mean(table, FACT_TABLES))
    moment = at or datetime.now(UTC)
    complete = [_complete(target, row) for row in rows]
    outcomes = []
    with store.writing() as connection:
        _check_customers(connection, target, complete)
        for row in complete:
            provenance = {"source": source, "recorded_at": moment, "entered_by": user}
            outcomes.append(_record_row(connection, target, row, provenance))
    return Recorded(*(outcomes.count(outcome) for outcome in ("stored", "corrected", "unchanged")))


def confirm_stage(
    store: Store,
    customer: str,
    stage: str,
    on: date,
    *,
    user: str,
    proposed: str | None = None,
    reason: str | None = None,
    until: date | None = None,
) -> Recorded:
    """Record the stage that an account manager decided on.

    Args:
        store: where.
        customer: the customer's key.
        stage: the stage decided on.
        on: the date from which it holds.
        user: the account manager.
        proposed: what the system proposed.
        reason: why the decision differs from the proposal; needed if it does.
        until: when a differing decision is to be looked at again.

    Raises:
        StoreError: if the customer or the stage is not known, or the reason is missing.
    """
    if proposed is not None and stage != proposed and not reason:
        raise StoreError(
            f"Stage {stage!r} is not recorded",
            f"the proposal is {proposed!r}",
            "Give the reason for deciding otherwise.",
        )
    row = {
        "customer": customer,
        "stage": stage,
        "holds_from": on,
        "proposed_stage": proposed,
        "override_reason": reason,
        "override_until": until,
    }
    return record(store, "stage_history", [row], user=user, source="confirmed")


def merge_customers(store: Store, duplicate: str, survivor: str, *, user: str) -> Recorded:
    """Record that two customers are one and always were; reads then give `survivor` the facts of both.

    Raises:
        StoreError: if one of them is not known, or both are the same.
    """
    row = {"customer": duplicate, "survivor": survivor, "holds_from": ALWAYS}
    return record(store, "merges", [row], user=user, source="merged")


def retract(store: Store, table: str, key: str, *, at: datetime | None = None) -> int:
    """Take back what stands under a key, without putting anything in its place; return how many rows.

    What the store knew before stays known for earlier moments.
    """
    target = FACT_TABLES[table]
    with store.writing() as connection:
        standing = (target.c.key == key) & target.c.retracted_at.is_(None)
        return connection.execute(update(target).where(standing).values(retracted_at=at or datetime.now(UTC))).rowcount


def _complete(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with a value for every column that the caller may give, and a key."""
    names = [column.name for column in table.columns if column.name not in _GIVEN_BY_STORE]
    for name in row:
        if name not in names:
            raise StoreError(f"{table.name} has no column {name!r}", "nothing is recorded", did_you_mean(name, names))
    if row.get("holds_from") is None:
        raise StoreError(f"A row of {table.name} has no date", "`holds_from` is missing", "Give the date.")
    for name in row:
        _check_value(table.c[name], row[name])
    # A column that is not given is empty, unless the database has a default for it.
    complete = {name: row.get(name) for name in names if name in row or table.c[name].server_default is None}
    complete["key"] = row.get("key") or _key(table, row)
    return complete


def _check_value(column: Column[Any], value: Any) -> None:
    most = column.info.get("most")
    if most is not None and value is not None and not 0 <= value <= most:
        raise StoreError(f"{column.name} cannot be {value}", f"it lies between 0 and {most}", "Correct it.")
    members = column.info.get("members")
    if members and value is not None and value not in members:
        raise StoreError(
            f"{value!r} is no {column.name}",
            f"it is one of {', '.join(members)}",
            did_you_mean(str(value), members) or "Choose one of them.",
        )


def _key(table: Table, row: Mapping[str, Any]) -> str:
    identity = table.info["identity"]
    if not identity:
        return uuid.uuid4().hex
    return "/".join("" if row.get(name) is None else str(row[name]) for name in identity)


def _check_customers(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if table is customers:
        new = {row["key"] for row in rows} - set(connection.scalars(select(customer_keys.c.key)))
        if new:
            connection.execute(insert(customer_keys), [{"key": key} for key in sorted(new)])
    referring = [column.name for column in table.columns if column.foreign_keys]
    require_customers(connection, {row[name] for row in rows for name in referring if row[name] is not None})


def _record_row(connection: Connection, table: Table, row: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    same = (table.c.key == row["key"]) & table.c.retracted_at.is_(None)
    if table.info["shape"] == "register":
        same &= table.c.holds_from == row["holds_from"]
    standing = connection.execute(select(table).where(same)).mappings().one_or_none()
    if standing is not None:
        if all(standing[name] == value for name, value in row.items()):
            return "unchanged"
        connection.execute(
            update(table).where(table.c.id == standing["id"]).values(retracted_at=provenance["recorded_at"])
        )
    connection.execute(insert(table).values(**row, **provenance))
    return "stored" if standing is None else "corrected"
