"""The rule book in a browser, and drafts of packs from their upload to their use."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest

from common.examining import CRASHED, TOO_LONG, examined
from facts.accounts import Account, Role, add_account
from facts.audit import entries
from facts.demo import AS_OF
from facts.drafts import ask_again, drafts
from facts.packs import active_pack
from facts.runs import Run, firing_in, publish
from facts.store import Store
from tests.commands.conftest import SMALL_CASES, SMALL_RULES
from tests.profiles import count
from tests.web.conftest import FOREIGN, OWN, PASSWORD, Browser, Pages, serve_copy
from web.access import SESSION
from web.app import application
from web.drafts import PATIENCE
from web.site import Settings
from web.uploads import LARGEST_UPLOAD, UploadError, read_upload

MANIFEST = "pack: small\nversion: 1.0.0\ntitle: {en: S, zh: 小}\n"
SMALL = {"pack.yaml": MANIFEST, "rules.yaml": SMALL_RULES, "cases/here.yaml": SMALL_CASES}


def zipped(files: Mapping[str, str | bytes], comment: bytes = b"") -> bytes:
    """Return a zip file, with whatever names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


# --- the book ---


FIRED: tuple[list[str], ...] = (["stalled-new", "need-priority#first", "need-priority#second"], ["stalled-new"], [])
"""The rules that fire for each customer of the run below: two rows of a table count once."""


@pytest.fixture(scope="module")
def book(store_with_accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Return the pages over a store with a run of three customers."""
    for pages in serve_copy(store_with_accounts, tmp_path_factory.mktemp("book")):
        stamp = pages.app.state.site.rules().program.stamp
        made_of = Run(AS_OF, datetime.now(UTC), stamp.name, stamp.version, stamp.digest, "c", "f", "test")
        words = dict.fromkeys(("stage", "move", "proposed_stage", "value_next", "decision"))
        rows = [
            {"customer": key, **words, "provisional": False, "fired_rules": json.dumps(rules)}
            for key, rules in zip((OWN, FOREIGN, "plum-gate"), FIRED, strict=True)
        ]
        text = dict.fromkeys(("customer", *words, "fired_rules"), pa.string())
        publish(
            pages.store,
            made_of,
            len(rows),
            [pa.Table.from_pylist(rows, pa.schema({**text, "provisional": pa.bool_()}))],
        )
        yield pages


@pytest.mark.parametrize("language", ["zh", "en"][: count(quick=1, ci=1, long=2)])
def test_every_item_has_a_page_that_says_what_the_book_says(book: Pages, language: str) -> None:
    """Search finds items by words, ids and items of the method; each page says the item in words, with links."""
    author = book.visit("author", language)
    told = book.app.state.site.book(language)
    every = [one for chapter in told.chapters for one in chapter.items]
    listed = author.get("/rules?kind=gate").text
    gates = [one for one in every if one.kind == "gate"]
    assert [one.id for one in gates if f'href="/rules/items/{one.id}"' not in listed] == []
    for one in [*gates[:2], *every[:: len(every) // 6]]:
        said = unescape(author.get(f"/rules/items/{told.anchor(one)}").text)
        assert [line.text for lines in one.says.values() for line in lines if line.text not in said] == []
    assert "/rules/items/stalled-new-by-orders" in author.get("/rules?find=stalled-new-by-orders").text


def test_the_book_counts_whom_rules_fire_for_in_the_newest_run(book: Pages) -> None:
    """Each rule has the number of customers of the newest run; one that fires for nobody can be looked for."""
    author = book.visit("author")
    assert firing_in(book.store, 1) == {"stalled-new": 2, "need-priority": 1}
    assert firing_in(book.store, 2) == {}
    assert "fires for 2 customers" in author.get("/rules/items/stalled-new").text
    assert 'href="/rules/items/stalled-new"' in author.get("/rules?find=stalled&fires=some").text
    assert 'href="/rules/items/stalled-new"' not in author.get("/rules?find=stalled&fires=never").text


def test_the_graph_is_a_picture_and_a_list(book: Pages) -> None:
    """What feeds what is drawn, and written below; what is no part of the pack has no page."""
    author = book.visit("author")
    picture = author.get("/rules/graph.svg?focus=stalled-new")
    assert (picture.headers["content-type"], picture.text[:4]) == ("image/svg+xml", "<svg")
    assert "New for too long" in author.get("/rules/graph?focus=stalled-new").text
    for address in ("/rules/items/no-such-rule", "/rules/graph?focus=no-such-rule", "/rules/graph.svg?focus=<script>"):
        assert author.get(address).status_code == 404


# --- uploads ---


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("pack.zip", b"no zip")], "upload_no_zip"),
        ([("pack.zip", zipped(SMALL)[:-30])], "upload_no_zip"),
        ([("pack.zip", zipped({**SMALL, "../../evil.yaml": "a: 1"}))], "upload_unsafe"),
        ([("pack.zip", zipped({**SMALL, "/etc/evil.yaml": "a: 1"}))], "upload_unsafe"),
        ([("pack.zip", zipped({**SMALL, "a\\..\\evil.yaml": "a: 1"}))], "upload_unsafe"),
        ([("pack.zip", zipped({**SMALL, "C:evil.yaml": "a: 1"}))], "upload_unsafe"),
        ([("pack.zip", zipped({**SMALL, "/".join("abcdefgh") + ".yaml": "a: 1"}))], "upload_unsafe"),
        ([("pack.zip", zipped({**SMALL, "bomb.yaml": b" " * 9 * 2**20}))], "upload_too_large"),
        ([("pack.zip", zipped({f"{n}.yaml": "" for n in range(400)}))], "upload_too_large"),
        ([("pack.zip", zipped({"rules.yaml": SMALL_RULES}))], "upload_no_pack"),
        ([("pack.zip", zipped({"pack.yaml": "a: [1"}))], "upload_no_manifest"),
        ([("pack.zip", zipped({"pack.yaml": f"{MANIFEST}extends: ../../../../../../etc\n"}))], "upload_unsafe"),
        ([("pack.zip", zipped({"pack.yaml": f"{MANIFEST}extends: /etc\n"}))], "upload_unsafe"),
        ([("pack.zip", zipped({"pack.yaml": f"{MANIFEST}extends: .\n"}))], "upload_unsafe"),
        ([("pack.zip", zipped({"pack.yaml": f"{MANIFEST}extends: ../other\n"}))], "upload_no_base"),
        ([("pack.yaml", b"pack: a"), ("readme.md", b"")], "upload_not_yaml"),
        ([("pack.yaml", b"pack: a"), ("pack.yaml", b"pack: b")], "upload_twice"),
        ([], "upload_no_pack"),
    ],
)
def test_an_upload_that_is_no_pack_is_refused(files: list[tuple[str, bytes]], said: str) -> None:
    """Broken, oversized or doubled files, and names and bases that lead out of the upload, are refused in words."""
    with pytest.raises(UploadError, match=said):
        read_upload(files)


def test_a_pack_comes_as_a_zip_file_or_as_its_files() -> None:
    """Both ways give the same files; a pack that extends the shipped one gets it from here."""
    by_zip = read_upload([("small.zip", zipped({f"small/{name}": text for name, text in SMALL.items()}))])
    by_files = read_upload([(Path(name).name, text.encode()) for name, text in SMALL.items()])
    assert (by_zip.name, by_zip.version) == ("small", "1.0.0")
    assert by_zip.content == by_files.content
    extending = read_upload([("pack.yaml", f"{MANIFEST}extends: ../value_marketing\n".encode())])
    with zipfile.ZipFile(io.BytesIO(extending.content)) as archive:
        assert {Path(name).parts[0] for name in archive.namelist()} == {"pack", "value_marketing"}
        assert archive.comment == b"pack"


def test_a_hostile_draft_costs_its_own_process_only(tmp_path: Path) -> None:
    """An examination that takes too long is ended, and one that crashes is told of; the store stays as it is."""
    store = Store.create(str(tmp_path / "empty.db"))
    assert examined(str(store.url), b"", AS_OF, seconds=0.01)["failed"] == TOO_LONG
    assert examined(str(store.url), b"no zip", AS_OF)["failed"] == CRASHED
    assert active_pack(store) is None
    store.close()


# --- drafts ---


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Return the pages over a store without customers, with two authors."""
    store = Store.create(str(tmp_path_factory.mktemp("workshop") / "empty.db"))
    for name in ("ana", "bo"):
        add_account(store, Account(name, Role.AUTHOR, None), PASSWORD, datetime.now(UTC))
    yield Pages(application(store, Settings(AS_OF)), store)
    store.close()


def upload(browser: Browser, files: Mapping[str, str]) -> str:
    """Upload a pack as a zip file, and return the address to which that leads."""
    token = hashlib.sha256(f"form {browser.client.cookies[SESSION]}".encode()).hexdigest()
    sent = {"files": ("small.zip", zipped(files), "application/zip")}
    answer = browser.client.post("/rules/drafts", data={"form_token": token}, files=sent)
    assert answer.status_code == 303
    return answer.headers["location"]


def waited(browser: Browser, address: str) -> str:
    """Return what the page says once the draft has been examined."""
    for _ in range(900):
        html = browser.get(address).text
        if "state waiting" not in html:
            return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html.split("<main")[1])))
        assert 'http-equiv="refresh"' in html
        time.sleep(0.2)
    raise AssertionError("the draft was not examined in time")


def test_a_number_that_no_draft_can_have_is_not_found(workshop: Pages) -> None:
    """It is answered as one that there is not, whatever is asked of it."""
    ana = workshop.visit("ana")
    for number in ("9" * 9, "9" * 20):
        assert ana.get(f"/rules/drafts/{number}").status_code == 404
        assert ana.send(f"/rules/drafts/{number}/discard").status_code == 404


def test_a_draft_needs_another_author(workshop: Pages) -> None:
    """Who uploads a draft cannot approve it; another can, it passes the gate once more, and the log names both."""
    ana, bo = workshop.visit("ana"), workshop.visit("bo")
    address = upload(ana, SMALL)
    said = waited(ana, address)
    assert "Nothing speaks against it" in said
    assert "Another author has to approve it" in said
    assert ana.send(f"{address}/approve").status_code == 422
    assert active_pack(workshop.store) is None
    assert "Approve and put to use" in bo.get(address).text
    assert bo.send(f"{address}/approve").status_code == 303
    assert "Put to use" in waited(bo, address)
    used = active_pack(workshop.store)
    assert used is not None
    assert (used.name, used.version) == ("small", "1.0.0")
    newest = entries(workshop.store, most=1)[0]
    assert (newest.user, newest.origin, newest.did) == ("bo", "pages", "pack_use")
    assert newest.subject == f"small 1.0.0 (draft {address.rpartition('/')[2]} by ana)"
    assert bo.send(f"{address}/discard").status_code == 422
    assert bo.get("/rules").text.count("small 1.0.0") == 1


def test_what_the_gate_finds_is_shown_and_bars_the_way(workshop: Pages) -> None:
    """A draft with errors and one with a failing case are refused with the reasons, and nobody can approve them."""
    ana, bo = workshop.visit("ana"), workshop.visit("bo", "zh")
    broken = upload(ana, {**SMALL, "rules.yaml": SMALL_RULES.replace("days_in_stage:", "days_in_stgae:")})
    missed = {"pack.yaml": MANIFEST.replace("1.0.0", "2.0.0"), "cases/here.yaml": SMALL_CASES.replace("100}", "10}")}
    failing = upload(ana, {**SMALL, **missed})
    said = waited(ana, broken)
    assert "Refused" in said
    assert "did you mean" in said.lower()
    assert "rules.yaml:" in said
    assert "valuelift-" not in said  # the folder in which it was examined
    assert "是否应为`days_in_stage`？" in waited(bo, broken)
    said = waited(bo, failing)
    assert "未通过" in said
    assert "A new customer is here for long" in said
    assert bo.send(f"{failing}/approve").status_code == 422
    assert bo.send(f"{broken}/discard").headers["location"] == "/rules/drafts"
    assert bo.get(broken).status_code == 404


def test_one_examines_at_a_time_and_none_waits_for_ever(workshop: Pages) -> None:
    """While a draft is examined it cannot be asked for again, unless that takes longer than it can."""
    number = int(upload(workshop.visit("ana"), {**SMALL, "pack.yaml": "pack: x\n"}).rpartition("/")[2])
    now = datetime.now(UTC)
    waited(workshop.visit("ana"), f"/rules/drafts/{number}")
    assert ask_again(workshop.store, number, now, PATIENCE)
    assert not ask_again(workshop.store, number, now, PATIENCE)
    assert ask_again(workshop.store, number, now + PATIENCE + timedelta(seconds=1), PATIENCE)
    assert [one.report for one in drafts(workshop.store, number)] == [None]


def test_an_upload_keeps_within_its_bounds(workshop: Pages) -> None:
    """Another site's form, and more than a pack can need, are refused before anything is read of it."""
    browser, files = workshop.visit("ana"), {"files": ("a.zip", zipped(SMALL), "application/zip")}
    assert browser.client.post("/rules/drafts", data={"form_token": "x"}, files=files).status_code == 403
    large = {"files": ("a.zip", b"x" * (LARGEST_UPLOAD + 2**19), "application/zip")}
    assert browser.client.post("/rules/drafts", data={"form_token": "x"}, files=large).status_code == 413
