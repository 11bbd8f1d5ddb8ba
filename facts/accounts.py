"""Accounts: who may log in to the pages, in which role, and who is logged in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from engine.errors import did_you_mean
from engine.said import said
from facts.database import StoreError
from facts.house_tables import account_sessions
from facts.house_tables import accounts as table
from facts.store import Store

LEAST_PASSWORD = 12
"""Characters that a password has at least."""

FAILURES = 5
"""Wrong passwords in a row after which an account is locked."""

LOCKED = timedelta(minutes=15)
IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
"""How long somebody stays logged in without doing anything, and at most."""

_SEEN = timedelta(minutes=1)  # no need to write down every request
_HASHER = PasswordHasher()


_OF_SESSION = (
    select(
        table.c.name, table.c.role, table.c.account_manager,
        account_sessions.c.created_at.label("since"), account_sessions.c.seen_at,
    )
    .join_from(table, account_sessions, account_sessions.c.account == table.c.name)
    .where(account_sessions.c.token_digest == bindparam("digest"))
)  # fmt: skip


class Role(StrEnum):
    """What somebody does with Valuelift."""

    MANAGER = "manager"
    AUTHOR = "author"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in; a manager looks after customers under the name `account_manager`."""

    name: str
    role: Role
    account_manager: str | None


# --- keeping accounts ---


def accounts(store: Store) -> list[Account]:
    """Return all accounts, by name."""
    with store.reading() as connection:
        return [_account(row) for row in connection.execute(select(table).order_by(table.c.name)).mappings()]


def add_account(store: Store, account: Account, password: str, at: datetime) -> None:
    """Add an account.

    Raises:
        StoreError: if there is one of this name, or the password is too short.
    """
    if any(each.name == account.name for each in accounts(store)):
        what = said("{name} is not added", name=repr(account.name))
        raise StoreError(what, said("there is an account of this name"), said("Choose another name."))
    row = {"name": account.name, "role": account.role, "account_manager": account.account_manager, "failures": 0}
    with store.writing() as connection:
        connection.execute(insert(table).values(**row, password_hash=_hashed(password), created_at=at))


def change_password(store: Store, name: str, password: str) -> None:
    """Give an account another password, unlock it, and log it out everywhere.

    Raises:
        StoreError: if there is no such account, or the password is too short.
    """
    _require(store, name)
    values = {"password_hash": _hashed(password), "failures": 0, "locked_until": None}
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.name == name).values(**values))
        connection.execute(delete(account_sessions).where(account_sessions.c.account == name))


def remove_account(store: Store, name: str) -> None:
    """Remove an account and log it out everywhere; what it recorded stays under its name.

    Raises:
        StoreError: if there is no such account.
    """
    _require(store, name)
    with store.writing() as connection:
        connection.execute(delete(account_sessions).where(account_sessions.c.account == name))
        connection.execute(delete(table).where(table.c.name == name))


def new_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(15)


def _require(store: Store, name: str) -> None:
    known = [each.name for each in accounts(store)]
    if name not in known:
        hint = did_you_mean(name, known) or said("See `valuelift user list`.")
        raise StoreError(said("{name} is not changed", name=repr(name)), said("there is no such account"), hint)


def _hashed(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        hint = said("Give one of at least {least} characters.", least=LEAST_PASSWORD)
        raise StoreError(said("The password is not accepted"), said("it is too short"), hint)
    return _HASHER.hash(password)


# --- logging in ---


def log_in(store: Store, name: str, password: str, at: datetime) -> str | None:
    """Return the token of a new session, or None if name or password is wrong or the account is locked.

    An account is locked for `LOCKED` after `FAILURES` wrong passwords in a row. A name that nobody has takes as long to
    refuse as a wrong password, so that names cannot be found out.
    """
    with store.reading() as connection:
        row = connection.execute(select(table).where(table.c.name == name)).mappings().one_or_none()
    is_right = _matches(_nobody() if row is None else row["password_hash"], password)
    if row is None or (row["locked_until"] is not None and row["locked_until"] > at):
        return None
    if not is_right:
        _count_failure(store, name, at)
        return None
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.name == name).values(failures=0, locked_until=None))
        connection.execute(delete(account_sessions).where(account_sessions.c.created_at < at - LONGEST))
    return open_session(store, name, at)


def open_session(store: Store, name: str, at: datetime) -> str:
    """Return the token of a new session of an account."""
    token = secrets.token_urlsafe(32)
    row = {"token_digest": secret_digest(token), "account": name, "created_at": at, "seen_at": at}
    with store.writing() as connection:
        connection.execute(insert(account_sessions).values(**row))
    return token


def logged_in(store: Store, token: str, at: datetime) -> Account | None:
    """Return whose session a token opens, or None if there is none or it has expired."""
    with store.asking() as connection:
        found = connection.execute(_OF_SESSION, {"digest": secret_digest(token)}).mappings().one_or_none()
    if found is None or at - found["since"] > LONGEST or at - found["seen_at"] > IDLE:
        return None
    if at - found["seen_at"] > _SEEN:
        # One statement by itself: of two requests of one browser at once, neither is refused for the other.
        with store.asking() as connection:
            seen = (
                update(account_sessions)
                .where(account_sessions.c.token_digest == secret_digest(token))
                .values(seen_at=at)
            )
            connection.execute(seen)
            connection.commit()
    return _account(found)


def log_out(store: Store, token: str) -> None:
    """End a session."""
    with store.writing() as connection:
        connection.execute(delete(account_sessions).where(account_sessions.c.token_digest == secret_digest(token)))


def _count_failure(store: Store, name: str, at: datetime) -> None:
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.name == name).values(failures=table.c.failures + 1))
        too_many = (table.c.name == name) & (table.c.failures >= FAILURES)
        connection.execute(update(table).where(too_many).values(failures=0, locked_until=at + LOCKED))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody knows."""
    return _HASHER.hash(new_password())


def secret_digest(secret: str) -> str:
    """Return what is kept of a token's secret: random and long, it needs no slow digest as a password does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _account(row: RowMapping) -> Account:
    return Account(row["name"], Role(row["role"]), row["account_manager"])
