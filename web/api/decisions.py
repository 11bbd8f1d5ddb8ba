"""Stored decisions, and the recommendation as it stands now."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from common.confirming import to_confirm
from common.explain_json import recommendation_in_json
from common.taken_on import no_longer_advised
from engine.errors import did_you_mean, which_word
from engine.recommend import recommend
from facts.accounts import Role
from facts.cards import account_managers
from facts.ended import ended_of
from facts.stored import StoredRun, Wanted, decided_by, stored_decisions, stored_run
from web.access import site_of
from web.api.answers import Language, answer
from web.api.callers import AnyCaller, Reader, Reading, note_listed
from web.api.models import DecisionPage, RecommendationNow, StoredDecision, Who
from web.api.problems import ProblemError
from web.site import Site

router = APIRouter()

MOST = 200

_Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Run = Annotated[int | None, Query(title="The run's number; the one published last if not given", ge=1, le=2**53)]


@router.get("/token", response_model=Who, tags=["access"])
def token(request: Request, asks: AnyCaller) -> Response:
    """Tell in whose name the token asks, and what it is good for."""
    account = asks.who.account
    said = {"account": account.name, "role": account.role, "account_manager": account.account_manager}
    return answer(request, {**said, "scopes": sorted(asks.scopes)})


@router.get("/decisions", response_model=DecisionPage, tags=["decisions"])
def decisions(
    request: Request,
    asks: Reader,
    run: _Run = None,
    stage: _Word = None,
    proposed_stage: _Word = None,
    move: _Word = None,
    value_next: _Word = None,
    provisional: bool | None = None,
    account_manager: _Word = None,
    cursor: Annotated[str | None, Query(title="Where to go on: `next` of the page before", max_length=600)] = None,
    limit: Annotated[int, Query(title="How many at most", ge=1, le=MOST)] = 50,
) -> Response:
    """List the decisions that a run stored. All pages are of one run, also if another is published meanwhile."""
    begun, after = (run, "") if cursor is None else _read_cursor(cursor)
    found, site = _run(request, begun), site_of(request)
    account = asks.who.account
    asked = Wanted(stage, proposed_stage, move, value_next, provisional, account_manager)
    is_manager = account.role is Role.MANAGER
    if is_manager and account_manager not in (None, account.account_manager):
        return answer(request, {"run": found, "decisions": [], "next": None})
    wanted = replace(asked, account_manager=account.account_manager or "") if is_manager else asked
    lines = stored_decisions(site.store, found.run, wanted, after, limit + 1, site.today())
    if not lines and cursor is None:
        _require_known(site, asked)
    here = lines[:limit]
    note_listed(request, asks, [line.customer for line in here])
    more = _cursor(found.run, here[-1].customer) if len(lines) > limit else None
    return answer(request, {"run": found, "decisions": here, "next": more})


@router.get("/decisions/{customer:path}", response_model=StoredDecision, tags=["decisions"])
def decision(request: Request, asks: Reading, run: _Run = None) -> Response:
    """Tell what a run decided for a customer."""
    site = site_of(request)
    found = decided_by(site.store, asks.customer, site.today(), run)
    if found is None:
        _run(request, run)
        raise ProblemError(404, "no-decision", "The run did not decide this customer.")
    chosen, stored, rules = found
    return answer(request, {"run": chosen, "decision": {**asdict(stored), "fired_rules": rules}})


@router.get("/customers/{customer:path}/recommendation", response_model=RecommendationNow, tags=["one customer"])
def recommendation(request: Request, asks: Reading, lang: Language = "en") -> Response:
    """Decide a customer now, and say what to do next and why."""
    site = site_of(request)
    decided = site.decided([asks.customer])[asks.customer]
    plain = recommend(site.rules().pack, decided.facts, decided.decision, lang)
    shown = site.advised_since([asks.customer]).added(decided, plain)
    below = [each for each in to_confirm(site.store, site.rules().pack, [decided]) if each.decides]
    left_open = list(no_longer_advised(site.rules().pack, decided, lang))
    ended = ended_of(site.store, asks.customer, site.today(), datetime.now(UTC))
    return answer(request, recommendation_in_json(decided, shown, left_open, below, ended))


def _require_known(site: Site, asked: Wanted) -> None:
    """Refuse a filter that lets nothing through because its word is misspelt.

    Raises:
        ProblemError: 422 for a word that the rules in use do not have, or an account manager who looks after nobody.
    """
    rules = site.rules()
    known: dict[str, Sequence[str]] = {
        name: rules.pack.vocabulary.enum_of(rules.pack.vocabulary.facts[fact]).members
        for name, fact in rules.columns.items()
    }
    known["account_manager"] = account_managers(site.store)
    for name, word in asdict(asked).items():
        if isinstance(word, str) and word not in known.get(name, (word,)):
            hint = (did_you_mean if name == "account_manager" else which_word)(word, known[name])
            raise ProblemError(422, "refused", f"{name}: {word!r} is not known. {hint}".rstrip())


def _run(request: Request, number: int | None) -> StoredRun:
    found = stored_run(site_of(request).store, number)
    if found is None:
        raise ProblemError(404, "no-run", "There is no such run.")
    return found


def _cursor(run: int, last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([run, last]).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        run, last = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        run, last = None, None
    if type(run) is not int or not 0 < run < 2**53 or not isinstance(last, str) or not last.isprintable():
        raise ProblemError(422, "cursor", "This is no cursor of ours: take `next` as it is.")
    return run, last
