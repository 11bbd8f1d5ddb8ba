"""Drafts of packs: uploaded by an author, examined, and put to use when another author approves."""

from __future__ import annotations

import hmac
import json
import logging
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from common.examining import SECONDS, examined, passed
from common.promotion import Phrase
from common.texts import PAGES, Texts
from facts import drafts as kept
from facts.audit import PAGES as FROM_PAGES
from facts.database import StoreError
from facts.pack_files import unpacked
from facts.packs import use_pack
from facts.tables import LARGEST_NUMBER
from web.access import Author, Fields, Visitor, site_of
from web.rendering import language_of, page
from web.site import Site, now
from web.uploads import LARGEST_UPLOAD, MOST_FILES, UploadError, read_upload
from wiring import stored_form

router = APIRouter()

PATIENCE = timedelta(seconds=2 * SECONDS)
"""After this long nobody can be examining a draft any more: the server was stopped meanwhile."""

_LOG = logging.getLogger("valuelift")
_one_at_a_time = Lock()


async def uploaded_files(request: Request, who: Author) -> list[tuple[str, bytes]]:
    """Return the files of a form that one of our pages sent for this session."""
    form = await request.form(max_files=MOST_FILES, max_fields=4, max_part_size=LARGEST_UPLOAD)
    token = form.get("form_token")
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), who.form_token.encode()):
        raise HTTPException(403)
    files = [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]
    return [(each.filename or "", await each.read()) for each in files]


Files = Annotated[list[tuple[str, bytes]], Depends(uploaded_files)]


def numbered(number: int) -> int:
    """Return the number in the address.

    Raises:
        HTTPException: if no draft can have it.
    """
    if number > LARGEST_NUMBER:
        raise HTTPException(404)
    return number


Number = Annotated[int, Depends(numbered)]


@router.get("/rules/drafts")
def show(request: Request, who: Author) -> Response:
    """Show the drafts, and the form for another."""
    return _list(request, who)


@router.post("/rules/drafts")
def upload(
    request: Request, who: Author, files: Annotated[list[tuple[str, bytes]], Depends(uploaded_files)]
) -> Response:
    """Keep a draft, and begin to examine it."""
    texts = Texts(language_of(request), PAGES)
    try:
        found = read_upload(files)
    except UploadError as error:
        return _list(request, who, refused=texts(str(error)))
    site = site_of(request)
    try:
        number = kept.add_draft(site.store, found.name, found.version, found.content, who.account.name, now())
    except StoreError:
        return _list(request, who, refused=texts("too_many_drafts", number=kept.MOST))
    _begin(site, number)
    return RedirectResponse(f"/rules/drafts/{number}", 303)


@router.get("/rules/drafts/{number}")
def draft(request: Request, who: Author, number: Number) -> Response:
    """Show what was found out about a draft."""
    return _draft(request, who, number)


@router.post("/rules/drafts/{number}/again")
def again(request: Request, _who: Author, number: Number, _fields: Fields) -> Response:
    """Examine a draft once more: the customers may have changed, or the server was stopped."""
    if kept.ask_again(site_of(request).store, number, now(), PATIENCE):
        _begin(site_of(request), number)
    return RedirectResponse(f"/rules/drafts/{number}", 303)


@router.post("/rules/drafts/{number}/approve")
def approve(request: Request, who: Author, number: Number, _fields: Fields) -> Response:
    """Put another author's draft to use, if it still passes everything that stands in its way."""
    site = site_of(request)
    found = _one(site, number)
    if found.report is None or not passed(json.loads(found.report)):
        return _draft(request, who, number, refused="approve_not_yet")
    if not kept.ask_again(site.store, number, now(), PATIENCE, approved_by=who.account.name):
        return _draft(request, who, number, refused="approve_not_own")
    _begin(site, number, approved_by=who.account.name)
    return RedirectResponse(f"/rules/drafts/{number}", 303)


@router.post("/rules/drafts/{number}/discard")
def discard(request: Request, who: Author, number: Number, _fields: Fields) -> Response:
    """Delete a draft."""
    if not kept.discard(site_of(request).store, number, now(), PATIENCE):
        return _draft(request, who, number, refused="discard_not_now")
    return RedirectResponse("/rules/drafts", 303)


# --- examining ---


def _begin(site: Site, number: int, approved_by: str | None = None) -> None:
    """Examine a draft beside the requests; one at a time, so that pages stay quick."""
    Thread(target=partial(_examine, site, number, approved_by), daemon=True).start()


def _examine(site: Site, number: int, approved_by: str | None) -> None:
    with _one_at_a_time:
        url = site.store.url.render_as_string(hide_password=False)
        try:
            content = kept.content_of(site.store, number)
            found = examined(url, content, site.today())
            used_at = None
            if approved_by is not None and passed(found):
                _use(site, number, content, approved_by)
                used_at = now()
        except Exception:  # whoever waits for the report is told, and can try again
            _LOG.exception("draft %s was not examined", number)
            found, used_at = {"findings": [], "steps": [], "failed": "crashed"}, None
        kept.report(site.store, number, json.dumps(found, ensure_ascii=False), used_at)


def _use(site: Site, number: int, content: bytes, approved_by: str) -> None:
    uploaded_by = _one(site, number).uploaded_by
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        stored = stored_form(unpacked(content, Path(place)))
    note = f" (draft {number} by {uploaded_by})"
    use_pack(site.store, stored, user=approved_by, origin=FROM_PAGES, note=note)


# --- pages ---


def _one(site: Site, number: int) -> kept.Draft:
    found = kept.drafts(site.store, number)
    if not found:
        raise HTTPException(404)
    return found[0]


def _list(request: Request, who: Visitor, refused: str = "") -> Response:
    found = kept.drafts(site_of(request).store)
    status = 422 if refused else 200
    states = {one.id: _state(one) for one in found}
    return page(request, "drafts.html", who, status=status, drafts=found, states=states, refused=refused)


def _draft(request: Request, who: Visitor, number: int, refused: str = "") -> Response:
    found = _one(site_of(request), number)
    report: dict[str, Any] = json.loads(found.report) if found.report else {"findings": [], "steps": [], "failed": ""}
    texts = Texts(language_of(request), PAGES)
    return page(
        request,
        "draft.html",
        who,
        status=422 if refused else 200,
        draft=found,
        state=_state(found),
        report=report,
        findings=[{**one, "said": Phrase("", {"words": one["message"]}).said(texts)} for one in report["findings"]],
        steps=[_said(step, texts) for step in report["steps"]],
        is_stale=found.report is None and found.asked_at < now() - PATIENCE,
        refused=refused,
    )


def _state(draft: kept.Draft) -> str:
    """Return the name of a draft's state: `examined`, `passed`, `refused` or `used`; while it is examined `waiting`."""
    if draft.used_at is not None:
        return "used"
    if draft.report is None:
        return "waiting"
    return "passed" if passed(json.loads(draft.report)) else "refused"


def _said(step: dict[str, Any], texts: Texts) -> dict[str, Any]:
    phrases = [Phrase(**one) for one in (step["finding"], *step["against"])]
    said, *reasons = (phrase.said(texts) for phrase in phrases)
    return {"name": step["name"], "said": said, "reasons": reasons}
