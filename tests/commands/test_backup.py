"""`valuelift backup` and `restore`: one state of a store in use, looked through, never over anything silently."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from facts.demo import AS_OF
from facts.recording import record
from facts.store import Store
from facts.tables import FACT_TABLES
from tests.commands.conftest import call_command
from tests.facts.small_disk import small_disk


def learn(url: str, customer: str) -> None:
    """Record a customer."""
    store = Store.open(url)
    record(store, "customers", [{"key": customer, "name": customer, "holds_from": AS_OF}], user="ann", source="test")
    store.close()


def known(url: str) -> dict[str, object]:
    """Return the settings of a store and how many rows each table of facts has."""
    store = Store.open(url)
    with store.reading() as connection:
        rows = {name: connection.scalar(select(func.count()).select_from(table)) for name, table in FACT_TABLES.items()}
    settings = store.settings()
    store.close()
    return {**settings, **rows}


def test_a_store_comes_back_as_it_was(store_url: str, tmp_path: Path) -> None:
    """What was recorded after the backup is gone after the restoration, which replaces a store only if told to."""
    Store.create(store_url, base_currency="CNY").close()
    learn(store_url, "acme")
    before, file = known(store_url), tmp_path / "backup"
    made = call_command("backup", file, "--db", store_url, "--json")
    assert (made.code, made.json["size"]) == (0, file.stat().st_size)
    assert file.stat().st_mode & 0o077 == 0
    learn(store_url, "later")
    refused = call_command("restore", file, "--db", store_url)
    assert (refused.code, "there is a store already" in refused.errors) == (1, True)
    assert known(store_url) != before
    assert call_command("restore", file, "--db", store_url, "--overwrite").code == 0
    assert known(store_url) == before


def test_a_backup_opens_alone_and_elsewhere(told_store: Path, tmp_path: Path) -> None:
    """A store made from a backup decides as the one before; the backup is one file without a log beside it."""
    file, again = tmp_path / "backup.db", tmp_path / "again.db"
    assert "KiB" in call_command("backup", file, "--db", told_store).output
    assert call_command("restore", file, "--db", again, "--lang", "zh").output.startswith(str(again))
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db"]
    asked = ("customers", "--as-of", AS_OF, "--json")
    assert call_command(*asked, "--db", again).json == call_command(*asked, "--db", told_store).json


WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for number in range(100_000):
    connection.execute("BEGIN IMMEDIATE")
    for half in ("left", "right"):
        connection.execute("INSERT INTO settings (name, value) VALUES (?, ?)", (f"{half} {number}", "x" * 200))
    connection.execute("COMMIT")
    if not number:
        print("begun", flush=True)
"""


def test_a_backup_is_of_one_moment(tmp_path: Path) -> None:
    """While another process commits pairs of rows, every backup holds whole pairs, each more than the one before."""
    path = tmp_path / "store.db"
    Store.create(str(path)).close()
    seen = [0]
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        for number in range(5):
            while halves(path)["left"] <= seen[-1]:  # a busy machine may let the other process stand
                time.sleep(0.01)
            file = tmp_path / f"backup-{number}"
            assert call_command("backup", file, "--db", path).code == 0
            counts = halves(file)
            assert counts["left"] == counts["righ"] > seen[-1]
            seen.append(counts["left"])
        writer.terminate()


def halves(path: Path) -> Counter[str]:
    """Return how many of each half of the pairs are in a database."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return Counter(dict(connection.execute("SELECT substr(name, 1, 4), count(*) FROM settings GROUP BY 1")))


def test_nothing_is_written_over_silently(told_store: Path, tmp_path: Path) -> None:
    """A file that is there stays unless told otherwise; the store itself is never the file."""
    file = tmp_path / "backup.db"
    file.write_text("precious")
    refused = call_command("backup", file, "--db", told_store)
    assert (refused.code, "--overwrite" in refused.errors, file.read_text()) == (1, True, "precious")
    assert call_command("backup", file, "--db", told_store, "--overwrite").code == 0
    assert file.read_bytes().startswith(b"SQLite")
    assert "it is the store itself" in call_command("backup", told_store, "--db", told_store, "--overwrite").errors


def test_what_is_no_whole_backup_is_refused(told_store: Path, tmp_path: Path) -> None:
    """Another file, a torn one and one of a newer version are told apart, and make nothing."""
    file, target = tmp_path / "backup.db", tmp_path / "target.db"
    call_command("backup", file, "--db", told_store)
    whole = bytearray(file.read_bytes())
    for place in range(8192, len(whole) - 4096, 40_960):
        whole[place : place + 64] = b"\xa5" * 64
    (tmp_path / "torn.db").write_bytes(whole)
    (tmp_path / "cut.db").write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    (tmp_path / "note.txt").write_text("not a store")
    shutil.copy(file, tmp_path / "newer.db")
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)")
    said = {"torn.db": "", "cut.db": "", "note.txt": "no backup", "newer.db": "newer version", "other.db": "no backup"}
    for name, words in said.items():
        answer = call_command("restore", tmp_path / name, "--db", target)
        assert (name, answer.code, words in answer.errors) == (name, 1, True)
        assert not target.exists()


def test_a_missing_program_and_the_wrong_kind_are_said(told_store: Path, tmp_path: Path) -> None:
    """Without PostgreSQL's programs a PostgreSQL store cannot be written; an SQLite file makes no PostgreSQL store."""
    url = "postgresql://ann:secret@nowhere.invalid/store"
    answer = call_command("backup", tmp_path / "x", "--db", url, env={"PATH": str(tmp_path)})
    assert (answer.code, "pg_dump is missing" in answer.errors, "secret" in answer.errors) == (1, True, False)
    assert os.listdir(tmp_path) == []
    call_command("backup", tmp_path / "backup.db", "--db", told_store)
    answer = call_command("restore", tmp_path / "backup.db", "--db", url)
    assert (answer.code, "a backup of an SQLite store" in answer.errors) == (1, True)


def test_what_is_no_ordinary_file_is_neither_read_nor_replaced(told_store: Path, tmp_path: Path) -> None:
    """A pipe, in which nobody may ever write, is not waited for; a device that was replaced would be lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for answer in (
        call_command("restore", pipe, "--db", tmp_path / "new.db"),
        call_command("backup", pipe, "--db", told_store, "--overwrite"),
    ):
        assert (answer.code, "it is no ordinary file" in answer.errors) == (1, True)
    assert (pipe.is_fifo(), [path.name for path in tmp_path.iterdir()]) == (True, ["pipe"])


def test_a_link_leads_to_the_file_that_is_written(told_store: Path, tmp_path: Path) -> None:
    """The link stays, so that what stands behind it is replaced and nothing else; it may lie on another disk."""
    link, place = tmp_path / "link.db", tmp_path / "place"
    link.symlink_to("there.db")
    place.mkdir()
    assert call_command("backup", link, "--db", told_store).code == 0
    assert (link.is_symlink(), (tmp_path / "there.db").is_file()) == (True, True)
    with small_disk(place, 16):
        (tmp_path / "far.db").symlink_to(place / "there.db")
        answer = call_command("backup", tmp_path / "far.db", "--db", told_store)
        assert (answer.code, answer.errors, [path.name for path in place.iterdir()]) == (0, "", ["there.db"])


def test_a_store_is_not_written_over_itself(told_store: Path, tmp_path: Path) -> None:
    """Neither it nor the files that SQLite keeps beside it take a backup, and it is not restored from itself."""
    store = tmp_path / "store.db"
    shutil.copy(told_store, store)
    for answer in (
        call_command("restore", store, "--db", store, "--overwrite"),
        *(call_command("backup", f"{store}{end}", "--db", store, "--overwrite") for end in ("-wal", "-shm")),
    ):
        assert (answer.code, "it is the store itself" in answer.errors) == (1, True)


def test_a_restoration_does_not_wait_for_ever(
    told_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another program keeps writing, that is said; nothing is changed."""
    monkeypatch.setattr("facts.backup.BUSY_SECONDS", 0.3)
    store, file = tmp_path / "store.db", tmp_path / "backup.db"
    Store.create(str(store)).close()
    call_command("backup", file, "--db", told_store)
    with closing(sqlite3.connect(store, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        answer = call_command("restore", file, "--db", store, "--overwrite")
    assert (answer.code, "another program is writing to it" in answer.errors) == (1, True)


def test_rows_that_name_what_is_not_there_are_damage(told_store: Path, tmp_path: Path) -> None:
    """SQLite finds the file in order; what does not hold together is neither backed up nor restored."""
    store, file = tmp_path / "store.db", tmp_path / "backup.db"
    shutil.copy(told_store, store)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DELETE FROM customer_keys")
        connection.commit()
    shutil.copy(store, tmp_path / "copy.db")
    for answer, what in (
        (call_command("backup", file, "--db", store), f"{file} was not written"),
        (call_command("restore", tmp_path / "copy.db", "--db", tmp_path / "new.db"), "copy.db is damaged"),
    ):
        assert (answer.code, what in answer.errors) == (1, True)
        assert "rows that name rows which are not there" in answer.errors
    assert not file.exists()


def test_a_full_disk_is_told_and_nothing_half_made_stays(told_store: Path, tmp_path: Path) -> None:
    """Neither of a restored store nor of a backup; the file that is named is the one that was asked for."""
    file, place = tmp_path / "backup.db", tmp_path / "place"
    place.mkdir()
    call_command("backup", file, "--db", told_store)
    with small_disk(place, 1):
        for answer, asked in (
            (call_command("restore", file, "--db", place / "again.db"), "again.db"),
            (call_command("backup", place / "copy.db", "--db", told_store), "copy.db"),
        ):
            assert (answer.code, f"{place / asked} cannot be used: the disk is full" in answer.errors) == (1, True)
            assert list(place.iterdir()) == []


def test_a_store_without_room_beside_it_is_told(told_store: Path, tmp_path: Path) -> None:
    """Where there is no room for what SQLite keeps beside its file, that is said, and not an input or output error."""
    with small_disk(tmp_path, 16) as disk:
        call_command("restore", told_store, "--db", tmp_path / "store.db")
        disk.fill(0)
        answer = call_command("user", "add", "ann", "--role", "admin", "--generate", "--db", tmp_path / "store.db")
        assert (answer.code, "the disk is full" in answer.errors) == (1, True), answer.errors
