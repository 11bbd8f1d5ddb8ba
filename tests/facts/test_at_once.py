"""Two who write into one store at the same moment: one waits, and nobody reads the database's own words."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from facts import migrations
from facts.database import StoreError, database_url, is_sqlite
from facts.imports import ImportReport, Progress, import_files
from facts.recording import Recorded, record
from facts.store import Store

T = TypeVar("T")
DAY = date(2026, 1, 31)
AMID = 0.5
"""Seconds for which the first one waits in the midst of its work, so that the second one comes to the same place."""


def test_a_store_that_two_make_at_once_is_one(store_url: str) -> None:
    """Who makes a store while somebody else does waits, and finds it made."""
    url = database_url(store_url)
    if is_sqlite(url):
        Path(str(url.database)).touch()
    first = Store.as_it_is(store_url)
    with ThreadPoolExecutor(1) as pool:
        with first.alone() as connection:
            second = pool.submit(Store.create, store_url, base_currency="USD")
            assert not Event().wait(AMID)
            migrations.upgrade(connection)
        made = second.result()
    assert made.settings()["base_currency"] == "USD"
    with pytest.raises(StoreError, match="it has other settings"):
        Store.create(store_url, base_currency="EUR")
    made.close()


def test_of_two_imports_at_once_the_second_sees_what_the_first_stored(store_url: str, tmp_path: Path) -> None:
    """Two imports that tell of the same customers store each of them once, and what both tell is later than before."""
    store = Store.create(store_url)
    with ThreadPoolExecutor(1) as pool:
        second = _meanwhile(store, tmp_path, pool, lambda: _bring(store, tmp_path, "other", range(1, 3)))
    assert isinstance(second, ImportReport)
    assert (second.stored, second.unchanged) == (1, 1)
    assert store.base_tables(DAY)["customers"]["key"].to_pylist() == ["C-0", "C-1", "C-2"]
    store.close()


def test_who_records_what_an_import_is_storing_is_answered_in_our_words(store_url: str, tmp_path: Path) -> None:
    """The record waits for the import, or is refused with what happened; it is whole or not at all."""
    store = Store.create(store_url)
    row = {"key": "C-1", "name": "Acme", "holds_from": DAY}

    def recorded() -> Recorded | StoreError:
        try:
            return record(store, "customers", [row], user="bert", source="test")
        except StoreError as error:
            return error

    with ThreadPoolExecutor(1) as pool:
        found = _meanwhile(store, tmp_path, pool, recorded)
    if isinstance(found, StoreError):
        assert found.why == "somebody else was writing the same at the same moment"
        assert "try again" in found.hint
        found = recorded()
    assert isinstance(found, Recorded)
    assert (found.stored, found.corrected) == (0, 1)
    store.close()


def _meanwhile(store: Store, folder: Path, pool: ThreadPoolExecutor, do: Callable[[], T]) -> T:
    """Do something while an import of C-0 and C-1 has its rows in the store and is not through."""
    started: list[Future[T]] = []

    def pause(step: str, of: str, _rows: int) -> None:
        if (step, of) == ("storing", "customers") and not started:
            started.append(pool.submit(do))
            assert not Event().wait(AMID)

    _bring(store, folder, "one", range(2), pause)
    (meanwhile,) = started
    return meanwhile.result()


def _bring(store: Store, folder: Path, name: str, numbers: range, progress: Progress | None = None) -> ImportReport:
    place = folder / name
    place.mkdir()
    rows = "".join(f"C-{number},Customer {number},{DAY}\n" for number in numbers)
    (place / "customers.csv").write_text(f"key,name,holds_from\n{rows}", "utf-8")
    return import_files(store, "canonical", [place], user="ann", progress=progress)
