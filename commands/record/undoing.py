"""Taking a record back from the command line, and saying what changed by it."""

from __future__ import annotations

from commands.options import Query


def take_back(number: int | None, user: str, query: Query) -> None:
    """Take back a record, the user's last one by default, and print what changed.

    What a customer cannot be decided with is taken back all the same: then what is advised now is printed.
    """
    from commands.desk import desk_for
    from commands.record.saying import show, show_undone
    from common.recording import Outcome, decided_if_possible
    from facts.undoing import entry_to_undo, undo

    with desk_for(query) as desk:
        entry = entry_to_undo(desk.store, user, number)
        assert entry.customer is not None, "what can be undone is about one customer"  # noqa: S101
        customer = entry.customer
        before = decided_if_possible(lambda: desk.decide(customer))
        undo(desk.store, user=user, number=entry.id)
        standing = customer if before is None else before.facts.customer
        after = decided_if_possible(lambda: desk.anew().decide(standing))
    if before is None or after is None:
        show_undone(entry, after, desk.rules.pack, query)
    else:
        show(Outcome("undone", entry.id, customer, entry.says, before, after), desk.rules.pack, query)
