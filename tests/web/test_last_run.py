"""Customers are decided by what the last run kept only as long as that is what would be read from the store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from facts.audit import entry_of
from facts.batch.ledger import Ledger, runs_folder
from facts.demo import AS_OF
from facts.marks import marks
from facts.recording import merge_customers, record
from facts.runs import remove_run
from facts.store import Store
from facts.undoing import undo
from tests.web.conftest import OWN, Pages, serve_copy
from tests.web.test_customer import said_after
from web.site import Settings, Site
from wiring import Desk, shipped_rules


def run_batch(store: Store, known_at: datetime | None = None) -> None:
    """Decide all customers of a store."""
    ledger = Ledger.at(runs_folder(store.url))
    Desk(store, shipped_rules(), AS_OF, known_at).batch("night", ledger).run(lambda *_: None)


@pytest.fixture(scope="module")
def store_with_batch(store_with_accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with accounts whose customers a batch has decided; not to be changed."""
    path = tmp_path_factory.mktemp("batch") / "batch.db"
    shutil.copy(store_with_accounts, path)
    store = Store.open(str(path))
    run_batch(store)
    store.close()
    return path


@pytest.fixture
def decided_pages(store_with_batch: Path, tmp_path: Path) -> Iterator[Pages]:
    """Return the pages over a store of the test's own, whose customers a batch has decided."""
    yield from serve_copy(store_with_batch, tmp_path)


def held(store: Store, settings: Settings | None = None, site: Site | None = None) -> set[str]:
    """Return the customers who are decided by what the last run kept."""
    site = site or Site(store, settings or Settings(AS_OF))
    keys = list(site.desk().cards())
    for _ in range(2):  # the first time it is only being read
        found = site.last_run.decided(site.rules(), site.today(), marks(store, keys), keys)
        site.last_run.wait()
    return set(found)


def add_entry(store: Store, *said: Any, **more: Any) -> None:
    """Add an entry to the audit log, as whatever is recorded does."""
    with store.writing() as connection:
        connection.execute(entry_of("ana", "import", *said, at=datetime.now(UTC)).values(**more))


def test_the_last_run_says_what_the_store_says(decided_pages: Pages) -> None:
    """Card, facts and decision of every customer are those that are read and decided from the store."""
    site: Site = decided_pages.app.state.site
    keys = held(decided_pages.store, site=site)
    assert keys == set(site.desk().cards())
    by_run = site.decided(sorted(keys))
    assert by_run == {each.facts.customer: each for each in site.desk().decide_many(keys)}
    assert by_run[OWN] == site.desk().decide(OWN)


def test_whoever_has_news_is_decided_anew(decided_pages: Pages) -> None:
    """After something was recorded of a customer it is read from the store, and the page says what changed."""
    store, site = decided_pages.store, decided_pages.app.state.site
    everybody = held(store, site=site)
    said = said_after(decided_pages.visit("manager"), "stage", stage="problem", reason="they sued us")
    assert "problem customer" in said
    assert held(store, site=site) == everybody - {OWN}
    assert site.decided([OWN])[OWN] == site.desk().decide(OWN)


def test_a_run_stands_for_nothing_but_what_it_knows(decided_pages: Pages) -> None:
    """It does not for another day, for a base that others changed, nor once it was removed."""
    store = decided_pages.store
    assert held(store, Settings(AS_OF + timedelta(1))) == set()
    site = Site(store, Settings(AS_OF))
    assert held(store, site=site)
    add_entry(store, "import", "orders")
    assert held(store, site=site) == set()
    assert held(store) == set()
    remove_run(store, marks(store, []).run)
    assert held(store) == set()


def test_what_parts_two_customers_is_about_both(own_pages: Pages) -> None:
    """To take a merge back changes what is known of the customer that stood for both, too."""
    store = own_pages.store
    duplicate = next(key for key in Desk(store, shipped_rules(), AS_OF).cards() if key != OWN)
    merge_customers(store, duplicate, OWN, user="ana")
    run_batch(store)
    assert OWN in held(store)
    undo(store, user="ana")
    assert held(store) == set()


def test_what_was_recorded_before_a_merge_is_taken_back_of_the_one_that_stands(own_pages: Pages) -> None:
    """The customer of which it was recorded is not there any more."""
    store = own_pages.store
    duplicate = next(key for key in Desk(store, shipped_rules(), AS_OF).cards() if key != OWN)
    row = {"customer": duplicate, "criterion": "both_want", "verdict": "yes", "evidence": "said so"}
    number = record(store, "assessments", [{**row, "holds_from": AS_OF}], user="ana", source="test").entry
    merge_customers(store, duplicate, OWN, user="ana")
    run_batch(store)
    everybody = held(store)
    undo(store, user="ana", number=number)
    assert held(store) == everybody - {OWN}


def test_an_entry_that_came_late_counts(decided_pages: Pages) -> None:
    """An entry of the log that was not yet to be seen when the run began, with a lower number than one that was."""
    store = decided_pages.store
    add_entry(store, "import", "orders", id=0)
    assert held(store) == set()


def test_a_run_of_earlier_knowledge_does_not_count(own_pages: Pages) -> None:
    """A run on what was known at some moment does not stand for what is known now."""
    run_batch(own_pages.store, known_at=datetime.now(UTC))
    assert held(own_pages.store) == set()
