"""Which facts an advice rests on were last heard so long ago that somebody should ask whether they are still so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from common.texts import Texts
from engine.decision import Decision
from engine.model import Condition, Pack, Test, facts_of, tests_of
from engine.wording import Wording
from facts.audit import COMMAND_LINE, INTERFACE, PAGES
from facts.stale import Stale, stale_facts
from facts.store import Store
from wiring import Decided

_BY_HAND = (COMMAND_LINE, PAGES, INTERFACE)
"""Sources that say nothing beside who entered it."""


def stale_below(store: Store, pack: Pack, decided: Decided, known_at: datetime | None) -> tuple[list[Stale], int]:
    """Return the stale facts that a decision rests on, heard longest ago first, and how many others are stale.

    Raises:
        StoreError: if the database cannot be read.
    """
    found = stale_facts(store, pack.vocabulary, [decided.facts.customer], decided.facts.as_of, known_at)
    read = facts_read(pack, decided.decision)
    below = [each for each in found if each.fact in read]
    return below, len(found) - len(below)


def facts_read(pack: Pack, decision: Decision) -> frozenset[str]:
    """Return the customer's facts that a decision rests on.

    These are read by the rules that fired, by the gates out of the present stage (also where they are not met), and
    to see which candidates may be chosen.
    """
    because = {name.removeprefix("customer.") for fired in decision.fired for name, _ in fired.because}
    return frozenset(because.union(*map(_named, _looked_at(pack, decision))))


def _looked_at(pack: Pack, decision: Decision) -> Iterator[Condition]:
    stated = {state.gate for state in decision.gates}
    for gate in pack.gates:
        if gate.id in stated:
            yield from (criterion.when for criterion in gate.criteria)
    for card in pack.scorecards:
        yield from card.eligible.values()


def _named(condition: Condition) -> set[str]:
    return {str(fact) for test in tests_of(condition) if isinstance(test, Test) for fact in facts_of(test)}


def heard_said(stale: Stale, texts: Texts, wording: Wording) -> str:
    """Return the value of a stale fact in words, when it was heard, who entered it, and how long it stays fresh."""
    fact = wording.vocabulary.fact(stale.fact)
    assert fact is not None, "only declared facts are stale"  # noqa: S101
    said = wording.member(fact, stale.value) if isinstance(stale.value, str) else wording.measure(fact, stale.value)
    by = stale.entered_by if stale.source in _BY_HAND else texts("stale_from", by=stale.entered_by, source=stale.source)
    return texts(
        "stale_heard",
        value=said,
        date=wording.date(stale.heard_on),
        by=by,
        days=stale.fresh_days,
    )
