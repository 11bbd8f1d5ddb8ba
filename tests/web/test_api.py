"""The interface for other programs: what it answers, what it records, and how it refuses.

Each answer is held against the description at once (`tests/web/api.py`).
"""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from facts.accounts import Account, Role, add_account
from facts.audit import entries
from facts.demo import AS_OF
from facts.house_tables import kept_answers
from facts.kept_answers import GIVEN_UP, KEPT, Kept, claim, give_back, keep
from facts.recording import record
from facts.store import Store
from facts.tokens import Scope, create_token
from tests.commands.conftest import DAY, call_command
from tests.web.api import interface_of, program, program_of, publish_run, token_of
from tests.web.conftest import FOREIGN, MANAGER, OWN, PASSWORD, Pages
from web.api.callers import Limiter
from web.app import application
from web.guards import LARGEST_BODY
from web.site import Settings
from wiring import Desk, shipped_pack, shipped_rules

CUSTOMER = f"/customers/{OWN}"
SCORE = {"fact": "credit_score", "value": "640"}
TOLD = {"value_kind": "product", "medium": "visit", "audience_role": "user", "on": "2026-06-10"}


# --- stored decisions ---


def all_pages(served: Pages, role: str, query: str = "") -> list[dict[str, Any]]:
    """Return the decisions of all pages."""
    asking, found, cursor = program_of(served, role), [], ""
    while True:
        page = asking.get(f"/decisions?limit=25{query}{cursor}").json()
        found += page["decisions"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_stored_decisions_come_page_by_page(served: Pages, store_with_run: Path) -> None:
    """All pages together have each decision once; filters keep those that say so, a manager's own ones alone."""
    store = Store.open(str(store_with_run))
    expected = {row["customer"]: row for row in Desk(store, shipped_rules(), AS_OF).overview().to_pylist()}
    store.close()
    lines = all_pages(served, "admin")
    assert [line["customer"] for line in lines] == sorted(expected)
    for line in lines:
        row = expected[line["customer"]]
        assert {name: line[name] for name in ("stage", "proposed_stage", "move", "value_next", "provisional")} == {
            name: row[name] for name in ("stage", "proposed_stage", "move", "value_next", "provisional")
        }
    for name, value in (("stage", "new"), ("move", "up"), ("provisional", "true"), ("account_manager", MANAGER)):
        wanted = {"true": True}.get(value, value)
        chosen = [line for line in lines if line[name] == wanted]
        assert 0 < len(chosen) < len(lines)
        assert all_pages(served, "admin", f"&{name}={value}") == chosen
    own = [line for line in lines if line["account_manager"] == MANAGER]
    assert all_pages(served, "manager") == own
    assert all_pages(served, "manager", "&account_manager=Marta+Holm") == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/decisions?stage=nwe", "stage: 'nwe' is not known. Did you mean `new`?"),
        ("/decisions?move=zzz", "move: 'zzz' is not known. It is one of "),
        ("/decisions?account_manager=Marta+Hoim", "Did you mean `Marta Holm`?"),
        ("/decisions?stag=new", "Did you mean `stage`?"),
        (f"/decisions/{OWN}?as_of=2026-06-30", "There is no such parameter. It is one of run."),
        (f"{CUSTOMER}/recommendation?as_of=2026-06-30", "There is no such parameter. It is one of lang."),
        ("/token?lang=zh", "There is no such parameter. None is taken here."),
    ],
)
def test_a_misspelt_filter_is_refused(served: Pages, path: str, said: str) -> None:
    """A word or parameter that is not known is refused by name: it would let nothing, or everything, through."""
    found = program_of(served, "admin").get(path)
    assert found.status_code == 422
    problem = found.json()
    assert said in str(problem.get("errors") or problem["detail"])


def test_a_filter_that_fits_nobody_lets_nothing_through(served: Pages) -> None:
    """Known words that no decision has are answered by an empty list; managers learn no names of others."""
    assert program_of(served, "admin").get("/decisions?stage=exited&move=up").json()["decisions"] == []
    assert program_of(served, "manager").get("/decisions?account_manager=Marta+Hoim").json()["decisions"] == []


def test_a_refused_word_is_told_in_chinese(served: Pages) -> None:
    """What there is instead stands in the words of the language that is asked for."""
    found = program_of(served, "admin").post(f"{CUSTOMER}/communications?lang=zh", {**TOLD, "medium": "pigeon"})
    assert "medium: 没有“pigeon”这一项，可填：" in found.json()["detail"]
    found = program_of(served, "manager").get(f"{CUSTOMER}/why?subject=nonsense&lang=zh")
    assert found.json()["detail"] == "规则包中没有“nonsense”这一事实、行动或规则。"


def test_pages_are_of_one_run(store_with_run: Path, tmp_path: Path) -> None:
    """A run that is published while somebody reads does not mix with the one that is being read."""
    path = tmp_path / "two.db"
    shutil.copy(store_with_run, path)
    store = Store.open(str(path))
    pages = Pages(application(store, Settings(AS_OF)), store)
    asking = program_of(pages, "admin")
    first = asking.get("/decisions?limit=2").json()
    second = publish_run(path, "other facts")
    assert second != first["run"]["run"]
    assert asking.get(f"/decisions?cursor={first['next']}").json()["run"] == first["run"]
    assert asking.get("/decisions").json()["run"]["run"] == second
    assert asking.get(f"/decisions/{OWN}?run={first['run']['run']}").json()["run"] == first["run"]
    assert asking.get(f"/decisions/{OWN}?run=99").status_code == 404
    assert asking.get("/decisions?cursor=WzFd").status_code == 422
    store.close()


def test_one_stored_decision_says_by_which_rules(served: Pages) -> None:
    """A stored decision has the line of the list, and the rules that fired now too."""
    asking = program_of(served, "manager")
    found = asking.get(f"/decisions/{OWN}").json()["decision"]
    now = asking.get(f"{CUSTOMER}/recommendation").json()["decision"]
    assert set(found["fired_rules"]) == {each["rule"] for each in now["fired"]}
    (line,) = [each for each in all_pages(served, "manager") if each["customer"] == OWN]
    assert {name: found[name] for name in line} == line
    assert asking.get(f"/decisions/{FOREIGN}").status_code == 404


def test_what_has_not_changed_is_not_sent_again(served: Pages) -> None:
    """With the tag of an answer the same question is answered by 304, another one in full."""
    asking = program_of(served, "admin")
    for path in ("/decisions", f"/decisions/{OWN}", f"{CUSTOMER}/recommendation"):
        tag = asking.get(path).headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = asking.get(path, **{"if-none-match": known})
            assert (again.status_code, again.headers["etag"]) == (304, tag)
        assert asking.get(path, **{"if-none-match": '"other"'}).status_code == 200


# --- one customer ---


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("recommendation?lang=zh", ("recommend", OWN, "--lang", "zh")),
        ("why", ("why", OWN)),
        ("why?subject=value_next&audience=auditor", ("why", OWN, "value_next", "--for", "auditor")),
        ("why-not?about=stage&named=core", ("why-not", OWN, "--stage", "core")),
        ("why-not?about=fact&named=move%3Dup", ("why-not", OWN, "--fact", "move=up")),
        ("path?about=stage&named=established", ("path", OWN, "--to", "established")),
        ("what-if?set=stage%3Dcore&set=orders_90d%3D", ("what-if", OWN, "--set", "stage=core", "--set", "orders_90d=")),
        ("questions", ("ask", OWN)),
    ],
)  # fmt: skip
def test_it_answers_what_the_command_line_answers(
    served: Pages, store_with_run: Path, path: str, command: tuple[str, ...]
) -> None:
    """Recommendation and explanations are those of `--json`, word for word."""
    expected = call_command(*command, "--json", "--as-of", DAY, "--db", store_with_run)
    found = program_of(served, "auditor").get(f"{CUSTOMER}/{path}")
    assert (found.status_code, found.json()) == (200, expected.json)


@pytest.mark.parametrize(
    "path",
    [
        "why?subject=nonsense", "why?depth=0", "why-not?about=stage&named=nonsense", "why-not?about=stage",
        "why-not?about=fact&named=stage", "what-if?set=nonsense%3D1", "what-if", "recommendation?lang=fr",
        "path?about=value&named=x",
    ],
)  # fmt: skip
def test_questions_that_make_no_sense_are_refused(served: Pages, path: str) -> None:
    """What is misspelt or left out is told in a problem."""
    found = program_of(served, "auditor").get(f"{CUSTOMER}/{path}")
    assert found.status_code == 422
    assert found.json()["detail"]


def test_a_recommendation_lists_what_was_taken_on_and_is_not_advised_any_more(own_pages: Pages) -> None:
    """Nothing else would tell a program of it."""
    asking = program_of(own_pages, "manager")
    assert asking.get(f"{CUSTOMER}/recommendation").json()["left_open"] == []
    assert asking.post(f"{CUSTOMER}/actions", {"action": "agree-payment-plan", "state": "open"}).status_code == 201
    (left_open,) = asking.get(f"{CUSTOMER}/recommendation?lang=zh").json()["left_open"]
    assert left_open == {
        "action": {"id": "agree-payment-plan", "title": "约定还款计划"},
        "about": "",
        "due_on": None,
    }


# --- records ---


def test_an_action_is_about_a_row_of_its_kind(own_pages: Pages) -> None:
    """A key that the customer does not have, or one against the action's kind, is refused in the reader's language."""
    asking = program_of(own_pages, "manager")
    action = {"action": "settle-complaint", "state": "open", "about": "nonsense"}
    refused = asking.post(f"{CUSTOMER}/actions", action)
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "settle-complaint is not recorded as open: 'nonsense' is none of the customer's complaints.",
    )
    told = asking.post(f"{CUSTOMER}/actions?lang=zh", action).json()["detail"]
    assert told == "行动没有登记：“nonsense”不是该客户相应记录的编号。"
    whole = {"action": "visit-customer", "state": "open", "about": "nonsense"}
    assert "about the customer as a whole" in asking.post(f"{CUSTOMER}/actions", whole).json()["detail"]


def test_a_record_says_what_changes_by_it(own_pages: Pages) -> None:
    """A value, its effect, an action and facts are recorded as on the pages, and each answer says what changes."""
    asking = program_of(own_pages, "manager")
    told = asking.post(f"{CUSTOMER}/communications", TOLD)
    assert told.status_code == 201
    assert told.json()["recommendation_changed"]
    (entry,) = entries(own_pages.store, number=told.json()["number"])
    assert (entry.user, entry.origin, entry.customer) == ("manager", "interface", OWN)
    key = told.json()["says"][0]["key"]
    heard = asking.post(f"{CUSTOMER}/effects", {"communication": key, "outcome": "accepted", "contact": "user"})
    assert {"what": "Perception: product", "before": "understood", "after": "accepted"} in heard.json()["changes"]
    answers = [SCORE, {"fact": "judgement.both_want", "value": "yes", "sure": "seen"}]
    assert len(asking.post(f"{CUSTOMER}/facts", {"answers": answers}).json()["says"]) == 2
    declined = {"action": "ask-needs", "state": "declined", "because": "other", "reason": "<b>no</b>"}
    actions = {each["action"] for each in asking.get(f"{CUSTOMER}/recommendation").json()["decision"]["actions"]}
    declined["action"] = min(actions)
    assert asking.post(f"{CUSTOMER}/actions", declined).status_code == 201
    recorded = call_command("audit", "--user", "manager", "--db", own_pages.store.url.database)
    assert recorded.output.count("(interface)") == 4


def test_a_stage_is_confirmed_and_taken_back(own_pages: Pages) -> None:
    """The proposal is confirmed as it is, another stage with a reason; only who did it takes it back, and once."""
    asking = program_of(own_pages, "manager")
    standing = asking.get(f"{CUSTOMER}/recommendation").json()
    stage, proposed = standing["decision"]["values"]["stage"], standing["decision"]["values"]["proposed_stage"]
    refused = asking.post(f"{CUSTOMER}/stage", {"stage": "problem"})
    assert (refused.status_code, "reason" in refused.json()["detail"]) == (422, True)
    assert asking.post(f"{CUSTOMER}/stage", {"stage": "problem", "reason": " \u3000"}).status_code == 422
    done = asking.post(f"{CUSTOMER}/stage", {"stage": "problem", "reason": "they told us to go"}, key="s1").json()
    assert (done["done"], done["says"][0]["stage"]) == ("recorded", "problem")
    undo = {"number": done["number"]}
    for other in (program_of(own_pages, "admin"), program(own_pages, token_for(own_pages, Scope.RECORD))):
        assert other.post(f"{CUSTOMER}/undo", undo).status_code == 422
    back = asking.post(f"{CUSTOMER}/undo", undo).json()
    assert (back["done"], back["number"], back["recommendation_changed"]) == ("undone", done["number"], True)
    assert asking.post(f"{CUSTOMER}/undo", undo).status_code == 422
    assert asking.get(f"{CUSTOMER}/recommendation").json()["decision"]["values"]["stage"] == stage
    assert asking.post(f"{CUSTOMER}/stage", {"stage": proposed}).status_code == 201


@pytest.mark.parametrize(
    ("on", "settled"), [(date(2026, 6, 20), date(2026, 6, 10)), (date(1700, 1, 1), None), (date.min, None)]
)
def test_what_a_customer_cannot_be_decided_with_is_taken_back(own_pages: Pages, on: date, settled: date | None) -> None:
    """A row with which nothing can be decided, as an older version stored it, is taken back; then there is advice."""
    asking = program_of(own_pages, "manager")
    before = asking.get(f"{CUSTOMER}/recommendation").json()
    said = {"customer": OWN, "signal": "price_high", "holds_from": on, "settled_on": settled}
    number = record(own_pages.store, "complaints", [said], user="manager", source="interface").entry
    assert asking.get(f"{CUSTOMER}/recommendation").status_code == 422
    undo = {"number": number}
    told = asking.post(f"{CUSTOMER}/undo", undo, key="u1")
    assert told.status_code == 201
    back = told.json()
    assert (back["done"], back["number"], back["customer"]) == ("undone", number, OWN)
    assert (back["changes"], back["recommendation_changed"]) == (None, None)
    assert back["recommendation"] == before["recommendation"]
    assert asking.post(f"{CUSTOMER}/undo", undo, key="u1").json() == back
    assert asking.get(f"{CUSTOMER}/recommendation").json() == before


def token_for(pages: Pages, scope: Scope) -> str:
    """Return a token of the manager for one scope alone."""
    return create_token(pages.store, "manager", [scope], "one", datetime.now(UTC), timedelta(days=1))[1]


def test_a_person_is_given_out_and_erased(own_pages: Pages) -> None:
    """What is kept about a contact is answered whole, and after the erasure nothing of it."""
    asking = program_of(own_pages, "admin")
    person = {"key": f"{OWN}/x", "customer": OWN, "name": "Ida Berg", "role": "buyer", "holds_from": date(2026, 1, 1)}
    record(own_pages.store, "contacts", [person], user="ann", source="test")
    kept = asking.get(f"{CUSTOMER}/contact?contact=Ida%20Berg").json()
    assert [row["name"] for row in kept["rows"]] == ["Ida Berg"]
    before = asking.get(f"{CUSTOMER}/recommendation").json()
    done = asking.post(f"{CUSTOMER}/contact/erase", {"contact": "x"}, key="e1")
    assert (done.status_code, done.json()["rows"]) == (201, {"contacts": 1})
    assert asking.post(f"{CUSTOMER}/contact/erase", {"contact": "x"}, key="e1").headers["idempotency-replayed"]
    assert "Ida" not in asking.get(f"{CUSTOMER}/contact?contact=x").text
    assert asking.get(f"{CUSTOMER}/recommendation").json() == before
    assert asking.get(f"{CUSTOMER}/contact?contact=nobody").status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("facts", {"answers": [SCORE, {"fact": "nonsense", "value": "1"}]}, "There is no fact"),
        ("facts", {"answers": [{**SCORE, "value": "much"}]}, "is no value"),
        ("facts", {"answers": [SCORE, SCORE]}, "once at a time"),
        ("communications", {**TOLD, "value_kind": "nonsense"}, "value_kind: "),
        ("communications", {**TOLD, "on": "2026-07-01"}, "lies after"),
        ("communications", {**TOLD, "value_kind": "prduct"}, "'prduct' is not known. It is one of product, "),
        ("stage", {"stage": "nwe"}, "stage: 'nwe' is not known. It is one of potential, "),
        ("effects", {"communication": "nonsense", "outcome": "accepted"}, "not on record"),
        ("actions", {"action": "convey-value", "state": "declined"}, "reason"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_recorded(served: Pages, path: str, body: dict[str, Any], said: str) -> None:
    """A record that the store or the rules refuse leaves nothing behind, and the problem says why."""
    before = entries(served.store)
    found = program_of(served, "admin").post(f"{CUSTOMER}/{path}", body, key="once")
    assert found.status_code == 422
    assert found.json()["type"] == "urn:valuelift:problem:refused"
    assert said in found.json()["detail"]
    assert entries(served.store) == before


def test_a_request_that_is_sent_twice_is_done_once(own_pages: Pages) -> None:
    """Under the same key the same request is answered from memory, and another one is refused."""
    asking, path = program_of(own_pages, "admin"), f"{CUSTOMER}/communications"
    first = asking.post(path, TOLD, key="a")
    again = asking.post(path, TOLD, key="a")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(entries(own_pages.store, user="admin")) == 1
    assert asking.post(path, {**TOLD, "medium": "telephone"}, key="a").json()["type"].endswith("key-reused")
    assert asking.post(f"/customers/{FOREIGN}/communications", TOLD, key="a").status_code == 422
    refused = {**TOLD, "on": "2027-01-01"}
    assert asking.post(path, refused, key="b").status_code == 422
    assert asking.post(path, {**TOLD, "medium": "telephone"}, key="b").status_code == 201  # nothing was done under it
    assert program_of(own_pages, "operator").post(path, TOLD, key="a").status_code == 422  # another's keys are not mine
    assert asking.post(path, TOLD, key="with blank").status_code == 422
    with own_pages.store.writing() as connection:  # as if the first were still being worked on
        connection.execute(update(kept_answers).values(status=None))
    found = asking.post(path, TOLD, key="a")
    assert (found.status_code, found.headers["retry-after"]) == (409, "1")
    later = datetime.now(UTC) + GIVEN_UP + timedelta(seconds=1)
    assert claim(own_pages.store, "admin", "a", "-", later) is None  # whoever worked on it has died
    assert claim(own_pages.store, "admin", "a", "-", later) is not None


def test_the_key_of_a_request_is_kept_for_a_day(store_url: str) -> None:
    """A key is taken once, and is free again when its request failed or its answer is a day old."""
    store, now = Store.create(store_url), datetime.now(UTC)
    add_account(store, Account("ana", Role.ADMIN, None), PASSWORD, now)
    assert claim(store, "ana", "a", "digest", now) is None
    assert claim(store, "ana", "a", "digest", now) == Kept("digest", None, None)
    give_back(store, "ana", "a")
    assert claim(store, "ana", "a", "digest", now) is None
    keep(store, "ana", "a", 201, "{}")
    give_back(store, "ana", "a")
    assert claim(store, "ana", "a", "other", now) == Kept("digest", 201, "{}")
    assert claim(store, "ana", "a", "other", now + KEPT + timedelta(seconds=1)) is None
    store.close()


# --- runs and rules ---


def test_runs_are_listed(served: Pages) -> None:
    """The run is listed, found by its number, and nothing tells where it lies on this machine."""
    asking = program_of(served, "operator")
    (run,) = asking.get("/runs").json()["runs"]
    assert asking.get(f"/runs/{run['number']}").json() == run
    assert asking.get("/runs/nonsense").status_code == 404
    assert "folder" not in run


def test_a_pack_is_checked(served: Pages, tmp_path: Path) -> None:
    """The findings on a pack are those of `rules check`; a pack cannot make the server read other folders."""
    rules = "rules:\n  - rule: short\n    title: {en: A, zh: 一}\n    when: {stagee: new}\n    set: {move: up}\n"
    manifest = "pack: ours\nversion: 1.0.0\nextends: ../value_marketing\ntitle: {en: Ours, zh: 我们的}\n"
    folder = tmp_path / "pack"
    folder.mkdir()
    (tmp_path / "value_marketing").symlink_to(shipped_pack())
    files = {"pack.yaml": manifest, "rules.yaml": rules}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    expected = call_command("rules", "check", folder, "--json").json["findings"]
    for one in expected:
        one["file"] = one["file"].removeprefix(f"{folder}/")
    asking = program_of(served, "author")
    found = asking.post("/rules/check", {"files": files}).json()["findings"]
    assert found == expected
    assert {"unknown-fact", "missing-key"} & {one["id"] for one in found}
    chinese = asking.post("/rules/check?lang=zh", {"files": files}).json()["findings"]
    assert {"客户没有事实`stagee`。", "规则`short`缺少`because`。"} <= {one["message"] for one in chinese}
    other = {**files, "pack.yaml": manifest.replace("../value_marketing", "/etc")}
    assert "extends ../value_marketing or nothing" in asking.post("/rules/check", {"files": other}).json()["detail"]
    for name in ("../pack.yaml", "/etc/pack.yaml", "a/../../b.yaml", "pack.txt", "a\x00.yaml"):
        assert asking.post("/rules/check", {"files": {name: ""}}).status_code == 422


# --- problems ---


def test_every_error_is_a_problem(served: Pages) -> None:
    """Unknown paths, wrong methods, bodies that are too large, broken or of another form are told in one form."""
    asking = program_of(served, "admin")
    path = f"{CUSTOMER}/communications"
    assert asking.get("/nothing").json() == {"type": "about:blank", "title": "Not Found", "status": 404}
    wrong = asking.request("DELETE", "/decisions")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    large = b'{"medium": "' + b"x" * LARGEST_BODY + b'"}'
    assert asking.request("POST", path, content=large).status_code == 413
    kind = {"content-type": "application/json"}
    assert asking.request("POST", path, content=b"{", headers=kind).status_code == 400
    assert asking.request("POST", path, content=b"[" * 100_000, headers=kind).status_code in (400, 422)
    found = asking.post(path, {"mediums": "visit"})
    assert found.status_code == 422
    assert {one["where"] for one in found.json()["errors"]} == {"body.value_kind", "body.medium", "body.mediums"}


def test_a_crash_tells_nothing_from_inside(served: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong inside is a problem without a name or path of the code; so is a store that is gone."""
    asking = program_of(served, "admin")
    monkeypatch.setattr(served.app.state.site, "decided", lambda _customers: 1 / 0)
    found = asking.get(f"{CUSTOMER}/recommendation")
    assert (found.status_code, found.json()["detail"]) == (500, "Something went wrong on our side.")


def test_whoever_asks_too_often_waits(store_with_run: Path, tmp_path: Path) -> None:
    """After so many requests in a minute a token is told how long to wait, and others are not; so is who guesses."""
    path = tmp_path / "limited.db"
    shutil.copy(store_with_run, path)
    store = Store.open(str(path))
    pages = Pages(application(store, Settings(AS_OF, requests=3)), store)
    interface_of(pages.app).state.limiter.clock = lambda: 0.0
    asking = program_of(pages, "admin")
    assert [asking.get("/token").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert asking.get("/token").headers["retry-after"] == "21"
    assert program_of(pages, "auditor").get("/token").status_code == 200
    forged = program(pages, token_of(store, "admin")[:-1])
    assert [forged.get("/token").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert program_of(pages, "operator").get("/token").status_code == 200
    store.close()


def test_requests_come_back_in_the_course_of_a_minute() -> None:
    """A caller that has used up its requests gets one back after its share of a minute."""
    moment = 0.0
    limiter = Limiter(2, clock=lambda: moment)
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 30]
    moment = 29.0
    assert limiter.take("a") == pytest.approx(1)
    moment = 31.0
    assert limiter.take("a") == 0
    assert limiter.take("b") == 0
