"""The store: what it lets be seen, what it keeps, and how it refuses."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from facts import migrations
from facts.database import StoreError, connect, database_url
from facts.recording import Recorded, confirm_stage, merge_customers, record
from facts.runs import Run, last_portfolio, publish
from facts.store import SCHEMA_REVISION, Store
from facts.tables import indexed_metadata, metadata
from facts.undoing import undo
from tests.facts.stored_decisions import decisions_of
from tests.profiles import count

TODAY = date(2026, 3, 1)
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return an empty store with two customers."""
    store = Store.create(store_url, base_currency="EUR", time_zone="Europe/Berlin")
    rows = [{"key": key, "name": name, "holds_from": date(2020, 1, 1)} for key, name in CUSTOMERS.items()]
    record(store, "customers", rows, user="ann", source="test", at=START)
    yield store
    store.close()


CUSTOMERS = {"K1": "Acme", "K2": "Bolt"}


def need(state: str, holds_from: date, customer: str = "K1") -> dict[str, object]:
    """Return a row of the needs register."""
    return {"customer": customer, "kind": "quality", "tier": "core", "state": state, "holds_from": holds_from}


def states(store: Store, as_of: date, known_at: datetime | None = None) -> list[tuple[str, bool]]:
    """Return each visible need's state and whether it is current, oldest first."""
    rows = store.base_tables(as_of, known_at)["needs"].sort_by("holds_from")
    return list(zip(rows["state"].to_pylist(), rows["is_current"].to_pylist(), strict=True))


def test_tables_are_what_the_migrations_make(store: Store) -> None:
    """A migrated store has exactly the tables, columns and indexes that `facts.tables` declares."""
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, indexed_metadata()) == []


def test_the_newest_revision_is_the_one_opened_without_migrating() -> None:
    """`SCHEMA_REVISION` names the last migration."""
    assert max(migrations.known_revisions()) == SCHEMA_REVISION


@pytest.mark.usefixtures("store")
def test_settings_are_kept(store_url: str) -> None:
    """A store opened again has the settings it was made with."""
    assert Store.open(store_url).settings() == {"base_currency": "EUR", "time_zone": "Europe/Berlin"}


@pytest.mark.usefixtures("store")
def test_creating_again_keeps_the_facts(store_url: str) -> None:
    """Creating a store that is there, with its own settings, opens it."""
    again = Store.create(store_url, base_currency="EUR", time_zone="Europe/Berlin")
    assert again.base_tables(TODAY)["customers"]["key"].to_pylist() == ["K1", "K2"]


@pytest.mark.usefixtures("store")
def test_creating_with_other_settings_is_refused(store_url: str) -> None:
    """A store's base currency cannot be changed by creating it anew."""
    with pytest.raises(StoreError, match="it has other settings: base_currency EUR"):
        Store.create(store_url, base_currency="CHF", time_zone="Europe/Berlin")


def test_a_later_state_supersedes_from_its_date_on(store: Store) -> None:
    """A register gives its history, and marks the row that holds on the as-of date."""
    record(store, "needs", [need("unmet", date(2026, 1, 1))], user="ann", source="talk")
    record(store, "needs", [need("met", date(2026, 2, 1))], user="ann", source="talk")
    assert states(store, date(2025, 12, 31)) == []
    assert states(store, date(2026, 1, 31)) == [("unmet", True)]
    assert states(store, date(2026, 2, 1)) == [("unmet", False), ("met", True)]


def test_a_correction_is_known_only_from_when_it_was_recorded(store: Store) -> None:
    """Asked as known before a correction, the store answers what it would have answered then."""
    on = date(2026, 1, 1)
    first = record(store, "needs", [need("unmet", on)], user="ann", source="talk", at=START)
    again = record(store, "needs", [need("unmet", on)], user="ann", source="talk", at=START)
    later = START + timedelta(days=1)
    correction = record(store, "needs", [need("met", on)], user="bob", source="talk", at=later)
    assert (first, again, correction) == (Recorded(1, 0, 0), Recorded(0, 0, 1), Recorded(0, 1, 0))
    assert states(store, TODAY, START - timedelta(seconds=1)) == []
    assert states(store, TODAY, later - timedelta(microseconds=1)) == [("unmet", True)]
    assert states(store, TODAY, later) == [("met", True)]


def test_a_retracted_row_is_gone_from_then_on(store: Store) -> None:
    """Taking a row back hides it now, and leaves what was known before."""
    said = record(store, "needs", [need("unmet", date(2026, 1, 1))], user="ann", source="talk", at=START)
    later = START + timedelta(days=1)
    assert undo(store, user="ann", at=later) == said.entry
    assert states(store, TODAY, later) == []
    assert states(store, TODAY, START) == [("unmet", True)]


def test_an_ended_row_is_not_current(store: Store) -> None:
    """A register row with an end holds before that date and not on it; before it, nobody knows of the end."""
    row = need("unmet", date(2026, 1, 1)) | {"holds_until": date(2026, 2, 1)}
    record(store, "needs", [row], user="ann", source="talk")
    before = store.base_tables(date(2026, 1, 31))["needs"].to_pylist()[0]
    assert (before["is_current"], before["holds_until"]) == (True, None)
    assert states(store, date(2026, 2, 1)) == [("unmet", False)]


def test_what_happens_later_to_an_event_is_not_seen_before(store: Store) -> None:
    """An opportunity that was won in March was open in February, with no amount."""
    row = {
        "key": "O1", "customer": "K1", "holds_from": date(2026, 1, 10), "closed_on": date(2026, 3, 1),
        "won": True, "amount": Decimal("1234.5678"), "currency": "EUR",
    }  # fmt: skip
    record(store, "opportunities", [row], user="ann", source="crm")
    seen = ["closed_on", "won", "amount"]
    before = store.base_tables(date(2026, 2, 28))["opportunities"].select(seen).to_pylist()
    after = store.base_tables(date(2026, 3, 1))["opportunities"].select(seen).to_pylist()
    assert before == [{"closed_on": None, "won": None, "amount": None}]
    assert after == [{"closed_on": date(2026, 3, 1), "won": True, "amount": Decimal("1234.5678")}]


def test_one_customer_and_all_give_the_same_tables(store: Store) -> None:
    """Reading one customer gives that customer's rows of what reading all gives, in the same types."""
    record(store, "needs", [need("unmet", date(2026, 1, 1), key) for key in CUSTOMERS], user="a", source="t")
    confirm_stage(store, "K1", "new", date(2026, 1, 5), user="ann")
    everyone, one = store.base_tables(TODAY), store.base_tables(TODAY, customer="K1")
    assert {name: table.schema for name, table in one.items()} == {
        name: table.schema for name, table in everyone.items()
    }
    for name, table in everyone.items():
        owner = "key" if name == "customers" else "customer"
        expected = [row for row in table.to_pylist() if row.get(owner) in ("K1", None)]
        assert one[name].to_pylist() == expected, name


def test_a_merged_customer_is_seen_as_its_survivor(store: Store) -> None:
    """After a merge the survivor has the facts of both, whichever key is asked for."""
    record(store, "needs", [need("unmet", date(2026, 1, 1), "K2")], user="ann", source="talk")
    merge_customers(store, "K2", "K1", user="ann")
    for customer in (None, "K1", "K2"):
        tables = store.base_tables(TODAY, customer=customer)
        assert tables["customers"]["key"].to_pylist() == ["K1"]
        assert tables["needs"]["customer"].to_pylist() == ["K1"]
    assert store.survivor("K2", TODAY) == "K1"
    assert store.survivor("K2", TODAY, START) == "K2"


def test_merges_that_form_a_ring_end(store: Store) -> None:
    """Two customers merged into each other do not hang the store."""
    merge_customers(store, "K2", "K1", user="ann")
    merge_customers(store, "K1", "K2", user="ann")
    assert store.survivor("K1", TODAY) in CUSTOMERS


def test_personal_data_is_not_read_for_decisions(store: Store) -> None:
    """No column marked personal leaves the store with the base tables."""
    read = {(name, column) for name, table in store.base_tables(TODAY).items() for column in table.column_names}
    marked = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get("personal")
    }
    assert ("contacts", "name") in marked
    assert read & marked == set()


def test_an_override_needs_a_reason(store: Store) -> None:
    """A stage against the proposal is refused without a reason, and kept with one."""
    with pytest.raises(StoreError, match="Give the reason"):
        confirm_stage(store, "K1", "core", TODAY, user="ann", proposed="new")
    confirm_stage(store, "K1", "core", TODAY, user="ann", proposed="new", reason="joint work", until=TODAY)
    row = store.base_tables(TODAY)["stage_history"].to_pylist()[0]
    assert (row["stage"], row["proposed_stage"], row["override_reason"]) == ("core", "new", "joint work")


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        ("need", need("unmet", TODAY), "There is no table 'need': .* Did you mean `needs`?"),
        ("needs", need("unmett", TODAY), "'unmett' is no state: .* Did you mean `unmet`?"),
        ("needs", need("unmet", TODAY) | {"teir": "core"}, "no column 'teir': .* Did you mean `tier`?"),
        ("needs", need("unmet", TODAY, "Acne"), "Customer 'Acne' is not known: .* by their keys, such as `K1` \\(Acme"),
        ("needs", {"customer": "K1", "kind": "quality", "state": "met"}, "has no date"),
    ],
)
def test_a_row_that_cannot_be_is_refused(store: Store, table: str, row: dict[str, object], message: str) -> None:
    """A wrong table, member, column, customer or date is named, with what was perhaps meant."""
    with pytest.raises(StoreError, match=message):
        record(store, table, [need("unmet", TODAY), row], user="ann", source="talk")
    assert states(store, TODAY) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("东方机械有限公司", "`K2` (东方机械有限公司), `K3` (东方机械有限公司)."),
        ("东方机械", "`K2` (东方机械有限公司), `K3` (东方机械有限公司), `K4` (苏州东方机械厂)."),
        ("东方机诫有限公司", "`K2` (东方机械有限公司), `K3` (东方机械有限公司)."),
        ("K22", "Did you mean `K2`?"),
    ],
    ids=["name", "part of names", "misspelt", "key"],
)
def test_who_is_asked_for_by_name_is_told_the_key(store: Store, asked: str, told: str) -> None:
    """Names are not unique; of several customers who have it a few are listed, with their names."""
    names = {"K2": "东方机械有限公司", "K3": "东方机械有限公司", "K4": "苏州东方机械厂"}
    known = [{"key": key, "name": name, "holds_from": TODAY} for key, name in names.items()]
    record(store, "customers", known, user="ann", source="test")
    with pytest.raises(StoreError) as refused:
        record(store, "needs", [need("unmet", TODAY, asked)], user="ann", source="talk")
    assert str(refused.value).endswith(told)


@pytest.mark.parametrize("days", [-1, 3651])
def test_a_number_out_of_range_is_refused(store: Store, days: int) -> None:
    """A number that no fact could have is refused with its range."""
    terms = {"customer": "K1", "kind": "cooperation", "payment_days": days, "holds_from": TODAY}
    with pytest.raises(StoreError, match=f"payment_days cannot be {days}: it lies between 0 and 3650"):
        record(store, "agreements", [terms], user="ann", source="talk")


def test_a_run_is_published_once(store: Store) -> None:
    """Publishing a run again changes nothing and gives the number of the first."""
    run = Run(TODAY, START, "value-marketing", "0.1", "p" * 64, "c" * 64, "f" * 64, "ann")
    decided = pa.table(
        {
            "customer": ["K1", "K2"], "stage": ["new", "core"], "move": [None, "up"],
            "proposed_stage": [None, "strategic"], "value_next": ["product", None],
            "provisional": [False, True], "fired_rules": ["[]", '["r1"]'], "decision": ["{}", None],
        }
    )  # fmt: skip
    found = pa.table(
        {
            "customer": ["K1"], "abc_class": ["A"], "rank_in_region": [1],
            "contribution": pa.array([Decimal("99.9900")], pa.decimal128(18, 4)),
            "share_of_region": pa.array([Decimal("0.12345678")], pa.decimal128(18, 8)),
        }
    )  # fmt: skip
    number = publish(store, run, 2, [decided], found)
    assert publish(store, run, 1, [decided.slice(1)]) == number
    assert decisions_of(store, number).drop_columns(["run"]).select(decided.column_names).to_pylist() == (
        decided.to_pylist()
    )
    now = datetime.now(UTC)
    for kept in (last_portfolio(store, TODAY), store.customer_tables("K1", TODAY, now)["portfolio"]):
        assert kept.select(found.column_names).to_pylist() == found.to_pylist()
    for as_of, known_at in [(TODAY - timedelta(days=1), now), (TODAY, START)]:
        assert len(last_portfolio(store, as_of, known_at)) == 0
    assert len(store.customer_tables("K1", TODAY - timedelta(days=1), now)["portfolio"]) == 0
    assert len(store.customer_tables("K2", TODAY, now)["portfolio"]) == 0


def test_a_run_that_fails_leaves_nothing(store: Store) -> None:
    """If one decision cannot be stored, no part of the run is."""
    run = Run(TODAY, START, "value-marketing", "0.1", "p" * 64, "c" * 64, "f" * 64, "ann")
    unknown = pa.table({"customer": ["K1", "K9"], "provisional": [False, False], "fired_rules": ["[]", "[]"]})
    with pytest.raises(StoreError):
        publish(store, run, 2, [unknown])
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision_runs").scalar() == 0


def test_what_a_run_found_is_only_of_whom_it_decided(store: Store) -> None:
    """Portfolio facts of a customer without a decision are refused, and nothing of the run is stored."""
    run = Run(TODAY, START, "value-marketing", "0.1", "p" * 64, "c" * 64, "f" * 64, "ann")
    decided = pa.table({"customer": ["K1"], "provisional": [False], "fired_rules": ["[]"]})
    found = pa.table({"customer": ["K1", "K2"], "abc_class": ["A", "B"]})
    with pytest.raises(ValueError, match="'K2', who was not decided"):
        publish(store, run, 1, [decided], found)
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision_runs").scalar() == 0


def test_an_older_store_keeps_its_decisions(store_url: str) -> None:
    """Lists of rules that stood at each customer are found as before when a newer version opens the store."""
    address = database_url(store_url)
    old = {"K1": '["r1","r2"]', "K2": '["r1"]', "K3": '["r1","r2"]'}
    run = text(
        "INSERT INTO decision_runs (id, as_of, known_at, pack, pack_version, pack_digest, catalogue_digest, "
        "facts_digest, customers, decided_by, published_at) VALUES (:number, '2026-01-01', "
        "'2026-01-01T00:00:00.000000', 'p', '1', 'a', 'b', :facts, 3, 'ann', '2026-01-01T00:00:00.000000')"
    )
    decision = text(
        "INSERT INTO decisions (run, customer, provisional, fired_rules) VALUES (:number, :key, false, :rules)"
    )
    with connect(address).execution_options(writes=True).begin() as connection:
        migrations.upgrade(connection, "0003")
        connection.execute(text("INSERT INTO customer_keys (key) VALUES (:key)"), [{"key": key} for key in old])
        for number in (1, 2):
            connection.execute(run, {"number": number, "facts": str(number)})
            rows = [{"number": number, "key": key, "rules": rules} for key, rules in old.items()]
            connection.execute(decision, rows)
    store = Store.open(store_url)
    for number in (1, 2):
        found = decisions_of(store, number).to_pylist()
        assert {row["customer"]: row["fired_rules"] for row in found} == old
    store.close()


# --- what nobody could have known is never seen ---

days = st.integers(0, 40)


@settings(
    max_examples=count(quick=25, ci=25, long=300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    facts=st.lists(st.tuples(days, days, st.sampled_from(["unmet", "partly_met", "met"])), min_size=1, max_size=12),
    as_of=days,
    known=days,
)
def test_nothing_later_than_as_of_or_known_at_is_visible(
    store: Store, facts: list[tuple[int, int, str]], as_of: int, known: int
) -> None:
    """Whatever is recorded later, or holds later, the answer is that of a store which never heard of it."""
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM needs")
    told = sorted(facts, key=lambda fact: fact[1])
    for holds, recorded, state in told:
        row = need(state, date(2026, 1, 1) + timedelta(days=holds))
        record(store, "needs", [row], user="ann", source="talk", at=START + timedelta(days=recorded))
    last: dict[int, str] = {holds: state for holds, recorded, state in told if recorded <= known}
    expected = [(state, holds) for holds, state in sorted(last.items()) if holds <= as_of]
    seen = states(store, date(2026, 1, 1) + timedelta(days=as_of), START + timedelta(days=known))
    assert seen == [(state, index == len(expected) - 1) for index, (state, _) in enumerate(expected)]


# --- two SQLite libraries ---


def test_bulk_reads_and_single_writes_take_turns(tmp_path: Path) -> None:
    """Threads that read in bulk and write row by row lose nothing: each write is seen by the next read."""
    store = Store.create(str(tmp_path / "store.db"))

    def write_and_read(number: int) -> bool:
        row = {"key": f"K{number}", "name": "Acme", "holds_from": TODAY}
        record(store, "customers", [row], user="ann", source="test")
        return f"K{number}" in store.base_tables(TODAY, only={"customers": ["key"]})["customers"]["key"].to_pylist()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write_and_read, range(40)))
    assert len(store.base_tables(TODAY)["customers"]) == 40


def test_one_thread_cannot_open_a_file_with_both_libraries(tmp_path: Path) -> None:
    """Bulk access inside another access would damage the file, so it is refused."""
    store = Store.create(str(tmp_path / "store.db"))
    with pytest.raises(RuntimeError, match="while another library has it open"), store.reading():
        store.base_tables(TODAY)


# --- refusals ---


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """Opening a store that is not there says how to make one, and makes nothing."""
    with pytest.raises(StoreError, match="Run `valuelift init`"):
        Store.open(str(tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_no_store(tmp_path: Path) -> None:
    """A file that is no database is refused."""
    path = tmp_path / "notes.txt"
    path.write_text("remember the milk " * 100)
    with pytest.raises(StoreError, match="the file is not an SQLite database"):
        Store.open(str(path))


def test_a_database_without_our_tables_is_no_store(tmp_path: Path) -> None:
    """Somebody else's database is refused and left as it is."""
    path = tmp_path / "other.db"
    sqlite3.connect(path).execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(StoreError, match="the database has no tables of ours"):
        Store.open(str(path))


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """A store of a later version is not touched."""
    path = tmp_path / "newer.db"
    Store.create(str(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="a newer version of Valuelift made it"):
        Store.open(str(path))


def test_a_locked_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes, recording waits for a while and then gives a plain reason."""
    monkeypatch.setattr("facts.database.BUSY_SECONDS", 0.1)
    store = Store.create(str(tmp_path / "store.db"))
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    row = {"key": "K1", "name": "Acme", "holds_from": TODAY}
    with pytest.raises(StoreError, match="another program is writing to it"):
        record(store, "customers", [row], user="ann", source="test")
    other.execute("ROLLBACK")
    assert record(store, "customers", [row], user="ann", source="test") == Recorded(1, 0, 0)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A store cannot be made in a folder that does not exist."""
    with pytest.raises(StoreError, match="Check that its folder exists"):
        Store.create(str(tmp_path / "none" / "store.db"))


def test_a_password_is_never_shown() -> None:
    """A server that cannot be reached is named without the password."""
    with pytest.raises(StoreError) as refused:
        Store.open("postgresql://ann:s3cret@127.0.0.1:1/facts")
    assert "postgresql+psycopg://ann:***@127.0.0.1:1/facts" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://h:x/d", "://"])
def test_other_urls_are_refused(url: str) -> None:
    """Only SQLite files and PostgreSQL databases can be stores."""
    with pytest.raises(StoreError, match="Give a path, or a URL"):
        Store.open(url)
