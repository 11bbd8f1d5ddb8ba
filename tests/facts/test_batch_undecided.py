"""A run leaves out customers who cannot be decided, says who they are and why, and decides all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facts.batch.ledger import Ledger
from facts.batch.run import Batch
from facts.database import StoreError
from facts.demo import AS_OF
from facts.generate import generate
from tests.commands.conftest import Answer, call_command
from wiring import shipped_rules

CUSTOMERS = 40

Wrong = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""By table and number of a row: columns with values that do not fit."""

STAFF: Wrong = {"customers": {3: {"employees": -5}, 7: {"employees": -9}}}
WORD: Wrong = {"needs": {-1: {"kind": "sympathy"}}}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of invented facts, not to be changed."""
    path = tmp_path_factory.mktemp("facts")
    generate(path, CUSTOMERS, 5)
    return path


def altered(facts: Path, place: Path, wrong: Wrong) -> Path:
    """Return a folder with the same facts, but for some values."""
    place.mkdir()
    for path in facts.iterdir():
        table = pq.read_table(path)
        for row, values in wrong.get(path.stem, {}).items():
            for name, value in values.items():
                column = table[name].to_pylist()
                column[row] = value
                kind = table.schema.field(name).type
                table = table.set_column(table.column_names.index(name), name, pa.array(column, kind))
        pq.write_table(table, place / path.name)
    return place


def batch(facts: Path, runs: Path, *arguments: object) -> Answer:
    """Run the batch over a folder of facts."""
    return call_command("batch", "--facts", facts, "--out", runs, "--as-of", AS_OF, "--workers", 1, *arguments)


def shown(runs: Path, *arguments: object) -> Answer:
    """Show the newest run."""
    return call_command("runs", "show", "latest", "--out", runs, *arguments)


def decisions(runs: Path) -> dict[str, str]:
    """Return the stage of each customer in the newest run."""
    found = pq.read_table(runs / "latest" / "decisions", partitioning=None).to_pylist()
    return {row["customer"]: row["stage"] for row in found}


@pytest.mark.parametrize(
    ("wrong", "said", "number"),
    [(STAFF, "`employees` has the value -5 in the records of customer `C00000003`.", 2),
     (WORD, "`needs.kind` has the value `sympathy` in the records of customer `", 1)],
)  # fmt: skip
def test_others_are_decided_and_who_is_not_is_named(
    generated: Path, tmp_path: Path, wrong: Wrong, said: str, number: int
) -> None:
    """The run is published without some customers; the command, the log, the figures and the run say who and why."""
    facts, runs = altered(generated, tmp_path / "facts", wrong), tmp_path / "runs"
    answer = batch(facts, runs, "--metrics", tmp_path / "figures.prom")
    assert answer.code == 0
    assert f"{number} customer" in answer.errors
    assert said in answer.errors
    assert f"valuelift_batch_undecided {number}\n" in (tmp_path / "figures.prom").read_text()
    found = shown(runs, "--json").json
    out = {row["customer"] for row in found["why_undecided"]}
    assert (found["customers"], found["undecided"], len(out)) == (CUSTOMERS - number, number, number)
    assert batch(generated, tmp_path / "whole").code == 0
    whole = decisions(tmp_path / "whole")
    assert decisions(runs) == {key: stage for key, stage in whole.items() if key not in out}
    assert all(f"  {key}: " in shown(runs).output for key in out)
    again = batch(facts, runs, "--json", "--log", "json")
    assert '"event": "undecided"' in again.errors
    assert (again.json["is_new"], again.json["undecided"]) == (False, number)


def test_such_a_run_is_forced_replayed_and_resumed(generated: Path, tmp_path: Path) -> None:
    """What is computed once more agrees; what an interrupted batch found out about the undecided is kept."""
    facts, runs = altered(generated, tmp_path / "facts", STAFF), tmp_path / "runs"
    refused = batch(facts, runs, "--max-undecided", 1)
    assert (refused.code, refused.output) == (1, "")
    assert "2 customers of 40 cannot be decided, and nothing is published" in refused.errors
    assert "--max-undecided" in refused.errors
    assert not (runs / "latest").exists()
    assert batch(facts, runs, "--max-undecided", 2).code == 0
    told = [(row["customer"], row["value"]) for row in shown(runs, "--json").json["why_undecided"]]
    assert told == [("C00000003", "-5"), ("C00000007", "-9")]
    assert batch(facts, runs, "--force").code == 0
    assert call_command("replay", "latest", "--out", runs).code == 0
    (run,) = (path for path in runs.iterdir() if path.is_dir() and not path.is_symlink())
    (kept,) = run.glob("snapshot/*/undecided.arrow")
    kept.write_bytes(kept.read_bytes()[:-40])
    (run / "published.json").unlink()
    damaged = batch(facts, runs)
    assert (damaged.code, "undecided.arrow cannot be used" in damaged.errors) == (1, True)
    assert batch(facts, runs).code == 0
    assert shown(runs, "--json").json["undecided"] == 2


def test_a_run_in_which_nobody_is_decided_is_none(generated: Path, tmp_path: Path) -> None:
    """However many may be left out, some customer has to be decided."""
    wrong = {"customers": {row: {"employees": -1} for row in range(CUSTOMERS)}}
    answer = batch(altered(generated, tmp_path / "facts", wrong), tmp_path / "runs")
    assert (answer.code, "40 customers of 40 cannot be decided" in answer.errors) == (1, True)


def test_a_part_of_which_nobody_is_decided_is_no_obstacle(generated: Path, tmp_path: Path) -> None:
    """Parts are cut by number alone: all customers of one may be undecided, also where a run goes on from it."""
    wrong = {"customers": {row: {"employees": -1} for row in range(10, 20)}}
    facts, ledger = altered(generated, tmp_path / "facts", wrong), Ledger.at(tmp_path / "runs")
    job = Batch(ledger, shipped_rules().decider(), AS_OF, None, "EUR", "ann", facts=facts, part=10)
    for is_incremental in (True, False):
        run = replace(job, is_incremental=is_incremental).force(lambda *_: None)
        assert (run.customers, run.undecided, run.folder.parts()) == (30, 10, 4)
        assert run.folder.first(1) == "C00000010"
    with pytest.raises(StoreError, match="10 customers of 40 cannot be decided"):
        replace(job, as_of=AS_OF.replace(day=1), most_undecided=9).run(lambda *_: None)
