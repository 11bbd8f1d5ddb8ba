"""Since when an action has been advised that nobody has taken on: its due date moves along, so that alone says nothing.

The due date of an action is fixed once it is on record (design of the rule language, "Action"). Until then it is so
many days from today, every day anew. The runs of earlier days know since when the advice stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from common.texts import Texts
from engine.decision import AdvisedAction
from engine.model import Pack
from engine.recommend import Recommendation
from engine.snapshot import CustomerFacts
from facts.fired_before import Fired, fired_before
from facts.store import Store
from wiring import Decided, Rules


@dataclass(frozen=True, slots=True)
class Since:
    """Says since when actions have been advised, by what fired in the runs before a day; `advisers` are rules."""

    pack: Pack
    advisers: Mapping[str, frozenset[str]]
    fired: Fired

    def added(self, decided: Decided, shown: Recommendation) -> Recommendation:
        """Return a recommendation with the day since when each action has been advised, where it was before today."""
        plan = zip(shown.plan, decided.decision.actions, strict=True)
        told = tuple(replace(each, advised_since=self._since(decided.facts, one)) for each, one in plan)
        return replace(shown, plan=told)

    def _since(self, facts: CustomerFacts, advised: AdvisedAction) -> date | None:
        """Return the first day of the runs that advised an action one after the other up to today.

        A run tells which rules fired, not for which row: advice about a row is no older than the row as it stands. Nor
        is it older than what somebody recorded of the action: what was done and is needed again is advised anew.
        """
        advisers = self.advisers.get(advised.action, frozenset())
        since = None
        for day, rules in self.fired.get(facts.customer, ()):
            if advised.is_open or advisers.isdisjoint(_listed(rules)):
                break
            since = day
        per = self.pack.actions[advised.action].per
        if since is not None and per is not None and advised.row:
            since = max(since, _stands_since(facts, per, advised.row))
        if since is not None:
            since = max(since, _dealt_with(facts, advised))
        return since if since is not None and since < facts.as_of else None


def advised_since(store: Store, rules: Rules, customers: Sequence[str], day: date, known_at: datetime | None) -> Since:
    """Return what says since when actions have been advised to customers.

    Raises:
        StoreError: if the database cannot be read.
    """
    advisers: dict[str, set[str]] = {}
    for rule in rules.program.rules:
        for advise in rule.advises:
            advisers.setdefault(advise.action, set()).add(rule.id)
    fired = fired_before(store, customers, day, known_at)
    return Since(rules.pack, {action: frozenset(ids) for action, ids in advisers.items()}, fired)


def since_in_words(texts: Texts, since: date, today: date) -> str:
    """Return since when an action has been advised, and for how many days."""
    return texts("advised_since", date=texts.date(since), days=(today - since).days)


@lru_cache(256)
def _listed(rules: str) -> frozenset[str]:
    return frozenset(json.loads(rules))


def _stands_since(facts: CustomerFacts, collection: str, key: str) -> date:
    """Return the last day that a row names: since then it stands as it does."""
    rows = (row for row in facts.rows.get(collection, ()) if row.key == key)
    return max((value for row in rows for value in row.facts.values() if isinstance(value, date)), default=date.min)


def _dealt_with(facts: CustomerFacts, advised: AdvisedAction) -> date:
    """Return the last day on which somebody recorded how an action stands."""
    rows = (row.facts for row in facts.rows.get("actions", ()) if row.facts.get("state") != "advised")
    same = (row for row in rows if (row.get("action"), row.get("about", "")) == (advised.action, advised.row))
    return max((day for row in same if isinstance(day := row.get("since"), date)), default=date.min)
