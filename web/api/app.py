"""The interface as an application of its own below /api/v1: its routes, its errors and its description."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError

from engine.errors import which_word
from web.api import decisions, explanations, operations, people, records
from web.api.callers import Limiter
from web.api.problems import MEDIA_TYPE, Problem, add_handlers
from web.site import Site

VERSION = "1.0.0"
"""Of the interface; what is added to answers makes a new minor version, what is taken away another path."""

_DESCRIPTION = """Decisions, explanations and records of Valuelift for other programs.

Send `Authorization: Bearer TOKEN` with a token of `valuelift token create`. Errors are problem details (RFC 9457).
Answers to GET carry an `ETag`; send it as `If-None-Match` to learn whether something has changed. A POST that records
takes an `Idempotency-Key`: sent twice, it is done once. A query parameter that is not described is refused.
"""

_PROBLEMS = {
    "400": "The body is no JSON.",
    "401": "The token is missing, forged, expired or revoked.",
    "403": "The token is not good for this.",
    "404": "There is no such thing, or it is not yours.",
    "409": "A request with this idempotency key is being worked on.",
    "413": "The body is too large.",
    "422": "The request is not understood, or the records do not allow it.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "500": "Something went wrong on our side.",
    "503": "The store cannot be reached, or it took too long.",
}
_ONLY_OF_POST = ("400", "409", "413")


class _Interface(FastAPI):
    """Describes its problems at every operation."""

    def openapi(self) -> dict[str, Any]:
        """Return the description."""
        return self._description

    @cached_property
    def _description(self) -> dict[str, Any]:
        found = super().openapi()
        schemas = found["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        for operations_of in found["paths"].values():
            for method, operation in operations_of.items():
                _describe(method, operation["responses"])
        return found


def _describe(method: str, responses: dict[str, Any]) -> None:
    """Add to an operation's answers that nothing has changed, and its problems."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status, description in _PROBLEMS.items():
        if method == "post" or status not in _ONLY_OF_POST:
            responses[status] = {"description": description, "content": {MEDIA_TYPE: schema}}
    if method == "get":
        tag = {"ETag": {"description": "Names this state of the answer.", "schema": {"type": "string"}}}
        responses["200"]["headers"] = tag
        responses["304"] = {"description": "Nothing has changed since the answer with this `ETag`."}


async def _require_described(request: Request) -> None:
    """Refuse a query with parameters that the operation's description does not have: they would be passed over.

    Raises:
        RequestValidationError: if there are such.
    """
    operations_of = request.app.openapi()["paths"][request.scope["route"].path_format]
    described = operations_of[request.method.lower()].get("parameters", ())
    known = [each["name"] for each in described if each["in"] == "query"]
    wrong = [
        {"type": "unknown", "loc": ("query", name), "msg": _unknown(name, known)}
        for name in request.query_params
        if name not in known
    ]
    if wrong:
        raise RequestValidationError(wrong)


def _unknown(name: str, known: list[str]) -> str:
    return f"There is no such parameter. {which_word(name, known) if known else 'None is taken here.'}"


def interface(site: Site) -> FastAPI:
    """Return the interface to a store."""
    app = _Interface(
        title="Valuelift", version=VERSION, description=_DESCRIPTION, docs_url=None, redoc_url=None,
        redirect_slashes=False, servers=[{"url": "/api/v1"}], root_path_in_servers=False,
    )  # fmt: skip
    app.state.site = site
    app.state.limiter = Limiter(site.settings.requests)
    # Paths with a customer's key, which has slashes in it, come after those that are longer.
    for module in (explanations, records, people, operations, decisions):
        app.include_router(module.router, dependencies=[Depends(_require_described)])
    add_handlers(app)
    return app
