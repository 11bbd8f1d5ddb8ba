"""What a run kept is read instead of the store only as long as both say the same."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from facts.audit import entry_of
from facts.batch.kept import KeptRun, facts_of, joined, kept_run, parts_of
from facts.batch.ledger import Ledger, runs_folder
from facts.batch.run import Batch
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.runs import last_run
from facts.store import Store
from facts.tables import decision_runs
from wiring import Desk, catalogue_digest, shipped_rules

PART = 25
"""Customers of a part: the demo's make three, the last one smaller."""


@pytest.fixture(scope="module")
def decided_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store whose customers a batch has decided in several parts; not to be changed."""
    path = tmp_path_factory.mktemp("kept") / "demo.db"
    store = Store.create(f"sqlite:///{path}")
    build(store)
    decide(store)
    store.close()
    return path


@pytest.fixture
def store(decided_store: Path, tmp_path: Path) -> Store:
    """Return a store of the test's own, whose runs are those of the other one."""
    path = tmp_path / "demo.db"
    shutil.copy(decided_store, path)
    return Store.open(str(path))


def decide(store: Store, known_at: datetime | None = None) -> None:
    """Decide all customers of a store."""
    batch = Desk(store, shipped_rules(), AS_OF, known_at).batch("night", Ledger.at(runs_folder(store.url)))
    Batch(**{name: getattr(batch, name) for name in batch.__dataclass_fields__} | {"part": PART}).run(lambda *_: None)


def desk(store: Store) -> Desk:
    """Return a desk that knows all that the store knows."""
    return Desk(store, shipped_rules(), AS_OF)


def kept(store: Store) -> KeptRun:
    """Return the run that stands for the store."""
    found = kept_run(store, last_run(store, AS_OF), AS_OF, catalogue_digest())
    assert found is not None
    return found


def is_taken_over(one: Desk) -> bool:
    """Return whether the facts are those that a run kept."""
    return one._kept() is not None


def test_what_a_run_kept_is_what_the_store_says(store: Store) -> None:
    """Facts and rows of every customer, and all decisions, are those that are computed from the store."""
    one, now = desk(store), Desk(store, shipped_rules(), AS_OF, datetime.now(UTC))
    assert is_taken_over(one)
    assert not is_taken_over(now)
    assert list(one.snapshot().each()) == list(now.snapshot().each())
    assert one.overview().equals(now.overview())


def test_after_anything_was_recorded_the_store_is_read(store: Store) -> None:
    """A run knows nothing of what was entered after it had begun."""
    with store.writing() as connection:
        connection.execute(entry_of("ana", "import", "import", "orders", at=datetime.now(UTC)))
    assert not is_taken_over(desk(store))


def test_another_day_is_computed(store: Store) -> None:
    """Facts depend on the day."""
    assert not is_taken_over(Desk(store, shipped_rules(), AS_OF + timedelta(1)))
    assert not is_taken_over(Desk(store, shipped_rules(), AS_OF - timedelta(1)))


def test_a_run_of_earlier_knowledge_is_not_taken_over(store: Store) -> None:
    """It may have known less than the store does now."""
    decide(store, known_at=datetime.now(UTC))
    assert not is_taken_over(desk(store))


def test_where_a_run_is_damaged_the_store_is_read(decided_store: Path, tmp_path: Path) -> None:
    """Whoever asks gets the same answer all the same."""
    path = tmp_path / "demo.db"
    shutil.copy(decided_store, path)
    store = Store.open(str(path))
    before = list(desk(store).snapshot().each())
    runs = tmp_path / "runs"
    shutil.copytree(runs_folder(Store.open(str(decided_store)).url), runs)
    latest = runs / kept(store).folder.name
    with store.writing() as connection:
        connection.execute(update(decision_runs).values(snapshot_file=str(latest)))
    (latest / "snapshot" / "00001" / "rows-needs.arrow").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="rows-needs"):
        facts_of(kept(store).folder)
    assert list(desk(store).snapshot().each()) == before


def test_parts_are_joined_in_their_order(store: Store) -> None:
    """Each row stays with its customer."""
    parts = parts_of(kept(store).folder)
    assert len(parts) > 2
    whole = joined(parts)
    assert list(whole.each()) == [one for part in parts for one in part.each()]
