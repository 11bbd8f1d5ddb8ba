"""The rows of runs: kept when a store is brought up to date, published without holding readers up, removed at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Select, select, text

from facts import migrations, reading
from facts.database import StoreError, connect, database_url, is_sqlite
from facts.house_tables import decisions, portfolio
from facts.on_record import on_record
from facts.runs import Run, contributions, last_portfolio, publish, published_runs, remove_run
from facts.store import Store
from facts.stored import Advised, _decided_by, advice, decided_by
from tests.commands.conftest import call_command
from tests.facts.stored_decisions import decisions_of

DAY = date(2026, 3, 1)
CUSTOMERS = [f"K{number:04}" for number in range(3000)]


def put(store: Store, night: int, stage: str = "new", *, with_portfolio: bool = True) -> int:
    """Publish a run that decides this stage for everybody, and return its number."""
    run = Run(DAY + timedelta(night), datetime.now(UTC), "p", "1", "p" * 64, "c" * 64, str(night), "ann")
    size = len(CUSTOMERS)
    decided = pa.table(
        {"customer": CUSTOMERS, "stage": [stage] * size, "provisional": [False] * size, "fired_rules": ["[]"] * size}
    )
    found = pa.table({"customer": CUSTOMERS, "contribution": pa.array([Decimal(night)] * size, pa.decimal128(18, 4))})
    return publish(store, run, size, [decided], found if with_portfolio else None, add_customers=True)


def stages(store: Store, number: int) -> dict[str, int]:
    """Return for how many customers a run decided each stage."""
    counts = decisions_of(store, number)["stage"].value_counts().to_pylist()
    return {row["values"]: row["counts"] for row in counts}


def require_postgresql(store: Store) -> None:
    """Skip a test about PostgreSQL alone."""
    if is_sqlite(store.url):
        pytest.skip("in SQLite the rows of all runs stand together")


OLD_RUN = text(
    "INSERT INTO decision_runs (id, as_of, known_at, pack, pack_version, pack_digest, catalogue_digest, facts_digest, "
    "customers, decided_by, published_at) VALUES (:run, :as_of, '2026-01-01T00:00:00.000000', 'p', '1', 'a', 'b', "
    ":facts, 2, 'ann', '2026-01-01T00:00:00.000000')"
)
OLD_LIST = text("INSERT INTO rule_lists (run, number, rules) VALUES (:run, 0, :rules)")
OLD_DECISION = text(
    "INSERT INTO decisions (run, customer, stage, provisional, rule_list) VALUES (:run, :customer, :stage, false, 0)"
)
OLD_PORTFOLIO = text(
    "INSERT INTO portfolio (run, customer, abc_class, contribution) VALUES (:run, :customer, 'A', 100000)"
)


def make_older_store(url: str) -> None:
    """Make a store as the version before kept it: three runs of two customers, the last without portfolio facts."""
    with connect(database_url(url)).execution_options(writes=True).begin() as connection:
        migrations.upgrade(connection, "0012")
        for run, stage in enumerate(("target", "new", "core"), start=1):
            given = {"run": run, "as_of": DAY + timedelta(run), "facts": str(run), "rules": f'["r{run}"]'}
            connection.execute(OLD_RUN, given)
            connection.execute(OLD_LIST, given)
            for customer in ("K1", "K2"):
                connection.execute(OLD_DECISION, {"run": run, "customer": customer, "stage": stage})
                if run < 3:
                    connection.execute(OLD_PORTFOLIO, {"run": run, "customer": customer})


def test_an_older_store_keeps_all_of_its_runs(store_url: str) -> None:
    """Brought up to date, it says of every run what it said, takes a new one, and lets go of an old one."""
    make_older_store(store_url)
    store = Store.open(store_url)
    for run, stage in enumerate(("target", "new", "core"), start=1):
        rows = decisions_of(store, run).select(["run", "customer", "stage", "provisional", "fired_rules"]).to_pylist()
        assert [tuple(row.values()) for row in rows] == [
            (run, customer, stage, False, f'["r{run}"]') for customer in ("K1", "K2")
        ]
        assert contributions(store, run).num_rows == (2 if run < 3 else 0)
    found = last_portfolio(store, DAY + timedelta(9)).to_pylist()
    assert [(row["run"], row["customer"], row["abc_class"], row["contribution"]) for row in found] == [
        (2, "K1", "A", 10), (2, "K2", "A", 10),
    ]  # fmt: skip
    if not is_sqlite(store.url):
        with store.writing() as connection:  # the numbers above were not drawn
            connection.execute(text("SELECT setval('decision_runs_id_seq', 3)"))
    number = put(store, 4)
    assert last_portfolio(store, DAY + timedelta(9))["run"].unique().to_pylist() == [number]
    remove_run(store, 1)
    assert [len(decisions_of(store, run)) for run in (1, 2, number)] == [0, 2, len(CUSTOMERS)]
    store.close()


def test_nothing_is_stored_of_a_run_that_is_refused(store: Store) -> None:
    """After portfolio facts that are refused no trace of the run is left, no empty table either; then it is stored."""
    wrong = pa.table({"customer": ["K9"], "abc_class": ["A"]})
    decided = pa.table({"customer": ["K1"], "provisional": [False], "fired_rules": ["[]"]})
    run = Run(DAY, datetime.now(UTC), "p", "1", "p" * 64, "c" * 64, "0", "ann")
    with pytest.raises(ValueError, match="'K9', who was not decided"):
        publish(store, run, 1, [decided], wrong, add_customers=True)
    assert published_runs(store) == []
    if not is_sqlite(store.url):
        assert partitions(store) == []
    assert stages(store, put(store, 0)) == {"new": len(CUSTOMERS)}


def test_what_the_server_refuses_of_the_whole_base_is_told(store: Store) -> None:
    """Portfolio facts that are loaded beside the decisions and do not fit leave nothing of the run either."""
    require_postgresql(store)
    decided = pa.table({"customer": ["K1"], "provisional": [False], "fired_rules": ["[]"]})
    run = Run(DAY, datetime.now(UTC), "p", "1", "p" * 64, "c" * 64, "0", "ann")
    with pytest.raises(StoreError, match="too long"):
        publish(store, run, 1, [decided], pa.table({"customer": ["K1"], "abc_class": ["A" * 40]}), add_customers=True)
    assert published_runs(store) == []
    assert partitions(store) == []


def test_what_a_killed_publication_left_goes_with_the_next(store: Store) -> None:
    """A table that was loaded for a run, and became part of nothing, is dropped; those of runs stay."""
    require_postgresql(store)
    first = put(store, 0)
    with store.writing() as connection:
        for table in ("decisions_77", "portfolio_77"):
            connection.execute(text(f"CREATE TABLE {table} (LIKE portfolio)"))
    second = put(store, 1)
    assert partitions(store) == [f"{name}_{run}" for name in ("decisions", "portfolio") for run in (first, second)]


def partitions(store: Store) -> list[str]:
    """Return all tables in PostgreSQL that hold the rows of one run, also such as are part of no table."""
    statement = text(r"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(decisions|portfolio)_\d+$'")
    with store.reading() as connection:
        return sorted(connection.scalars(statement))


def test_who_reads_meanwhile_goes_on_and_sees_the_runs_that_were(store: Store) -> None:
    """A transaction that reads the decisions neither holds a publication up nor sees anything of it before its end."""
    require_postgresql(store)
    first = put(store, 0)
    count = text("SELECT run, count(*) FROM decisions GROUP BY run")
    with store.reading() as connection:
        before = connection.execute(count).all()
        second = put(store, 1, "core")
        assert connection.execute(count).all() == before == [(first, len(CUSTOMERS))]
    assert (stages(store, first), stages(store, second)) == ({"new": len(CUSTOMERS)}, {"core": len(CUSTOMERS)})


def test_a_removed_run_leaves_no_table(store: Store) -> None:
    """What a run took is free at once; the others stay as they are."""
    require_postgresql(store)
    first, second = put(store, 0), put(store, 1, "core")
    remove_run(store, first)
    assert partitions(store) == [f"decisions_{second}", f"portfolio_{second}"]
    assert stages(store, second) == {"core": len(CUSTOMERS)}
    assert last_portfolio(store, DAY + timedelta(9))["run"].unique().to_pylist() == [second]


def test_a_run_that_did_not_look_at_the_whole_base_is_passed_over(store: Store) -> None:
    """Portfolio facts are those of the last run that has some."""
    first = put(store, 0)
    put(store, 1, with_portfolio=False)
    assert last_portfolio(store, DAY + timedelta(9))["run"].unique().to_pylist() == [first]


def test_what_runs_decided_for_a_customer_is_told_of_the_newest(store: Store) -> None:
    """The page's reads and the interface's find the same in however many runs, the newest first of all."""
    numbers = [put(store, night, stage) for night, stage in enumerate(("target", "new", "core"))]
    day = DAY + timedelta(9)
    assert on_record(store, "K0007", day, (), 2).advised == [
        Advised(numbers[1], DAY + timedelta(1), "new", None, None),
        Advised(numbers[2], DAY + timedelta(2), "core", None, None),
    ]
    for asked, number, stage in ((None, numbers[2], "core"), (numbers[0], numbers[0], "target")):
        found = decided_by(store, "K0007", day, asked)
        assert found is not None
        assert (found[0].run, found[1].stage) == (number, stage)
    assert decided_by(store, "K0007", day, 99) is decided_by(store, "nobody", day) is None


def test_one_customer_is_found_by_the_key_of_the_runs_asked_about(store: Store) -> None:
    """PostgreSQL looks into the partitions of these runs only, and there by the key, also for page and interface."""
    require_postgresql(store)
    numbers = [put(store, night) for night in range(3)]
    for table in (decisions, portfolio):
        asked = select(table).where(table.c.run.in_(numbers[::2]), table.c.customer == "K0007")
        assert {scan["Relation Name"] for scan in scans(store, asked)} == {f"{table}_{each}" for each in numbers[::2]}
        assert by_key(store, asked)
    given = {"customer": "K0007", "as_of": DAY, "most": 100, "run": numbers[1]}
    given |= {"known_at": datetime.now(UTC), "customer_keys": ["K0007"]}
    for statement in (advice(), _decided_by(True), _decided_by(False), reading.portfolio_of_customers()):
        assert by_key(
            store, statement.params({name: given[name] for name in given.keys() & statement.compile().params})
        )


def by_key(store: Store, statement: Select[Any]) -> bool:
    """Return whether all partitions that a statement may look into are asked by the customer, and there is one."""
    found = [
        scan for scan in scans(store, statement) if re.fullmatch(r"(decisions|portfolio)_\d+", scan["Relation Name"])
    ]
    return bool(found) and all("customer" in scan.get("Index Cond", scan.get("Recheck Cond", "")) for scan in found)


def scans(store: Store, statement: Select[Any]) -> list[dict[str, Any]]:
    """Return the parts of PostgreSQL's plan for a statement that look into tables."""
    with store.reading() as connection:
        words = statement.compile(connection, compile_kwargs={"literal_binds": True})
        (plan,) = connection.scalar(text(f"EXPLAIN (FORMAT JSON) {words}"))
    return list(_scans(plan["Plan"]))


def _scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def test_the_server_knows_at_once_what_a_run_wrote(store: Store) -> None:
    """PostgreSQL's statistics are of the run that was just published, with which it plans how to read it."""
    require_postgresql(store)
    number = put(store, 0)
    with store.reading() as connection:
        given = {"name": f"decisions_{number}"}
        size = text("SELECT reltuples FROM pg_class WHERE relname = :name")
        assert connection.scalar(size, given) == len(CUSTOMERS)
        known = text("SELECT most_common_vals::text FROM pg_stats WHERE tablename = :name AND attname = 'stage'")
        assert connection.scalar(known, given) == "{new}"


def test_runs_come_back_from_a_backup(store: Store, store_url: str, tmp_path: Path) -> None:
    """A backup restored over a store with other runs has those of the backup, and a new one can be published."""
    first, second = put(store, 0), put(store, 1, "core")
    assert call_command("backup", tmp_path / "backup", "--db", store_url).code == 0
    remove_run(store, first)
    third = put(store, 2, "strategic")
    restored = call_command("restore", tmp_path / "backup", "--db", store_url, "--overwrite")
    assert restored.code == 0, restored.errors
    assert [run.number for run in published_runs(store)] == [first, second]
    assert (stages(store, first), stages(store, second)) == ({"new": len(CUSTOMERS)}, {"core": len(CUSTOMERS)})
    assert put(store, 2, "strategic") == third
    assert stages(store, third) == {"strategic": len(CUSTOMERS)}
