"""Invented facts are the same for the same seed, hang together, and are as much as was asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facts import generate as module
from facts.batch.ledger import Ledger, runs_folder
from facts.demo import AS_OF
from facts.generate import generate
from facts.store import Store
from tests.commands.conftest import call_command

CUSTOMERS = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of invented facts."""
    path = tmp_path_factory.mktemp("facts")
    generate(path, CUSTOMERS, 7)
    return path


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Seed and number determine every byte; another seed makes other customers."""
    generate(tmp_path / "same", CUSTOMERS, 7)
    generate(tmp_path / "other", CUSTOMERS, 8)
    assert digests(tmp_path / "same") == digests(folder)
    assert digests(tmp_path / "other")["orders.parquet"] != digests(folder)["orders.parquet"]


def test_customers_come_in_blocks(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer has one key whatever its block, and every block is written."""
    monkeypatch.setattr(module, "BLOCK", 128)
    done: list[tuple[int, int]] = []
    rows = generate(tmp_path, CUSTOMERS, 7, progress=lambda *each: done.append(each))
    assert done == [(128, 300), (256, 300), (300, 300)]
    assert rows["customers"] == CUSTOMERS
    sql = "SELECT key FROM read_parquet($1) ORDER BY ALL"
    keys = [duckdb.execute(sql, [str(place / "customers.parquet")]).fetchall() for place in (folder, tmp_path)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("rows of strangers", "SELECT customer FROM orders ANTI JOIN customers ON customers.key = customer"),
        ("lines without an order", "SELECT key FROM order_lines ANTI JOIN orders ON orders.key = order_key"),
        ("lines that do not add up", "SELECT key FROM order_lines WHERE amount <> quantity * unit_price"),
        (
            "invoices that are not the sum of their lines",
            """
            SELECT i.key FROM invoices i JOIN order_lines l ON l.order_key = i.order_key
            GROUP BY i.key, i.amount HAVING i.amount <> sum(l.amount)
            """,
        ),
        (
            "payments that do not settle their invoice",
            """
            SELECT p.key FROM payments p LEFT JOIN invoices i ON i.key = invoice_key
            WHERE p.amount IS DISTINCT FROM i.amount
            """,
        ),
        ("keys used twice", "SELECT key FROM order_lines GROUP BY key HAVING count(*) > 1"),
        ("rows of later days", "SELECT key FROM orders WHERE holds_from > DATE '2026-06-30'"),
    ],
)
def test_the_facts_hang_together(folder: Path, what: str, sql: str) -> None:
    """What refers to each other agrees."""
    with duckdb.connect() as database:
        for path in folder.iterdir():
            database.read_parquet(str(path)).create_view(path.stem)
        assert database.sql(sql).fetchall() == [], what


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    """About 20 order lines a customer, in both languages and as JSON."""
    out = tmp_path / "facts"
    asked = ("generate", "--customers", CUSTOMERS, "--seed", 7, "--out", out)
    found = call_command(*asked, "--json").json
    assert found["rows"]["order_lines"] / CUSTOMERS == pytest.approx(22, rel=0.2)  # 300 are few
    assert "300 invented customers as of 30 Jun 2026" in call_command(*asked).output
    assert "300位虚构客户" in call_command(*asked, "--lang", "zh").output


def test_a_store_takes_the_facts_in_and_decides_the_same(folder: Path, tmp_path: Path) -> None:
    """Every row can be imported by the canonical layout; from the store follows what follows from the files."""
    db, day = tmp_path / "facts.db", ("--as-of", AS_OF)
    call_command("init", "--db", db)
    taken = call_command("import", folder, "--mapping", "canonical", "--db", db, "--json").json
    assert not taken["rejected"]
    assert taken["rows_read"] == sum(pq.read_metadata(path).num_rows for path in folder.iterdir())
    call_command("batch", "--db", db, *day)
    call_command("batch", "--facts", folder, "--out", tmp_path / "runs", *day)
    assert decisions(runs_folder(Store.open(str(db)).url)) == decisions(tmp_path / "runs")


def decisions(runs: Path) -> list[dict[str, object]]:
    """Return what the only run decided, by customer."""
    (run,) = Ledger.at(runs).runs()
    tables = [run.get_table(run.decisions(number)) for number in range(run.parts())]
    rows: list[dict[str, object]] = pa.concat_tables(tables).sort_by("customer").to_pylist()
    return rows


def test_a_number_below_one_is_wrong_usage(tmp_path: Path) -> None:
    """Nobody is invented for a number that makes no sense."""
    assert call_command("generate", "--customers", 0, "--out", tmp_path).code == 2
