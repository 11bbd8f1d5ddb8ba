"""Facts in and effects in: recorded as the pages record them, decided anew at once, and told what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from common.recording import At, Outcome, decided_if_possible, record
from common.saying import changes, outcome_in_json, undone_in_json
from common.texts import PAGES, Texts
from engine.recommend import recommend
from engine.wording import Wording
from facts.answers import answered, read_answer
from facts.audit import INTERFACE, entries
from facts.database import StoreError
from facts.recording import Statement
from facts.tokens import Scope
from web.access import site_of
from web.api.answers import Key, Language, answer_once
from web.api.callers import Confirming, Recording
from web.api.models import ActionIn, CommunicationIn, EffectIn, FactsIn, RecordedNow, StageIn, UndoIn
from web.api.problems import ProblemError, refused
from web.forms import Form, RefusedError
from web.recording import action_state, effect_of, stage_decided, taken_back, value_conveyed
from web.site import Site
from wiring import Decided, Desk

router = APIRouter(tags=["records"])


@router.post("/customers/{customer:path}/facts", response_model=RecordedNow, status_code=201)
def facts(
    request: Request,
    asks: Recording,
    body: FactsIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record facts that somebody found out: all of them, or none if one cannot be."""
    names = [each.fact for each in body.answers]
    if len(set(names)) < len(names):
        raise ProblemError(422, "refused", "A fact is answered once at a time.")

    def states(at: At, form: Form) -> list[Statement]:
        read = [(read_answer(at.book.vocabulary, f"{each.fact}={each.value}"), each) for each in body.answers]
        return [answered(at.book, one, form.on, each.evidence, each.sure) for one, each in read]

    return _recorded(request, asks, body, states, key, lang)


@router.post("/customers/{customer:path}/communications", response_model=RecordedNow, status_code=201)
def communications(
    request: Request,
    asks: Recording,
    body: CommunicationIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record that a value was conveyed."""
    return _recorded(request, asks, body, value_conveyed, key, lang)


@router.post("/customers/{customer:path}/effects", response_model=RecordedNow, status_code=201)
def effects(
    request: Request,
    asks: Recording,
    body: EffectIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record what was heard of a value that was conveyed."""
    return _recorded(request, asks, body, effect_of, key, lang)


@router.post("/customers/{customer:path}/actions", response_model=RecordedNow, status_code=201)
def actions(
    request: Request,
    asks: Recording,
    body: ActionIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record how an advised action stands."""
    return _recorded(request, asks, body, action_state, key, lang)


@router.post("/customers/{customer:path}/stage", response_model=RecordedNow, status_code=201)
def stage(request: Request, asks: Confirming, body: StageIn, key: Key = None, lang: Language = "en") -> Response:
    """Confirm the stage that is proposed, or decide on another with a reason."""

    def enter(desk: Desk, before: Decided) -> int:
        return stage_decided(desk, before, body.stage, body.reason, user=asks.who.account.name, source=INTERFACE)

    return _done(request, asks, body, enter, key, lang)


@router.post("/customers/{customer:path}/undo", response_model=RecordedNow, status_code=201)
def take_back(request: Request, asks: Recording, body: UndoIn, key: Key = None, lang: Language = "en") -> Response:
    """Take back what the same account recorded of the customer; a stage only with the scope `confirm`.

    A record with which the customer cannot be decided is taken back too: then there is nothing to compare.
    """
    site, customer = site_of(request), asks.customer

    def make() -> Mapping[str, object]:
        before = decided_if_possible(lambda: site.decided([customer])[customer])
        with _refusals_told(lang):
            may_confirm = Scope.CONFIRM in asks.scopes
            entry = taken_back(site.store, customer, body.number, asks.who, may_confirm, INTERFACE)
        site.tell(entry.undone_by)
        after = decided_if_possible(lambda: site.decided([customer])[customer])
        if before is None or after is None:
            pack = site.rules().pack
            return undone_in_json(entry, None if after is None else recommend(pack, after.facts, after.decision, lang))
        return _told(site, Outcome("undone", entry.id, customer, entry.says, before, after), lang)

    return answer_once(request, asks.who, key, body, make, 201)


_Body = FactsIn | CommunicationIn | EffectIn | ActionIn


def _recorded(
    request: Request,
    asks: Recording,
    body: _Body,
    make: Callable[[At, Form], Sequence[Statement]],
    key: str | None,
    language: str,
) -> Response:
    """Record what a request states, under its key once, and answer what changed by it."""

    def enter(desk: Desk, before: Decided) -> int:
        given = _fields(body)
        return record(desk, before, lambda at: make(at, Form(given, at)), user=asks.who.account.name, source=INTERFACE)

    return _done(request, asks, body, enter, key, language)


def _done(
    request: Request,
    asks: Recording,
    body: BaseModel,
    enter: Callable[[Desk, Decided], int],
    key: str | None,
    language: str,
) -> Response:
    """Record what a request asks for, under its key once, and answer what changed; `enter` returns its number."""
    site, customer = site_of(request), asks.customer

    def make() -> Mapping[str, object]:
        before = site.decided([customer])[customer]
        with _refusals_told(language):
            number = enter(site.desk(), before)
        (entry,) = entries(site.store, number=number)
        site.tell(number)
        after = site.decided([customer])[customer]
        return _told(site, Outcome("recorded", number, customer, entry.says, before, after), language)

    return answer_once(request, asks.who, key, body, make, 201)


@contextmanager
def _refusals_told(language: str) -> Iterator[None]:
    """Answer why something was not recorded or taken back.

    Raises:
        ProblemError: 422.
    """
    try:
        yield
    except RefusedError as error:
        raise ProblemError(422, "refused", _said(error, Texts(language, PAGES))) from None
    except (StoreError, ValueError) as error:
        raise refused(error, language) from None


def _told(site: Site, outcome: Outcome, language: str) -> Mapping[str, object]:
    """Return what was done, and what changed by it."""
    pack = site.rules().pack
    was, now = (recommend(pack, each.facts, each.decision, language) for each in (outcome.before, outcome.after))
    found = changes(outcome, was, now, Texts(language), Wording(pack.vocabulary, language))
    return outcome_in_json(outcome, found, is_other=was != now)


def _said(error: RefusedError, texts: Texts) -> str:
    """Return why something was not recorded; of a word, which there are instead."""
    if error.word is None:
        said = texts(str(error))
    else:
        said = texts("refused_word_not", word=error.word, words=texts("comma").join(error.offered))
    return f"{error.field}: {said}" if error.field else said


def _fields(body: _Body) -> dict[str, str]:
    """Return what a body gives as a form gives it, without what it leaves out."""
    given = body.model_dump(exclude_none=True, exclude={"answers"})
    return {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in given.items()}
