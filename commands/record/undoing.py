"""Taking a record back from the command line, and saying what changed by it."""

from __future__ import annotations

from commands.options import Query


def take_back(number: int | None, user: str, query: Query) -> None:
    """Take back a record, the user's last one by default, and print what changed."""
    from commands.desk import desk_for
    from commands.record.saying import show
    from common.recording import Outcome
    from facts.undoing import entry_to_undo, undo

    with desk_for(query) as desk:
        entry = entry_to_undo(desk.store, user, number)
        assert entry.customer is not None, "what can be undone is about one customer"  # noqa: S101
        before = desk.decide(entry.customer)
        undo(desk.store, user=user, number=entry.id)
        after = desk.anew().decide(before.facts.customer)
    show(Outcome("undone", entry.id, entry.customer, entry.says, before, after), desk.rules.pack, query)
