"""The demo story: it is told whole, once, without foresight, and shows every part of the method."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from engine.compile import compile_pack
from engine.decision import Decision, State
from engine.load import load_pack
from engine.model import Pack
from engine.plan import Plan
from engine.snapshot import Snapshot
from engine.vocabulary import BEGINNING
from facts.database import StoreError
from facts.demo import AS_OF, DemoSummary, build
from facts.recording import record
from facts.snapshot import take_snapshot
from facts.store import Store
from facts.tables import FACT_TABLES, STAGES
from tests.conftest import ROOT
from tests.facts.base_tables import catalogue

FOLDER = ROOT / "facts" / "demo"
STORIES = yaml.safe_load((FOLDER / "stories.yaml").read_text(encoding="utf-8"))
CUSTOMERS = {
    row["key"]: row["story"]
    for row in csv.DictReader((FOLDER / "customers.csv").read_text(encoding="utf-8").splitlines())
}
RHYTHMS_AND_SETTINGS = {
    "tells", "like", "without", "known_for", "reviewed", "first_business", "unrecorded",
    "stages", "judged", "competitors", "talks", "orders", "pays", "delivers",
}  # fmt: skip


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return the shipped pack."""
    return load_pack(ROOT / "rulesets" / "value_marketing", catalogue())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return an SQLite store that knows the story."""
    store = Store.create(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'story.db'}")
    build(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def snapshot(told: Store, pack: Pack) -> Snapshot:
    """Return the facts of all customers as of the story's day."""
    return snapshot_of(told, pack)


@pytest.fixture(scope="module")
def decisions(snapshot: Snapshot, pack: Pack) -> dict[str, Decision]:
    """Return what the shipped pack decides about each customer."""
    return {decision.customer: decision for decision in Plan(compile_pack(pack)).decisions(snapshot)}


def snapshot_of(store: Store, pack: Pack, as_of: date = AS_OF) -> Snapshot:
    """Return the facts of all customers in a store."""
    return take_snapshot(store.base_tables(as_of), pack.vocabulary, as_of, base_currency="EUR").snapshot


def flags(decision: Decision) -> frozenset[str]:
    """Return the signs that a decision raises."""
    found = decision.values["flags"]
    assert isinstance(found, frozenset)
    return found


# --- telling it ---


def test_every_kind_of_store_tells_the_same_story(store_url: str, pack: Pack, snapshot: Snapshot) -> None:
    """Told again, in SQLite or PostgreSQL, the story gives the same facts."""
    store = Store.create(store_url)
    build(store)
    again = snapshot_of(store, pack)
    store.close()
    assert again.customers.equals(snapshot.customers)
    assert dict(again.rows) == dict(snapshot.rows)


def test_telling_it_twice_changes_nothing(tmp_path: Path) -> None:
    """A store that knows the story stays as it is."""
    store = Store.create(f"sqlite:///{tmp_path / 'story.db'}")
    first = build(store)
    before = store.base_tables(AS_OF)
    second = build(store)
    assert (first.told_before, second.told_before) == (False, True)
    assert (first.rows, first.customers) == (second.rows, second.customers)
    assert store.base_tables(AS_OF) == before
    store.close()


def test_the_summary_counts_what_the_store_tells(told: Store) -> None:
    """The summary's rows are those that can be read, and its customers about sixty."""
    summary: DemoSummary = build(told)
    assert {name: len(table) for name, table in told.base_tables(AS_OF).items() if len(table)} == dict(summary.rows)
    assert 60 <= summary.customers <= 70


def test_a_store_with_other_customers_is_refused(tmp_path: Path) -> None:
    """The story is not mixed with real customers, and leaves the store as it was."""
    store = Store.create(f"sqlite:///{tmp_path / 'real.db'}")
    acme = {"key": "acme", "name": "Acme", "holds_from": date(2020, 1, 1)}
    record(store, "customers", [acme], user="ann", source="test")
    with pytest.raises(StoreError, match="the store holds other customers"):
        build(store)
    assert store.base_tables(AS_OF)["customers"]["key"].to_pylist() == ["acme"]
    store.close()


def test_a_store_in_another_currency_is_refused(tmp_path: Path) -> None:
    """A story that counts in euros is not told to a store that counts in yuan."""
    store = Store.create(f"sqlite:///{tmp_path / 'yuan.db'}", base_currency="CNY")
    with pytest.raises(StoreError, match="it counts in EUR and the store in CNY"):
        build(store)
    store.close()


@pytest.mark.parametrize("day", [date(2025, 3, 31), date(2025, 12, 1), date(2026, 6, 1)])
def test_nothing_is_known_before_it_happened(told: Store, day: date) -> None:
    """What the store knew on the evening of a day is all that it knows of that day today."""
    evening = datetime.combine(day, time(23), UTC)
    assert told.base_tables(day, evening) == told.base_tables(day)


def test_nothing_is_told_of_days_to_come(told: Store) -> None:
    """No row holds from, and no event of a row lies, after the story's day."""
    later = date(2030, 1, 1)
    for name, table in told.base_tables(later).items():
        event_days = {column.info["known_on"] for column in FACT_TABLES[name].columns if "known_on" in column.info}
        for column in {"holds_from"} | event_days:
            assert [day for day in table[column].to_pylist() if day is not None and day > AS_OF] == []


def test_no_customer_acts_before_we_know_it(told: Store) -> None:
    """Nothing is told of a customer from before the day on which the store first knew it."""
    tables = told.base_tables(AS_OF)
    known = dict(zip(*(tables["customers"][name].to_pylist() for name in ("key", "holds_from")), strict=True))
    for name in tables.keys() - {"customers", "coverage", "exchange_rates"}:
        rows = zip(*(tables[name][column].to_pylist() for column in ("customer", "holds_from")), strict=True)
        assert [(name, customer) for customer, day in rows if day < known[customer]] == []


def test_business_begins_with_the_first_order(snapshot: Snapshot) -> None:
    """Customers with orders did their first business on or shortly before the day of the first one."""
    began, ordered = (snapshot.customers[name].to_pylist() for name in ("first_business_on", "first_order_on"))
    gaps = [(order - start).days for start, order in zip(began, ordered, strict=True) if order is not None]
    assert [gap for gap in gaps if not 0 <= gap <= 2] == []


# --- the files ---


def test_every_story_is_told() -> None:
    """Each story has a customer."""
    assert set(CUSTOMERS.values()) == STORIES.keys()


@pytest.mark.parametrize("story", STORIES)
def test_stories_are_made_of_known_sections(story: str) -> None:
    """A section is the name of a table or of something that recurs; a misspelt one would be silently left out."""
    assert STORIES[story].keys() - FACT_TABLES.keys() - RHYTHMS_AND_SETTINGS == set()


def test_actions_are_those_of_the_pack_about_rows_that_exist(snapshot: Snapshot, pack: Pack) -> None:
    """What was advised in the story can be advised by the shipped pack, about a row that is there."""
    actions = snapshot.rows["actions"].to_pylist()
    known = {(row["customer"], row["row"]) for table in snapshot.rows.values() for row in rows_of(table)}
    assert {row["action"] for row in actions} - pack.actions.keys() == set()
    assert {(row["customer"], row["about"]) for row in actions if row["about"]} - known == set()


def rows_of(table: pa.Table) -> list[Mapping[str, str]]:
    """Return customer and key of each row."""
    rows: list[Mapping[str, str]] = table.select(["customer", "row"]).to_pylist()
    return rows


# --- what it shows ---


def test_every_stage_is_confirmed_for_somebody(snapshot: Snapshot) -> None:
    """There is a customer in each stage, and some without a confirmed one."""
    assert set(snapshot.customers["stage"].to_pylist()) == {*STAGES, None}


def test_every_transition_is_about_to_happen(decisions: Mapping[str, Decision], pack: Pack) -> None:
    """For each gate there is a customer that passes it and whom it moves."""
    moved = {
        gate.id
        for gate in pack.gates
        for decision in decisions.values()
        if any(state.gate == gate.id and state.state is State.MET for state in decision.gates)
        and (decision.values["proposed_stage"], decision.values["move"]) == (gate.to, gate.move)
    }
    assert moved == {gate.id for gate in pack.gates}


@pytest.mark.parametrize(
    ("customer", "flag"),
    [
        ("slate-otter", "stalled"),
        ("quickwater", "too_fast"),
        ("ninefold", "core_need_unmet"),
        ("marlstein", "competitor_active"),
        ("pellwood", "effect_unheard"),
        ("plum-gate", "silent"),
        ("magpie-foil", "terms_broken"),
        ("willow-ferry", "overdue"),
        ("sorrelburg", "returns_high"),
        ("tidewheel", "deliveries_late"),
        ("crane-marsh", "growing"),
        ("stone-plover", "slowing"),
    ],
)
def test_signs_are_seen(decisions: Mapping[str, Decision], customer: str, flag: str) -> None:
    """Each sign is raised for the customer whose story is about it."""
    assert flag in flags(decisions[customer])


def test_a_quiet_customer_raises_no_sign(decisions: Mapping[str, Decision]) -> None:
    """A content customer of long standing gives no cause for alarm."""
    assert flags(decisions["lantern-peak"]) == frozenset()


def test_price_competition_is_seen(snapshot: Snapshot) -> None:
    """One customer complains of prices and compares nothing else, while a competitor is at work."""
    marlstein = snapshot.customer("marlstein")
    signals = Counter(row.facts["signal"] for row in marlstein.rows["complaints"])
    assert signals == {"price_high": 2, "price_follows_market_slowly": 1}
    assert marlstein.facts["judgement.value_before_price"] == "no"


def test_a_decision_against_the_proposal_stands(snapshot: Snapshot, decisions: Mapping[str, Decision]) -> None:
    """One account manager kept a stage although a gate leads away from it: the stage stays, and the gate is shown."""
    assert snapshot.customer("quillmark").facts["stage_override_until"] > AS_OF  # type: ignore[operator]
    decision = decisions["quillmark"]
    assert (decision.values["stage"], decision.values["proposed_stage"]) == ("core", "core")
    assert {gate.gate: gate.state for gate in decision.gates}["core-to-established"] is State.MET
    assert "kept_by_decision" in decision.values["flags"]  # type: ignore[operator]


def test_what_nobody_records_stays_unknown(snapshot: Snapshot, decisions: Mapping[str, Decision]) -> None:
    """Where needs, talks and perceptions are not recorded, decisions are provisional and say what is missing."""
    hollow_reed = snapshot.customer("hollow-reed")
    assert "needs" not in hollow_reed.recorded
    assert hollow_reed.recorded["disputes"] == (BEGINNING, None)
    (provisional,) = (it for it in decisions["hollow-reed"].provisional if it.fact == "proposed_stage")
    assert {"needs", "perception.product", "cooperation_acceptance"} <= set(provisional.unknown)


def test_most_decisions_are_settled(decisions: Mapping[str, Decision]) -> None:
    """Only customers without a confirmed stage, or about whom something is not recorded, get a provisional stage."""
    provisional = {
        key
        for key, decision in decisions.items()
        if any(result.fact == "proposed_stage" for result in decision.provisional)
    }
    little_known = {story for story, told in STORIES.items() if story.startswith("unconfirmed") or "unrecorded" in told}
    assert provisional == {customer for customer, story in CUSTOMERS.items() if story in little_known}


def test_actions_are_in_every_state(snapshot: Snapshot) -> None:
    """Advised actions were taken up, done, put off and declined."""
    states = set(snapshot.rows["actions"]["state"].to_pylist())
    assert states == {"open", "accepted", "done", "snoozed", "declined"}


def test_no_value_is_everybodys_next(decisions: Mapping[str, Decision]) -> None:
    """The advice differs: at least six values are advised, none to more than half of the customers."""
    advised = Counter(decision.values["value_next"] for decision in decisions.values())
    assert len(advised) >= 6
    assert max(advised.values()) <= len(decisions) / 2
