"""The whole base judged at a date against an earlier one: where everybody stands, and the figures over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot
from facts.card import CARD
from facts.database import StoreError
from facts.feature_database import prepared_base
from facts.figures import Limits, figure_columns, figures
from facts.group_acceptance import acceptance_in
from facts.group_flow import flow_in
from facts.look_alikes import find_look_alikes
from facts.portfolio import with_portfolio
from facts.snapshot import portfolio_in
from wiring.desk import Desk
from wiring.portfolio import Portfolio
from wiring.rules import LIMITS, Progress, Rules

if TYPE_CHECKING:
    Base = dict[str, pa.Table]

_STANDS_FOR = (*CARD, "country", "industry", "acquisition_source")

STALLED = "stalled"
"""The sign that a customer's progress has stalled, among those that the pack shows."""


def judge(
    desk: Desk,
    since: date,
    *,
    manager: str | None = None,
    region: str | None = None,
    progress: Progress = lambda *_: None,
) -> Portfolio:
    """Judge the whole base against an earlier date, by the same rules and the same knowledge.

    Where those stand who cannot be decided is not known; they are named.

    Args:
        desk: the store, the rules and the date.
        since: the earlier date; the base may have been empty then.
        manager: count only this account manager's customers.
        region: count only customers of this region, or country where none is entered.
        progress: told how far the work is.

    Raises:
        StoreError: if there are no customers, or the pack does not name its limits.
    """
    limits = _limits(desk.rules)
    base = desk.base(progress, {**figure_columns(), "customers": _STANDS_FOR})
    profiles, alike = _look_alikes(desk, base) or (None, None)
    now = _standing(desk, base, alike, progress)
    before = Desk(desk.store, desk.rules, since, desk.known_at)
    earlier = _standing_alone(before, progress) if before.cards() else now.slice(0, 0)
    found = figures(base, now, earlier, limits, desk.as_of, base_currency=desk.currency, manager=manager, region=region)
    standing, talks = found.pop("standing"), found.pop("talks")
    here = {row["customer"]: row for row in standing if row["is_here"]}
    undecided = now.filter(pc.is_null(now[STALLED]))["customer"].to_pylist()
    return Portfolio(
        as_of=desk.as_of,
        since=since,
        customers=len(here),
        limits={name: desk.rules.number(parameter) for name, parameter in LIMITS.items()},
        figures=found,
        ideal_customers=[] if profiles is None else profiles.to_pylist(),
        look_alikes=[] if alike is None else list(_to_be_won(alike.to_pylist(), here)),
        standing=standing,
        talks=talks,
        undecided=[here[key] for key in undecided if key in here],
    )


def _limits(rules: Rules) -> Limits:
    numbers = {each.name: rules.number(LIMITS[each.name]) for each in fields(Limits)}
    for name, value in numbers.items():
        if value is None:
            raise StoreError(
                "The portfolio is not judged",
                f"the rules have no parameter {LIMITS[name]!r}",
                "Let the pack extend the one we ship, or add the parameter.",
            )
    return Limits(**{name: int(value) for name, value in numbers.items() if value is not None})


def _standing_alone(desk: Desk, progress: Progress) -> pa.Table:
    """Return where each customer stands, from a base read for that alone."""
    base = desk.base(progress, {"customers": _STANDS_FOR})
    found = _look_alikes(desk, base)
    return _standing(desk, base, found and found[1], progress)


def _standing(desk: Desk, base: Base, look_alikes: pa.Table | None, progress: Progress) -> pa.Table:
    """Decide all customers, and return where each stands, with its card and its class.

    Of those who cannot be decided everything but the card is null.
    """
    snapshot = _whole_snapshot(desk, base, look_alikes)
    stages = desk.rules.decide(snapshot, progress, [STALLED]).select(["customer", "stage", STALLED])
    found = snapshot.customers.select(["customer", "abc_class", "contribution", "days_in_stage"])
    cards = base["customers"].select(["key", *_STANDS_FOR]).rename_columns(["customer", *_STANDS_FOR])
    return cards.join(stages.join(found, "customer"), "customer").sort_by("customer")


def _whole_snapshot(desk: Desk, base: Base, look_alikes: pa.Table | None) -> Snapshot:
    """Return the facts of all customers, among them what only a look at the whole base shows."""
    snapshot = desk.snapshot(base)
    flow, judged = desk.rules.flow(), desk.rules.judged()
    with prepared_base(base, desk.as_of, desk.currency) as database:
        database.register("snapshot", snapshot.customers)
        flowed = None if flow is None else flow_in(database, flow)
        accepted = None if judged is None else acceptance_in(database, judged)
        return with_portfolio(snapshot, portfolio_in(database, look_alikes, flowed, accepted).to_arrow_table())


def _look_alikes(desk: Desk, base: Base) -> tuple[pa.Table, pa.Table] | None:
    """Return the ideal customers and who resembles them, or None if the pack does not say what makes one."""
    wanted = desk.rules.ideal()
    return None if wanted is None else find_look_alikes(base, wanted, desk.as_of, base_currency=desk.currency)


def _to_be_won(alike: Iterable[dict[str, Any]], here: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield those that resemble ideal customers and are to be won yet, with their names and stages."""
    for row in alike:
        found = here.get(row["customer"])
        if found is not None and found["stage"] in ("potential", "target"):
            yield {**row, "name": found["name"], "stage": found["stage"]}
