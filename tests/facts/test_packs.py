"""The packs that a store keeps: put to use under one version each, and gone back to."""

import hashlib
import io
import zipfile

import pytest
from sqlalchemy import text

from facts import migrations
from facts.audit import entries
from facts.database import StoreError, connect, database_url
from facts.packs import StoredPack, active_pack, packs_of, rollback_pack, use_pack, uses
from facts.store import Store


def pack(version: str, rules: str, folder: str = "ours") -> StoredPack:
    """Return a version of the pack `ours`, from a folder of this name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.comment = folder.encode()
        archive.writestr(zipfile.ZipInfo(f"{folder}/rules.yaml"), rules)
        archive.writestr(zipfile.ZipInfo("base/pack.yaml"), "pack: base")
    return StoredPack(hashlib.sha256(content.getvalue()).hexdigest(), "ours", version, content.getvalue())


A, B, C, D = (pack(version, f"rules: [{version}]") for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"))


def used(store: Store, *packs: StoredPack) -> None:
    """Put packs to use, one after the other."""
    for each in packs:
        use_pack(store, each, user="ann")


def told(store: Store) -> list[tuple[str, str]]:
    """Return what the log tells of packs, the earliest first."""
    return [(each.did, each.subject) for each in reversed(entries(store))]


# --- putting to use ---


def test_a_pack_in_use_is_put_to_use_once(store: Store) -> None:
    """The very same pack again leaves no second use and no second entry in the log."""
    assert active_pack(store) is None
    assert not use_pack(store, A, user="ann").already
    again = use_pack(store, A, user="bob")
    assert (again.pack, again.already) == (A, True)
    assert [each.used_by for each in uses(store)] == ["ann"]
    assert told(store) == [("pack_use", "ours 1.0.0")]


def test_a_pack_is_the_same_whatever_its_folder_is_called(store: Store) -> None:
    """The same files from a folder of another name are the pack that the store keeps."""
    copy = pack("1.0.0", "rules: [1.0.0]", folder="copy")
    assert copy.digest != A.digest
    used(store, A)
    found = use_pack(store, copy, user="ann")
    assert (found.pack, found.already) == (A, True)
    used(store, B)
    assert use_pack(store, copy, user="ann").pack == A
    assert active_pack(store) == A
    assert packs_of(store, "ours", "1.0.0") == [A]


def test_another_pack_needs_another_version(store: Store) -> None:
    """Other files under a name and version that the store keeps are refused, also if another version is in use now."""
    used(store, A, B)
    with pytest.raises(StoreError, match=r"ours 1\.0\.0 is not put to use: .* Raise `version` in pack\.yaml"):
        use_pack(store, pack("1.0.0", "rules: [other]"), user="ann")
    assert active_pack(store) == B
    assert packs_of(store, "ours", "1.0.0") == [A]
    assert told(store) == [("pack_use", "ours 1.0.0"), ("pack_use", "ours 1.1.0")]


def test_another_pack_under_the_same_version_can_be_forced(store: Store) -> None:
    """The log tells it apart; the first one can be put to use again."""
    other = pack("1.0.0", "rules: [other]")
    used(store, A)
    assert use_pack(store, other, user="ann", force=True).pack == other
    assert active_pack(store) == other
    assert told(store)[-1] == ("pack_use", "ours 1.0.0 (another pack than before under this version)")
    assert use_pack(store, A, user="ann").pack == A
    assert told(store)[-1] == ("pack_use", "ours 1.0.0")


# --- going back ---


def test_each_rollback_goes_one_further_back(store: Store) -> None:
    """From the third to the second and the first, where there is nothing earlier; the log tells each step."""
    used(store, A, B, C)
    assert rollback_pack(store, user="bob") == B
    assert active_pack(store) == B
    assert rollback_pack(store, user="bob") == A
    with pytest.raises(StoreError, match=r"none was in use before ours 1\.0\.0 but the one that comes with"):
        rollback_pack(store, user="bob")
    assert active_pack(store) == A
    assert [each.version for each in uses(store)] == ["1.0.0", "1.1.0", "1.2.0", "1.1.0", "1.0.0"]
    assert told(store)[3:] == [("pack_rollback", "ours 1.1.0"), ("pack_rollback", "ours 1.0.0")]


def test_what_was_gone_back_from_is_not_gone_back_to(store: Store) -> None:
    """After a rollback and another version, the version that was left is passed over."""
    used(store, A, B)
    rollback_pack(store, user="ann")
    used(store, C, D)
    assert [rollback_pack(store, user="ann") for _ in range(2)] == [C, A]
    with pytest.raises(StoreError, match="none was in use before"):
        rollback_pack(store, user="ann")


def test_a_version_chosen_again_is_a_use_of_its_own(store: Store) -> None:
    """Whoever puts an earlier version to use, and does not roll back, can go back to the later one."""
    used(store, A, B, A)
    assert [rollback_pack(store, user="ann") for _ in range(2)] == [B, A]


def test_without_a_pack_put_to_use_there_is_no_rollback(store: Store) -> None:
    """The message says by what such a store decides."""
    with pytest.raises(StoreError, match="none was ever put to use, and the store decides by the one that comes with"):
        rollback_pack(store, user="ann")
    assert told(store) == []


def test_rollbacks_of_an_older_store_go_on_backwards(store_url: str) -> None:
    """What an earlier version logged as a rollback is one; it went to and fro between two packs."""
    uses_before = [(A, "pack_use"), (B, "pack_use"), (C, "pack_use"), (B, "pack_rollback"), (C, "pack_rollback"),
                   (B, "pack_rollback")]  # fmt: skip
    with connect(database_url(store_url)).execution_options(writes=True).begin() as connection:
        migrations.upgrade(connection, "0013")
        for each in (A, B, C):
            row = {"digest": each.digest, "version": each.version, "content": each.content}
            connection.execute(OLD_PACK, row)
        for number, (each, did) in enumerate(uses_before):
            at = f"2026-02-03T00:00:0{number}.000000"
            connection.execute(OLD_USE, {"digest": each.digest, "at": at})
            connection.execute(OLD_ENTRY, {"at": at, "did": did, "subject": f"ours {each.version}"})
    store = Store.open(store_url)
    assert active_pack(store) == B
    assert rollback_pack(store, user="ann") == A
    with pytest.raises(StoreError, match="none was in use before"):
        rollback_pack(store, user="ann")
    store.close()


OLD_PACK = text(
    "INSERT INTO packs (digest, name, version, content, stored_at, stored_by) "
    "VALUES (:digest, 'ours', :version, :content, '2026-02-03T00:00:00.000000', 'ann')"
)
OLD_USE = text("INSERT INTO pack_uses (digest, used_at, used_by) VALUES (:digest, :at, 'ann')")
OLD_ENTRY = text(
    "INSERT INTO audit (at, done_by, origin, did, subject, changes) "
    "VALUES (:at, 'ann', 'command line', :did, :subject, '[]')"
)
