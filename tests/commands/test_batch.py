"""`valuelift batch` stores a run once, whole, on both kinds of database."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import progress
from engine.decision import Decision
from engine.snapshot import CustomerFacts, Snapshot
from facts.batch.ledger import Ledger
from facts.batch.run import Batch
from facts.batch.spool import spool
from facts.demo import AS_OF, build
from facts.feature_database import Base, prepared_base
from facts.features import base_columns
from facts.group_acceptance import acceptance_in
from facts.group_flow import flow_in
from facts.portfolio import with_portfolio
from facts.runs import last_portfolio
from facts.snapshot import portfolio_facts, take_snapshot
from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command
from tests.facts.base_tables import find_look_alikes
from tests.facts.stored_decisions import decisions_of
from wiring import Desk

Decided = Mapping[str, tuple[CustomerFacts, Decision]]


def test_a_run_is_stored_once(store_url: str) -> None:
    """Deciding the same facts by the same rules again changes nothing and says so."""
    store = Store.create(store_url)
    build(store)
    first = call_command("batch", "--db", store_url, "--as-of", DAY, "--json", "--as", "ana").json
    second = call_command("batch", "--db", store_url, "--as-of", DAY, "--json").json
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["run"] == second["run"]
    rows = decisions_of(store, first["run"]).to_pylist()
    assert len(rows) == first["customers"] == 68
    listed = call_command("customers", "--db", store_url, "--as-of", DAY, "--json").json
    assert {row["customer"]: row["stage"] for row in rows} == {row["customer"]: row["stage"] for row in listed}
    assert all(json.loads(row["fired_rules"]) for row in rows)
    assert last_portfolio(store, AS_OF).num_rows > 0
    store.close()


def test_fired_rules_are_those_of_the_decisions(desk: Desk, decided: Decided) -> None:
    """A run notes for each customer the rules that fired, for the customer or for a row."""
    fired = {row["customer"]: json.loads(row["fired_rules"]) for row in desk.overview().to_pylist()}
    expected = {key: sorted({one.rule for one in decision.fired}) for key, (_, decision) in decided.items()}
    assert fired == expected


def test_progress_is_told_in_lines_on_standard_error(demo: Call) -> None:
    """Where nobody looks, each step is a line on standard error, and the summary stands on standard output."""
    answer = demo("batch", "--as-of", DAY)
    assert answer.errors.splitlines() == ["Reading the facts ...", "Deciding ...", "Storing the decisions ..."]
    assert "decided 68 customers as of 30 Jun 2026" in " ".join(answer.output.split())


def test_a_log_shows_how_far_a_long_batch_is(demo: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """From time to time a line says how much is done, how fast, and how long it will take."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    told = demo("batch", "--as-of", DAY, "--workers", 1).errors
    assert re.search(r"^Deciding \.\.\. 68/68 \([\d,]+/s, 0 s\)$", told, re.MULTILINE)


def test_a_run_whose_folder_is_gone_is_listed(demo: Call, tmp_path: Path) -> None:
    """The store still has its decisions, but nothing to replay it from."""
    demo("batch", "--as-of", DAY)
    shutil.rmtree(tmp_path / "demo.db.runs")
    (run,) = demo("runs", "--json").json
    assert (run["run"], run["customers"], run["folder"]) == ("1", 68, None)
    assert "only the store has its decisions" in demo("runs", "show", "1").output
    answer = demo("replay", "1")
    assert (answer.code, "its folder is gone" in answer.errors) == (1, True)


def test_a_base_without_customers_is_a_problem(demo: Call) -> None:
    """Nobody is decided on a date before everything that is recorded."""
    answer = demo("batch", "--as-of", "1990-01-01")
    assert answer.code == 1
    assert "There are no customers as of 1990-01-01" in answer.errors


def test_columns_that_no_feature_names_make_no_difference(desk: Desk) -> None:
    """The snapshot from the columns that the SQL files name is that from all columns."""
    vocabulary = desk.rules.pack.vocabulary

    def snapshot(tables: Base) -> Snapshot:
        return take_snapshot(tables, vocabulary, AS_OF, base_currency="EUR").snapshot

    assert snapshot(desk.store.base_tables(AS_OF, only=base_columns())) == snapshot(desk.store.base_tables(AS_OF))


def test_a_store_damaged_in_the_middle_is_said_to_be_damaged(told_store: Path, tmp_path: Path) -> None:
    """What goes wrong while rows stream is the store's fault and not the program's; no run is left."""
    store = tmp_path / "store.db"
    shutil.copy(told_store, store)
    with sqlite3.connect(store) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'order_lines'").fetchone()
    with store.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    for asked in (("portfolio",), ("batch", "--out", tmp_path / "runs")):
        answer = call_command(*asked, "--db", store, "--as-of", DAY)
        assert answer.code == 1
        assert "the file is damaged. Restore it from a backup." in answer.errors
    assert [each.name for each in (tmp_path / "runs").iterdir()] == ["lock"]


def test_parts_decide_as_the_whole(desk: Desk, told_store: Path, tmp_path: Path) -> None:
    """However the customers are divided, the decisions are those of the whole base at once."""
    store = Store.open(str(told_store))
    base = desk.store.base_tables(AS_OF)
    snapshot = take_snapshot(base, desk.rules.pack.vocabulary, AS_OF, base_currency="EUR").snapshot
    ideal, judged = desk.rules.ideal(), desk.rules.judged()
    assert ideal is not None
    assert judged is not None
    flow = desk.rules.flow()
    assert flow is not None
    with prepared_base(base, AS_OF, "EUR") as database:
        flowed = flow_in(database, flow).to_arrow_table()
        accepted = acceptance_in(database, judged).to_arrow_table()
    found = portfolio_facts(snapshot, find_look_alikes(base, ideal, AS_OF, base_currency="EUR")[1], flowed, accepted)
    expected = desk.rules.decide(with_portfolio(snapshot, found))
    spool(store, AS_OF, None, tmp_path / "facts")
    ledger, decider = Ledger.at(tmp_path), desk.rules.decider()
    batch = Batch(ledger, decider, AS_OF, None, "EUR", "ana", facts=tmp_path / "facts", workers=2, part=30)
    run = batch.run(lambda *_: None)
    assert pa.concat_tables(run.folder.decided(expected.column_names)).to_pylist() == expected.to_pylist()
    assert run.folder.parts() == 4
    store.close()


def test_facts_from_a_folder_reach_folder_and_store(store_url: str, told_store: Path, tmp_path: Path) -> None:
    """Both get the same decisions, also of customers whom the store had not heard of."""
    source = Store.open(str(told_store))
    spool(source, AS_OF, None, tmp_path / "facts")
    source.close()
    store = Store.create(store_url)
    asked = ("batch", "--facts", tmp_path / "facts", "--as-of", DAY, "--out", tmp_path / "runs", "--json", "--quiet")
    alone = call_command(*asked).json
    both = call_command(*asked, "--db", store_url)
    assert (alone["run"], alone["is_new"], both.json["run"], both.errors) == (None, True, 1, "")
    stored = decisions_of(store, 1)
    kept = pq.read_table(tmp_path / "runs" / "latest" / "decisions")
    assert len(kept) == 68
    assert stored.select(["customer", "stage", "move", "fired_rules"]).to_pylist() == (
        kept.select(["customer", "stage", "move", "fired_rules"]).to_pylist()
    )
    store.close()


def test_with_facts_one_says_where_decisions_go(tmp_path: Path) -> None:
    """Nothing is decided for nobody to see."""
    answer = call_command("batch", "--facts", tmp_path)
    assert (answer.code, "say where the decisions go" in answer.errors) == (2, True)


SPARK = ("--engine", "spark")


def test_without_pyspark_one_is_told_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and nothing is decided."""
    monkeypatch.setitem(sys.modules, "pyspark", None)
    answer = call_command("batch", "--facts", tmp_path, "--out", tmp_path / "runs", *SPARK)
    assert (answer.code, "PySpark is not installed" in answer.errors) == (2, True)
    assert "pip install '.[spark]'" in " ".join(answer.errors.split())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((*SPARK, "--facts", "facts", "--master", "spark:/head"), "is no address of a Spark master"),
        ((*SPARK, "--facts", "facts", "--master", "local[two]"), "is no address of a Spark master"),
        ((*SPARK, "--facts", "facts", "--incremental"), "--incremental is for one machine"),
        (SPARK, "say where the Parquet files"),
        (("--facts", "facts", "--master", "local"), "--master is for --engine spark"),
        (("--facts", "facts", "--engine", "sparc"), "spark"),
    ],
)
def test_what_does_not_go_with_an_engine_is_wrong_usage(asked: tuple[str, ...], said: str) -> None:
    """It is said before anything starts."""
    answer = call_command("batch", "--out", "runs", *asked)
    assert answer.code == 2
    assert said in " ".join(answer.errors.split())
