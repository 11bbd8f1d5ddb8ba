"""Who asks, and what they may: sessions, roles, own customers, and forms that only our own pages can send."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response
from sqlalchemy import Connection

from facts.accounts import LONGEST, Account, Role, logged_in
from facts.audit import PAGES
from facts.card import Card
from facts.cards import known
from facts.database import NUL
from facts.reads import log_reads, log_reads_in
from web.site import Site, now

SESSION, FORM = "valuelift_session", "valuelift_form"
"""Cookies: the session's token, and what ties the login form to the browser that asked for it."""


class Right(StrEnum):
    """What a route asks of whoever comes."""

    READ = "read"
    RECORD = "record"
    CONFIRM = "confirm"
    AUTHOR = "author"
    PRIVACY = "privacy"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.MANAGER: frozenset({Right.READ, Right.RECORD, Right.CONFIRM}),
    Role.AUTHOR: frozenset({Right.READ, Right.AUTHOR}),
    Role.OPERATOR: frozenset({Right.READ, Right.RECORD}),
    Role.AUDITOR: frozenset({Right.READ}),
    Role.ADMIN: frozenset(Right),  # and nobody else keeps personal data in order: PRIVACY
}


class LoginNeededError(Exception):
    """Raised where somebody comes who is not logged in, or is no longer."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in, with the token of the session."""

    account: Account
    token: str

    def may(self, right: str) -> bool:
        """Return whether the role has a right."""
        return Right(right) in RIGHTS[self.account.role]

    def sees(self, card: Card) -> bool:
        """Return whether a customer is one of theirs; whoever is no manager sees all."""
        is_manager = self.account.role is Role.MANAGER
        return not is_manager or card["account_manager"] == self.account.account_manager

    @property
    def form_token(self) -> str:
        """What our forms carry: nobody can tell it who does not know the session's token."""
        return hashlib.sha256(f"form {self.token}".encode()).hexdigest()


def site_of(request: Request) -> Site:
    """Return what all requests share."""
    site: Site = request.app.state.site
    return site


def visitor(request: Request) -> Visitor:
    """Return who asks.

    Raises:
        LoginNeededError: if nobody is logged in.
    """
    token = request.cookies.get(SESSION)
    account = logged_in(site_of(request).store, token, now()) if token else None
    if token is None or account is None:
        raise LoginNeededError
    return Visitor(account, token)


AnyVisitor = Annotated[Visitor, Depends(visitor)]


def having(right: Right) -> Callable[[Visitor], Awaitable[Visitor]]:
    """Return the dependency that lets only those through who have a right."""

    # Not in a thread of its own, as whatever waits for the store: this only looks.
    async def allowed(who: AnyVisitor) -> Visitor:
        if not who.may(right):
            raise HTTPException(403)
        return who

    return allowed


Reader = Annotated[Visitor, Depends(having(Right.READ))]
Recorder = Annotated[Visitor, Depends(having(Right.RECORD))]
Author = Annotated[Visitor, Depends(having(Right.AUTHOR))]
Keeper = Annotated[Visitor, Depends(having(Right.PRIVACY))]
Confirmer = Annotated[Visitor, Depends(having(Right.CONFIRM))]


def own_customer(request: Request, customer: str, who: AnyVisitor) -> str:
    """Return the key of the customer in the path, and note who is about to be shown it.

    Raises:
        HTTPException: if it is not theirs, which looks to them as if there were none.
    """
    store, moment = site_of(request).store, now()
    with store.asking() as connection:
        key = _theirs(connection, request, customer, who, moment)
    with store.noting() as connection:
        log_reads_in(connection, who.account.name, PAGES, _route(request), [key], moment)
    return key


def found_in(connection: Connection, request: Request, customer: str, who: Visitor, origin: str) -> str:
    """Find and note a customer (see `own_customer`) within a transaction."""
    moment = now()
    key = _theirs(connection, request, customer, who, moment)
    log_reads_in(connection, who.account.name, origin, _route(request), [key], moment)
    return key


def _theirs(connection: Connection, request: Request, customer: str, who: Visitor, moment: datetime) -> str:
    found = known(connection, customer, site_of(request).today(), moment)
    if found is None or not who.sees(found[1]):
        raise HTTPException(404)
    return found[0]


def note_reads(request: Request, who: Visitor, origin: str, customers: Iterable[str]) -> None:
    """Note in the log of reads who is about to be shown customers."""
    log_reads(site_of(request).store, who.account.name, origin, _route(request), customers, now())


def _route(request: Request) -> str:
    return f"{request.method} {request.scope['route'].path}"


OwnCustomer = Annotated[str, Depends(own_customer)]

# --- forms ---


async def fields(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that are filled in.

    Raises:
        HTTPException: if one holds a character that no store takes, which nobody types.
    """
    form = await request.form(max_files=0, max_fields=40)
    if any(NUL in value for value in form.values() if isinstance(value, str)):
        raise HTTPException(422)
    return {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}


async def own_fields(request: Request, who: AnyVisitor) -> Mapping[str, str]:
    """Return the fields of a form that one of our pages sent for this session."""
    found = await fields(request)
    if not hmac.compare_digest(found.get("form_token", ""), who.form_token):
        raise HTTPException(403)
    return found


Fields = Annotated[Mapping[str, str], Depends(own_fields)]


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """Set a cookie that scripts cannot read and other sites' forms do not send."""
    secure = site_of(request).settings.https
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def start_session(request: Request, response: Response, token: str) -> None:
    """Let the browser keep the token of a session as long as it lasts."""
    set_cookie(request, response, SESSION, token, int(LONGEST.total_seconds()))


def new_form_cookie() -> str:
    """Return what ties the login form to the browser that asked for it."""
    return secrets.token_urlsafe(24)
