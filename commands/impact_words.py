"""The impact of edited rules in words, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from common.flow_picture import Flow, flow
from common.texts import Texts
from engine.vocabulary import FactKey, Value
from engine.wording import Wording

if TYPE_CHECKING:
    from engine.impact import Affected, Caused, Change, Impact, Versions
    from facts.card import Card


@dataclass(frozen=True, slots=True)
class Said:
    """One change of a customer in words, and the edits behind it."""

    what: str
    by: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A conclusion with how many customers gained and lost it; of numbers, how many changed."""

    fact: str
    value: str
    gained: int
    lost: int
    changed: int


class ImpactWords:
    """Words for everything in an impact."""

    def __init__(self, texts: Texts, versions: Versions, found: Impact, cards: Mapping[str, Card]) -> None:
        self.found = found
        self.versions = versions
        self._texts, self._cards = texts, cards
        self._wording = Wording(versions.pack.vocabulary, texts.language)
        ladder = versions.pack.ladder
        value = versions.pack.shows.get("value")
        self._first = [ladder.proposed, *([FactKey(None, value)] if value else []), FactKey(None, "advised")]

    @property
    def title(self) -> str:
        """Which versions are compared."""
        return f"{self.versions.old_name} → {self.versions.new_name}"

    @property
    def summary(self) -> tuple[str, ...]:
        """How many customers are affected, how many change stage, and what is at stake."""
        found, texts = self.found, self._texts
        if not found.edits:
            return (texts("diff_same"),)
        if not found.affected:
            return (texts("diff_nobody", number=texts.number(found.customers)),)
        return (
            texts("diff_affected", **self._share(found.affected), amount=self.amount(found.at_stake)),
            texts("diff_moved", **self._share(found.moved), amount=self.amount(found.moved_at_stake)),
        )

    def _share(self, number: int) -> dict[str, str]:
        of = self.found.customers
        return {
            "number": self._texts.number(number),
            "of": self._texts.number(of),
            "share": f"{number / of:.1%}" if of else "–",
        }

    def amount(self, amount: Decimal | None) -> str:
        """Return an amount without its cents."""
        return "–" if amount is None else self._texts.number(round(amount))

    # --- stages ---

    @cached_property
    def stages(self) -> tuple[str | None, ...]:
        """The proposed stages that occur before or after, in the ladder's order; None if some have no stage."""
        present = {stage for pair in self.found.stages for stage in pair}
        if not present:
            return ()
        fact = self.versions.pack.vocabulary.facts[self.versions.pack.ladder.proposed]
        members = self.versions.pack.vocabulary.enum_of(fact).members
        return (*(member for member in members if member in present), *([None] if None in present else []))

    @property
    def moving(self) -> tuple[str | None, ...]:
        """The stages that some customer leaves or comes to."""
        moves = [pair for pair in self.found.stages if pair[0] != pair[1]]
        return tuple(stage for stage in self.stages if any(stage in pair for pair in moves))

    def stage(self, stage: str | None) -> str:
        """Return a stage's title."""
        fact = self.versions.pack.vocabulary.facts[self.versions.pack.ladder.proposed]
        return self._texts("not_known") if stage is None else self._wording.member(fact, stage)

    def moved(self, before: str | None, after: str | None) -> int:
        """Return how many customers go from one proposed stage to another."""
        return self.found.stages.get((before, after), 0)

    @property
    def flow(self) -> Flow:
        """The flow between the stages, to be drawn."""
        return flow(self.stages, self.moved, self.stage)

    # --- conclusions ---

    @property
    def conclusions(self) -> tuple[Counted, ...]:
        """What is gained and lost: stage, values and actions first, then what changes for most."""
        ordered = sorted(self.found.tallies, key=lambda one: (self._rank(one.fact), -one.changed))
        return tuple(
            Counted(self.fact(one.fact), self._value(one.fact, one.value), one.gained, one.lost, one.changed)
            for one in ordered
        )

    def _rank(self, fact: FactKey) -> int:
        return self._first.index(fact) if fact in self._first else len(self._first)

    def fact(self, fact: FactKey) -> str:
        """Return a fact's title."""
        return self._wording.title(str(fact))

    def _value(self, key: FactKey, value: Value | None) -> str:
        return "" if value is None else self._wording.measure(self.versions.pack.vocabulary.facts[key], value)

    # --- edits ---

    def edit(self, place: int) -> str:
        """Return an edit by its kind and id."""
        edit = self.versions.edits[place]
        return f"{self._texts(f'kind_{edit.kind}')} {edit.id}"

    def how(self, one: Caused) -> str:
        """Return what was edited."""
        said = self._texts("diff_edited" if one.edit.how == "changed" else f"diff_{one.edit.how}")
        return f"{said}{self._texts('colon')}{', '.join(one.edit.parts)}" if one.edit.parts else said

    def fires(self, one: Caused) -> str:
        """Return for how many customers an edited item's rules fired before and after, if any did."""
        if not one.fired_before and not one.fired_after:
            return "–"
        return f"{self._texts.number(one.fired_before)} → {self._texts.number(one.fired_after)}"

    def affects(self, one: Caused) -> str:
        """Return how many customers an edit affects."""
        return self._texts.number(one.affected) if one.affected else "–"

    # --- customers ---

    def name(self, one: Affected) -> str:
        """Return a customer's name, or its key if it has none."""
        return self._cards.get(one.customer, {}).get("name") or one.customer

    def manager(self, one: Affected) -> str:
        """Return who looks after a customer."""
        return self._cards.get(one.customer, {}).get("account_manager") or "–"

    def changes(self, one: Affected) -> tuple[Said, ...]:
        """Return what changes for a customer: stage, value and actions first."""
        return self._said(one.changes)

    @property
    def alike(self) -> tuple[Said, ...]:
        """Return what changes for all customers in the same way."""
        return self._said(self.found.alike)

    def _said(self, changes: Iterable[Change]) -> tuple[Said, ...]:
        ordered = sorted(changes, key=lambda change: self._rank(change.fact))
        return tuple(Said(what, self._by(group[0])) for what, group in self._told(ordered))

    def _told(self, changes: Iterable[Change]) -> Iterator[tuple[str, list[Change]]]:
        """Yield changes in words; members of one fact that share their causes in one line."""
        groups: dict[tuple[FactKey, tuple[int, ...], bool], list[Change]] = {}
        for change in changes:
            groups.setdefault((change.fact, change.causes, change.together), []).append(change)
        for (fact, _, _), group in groups.items():
            yield f"{self.fact(fact)}{self._texts('colon')}{self._sides(fact, group)}", group

    def _sides(self, fact: FactKey, group: Sequence[Change]) -> str:
        if len(group) == 1 and self.is_single(fact):
            before, after = (self._value(fact, side) or "–" for side in (group[0].before, group[0].after))
            return f"{before} → {after}"
        signed = [("+", one.after) if one.after is not None else ("−", one.before) for one in group]
        return self._wording.listed(f"{sign}{self._value(fact, value)}" for sign, value in signed)

    def is_single(self, fact: FactKey) -> bool:
        """Whether a fact has one value: of the customer, and no set."""
        return fact.scope is None and self.versions.pack.vocabulary.facts[fact].type != "set"

    def _by(self, change: Change) -> str:
        if not change.causes:
            return self._texts("diff_several")
        listed = self._wording.listed(self.edit(place) for place in change.causes)
        return self._texts("diff_together", edits=listed) if change.together else listed
