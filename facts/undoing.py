"""Taking back what was recorded: what the store said in between can still be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from engine.said import said
from facts.audit import COMMAND_LINE, Change, Entry, entries, log, standing_of
from facts.database import StoreError
from facts.house_tables import audit
from facts.recording import correct
from facts.store import Store
from facts.tables import FACT_TABLES

_CAN_BE_UNDONE = ("record", "confirm", "merge")
_GIVEN_ANEW = ("id", "recorded_at", "retracted_at")
_SEE = said("See `valuelift audit`.")
_INSTEAD = {
    # To take a row back would not do: the next import of the same source brings it again.
    "import": said("Correct it in the file or system that it comes from, and import that again."),
    "pack_use": said("Use `valuelift pack rollback`."),
}


def entry_to_undo(store: Store, user: str, number: int | None = None) -> Entry:
    """Return the entry of the audit log to take back: the one of this number, or the user's last one that stands.

    Raises:
        StoreError: if there is none, or it cannot be taken back.
    """
    wanted = _last_of(store, user) if number is None else number
    found = next(iter(entries(store, number=wanted)), None)
    what = said("Record {number} is not taken back", number=wanted)
    if found is None:
        raise StoreError(what, said("there is none of that number"), _SEE)
    if found.did not in _CAN_BE_UNDONE or not found.changes or found.customer is None:
        why = said("it is no record of one customer's facts but: {did} {subject}", did=found.did, subject=found.subject)
        raise StoreError(what, why, _INSTEAD.get(found.did, _SEE))
    if found.undone_by is not None:
        raise StoreError(what, said("that was done already, by {number}", number=found.undone_by), _SEE)
    return found


def _last_of(store: Store, user: str) -> int:
    later = audit.alias()
    stands = ~exists().where(later.c.undoes == audit.c.id)
    mine = select(audit.c.id).where(audit.c.done_by == user, audit.c.did.in_(_CAN_BE_UNDONE), stands)
    with store.reading() as connection:
        number: int | None = connection.scalar(mine.order_by(audit.c.id.desc()).limit(1))
    if number is None:
        raise StoreError(
            said("Nothing is taken back"), said("{user} has recorded nothing that stands", user=user), _SEE
        )
    return number


def undo(
    store: Store, *, user: str, number: int | None = None, source: str = COMMAND_LINE, at: datetime | None = None
) -> int:
    """Take back what an entry of the audit log recorded, and return the number of the entry taken back.

    Rows that it added stand no longer; rows that it corrected stand again. Both hold from now on: as known at an
    earlier moment the store says what it said then.

    Args:
        store: where.
        user: who takes it back.
        number: which entry; by default the last one of this user that stands.
        source: from where.
        at: when, now by default.

    Raises:
        StoreError: if there is nothing to take back, or something was recorded since that rests on it.
    """
    moment = at or datetime.now(UTC)
    entry = entry_to_undo(store, user, number)
    # What parts two customers is about both. Of a customer that was merged since, it is about the one that stands.
    about = None
    if entry.customer is not None and entry.did != "merge":
        about = store.survivor(entry.customer, moment.date())
    with store.writing() as connection:
        done = [_undone(connection, change, entry.id, moment) for change in entry.changes]
        said = (user, source, "undo", entry.subject, about, done)
        log(connection, *said, at=moment, undoes=entry.id)
    return entry.id


def _undone(connection: Connection, change: Change, number: int, at: datetime) -> Change:
    """Retract the row that was added, and let the row that it corrected stand again."""
    assert change.added is not None, "records add rows"  # noqa: S101
    table = FACT_TABLES[change.table]
    row, later = standing_of(connection, change.table, change.added)
    if later is not None:
        hint = said("Take that back first: `valuelift record undo {later}`.", later=later)
        raise StoreError(
            said("Record {number} is not taken back", number=number),
            said("something was recorded on top of it since"),
            hint,
        )
    if connection.scalar(select(table.c.retracted_at).where(table.c.id == row)) is not None:
        raise StoreError(
            said("Record {number} is not taken back", number=number), said("an import has corrected it since"), _SEE
        )
    correct(connection, table, row, at)
    if change.retracted is None:
        return Change(change.table, None, row)
    before = connection.execute(select(table).where(table.c.id == change.retracted)).mappings().one()
    again: dict[str, Any] = {name: value for name, value in before.items() if name not in _GIVEN_ANEW}
    restored = connection.execute(insert(table).values(**again, recorded_at=at)).inserted_primary_key
    assert restored is not None, "one row was inserted"  # noqa: S101
    return Change(change.table, restored[0], row)
