"""Time the publishing of a run's decisions, and of what it found by looking at the whole base.

    python -m bench.publish

The decisions are invented. They go into a new SQLite store, and into PostgreSQL where `VALUELIFT_TEST_POSTGRES` names a
server, into a database of its own there. The second run comes to a store that holds one.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from sqlalchemy import create_engine, make_url, text

from bench.figures import Figure, show
from facts.runs import Run, publish
from facts.store import Store

CUSTOMERS = 1_000_000
PART = 50_000
LISTS = 20_000
"""How many different lists of rules fire."""


def measure(customers: int = CUSTOMERS) -> list[Figure]:
    """Return how long a run takes to be published into an empty store, and a second one beside it."""
    rng = np.random.default_rng(1)
    decided, found = _decisions(rng, customers), _portfolio(rng, customers)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        figures += _published("SQLite", f"sqlite:///{path}", decided, found)
        figures.append(Figure("the SQLite store with both", f"{path.stat().st_size / 2**20:,.0f} MB"))
    server = os.environ.get("VALUELIFT_TEST_POSTGRES")
    if server:
        with _own_database(server) as url:
            figures += _published("PostgreSQL", url, decided, found)
    return figures


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    """Give the URL of a new database, which is dropped at the end."""
    name = f"valuelift_bench_{os.getpid()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _published(kind: str, url: str, decided: pa.Table, found: pa.Table) -> Iterator[Figure]:
    store = Store.create(url)
    for number, where in enumerate(("a new store", "a store with one run")):
        run = Run(date(2026, 6, 30), datetime.now(UTC), "pack", "1", "p", "c", str(number), "bench")
        parts = (decided.slice(start, PART) for start in range(0, len(decided), PART))
        start, used = time.perf_counter(), time.process_time()
        publish(store, run, len(decided), parts, found, add_customers=True)
        took = f"{time.perf_counter() - start:.1f} s, {time.process_time() - used:.1f} s of the processor here"
        yield Figure(f"{len(decided):,} decisions published into {kind}, {where}", took)
    store.close()


def _keys(customers: int) -> pa.Array:
    return pa.array([f"C{number:08}" for number in range(customers)])


def _words(rng: np.random.Generator, customers: int, words: Sequence[str]) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), customers)))


def _decisions(rng: np.random.Generator, customers: int) -> pa.Table:
    stages = ("potential", "target", "new", "established", "core", "strategic", "problem", "exited")
    lists = pa.array([json.dumps([f"rule-{rule}" for rule in rng.choice(700, 60)]) for _ in range(LISTS)])
    return pa.table(
        {
            "customer": _keys(customers),
            "stage": _words(rng, customers, stages),
            "move": _words(rng, customers, ("up", "stay", "down")),
            "proposed_stage": _words(rng, customers, stages),
            "value_next": _words(rng, customers, ("brand", "product", "people", "service")),
            "provisional": pa.array(rng.random(customers) < 0.3),
            "fired_rules": pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, LISTS, customers)), lists),
        }
    )


def _portfolio(rng: np.random.Generator, customers: int) -> pa.Table:
    return pa.table(
        {
            "customer": _keys(customers),
            "abc_class": _words(rng, customers, ("A", "B", "C")),
            "contribution": pa.array(rng.random(customers) * 1e6).cast(pa.decimal128(18, 2)),
            "rank_in_region": pa.array(rng.integers(1, 1_000, customers)),
            "acceptance": _words(rng, customers, ("brand:40,people:62", "product:51", "service:70,people:8")),
        }
    )


if __name__ == "__main__":
    sys.exit(show(measure))
