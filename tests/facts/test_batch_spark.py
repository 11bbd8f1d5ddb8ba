"""The batch on Spark decides as the batch on one machine does, whatever becomes of its workers. Run by `make spark`."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from facts.batch.files import plain
from facts.batch.ledger import Ledger
from facts.batch.register import find, replay
from facts.batch.run import Batch
from facts.batch.run_folder import RunFolder
from facts.batch.spark import Spark
from facts.database import StoreError
from facts.demo import AS_OF
from facts.generate import generate
from tests.commands.conftest import DAY, call_command
from wiring import shipped_rules

pytest.importorskip("pyspark", reason="PySpark is not installed here; `make spark` runs these tests")

CUSTOMERS, PART = 2_000, 600
UNFIT = "C00000011"
FEW = ("customers", "coverage", "exchange_rates", "needs", "orders", "order_lines", "stage_history")
MASTER = "local[2,4]"  # two at work, each task tried four times
PATIENT = "local[2,50]"  # for workers that are killed until one of them was writing


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return invented facts in the forms that a folder may have."""
    place = tmp_path_factory.mktemp("facts")
    generate(place, CUSTOMERS, 5)
    _in_several_files(place / "orders.parquet")
    _with_some_for_all(place / "coverage.parquet")
    _with_one_unfit(place / "customers.parquet")
    return place


@pytest.fixture(scope="module")
def few(facts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with fewer tables, for what takes several runs."""
    place = tmp_path_factory.mktemp("few")
    for path in facts.iterdir():
        if path.stem in FEW:
            (place / path.name).symlink_to(path)
    return place


def _in_several_files(path: Path) -> None:
    """Divide a table into files with other columns and types, the second of them written in no order."""
    rows, folder = pq.read_table(path), path.with_suffix("")
    path.unlink()
    folder.mkdir()
    half, known = len(rows) // 2, pa.scalar(1_700_000_000_123_456_789, pa.timestamp("ns", "UTC"))
    pq.write_table(rows.slice(0, half), folder / "one.parquet")
    rest = rows.slice(half).append_column("recorded_at", pa.array([known] * (len(rows) - half)))
    rest = rest.set_column(rest.column_names.index("customer"), "customer", rest["customer"].dictionary_encode())
    rest = rest.append_column("retracted_at", pa.nulls(len(rest)))
    pq.write_table(rest.sort_by([("key", "descending")]), folder / "two.parquet")


def _with_some_for_all(path: Path) -> None:
    """Let what is recorded be said of everybody and, otherwise, of one customer."""
    rows = pq.read_table(path)
    assert rows["customer"].null_count == len(rows)
    (first,) = rows.slice(0, 1).to_pylist()
    own = pa.Table.from_pylist([{**first, "key": "own", "customer": "C00000007"}], rows.schema)
    pq.write_table(pa.concat_tables([rows, own]), path)


def _with_one_unfit(path: Path) -> None:
    """Give one customer a number of staff with which nothing can be decided."""
    rows = pq.read_table(path)
    staff = pc.if_else(pc.equal(rows["key"], UNFIT), -5, rows["employees"])
    pq.write_table(rows.set_column(rows.column_names.index("employees"), "employees", staff), path)


def batch(facts: Path, runs: Path, spark: Spark | None) -> Batch:
    """Return a batch of several parts."""
    decider = shipped_rules().decider()
    return Batch(Ledger.at(runs), decider, AS_OF, None, "EUR", "ann", facts=facts, workers=2, part=PART, spark=spark)


def silent(step: str, done: int, of: int) -> None:
    """Say nothing."""


def decisions(run: RunFolder) -> pa.Table:
    """Return all decisions by customer, in plain columns: each part has its own dictionary of lists of rules."""
    whole = pa.concat_tables(run.get_table(run.decisions(n)) for n in range(run.parts())).sort_by("customer")
    return plain(whole)


def whole_base(run: RunFolder) -> pa.Table:
    """Return what only a look at the whole base shows, by customer."""
    return run.get_table(run.portfolio).sort_by("customer")


@pytest.fixture(scope="module")
def local(facts: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return the run on one machine."""
    return batch(facts, tmp_path_factory.mktemp("local"), None).run(silent).folder


@pytest.fixture(scope="module")
def local_of_few(few: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return the run on one machine, of fewer tables."""
    return batch(few, tmp_path_factory.mktemp("few"), None).run(silent).folder


@pytest.fixture(scope="module")
def on_spark(facts: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return the run on Spark; not to be changed."""
    return batch(facts, tmp_path_factory.mktemp("spark"), Spark(MASTER)).run(silent).folder


def test_decisions_are_those_of_one_machine(local: RunFolder, on_spark: RunFolder) -> None:
    """By the same key, all decisions and what the whole base shows are the same; only the parts are others."""
    assert on_spark.name == local.name
    assert on_spark.parts() > 2
    assert decisions(on_spark).equals(decisions(local))
    assert len(decisions(local)) == CUSTOMERS - 1
    assert on_spark.undecided().equals(local.undecided())
    assert local.undecided()["customer"].to_pylist() == [UNFIT]
    assert whole_base(on_spark).equals(whole_base(local))
    first, other = (on_spark.get_table(on_spark.decisions(n))["customer"] for n in (0, 1))
    assert pc.min(other).as_py() < pc.max(first).as_py()  # by hash, and not by key


def test_the_run_is_one_like_any_other(facts: Path, on_spark: RunFolder) -> None:
    """It is listed, replayed, known when it is asked for again by either engine, and confirmed by the other one."""
    runs = on_spark.path.parent
    entry = find(Ledger.at(runs), None, "latest")
    assert (entry.run, entry.customers, entry.state) == (on_spark.name, CUSTOMERS - 1, "published")
    assert replay(entry, shipped_rules().decide, None, silent).different == ()
    for engine in (None, Spark(MASTER)):
        assert not batch(facts, runs, engine).run(silent).is_new
    assert batch(facts, runs, None).force(silent).folder == on_spark
    assert sorted(path.name for path in on_spark.path.iterdir() if not path.name.startswith("_")) == (
        ["decisions", "portfolio", "published.json", "run.json", "snapshot", "whole"]
    )


def test_force_finds_another_decision(facts: Path, on_spark: RunFolder, tmp_path: Path) -> None:
    """A decision that does not follow from the facts is found by the other engine, whose parts are others."""
    runs = Ledger.at(tmp_path)
    shutil.copytree(on_spark.path, runs.root / on_spark.name)
    run = RunFolder(runs.root / on_spark.name)
    table = run.get_table(run.decisions(1))
    changed = table.set_column(1, table.column_names[1], pa.chunked_array([table[1].combine_chunks()[::-1]]))
    run.put_table(run.decisions(1), changed)
    with pytest.raises(StoreError, match=r"are not what its facts lead to"):
        batch(facts, tmp_path, None).force(silent)


@dataclass
class Killer:
    """Kills one worker of Spark's while it writes a part."""

    runs: Path
    struck: list[Path] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Wait until a part is being written, and kill all workers: one of them is at it."""
        while not self.struck and not self.is_over.is_set():
            writing = list(self.runs.glob("*/snapshot/*.unfinished"))
            if writing:
                for process in workers():
                    os.kill(process, signal.SIGKILL)
                time.sleep(0.2)
                self.struck += [path for path in writing if path.exists()]  # whose writer died over it
            time.sleep(0.002)


def workers() -> Iterator[int]:
    """Yield the Python processes in which this process's Spark runs tasks."""
    stats = {int(path.name): (path / "stat") for path in Path("/proc").glob("[0-9]*")}
    parents, daemons = {}, set()
    for process, stat in stats.items():
        try:
            parents[process] = int(stat.read_text().rpartition(")")[2].split()[1])
            if b"pyspark.daemon" in stat.with_name("cmdline").read_bytes():
                daemons.add(process)
        except OSError:
            continue  # ended in the meantime
    for process in daemons:
        above = parents[process]
        if above in daemons and parents.get(parents[above]) == os.getpid():  # worker, daemon, Java, this process
            yield process


def test_lost_workers_cost_their_own_parts_only(few: Path, local_of_few: RunFolder, tmp_path: Path) -> None:
    """Workers that are killed in the midst of a task are replaced, and nothing shows in the decisions."""
    killer = Killer(tmp_path)
    thread = threading.Thread(target=killer.watch)
    thread.start()
    try:
        run = batch(few, tmp_path, Spark(PATIENT)).run(silent)
    finally:
        killer.is_over.set()
        thread.join()
    assert killer.struck  # a part was half written when its worker died
    assert run.is_new
    assert decisions(run.folder).equals(decisions(local_of_few))
    assert not list(tmp_path.glob("**/*.unfinished"))


def test_an_interrupted_run_goes_on_where_it_stood(few: Path, local_of_few: RunFolder, tmp_path: Path) -> None:
    """Finished parts are kept; the other engine, which divides customers otherwise, says so and stays away."""
    job = batch(few, tmp_path, Spark(MASTER))

    def interrupt(step: str, done: int, _: int) -> None:
        if step == "deciding" and done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        job.run(interrupt)
    (run,) = Ledger.at(tmp_path).runs()
    kept = {path: path.stat().st_mtime_ns for path in run.path.glob("snapshot/*/*.arrow")}
    assert kept
    with pytest.raises(StoreError, match="Finish it by --engine spark"):
        replace(job, spark=None).run(silent)
    assert job.run(silent).is_new
    assert kept == {path: path.stat().st_mtime_ns for path in run.path.glob("snapshot/*/*.arrow")}
    assert decisions(run).equals(decisions(local_of_few))


def test_wrong_facts_are_told_as_on_one_machine(few: Path, tmp_path: Path) -> None:
    """What a task finds wrong with the facts is said in the same words, and Spark does not try it again."""
    wrong = tmp_path / "facts"
    wrong.mkdir()
    for path in few.iterdir():
        if path.name != "needs.parquet":
            (wrong / path.name).symlink_to(path)
    needs = pq.read_table(few / "needs.parquet")
    pq.write_table(pa.concat_tables([needs, needs.slice(5, 1)]), wrong / "needs.parquet")
    asked = ("batch", "--facts", wrong, "--as-of", DAY, "--quiet", "--out")
    answers = [
        call_command(*asked, tmp_path / engine[1], *engine)
        for engine in (("--engine", "local"), ("--engine", "spark", "--master", MASTER))
    ]
    assert [answer.code for answer in answers] == [1, 1]
    assert answers[0].errors == answers[1].errors
    assert "stands in several rows" in answers[1].errors
