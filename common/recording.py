"""Recording one thing about a customer, whoever enters it: check, record in one go, and decide before and after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.decision import AdvisedAction
from engine.errors import ProblemsError, did_you_mean
from engine.model import Pack
from engine.said import Said, said
from engine.snapshot import CustomerFacts, Row
from facts.audit import entries
from facts.book import Book
from facts.database import StoreError
from facts.recording import Statement, state
from wiring import Decided, Desk

CONVEY, CONFIRM = "convey-value", "confirm-stage"
"""The actions by which the chosen value is conveyed, and a change of stage is decided on."""

OVERRIDE_DAYS = 90
"""After how many days a decision against a proposal is looked at again, if nothing else is said."""

_SEE_PLAN = said("See the plan: `valuelift recommend CUSTOMER`.")


@dataclass(frozen=True, slots=True)
class At:
    """The desk, what it decided before, and the customer's book: what a record is made from."""

    desk: Desk
    before: Decided
    book: Book


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done (`recorded` or `undone`), under which number, and the decisions before and after it."""

    done: str
    number: int
    customer: str
    says: tuple[tuple[str, Mapping[str, Any]], ...]
    before: Decided
    after: Decided


Make = Callable[[At], Sequence[Statement]]
"""Makes the statements to record from what is known."""


def record_for(desk: Desk, customer: str, make: Make, *, user: str, source: str) -> Outcome:
    """Record what `make` states of a customer, all or nothing, and decide anew (see `record`)."""
    before = desk.decide(customer)
    number = record(desk, before, make, user=user, source=source)
    after = desk.anew().decide(before.facts.customer)
    (entry,) = entries(desk.store, number=number)
    return Outcome("recorded", number, before.facts.customer, entry.says, before, after)


def record(desk: Desk, before: Decided, make: Make, *, user: str, source: str) -> int:
    """Record what `make` states of a customer, all or nothing, and return its number in the audit log.

    Args:
        desk: a store and rules, as of the day on which this is recorded.
        before: the customer as it stands.
        make: states what is to be recorded.
        user: who records it.
        source: from where, for the audit log.

    Raises:
        StoreError: if it contradicts the records, says nothing new, or lies in the future.
    """
    book = Book(desk.store, desk.rules.pack.vocabulary, before.facts.customer, desk.as_of)
    return state(desk.store, make(At(desk, before, book)), user=user, source=source)


def decided_if_possible(decide: Callable[[], Decided]) -> Decided | None:
    """Return the decision on a customer; None if its facts allow none, or it was not there on the day.

    What cannot be decided with is taken back all the same, so an undo asks so before and after.
    """
    try:
        return decide()
    except (ProblemsError, StoreError):
        return None


AT_FIRST: Mapping[str, Mapping[str, Any]] = {
    "disputes": {"talks_held": 0, "settled": False, "cooperation_broken": False},
}
"""How something stands at first, where nothing is said of it."""


def entry_at(book: Book, table: str, said: Mapping[str, Any], on: date, key: str) -> Statement:
    """Return the statement of how something stands from a day on, where it is new with what is so at first.

    Raises:
        StoreError: as `Book.entry`.
    """
    first = AT_FIRST.get(table, {}) if book.last(table, key, on) is None else {}
    return book.entry(table, {**first, **said}, on, key)


# --- contacts ---


def contact_key(book: Book, name: str, role: str) -> str:
    """Return a key for a person who is not on record yet: the role, with a number from the second on.

    Raises:
        StoreError: if somebody of this name and role is on record.
    """
    people = book.standing("contacts")
    for row in people:
        if (row["name"], row["role"]) == (name, role):
            why = said("{key} has this name and this role", key=row["key"])
            raise StoreError(said("The contact is not recorded again"), why, said("Name it to say more of it."))
    taken = {row["key"] for row in people}
    first = f"{book.customer}/{role}"
    return next(key for key in (first, *(f"{first}-{number}" for number in range(2, 10_000))) if key not in taken)


# --- communications ---


def conveyed(at: At, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is said of a communication; if it follows the advice, with the effect that was chosen beforehand."""
    shows, values = at.desk.rules.pack.shows, at.before.decision.values
    advised, effect = (values.get(shows.get(role, "")) for role in ("value", "effect"))
    if "intended_level" in said or advised != said["value_kind"] or effect is None:
        return said
    return {**said, "intended_level": effect}


def effect_heard(at: At, row: Mapping[str, Any], on: date, outcome: str, **said: str | None) -> list[Statement]:
    """Return the statements that the effect of a communication was heard, and of the perception that it shows.

    Args:
        at: what it is recorded at.
        row: the communication.
        on: when it was heard.
        outcome: how it was received.
        **said: `heard_from` and `heard_reason`, if they are known.
    """
    given = {"heard_on": on, "outcome": outcome, **{name: value for name, value in said.items() if value is not None}}
    told = [
        replace(each, facts={**each.facts, "heard": True, "heard_on": on, "outcome": outcome})
        if each.key == row["key"]
        else each
        for each in at.before.facts.rows.get("communications", ())
    ]
    return at.book.heard(row, given, shown_level(at.desk, at.before, told, row["key"]))


def shown_level(desk: Desk, decided: Decided, communications: Iterable[Row], key: str) -> str | None:
    """Return the perception that the effect of one shows: what the rules conclude if these are the communications."""
    rows = {**decided.facts.rows, "communications": tuple(communications)}
    heard = desk.decide_on(decided.card, replace(decided.facts, rows=rows))
    level = heard.decision.rows.get("communications", {}).get(key, {}).get("shown_level")
    return None if level is None else str(level)


# --- actions ---


def advised_now(at: At, action: str, about: str | None = None) -> list[AdvisedAction]:
    """Return the advice of an action, of one row if that is given."""
    return [each for each in at.before.decision.actions if each.action == action and about in (None, each.row)]


def action_stands(
    at: At, action: str, advised: AdvisedAction | None, on: date, *, state: str, about: str = "", **says: Any
) -> list[Statement]:
    """Return the statement how an action stands.

    Args:
        at: what it is recorded at.
        action: the action's id.
        advised: its advice, if it is advised now.
        on: from when it stands so.
        state: how: open, done, snoozed or declined.
        about: which complaint, need and so on, if it is advised for several.
        **says: `until`, `reason` and `declined_because`, where they belong to the state.

    Raises:
        StoreError: if it is neither on record nor advised, and so cannot be put off or declined; or if it is about
            another row than those that the customer has.
    """
    row = about or (advised.row if advised else "")
    key = f"{at.book.customer}/{action}/{row}"
    before = at.book.last("actions", key, on)
    says = {
        "action": action,
        "about": row,
        "state": state,
        "until": None,
        "reason": None,
        "declined_because": None,
        "advised_by": json.dumps(advised.rules) if advised else None,
        **says,
    }
    if before is None:
        what = said("{action} is not recorded as {state}", action=action, state=state)
        _require_row(at, action, row, what)
        if advised is None and state in ("snoozed", "declined"):
            raise StoreError(what, said("it is not advised now"), _SEE_PLAN)
        says |= {"advised_on": on, "due_on": advised.due_on if advised else None}
    elif advised is None:
        del says["advised_by"]  # as it was advised then
    return [at.book.entry("actions", says, on, key, may_change=tuple(says))]


def _require_row(at: At, action: str, row: str, what: Said) -> None:
    """Refuse an action that is about a row which the customer does not have, or about none or one against its kind."""
    per = at.desk.rules.pack.actions[action].per
    if per is None:
        if row:
            raise StoreError(what, said("it is about the customer as a whole"), said("Leave out --about."))
        return
    keys = [each.key for each in at.before.facts.rows.get(per, ())]
    if row in keys:
        return
    why = said("it is about one of the customer's {table}, and none is named", table=per)
    if row:
        why = said("{row!r} is none of the customer's {table}", row=row, table=per)
    named = said("Say which by --about. It is one of {words}.", words=keys)
    raise StoreError(what, why, did_you_mean(row, keys) or (named if keys else said("Record it first.")))


def done_with_it(book: Book, action: str, on: date) -> list[Statement]:
    """Return the statement that an action is done by what is recorded; none where nobody had taken it on."""
    key = f"{book.customer}/{action}/"
    taken_on = book.last("actions", key, on)
    if taken_on is None or taken_on["state"] != "open":
        return []
    return [book.entry("actions", {"state": "done", "until": None}, on, key, may_change=("state", "until"))]


# --- stages ---


def decided_with(desk: Desk, customer: str) -> list[Statement]:
    """Return what is done by deciding on a stage: the action that asks for it, where it was taken on."""
    return done_with_it(Book(desk.store, desk.rules.pack.vocabulary, customer, desk.as_of), CONFIRM, desk.as_of)


def is_kept(pack: Pack, facts: CustomerFacts) -> bool:
    """Return whether an earlier decision against a proposal is in force."""
    until = facts.facts.get(pack.shows.get("kept_until", ""))
    return isinstance(until, date) and until >= facts.as_of
