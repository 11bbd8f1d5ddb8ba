"""A NUL character, which no database takes in a text: nobody has such a key, and nothing with it is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from facts.accounts import Account, Role, add_account
from facts.database import StoreError
from facts.recording import record
from facts.store import Store
from tests.commands.conftest import call_command
from tests.web.conftest import OWN, PASSWORD, Pages, form_token
from web.app import application
from web.site import Settings

DAY = date(2026, 1, 31)


def test_what_a_visitor_sends_with_it_is_not_understood(store_url: str) -> None:
    """An address with it is that of no customer, and the login form is refused with it, whatever the store."""
    store = Store.create(store_url)
    add_account(store, Account("admin", Role.ADMIN, None), PASSWORD, datetime.now(UTC))
    pages = Pages(application(store, Settings(DAY)), store)
    for below in ("", "/why", "/contacts"):
        assert pages.visit("admin").get(f"/customers/a%00b{below}").status_code == 404
    assert pages.visit("admin").send("/customers/a%00b/value").status_code == 404
    stranger = pages.nobody()
    fields = {"form_token": form_token(stranger.get("/login").text), "name": "ad\0min", "password": PASSWORD}
    assert stranger.client.post("/login", data=fields).status_code == 422
    store.close()


def test_a_form_with_it_records_nothing(own_pages: Pages) -> None:
    """Texts that a form sends are refused with it."""
    before = own_pages.store.base_tables(DAY)["stage_history"]
    sent = own_pages.visit("manager").send(f"/customers/{OWN}/stage", {"stage": "problem", "reason": "a\0b"})
    assert sent.status_code == 422
    assert own_pages.store.base_tables(DAY)["stage_history"].equals(before)


def test_a_record_with_it_is_refused(store_url: str) -> None:
    """Whoever records: texts with it are refused by every store alike."""
    store = Store.create(store_url)
    for row in ({"key": "K\0", "name": "Acme"}, {"key": "K", "name": "Ac\0me"}):
        with pytest.raises(StoreError, match="it has a NUL character"):
            record(store, "customers", [{**row, "holds_from": DAY}], user="ann", source="test")
    store.close()


def test_a_file_to_record_with_it_is_refused(told_store: Path, tmp_path: Path) -> None:
    """`record file` names the row."""
    path = tmp_path / "answers.csv"
    path.write_text(f"customer,on,value,medium,reason\n{OWN},2026-06-10,product,visit,a\0b\n", "utf-8")
    answer = call_command("record", "file", path, "--db", told_store)
    assert answer.code == 1
    assert "row 2: the row has a NUL character" in answer.errors
