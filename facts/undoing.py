"""Taking back what was recorded: what the store said in between can still be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, insert, select

from facts.audit import COMMAND_LINE, Change, changes_of, entry_that_said, log
from facts.database import StoreError
from facts.recording import correct
from facts.store import Store
from facts.tables import FACT_TABLES, audit

_CAN_BE_UNDONE = ("record", "confirm")
_GIVEN_ANEW = ("id", "recorded_at", "retracted_at")


def undo(store: Store, *, user: str, entry: int | None = None, at: datetime | None = None) -> int:
    """Take back what an entry of the audit log recorded, and return the number of the entry taken back.

    Rows that it added stand no longer; rows that it corrected stand again. Both hold from now on: as known at an
    earlier moment the store says what it said then.

    Args:
        store: where.
        user: who takes it back.
        entry: which; by default the last one of this user that stands.
        at: when, now by default.

    Raises:
        StoreError: if there is nothing to take back, or something was recorded since that rests on it.
    """
    moment = at or datetime.now(UTC)
    with store.writing() as connection:
        row = _to_undo(connection, user, entry)
        undone = [_undone(connection, change, row["id"], moment) for change in changes_of(row)]
        log(
            connection, user, COMMAND_LINE, "undo", row["subject"], row["customer"], undone, at=moment, undoes=row["id"]
        )
    return int(row["id"])


def _to_undo(connection: Connection, user: str, entry: int | None) -> RowMapping:
    later = audit.alias()
    is_undone = exists().where(later.c.undoes == audit.c.id)
    statement = select(audit, is_undone.label("is_undone"))
    if entry is not None:
        found = connection.execute(statement.where(audit.c.id == entry)).mappings().one_or_none()
        return _checked(found, entry)
    mine = statement.where(audit.c.done_by == user, audit.c.did.in_(_CAN_BE_UNDONE), ~is_undone)
    last = connection.execute(mine.order_by(audit.c.id.desc()).limit(1)).mappings().one_or_none()
    if last is None:
        raise StoreError(
            "Nothing is taken back", f"{user} has recorded nothing that stands", "See `valuelift audit` for its number."
        )
    return _checked(last, last["id"])


def _checked(found: RowMapping | None, entry: int) -> RowMapping:
    see = "See `valuelift audit`."
    if found is None:
        raise StoreError(f"Record {entry} is not taken back", "there is none of that number", see)
    if found["did"] not in _CAN_BE_UNDONE or not changes_of(found):
        raise StoreError(f"Record {entry} is not taken back", f"it is no record of facts but: {found['did']}", see)
    if found["is_undone"]:
        raise StoreError(f"Record {entry} is not taken back", "that was done already", see)
    return found


def _undone(connection: Connection, change: Change, entry: int, at: datetime) -> Change:
    """Retract the row that was added, and let the row that it corrected stand again."""
    table = FACT_TABLES[change.table]
    added = connection.execute(select(table).where(table.c.id == change.added)).mappings().one()
    if added["retracted_at"] is not None:
        later = _correction_of(connection, change)
        hint = "See `valuelift audit`." if later is None else f"Take that back first: `valuelift record undo {later}`."
        raise StoreError(f"Record {entry} is not taken back", "something was recorded on top of it since", hint)
    correct(connection, table, added["id"], at)
    if change.retracted is None:
        return Change(change.table, None, added["id"])
    before = connection.execute(select(table).where(table.c.id == change.retracted)).mappings().one()
    again: dict[str, Any] = {name: value for name, value in before.items() if name not in _GIVEN_ANEW}
    restored = connection.execute(insert(table).values(**again, recorded_at=at)).inserted_primary_key
    assert restored is not None, "one row was inserted"  # noqa: S101
    return Change(change.table, restored[0], added["id"])


def _correction_of(connection: Connection, change: Change) -> int | None:
    """Return the number of the entry that corrected the row which a change added, if the log tells."""
    table = FACT_TABLES[change.table]
    added = select(table.c.key, table.c.holds_from).where(table.c.id == change.added)
    key, holds_from = connection.execute(added).one()
    same = [table.c.key == key, table.c.retracted_at.is_(None)]
    if table.info["shape"] == "register":
        same.append(table.c.holds_from == holds_from)
    standing = connection.scalar(select(table.c.id).where(*same))
    return None if standing is None else entry_that_said(connection, change.table, standing)
