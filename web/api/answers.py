"""Answers: JSON with an entity tag, and each POST answered once under its idempotency key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from common.json_form import as_json
from facts.kept_answers import claim, give_back, keep
from web.access import Visitor, site_of
from web.api.problems import ProblemError
from web.site import now

_JSON = "application/json"

Language = Annotated[Literal["en", "zh"], Query(title="The language of all words")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        title="Names this request, so that sending it twice does it once",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
    ),
]


def answer(request: Request, value: Any) -> Response:
    """Return a value as JSON with its entity tag, or only that it has not changed."""
    body = as_json(value).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "") if request.method == "GET" else ""
    if known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, _JSON)


def answer_once(
    request: Request, who: Visitor, key: str | None, body: BaseModel, make: Callable[[], Any], status: int = 200
) -> Response:
    """Do what a request asks for, and answer; under a key that was used before, answer what was answered then.

    Raises:
        ProblemError: 422 if the key was used for another request, 409 while that request is being worked on.
    """
    if key is None:
        return Response(as_json(make()), status, media_type=_JSON)
    store, account = site_of(request).store, who.account.name
    said = f"{request.method} {request.url.path}?{request.url.query}\n{body.model_dump_json()}"
    digest = hashlib.sha256(said.encode()).hexdigest()
    kept = claim(store, account, key, digest, now())
    if kept is not None:
        if kept.request_digest != digest:
            raise ProblemError(422, "key-reused", "This idempotency key was used for another request.")
        if kept.status is None:
            raise ProblemError(409, "in-progress", "This request is being worked on.", {"Retry-After": "1"})
        return Response(kept.body, kept.status, {"Idempotency-Replayed": "true"}, _JSON)
    try:
        made = as_json(make())
    except BaseException:
        give_back(store, account, key)
        raise
    keep(store, account, key, status, made)
    return Response(made, status, media_type=_JSON)
