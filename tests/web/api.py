"""Another program that asks the interface, and a store with a run to ask about."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from facts.accounts import Role
from facts.demo import AS_OF
from facts.house_tables import decisions
from facts.runs import Run, publish
from facts.store import Store
from facts.tokens import SCOPES, create_token
from tests.web.conftest import Pages
from web.api.problems import MEDIA_TYPE
from wiring import Desk, shipped_rules


@dataclass(frozen=True)
class Program:
    """A program with a token, or with none."""

    client: TestClient

    def get(self, path: str, **headers: str) -> Response:
        """Ask for something below /api/v1."""
        return self.request("GET", path, headers=headers)

    def post(self, path: str, body: Any, key: str | None = None) -> Response:
        """Send JSON to something below /api/v1."""
        named = {} if key is None else {"Idempotency-Key": key}
        headers = {"content-type": "application/json", **named}
        return self.request("POST", path, content=json.dumps(body).encode(), headers=headers)

    def request(self, method: str, path: str, **given: Any) -> Response:
        """Return the answer, once it is sure that it is one that the description has."""
        response = self.client.request(method, f"/api/v1{path}", **given)
        require_described(interface_of(self.client.app), method, path, response)
        return response


def program(pages: Pages, token: str | None) -> Program:
    """Return a program that sends a token."""
    client = TestClient(pages.app, follow_redirects=False, raise_server_exceptions=False)
    if token is not None:
        client.headers["authorization"] = f"Bearer {token}"
    return Program(client)


def program_of(pages: Pages, role: str) -> Program:
    """Return a program that asks in the name of the account of a role, for all that the role may."""
    return program(pages, token_of(pages.store, role))


@cache
def token_of(store: Store, role: str) -> str:
    """Return a token of the account of a role, made once."""
    return create_token(store, role, SCOPES[Role(role)], "test", datetime.now(UTC), timedelta(days=1))[1]


def interface_of(app: Any) -> FastAPI:
    """Return the application below /api/v1."""
    (found,) = [route.app for route in app.routes if getattr(route, "name", "") == "api"]
    assert isinstance(found, FastAPI)
    return found


def require_described(interface: FastAPI, method: str, path: str, response: Response) -> None:
    """Fail unless the description has this answer: its status, its type, and its form."""
    described, asked = interface.openapi(), path.partition("?")[0]
    fitting = [each for each in described["paths"] if re.fullmatch(re.sub(r"{\w+}", ".+", each), asked)]
    operation = next((each for name in fitting if (each := described["paths"][name].get(method.lower()))), None)
    if operation is None:
        assert response.status_code in (404, 405, 413)
        assert response.headers["content-type"] == MEDIA_TYPE
        return
    status = str(response.status_code)
    assert status in operation["responses"], f"{method} {path}: {status} {response.text[:400]}"
    content = operation["responses"][status].get("content")
    if content is None:
        assert response.content == b""
        return
    ((media_type, form),) = content.items()
    assert response.headers["content-type"] == media_type
    Draft202012Validator({**form["schema"], "components": described["components"]}).validate(response.json())


def publish_run(path: Path, facts: str = "facts") -> int:
    """Decide a whole store, publish that as a run, and return its number."""
    store = Store.open(str(path))
    rules = shipped_rules()
    decided = Desk(store, rules, AS_OF).overview()
    stamp, digest = rules.program.stamp, hashlib.sha256(facts.encode()).hexdigest()
    run = Run(AS_OF, datetime.now(UTC), stamp.name, stamp.version, stamp.digest, "-", digest, "test")
    kept = [name for name in (*decisions.c.keys(), "fired_rules") if name in decided.column_names]
    number = publish(store, run, len(decided), [decided.select(kept)])
    store.close()
    return number
