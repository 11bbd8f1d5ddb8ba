"""The application: all routes over one store, and what is answered when something goes wrong."""

from __future__ import annotations

import logging
from functools import partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from facts.database import StoreError
from facts.snapshot_checks import MisfitsError
from facts.store import Store
from web import customer, day, drafts, explaining, login, people, plan, portfolio, recording, rules
from web.access import LoginNeededError
from web.api.app import interface
from web.api.problems import problem
from web.guards import BodyTooLargeError, Guards
from web.rendering import STATIC, customer_path, page
from web.site import Settings, Site
from web.telling import event_of
from web.webhook import Teller

INTERFACE = "/api/v1"

_LOG = logging.getLogger("valuelift")


def application(store: Store, settings: Settings) -> FastAPI:
    """Return the application that serves a store."""
    app = FastAPI(title="Valuelift", openapi_url=None, docs_url=None, redoc_url=None)
    site = app.state.site = Site(store, settings)
    if settings.hook is not None:
        site.teller = Teller(settings.hook, partial(event_of, site))
    app.add_middleware(Guards, https=settings.https)
    app.mount(INTERFACE, interface(site), name="api")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    # Before `customer`, whose path takes a customer's key as it is, with slashes in it.
    for module in (login, day, portfolio, drafts, rules, explaining, recording, people, plan, customer):
        app.include_router(module.router, include_in_schema=False)
    app.add_exception_handler(LoginNeededError, _login_needed)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(BodyTooLargeError, _too_large)
    app.add_exception_handler(StoreError, _no_store)
    app.add_exception_handler(MisfitsError, _undecided)
    app.add_exception_handler(Exception, _failed)
    return app


def _login_needed(request: Request, _error: Exception) -> Response:
    """Send to the login page, and from there back to where somebody wanted to go."""
    wanted = request.url.path if request.method == "GET" else "/"
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    return RedirectResponse(login.address(wanted + query), 303)


def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _answer(request, status)


def _not_understood(request: Request, _error: Exception) -> Response:
    return _answer(request, 422)


def _too_large(request: Request, _error: Exception) -> Response:
    return _answer(request, 413)


def _no_store(request: Request, error: Exception) -> Response:
    _LOG.error("%s", error)
    return _answer(request, 503)


def _undecided(request: Request, error: Exception) -> Response:
    """Send to the page of the customer that cannot be decided, which says why."""
    _LOG.error("%s", error)
    return RedirectResponse(customer_path(request.path_params["customer"]), 303)


def _failed(request: Request, error: Exception) -> Response:
    _LOG.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500)


_EXPLAINED = (403, 404, 413, 422, 503)


def _answer(request: Request, status: int) -> Response:
    """Return the page that says what went wrong, in the reader's language and without anything from inside.

    Addresses of the interface come here if they are of no form that any of its routes has; programs read no pages.
    """
    if request.url.path.startswith(f"{INTERFACE}/"):
        return problem(status)
    return page(request, "error.html", status=status, said=f"error_{status if status in _EXPLAINED else 500}")
