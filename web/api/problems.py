"""What is answered when something goes wrong: problem details as RFC 9457 has them, without anything from inside."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from common.texts import Texts
from facts.database import StoreError
from facts.snapshot_checks import MisfitsError
from web.refusing import refusal_told

_LOG = logging.getLogger("valuelift")

MEDIA_TYPE = "application/problem+json"


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(title="Where it stands", examples=["body.on"])
    message: str = Field(title="What is wrong", examples=["Input should be a valid date"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(title="Which kind of problem", examples=["urn:valuelift:problem:refused"])
    title: str = Field(title="The kind in words", examples=["Unprocessable Entity"])
    status: int = Field(title="The status of the answer", examples=[422])
    detail: str | None = Field(None, title="What is wrong this time", examples=["it says so already"])
    errors: list[Wrong] | None = Field(None, title="What is wrong with the request, one by one")


class ProblemError(HTTPException):
    """Raised for a request that cannot be answered; `kind` names the problem, `detail` tells it."""

    def __init__(self, status: int, kind: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.kind = kind


def refused(error: StoreError | ValueError, language: str = "en") -> ProblemError:
    """Return the problem that records or rules do not allow what was asked."""
    return ProblemError(422, "refused", refusal_told(error, Texts(language)))


def add_handlers(app: FastAPI) -> None:
    """Let an application answer every error by a problem."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(StoreError, _no_store)
    app.add_exception_handler(MisfitsError, _undecided)
    app.add_exception_handler(Exception, _failed)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is the handler of these
    kind = error.kind if isinstance(error, ProblemError) else None
    detail = error.detail if isinstance(error, ProblemError) else None
    return problem(error.status_code, kind, detail, headers=dict(error.headers or {}))


def _not_understood(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is the handler of these
    found = error.errors()
    # Without the input, which may be long, and personal.
    wrong = [{"where": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
    is_broken = any(one["type"] == "json_invalid" for one in found)
    return problem(400 if is_broken else 422, "not-understood", "The request is not understood.", errors=wrong)


def _no_store(_request: Request, error: Exception) -> Response:
    _LOG.error("%s", error)
    return problem(503, "no-store", "The store cannot be reached.", headers={"Retry-After": "10"})


def _undecided(_request: Request, error: Exception) -> Response:
    """Say what is wrong with a customer's records."""
    assert isinstance(error, MisfitsError)  # noqa: S101 - it is the handler of these
    _LOG.error("%s", error)
    wrong = [{"where": "records", "message": each.problem.message} for each in error.misfits]
    return problem(422, "undecided", "What is recorded keeps the customer from being decided.", errors=wrong)


def _failed(request: Request, error: Exception) -> Response:
    _LOG.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, None, "Something went wrong on our side.")


def problem(
    status: int,
    kind: str | None = None,
    detail: str | None = None,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the answer to a request that went wrong."""
    type_ = "about:blank" if kind is None else f"urn:valuelift:problem:{kind}"
    said = {"type": type_, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "errors": errors}
    body = json.dumps({name: value for name, value in said.items() if value is not None})
    return Response(body, status, headers, MEDIA_TYPE)
