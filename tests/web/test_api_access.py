"""Who may ask what, on every route of the interface; tokens; and hostile input in every field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import delete, func, select, update

from facts.accounts import Role
from facts.database import StoreError
from facts.house_tables import api_tokens, audit
from facts.house_tables import reads as read_table
from facts.reads import log_reads
from facts.store import Store
from facts.tokens import SCOPES, Scope, create_token, revoke_token
from tests.commands.conftest import call_command
from tests.web.api import interface_of, program, program_of
from tests.web.conftest import FOREIGN, OWN, Pages

ANYONE, ANY_TOKEN = "anyone", "any token"

ROUTES: dict[tuple[str, str], str] = {
    ("GET", "/openapi.json"): ANYONE,
    ("HEAD", "/openapi.json"): ANYONE,
    ("GET", "/token"): ANY_TOKEN,
    ("GET", "/decisions"): Scope.READ,
    ("GET", "/decisions/{customer:path}"): Scope.READ,
    ("GET", "/customers/{customer:path}/recommendation"): Scope.READ,
    ("GET", "/customers/{customer:path}/why"): Scope.READ,
    ("GET", "/customers/{customer:path}/why-not"): Scope.READ,
    ("GET", "/customers/{customer:path}/path"): Scope.READ,
    ("GET", "/customers/{customer:path}/what-if"): Scope.READ,
    ("GET", "/customers/{customer:path}/questions"): Scope.READ,
    ("POST", "/customers/{customer:path}/facts"): Scope.RECORD,
    ("POST", "/customers/{customer:path}/communications"): Scope.RECORD,
    ("POST", "/customers/{customer:path}/effects"): Scope.RECORD,
    ("POST", "/customers/{customer:path}/actions"): Scope.RECORD,
    ("POST", "/customers/{customer:path}/stage"): Scope.CONFIRM,
    ("POST", "/customers/{customer:path}/undo"): Scope.RECORD,
    ("GET", "/customers/{customer:path}/contact"): Scope.PRIVACY,
    ("POST", "/customers/{customer:path}/contact/erase"): Scope.PRIVACY,
    ("GET", "/runs"): Scope.OPS,
    ("GET", "/runs/{run}"): Scope.OPS,
    ("POST", "/rules/check"): Scope.RULES,
}
"""Every route with the scope that it asks for: a new one fails the first test below until it has its line."""

MAY = {
    "manager": {Scope.READ, Scope.RECORD, Scope.CONFIRM},
    "author": {Scope.READ, Scope.RULES},
    "operator": {Scope.READ, Scope.RECORD, Scope.OPS},
    "auditor": {Scope.READ, Scope.OPS},
    "admin": {Scope.READ, Scope.RECORD, Scope.CONFIRM, Scope.OPS, Scope.RULES, Scope.PRIVACY},
}


def test_every_route_is_in_the_matrix(served: Pages) -> None:
    """The interface has exactly the routes whose access is laid down here, and every role its line."""
    routes = [(route.methods, str(route.path)) for route in iter_route_contexts(interface_of(served.app).routes)]
    assert {(method, path) for methods, path in routes for method in methods or ()} == set(ROUTES)
    assert {role.value: set(scopes) for role, scopes in SCOPES.items()} == MAY
    assert set(MAY) == {role.value for role in Role}


def status_of(asking: Any, method: str, path: str, customer: str) -> int:
    """Ask a route, of a POST with nothing in its body, and return the status of the answer."""
    address = path.replace("{customer:path}", customer).replace("{run}", "1")
    given: Any = {"json": {}} if method == "POST" else {}
    return int(asking.client.request(method, f"/api/v1{address}", **given).status_code)


@pytest.mark.parametrize("role", [*MAY, None])
def test_each_role_may_what_it_may_and_nothing_else(served: Pages, role: str | None) -> None:
    """On each route, for an own and a foreign customer, exactly those get through who are meant to."""
    wrong = []
    asking = program(served, None) if role is None else program_of(served, role)
    for (method, path), scope in ROUTES.items():
        for customer in (OWN, FOREIGN) if "{customer" in path else ("",):
            if scope == ANYONE:
                right = {200}
            elif role is None:
                right = {401}
            elif scope not in MAY[role] | {ANY_TOKEN}:
                right = {403}
            elif role == "manager" and customer == FOREIGN:
                right = {404}
            else:
                right = {200, 422}  # a question or a record without anything in it is not understood
            if (found := status_of(asking, method, path, customer)) not in right:
                wrong.append((method, path, customer, found))
    assert wrong == []


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_is_good_for_its_scopes_alone(served: Pages, scope: Scope) -> None:
    """A token of an admin for one scope opens the routes of that scope and no others."""
    token = create_token(served.store, "admin", [scope], "one", datetime.now(UTC), timedelta(days=1))[1]
    asking = program(served, token)
    for (method, path), asked in ROUTES.items():
        is_open = status_of(asking, method, path, OWN) != 403
        assert is_open is (asked in (scope, ANYONE, ANY_TOKEN)), (method, path)


def test_another_s_customer_is_as_unknown_as_one_that_is_not(served: Pages) -> None:
    """A manager's program cannot tell another's customer from none, and lists own ones alone."""
    asking = program_of(served, "manager")
    foreign, none = (asking.get(f"/customers/{key}/why") for key in (FOREIGN, "nobody-at-all"))
    assert (foreign.status_code, foreign.text) == (none.status_code, none.text)
    assert FOREIGN not in {line["customer"] for line in asking.get("/decisions?limit=200").json()["decisions"]}


# --- tokens ---


def test_forged_expired_and_revoked_tokens_open_nothing(own_pages: Pages) -> None:
    """No token, one changed by a letter, one too old, revoked, or of an account that is gone: each is answered 401."""
    store, now = own_pages.store, datetime.now(UTC)

    def made(life: timedelta = timedelta(days=1), role: str = "auditor") -> tuple[str, str]:
        token, secret = create_token(store, role, [Scope.READ], "", now, life)
        return token.id, secret

    id_, good = made()
    assert program(own_pages, good).get("/token").json()["scopes"] == ["read"]
    changed = good[:-1] + ("A" if good[-1] != "A" else "B")
    old, (revoked_id, revoked), (_, gone) = made(), made(), made(role="author")
    with store.writing() as connection:
        connection.execute(update(api_tokens).where(api_tokens.c.id == old[0]).values(expires_at=now))
    revoke_token(store, revoked_id, now)
    assert call_command("user", "remove", "author", "--db", store.url.database).code == 0
    for token in (changed, old[1], revoked, gone, f"vl_{id_}_", f"vl_{id_}", "vl__", "x", "é", "'; --"):
        headers = {b"authorization": f"Bearer {token}".encode()}
        answer = program(own_pages, None).request("GET", "/token", headers=headers)
        assert answer.status_code == 401, token
        assert answer.headers["www-authenticate"] == 'Bearer realm="valuelift", error="invalid_token"'
    for header in ("", "Bearer", f"Basic {good}", good):
        assert program(own_pages, None).get("/token", authorization=header).status_code == 401


def test_a_token_loses_what_its_role_loses(own_pages: Pages) -> None:
    """A token for recording records no more when its account may only look; it is kept as a digest alone."""
    store = own_pages.store
    asking = program_of(own_pages, "operator")
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE accounts SET role = 'auditor' WHERE name = 'operator'")
    assert asking.get("/token").json()["scopes"] == ["ops", "read"]
    secret = asking.client.headers["authorization"].rpartition("_")[2]
    with store.reading() as connection:
        assert secret not in str(connection.execute(select(api_tokens)).all())


def test_tokens_are_kept_from_the_command_line(own_pages: Pages) -> None:
    """A token is made and told once, listed without its secret, and revoked; what does not fit is said."""
    db = ("--db", own_pages.store.url.database)
    made = call_command("token", "create", "manager", "--scope", "read", "--label", "the ERP", *db)
    assert (made.code, made.output[:3]) == (0, "vl_")
    assert program(own_pages, made.output.strip()).get("/token").json()["account_manager"] == "林悦"
    (listed,) = call_command("token", "list", *db).lines
    id_ = listed.split()[0]
    assert "manager  read  good until" in listed
    assert made.output.split("_", 2)[2].strip() not in listed
    assert call_command("token", "revoke", id_, *db).code == 0
    assert program(own_pages, made.output.strip()).get("/token").status_code == 401
    assert "revoked" in call_command("token", "list", *db).output
    for arguments, code, said in (
        (("create", "manger", "--scope", "read"), 1, "Did you mean `manager`?"),
        (("create", "manager", "--scope", "rules"), 1, "may not rules"),
        (("create", "manager", "--scope", "red"), 2, "Did you mean `read`?"),
        (("create", "manager", "--scope", "read", "--days", "4000"), 2, "--days"),
        (("revoke", id_), 1, "revoked already"),
        (("revoke", "nothing"), 1, "no such token"),
    ):
        answer = call_command("token", *arguments, *db)
        assert (answer.code, said in answer.errors) == (code, True), answer.errors


# --- hostile input ---

HOSTILE = (
    "<script>alert(1)</script>", "'; DROP TABLE audit; --", "\" OR 1=1 --", "{{7*7}}", "../../etc/passwd", "%00",
    "a\x00b", "\u202e\ufeff", "\ud800", "x" * 5_000, "-1e999", "NaN", "𝒳" * 40, "\r\nSet-Cookie: a=b",
)  # fmt: skip


def fields_of(served: Pages) -> list[tuple[str, dict[str, Any]]]:
    """Return each path that records with a body of it that is right, from the description's own examples."""
    described = interface_of(served.app).openapi()

    def example(schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "examples" in schema:
            return schema["examples"][0]
        if schema.get("type") == "object":
            return {name: example(each) for name, each in schema["properties"].items() if name != "until"}
        if schema.get("type") == "array":
            return [example(schema["items"])]
        return "x"

    found = []
    for path, operations in described["paths"].items():
        if "post" in operations and "{customer}" in path:
            schema = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
            found.append((path.replace("{customer}", OWN), example(schema)))
    return found


def test_hostile_bodies_do_no_harm(served: Pages) -> None:
    """Markup, SQL, control characters and nonsense in every text of every body are refused or kept as mere text."""
    asking = program_of(served, "admin")
    bodies = fields_of(served)
    assert len(bodies) == 7
    for path, body in bodies:
        for number, name in enumerate(body):
            inner = body[name][0] if name == "answers" else {}
            texts = HOSTILE[number % 4 :: 4]  # every text in many fields, every field with many texts
            spoilt: list[dict[str, Any]] = [{"answers": [{**inner, fact: text}]} for fact in inner for text in texts]
            spoilt += [{**body, name: text} for text in texts]
            for each in spoilt:
                each = {**each, "on": "2027-01-01"} if name != "on" else each  # nothing of it is to be recorded
                assert asking.post(path, each).status_code == 422, (path, each)
    with served.store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(audit).where(audit.c.origin == "interface")) == 0


def test_hostile_texts_are_kept_as_text(own_pages: Pages) -> None:
    """Markup and SQL in a note come back as they were given in no answer, and harm neither page nor log."""
    asking = program_of(own_pages, "admin")
    path = f"/customers/{OWN}/facts"
    level = {"fact": "perception.brand", "value": "understood"}
    found = asking.post(path, {"answers": [{**level, "evidence": HOSTILE[0] + HOSTILE[1]}]})
    assert found.status_code == 201
    page = own_pages.visit("admin").get(f"/customers/{OWN}").text
    assert HOSTILE[0] not in page
    assert call_command("audit", "--db", own_pages.store.url.database).code == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_questions_do_no_harm(served: Pages, text: str) -> None:
    """In paths and queries the same is refused, or found to name nothing."""
    asking = program_of(served, "admin")
    given = text.encode("utf-8", "surrogatepass")
    for name in ("stage", "account_manager", "cursor", "run", "limit"):
        answer = asking.request("GET", "/decisions", params={name: given})
        assert answer.status_code in (200, 422)
        assert answer.status_code == 422 or answer.json()["decisions"] == []
    for path in ("why", "why-not", "what-if") if text in HOSTILE[::4] else ():
        params = {"subject": given, "about": "fact", "named": given, "set": given}
        assert asking.request("GET", f"/customers/{OWN}/{path}", params=params).status_code == 422
    assert asking.get(f"/decisions/{quote(given, safe='')}").status_code in (404, 422)
    assert asking.get(f"/runs/{quote(given, safe='')}").status_code in (404, 422)


# --- the log of reads ---


def test_it_is_noted_who_looks_at_whom(own_pages: Pages) -> None:
    """Pages and interface note each customer that they show, and to whom; what is refused is no read."""
    manager, asking = own_pages.visit("manager"), program_of(own_pages, "auditor")
    asking.get(f"/customers/{OWN}/recommendation")
    manager.get(f"/customers/{OWN}")
    manager.get(f"/customers/{FOREIGN}")
    program(own_pages, "forged").get(f"/customers/{OWN}/recommendation")
    db = ("--db", own_pages.store.url.database)
    found = call_command("audit", "--reads", "--customer", OWN, "--json", *db).json
    assert [(each["user"], each["origin"], each["what"]) for each in found] == [
        ("manager", "pages", "GET /customers/{customer:path}"),
        ("auditor", "interface", "GET /customers/{customer:path}/recommendation"),
    ]
    assert call_command("audit", "--reads", "--customer", FOREIGN, "--json", *db).json == []
    manager.get("/")
    listed = call_command("audit", "--reads", "--user", "manager", "--since", "2020-01-01", "--json", *db).json
    assert {each["customer"] for each in listed if each["what"] == "GET /"} >= {OWN}
    (line, *_) = call_command("audit", "--reads", "--customer", OWN, *db, "--lang", "zh").lines
    assert "（页面）" in line


def test_the_log_of_reads_is_only_added_to(store_url: str) -> None:
    """The database itself refuses to change or delete what was read."""
    store = Store.create(store_url)
    log_reads(store, "ana", "pages", "GET /", ["a"], datetime.now(UTC))
    for statement in (delete(read_table), update(read_table).values(read_by="nobody")):
        with pytest.raises(StoreError, match="only added to"), store.writing() as connection:
            connection.execute(statement)
    store.close()
