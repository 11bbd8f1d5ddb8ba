"""Why, why not, what it would take, and what if: one click away from a customer's page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from common.asked import subjects, target
from common.confirming import heard_of
from common.explain_layout import Teller
from common.limits import DEPTH
from common.texts import PAGES, Texts
from common.what_if_layout import WhatIfLayout
from common.why_layout import WhyLayout
from common.why_not_layout import WhyNotLayout
from engine.changed import difference, read_settings, with_changes
from engine.derivation import Deriver
from engine.nearest import why_not as find_ways
from web.access import OwnCustomer, Reader, Visitor, site_of
from web.customer import view_of
from web.outline import Block, blocks, read_blocks
from web.refusing import refusal_told
from web.rendering import language_of, page
from web.what_if import settable_facts
from web.work import path_page
from web.workers import TimeLimitError, WorkerDiedError
from wiring import Decided

router = APIRouter()

NEAREST = 3
SECONDS = 5.0
"""So long a way is looked for."""


@router.get("/customers/{customer:path}/why")
def why(request: Request, who: Reader, customer: OwnCustomer, subject: str = "", audience: str = "manager") -> Response:
    """Show what a conclusion rests on."""
    decided, teller = _teller(request, customer)
    teller = replace(teller, heard=heard_of(site_of(request).store, decided))
    depth = DEPTH.get(audience, DEPTH["manager"])

    def answer() -> Iterable[object]:
        layout = WhyLayout(teller, depth, audience == "auditor")
        return [tree for node in subjects(teller.deriver, subject or None) for tree in layout.trees(node)]

    return _explained(request, who, decided, "why", _laid_out(answer), subject=subject, audience=audience)


@router.get("/customers/{customer:path}/why-not")
def why_not(
    request: Request, who: Reader, customer: OwnCustomer, about: str = "", named: str = "", all_ways: bool = False
) -> Response:
    """Show what is missing for another stage, value or action."""
    decided, teller = _teller(request, customer)

    def answer() -> Iterable[object]:
        found = find_ways(teller.deriver, *target(teller.deriver, *_named(teller, about, named)))
        return WhyNotLayout(teller, None if all_ways else NEAREST).page(found)

    return _explained(request, who, decided, "why_not", _laid_out(answer), about=about, named=named, all_ways=all_ways)


@router.get("/customers/{customer:path}/path")
def path(request: Request, who: Reader, customer: OwnCustomer, named: str = "") -> Response:
    """Show what somebody would have to change for another stage, value or action, found in a process of its own."""
    decided, teller = _teller(request, customer)
    site = site_of(request)

    def answer() -> Iterable[Block]:
        what, name = _named(teller, "", named)
        target(teller.deriver, what, name)
        asked = site.path_asked(customer, what, name, SECONDS)
        try:
            return read_blocks(json.loads(site.workers.do(path_page, asked, language_of(request))))
        except (TimeLimitError, WorkerDiedError):
            raise ValueError(teller.texts("path_unanswered", seconds=round(site.workers.seconds))) from None

    return _explained(request, who, decided, "path", answer, named=named)


@router.get("/customers/{customer:path}/what-if")
def what_if(
    request: Request,
    who: Reader,
    customer: OwnCustomer,
    set_: Annotated[list[str] | None, Query(alias="set", max_length=12)] = None,
    fact: str = "",
    value: str = "",
    choose: bool = False,
) -> Response:
    """Decide once more with other facts, and show what that changes. Nothing is recorded.

    With `choose` a value of `fact` is still to be given: then only how it is given is shown.
    """
    decided, teller = _teller(request, customer)
    site, texts = site_of(request), teller.texts
    changes = [each for each in set_ or () if choose or each.partition("=")[0] != fact]
    if fact and not choose:
        changes.append(f"{fact}={value}")

    def answer() -> Iterable[object]:
        if not changes:
            return []
        read = read_settings(teller.pack.vocabulary, decided.facts, changes)
        after = site.desk().decide_on(decided.card, with_changes(decided.facts, read))
        found = difference(decided.decision, after.decision)
        return WhatIfLayout(site.rules(), texts, show_all=True).page(decided, after, read, found)

    shown = view_of(site, customer, texts.language)
    asked = [question.fact for question in shown.shown.questions] if shown else []
    can_be_set = settable_facts(teller.wording, decided.facts, asked, fact, changes, texts)
    return _explained(request, who, decided, "what_if", _laid_out(answer), can_be_set=can_be_set)


def _teller(request: Request, customer: str) -> tuple[Decided, Teller]:
    site = site_of(request)
    decided = site.decided([customer]).get(customer)
    if decided is None:
        raise HTTPException(404)
    rules = site.rules()
    deriver = Deriver(rules.pack, rules.plan, decided.facts, decided.decision)
    return decided, Teller(deriver, Texts(language_of(request), PAGES))


def _laid_out(answer: Callable[[], Iterable[object]]) -> Callable[[], Iterable[Block]]:
    return lambda: blocks(answer())


def _named(teller: Teller, about: str, named: str) -> tuple[str, str]:
    """Return what is asked about (a stage, value or action), and its id: given apart, or as `KIND:ID`.

    Raises:
        ValueError: if it is none of these.
    """
    what, name = (about, named) if about else (named.partition(":")[0], named.partition(":")[2])
    if what not in ("stage", "value", "action"):
        raise ValueError(teller.texts("refused_word"))
    if what != "action":
        _require_member(teller, what, name)
    return what, name


def _require_member(teller: Teller, what: str, name: str) -> None:
    enum = {"stage": "stage", "value": "value_kind"}[what]
    if name not in teller.pack.vocabulary.enums[enum].members:
        raise ValueError(teller.texts("refused_word"))


def _explained(
    request: Request, who: Visitor, decided: Decided, kind: str, answer: Callable[[], Iterable[Block]], **asked: object
) -> Response:
    """Return the page of an explanation, or say what is wrong with the question."""
    refused, found = "", []
    try:
        found = list(answer())
    except ValueError as error:
        refused = refusal_told(error, Texts(language_of(request), PAGES))
    return page(
        request,
        "explanation.html",
        who,
        status=422 if refused else 200,
        customer=decided.facts.customer,
        card=decided.card,
        kind=kind,
        blocks=found,
        refused=refused,
        **{"subject": "", "audience": "", "about": "", "named": "", "all_ways": False, "can_be_set": None, **asked},
    )
