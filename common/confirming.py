"""Which facts an advice rests on that somebody should confirm, and in words why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from common.texts import Texts
from engine.decision import Decision
from engine.model import Condition, Pack, Test, facts_of, tests_of
from engine.vocabulary import Value
from engine.wording import Wording
from facts.audit import BY_HAND
from facts.heard import Said
from facts.store import Store
from facts.to_confirm import Reason, ToConfirm, facts_to_confirm, in_order
from wiring import Decided


def to_confirm(
    store: Store, pack: Pack, decided: Sequence[Decided], known_at: datetime | None = None
) -> list[ToConfirm]:
    """Return the facts of customers that somebody should confirm, those first that the decisions rest on.

    The decisions are of one day.

    Raises:
        StoreError: if the database cannot be read.
    """
    read = {each.facts.customer: facts_read(pack, each.decision) for each in decided}
    as_of = decided[0].facts.as_of if decided else date.min
    found = facts_to_confirm(store, pack.vocabulary, read, as_of, known_at)
    return in_order(replace(each, decides=each.fact in read[each.customer]) for each in found)


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


# --- in words ---


class Confirming:
    """Says in one language what is to be confirmed, and why."""

    def __init__(self, texts: Texts, wording: Wording) -> None:
        self.texts, self.wording = texts, wording

    def heard(self, each: ToConfirm) -> str:
        """Return a fact's value in words, when it was heard, who entered it, and why it should be confirmed."""
        why = [self._why("confirm", each, reason) for reason in each.reasons]
        return self.texts("confirm_heard", **self._said(each.fact, each), why=self.texts("semicolon").join(why))

    def asked(self, each: ToConfirm) -> str:
        """Return what a fact is, and why to ask for it."""
        why = self.texts("semicolon").join(self._why("ask", each, reason) for reason in each.reasons)
        title = self.wording.title(each.fact)
        return self.texts("ask_confirm", title=title, value=self._value(each.fact, each.value), why=why)

    def by(self, user: str, source: str) -> str:
        """Return who entered a record, and from where if that says more."""
        return user if source in BY_HAND else self.texts("confirm_from", by=user, source=source)

    def _why(self, where: str, each: ToConfirm, reason: Reason) -> str:
        others = [self.texts("confirm_other", **self._said(each.fact, other)) for other in each.against]
        said = {"months": round(each.days * 12 / 365.25), "days": each.fresh_days, **self._said(each.fact, each)}
        return self.texts(f"{where}_{reason}", **said, others=self.texts("comma").join(others))

    def _said(self, fact: str, said: ToConfirm | Said) -> dict[str, str]:
        day = said.heard_on if isinstance(said, ToConfirm) else said.on
        by = self.by(said.entered_by, said.source)
        return {"value": self._value(fact, said.value), "date": self.wording.date(day), "by": by, "row": said.row}

    def _value(self, name: str, value: Value) -> str:
        fact = self.wording.vocabulary.fact(name)
        assert fact is not None, "only declared facts are to be confirmed"  # noqa: S101
        return self.wording.member(fact, value) if isinstance(value, str) else self.wording.measure(fact, value)
