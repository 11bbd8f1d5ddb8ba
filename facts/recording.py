"""Recording facts one by one: corrections keep what was said before, nothing is overwritten, everything is logged."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, RowMapping, Table, insert, select, update

from engine.errors import did_you_mean
from engine.said import Said, said
from facts.audit import COMMAND_LINE, Change, log
from facts.database import NUL, StoreError
from facts.days import EARLIEST
from facts.known_customers import require_customers
from facts.store import Store
from facts.tables import FACT_TABLES, customer_keys, customers, own_columns

ALWAYS = date.min
"""The date from which something holds that was so from the beginning."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many rows were new, replaced an earlier statement, or said nothing new; and the entry in the audit log."""

    stored: int = 0
    corrected: int = 0
    unchanged: int = 0
    entry: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """A row for a fact table. `replaces` is the id of the row that it corrects, None if there must be none."""

    table: str
    row: Mapping[str, Any]
    replaces: int | None = None


def record(
    store: Store,
    table: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    user: str,
    source: str,
    at: datetime | None = None,
    did: str = "record",
    also: Sequence[Statement] = (),
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
        did: what the audit log calls this.
        also: what is so by it, in other tables.

    Raises:
        StoreError: for an unknown table, column or customer, or a value that the table does not allow.
    """
    target = _table(table)
    complete = [_complete(target, row) for row in rows]
    recorder = _Recorder(user, source, at or datetime.now(UTC))
    with store.writing() as connection:
        _check_customers(connection, target, complete)
        outcomes = [recorder.put(connection, target, row, _standing(connection, target, row)) for row in complete]
        _put(connection, recorder, also)
        entry = recorder.log(connection, did, table)
    return Recorded(outcomes.count("stored"), outcomes.count("corrected"), outcomes.count("unchanged"), entry)


def state(store: Store, statements: Sequence[Statement], *, user: str, source: str) -> int:
    """Record what somebody says in one transaction, and return its number in the audit log.

    Unlike `record`, a row corrects nothing but the row that it is meant to correct.

    Raises:
        StoreError: as `record` does; or if something else stands there already, or what is corrected no longer stands.
    """
    (entry,) = state_all(store, [statements], user=user, source=source)
    return entry


def state_all(store: Store, groups: Sequence[Sequence[Statement]], *, user: str, source: str) -> list[int]:
    """Record groups of statements, all of them or none, and return the number of each group in the audit log.

    Raises:
        StoreError: as `state` does.
    """
    at = datetime.now(UTC)
    with store.writing() as connection:
        return [_state(connection, _Recorder(user, source, at), statements) for statements in groups]


def _state(connection: Connection, recorder: _Recorder, statements: Sequence[Statement]) -> int:
    _put(connection, recorder, statements)
    entry = recorder.log(connection, "record", statements[0].table)
    if entry is None:
        raise StoreError(said("Nothing is recorded"), said("the store says so already"), said("See `valuelift audit`."))
    return entry


def _put(connection: Connection, recorder: _Recorder, statements: Sequence[Statement]) -> None:
    """Record statements, each in place of the row that it is meant to correct and no other."""
    for each in statements:
        target = _table(each.table)
        row = _complete(target, each.row)
        _check_customers(connection, target, [row])
        standing = _standing(connection, target, row)
        if (None if standing is None else standing["id"]) != each.replaces:
            is_same = standing is not None and all(standing[name] == value for name, value in row.items())
            why = (
                said("the same was recorded a moment ago")
                if is_same
                else said("the store says something else of it by now")
            )
            raise StoreError(said("{key!r} is not recorded", key=row["key"]), why, said("Look at it again."))
        recorder.put(connection, target, row, standing)


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
    source: str = COMMAND_LINE,
    also: Sequence[Statement] = (),
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
        source: from where.
        also: what is so by it.

    Raises:
        StoreError: if the customer or the stage is not known, the reason is missing, or the date is too early.
    """
    what = said("Stage {stage!r} is not recorded", stage=stage)
    require_counted(on, what)
    if proposed is not None and stage != proposed and not (reason or "").strip():
        raise StoreError(
            what,
            said("the proposal is {proposed!r}", proposed=proposed),
            said("Give the reason for deciding otherwise."),
        )
    row = {
        "customer": customer,
        "stage": stage,
        "holds_from": on,
        "proposed_stage": proposed,
        "override_reason": reason,
        "override_until": until,
    }
    return record(store, "stage_history", [row], user=user, source=source, did="confirm", also=also)


def merge_customers(store: Store, duplicate: str, survivor: str, *, user: str, source: str = COMMAND_LINE) -> Recorded:
    """Record that two customers are one and always were; reads then give `survivor` the facts of both.

    Raises:
        StoreError: if one of them is not known, or both are the same.
    """
    row = {"customer": duplicate, "survivor": survivor, "holds_from": ALWAYS}
    return record(store, "merges", [row], user=user, source=source, did="merge")


def require_counted(day: date, what: Said) -> None:
    """Refuse a day before `EARLIEST`: facts count the days since it.

    Raises:
        StoreError: if it lies before; `what` says what is not done.
    """
    if day < EARLIEST:
        raise StoreError(
            what, said("{day} lies before {earliest}", day=day, earliest=EARLIEST), said("Correct the date.")
        )


def _table(name: str) -> Table:
    target = FACT_TABLES.get(name)
    if target is None:
        raise StoreError(
            said("There is no table {name!r}", name=name),
            said("facts have other names"),
            did_you_mean(name, FACT_TABLES),
        )
    return target


def _complete(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with a value for every column that the caller may give, and a key."""
    names = [column.name for column in own_columns(table)]
    for name in row:
        if name not in names:
            raise StoreError(
                said("{table} has no column {column!r}", table=table.name, column=name),
                said("nothing is recorded"),
                did_you_mean(name, names),
            )
    if row.get("holds_from") is None:
        raise StoreError(
            said("A row of {table} has no date", table=table.name),
            said("`holds_from` is missing"),
            said("Give the date."),
        )
    for name in row:
        _check_value(table.c[name], row[name])
    # A column that is not given is empty, unless the database has a default for it.
    complete = {name: row.get(name) for name in names if name in row or table.c[name].server_default is None}
    complete["key"] = row.get("key") or _key(table, row)
    return complete


def _check_value(column: Column[Any], value: Any) -> None:
    if isinstance(value, str) and NUL in value:
        raise StoreError(
            said("{column} is not recorded", column=column.name),
            said("it has a NUL character"),
            said("Leave that character out."),
        )
    most = column.info.get("most")
    if most is not None and value is not None and not 0 <= value <= most:
        raise StoreError(
            said("{column} cannot be {value}", column=column.name, value=value),
            said("it lies between 0 and {most}", most=most),
            said("Correct it."),
        )
    members = column.info.get("members")
    if members and value is not None and value not in members:
        raise StoreError(
            said("{value!r} is no {column}", value=value, column=column.name),
            said("it is one of {members}", members=list(members)),
            did_you_mean(str(value), members) or said("Choose one of them."),
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


def _standing(connection: Connection, table: Table, row: Mapping[str, Any]) -> RowMapping | None:
    """Return the row that says something of the same already."""
    same = (table.c.key == row["key"]) & table.c.retracted_at.is_(None)
    if table.info["shape"] == "register":
        same &= table.c.holds_from == row["holds_from"]
    return connection.execute(select(table).where(same)).mappings().one_or_none()


@dataclass(slots=True)
class _Recorder:
    """Writes rows with where they come from, and remembers for the audit log what it did."""

    user: str
    source: str
    at: datetime
    changes: list[Change] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)

    def put(
        self, connection: Connection, table: Table, row: Mapping[str, Any], standing: RowMapping | None
    ) -> Literal["stored", "corrected", "unchanged"]:
        """Record a row in place of the one that stands, unless that says the same."""
        if standing is not None:
            if all(standing[name] == value for name, value in row.items()):
                return "unchanged"
            correct(connection, table, standing["id"], self.at)
        provenance = {"source": self.source, "recorded_at": self.at, "entered_by": self.user}
        added = connection.execute(insert(table).values(**row, **provenance)).inserted_primary_key
        assert added is not None, "one row was inserted"  # noqa: S101
        self.changes.append(Change(table.name, added[0], None if standing is None else standing["id"]))
        self.customers.add(row["customer"] if "customer" in row else row["key"])
        return "stored" if standing is None else "corrected"

    def log(self, connection: Connection, did: str, subject: str) -> int | None:
        """Log what was done, if anything was, and return its number."""
        if not self.changes:
            return None
        customer = next(iter(self.customers)) if len(self.customers) == 1 else None
        return log(connection, self.user, self.source, did, subject, customer, self.changes, at=self.at)


def correct(connection: Connection, table: Table, row: int, at: datetime) -> None:
    """Let a row stand no longer from a moment on."""
    connection.execute(update(table).where(table.c.id == row).values(retracted_at=at))
