"""One customer's plan, in words: the recommendation with needs, goals and the day to look at it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from common.texts import Texts
from engine.decision import State
from engine.recommend import Recommendation
from engine.snapshot import Row
from engine.vocabulary import FactKey
from engine.wording import Wording
from facts.card import Card

if TYPE_CHECKING:
    from engine.model import Pack
    from wiring import Decided


@dataclass(frozen=True, slots=True)
class Need:
    """A need on record, in words."""

    tier: str
    kind: str
    state: str
    heart_value: str
    since: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One customer's plan, in words: the recommendation with needs, goals and the day to look at it again."""

    customer: str
    card: Card
    as_of: date
    kind: str
    review_on: date | None
    shown: Recommendation
    goals: tuple[str, ...]
    needs: tuple[Need, ...]
    currency: str


def plan_of(pack: Pack, found: Decided, shown: Recommendation, language: str, currency: str) -> Plan:
    """Return a customer's plan; `shown` is its recommendation in the same language, with amounts in a currency."""
    days = found.decision.values.get(pack.shows.get("review", ""))
    return Plan(
        customer=found.facts.customer,
        card=found.card,
        as_of=found.decision.as_of,
        kind=_kind(pack, found, language),
        review_on=found.decision.as_of + timedelta(days=days) if isinstance(days, int) else None,
        shown=shown,
        goals=tuple(_goals(shown)),
        needs=tuple(_needs(pack, found, language)),
        currency=currency,
    )


def _kind(pack: Pack, found: Decided, language: str) -> str:
    name = pack.shows.get("plan", "")
    value = found.decision.values.get(name)
    return Wording(pack.vocabulary, language).value(pack.vocabulary.facts[FactKey(None, name)], value) if value else ""


def _goals(shown: Recommendation) -> Iterator[str]:
    """Yield what the next step of the relationship still needs."""
    checklist = shown.proposal.checklist if shown.proposal else None
    for line in checklist.criteria if checklist and checklist.move.id == "up" else ():
        if line.required and line.state is not State.MET:
            yield line.title


def _needs(pack: Pack, found: Decided, language: str) -> Iterator[Need]:
    """Yield the needs on record, the core ones first."""
    wording = Wording(pack.vocabulary, language)
    tiers = list(pack.vocabulary.enums["need_tier"].members)

    concluded = found.decision.rows.get("needs", {})

    def tier(row: Row) -> int:
        return tiers.index(str(row.facts["counts_as"])) if "counts_as" in row.facts else len(tiers)

    rows = (Row(row.key, {**row.facts, **concluded.get(row.key, {})}) for row in found.facts.rows.get("needs", ()))
    for row in sorted(rows, key=tier):
        yield Need(*row_in_words(wording, "needs", row, ("counts_as", "kind", "state", "heart_value", "since")))


def effect_in_words(texts: Texts, parts: Mapping[str, str]) -> str:
    """Return the intended effect of the value to convey, and where the customer stands, where that is known.

    What the customer accepts already is conveyed again so that it stays accepted.
    """
    if "perceived" not in parts:
        return parts["effect"]
    return texts("effect_kept" if parts["effect"] == parts["perceived"] else "effect_from", **parts)


def row_in_words(wording: Wording, collection: str, row: Row, names: Iterable[str]) -> Iterator[str]:
    """Yield what a row says of each of its facts named; nothing, where it is not known."""
    for name in names:
        value = row.facts.get(name)
        fact = wording.vocabulary.facts[FactKey(collection, name)]
        yield "" if value is None else wording.value(fact, value)
