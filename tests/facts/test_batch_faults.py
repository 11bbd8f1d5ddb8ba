"""A batch that is killed at any point loses, doubles and mixes nothing, and the next one finishes its work."""

from __future__ import annotations

import multiprocessing
import random
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from facts import database
from facts.batch.ledger import Ledger
from facts.batch.register import entries, find, prune, replay
from facts.batch.run import Batch
from facts.batch.run_folder import RunFolder
from facts.batch.spool import spool
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.store import Store
from tests.commands.conftest import Answer, call_command
from tests.facts.batch_child import PART, batch
from tests.facts.server import Server, own_server
from tests.facts.small_disk import SmallDisk, small_disk
from tests.facts.stored_decisions import decisions_of
from tests.profiles import count
from wiring import shipped_rules

CUSTOMERS = 68
WRITE_LOCK = database._POSTGRESQL_WRITE_LOCK
ENDS_WAITING = """
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'advisory'
"""
KILLS = count(quick=2, ci=2, long=3)  # a night


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return some of the demo's facts as a folder."""
    place = tmp_path_factory.mktemp("demo")
    store = Store.create(str(place / "demo.db"))
    build(store)
    spool(store, AS_OF, None, place / "facts")
    store.close()
    for path in (place / "facts").iterdir():
        if path.stem not in (
            "customers",
            "coverage",
            "exchange_rates",
            "orders",
            "order_lines",
            "stage_history",
            "needs",
        ):
            path.unlink()
    return place / "facts"


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    """Return what starts a batch in a process that need not load the rules again."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.facts.batch_child"])
    return context


def seen(url: str, runs: Path) -> list[tuple[date, int]]:
    """Return what readers see: the runs of the store, each whole; and check that the folder shows a whole run."""
    store, ledger = Store.open(url), Ledger.at(runs)
    found = [(entry.as_of, len(decisions_of(store, entry.number))) for entry in entries(ledger, store) if entry.number]
    latest = ledger.latest()
    if latest is not None:
        assert sum(table.num_rows for table in latest.decided(["stage"])) == CUSTOMERS
        assert latest.published() is not None
    store.close()
    return sorted(found)


def test_a_killed_batch_is_finished_by_the_next(
    store_url: str, facts: Path, tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    """Wherever SIGKILL strikes, readers see whole runs only, and the next batch publishes what one in peace does."""
    Store.create(store_url).close()
    runs, chance = tmp_path / "runs", random.Random(1)
    began = time.monotonic()
    batch(facts, runs, store_url, AS_OF)
    usual, published = time.monotonic() - began, [(AS_OF, CUSTOMERS)]
    for number in range(count(quick=1, ci=1, long=170)):
        night = AS_OF + timedelta(days=1 + number)
        for _ in range(KILLS):
            process = processes.Process(target=batch, args=(facts, runs, store_url, night))
            process.start()
            process.join(chance.uniform(0.05, 1) * usual)
            process.kill()
            process.join()
            assert seen(store_url, runs) in (published, [*published, (night, CUSTOMERS)])
        _finish(facts, runs, store_url, night)
        published = [(night, CUSTOMERS)]


def _finish(facts: Path, runs: Path, url: str, night: date) -> None:
    """Let the next batch finish what was interrupted, and leave nothing but its run."""
    batch(facts, runs, url, night)
    _require_whole(url, runs, night)
    _prune(url, runs, night)


def _prune(url: str, runs: Path, night: date) -> None:
    """Remove all but the newest run, and check that folder and store have just that left."""
    store, ledger = Store.open(url), Ledger.at(runs)
    removed = [entry.number for entry in prune(ledger, store, 1)]
    (left,) = entries(ledger, store)
    assert (left.as_of, left.is_latest) == (night, True)
    assert [len(decisions_of(store, number)) for number in removed if number] == [0]
    store.close()


def _require_whole(url: str, runs: Path, night: date) -> None:
    """Check that folder and store hold the same decisions, and that these follow from the facts that were kept."""
    store, ledger = Store.open(url), Ledger.at(runs)
    entry = find(ledger, store, "latest")
    assert entry.as_of == night
    assert entry.number is not None
    assert entry.folder is not None
    kept = [row for table in RunFolder(entry.folder).decided(["customer", "fired_rules"]) for row in table.to_pylist()]
    assert decisions_of(store, entry.number).select(["customer", "fired_rules"]).to_pylist() == kept
    assert replay(entry, shipped_rules().decide, None, lambda *_: None).different == ()
    store.close()


def test_a_full_disk_leaves_what_was(
    facts: Path, tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    """If a file cannot be written, nothing is published."""
    url = str(tmp_path / "store.db")
    Store.create(url).close()
    process = processes.Process(target=batch, args=(facts, tmp_path / "runs", url, AS_OF, 20_000))
    process.start()
    process.join()
    assert process.exitcode == 1
    assert seen(url, tmp_path / "runs") == []


def test_when_the_disk_is_full_the_next_batch_finishes(facts: Path, tmp_path: Path) -> None:
    """A full disk under runs and store is said, with exit code 1; nothing is published, and with room it finishes."""
    place = tmp_path / "disk"
    place.mkdir()
    with small_disk(place, 2) as disk:
        url, runs = f"sqlite:///{place / 'store.db'}", place / "runs"
        Store.create(url).close()
        asked = ("batch", "--facts", facts, "--out", runs, "--db", url, "--as-of", AS_OF, "--workers", 1, "--quiet")
        for left in (40_000, 100_000, 160_000, 220_000):
            disk.fill(left)
            answer = call_command(*asked)
            assert answer.code in (0, 1), answer.errors
            if answer.code == 1:
                assert re.search("No space left|disk is full", answer.errors), answer.errors
                disk.clear()
                assert seen(url, runs) == []
        disk.clear()
        answer = call_command(*asked)
        assert answer.code == 0, answer.errors
        assert seen(url, runs) == [(AS_OF, CUSTOMERS)]
        _require_whole(url, runs, AS_OF)


def test_when_the_database_goes_the_next_batch_finishes(store_url: str, facts: Path, tmp_path: Path) -> None:
    """A server that ends the connection while a run is published leaves nothing of it; the next batch publishes it."""
    if not store_url.startswith("postgresql"):
        pytest.skip("SQLite has no server that could go")
    Store.create(store_url).close()
    engine = create_engine(store_url, isolation_level="AUTOCOMMIT")
    asked = ("batch", "--facts", facts, "--out", tmp_path / "runs", "--db", store_url, "--as-of", AS_OF, "--quiet")
    with engine.connect() as watcher:
        # The batch waits for whoever writes; meanwhile its connection is found and ended.
        watcher.execute(text("SELECT pg_advisory_lock(:key)"), {"key": WRITE_LOCK})
        answers: list[Answer] = []
        work = threading.Thread(target=lambda: answers.append(call_command(*asked)))
        work.start()
        while work.is_alive():
            watcher.execute(text(ENDS_WAITING))
            work.join(0.05)
        watcher.execute(text("SELECT pg_advisory_unlock_all()"))
    engine.dispose()
    assert (answers[0].code, "cannot be used" in answers[0].errors) == (1, True), answers[0].errors
    assert "Internal failure" not in answers[0].errors
    assert seen(store_url, tmp_path / "runs") == []
    assert call_command(*asked).code == 0
    assert seen(store_url, tmp_path / "runs") == [(AS_OF, CUSTOMERS)]
    _require_whole(store_url, tmp_path / "runs", AS_OF)


# What a batch is held back by at one point of publishing: before its first row, when its decisions are written, and
# when all its rows are.
HELD_BACK = {
    "before the run": "SELECT pg_advisory_xact_lock({lock})",
    "before the portfolio": "LOCK TABLE portfolio IN EXCLUSIVE MODE",
    "before the statistics": "LOCK TABLE decisions IN SHARE UPDATE EXCLUSIVE MODE",
}
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that may be stopped."""
    with own_server() as running:
        yield running


@pytest.mark.parametrize("point", HELD_BACK)
def test_when_the_server_stops_amid_publishing_the_next_batch_finishes(
    server: Server, facts: Path, tmp_path: Path, point: str
) -> None:
    """A server that stops at once and starts again holds the whole old run; the next batch publishes its own once."""
    url, runs = _new_database(server, point), tmp_path / "runs"
    Store.create(url).close()
    batch(facts, runs, url, AS_OF)
    night = AS_OF + timedelta(days=1)
    asked = ("batch", "--facts", facts, "--out", runs, "--db", url, "--as-of", night, "--workers", 1, "--quiet")
    with _held_back(url, point, asked) as (_, answers):
        server.stop()
    assert (answers[0].code, "cannot be used" in answers[0].errors) == (1, True), answers[0].errors
    assert "Internal failure" not in answers[0].errors
    assert call_command(*asked).code == 1  # it stands still
    server.start()
    assert seen(url, runs) == [(AS_OF, CUSTOMERS)]
    assert call_command(*asked).code == 0
    assert seen(url, runs) == [(AS_OF, CUSTOMERS), (night, CUSTOMERS)]
    _require_whole(url, runs, night)
    assert call_command(*asked).code == 0  # and it is not published twice
    assert seen(url, runs) == [(AS_OF, CUSTOMERS), (night, CUSTOMERS)]


def test_a_server_that_stops_at_any_point_has_the_old_run_or_the_new(
    server: Server, facts: Path, tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    """Whenever in a batch the server stops, readers see whole runs only, and the next batch finishes."""
    url, runs, chance = _new_database(server, "any point"), tmp_path / "runs", random.Random(2)
    Store.create(url).close()
    began = time.monotonic()
    batch(facts, runs, url, AS_OF)
    usual, published = time.monotonic() - began, [(AS_OF, CUSTOMERS)]
    for number in range(count(quick=1, ci=2, long=50)):
        night = AS_OF + timedelta(days=1 + number)
        process = processes.Process(target=batch, args=(facts, runs, url, night))
        process.start()
        process.join(chance.uniform(0.3, 1) * usual)
        server.stop()
        process.join()
        server.start()
        assert seen(url, runs) in (published, [*published, (night, CUSTOMERS)])
        _finish(facts, runs, url, night)
        published = [(night, CUSTOMERS)]


@pytest.fixture
def full_server() -> Iterator[tuple[Server, SmallDisk]]:
    """Return a server that has all its files on a small disk of its own."""
    with own_server(mebibytes=160) as running:
        yield running, SmallDisk(running.folder)


def test_when_the_disk_of_the_server_is_full_the_next_batch_finishes(
    full_server: tuple[Server, SmallDisk], facts: Path, tmp_path: Path
) -> None:
    """Wherever in publishing the server has no room left, that is said and the old run stays; with room it finishes."""
    server, disk = full_server
    url, runs = _new_database(server, "full disk"), tmp_path / "runs"
    Store.create(url).close()
    batch(facts, runs, url, AS_OF)
    night, failed = AS_OF + timedelta(days=1), 0
    asked = ("batch", "--facts", facts, "--out", runs, "--db", url, "--as-of", night, "--workers", 1, "--quiet")
    _begin_log_file(url)  # so that it is not for the log that there is no room
    for left in range(0, 400_000, 16_384):
        disk.fill(left)
        answer = call_command(*asked)
        if answer.code == 0:
            break
        failed += 1
        assert (answer.code, "the disk is full" in answer.errors) == (1, True), answer.errors
        assert seen(url, runs) == [(AS_OF, CUSTOMERS)]  # while there is no room, too
    assert failed > 1
    disk.clear()
    assert call_command(*asked).code == 0
    assert seen(url, runs) == [(AS_OF, CUSTOMERS), (night, CUSTOMERS)]
    _require_whole(url, runs, night)


# More than the file that is being written has room for.
FILL_LOG = """
    DO $$ BEGIN
        FOR number IN 1..100 LOOP PERFORM pg_logical_emit_message(true, '', repeat('x', 1000000)); END LOOP;
    END $$
"""


def test_when_the_log_of_the_server_has_no_room_the_next_batch_finishes(
    full_server: tuple[Server, SmallDisk], facts: Path, tmp_path: Path
) -> None:
    """A server that goes down amid publishing for want of room for its log has the old run when it is up again."""
    server, disk = full_server
    url, runs = _new_database(server, "full_log"), tmp_path / "runs"
    Store.create(url).close()
    batch(facts, runs, url, AS_OF)
    night = AS_OF + timedelta(days=1)
    asked = ("batch", "--facts", facts, "--out", runs, "--db", url, "--as-of", night, "--workers", 1, "--quiet")
    with _held_back(url, "before the statistics", asked) as (holder, answers):
        disk.fill(0)
        with pytest.raises(DBAPIError):
            holder.execute(text(FILL_LOG))
    assert (answers[0].code, "cannot be used" in answers[0].errors) == (1, True), answers[0].errors
    assert "Internal failure" not in answers[0].errors
    server.wait_until_down()
    assert call_command(*asked).code == 1  # it stands still
    disk.clear()
    server.start()
    assert seen(url, runs) == [(AS_OF, CUSTOMERS)]
    assert call_command(*asked).code == 0
    assert seen(url, runs) == [(AS_OF, CUSTOMERS), (night, CUSTOMERS)]
    _require_whole(url, runs, night)


def _begin_log_file(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_switch_wal()"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


@contextmanager
def _held_back(url: str, point: str, asked: tuple[Any, ...]) -> Iterator[tuple[Connection, list[Answer]]]:
    """Start a batch and give, once it is held back at a point, the connection that does so; at the end it is over."""
    answers: list[Answer] = []
    work = threading.Thread(target=lambda: answers.append(call_command(*asked)))
    engine = create_engine(url)
    with engine.connect() as holder:
        holder.execute(text(HELD_BACK[point].format(lock=WRITE_LOCK)))
        work.start()
        while not holder.scalar(WAITING):
            assert work.is_alive(), answers
            time.sleep(0.02)
        yield holder, answers
        work.join()
        holder.invalidate()
    engine.dispose()


def _new_database(server: Server, words: str) -> str:
    name = words.replace(" ", "_")
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


def test_what_was_being_written_when_a_batch_was_killed_is_no_damage(facts: Path, tmp_path: Path) -> None:
    """A part's folder that is not finished yet, with a file not filled yet, is written anew without a word."""
    url, runs = str(tmp_path / "store.db"), tmp_path / "runs"
    Store.create(url).close()
    first = batch(facts, runs, url, AS_OF).folder.path
    shutil.move(first / "snapshot" / "00001", first / "snapshot" / "00001.unfinished")
    (first / "snapshot" / "00001.unfinished" / "customers.arrow").write_bytes(b"")
    (first / "decisions" / "00001.parquet").rename(first / "decisions" / "00001.parquet.unfinished")
    assert RunFolder(first).remove_damaged() == []
    assert not list(first.glob("**/*.unfinished"))


@pytest.mark.parametrize(
    "place",
    ["snapshot/00001/customers.arrow", "portfolio/00001.parquet", "decisions/00000.parquet"],
)
def test_a_part_that_is_damaged_before_a_batch_goes_on_is_computed_anew(
    store_url: str, facts: Path, tmp_path: Path, place: str
) -> None:
    """What an interrupted batch left damaged, cut off or by one bit, is said and not used; the next batch finishes."""
    url, runs = store_url, tmp_path / "runs"
    Store.create(url).close()
    asked = ("batch", "--facts", facts, "--out", runs, "--db", url, "--as-of", AS_OF, "--workers", 1, "--quiet")
    store = Store.open(url)
    whole = Batch(Ledger.at(runs), shipped_rules().decider(), AS_OF, None, "EUR", "ann", store, facts, part=PART)

    def stop(step: str, *_: int) -> None:
        if step == "publishing":
            raise KeyboardInterrupt

    for damaged in (cut, flipped):
        with pytest.raises(KeyboardInterrupt):
            whole.run(stop)
        (run,) = Ledger.at(runs).runs()
        file = run.path / place
        file.write_bytes(damaged(file.read_bytes()))
        answer = call_command(*asked)
        assert (answer.code, "damaged" in answer.errors, file.name in answer.errors) == (1, True, True), answer.errors
        assert seen(url, runs) == []
    store.close()
    assert call_command(*asked).code == 0
    assert seen(url, runs) == [(AS_OF, CUSTOMERS)]
    _require_whole(url, runs, AS_OF)


def cut(content: bytes) -> bytes:
    """Return the content without its end."""
    return content[:-200]


def flipped(content: bytes) -> bytes:
    """Return the content with one bit turned."""
    place = len(content) // 3
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_damaged_part_is_noticed(store_url: str, facts: Path, tmp_path: Path) -> None:
    """Facts or decisions that were changed on the disk are not taken for what was decided."""
    url = store_url
    Store.create(url).close()
    run = batch(facts, tmp_path / "runs", url, AS_OF)
    store, ledger = Store.open(url), Ledger.at(tmp_path / "runs")
    entry = find(ledger, store, run.name)
    for damaged in (run.folder.decisions(1), run.folder.snapshot(0) / "customers.arrow", run.folder.whole(1)):
        whole = damaged.read_bytes()
        damaged.write_bytes(whole[:1000] + bytes(500) + whole[1500:])
        with pytest.raises(StoreError, match="cannot be used"):
            replay(entry, shipped_rules().decide, None, lambda *_: None)
        damaged.write_bytes(whole)
    assert replay(entry, shipped_rules().decide, None, lambda *_: None).different == ()
    store.close()


def test_facts_that_change_meanwhile_are_not_decided(facts: Path, tmp_path: Path) -> None:
    """If somebody writes to the files during a batch, nothing is published."""
    moving = tmp_path / "facts"
    shutil.copytree(facts, moving)
    ledger = Ledger.at(tmp_path / "runs")
    job = Batch(ledger, shipped_rules().decider(), AS_OF, None, "EUR", "ann", facts=moving)

    def write(step: str, done: int, of: int) -> None:
        if step == "deciding" and done == of:
            shutil.copy(facts / "needs.parquet", moving / "needs.parquet")

    with pytest.raises(StoreError, match="somebody changed them in the meantime"):
        job.run(write)
    assert (ledger.runs(), ledger.latest()) == ([], None)
