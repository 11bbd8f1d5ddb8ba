"""The rule packs that a store keeps, and which of them is in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from facts.audit import COMMAND_LINE, log
from facts.database import StoreError
from facts.store import Store
from facts.tables import pack_uses, packs


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A version of a rule pack: its folder as a zip file, under the SHA-256 of that file."""

    digest: str
    name: str
    version: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Use:
    """A pack version that was put to use, when and by whom."""

    digest: str
    name: str
    version: str
    used_at: datetime
    used_by: str


def uses(store: Store) -> list[Use]:
    """Return which pack versions a store decided by, the latest first."""
    columns = (packs.c.digest, packs.c.name, packs.c.version, pack_uses.c.used_at, pack_uses.c.used_by)
    statement = select(*columns).join(pack_uses, pack_uses.c.digest == packs.c.digest).order_by(pack_uses.c.id.desc())
    with store.reading() as connection:
        return [Use(*row) for row in connection.execute(statement)]


def versions_of(store: Store, name: str) -> list[tuple[str, str]]:
    """Return the digest and the version of each pack of this name that a store keeps."""
    with store.reading() as connection:
        found = connection.execute(select(packs.c.digest, packs.c.version).where(packs.c.name == name))
        return [(digest, version) for digest, version in found]


def packs_of(store: Store, name: str, version: str) -> list[StoredPack]:
    """Return the packs of this name and version that a store keeps."""
    columns = (packs.c.digest, packs.c.name, packs.c.version, packs.c.content)
    with store.reading() as connection:
        found = connection.execute(select(*columns).where(packs.c.name == name, packs.c.version == version))
        return [StoredPack(*row) for row in found]


def use_pack(store: Store, pack: StoredPack, *, user: str, origin: str = COMMAND_LINE, note: str = "") -> None:
    """Keep a pack version, if it is not kept yet, and put it to use; the log names where that was done, and a note."""
    now = datetime.now(UTC)
    with store.writing() as connection:
        if connection.scalar(select(packs.c.digest).where(packs.c.digest == pack.digest)) is None:
            row = {"digest": pack.digest, "name": pack.name, "version": pack.version, "content": pack.content}
            connection.execute(insert(packs).values(**row, stored_at=now, stored_by=user))
        connection.execute(insert(pack_uses).values(digest=pack.digest, used_at=now, used_by=user))
        log(connection, user, origin, "pack_use", f"{pack.name} {pack.version}{note}", at=now)


def rollback_pack(store: Store, *, user: str) -> StoredPack:
    """Put the version to use again that was used before the present one, and return it.

    Raises:
        StoreError: if there is none.
    """
    with store.writing() as connection:
        present = _last_use(connection)
        before = None if present is None else _last_use(connection, other_than=present.digest)
        if before is None:
            raise StoreError(
                "The pack cannot be rolled back", "no other version was used before", "See `valuelift pack use`."
            )
        now = datetime.now(UTC)
        connection.execute(insert(pack_uses).values(digest=before.digest, used_at=now, used_by=user))
        log(connection, user, COMMAND_LINE, "pack_rollback", f"{before.name} {before.version}", at=now)
    return StoredPack(before.digest, before.name, before.version, before.content)


ACTIVE_DIGEST = select(pack_uses.c.digest).order_by(pack_uses.c.id.desc()).limit(1)


def active_pack(store: Store) -> StoredPack | None:
    """Return the pack version in use, or None if none was ever put to use."""
    with store.reading() as connection:
        last = _last_use(connection)
    return None if last is None else StoredPack(last.digest, last.name, last.version, last.content)


def active_digest(store: Store) -> str | None:
    """Return the digest of the pack version in use, or None if none was ever put to use."""
    with store.asking() as connection:
        return connection.scalar(ACTIVE_DIGEST)


def _last_use(connection: Connection, other_than: str | None = None) -> Any:
    statement = (
        select(packs.c.digest, packs.c.name, packs.c.version, packs.c.content)
        .join(pack_uses, pack_uses.c.digest == packs.c.digest)
        .order_by(pack_uses.c.id.desc())
        .limit(1)
    )
    if other_than is not None:
        statement = statement.where(packs.c.digest != other_than)
    return connection.execute(statement).one_or_none()
