"""Who may see and record what, on every route; and what protects sessions and forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from facts.accounts import FAILURES, IDLE, LOCKED, Role, logged_in, open_session
from facts.accounts import log_in as enter
from facts.demo import AS_OF
from facts.house_tables import account_sessions, accounts, audit
from tests.conftest import ROOT
from tests.web.conftest import FOREIGN, OWN, PASSWORD, Pages, form_token
from web.access import SESSION
from web.app import application
from web.guards import LARGEST_BODY
from web.site import Settings

ANYONE, LOGGED_IN, READ, RECORD, CONFIRM, AUTHOR, PRIVACY = (
    "anyone", "logged in", "read", "record", "confirm", "author", "privacy",
)  # fmt: skip

ROUTES = {
    ("GET", "/login"): ANYONE,
    ("POST", "/login"): ANYONE,
    ("GET", "/language/{language}"): ANYONE,
    ("POST", "/logout"): LOGGED_IN,
    ("GET", "/"): READ,
    ("GET", "/portfolio"): READ,
    ("GET", "/portfolio/customers"): READ,
    ("GET", "/portfolio/export/{figure}.{form}"): READ,
    ("GET", "/rules"): READ,
    ("GET", "/rules/items/{name}"): READ,
    ("GET", "/rules/graph"): READ,
    ("GET", "/rules/graph.svg"): READ,
    ("GET", "/rules/drafts"): AUTHOR,
    ("POST", "/rules/drafts"): AUTHOR,
    ("GET", "/rules/drafts/{number}"): AUTHOR,
    ("POST", "/rules/drafts/{number}/again"): AUTHOR,
    ("POST", "/rules/drafts/{number}/approve"): AUTHOR,
    ("POST", "/rules/drafts/{number}/discard"): AUTHOR,
    ("GET", "/customers/{customer:path}"): READ,
    ("GET", "/customers/{customer:path}/why"): READ,
    ("GET", "/customers/{customer:path}/why-not"): READ,
    ("GET", "/customers/{customer:path}/path"): READ,
    ("GET", "/customers/{customer:path}/what-if"): READ,
    ("POST", "/customers/{customer:path}/value"): RECORD,
    ("POST", "/customers/{customer:path}/effects"): RECORD,
    ("POST", "/customers/{customer:path}/records/{thing}"): RECORD,
    ("POST", "/customers/{customer:path}/actions"): RECORD,
    ("POST", "/customers/{customer:path}/answers"): RECORD,
    ("POST", "/customers/{customer:path}/undo"): RECORD,
    ("POST", "/customers/{customer:path}/stage"): CONFIRM,
    ("GET", "/customers/{customer:path}/plan"): READ,
    ("GET", "/customers/{customer:path}/contacts"): RECORD,
    ("GET", "/customers/{customer:path}/contacts/kept"): PRIVACY,
    ("GET", "/customers/{customer:path}/contacts/export"): PRIVACY,
    ("POST", "/customers/{customer:path}/contacts/erase"): PRIVACY,
}
"""Every route with what it asks of whoever comes: a new one fails the first test below until it has its line."""

PLACES = {
    "{language}": "en",
    "{figure}": "all",
    "{form}": "xlsx",
    "{name}": "stalled-new",
    "{number}": "1",
    "{thing}": "talk",
}
"""What stands in an address beside customers."""

MAY = {
    "manager": {LOGGED_IN, READ, RECORD, CONFIRM},
    "author": {LOGGED_IN, READ, AUTHOR},
    "operator": {LOGGED_IN, READ, RECORD},
    "auditor": {LOGGED_IN, READ},
    "admin": {LOGGED_IN, READ, RECORD, CONFIRM, AUTHOR, PRIVACY},
}

FORBIDDEN, DONE = {403, 404}, {200, 303, 422}
"""Answers to those who may not, and to those who may: a form with nothing filled in is not understood."""


def test_every_route_is_in_the_matrix(pages: Pages) -> None:
    """The application has exactly the routes whose access is laid down here, and every role its line."""
    routes = [(route.methods, str(route.path)) for route in iter_route_contexts(pages.app.routes)]
    found = {(method, path) for methods, path in routes for method in methods or ()}
    assert found == set(ROUTES)
    assert [path for methods, path in routes if not methods] == ["/api/v1", "/static"]  # see test_api_access.py
    assert set(MAY) == {role.value for role in Role}


@pytest.mark.parametrize("role", [*MAY, None])
def test_each_role_may_what_it_may_and_nothing_else(pages: Pages, role: str | None) -> None:
    """On each route, for an own and a foreign customer, exactly those get through who are meant to."""
    wrong = []
    for (method, path), asked in ROUTES.items():
        if path == "/login":
            continue
        for customer in (OWN, FOREIGN) if "{customer" in path else ("",):
            browser = pages.nobody() if role is None else pages.visit(role)
            address = path.replace("{customer:path}", customer)
            for name, given in PLACES.items():
                address = address.replace(name, given)
            answer = browser.send(address) if method == "POST" and role else browser.client.request(method, address)
            may = asked == ANYONE or (
                role is not None and asked in MAY[role] and (role != "manager" or customer != FOREIGN)
            )
            sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/login")
            is_right = answer.status_code in (DONE if may else FORBIDDEN)
            if role is None and not may:
                is_right = sent_away
            elif sent_away:
                is_right = path == "/logout"
            if not is_right:
                wrong.append((method, address, answer.status_code))
    assert wrong == []


def test_a_foreign_customer_is_as_unknown_as_one_that_is_not(pages: Pages) -> None:
    """A manager cannot tell another's customer from none, and does not find it in the list."""
    manager = pages.visit("manager")
    foreign, none = manager.get(f"/customers/{FOREIGN}"), manager.get("/customers/nobody-at-all")
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert foreign.text.replace(FOREIGN, "") == none.text.replace("nobody-at-all", "")
    listed = manager.get("/").text
    assert f"/customers/{OWN}" in listed
    assert f"/customers/{FOREIGN}" not in listed
    assert f"/customers/{FOREIGN}" not in manager.get("/?manager=Tomas+Reiter").text


# --- sessions ---


def log_in(pages: Pages, name: str, password: str, to: str = "/") -> tuple[int, str]:
    """Return the answer's status and where it leads to."""
    browser = pages.nobody()
    token = form_token(browser.get("/login").text)
    fields = {"name": name, "password": password, "form_token": token, "to": to}
    answer = browser.client.post("/login", data=fields)
    return answer.status_code, answer.headers.get("location", "")


def test_somebody_logs_in_and_out(pages: Pages) -> None:
    """The right password opens a session, whose token is worth nothing once somebody has logged out."""
    browser = pages.nobody()
    sent = browser.get(f"/customers/{OWN}?recorded=1")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/login?to=%2Fcustomers%2F{OWN}%3Frecorded%3D1")
    token = form_token(browser.get("/login").text)
    answer = browser.client.post("/login", data={"name": "auditor", "password": PASSWORD, "form_token": token})
    cookie = answer.headers["set-cookie"]
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get("/").status_code == 200
    session = browser.client.cookies[SESSION]
    assert browser.send("/logout").headers["location"] == "/login"
    browser.client.cookies.set(SESSION, session)
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_leads_nowhere_else(pages: Pages, to: str) -> None:
    """An address of another server is not gone to after logging in, nor after choosing the language."""
    assert pages.nobody().client.get("/language/zh", params={"to": to}).headers["location"] == "/"
    login = pages.nobody().client.get("/login", params={"to": to})
    assert 'name="to" value="/"' in login.text


def test_too_many_wrong_passwords_lock_an_account(own_pages: Pages) -> None:
    """After five wrong passwords the right one is refused too, for a quarter of an hour; a success starts anew."""

    def fail_but(more: int) -> None:
        """Let so many wrong passwords be given as leave this many more, and give one of those."""
        with own_pages.store.writing() as connection:
            connection.execute(update(accounts).where(accounts.c.failures == 0).values(failures=FAILURES - more))
        assert log_in(own_pages, "admin", "wrong")[0] == 403

    fail_but(2)
    assert log_in(own_pages, "admin", PASSWORD) == (303, "/")
    fail_but(1)
    assert log_in(own_pages, "admin", PASSWORD)[0] == 403
    later = datetime.now(UTC) + LOCKED + timedelta(seconds=1)
    assert enter(own_pages.store, "admin", PASSWORD, later) is not None


def test_a_session_ends(own_pages: Pages) -> None:
    """A session ends after an hour without a request, and after half a day anyhow; a forged token opens none."""
    now = datetime.now(UTC)
    token = open_session(own_pages.store, "admin", now - IDLE)
    assert logged_in(own_pages.store, token, now - timedelta(seconds=1)) is not None  # and that was a request
    assert logged_in(own_pages.store, token, now + IDLE - timedelta(minutes=1)) is not None
    assert logged_in(own_pages.store, token, now + 3 * IDLE) is None
    with own_pages.store.writing() as connection:
        connection.execute(update(account_sessions).values(seen_at=now + timedelta(hours=12)))
    assert logged_in(own_pages.store, token, now + timedelta(hours=12)) is None
    assert logged_in(own_pages.store, "forged", now) is None


# --- forms, headers, bodies ---


def entries_of(pages: Pages) -> int:
    """Return how many entries the log has."""
    with pages.store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(audit)) or 0


@pytest.mark.parametrize("token", ["", "forged"])
def test_another_site_cannot_send_our_forms(pages: Pages, token: str) -> None:
    """A form without the session's token is refused, and so is a login form of another browser."""
    browser = pages.visit("admin")
    before = entries_of(pages)
    fields = {"value_kind": "brand", "medium": "visit", "form_token": token}
    assert browser.client.post(f"/customers/{OWN}/value", data=fields).status_code == 403
    assert browser.client.post("/logout", data={"form_token": token}).status_code == 403
    login = {"name": "admin", "password": PASSWORD, "form_token": token}
    assert pages.nobody().client.post("/login", data=login).status_code == 403
    assert entries_of(pages) == before


def test_every_answer_carries_the_headers(pages: Pages) -> None:
    """Scripts and styles come from this server's files alone, no other site frames a page, and nothing is kept."""
    for path in ("/", "/login", "/nothing", f"/customers/{FOREIGN}"):
        headers = pages.visit("manager").get(path).headers
        assert "script-src 'self'; style-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_too_large_a_body_is_refused(pages: Pages) -> None:
    """A request that sends more than a form can need is not read to its end."""
    browser = pages.visit("admin")
    body = {"form_token": form_token(browser.get("/").text), "reason": "x" * LARGEST_BODY}
    assert browser.client.post(f"/customers/{OWN}/effects", data=body).status_code == 413


def test_a_crash_tells_nothing_from_inside(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong inside is said in plain words, without a name or path of the code."""
    monkeypatch.setattr(pages.app.state.site, "decided_by", lambda _customers: 1 / 0)
    answer = pages.visit("admin").get(f"/customers/{OWN}")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "ZeroDivision" not in answer.text


def test_each_test_that_the_security_page_names_is_there() -> None:
    """docs/security.md names a test for every line of the top ten, and each of them exists."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if re.match(r"\| (\| )?A\d\d ", line)]
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "web").glob("test_*.py"))
    assert len(lines) == 11
    assert [line for line in lines if "test_" not in line] == []
    assert [name for name in re.findall(r"`(test_\w+)`", page) if f"def {name}(" not in written] == []


def test_nothing_is_served_beside_the_pages(pages: Pages) -> None:
    """Neither an interface to explore nor files of the code are there, whichever way somebody asks for them."""
    browser = pages.visit("admin")
    for path in ("/docs", "/redoc", "/openapi.json", "/static/../web/app.py", "/static/%2e%2e/app.py", "/static/"):
        assert browser.get(path).status_code == 404


def test_pages_load_nothing_from_elsewhere(pages: Pages) -> None:
    """Every script, style and picture of a page comes from this server."""
    for path in ("/", "/portfolio", f"/customers/{OWN}"):
        html = pages.visit("manager").get(path).text
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', html)
        assert len(loaded) >= 4
        assert [address for address in loaded if not address.startswith("/static/")] == []


def test_behind_https_cookies_and_browsers_stay_there(pages: Pages) -> None:
    """Where a proxy speaks HTTPS, cookies are sent by it alone, and browsers are told to come by it."""
    answer = TestClient(application(pages.store, Settings(AS_OF, https=True))).get("/login")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_store_that_is_away_is_said_and_comes_back(own_pages: Pages, tmp_path: Path) -> None:
    """While the database cannot be reached a page says so in plain words; when it is back, all goes on."""
    browser, path = own_pages.visit("admin"), tmp_path / "copy.db"
    path.rename(tmp_path / "away.db")
    answer = browser.get(f"/customers/{OWN}")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
    path.unlink(missing_ok=True)
    (tmp_path / "away.db").rename(path)
    assert browser.get(f"/customers/{OWN}").status_code == 200
