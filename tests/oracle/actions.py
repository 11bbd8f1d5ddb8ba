"""Actions: reasons merged by identity, overrides, and those still open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from engine.decision import AdvisedAction
from engine.model import Advise, Rule
from engine.snapshot import Row
from tests.oracle.clauses import exists
from tests.oracle.facts import Facts, key_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired, for the customer or a row, and advises an action whose catalogue says `days`."""

    rule: Rule
    row: str
    advise: Advise
    days: int

    def order(self) -> tuple[int, int, str, str]:
        """Smallest first: whose overrides count."""
        days = self.days if self.advise.in_days is None else self.advise.in_days
        return (-self.rule.priority, days, self.rule.id, self.row)


def actions_of(facts: Facts) -> tuple[AdvisedAction, ...]:
    """Return the actions that fired rules advise, in the order of the plan."""
    reasons: dict[tuple[str, str], list[Reason]] = defaultdict(list)
    for rule in facts.pack.rules:
        for row in facts.places(rule.each) if exists(rule, facts.customer.as_of) else ():
            if facts.conditions.truth(rule.when, row, False):
                for advise in rule.conclusions:
                    if isinstance(advise, Advise):
                        action = facts.pack.actions[advise.action]
                        is_per_row = rule.each is not None and action.per == rule.each
                        identity = (action.id, key_of(row) if is_per_row else "")
                        reasons[identity].append(Reason(rule, key_of(row), advise, action.days))
    actions = [_action(facts, *identity, sorted(found, key=Reason.order)) for identity, found in reasons.items()]
    return tuple(sorted(actions, key=lambda one: (-one.urgency, one.due_on, one.action, one.row)))


def _action(facts: Facts, name: str, row: str, reasons: list[Reason]) -> AdvisedAction:
    action = facts.pack.actions[name]
    advises = [reason.advise for reason in reasons]
    fresh = facts.customer.as_of + timedelta(_first((one.in_days for one in advises), action.days))
    still_open = _open_actions(facts, name, row)
    dates = [due_on for one in still_open if isinstance(due_on := one.facts.get("due_on"), date)]
    return AdvisedAction(
        action=name,
        row=row,
        due_on=min(dates, default=fresh),
        owner=_first((one.owner for one in advises), action.owner),
        medium=_first((one.medium for one in advises), action.medium),
        urgency=_first((one.urgency for one in advises), action.urgency),
        rules=tuple(sorted({reason.rule.id for reason in reasons})),
        is_open=bool(still_open),
    )


def _open_actions(facts: Facts, name: str, row: str) -> list[Row]:
    identity = {"action": name, "about": row or None, "state": "open"}
    return [
        one
        for one in facts.customer.rows.get("actions", ())
        if all((one.facts.get(fact) or None) == value for fact, value in identity.items())
    ]


def _first(given: Iterable[T | None], otherwise: T) -> T:
    return next((value for value in given if value is not None), otherwise)
