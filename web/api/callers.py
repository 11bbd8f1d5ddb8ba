"""Who asks by a token, what for, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from facts.audit import INTERFACE
from facts.tokens import Scope, holder_of
from web.access import Visitor, found_customer, note_reads, site_of
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


def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None) -> Caller:
    """Return who asks.

    Raises:
        ProblemError: 401 without a token that is good, 429 if it asks too often.
    """
    holder = None if given is None else holder_of(site_of(request).store, given.credentials, now())
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


def having(scope: Scope) -> Callable[[Caller], Caller]:
    """Return the dependency that lets only those through whose token is good for a scope."""

    def allowed(asks: AnyCaller) -> Caller:
        if scope not in asks.scopes:
            headers = {"WWW-Authenticate": f'Bearer realm="valuelift", error="insufficient_scope", scope="{scope}"'}
            raise ProblemError(403, "scope", f"The token is not good for {scope!s}.", headers)
        return asks

    return allowed


Reader = Annotated[Caller, Depends(having(Scope.READ))]
Recorder = Annotated[Caller, Depends(having(Scope.RECORD))]
RuleChecker = Annotated[Caller, Depends(having(Scope.RULES))]
Operator = Annotated[Caller, Depends(having(Scope.OPS))]

CustomerKey = Annotated[
    str, Path(title="The customer's key", examples=["silver-carp"], max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]


def own_customer(request: Request, customer: CustomerKey, asks: AnyCaller) -> str:
    """Return the key of the customer in the path (see `web.access.found_customer`)."""
    try:
        return found_customer(request, customer, asks.who, INTERFACE)
    except HTTPException:
        raise ProblemError(404, "no-customer", "There is no such customer, or it is not yours.") from None


def readable_customer(request: Request, customer: CustomerKey, asks: Reader) -> str:
    """Return the customer's key to somebody who may read."""
    return own_customer(request, customer, asks)


def recordable_customer(request: Request, customer: CustomerKey, asks: Recorder) -> str:
    """Return the customer's key to somebody who may record."""
    return own_customer(request, customer, asks)


ReadableCustomer = Annotated[str, Depends(readable_customer)]
RecordableCustomer = Annotated[str, Depends(recordable_customer)]


def note_listed(request: Request, asks: Caller, customers: list[str]) -> None:
    """Note in the log of reads which customers a list shows."""
    note_reads(request, asks.who, INTERFACE, customers)
