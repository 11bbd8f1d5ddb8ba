"""Measure what `batch --incremental` saves: one day later, 1 % of the customers with a talk more.

    python -m bench.incremental [CUSTOMERS]

Processor seconds of a full run that keeps what the next one needs, of the day after in full, and incrementally.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facts.batch.ledger import Ledger
from facts.batch.run import Batch
from facts.demo import AS_OF
from facts.generate import generate
from wiring import shipped_rules

CHANGED = 0.01


def one_day_later(facts: Path, later: Path) -> None:
    """Write the facts of the next day: a talk more with some of the customers."""
    later.mkdir()
    for path in facts.iterdir():
        (later / path.name).symlink_to(path)
    keys = pq.read_table(facts / "customers.parquet", columns=["key"])["key"].to_pylist()
    chosen = pa.array(Random(1).sample(keys, int(len(keys) * CHANGED)))
    talks = pq.read_table(facts / "interactions.parquet")
    last = {row["customer"]: row for row in talks.filter(pc.is_in(talks["customer"], value_set=chosen)).to_pylist()}
    more = [{**row, "key": f"{row['key']}-more", "holds_from": AS_OF + timedelta(1)} for row in last.values()]
    (later / "interactions.parquet").unlink()
    whole = pa.concat_tables([talks, pa.Table.from_pylist(more, talks.schema)]).sort_by("customer")
    pq.write_table(whole, later / "interactions.parquet")


def measure(what: str, facts: Path, runs: Path, days: int, *, incremental: bool) -> None:
    """Run a batch and say what it took."""
    decider, day = shipped_rules().decider(), AS_OF + timedelta(days)
    began = time.process_time()
    job = Batch(Ledger.at(runs), decider, day, None, "EUR", "bench", facts=facts, is_incremental=incremental)
    published = job.run(lambda *_: None).folder.published()
    print(f"{what}: {time.process_time() - began:.1f} s, {published.facts if published else None}", flush=True)


def main(customers: int) -> None:
    """Measure on invented customers."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        generate(place / "facts", customers, 1)
        one_day_later(place / "facts", place / "later")
        measure("first", place / "facts", place / "some", 0, incremental=True)
        measure("next day, full", place / "later", place / "all", 1, incremental=False)
        measure("next day, incremental", place / "later", place / "some", 1, incremental=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
