"""Facts in and effects in: recorded as the pages record them, decided anew at once, and told what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from common.recording import At, Outcome, record
from common.saying import changes, outcome_in_json
from common.texts import PAGES, Texts
from engine.recommend import recommend
from engine.wording import Wording
from facts.answers import answered, read_answer
from facts.audit import INTERFACE, entries
from facts.database import StoreError
from facts.recording import Statement
from web.access import site_of
from web.api.answers import Key, Language, answer_once
from web.api.callers import RecordableCustomer, Recorder
from web.api.models import ActionIn, CommunicationIn, EffectIn, FactsIn, RecordedNow
from web.api.problems import ProblemError, refused
from web.recording import Form, RefusedError, action_state, effect_of, value_conveyed

router = APIRouter(tags=["records"])


@router.post("/customers/{customer:path}/facts", response_model=RecordedNow, status_code=201)
def facts(
    request: Request,
    asks: Recorder,
    customer: RecordableCustomer,
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
        return [answered(at.book, one, form.on, each.evidence) for one, each in read]

    return _recorded(request, asks, customer, body, states, key, lang)


@router.post("/customers/{customer:path}/communications", response_model=RecordedNow, status_code=201)
def communications(
    request: Request,
    asks: Recorder,
    customer: RecordableCustomer,
    body: CommunicationIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record that a value was conveyed."""
    return _recorded(request, asks, customer, body, value_conveyed, key, lang)


@router.post("/customers/{customer:path}/effects", response_model=RecordedNow, status_code=201)
def effects(
    request: Request,
    asks: Recorder,
    customer: RecordableCustomer,
    body: EffectIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record what was heard of a value that was conveyed."""
    return _recorded(request, asks, customer, body, effect_of, key, lang)


@router.post("/customers/{customer:path}/actions", response_model=RecordedNow, status_code=201)
def actions(
    request: Request,
    asks: Recorder,
    customer: RecordableCustomer,
    body: ActionIn,
    key: Key = None,
    lang: Language = "en",
) -> Response:
    """Record how an advised action stands."""
    return _recorded(request, asks, customer, body, action_state, key, lang)


_Body = FactsIn | CommunicationIn | EffectIn | ActionIn


def _recorded(
    request: Request,
    asks: Recorder,
    customer: str,
    body: _Body,
    make: Callable[[At, Form], Sequence[Statement]],
    key: str | None,
    language: str,
) -> Response:
    """Record what a request states, under its key once, and answer what changed by it."""
    site = site_of(request)

    def enter() -> Mapping[str, object]:
        before, desk = site.decided([customer])[customer], site.desk()
        given = _fields(body)
        try:
            number = record(
                desk, before, lambda at: make(at, Form(given, at)), user=asks.who.account.name, source=INTERFACE
            )
        except RefusedError as error:
            said = Texts(language, PAGES)(str(error))
            raise ProblemError(422, "refused", f"{error.field}: {said}" if error.field else said) from None
        except (StoreError, ValueError) as error:
            raise refused(error) from None
        site.tell(number)
        (entry,) = entries(site.store, number=number)
        after = site.decided([customer])[customer]
        return told(Outcome("recorded", number, customer, entry.says, before, after), language)

    def told(outcome: Outcome, language: str) -> Mapping[str, object]:
        pack = site.rules().pack
        was, now = (recommend(pack, each.facts, each.decision, language) for each in (outcome.before, outcome.after))
        found = changes(outcome, was, now, Texts(language), Wording(pack.vocabulary, language))
        return outcome_in_json(outcome, found, is_other=was != now)

    return answer_once(request, asks, key, body, enter, 201)


def _fields(body: _Body) -> dict[str, str]:
    """Return what a body gives as a form gives it, without what it leaves out."""
    given = body.model_dump(exclude_none=True, exclude={"answers"})
    return {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in given.items()}
