"""What is recorded on a customer's page: values, effects, what happened (see `things`), actions, answers, stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from common.recording import (
    CONVEY,
    OVERRIDE_DAYS,
    At,
    action_stands,
    advised_now,
    conveyed,
    decided_with,
    done_with_it,
    effect_heard,
    is_kept,
    record,
)
from common.texts import PAGES, Texts
from facts.answers import answered, read_answer
from facts.audit import PAGES as FROM_PAGES
from facts.audit import Entry, entries, last_entry
from facts.database import StoreError
from facts.recording import Statement, confirm_stage
from facts.store import Store
from facts.tables import SURE
from facts.undoing import undo
from web.access import Confirmer, Fields, OwnCustomer, Recorder, Visitor, site_of
from web.customer import customer_page
from web.forms import Form, RefusedError
from web.refusing import refusal_told
from web.rendering import customer_path, language_of
from web.site import Site
from web.things import THINGS, stated
from wiring import Decided, Desk

router = APIRouter()

STATES = ("open", "done", "snoozed", "declined")


def _recorded(
    request: Request,
    who: Visitor,
    customer: str,
    given: Mapping[str, str],
    make: Callable[[At, Form], Sequence[Statement]],
) -> Response:
    """Record what a form states and show what changed by it, or show why it is not recorded."""

    def enter() -> int:
        site, user = site_of(request), who.account.name
        before = site.decided([customer])[customer]
        return record(site.desk(), before, lambda at: make(at, Form(given, at)), user=user, source=FROM_PAGES)

    return _answered(request, who, customer, given, enter)


def _answered(
    request: Request, who: Visitor, customer: str, given: Mapping[str, str], enter: Callable[[], int]
) -> Response:
    try:
        _require_seen(site_of(request), who, customer, given)
        number = enter()
    except RefusedError as error:
        said = Texts(language_of(request), PAGES)(str(error))
        return customer_page(request, who, customer, refused=said, status=422)
    except (StoreError, ValueError) as error:
        return customer_page(
            request, who, customer, refused=refusal_told(error, Texts(language_of(request), PAGES)), status=422
        )
    site_of(request).tell(number)
    return RedirectResponse(customer_path(customer, recorded=number), 303)


def _require_seen(site: Site, who: Visitor, customer: str, given: Mapping[str, str]) -> None:
    """Refuse a form of a page that was shown before somebody else recorded something of the same customer."""
    seen = int(given["seen"]) if given.get("seen", "").isdecimal() else None
    newest = last_entry(site.store, site.store.known_as(customer, site.today()))
    if seen is None or newest <= seen:
        return
    (entry,) = entries(site.store, number=newest)
    if entry.user != who.account.name:
        raise RefusedError("refused_meanwhile")


# --- what forms state ---


def value_conveyed(at: At, form: Form) -> list[Statement]:
    """Return that a value was conveyed; where it was taken on before, that is done with it."""
    said = {
        "value_kind": form.needed("value_kind", "value_kind"),
        "medium": form.needed("medium", "channel"),
        "audience_role": form.word("audience_role", "contact_role"),
        "speaker_role": form.word("speaker_role", "speaker_role"),
        "cost_class": form.word("cost_class", "cost_class"),
    }
    known = {name: word for name, word in said.items() if word is not None}
    told = at.book.event("communications", conveyed(at, known), form.on)
    return [told, *done_with_it(at.book, CONVEY, form.on)]


def effect_of(at: At, form: Form) -> list[Statement]:
    """Return what was heard of a value that was conveyed."""
    row = at.book.find("communications", form.text("communication") or "")
    heard_from = form.word("contact", "contact_role")
    outcome = form.needed("outcome", "outcome")
    return effect_heard(at, row, form.on, outcome, heard_from=heard_from, heard_reason=form.text("reason"))


def action_state(at: At, form: Form) -> list[Statement]:
    """Return how an advised action stands."""
    id_ = form.needed("action", tuple(at.desk.rules.pack.actions))
    state, about = form.needed("state", STATES), form.text("about") or ""
    until = form.day("until") if state == "snoozed" else None
    because = form.word("because", "decline_reason") if state == "declined" else None
    reason = form.text("reason") if state == "declined" else None
    if (state == "declined" and because is None) or (because == "other" and not reason):
        raise RefusedError("refused_reason")
    if state == "snoozed" and (until is None or until <= form.on):
        raise RefusedError("refused_until")
    advised = next(iter(advised_now(at, id_, about)), None)
    said = {"until": until, "reason": reason, "declined_because": because}
    return action_stands(at, id_, advised, form.on, state=state, about=about, **said)


def answer_given(at: At, form: Form) -> list[Statement]:
    """Return the answer to a question."""
    if not form.text("fact") or not form.text("value"):
        raise RefusedError("refused_missing")
    read = read_answer(at.book.vocabulary, f"{form.text('fact')}={form.text('value')}")
    return [answered(at.book, read, form.on, form.text("evidence"), form.word("sure", SURE))]


# --- routes ---


@router.post("/customers/{customer:path}/value")
def value(request: Request, who: Recorder, customer: OwnCustomer, given: Fields) -> Response:
    """Record that a value was conveyed."""
    return _recorded(request, who, customer, given, value_conveyed)


@router.post("/customers/{customer:path}/effects")
def effect(request: Request, who: Recorder, customer: OwnCustomer, given: Fields) -> Response:
    """Record what was heard of a value that was conveyed."""
    return _recorded(request, who, customer, given, effect_of)


@router.post("/customers/{customer:path}/records/{thing}")
def happened(request: Request, who: Recorder, customer: OwnCustomer, thing: str, given: Fields) -> Response:
    """Record what happened: a talk, a complaint, a competitor's move and so on."""
    if thing not in THINGS:
        raise HTTPException(404)
    return _recorded(request, who, customer, given, partial(stated, THINGS[thing]))


@router.post("/customers/{customer:path}/actions")
def action(request: Request, who: Recorder, customer: OwnCustomer, given: Fields) -> Response:
    """Record how an advised action stands."""
    return _recorded(request, who, customer, given, action_state)


@router.post("/customers/{customer:path}/answers")
def answer(request: Request, who: Recorder, customer: OwnCustomer, given: Fields) -> Response:
    """Record the answer to a question."""
    return _recorded(request, who, customer, given, answer_given)


@router.post("/customers/{customer:path}/stage")
def stage(request: Request, who: Confirmer, customer: OwnCustomer, given: Fields) -> Response:
    """Record the stage that the account manager decides on; against the proposal it needs a reason."""

    def enter() -> int:
        site = site_of(request)
        decided = site.decided([customer])[customer]
        chosen, reason = given.get("stage"), given.get("reason")
        return stage_decided(site.desk(), decided, chosen, reason, user=who.account.name, source=FROM_PAGES)

    return _answered(request, who, customer, given, enter)


def stage_decided(
    desk: Desk, decided: Decided, chosen: str | None, reason: str | None, *, user: str, source: str
) -> int:
    """Record the stage that somebody decides on, and return its number in the audit log.

    Raises:
        RefusedError: if there is no such stage, it is on record, or it is against the proposal and without a reason.
        StoreError: if the store refuses it.
    """
    pack = desk.rules.pack
    proposed = decided.decision.values.get(pack.ladder.proposed.name)
    stages = pack.vocabulary.enums["stage"].members
    if chosen is None or chosen not in stages:
        raise RefusedError("refused_word", "stage", chosen, stages)
    is_against = chosen != proposed or (reason is not None and is_kept(pack, decided.facts))
    if is_against and not reason:
        raise RefusedError("refused_stage")
    recorded = confirm_stage(
        desk.store,
        decided.facts.customer,
        chosen,
        desk.as_of,
        user=user,
        proposed=None if proposed is None else str(proposed),
        reason=reason if is_against else None,
        until=desk.as_of + timedelta(days=OVERRIDE_DAYS) if is_against else None,
        source=source,
        also=decided_with(desk, decided.facts.customer),
    )
    if recorded.entry is None:
        raise RefusedError("refused_known")
    return recorded.entry


@router.post("/customers/{customer:path}/undo")
def take_back(request: Request, who: Recorder, customer: OwnCustomer, given: Fields) -> Response:
    """Take back what the same person recorded of this customer."""
    number = int(given["number"]) if given.get("number", "").isdecimal() else 0
    try:
        undone = taken_back(site_of(request).store, customer, number, who, who.may("confirm"), FROM_PAGES)
    except RefusedError as error:
        said = Texts(language_of(request), PAGES)(str(error))
        return customer_page(request, who, customer, refused=said, status=422)
    except StoreError as error:
        return customer_page(
            request, who, customer, refused=refusal_told(error, Texts(language_of(request), PAGES)), status=422
        )
    site_of(request).tell(undone.undone_by)
    return RedirectResponse(customer_path(customer, taken_back="true"), 303)


def taken_back(store: Store, customer: str, number: int, who: Visitor, may_confirm: bool, source: str) -> Entry:
    """Take back what the same person recorded of a customer, and return the entry that was taken back.

    Raises:
        RefusedError: if it is somebody else's, about another customer, or a stage and they may not decide on stages.
        StoreError: if it cannot be taken back.
    """
    entry = next(iter(entries(store, number=number)), None)
    if entry is None or (entry.user, entry.customer) != (who.account.name, customer):
        raise RefusedError("refused_undo")
    if entry.did == "confirm" and not may_confirm:
        raise RefusedError("refused_undo")
    undo(store, user=who.account.name, number=entry.id, source=source)
    (undone,) = entries(store, number=entry.id)
    return undone
