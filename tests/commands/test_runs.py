"""Runs are listed, shown, replayed and removed; another batch at work is waited for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facts.batch.ledger import Ledger
from facts.demo import AS_OF
from facts.generate import generate
from tests.commands.conftest import DAY, Answer, Call, call_command

CUSTOMERS = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with facts and a run over them."""
    path = tmp_path_factory.mktemp("runs")
    generate(path / "facts", CUSTOMERS, 5)
    assert call(path, "batch", "--facts", path / "facts").json["customers"] == CUSTOMERS
    return path


def call(place: Path, *arguments: object) -> Answer:
    """Call a command on the runs of a place, for JSON."""
    more = ("--as-of", AS_OF) if arguments[0] == "batch" else ()
    return call_command(*arguments, *more, "--out", place / "runs", "--json")


def test_the_same_again_changes_nothing(place: Path) -> None:
    """A batch on the same facts and rules leaves the run as it is; by force it is decided anew and agrees."""
    (before,) = call(place, "runs").json
    again = call(place, "batch", "--facts", place / "facts").json
    forced = call(place, "batch", "--facts", place / "facts", "--force").json
    assert [(each["is_new"], each["forced"]) for each in (again, forced)] == [(False, False), (False, True)]
    assert call(place, "runs").json == [before]
    assert [path.name for path in (place / "runs").glob(".*")] == []


def test_a_run_is_listed_and_shown(place: Path) -> None:
    """The list and the page of a run say from what it was decided, in both languages."""
    (listed,) = call(place, "runs").json
    assert (listed["customers"], listed["state"], listed["is_latest"]) == (CUSTOMERS, "published", True)
    shown = {**listed, "why_undecided": []}
    assert call(place, "runs", "show", "latest").json == shown == call(place, "runs", "show", listed["run"]).json
    for language, word in (("en", "published, latest"), ("zh", "已发布，最新")):
        for asked in (("runs",), ("runs", "show", "latest")):
            assert word in call_command(*asked, "--out", place / "runs", "--lang", language).output
    unknown = call(place, "runs", "show", listed["run"][:-1] + "x")
    assert (unknown.code, f"Did you mean `{listed['run']}`?" in unknown.errors) == (1, True)


def test_a_replay_agrees(place: Path) -> None:
    """The facts that a run kept lead to its decisions again, for all and for one."""
    found = call(place, "replay", "latest").json
    assert (found["customers"], found["different"]) == (CUSTOMERS, [])
    assert call(place, "replay", "latest", "C00000007").json["customers"] == 1
    stranger = call(place, "replay", "latest", "nobody")
    assert (stranger.code, "did not decide 'nobody'" in stranger.errors) == (1, True)


def test_a_replay_finds_a_changed_decision(place: Path) -> None:
    """A decision that does not follow from the facts is named, with exit code 1; so does a forced batch."""
    (file,) = (place / "runs" / "latest" / "decisions").glob("*.parquet")
    whole = file.read_bytes()
    table = pq.read_table(file)
    moved = ["down", *table["move"].to_pylist()[1:]] if table["move"][0].as_py() != "down" else ["up"] * len(table)
    pq.write_table(table.set_column(table.column_names.index("move"), "move", pa.array(moved, pa.string())), file)
    try:
        answer = call(place, "replay", "latest")
        assert (answer.code, answer.json["different"][0]) == (1, "C00000000")
        forced = call(place, "batch", "--facts", place / "facts", "--force")
        assert (forced.code, "'C00000000'" in forced.errors) == (1, True)
    finally:
        file.write_bytes(whole)


def test_rules_that_did_not_decide_a_run_do_not_replay_it(place: Path) -> None:
    """Whoever has other rules is told by which ones the run was decided."""
    said = place / "runs" / "latest" / "run.json"
    text = said.read_text()
    said.write_text(text.replace('"pack_digest": "', '"pack_digest": "0'))
    try:
        answer = call(place, "replay", "latest")
        assert (answer.code, "Give the folder of those rules by --pack" in answer.errors) == (1, True)
    finally:
        said.write_text(text)


def test_another_batch_is_waited_for(place: Path) -> None:
    """While somebody is at work, a second batch says who and waits; with --no-wait it ends."""
    hold = (
        "import sys, time; from pathlib import Path; from facts.batch.ledger import Ledger\n"
        f"with Ledger.at(Path({str(place / 'runs')!r})).lock('bob', print): print('held', flush=True); time.sleep(3)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        refused = call(place, "batch", "--facts", place / "facts", "--no-wait")
        assert (refused.code, "bob (process" in refused.errors) == (1, True)
        waited = call(place, "batch", "--facts", place / "facts")
        assert (waited.code, "Waiting for another batch: bob (process" in waited.errors) == (0, True)


def test_pruning_spares_what_readers_see(place: Path) -> None:
    """Unfinished runs that began before the last publication go; the latest run stays."""
    ledger = Ledger.at(place / "runs")
    (run,) = ledger.runs()
    given_up = ledger.root / "0123456789ab"
    given_up.mkdir()
    said = (run.path / "run.json").read_text().replace(AS_OF.isoformat(), (AS_OF - timedelta(days=1)).isoformat())
    (given_up / "run.json").write_text(said)
    published = run.published()
    assert published is not None
    os.utime(given_up / "run.json", (0, published.at.timestamp() - 60))
    removed = call(place, "runs", "prune").json["removed"]
    assert [(entry["run"], entry["state"]) for entry in removed] == [("0123456789ab", "unfinished")]
    assert [entry.name for entry in ledger.runs()] == [run.name]


def test_a_store_that_was_moved_knows_its_runs(two_runs: Path, tmp_path: Path) -> None:
    """Runs taken along are found where they are now; without them, pruning leaves what readers of the store see."""
    with_runs, alone = tmp_path / "along" / "store.db", tmp_path / "alone.db"
    shutil.copytree(two_runs.parent, with_runs.parent, symlinks=True)
    shutil.copy(two_runs, alone)
    listed = call_command("runs", "--db", with_runs, "--json").json
    assert [each["run"] for each in listed] == ["2", "1"]
    for each in listed:
        assert call_command("replay", each["run"], "--db", with_runs).code == 0
    report = call_command("runs", "report", "1", "--db", with_runs, "--json").json
    assert report["run"] != report["against"]
    for store in (with_runs, alone):
        numbers = [each["run"] for each in call_command("runs", "--db", store, "--json").json]
        assert call_command("runs", "prune", "--keep", 1, "--db", store).code == 0
        assert [each["run"] for each in call_command("runs", "--db", store, "--json").json] == numbers[:1]


def test_decisions_that_are_gone_are_missed(demo: Call) -> None:
    """A run whose decisions were deleted cannot be replayed, and the message says what is missing."""
    run = Path(demo("batch", "--as-of", DAY, "--json").json["folder"])
    shutil.rmtree(run / "decisions")
    answer = demo("replay", "latest")
    assert answer.code == 1
    assert f"0 have decisions in {run}" in answer.errors


def test_a_run_of_an_earlier_version_is_replayed(demo: Call) -> None:
    """It kept what only a look at the whole base shows in one file, not by part."""
    run = Path(demo("batch", "--as-of", DAY, "--json").json["folder"])
    whole = pq.read_table(run / "portfolio")
    shutil.rmtree(run / "portfolio")
    pq.write_table(whole, run / "portfolio.parquet")
    assert demo("replay", "latest").code == 0
    assert demo("replay", "latest", "kelpford").code == 0
