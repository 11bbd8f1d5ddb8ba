"""Logging in and out, and the language of the pages."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from facts.accounts import LOCKED, log_in, log_out
from web.access import FORM, SESSION, AnyVisitor, Fields, fields, new_form_cookie, set_cookie, site_of, start_session
from web.rendering import LANGUAGE, LANGUAGES, page
from web.site import now

router = APIRouter()

_FORM_SECONDS = 3600
_YEAR = 365 * 24 * 3600


def address(wanted: str) -> str:
    """Return the address of the login page, from which it goes on to another."""
    return "/login" if wanted == "/" else f"/login?{urlencode({'to': wanted})}"


@router.get("/login")
def ask(request: Request, to: str = "/") -> Response:
    """Show the login form."""
    return _form(request, to)


@router.post("/login")
def enter(request: Request, given: Annotated[Mapping[str, str], Depends(fields)]) -> Response:
    """Log in, or say that it was not possible; never why, so that nobody learns which names there are."""
    to = given.get("to", "/")
    if not hmac.compare_digest(given.get("form_token", ""), request.cookies.get(FORM, "-")):
        return _form(request, to, status=403, failed="login_form_old")
    token = log_in(site_of(request).store, given.get("name", ""), given.get("password", ""), now())
    if token is None:
        return _form(request, to, status=403, failed="login_failed")
    response = RedirectResponse(_own(to), 303)
    start_session(request, response, token)
    response.delete_cookie(FORM)
    return response


@router.post("/logout")
def leave(request: Request, who: AnyVisitor, _fields: Fields) -> Response:
    """Log out."""
    log_out(site_of(request).store, who.token)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION)
    return response


@router.get("/language/{language}")
def choose_language(request: Request, language: str, to: str = "/") -> Response:
    """Remember the language, and go back."""
    response = RedirectResponse(_own(to), 303)
    if language in LANGUAGES:
        set_cookie(request, response, LANGUAGE, language, _YEAR)
    return response


def _form(request: Request, to: str, *, status: int = 200, failed: str = "") -> Response:
    token = new_form_cookie()
    minutes = int(LOCKED.total_seconds() // 60)
    response = page(request, "login.html", status=status, to=_own(to), failed=failed, form_token=token, minutes=minutes)
    set_cookie(request, response, FORM, token, _FORM_SECONDS)
    return response


def _own(address: str) -> str:
    """Return an address of this server, its first page for any other."""
    parts = urlsplit(address)
    is_own = not parts.scheme and not parts.netloc and address.startswith("/") and address[1:2] not in ("/", "\\")
    return address if is_own and address.isprintable() else "/"
