"""Time the nightly batch from Parquet to Parquet, beside DuckDB's feature SQL alone and a bare scan.

    python -m bench.batch --customers 1000000 --facts /tmp/facts

The facts are invented (`valuelift generate`) unless the folder is there. The three take turns, each in a process of its
own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, show
from facts.batch.ledger import Ledger
from facts.batch.opening import open_folder
from facts.batch.run import Batch
from facts.demo import AS_OF
from facts.feature_database import open_database, prepare
from facts.features import KINDS, PREPARED, PREPARED_FOR_FEATURES, base_columns, base_schemas, features
from facts.generate import generate
from facts.look_alikes import look_alikes_in
from wiring import shipped_rules

CUSTOMERS = 100_000
RUNS = 3
SEED = 1
CORES = os.cpu_count() or 1
MEMORY = "6GB"  # for DuckDB alone; beyond that it works on files


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: seconds on the clock and of the processor, and the largest memory in MB."""

    wall: float
    processor: float
    memory: float


def measure(
    customers: int = CUSTOMERS, runs: int = RUNS, facts: Path | None = None, *, alone: bool = False
) -> list[Figure]:
    """Return seconds and memory of the batch, and unless `alone` of the feature SQL and of a scan, and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        place = facts or Path(folder) / "facts"
        if not place.exists():
            generate(place, customers, SEED)
        steps = (decide,) if alone else (decide, compute_features, scan)
        costs = [tuple(_cost(step, place) for step in steps) for _ in range(runs)]
        size = sum(path.stat().st_size for path in place.glob("*.parquet")) / 2**20
    batch, *others = (_median([each[number] for each in costs]) for number in range(len(steps)))
    of = f"{customers:,} customers"
    found = [
        Figure(f"batch, {of} ({size:,.0f} MB of Parquet), {CORES} cores", f"{_said(batch)}, {batch.memory:,.0f} MB")
    ]
    if alone:
        return found
    sql, bare = others
    ratio = statistics.median(each[0].processor / each[1].processor for each in costs)
    wall = statistics.median(each[0].wall / each[1].wall for each in costs)
    return [
        *found,
        Figure(f"DuckDB's feature SQL alone, {of}", f"{_said(sql)}, {sql.memory:,.0f} MB"),
        Figure(f"DuckDB scans the columns that are needed, {of}", _said(bare)),
        Figure(f"batch against the feature SQL, {of}", f"{ratio:.2f} x processor time, {wall:.2f} x wall"),
    ]


def decide(facts: Path) -> None:
    """Decide everybody, as `valuelift batch --facts DIR --out DIR` does."""
    with tempfile.TemporaryDirectory() as runs:
        ledger = Ledger.at(Path(runs))
        Batch(ledger, shipped_rules().decider(), AS_OF, None, "EUR", "bench", facts=facts, workers=CORES).run(_silent)


def compute_features(facts: Path) -> None:
    """Run the SQL of all features, and of whom a customer resembles, over the whole base at once."""
    with open_database(AS_OF, "EUR", CORES) as database:
        database.execute(f"SET memory_limit = '{MEMORY}'")
        open_folder(facts).show(database, base_columns(), None)
        database.register("portfolio", base_schemas()["portfolio"].empty_table())
        prepare(database, (*PREPARED, *PREPARED_FOR_FEATURES))
        for kind in KINDS:
            for feature in features(kind):
                database.execute(f"CREATE TABLE found AS {feature.sql}")
                database.execute("DROP TABLE found")
        wanted = shipped_rules().ideal()
        assert wanted is not None
        look_alikes_in(database, wanted).to_arrow_table()


def scan(facts: Path) -> None:
    """Read every column that some feature needs, and do nothing with it."""
    with open_database(AS_OF, "EUR", CORES) as database:
        open_folder(facts).show(database, base_columns(), None)
        for name, columns in base_columns().items():
            database.execute(f"SELECT {', '.join(f'max({column})' for column in columns)} FROM {name}").fetchall()  # noqa: S608 - own names


def _silent(step: str, done: int, of: int) -> None:
    """Say nothing."""


def _cost(step: Callable[[Path], None], facts: Path) -> Cost:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_timed, step, facts).result()


def _timed(step: Callable[[Path], None], facts: Path) -> Cost:
    wall, processor = time.perf_counter(), time.process_time()
    step(facts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(time.perf_counter() - wall, time.process_time() - processor, memory)


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.processor for cost in costs),
        statistics.median(cost.memory for cost in costs),
    )


def _said(cost: Cost) -> str:
    return f"{cost.wall:.1f} s, {cost.processor:.1f} s of the processor"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--facts", type=Path, help="a folder to take the facts from, or to write them to")
    parser.add_argument("--alone", action="store_true", help="measure the batch alone, for facts of any size")
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    sys.exit(show(lambda: measure(options.customers, options.runs, options.facts, alone=options.alone)))
