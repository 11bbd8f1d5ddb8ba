"""The effects of what we did, asked of a desk: the three results, acceptance by groups, and what advice led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from engine.said import said
from facts.acceptance import Estimate, Path, Weights, estimates, paths
from facts.database import StoreError
from facts.effects import READ, Spans, effects
from facts.runs import advice
from wiring import Desk


@dataclass(frozen=True, slots=True)
class Effects:
    """What became of what was conveyed, advised and done in the days looked at.

    Attributes:
        as_of: the last day looked at.
        days: by name, how far back is looked and how long an action is followed.
        by: by what the groups are made, the kind of value first.
        results: the three results: what was done, what was accepted, which relationships moved.
        groups: what was counted of each group, the wider before the narrower ones in it.
        shares: the estimate of each group of which enough is known.
        weights: by what the estimates weigh evidence.
        rules: for each rule what it advised and what followed; None where what advised it was not recorded.
        reasons: why advice of a rule was declined.
    """

    as_of: date
    days: Mapping[str, int]
    by: tuple[str, ...]
    results: Mapping[str, int]
    groups: Mapping[Path, Mapping[str, int]]
    shares: Mapping[Path, Estimate]
    weights: Weights
    rules: Sequence[Mapping[str, Any]]
    reasons: Sequence[Mapping[str, Any]]


def find_effects(desk: Desk, by: Sequence[str], manager: str | None) -> Effects:
    """Return the effects on the customers of a store, or of one account manager.

    Args:
        desk: a store and rules, as of a day.
        by: by what groups of one kind of value are made narrower (`stage`, `medium`, `segment`), the widest first.
        manager: look only at this account manager's customers; None: at all.

    Raises:
        StoreError: if the pack does not say by what effects are judged.
    """
    judged, follow_days = desk.rules.judged(), desk.rules.number("effects.follow_days")
    if judged is None or follow_days is None:
        why = said("the rules lack some of the parameters `effects.*` and `portfolio.look_back_days`")
        raise StoreError(said("Effects are not judged"), why, said("Let the pack extend the one we ship, or add them."))
    spans, weights = Spans(judged.look_back_days, int(follow_days)), judged.weights
    found = effects(
        desk.store.base_tables(desk.as_of, desk.known_at, only=READ),
        advice(
            desk.store,
            desk.as_of - timedelta(days=spans.look_back_days),
            desk.as_of,
            desk.known_at,
            {rule.id for rule in desk.rules.program.rules if rule.advises},
        ),
        spans,
        desk.as_of,
        base_currency=desk.store.settings()["base_currency"],
        manager=manager,
    )
    columns = ("value_kind", *dict.fromkeys(by))
    return Effects(
        as_of=desk.as_of,
        days={"look_back_days": spans.look_back_days, "follow_days": spans.follow_days},
        by=columns,
        results=found["results"][0],
        groups=_counted(found["cells"], columns),
        shares=estimates(paths(found["cells"], columns), weights),
        weights=weights,
        rules=found["rules"],
        reasons=found["reasons"],
    )


_COUNTED = ("accepted", "recognised", "rejected", "no_reaction", "heard", "unheard")


def _counted(cells: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dict[Path, dict[str, int]]:
    """Return the counts of every group and of the wider ones around it, sorted so that those come before it."""
    counts: dict[Path, dict[str, int]] = {}
    for cell in cells:
        path = tuple(cell[name] for name in columns)
        for length in range(len(path) + 1):
            group = counts.setdefault(path[:length], dict.fromkeys(_COUNTED, 0))
            for name in _COUNTED:
                group[name] += cell[name]
    return counts
