"""Telling another program at once what was recorded, signed so that it can be sure from whom it comes."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from queue import Full, Queue
from threading import Thread
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from common.json_form import as_json
from engine.said import said

_LOG = logging.getLogger("valuelift")

SIGNATURE = "X-Valuelift-Signature"
WAITS = (0.0, 1.0, 10.0, 60.0)
"""Seconds before each attempt to deliver; after the last one the event is dropped."""

SECONDS = 5.0
"""How long a receiver may take to answer."""

MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to tell it, and the secret that both sides know."""

    url: str
    secret: str


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return what the header says: the moment, and HMAC-SHA256 (hex) of the moment, a dot and the body."""
    code = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={code}"


class Teller:
    """Tells events one after another from a thread of its own, so that whoever recorded does not wait for it."""

    def __init__(self, hook: Hook, event: Callable[[int], Mapping[str, Any]]) -> None:
        self._hook = hook
        self._event = event
        self._numbers: Queue[int | None] = Queue(MOST_WAITING)
        self._thread = Thread(target=self._work, name="webhook", daemon=True)
        self._thread.start()

    def tell(self, number: int) -> None:
        """Let an entry of the audit log be told soon."""
        try:
            self._numbers.put_nowait(number)
        except Full:
            _LOG.error("webhook: record %d is not told, too many wait", number)

    def close(self) -> None:
        """Tell what waits, and stop."""
        self._numbers.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (number := self._numbers.get()) is not None:
            try:
                body = as_json(self._event(number)).encode()
            except Exception:
                _LOG.exception("webhook: record %d cannot be told", number)
                continue
            if not any(self._is_delivered(wait, body) for wait in WAITS):
                _LOG.error("webhook: record %d was not taken", number)

    def _is_delivered(self, wait: float, body: bytes) -> bool:
        time.sleep(wait)
        signed = signature(self._hook.secret, int(time.time()), body)
        headers = {"Content-Type": "application/json", SIGNATURE: signed, "User-Agent": "valuelift"}
        request = Request(self._hook.url, body, headers, method="POST")  # noqa: S310 - checked where it is given
        try:
            with _OPENER.open(request, timeout=SECONDS) as answer:
                return 200 <= int(answer.status) < 300
        except (OSError, HTTPException, ValueError) as error:  # the second and third: what came is not HTTP
            _LOG.warning("webhook: %s", error or type(error).__name__)
            return False


class _StayHere(HTTPRedirectHandler):
    """Goes nowhere else than to the address that was given."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Follow no redirection."""


_OPENER = build_opener(_StayHere)


def read_secret(text: str | None) -> str:
    """Return the secret.

    Raises:
        ValueError: if it is missing or too short to protect anything.
    """
    if text is None or len(text) < 32:
        raise ValueError(said("A webhook needs a secret of at least 32 characters."))
    return text
