"""The look at the whole base finds the same in little memory, and holds no more of it than a part."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pyarrow as pa
import pytest

from facts import feature_database
from facts.batch.files import read_table
from facts.batch.ledger import Ledger
from facts.batch.opening import open_folder
from facts.batch.pipeline import Job, in_threads
from facts.batch.run import Batch
from facts.batch.run_folder import RunFolder
from facts.database import StoreError
from facts.demo import AS_OF
from facts.generate import generate
from tests.facts.small_disk import small_disk
from wiring import shipped_rules

CUSTOMERS, PART = 20_000, 2_500
FEW = ("customers", "communications", "coverage", "exchange_rates", "order_lines", "orders", "stage_history")
ENOUGH, LITTLE = "1GB", "50MB"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Return a batch of many parts over invented facts."""
    place = tmp_path_factory.mktemp("whole")
    generate(place / "facts", CUSTOMERS, 3)
    for path in (place / "facts").iterdir():
        if path.stem not in FEW:
            path.unlink()
    decider = shipped_rules().decider()
    return Batch(Ledger.at(place), decider, AS_OF, None, "EUR", "ann", facts=place / "facts", workers=1, part=PART)


@pytest.fixture(scope="module")
def run(batch: Batch) -> RunFolder:
    """Return its run, finished."""
    return batch.run(lambda *_: None).folder


def job(batch: Batch, run: RunFolder) -> Job:
    """Return what computes a run."""
    assert batch.facts is not None
    facts = open_folder(batch.facts)
    return replace(batch._job(facts, run), parts=facts.divided(AS_OF, None, PART))


def spilled(run: RunFolder) -> int:
    """Return how many bytes of a look lie in files."""
    return sum(path.stat().st_size for path in run.overflow.glob("**/*") if path.is_file())


@pytest.mark.parametrize("memory", [ENOUGH, LITTLE])
def test_what_does_not_fit_into_memory_lies_in_files_meanwhile(
    batch: Batch, run: RunFolder, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    """What is found is the same, and no file is left."""
    monkeypatch.setattr(feature_database, "MEMORY", memory)
    found, most = [], 0
    for part in job(batch, run)._portfolio():
        found.append(part)
        most = max(most, spilled(run))
    assert (most > 0) == (memory == LITTLE)
    assert not run.overflow.exists()
    assert found == [read_table(run.portfolio_of(number)) for number in range(CUSTOMERS // PART)]


def test_one_part_is_held_at_a_time(batch: Batch, run: RunFolder) -> None:
    """Outside of the database, which has its limit, a look holds what it found of a part and no more."""
    before, held, whole = pa.total_allocated_bytes(), [], 0
    for part in job(batch, run)._portfolio():
        whole += part.nbytes
        held.append(pa.total_allocated_bytes() - before)
    assert len(held) == CUSTOMERS // PART
    assert max(held) < whole / 3


def test_without_room_for_files_it_is_said_and_the_next_batch_goes_on(
    batch: Batch, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the look is kept then; with room again it finds the same, and leaves no file."""
    before = [path.read_bytes() for path in sorted(run.portfolio.iterdir())]
    shutil.rmtree(run.portfolio)
    (run.path / "published.json").unlink()
    run.overflow.mkdir()
    with small_disk(run.overflow, 1):
        monkeypatch.setattr(feature_database, "MEMORY", LITTLE)
        with pytest.raises(StoreError, match=r"(?s)did not finish.*overflow needs room"):
            job(batch, run).compute(lambda *_: None, in_threads(1))
    assert not run.portfolio.exists()
    (run.overflow / "left").touch()
    assert batch.run(lambda *_: None).folder == run
    assert [path.read_bytes() for path in sorted(run.portfolio.iterdir())] == before
    assert not run.overflow.exists()
