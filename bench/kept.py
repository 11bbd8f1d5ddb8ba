"""Time the impact of an edit on the facts that a batch kept, read from its folder, beside one run of the plan.

    python -m bench.kept --customers 1000000 [--run FOLDER]

Without `--run`, customers are invented (`valuelift generate`) and decided by a batch first. The edit is that of
`bench.impact`. *First* reads the facts and decides them by both versions; *in a watch* decides those that are held,
after another save. Beside them stands what one part costs as the Arrow files in which it is kept, and as Parquet.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from bench.figures import Figure
from bench.impact import edited
from engine.impact import Versions, impact
from engine.load import load_parts
from engine.plan import Kept, Plan
from facts.batch.files import put_sum, read_facts, read_table, write_facts, write_table
from facts.batch.kept import parts_of
from facts.batch.ledger import Ledger
from facts.batch.run import Batch
from facts.batch.run_folder import RunFolder
from facts.demo import AS_OF
from facts.generate import generate
from wiring import AMOUNT, catalogue, shipped_pack, shipped_rules

CUSTOMERS, SEED = 1_000_000, 1
READS = 3
"""How often a part is read; the best counts, as parts of a base are read into the same memory one after another."""

T = TypeVar("T")


def figures(run: RunFolder) -> Iterator[Figure]:
    """Yield the figures as they come."""
    shipped, once, again = load_parts(shipped_pack(), catalogue()), edited(70), edited(80)
    versions = Versions(shipped, once)
    used, passed, found = _timed(lambda: impact(versions, parts_of(run), AMOUNT))
    name = f"on the facts kept of {found.customers:,} customers"
    yield Figure(f"impact of an edit {name}, first", f"{passed:.1f} s, {used:.1f} s of the processor")
    yield Figure("customers affected", f"{found.affected:,}")
    used, passed, base = _timed(lambda: list(parts_of(run)))
    yield Figure("reading these facts alone", f"{passed:.1f} s, {used:.1f} s of the processor")
    plan = Plan(versions.before)
    used, passed, _ = _timed(lambda: [list(plan.run(part)) for part in base])
    yield Figure("one run of the plan over them", f"{passed:.1f} s, {used:.1f} s of the processor")
    kept = Kept(base)
    impact(Versions(shipped, once, kept), kept, AMOUNT)
    next_save = Versions(once, again, kept)
    used, passed, found = _timed(lambda: impact(next_save, kept, AMOUNT))
    yield Figure(f"impact of an edit {name}, in a watch", f"{passed:.1f} s, {used:.1f} s of the processor")
    yield Figure("memory at most", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")
    yield from _formats([base[0].customers, *base[0].rows.values()])


def _formats(tables: Sequence[pa.Table]) -> Iterator[Figure]:
    """Yield what writing and reading a part takes."""
    yield _format("Arrow", tables, write_facts, read_facts)
    yield _format("Parquet", tables, write_table, read_table)


def _format(
    name: str, tables: Sequence[pa.Table], write: Callable[[pa.Table, Path], None], read: Callable[[Path], pa.Table]
) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / f"{number}.{name.lower()}" for number in range(len(tables))]
        written = _timed(lambda: list(map(write, tables, places)))[0]
        for place in places:
            put_sum(place, place)
        got = min(_timed(lambda: deque(map(read, places), maxlen=0))[0] for _ in range(READS))
        size = sum(place.stat().st_size for place in places) / 1e6
    what = f"a part of {len(tables[0]):,} customers as {name}"
    return Figure(what, f"written in {written:.2f}, read in {got:.2f} s of the processor, {size:.0f} MB")


def _timed(call: Callable[[], T]) -> tuple[float, float, T]:
    """Return the seconds of the processor and on the clock that a call takes, and its result."""
    used, began = time.process_time(), time.perf_counter()
    found = call()
    return time.process_time() - used, time.perf_counter() - began, found


def _decided(customers: int, folder: Path) -> RunFolder:
    """Return the folder of a run over as many invented customers."""
    generate(folder / "facts", customers, SEED)
    workers = os.cpu_count() or 1
    ledger, decider = Ledger.at(folder / "runs"), shipped_rules().decider()
    batch = Batch(ledger, decider, AS_OF, None, "EUR", "bench", facts=folder / "facts", workers=workers)
    return batch.run(lambda *_: None).folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--run", type=Path, help="the folder of a run that decided them, instead of a new one")
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    with tempfile.TemporaryDirectory() as place:
        for figure in figures(RunFolder(options.run) if options.run else _decided(options.customers, Path(place))):
            print(f"{figure.what:<80} {figure.found}", flush=True)
