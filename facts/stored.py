"""Decisions as runs stored them, read a page at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, and_, bindparam, func, or_, select

from facts.card import CARD
from facts.house_tables import LISTED, decision_runs, decisions, rule_lists
from facts.reading import AS_OF
from facts.store import Store
from facts.tables import customers


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The run that stored decisions are of."""

    run: int
    as_of: date
    pack: str
    pack_version: str
    pack_digest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a run decided for one customer, and who that is today."""

    customer: str
    name: str | None
    region: str | None
    account_manager: str | None
    stage: str | None
    proposed_stage: str | None
    move: str | None
    value_next: str | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions: by what they say, and by the account manager of today. None: all."""

    stage: str | None = None
    proposed_stage: str | None = None
    move: str | None = None
    value_next: str | None = None
    provisional: bool | None = None
    account_manager: str | None = None


def stored_run(store: Store, number: int | None = None) -> StoredRun | None:
    """Return a run, by default the one published last; None if there is none."""
    runs = decision_runs.c
    chosen = select(func.max(runs.id)).scalar_subquery() if number is None else number
    statement = select(runs.id, runs.as_of, runs.pack, runs.pack_version, runs.pack_digest).where(runs.id == chosen)
    with store.reading() as connection:
        found = connection.execute(statement).one_or_none()
    return None if found is None else StoredRun(*found)


def stored_decisions(store: Store, run: int, wanted: Wanted, after: str, most: int, today: date) -> list[Stored]:
    """Return decisions of a run in the order of the customers' keys, those that come after a key."""
    given = {name: getattr(wanted, name) for name in _SAID}
    asked = [decisions.c[name] == value for name, value in given.items() if value is not None]
    if wanted.account_manager is not None:
        asked.append(customers.c.account_manager == wanted.account_manager)
    statement = _with_cards(today).where(decisions.c.run == run, decisions.c.customer > after, *asked)
    with store.reading() as connection:
        return [Stored(*row) for row in connection.execute(statement.order_by(decisions.c.customer).limit(most))]


def decided_by(
    store: Store, customer: str, today: date, number: int | None = None
) -> tuple[StoredRun, Stored, Sequence[str]] | None:
    """Return a run, by default the one published last, with what it decided for a customer; None if it did not."""
    given = {"customer": customer, "as_of": today} | ({} if number is None else {"run": number})
    with store.asking() as connection:
        found = connection.execute(_decided_by(number is None), given).one_or_none()
    if found is None:
        return None
    *said, rules = found[len(_RUN) :]
    return StoredRun(*found[: len(_RUN)]), Stored(*said), json.loads(rules or "[]")


@dataclass(frozen=True, slots=True)
class Advised:
    """What a run decided for a customer: where it stood, what was proposed, and which value was to be conveyed."""

    run: int
    as_of: date
    stage: str | None
    proposed_stage: str | None
    value_next: str | None


@cache
def advice() -> Select[Any]:
    """Select what the runs up to the day `AS_OF` decided for the customer `customer`, of the last `most` runs."""
    said = (decisions.c.stage, decisions.c.proposed_stage, decisions.c.value_next)
    newest = (
        select(decision_runs.c.id.label("run"), decision_runs.c.as_of, *said)
        .join_from(decisions, decision_runs, decisions.c.run == decision_runs.c.id)
        .where(decisions.c.customer == bindparam("customer"), decision_runs.c.as_of <= AS_OF)
        .order_by(decision_runs.c.as_of.desc(), decision_runs.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )
    return select(newest.subquery())  # of SQLite's unions, no part may have an order


_SAID = ("stage", "proposed_stage", "move", "value_next", "provisional")
_CARD = [customers.c[name] for name in CARD]
_RUN = [decision_runs.c[name] for name in ("id", "as_of", "pack", "pack_version", "pack_digest")]


@cache
def _decided_by(of_last: bool) -> Select[Any]:
    """Select a run with what it decided for a customer: of this form, so that it is made and compiled only once."""
    newest = select(func.max(decision_runs.c.id)).scalar_subquery()
    chosen = [decisions.c.customer, *_CARD, *(decisions.c[name] for name in _SAID), rule_lists.c.rules]
    return (
        select(*_RUN, *chosen)
        .join_from(decision_runs, decisions, decisions.c.run == decision_runs.c.id)
        .outerjoin(customers, _card_of(AS_OF))
        .outerjoin(rule_lists, LISTED)
        .where(decision_runs.c.id == (newest if of_last else bindparam("run")))
        .where(decisions.c.customer == bindparam("customer"))
    )


def _with_cards(today: date) -> Select[Any]:
    chosen = (decisions.c.customer, *_CARD, *(decisions.c[name] for name in _SAID))
    return select(*chosen).join_from(decisions, customers, _card_of(today), isouter=True)


def _card_of(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return the condition for the row that says who a decided customer is today."""
    later = customers.alias()
    stands = customers.c.retracted_at.is_(None)
    last = select(func.max(later.c.holds_from)).where(
        later.c.key == customers.c.key, later.c.retracted_at.is_(None), later.c.holds_from <= today
    )
    going_on = or_(customers.c.holds_until.is_(None), customers.c.holds_until > today)
    return and_(
        customers.c.key == decisions.c.customer, stands, customers.c.holds_from == last.scalar_subquery(), going_on
    )
