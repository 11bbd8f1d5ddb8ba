"""The value ledger of a customer: for each kind of value what was told to whom, how it was received, what is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.model import Pack
from engine.snapshot import Row
from wiring import Decided

NEVER, UNHEARD, NEXT_LEVEL, NO_GAP = "not_conveyed", "unheard", "next_level", "none"
"""What is missing of a kind of value: that we convey it, that we hear of it, a step of perception, or nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """One time that a value was conveyed, and what was heard of it; None where that is not known."""

    on: date
    medium: str | None
    to: str | None
    by: str | None
    intended: str | None
    heard_on: date | None
    outcome: str | None
    cost: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of value: how the customer sees it, what was told (the earliest first), and what is missing.

    Attributes:
        kind: the kind of value.
        level: the perception on record, None if there is none.
        told: when and how it was conveyed.
        gap: `not_conveyed`, `unheard`, `next_level` or `none`.
        next_level: the perception to come to next, None if it is accepted or `gap` is something else.
        not_told: roles of known contacts to whom it was not conveyed.
        costs: how often it was conveyed, by cost class.
        is_advised: whether it is the value to convey next.
    """

    kind: str
    level: str | None
    told: tuple[Told, ...]
    gap: str
    next_level: str | None
    not_told: tuple[str, ...]
    costs: Mapping[str, int]
    is_advised: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """All kinds of value of a customer as of a day. `is_recorded`: whether somebody records what is conveyed."""

    customer: str
    name: str | None
    as_of: date
    is_recorded: bool
    lines: tuple[Line, ...]

    @property
    def costs(self) -> dict[str, dict[str, int]]:
        """By cost class, how often values were conveyed, and how often that was accepted; `unknown` without a class."""
        told = [each for line in self.lines for each in line.told]
        times = Counter(each.cost or "unknown" for each in told)
        accepted = Counter(each.cost or "unknown" for each in told if each.outcome == "accepted")
        return {cost: {"times": times[cost], "accepted": accepted[cost]} for cost in times}


def ledger_of(pack: Pack, decided: Decided) -> Ledger:
    """Return the value ledger of a customer that was decided."""
    facts = decided.facts
    rows = facts.rows.get("communications", ())
    contacts = (row.facts.get("role") for row in facts.rows.get("contacts", ()))
    roles = tuple(dict.fromkeys(str(role) for role in contacts if role is not None))
    advised = decided.decision.values.get(pack.shows.get("value", ""))
    levels = pack.vocabulary.enums["perception"].members
    lines = []
    for kind in pack.vocabulary.enums["value_kind"].members:
        told = _told(rows, kind)
        level = facts.facts.get(f"perception.{kind}")
        lines.append(_line(kind, None if level is None else str(level), told, roles, levels, advised == kind))
    recorded = bool(rows) or facts.recorded.get("communications", (None, None))[0] is not None
    return Ledger(facts.customer, decided.card["name"], facts.as_of, recorded, tuple(lines))


def _told(rows: Sequence[Row], kind: str) -> tuple[Told, ...]:
    found = [_one(row) for row in rows if row.facts.get("value_kind") == kind]
    return tuple(sorted(found, key=lambda each: each.on))


def _one(row: Row) -> Told:
    sent, heard = row.facts["sent_on"], row.facts.get("heard_on")
    assert isinstance(sent, date), "every communication has its day"  # noqa: S101
    names = ("medium", "audience_role", "speaker_role", "intended_level", "outcome", "cost_class")
    word = {name: None if row.facts.get(name) is None else str(row.facts[name]) for name in names}
    return Told(
        on=sent,
        medium=word["medium"],
        to=word["audience_role"],
        by=word["speaker_role"],
        intended=word["intended_level"],
        heard_on=heard if isinstance(heard, date) else None,
        outcome=word["outcome"],
        cost=word["cost_class"],
    )


def _line(
    kind: str,
    level: str | None,
    told: tuple[Told, ...],
    roles: Sequence[str],
    levels: Sequence[str],
    is_advised: bool,
) -> Line:
    step = None if level is None or level == levels[-1] else levels[levels.index(level) + 1]
    if level == levels[-1]:
        gap = NO_GAP
    elif told and told[-1].outcome is None:
        gap, step = UNHEARD, None
    elif not told and level in (None, levels[0]):
        gap, step = NEVER, None
    else:
        gap, step = NEXT_LEVEL, step or levels[1]
    reached = {each.to for each in told}
    return Line(
        kind=kind,
        level=level,
        told=told,
        gap=gap,
        next_level=step,
        not_told=tuple(role for role in roles if told and role not in reached),
        costs=dict(Counter(each.cost or "unknown" for each in told)),
        is_advised=is_advised,
    )
