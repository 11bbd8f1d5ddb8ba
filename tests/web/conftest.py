"""The pages over a demo store, with an account for each role and ways to visit them."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from facts.accounts import Account, Role, add_account, open_session
from facts.demo import AS_OF
from facts.drafts import add_draft, report
from facts.store import Store
from web.access import SESSION
from web.app import application
from web.site import Settings

PASSWORD = "a long enough password"
MANAGER = "林悦"
OWN, FOREIGN = "silver-carp", "harrowmere"
"""A customer that the manager looks after, and one that another does."""


def form_token(html: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


@dataclass(frozen=True)
class Browser:
    """Somebody who looks at pages and sends their forms, without scripts."""

    client: TestClient

    def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        return self.client.get(path, headers=headers)

    def send(self, path: str, fields: Mapping[str, str] | None = None) -> Response:
        """Send a form as our pages do, with the token that they carry."""
        token = hashlib.sha256(f"form {self.client.cookies[SESSION]}".encode()).hexdigest()
        return self.client.post(path, data={"form_token": token, **(fields or {})})


@dataclass(frozen=True)
class Pages:
    """The application over a store, and who may visit it."""

    app: FastAPI
    store: Store

    def nobody(self, language: str = "en") -> Browser:
        """Return a browser in which nobody is logged in."""
        client = TestClient(self.app, follow_redirects=False, raise_server_exceptions=False)
        client.headers["accept-language"] = language
        return Browser(client)

    def visit(self, role: str, language: str = "en") -> Browser:
        """Return a browser in which the account of this role is logged in."""
        browser = self.nobody(language)
        browser.client.cookies.set(SESSION, open_session(self.store, role, datetime.now(UTC)))
        return browser


@pytest.fixture(scope="session")
def store_with_accounts(told_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a demo store with an account for each role, named as the role; not to be changed."""
    path = tmp_path_factory.mktemp("pages") / "pages.db"
    shutil.copy(told_store, path)
    store = Store.open(str(path))
    for role in Role:
        account = Account(role.value, role, MANAGER if role is Role.MANAGER else None)
        add_account(store, account, PASSWORD, datetime.now(UTC))
    number = add_draft(store, "ours", "1", b"", "author", datetime.now(UTC))
    report(store, number, '{"findings": [], "steps": [], "failed": ""}', datetime.now(UTC))
    store.close()
    return path


def serve_copy(original: Path, folder: Path) -> Iterator[Pages]:
    """Give the pages over a copy of a store."""
    path = folder / "copy.db"
    shutil.copy(original, path)
    store = Store.open(str(path))
    yield Pages(application(store, Settings(AS_OF)), store)
    store.close()


@pytest.fixture(scope="session")
def pages(store_with_accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Return the pages over a store that tests share which record nothing."""
    yield from serve_copy(store_with_accounts, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def own_pages(store_with_accounts: Path, tmp_path: Path) -> Iterator[Pages]:
    """Return the pages over a store of the test's own."""
    yield from serve_copy(store_with_accounts, tmp_path)


@pytest.fixture(scope="session")
def store_with_run(store_with_accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with accounts and a published run; not to be changed."""
    from tests.web.api import publish_run

    path = tmp_path_factory.mktemp("run") / "run.db"
    shutil.copy(store_with_accounts, path)
    publish_run(path)
    return path


@pytest.fixture(scope="session")
def served(store_with_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Return pages and interface over a store with a run that tests share which record nothing."""
    yield from serve_copy(store_with_run, tmp_path_factory.mktemp("served"))
