"""A batch that is killed at any point loses, doubles and mixes nothing, and the next one finishes its work."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from facts.batch.ledger import Ledger, RunFolder
from facts.batch.register import entries, find, prune, replay
from facts.batch.run import Batch, spool
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.runs import decisions_of
from facts.store import Store
from tests.facts.batch_child import batch
from tests.profiles import count
from wiring import shipped_rules

CUSTOMERS = 68
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
        batch(facts, runs, store_url, night)
        _require_whole(store_url, runs, night)
        _prune(store_url, runs, night)
        published = [(night, CUSTOMERS)]


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


def test_a_damaged_part_is_noticed(facts: Path, tmp_path: Path) -> None:
    """Facts or decisions that were changed on the disk are not taken for what was decided."""
    url = str(tmp_path / "store.db")
    Store.create(url).close()
    run = batch(facts, tmp_path / "runs", url, AS_OF)
    store, ledger = Store.open(url), Ledger.at(tmp_path / "runs")
    entry = find(ledger, store, run.name)
    for damaged in (run.folder.decisions(1), run.folder.snapshot(0) / "customers.parquet"):
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
