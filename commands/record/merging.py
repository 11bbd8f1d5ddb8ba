"""Merging two customers from the command line, and saying what changed by it."""

from __future__ import annotations

from commands.options import Query


def merge_two(duplicate: str, survivor: str, user: str, query: Query) -> None:
    """Record that two customers are one, and print what changed for the one that stands for both."""
    from commands.desk import desk_for
    from commands.record.saying import show
    from common.recording import Outcome
    from facts.audit import COMMAND_LINE, entries
    from facts.duplicates import merge_into

    with desk_for(query) as desk:
        before = desk.decide(survivor)
        key = before.facts.customer
        recorded = merge_into(desk.store, duplicate, survivor, user=user, source=COMMAND_LINE)
        assert recorded.entry is not None, "they were not one before"  # noqa: S101
        after = desk.anew().decide(key)
        (entry,) = entries(desk.store, number=recorded.entry)
    show(Outcome("recorded", entry.id, duplicate, entry.says, before, after), desk.rules.pack, query)
