"""Taking a record back from the command line, and saying what changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.options import Query

if TYPE_CHECKING:
    from wiring import Decided, Desk


def take_back(number: int | None, user: str, query: Query) -> None:
    """Take back a record, the user's last one by default, and print what changed.

    What a customer cannot be decided with is taken back all the same: then what is advised now is printed.
    """
    from commands.desk import desk_for
    from commands.record.saying import show, show_undone
    from common.recording import Outcome
    from facts.undoing import entry_to_undo, undo

    with desk_for(query) as desk:
        entry = entry_to_undo(desk.store, user, number)
        assert entry.customer is not None, "what can be undone is about one customer"  # noqa: S101
        before = _decided(desk, entry.customer)
        undo(desk.store, user=user, number=entry.id)
        after = _decided(desk.anew(), entry.customer if before is None else before.facts.customer)
    if before is None or after is None:
        show_undone(entry, after, desk.rules.pack, query)
    else:
        show(Outcome("undone", entry.id, entry.customer, entry.says, before, after), desk.rules.pack, query)


def _decided(desk: Desk, customer: str) -> Decided | None:
    """Return the decision on a customer; None if its facts allow none, or it was not there on the day."""
    from engine.errors import LoweringError, ProblemsError
    from facts.database import StoreError

    try:
        return desk.decide(customer)
    except (LoweringError, ProblemsError, StoreError):
        return None
