"""The portfolio: what `valuelift portfolio` says of the whole base, with pictures, down to names, and to take along."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from common.texts import PAGES, Texts
from engine.wording import Wording
from facts.accounts import Role
from web.access import Reader, site_of
from web.portfolio_scope import Scope
from web.portfolio_view import Figure, View
from web.rendering import language_of, page
from web.sheets import as_csv, as_xlsx

router = APIRouter()

DAYS_BACK = 90
PER_PAGE = 100
AT_A_GLANCE = 12


def scope(
    request: Request,
    who: Reader,
    since: str = "",
    manager: str = "",
    region: str = "",
    stage: str = "",
    was: str = "",
    moved: str = "",
    source: str = "",
    value: str = "",
    then: str = "",
    stalled: str = "",
    page: int = 1,
) -> Scope:
    """Return what is asked for; a manager's own customers are all that a manager can ask for.

    Raises:
        HTTPException: if the earlier date is none, or not before today.
    """
    today = site_of(request).today()
    try:
        earlier = date.fromisoformat(since) if since else today - timedelta(days=DAYS_BACK)
    except ValueError:
        raise HTTPException(422) from None
    if earlier >= today:
        raise HTTPException(422)
    if who.account.role is Role.MANAGER:
        if not who.account.account_manager:
            raise HTTPException(403)
        manager = who.account.account_manager
    return Scope(earlier, manager, region, stage, was, moved, source, value, then, stalled, max(page, 1))


Asked = Annotated[Scope, Depends(scope)]


@router.get("/portfolio")
def show(request: Request, who: Reader, asked: Asked) -> Response:
    """Show the figures with their pictures."""
    view = _view(request, asked.whole)
    site, is_manager = site_of(request), who.account.role is Role.MANAGER
    seen = {key: card for key, card in site.desk().cards().items() if who.sees(card)}
    return page(
        request,
        "portfolio.html",
        who,
        view=view,
        found=view.found,
        asked=asked.whole,
        undecided=[each for each in view.found.undecided if each["customer"] in seen],
        managers=() if is_manager else sorted({card["account_manager"] or "" for card in seen.values()} - {""}),
        AT_A_GLANCE=AT_A_GLANCE,
    )


@router.get("/portfolio/customers")
def names(request: Request, who: Reader, asked: Asked) -> Response:
    """Show who stands behind a number."""
    view = _view(request, asked)
    rows = view.customers
    shown = rows.rows[(asked.number - 1) * PER_PAGE : asked.number * PER_PAGE]
    return page(
        request,
        "portfolio_customers.html",
        who,
        asked=asked,
        sheet=replace(rows, rows=shown),
        total=len(rows.rows),
        pages=-(-len(rows.rows) // PER_PAGE),
        restricted=list(view.restricted()),
    )


@router.get("/portfolio/export/{figure}.{form}")
def export(request: Request, who: Reader, asked: Asked, figure: Figure, form: Literal["csv", "xlsx"]) -> Response:  # noqa: ARG001 - whoever may read
    """Give a figure as CSV, or one or all as a workbook; of a manager's own customers alone, like the page."""
    view = _view(request, asked if figure == "customers" else asked.whole)
    chosen = view.sheets if figure == "all" else [view.sheet(figure)]
    if form == "csv" and len(chosen) > 1:
        raise HTTPException(404)
    content = as_csv(chosen[0]) if form == "csv" else as_xlsx(chosen)
    media = "text/csv; charset=utf-8" if form == "csv" else _XLSX
    name = f"valuelift-{figure}-{view.found.as_of}.{form}"  # of known words alone
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _view(request: Request, asked: Scope) -> View:
    site = site_of(request)
    found = site.portfolio(asked.since, asked.manager or None, asked.region or None)
    texts = Texts(language_of(request), PAGES)
    return View(site, found, asked, texts, Wording(site.rules().pack.vocabulary, texts.language))
