"""Which facts an advice rests on that somebody should confirm, and in words why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from common.texts import Texts
from engine.decision import Decision
from engine.model import Condition, Pack, Test, facts_of, tests_of
from engine.vocabulary import Fact, Value
from engine.wording import Wording
from facts.audit import BY_HAND
from facts.heard import Heard, Said, last_heard, need_named
from facts.store import Store
from facts.to_confirm import ToConfirm, facts_to_confirm, in_order
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
    return in_order(replace(each, decides=not read[each.customer].isdisjoint((each.fact, each.row))) for each in found)


def heard_of(store: Store, decided: Decided, known_at: datetime | None = None) -> dict[str, Heard]:
    """Return the records behind the perceptions and judgements of a customer, by fact, and its needs by the row's key.

    Raises:
        StoreError: if the database cannot be read.
    """
    customer = decided.facts.customer
    found = last_heard(store, [customer], decided.facts.as_of, known_at)
    by_name = {}
    for (_, fact), heard in found.items():
        need = need_named(fact)
        if need is None or need[1] == "state":
            by_name[fact if need is None else heard.row] = heard
    return by_name


def facts_read(pack: Pack, decision: Decision) -> frozenset[str]:
    """Return the customer's facts that a decision rests on, and the keys of rows for which rules fired.

    These are read by the rules that fired, by the gates out of the present stage (also where they are not met), and
    to see which candidates may be chosen.
    """
    because = {name.removeprefix("customer.") for fired in decision.fired for name, _ in fired.because}
    rows = {fired.row for fired in decision.fired if fired.row}
    return frozenset(because.union(rows, *map(_named, _looked_at(pack, decision))))


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
        why = [self.texts(f"confirm_{reason}", **self._said(each)) for reason in each.reasons]
        name = "confirm_guessed" if each.sure == "estimate" else "confirm_heard"
        return self.texts(name, **self._said(each), why=self.texts("semicolon").join(why))

    def asked(self, each: ToConfirm) -> str:
        """Return what a fact is, and why to ask for it."""
        why = [self.texts(f"ask_{reason}", **self._said(each)) for reason in each.reasons]
        title, value = self.title(each.fact), self._value(each.fact, each.value)
        return self.texts("ask_confirm", title=title, value=value, why=self.texts("semicolon").join(why))

    def title(self, fact: str) -> str:
        """Return what a fact, or a need, is called."""
        need = need_named(fact)
        if need is None:
            return self.wording.title(fact)
        kind, column = need
        called = [self.wording.member_of("need_kind", kind)]
        if column != "state":
            called.append(self.wording.text(self._declared(fact).title))
        return f"{self.texts('kind_needs')}{self.texts('colon')}{self.texts('comma').join(called)}"

    def by(self, user: str, source: str) -> str:
        """Return who entered a record, and from where if that says more."""
        return user if source in BY_HAND else self.texts("confirm_from", by=user, source=source)

    def _said(self, each: ToConfirm) -> dict[str, object]:
        others = [
            self.texts("confirm_other", **self._record(each.fact, said, said.on), row=said.row) for said in each.against
        ]
        months = round(each.days * 12 / 365.25)
        said = {"row": each.row, "days": each.fresh_days, "months": months, "others": self.texts("comma").join(others)}
        return {**self._record(each.fact, each, each.heard_on), **said}

    def _record(self, fact: str, said: ToConfirm | Said, on: date) -> dict[str, object]:
        by = self.by(said.entered_by, said.source)
        return {"value": self._value(fact, said.value), "date": self.wording.date(on), "by": by}

    def _value(self, name: str, value: Value) -> str:
        fact = self._declared(name)
        return self.wording.member(fact, value) if isinstance(value, str) else self.wording.measure(fact, value)

    def _declared(self, name: str) -> Fact:
        need = need_named(name)
        fact = self.wording.vocabulary.fact(*((need[1], "needs") if need else (name,)))
        assert fact is not None, "only declared facts are to be confirmed"  # noqa: S101
        return fact
