"""Accounts: kept without passwords, in both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from facts import house_tables
from facts.accounts import (
    Account,
    Role,
    accounts,
    add_account,
    change_password,
    log_in,
    logged_in,
    new_password,
    open_session,
    remove_account,
)
from facts.database import StoreError
from facts.store import Store

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_an_account_lives(store_url: str) -> None:
    """An account is added, logs in, gets another password that ends its sessions, and is removed with them."""
    store = Store.create(store_url)
    ana, first = Account("ana", Role.MANAGER, "Ana Lind"), new_password()
    add_account(store, ana, first, NOW)
    assert accounts(store) == [ana]
    token = log_in(store, "ana", first, NOW)
    assert token is not None
    assert logged_in(store, token, NOW) == ana
    with store.reading() as connection:
        kept = [
            *connection.execute(select(house_tables.accounts)),
            *connection.execute(select(house_tables.account_sessions)),
        ]
    assert [secret for secret in (first, token) if secret in str(kept)] == []
    change_password(store, "ana", second := new_password())
    assert logged_in(store, token, NOW) is None
    assert log_in(store, "ana", first, NOW) is None
    assert log_in(store, "nobody", second, NOW) is None
    again = open_session(store, "ana", NOW)
    remove_account(store, "ana")
    assert (accounts(store), logged_in(store, again, NOW)) == ([], None)
    store.close()


def test_what_cannot_be_is_refused(tmp_path: object) -> None:
    """A second account of a name, a short password, and an account that is not there are refused with a hint."""
    store = Store.create(f"{tmp_path}/store.db")
    add_account(store, Account("ana", Role.ADMIN, None), new_password(), NOW)
    with pytest.raises(StoreError, match="there is an account of this name"):
        add_account(store, Account("ana", Role.ADMIN, None), new_password(), NOW)
    with pytest.raises(StoreError, match="too short"):
        change_password(store, "ana", "short")
    with pytest.raises(StoreError, match="Did you mean `ana`"):
        remove_account(store, "anna")
    store.close()
