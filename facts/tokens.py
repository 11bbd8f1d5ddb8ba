"""Tokens of other programs: in whose name they ask, what for, and until when."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from engine.errors import did_you_mean
from engine.said import said
from facts.accounts import Account, Role, accounts, secret_digest
from facts.database import StoreError
from facts.house_tables import accounts as account_table
from facts.house_tables import api_tokens as table
from facts.store import Store

_OF_TOKEN = (
    select(
        table.c.id, table.c.scopes, table.c.digest, table.c.expires_at, table.c.revoked_at,
        account_table.c.name, account_table.c.role, account_table.c.account_manager,
    )
    .join_from(table, account_table, table.c.account == account_table.c.name)
    .where(table.c.id == bindparam("token"))
)  # fmt: skip

LONGEST_LIFE = timedelta(days=366)
_BEGIN = "vl"


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    RECORD = "record"
    RULES = "rules"
    CONFIRM = "confirm"
    OPS = "ops"
    PRIVACY = "privacy"


SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.MANAGER: frozenset({Scope.READ, Scope.RECORD, Scope.CONFIRM}),
    Role.AUTHOR: frozenset({Scope.READ, Scope.RULES}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.RECORD, Scope.OPS}),
    Role.AUDITOR: frozenset({Scope.READ, Scope.OPS}),
    Role.ADMIN: frozenset(Scope),
}
"""What each role may do by a token: no more than on the pages."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed, without what opens anything."""

    id: str
    account: str
    label: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """In whose name a program asks, and what for: scopes that the account's role has (no longer) are not among them."""

    account: Account
    scopes: frozenset[Scope]
    token: str


def create_token(
    store: Store, account: str, scopes: Collection[Scope], label: str, at: datetime, life: timedelta
) -> tuple[Token, str]:
    """Return a new token and its secret form, which is kept nowhere.

    Raises:
        StoreError: if there is no such account, its role lacks a scope, or the token would live too long.
    """
    known = {each.name: each for each in accounts(store)}
    if account not in known:
        hint = did_you_mean(account, known) or said("See `valuelift user list`.")
        raise StoreError(said("No token is made"), said("there is no account {name}", name=repr(account)), hint)
    may = SCOPES[known[account].role]
    for scope in scopes:
        if scope not in may:
            why = said(
                "{name} is {role} and may not {scope}", name=repr(account), role=known[account].role, scope=scope
            )
            raise StoreError(said("No token is made"), why, said("Choose among: {words}.", words=sorted(may)))
    if not timedelta() < life <= LONGEST_LIFE:
        hint = said("At most {days} days are allowed.", days=LONGEST_LIFE.days)
        raise StoreError(said("No token is made"), said("it would live too long"), hint)
    token = Token(secrets.token_hex(6), account, label, tuple(sorted(scopes)), at, at + life, None)
    secret = secrets.token_urlsafe(32)
    row = {
        "id": token.id, "account": account, "label": label, "scopes": json.dumps(token.scopes),
        "digest": secret_digest(secret), "created_at": at, "expires_at": token.expires_at,
    }  # fmt: skip
    with store.writing() as connection:
        connection.execute(insert(table).values(**row))
    return token, f"{_BEGIN}_{token.id}_{secret}"


def tokens(store: Store) -> list[Token]:
    """Return all tokens, the oldest first."""
    with store.reading() as connection:
        rows = connection.execute(select(table).order_by(table.c.created_at, table.c.id)).mappings()
        return [_token(row) for row in rows]


def revoke_token(store: Store, id_: str, at: datetime) -> None:
    """Let a token open nothing from now on.

    Raises:
        StoreError: if there is none of this id, or it is revoked already.
    """
    known = {each.id: each for each in tokens(store)}
    what, see = said("{name} is not revoked", name=repr(id_)), said("See `valuelift token list`.")
    if id_ not in known:
        raise StoreError(what, said("there is no such token"), did_you_mean(id_, known) or see)
    if known[id_].revoked_at is not None:
        raise StoreError(what, said("it is revoked already"), see)
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.id == id_).values(revoked_at=at))


def holder_of(connection: Connection, secret_form: str, at: datetime) -> Holder | None:
    """Return who holds a token, or None if it is forged, expired or revoked."""
    begin, _, rest = secret_form.partition("_")
    id_, _, secret = rest.partition("_")
    row = connection.execute(_OF_TOKEN, {"token": id_[:16]}).mappings().one_or_none()
    # Compared in constant time, also where there is no such token: how long it takes tells nothing.
    is_right = hmac.compare_digest("-" * 64 if row is None else row["digest"], secret_digest(secret))
    if row is None or begin != _BEGIN or not is_right or row["revoked_at"] is not None or row["expires_at"] <= at:
        return None
    account = Account(row["name"], Role(row["role"]), row["account_manager"])
    return Holder(account, frozenset(map(Scope, json.loads(row["scopes"]))) & SCOPES[account.role], row["id"])


def _token(row: RowMapping) -> Token:
    scopes = tuple(map(Scope, json.loads(row["scopes"])))
    return Token(
        row["id"], row["account"], row["label"], scopes, row["created_at"], row["expires_at"], row["revoked_at"]
    )
