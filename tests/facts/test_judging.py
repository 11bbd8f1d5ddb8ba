"""The portfolio is the same, however customers are divided: that of the whole base in memory at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.snapshot import Snapshot
from facts.batch.folder import FactsFolder
from facts.batch.spool_both import spool_both
from facts.card import CARD
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.feature_database import Base, open_database, prepare, prepared_base
from facts.features import base_schemas
from facts.figures import Limits, figures_in, ideal_customers_in
from facts.group_acceptance import acceptance_in
from facts.group_flow import flow_in
from facts.portfolio import with_portfolio
from facts.recording import record
from facts.snapshot import portfolio_in, snapshot_in, take_snapshot
from facts.store import Store
from tests.facts.base_tables import find_look_alikes
from tests.facts.small_disk import small_disk
from wiring import LIMITS, Desk, shipped_rules
from wiring.judging import STALLED, judge

SINCE = AS_OF - timedelta(90)
UNFIT, ENDED, NEW = "ashgrove", "ivory-gull", "newcomer"
MERGED = {
    "bluff-harbour": ("brightwell", SINCE - timedelta(50)),
    "brightwell": ("cloud-anvil", AS_OF - timedelta(40)),  # and with it who was merged into it before
    "crane-marsh": ("deepwell", AS_OF - timedelta(30)),  # to which another customer belongs
    "elderbach": ("falkenried", AS_OF + timedelta(5)),
}
CARDS = [
    {"key": "harrowmere", "name": "Harrowmere", "account_manager": "Bo", "holds_from": AS_OF - timedelta(20)},
    {"key": ENDED, "name": "Gull", "holds_from": AS_OF - timedelta(25), "holds_until": AS_OF - timedelta(20)},
    {"key": NEW, "name": "Newcomer", "holds_from": AS_OF - timedelta(10)},
]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return the demo's store, in which between the dates customers came, ended, moved and were merged."""
    store = Store.create(store_url)
    build(store)
    told: dict[str, list[dict[str, Any]]] = {
        "customers": CARDS,
        "merges": [{"customer": key, "survivor": into, "holds_from": on} for key, (into, on) in MERGED.items()],
        "complaints": [{"customer": UNFIT, "signal": "price_high", "severity": "low", "holds_from": date(1700, 1, 1)}],
    }
    for table, rows in told.items():
        record(store, table, rows, user="ann", source="an older version")
    yield store
    store.close()


def snapshot_of(desk: Desk, base: Base) -> Snapshot:
    """Return the facts of all customers, among them what only a look at the whole base shows."""
    ideal, flow, judged = desk.rules.ideal(), desk.rules.flow(), desk.rules.judged()
    assert ideal is not None
    assert flow is not None
    assert judged is not None
    snapshot = take_snapshot(base, desk.rules.pack.vocabulary, desk.as_of, base_currency="EUR").snapshot
    _, alike = find_look_alikes(base, ideal, desk.as_of, base_currency="EUR")
    with prepared_base(base, desk.as_of, "EUR") as database:
        database.register("snapshot", snapshot.customers)
        found = portfolio_in(database, alike, flow_in(database, flow), acceptance_in(database, judged))
        return with_portfolio(snapshot, found.to_arrow_table())


def standing(desk: Desk) -> pa.Table:
    """Return where everybody stands on the desk's date, computed for all at once."""
    base = desk.store.base_tables(desk.as_of, desk.known_at)
    snapshot = snapshot_of(desk, base)
    stages = desk.rules.decide(snapshot, signs=[STALLED]).select(["customer", "stage", STALLED])
    known = snapshot.customers.select(["customer", "abc_class", "contribution", "days_in_stage"])
    card = (*CARD, "country", "industry", "acquisition_source")
    cards = base["customers"].select(["key", *card]).rename_columns(["customer", *card])
    return cards.join(stages.join(known, "customer"), "customer")


def at_once(desk: Desk, since: date, manager: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the figures from the whole base in memory."""
    numbers = {name: desk.rules.number(LIMITS[name]) for name in Limits.__slots__}
    ideal = desk.rules.ideal()
    assert ideal is not None
    with prepared_base(desk.store.base_tables(desk.as_of, desk.known_at), desk.as_of, "EUR") as database:
        database.register("now", standing(desk))
        database.register("earlier", standing(Desk(desk.store, desk.rules, since, desk.known_at)))
        limits = Limits(**{name: int(number) for name, number in numbers.items() if number is not None})
        found = figures_in(database, limits, manager=manager)
        found["ideal_customers"], found["look_alikes"] = ideal_customers_in(database, ideal)
    return {name: table.to_pylist() for name, table in found.items()}


def by_parts(desk: Desk, since: date, size: int, manager: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return what is judged in parts of a size, by the same names."""
    found = judge(desk, since, part=size, manager=manager)
    others = {name: getattr(found, name) for name in ("ideal_customers", "look_alikes", "undecided")}
    kept = {"standing": found.standing.to_pylist(), "talks": found.talks.to_pylist()}
    assert found.customers == sum(row["is_here"] for row in kept["standing"])
    return {**found.figures, **others, **kept}


def test_parts_judge_as_the_whole(store: Store) -> None:
    """Every figure, list and line is that of the whole base, whatever became of customers between the dates."""
    desk = Desk(store, shipped_rules(), AS_OF)
    found = by_parts(desk, SINCE, 9)
    assert found == at_once(desk, SINCE)
    assert [row["customer"] for row in found["undecided"]] == [UNFIT]
    at = {row["customer"]: (row["was_here"], row["is_here"]) for row in found["standing"]}
    assert at[NEW] == (False, True)
    assert [at[key] for key in (ENDED, "brightwell", "crane-marsh")] == [(True, False)] * 3
    assert "bluff-harbour" not in at
    assert [at[key] for key in ("cloud-anvil", "deepwell", "elderbach")] == [(True, True)] * 3
    manager = str(found["standing"][0]["account_manager"])
    assert by_parts(desk, SINCE, 50, manager=manager) == at_once(desk, SINCE, manager=manager)


def test_files_hold_what_the_store_knows_on_both_dates(store: Store, tmp_path: Path) -> None:
    """From the files that both dates share and those of each alone, facts are those that the store gives on the day."""
    vocabulary = shipped_rules().pack.vocabulary
    for dates in ((SINCE, AS_OF), (AS_OF - timedelta(25), AS_OF + timedelta(10))):
        folders = spool_both(store, dates, None, tmp_path / str(dates[0]), {"customers": ["name"]})
        for day, folder in zip(dates, folders, strict=True):
            base = store.base_tables(day)
            cards = base["customers"].select(["key", "name"]).sort_by("key")
            assert folder.cards(["name"], day, None).sort_by("key") == cards
            expected = take_snapshot(base, vocabulary, day, base_currency="EUR")
            assert snapshot_from(folder, day) == expected.snapshot


def snapshot_from(folder: FactsFolder, day: date) -> Snapshot:
    """Return the facts of all customers in a folder."""
    (whole,) = folder.divided(day, None, 10**9)
    with open_database(day, "EUR") as database:
        folder.show_part(database, whole, None)
        folder.fill(database)
        database.register("portfolio", base_schemas()["portfolio"].empty_table())
        prepare(database)
        return snapshot_in(database, shipped_rules().pack.vocabulary, day).snapshot


def test_a_date_before_all_customers_cannot_be_judged(store: Store) -> None:
    """It is said that nobody was there then."""
    with pytest.raises(StoreError, match="There are no customers as of 1990-01-01"):
        judge(Desk(store, shipped_rules(), date(1990, 1, 1)), date(1989, 1, 1))


def test_what_ends_it_leaves_no_file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted, or without room for its files, which is said, it leaves nothing behind."""
    place = tmp_path / "files"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    desk = Desk(store, shipped_rules(), AS_OF)

    def interrupt(step: str, done: int, of: int) -> None:
        if step == "reading" and 1 < done < of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(desk, SINCE, part=9, progress=interrupt)
    assert list(place.iterdir()) == []
    with small_disk(place, 1) as disk:
        disk.fill(100_000)
        with pytest.raises(StoreError, match=r"(?s)The portfolio is not judged.*needs room.*TMPDIR"):
            judge(desk, SINCE)
        disk.clear()
        assert list(place.iterdir()) == []
