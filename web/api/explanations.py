"""Why, why not, what it takes, what to ask and what if, as the command line says it with `--json`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from common.asked import subjects, target
from common.confirming import heard_of, to_confirm
from common.explain_json import questions_in_json, what_if_in_json, why_in_json, why_not_in_json
from common.explain_layout import Teller
from common.limits import DEPTH
from common.texts import Texts
from engine.asking import open_questions
from engine.changed import difference, read_settings, with_changes
from engine.derivation import Deriver
from engine.nearest import why_not as find_ways
from engine.wording import Wording
from web.access import site_of
from web.api.answers import Language, answer
from web.api.callers import Reading
from web.api.models import PathTo, Questions, WhatIf, Why, WhyNot
from web.api.problems import ProblemError, refused
from web.work import path
from web.workers import TimeLimitError, WorkerDiedError
from wiring import Decided

router = APIRouter(tags=["one customer"])

What = Annotated[
    Literal["stage", "value", "action", "fact"],
    Query(title="What the question is about; a fact is named as NAME=VALUE", examples=["stage"]),
]
Named = Annotated[
    str,
    Query(title="Which one", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["established"]),
]


@router.get("/customers/{customer:path}/why", response_model=Why)
def why(
    request: Request,
    asks: Reading,
    subject: Annotated[
        str | None, Query(title="A fact, an action or a rule", max_length=200, examples=["value_next"])
    ] = None,
    audience: Annotated[Literal["manager", "auditor"], Query(title="For whom")] = "manager",
    depth: Annotated[int | None, Query(title="How many steps down", ge=1, le=20)] = None,
    lang: Language = "en",
) -> Response:
    """Tell what a conclusion rests on, down to what is recorded."""
    decided, teller = _teller(request, asks.customer, lang)
    teller = replace(teller, heard=heard_of(site_of(request).store, decided))
    try:
        nodes = subjects(teller.deriver, subject)
    except ValueError as error:
        raise refused(error, lang) from None
    return answer(request, why_in_json(decided, teller, nodes, depth or DEPTH[audience]))


@router.get("/customers/{customer:path}/why-not", response_model=WhyNot)
def why_not(request: Request, asks: Reading, about: What, named: Named, lang: Language = "en") -> Response:
    """Tell what is missing for another conclusion."""
    decided, teller = _teller(request, asks.customer, lang)
    try:
        _require_stage(teller, about, named)
        found = find_ways(teller.deriver, *target(teller.deriver, about, named))
    except ValueError as error:
        raise refused(error, lang) from None
    return answer(request, why_not_in_json(decided, teller, found))


@router.get("/customers/{customer:path}/path", response_model=PathTo)
def path_to(
    request: Request,
    asks: Reading,
    about: What,
    named: Named,
    seconds: Annotated[float, Query(title="How long to think about one way", gt=0, le=10)] = 5.0,
) -> Response:
    """Look for the cheapest changes after which the rules conclude it; this can take long."""
    site = site_of(request)
    teller = _teller(request, asks.customer, "en")[1]
    try:
        _require_stage(teller, about, named)
        target(teller.deriver, about, named)
    except ValueError as error:
        raise refused(error) from None
    return work(request, path, site.path_asked(asks.customer, about, named, seconds))


@router.get("/customers/{customer:path}/what-if", response_model=WhatIf)
def what_if(
    request: Request,
    asks: Reading,
    set_: Annotated[
        list[str],
        Query(
            alias="set",
            title="Facts taken otherwise, each as FACT=VALUE; nothing behind = takes it as not known",
            min_length=1,
            max_length=12,
            examples=[["stage=new"]],
        ),
    ],
) -> Response:
    """Decide once more with other facts, and tell what that changes. Nothing is recorded."""
    decided, teller = _teller(request, asks.customer, "en")
    try:
        changes = read_settings(teller.pack.vocabulary, decided.facts, set_)
    except ValueError as error:
        raise refused(error) from None
    after = site_of(request).desk().decide_on(decided.card, with_changes(decided.facts, changes))
    return answer(request, what_if_in_json(decided, after, changes, difference(decided.decision, after.decision)))


@router.get("/customers/{customer:path}/questions", response_model=Questions)
def questions(request: Request, asks: Reading, lang: Language = "en") -> Response:
    """Tell what to ask next, and what would change with which answer."""
    decided, teller = _teller(request, asks.customer, lang)
    wording = Wording(teller.pack.vocabulary, lang)
    plan = site_of(request).rules().plan
    found = open_questions(teller.pack, plan, [(decided.facts, decided.decision)], wording)
    as_of = decided.decision.as_of
    unsure = to_confirm(site_of(request).store, teller.pack, [decided])
    return answer(request, questions_in_json(as_of, found, unsure))


def work(request: Request, *what: object) -> Response:
    """Answer by what is done in a process of its own (its arguments are those of `Workers.do`).

    Raises:
        ProblemError: 422 if it refuses, 503 if it takes too long or its process dies.
    """
    workers = site_of(request).workers
    try:
        return answer(request, json.loads(workers.do(*what)))  # type: ignore[arg-type]
    except ValueError as error:
        raise refused(error) from None
    except TimeLimitError:
        raise ProblemError(503, "time-limit", f"It took longer than {workers.seconds:g} seconds.") from None
    except WorkerDiedError:
        raise ProblemError(503, "worker-died", "The process that worked on it died. Try again.") from None


def _teller(request: Request, customer: str, language: str) -> tuple[Decided, Teller]:
    site = site_of(request)
    decided, rules = site.decided([customer])[customer], site.rules()
    deriver = Deriver(rules.pack, rules.plan, decided.facts, decided.decision)
    return decided, Teller(deriver, Texts(language))


def _require_stage(teller: Teller, about: str, named: str) -> None:
    known = teller.pack.vocabulary.enums["stage"].members
    if about == "stage" and named not in known:
        raise ProblemError(422, "refused", f"{named!r} is no stage. It is one of {', '.join(known)}.")
