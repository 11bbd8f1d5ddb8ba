"""The runs of batches, and the check of a rule pack."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from facts.batch.ledger import Ledger, runs_folder
from facts.batch.register import Entry, entries, find
from facts.database import StoreError
from web.access import site_of
from web.api.answers import Language, answer
from web.api.callers import CustomerKey, Operator, RuleChecker
from web.api.explanations import work
from web.api.models import PackChecked, PackIn, RunLine, Runs
from web.api.problems import ProblemError
from web.work import check_pack

router = APIRouter()


@router.get("/runs", response_model=Runs, tags=["operations"])
def runs(request: Request, _asks: Operator) -> Response:
    """List the runs of batches, the newest first; an unfinished one says how many of its parts are done."""
    store = site_of(request).store
    return answer(request, {"runs": [_line(each) for each in entries(Ledger.at(runs_folder(store.url)), store)]})


@router.get("/runs/{run}", response_model=RunLine, tags=["operations"])
def run(request: Request, _asks: Operator, run: CustomerKey) -> Response:
    """Tell of one run, by its name, its number or as `latest`."""
    store = site_of(request).store
    try:
        return answer(request, _line(find(Ledger.at(runs_folder(store.url)), store, run)))
    except StoreError:
        raise ProblemError(404, "no-run", "There is no such run.") from None


@router.post("/rules/check", response_model=PackChecked, tags=["rules"])
def check(request: Request, _asks: RuleChecker, body: PackIn, lang: Language = "en") -> Response:
    """Tell what is wrong or doubtful in a rule pack. Nothing is kept of it."""
    day = body.as_of or site_of(request).today()
    return work(request, check_pack, body.files, day, lang)


def _line(entry: Entry) -> dict[str, object]:
    """Return a run without the place of its folder on this machine."""
    return {name: value for name, value in asdict(entry).items() if name != "folder"}
