"""The rule packs that a store keeps, and which of them is in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select

from engine.said import said
from facts.audit import COMMAND_LINE, log
from facts.database import StoreError
from facts.house_tables import pack_uses, packs
from facts.store import Store


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


@dataclass(frozen=True, slots=True)
class InUse:
    """The pack version that is in use now, as the store keeps it, and whether it was so already."""

    pack: StoredPack
    already: bool


def uses(store: Store) -> list[Use]:
    """Return which pack versions a store decided by, the latest first."""
    columns = (packs.c.digest, packs.c.name, packs.c.version, pack_uses.c.used_at, pack_uses.c.used_by)
    statement = select(*columns).join(pack_uses, pack_uses.c.digest == packs.c.digest).order_by(pack_uses.c.id.desc())
    with store.reading() as connection:
        return [Use(*row) for row in connection.execute(statement)]


def packs_of(store: Store, name: str, version: str) -> list[StoredPack]:
    """Return the packs of this name and version that a store keeps."""
    with store.reading() as connection:
        return _kept(connection, name, version)


def same_among(kept: Iterable[StoredPack], pack: StoredPack) -> list[StoredPack]:
    """Return those of some packs that have the files of this one, whatever its folder is called."""
    from facts.pack_files import files_of

    return [each for each in kept if each.digest == pack.digest or files_of(each.content) == files_of(pack.content)]


def use_pack(
    store: Store, pack: StoredPack, *, user: str, origin: str = COMMAND_LINE, note: str = "", force: bool = False
) -> InUse:
    """Keep a pack version, if it is not kept yet, and put it to use; the log names where that was done, and a note.

    If that very pack is in use already, nothing is recorded.

    Args:
        store: where.
        pack: the version.
        user: who puts it to use.
        origin: where that is done.
        note: what the log says besides.
        force: also if the store keeps other files under this name and version.

    Raises:
        StoreError: if the store keeps other files under this name and version.
    """
    now = datetime.now(UTC)
    with store.writing() as connection:
        kept = _kept(connection, pack.name, pack.version)
        same = same_among(kept, pack)
        present = connection.scalar(ACTIVE_DIGEST)
        if in_use := [each for each in same if each.digest == present]:
            return InUse(in_use[0], already=True)
        used = same[0] if same else pack
        if not same:
            if kept and not force:
                raise _taken(pack)
            row = {"digest": pack.digest, "name": pack.name, "version": pack.version, "content": pack.content}
            connection.execute(insert(packs).values(**row, stored_at=now, stored_by=user))
            note = f" (another pack than before under this version){note}" if kept else note
        connection.execute(insert(pack_uses).values(digest=used.digest, used_at=now, used_by=user))
        log(connection, user, origin, "pack_use", f"{pack.name} {pack.version}{note}", at=now)
    return InUse(used, already=False)


def rollback_pack(store: Store, *, user: str) -> StoredPack:
    """Put the version to use again that was used before the present one, and return it.

    What was used before a version that was gone back to is what was used before it the first time: so each rollback
    goes on backwards.

    Raises:
        StoreError: if there is none.
    """
    with store.writing() as connection:
        present = connection.execute(_USES.limit(1)).one_or_none()
        if present is None:
            why = said("none was ever put to use, and the store decides by the one that comes with Valuelift")
            raise StoreError(_NO_ROLLBACK, why, said("Choose one by `valuelift pack use`."))
        earlier = _USES.where(pack_uses.c.id < present.place, packs.c.digest != present.digest)
        before = connection.execute(earlier.limit(1)).one_or_none()
        if before is None:
            why = said(
                "none was in use before {name} {version} but the one that comes with Valuelift",
                name=present.name,
                version=present.version,
            )
            raise StoreError(_NO_ROLLBACK, why, said("For that one: `valuelift pack use rulesets/value_marketing`."))
        now = datetime.now(UTC)
        row = {"digest": before.digest, "used_at": now, "used_by": user, "back_to": before.place}
        connection.execute(insert(pack_uses).values(**row))
        log(connection, user, COMMAND_LINE, "pack_rollback", f"{before.name} {before.version}", at=now)
    return StoredPack(before.digest, before.name, before.version, before.content)


ACTIVE_DIGEST = select(pack_uses.c.digest).order_by(pack_uses.c.id.desc()).limit(1)


def active_pack(store: Store) -> StoredPack | None:
    """Return the pack version in use, or None if none was ever put to use."""
    with store.reading() as connection:
        last = connection.execute(_USES.limit(1)).one_or_none()
    return None if last is None else StoredPack(last.digest, last.name, last.version, last.content)


def active_digest(store: Store) -> str | None:
    """Return the digest of the pack version in use, or None if none was ever put to use."""
    with store.asking() as connection:
        return connection.scalar(ACTIVE_DIGEST)


_NO_ROLLBACK = said("The pack cannot be rolled back")
_PACK = (packs.c.digest, packs.c.name, packs.c.version, packs.c.content)
_USES = (
    select(*_PACK, func.coalesce(pack_uses.c.back_to, pack_uses.c.id).label("place"))
    .join(pack_uses, pack_uses.c.digest == packs.c.digest)
    .order_by(pack_uses.c.id.desc())
)
"""The uses, the latest first; `place` is the use that a rollback went back to, else the use itself."""


def _kept(connection: Connection, name: str, version: str) -> list[StoredPack]:
    found = connection.execute(select(*_PACK).where(packs.c.name == name, packs.c.version == version))
    return [StoredPack(*row) for row in found]


def _taken(pack: StoredPack) -> StoreError:
    return StoreError(
        said("{name} {version} is not put to use", name=pack.name, version=pack.version),
        said("the store keeps another pack under this name and version, and nobody could tell them apart"),
        said("Raise `version` in pack.yaml, or put it to use all the same by --force."),
    )
