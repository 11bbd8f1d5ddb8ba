"""Who asks by a token, what for, and how often."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from facts.audit import INTERFACE
from facts.tokens import Scope, holder_of
from web.access import Visitor, found_in, note_reads, site_of
from web.api.problems import ProblemError
from web.site import now

MOST_REMEMBERED = 10_000
"""Callers whose requests are counted at a time."""


@dataclass
class Limiter:
    """Counts requests: `per_minute` at once, and after that as they come back in the course of a minute."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, name: str) -> float:
        """Count a request; return 0, or how many seconds there are to wait if it is one too many."""
        with self._lock:
            moment = self.clock()
            left, since = self._left.pop(name, (float(self.per_minute), moment))
            left = min(float(self.per_minute), left + (moment - since) * self.per_minute / 60)
            is_one_too_many = left < 1
            self._left[name] = (left if is_one_too_many else left - 1, moment)
            while len(self._left) > MOST_REMEMBERED:
                del self._left[next(iter(self._left))]
            return (1 - left) * 60 / self.per_minute if is_one_too_many else 0.0


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that asks in somebody's name."""

    who: Visitor
    scopes: frozenset[Scope]


_BEARER = HTTPBearer(auto_error=False, description="A token made by `valuelift token create`.")


Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def caller(request: Request, given: Given = None) -> Caller:
    """Return who asks.

    Raises:
        ProblemError: 401 without a token that is good, 429 if it asks too often.
    """
    with site_of(request).store.asking() as connection:
        return _caller(connection, request, given)


def _caller(connection: Connection, request: Request, given: HTTPAuthorizationCredentials | None) -> Caller:
    holder = None if given is None else holder_of(connection, given.credentials, now())
    if holder is None:
        # Counted by address, and only where it goes wrong: nobody can lock out others by guessing.
        _count(request, f"address {request.client.host if request.client else ''}")
        error = "" if given is None else ', error="invalid_token"'
        challenge = {"WWW-Authenticate": f'Bearer realm="valuelift"{error}'}
        raise ProblemError(401, "no-token", "Send a token that is neither expired nor revoked.", challenge)
    _count(request, f"token {holder.token}")
    return Caller(Visitor(holder.account, ""), holder.scopes)


def _count(request: Request, name: str) -> None:
    limiter: Limiter = request.app.state.limiter
    wait = limiter.take(name)
    if wait:
        headers = {"Retry-After": str(int(wait) + 1)}
        raise ProblemError(429, "too-many-requests", f"At most {limiter.per_minute} requests a minute.", headers)


AnyCaller = Annotated[Caller, Depends(caller)]


def having(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency that lets only those through whose token is good for a scope."""

    # Not in a thread of its own, as whatever waits for the store: this only looks.
    async def allowed(asks: AnyCaller) -> Caller:
        _require(asks, scope)
        return asks

    return allowed


def _require(asks: Caller, scope: Scope) -> None:
    if scope not in asks.scopes:
        headers = {"WWW-Authenticate": f'Bearer realm="valuelift", error="insufficient_scope", scope="{scope}"'}
        raise ProblemError(403, "scope", f"The token is not good for {scope!s}.", headers)


Reader = Annotated[Caller, Depends(having(Scope.READ))]
RuleChecker = Annotated[Caller, Depends(having(Scope.RULES))]
Operator = Annotated[Caller, Depends(having(Scope.OPS))]

CustomerKey = Annotated[
    str, Path(title="The customer's key", examples=["silver-carp"], max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]


@dataclass(frozen=True, slots=True)
class AboutCustomer:
    """Somebody who asks about a customer that is theirs, by its key."""

    who: Visitor
    customer: str
    scopes: frozenset[Scope]


def about(scope: Scope) -> Callable[..., AboutCustomer]:
    """Return the dependency that lets those through whose token is good for a scope, to a customer that is theirs.

    Who asks and about whom is found out and noted in one transaction: that is most of what such a request takes.
    """

    def allowed(request: Request, customer: CustomerKey, given: Given = None) -> AboutCustomer:
        with site_of(request).store.writing() as connection:
            asks = _caller(connection, request, given)
            _require(asks, scope)
            try:
                key = found_in(connection, request, customer, asks.who, INTERFACE)
                return AboutCustomer(asks.who, key, asks.scopes)
            except HTTPException:
                raise ProblemError(404, "no-customer", "There is no such customer, or it is not yours.") from None

    return allowed


Reading = Annotated[AboutCustomer, Depends(about(Scope.READ))]
Recording = Annotated[AboutCustomer, Depends(about(Scope.RECORD))]
Confirming = Annotated[AboutCustomer, Depends(about(Scope.CONFIRM))]
Keeping = Annotated[AboutCustomer, Depends(about(Scope.PRIVACY))]


def note_listed(request: Request, asks: Caller, customers: list[str]) -> None:
    """Note in the log of reads which customers a list shows."""
    note_reads(request, asks.who, INTERFACE, customers)
