"""Time the batch on Spark beside the same batch on this machine alone, and compare their decisions.

    build/spark/bin/python -m bench.scale --customers 100000

The facts are invented (`valuelift generate`) unless the folder is there. Seconds of the processor are those of all
processes that take part, Java's too. `make spark` makes the environment; what came of it stands in docs/scale.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from bench.figures import Figure, show
from facts.demo import AS_OF
from facts.generate import generate

CUSTOMERS = 100_000
SEED = 1
MASTER = f"local[{os.cpu_count()}]"
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER: Java outlives the driver, and nobody else would wait for it


def measure(customers: int = CUSTOMERS, facts: Path | None = None, master: str = MASTER) -> list[Figure]:
    """Return what either engine takes, step by step, and whether they agree."""
    ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        place = facts or Path(folder) / "facts"
        if not place.exists():
            generate(place, customers, SEED)
        figures = [Figure("facts", f"{_size(place):,.0f} MB of Parquet")]
        for engine, how in (("local", []), ("spark", ["--engine", "spark", "--master", master])):
            runs = Path(folder) / engine
            figures += _timed(f"{engine}, {customers:,} customers", place, runs, how)
            figures.append(Figure(f"{engine}, folder of the run", f"{_size(runs):,.0f} MB"))
        _batch(place, Path(folder) / "spark", ["--force"])  # ends with an error if the decisions differ
    return [*figures, Figure("decisions of both", "the same")]


def _timed(what: str, facts: Path, runs: Path, how: list[str]) -> list[Figure]:
    """Return what a batch takes: its steps on the clock, the processor, and the largest process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    events = _batch(facts, runs, how)
    wall = time.perf_counter() - began
    _wait_for_all()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    begun: dict[str, datetime] = {}
    for event in events:
        begun.setdefault(event.get("step", event["event"]), datetime.fromisoformat(event["time"]))
    steps = ", ".join(
        f"{step} {(end - start).total_seconds():.1f} s" for (step, start), (_, end) in pairwise(begun.items())
    )
    whole = f"{wall:.1f} s, {processor:.1f} s of the processor, largest process {after.ru_maxrss / 1024:,.0f} MB"
    return [Figure(what, whole), Figure(f"{what}, steps", steps)]


def _batch(facts: Path, runs: Path, how: list[str]) -> list[dict[str, str]]:
    """Run `valuelift batch` in a process of its own, and return its log."""
    place = ["--facts", str(facts), "--out", str(runs), "--as-of", AS_OF.isoformat()]
    command = [sys.executable, "-c", "from cli import main; main()", "batch", *place, "--log", "json", *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stderr.splitlines()]


def _wait_for_all() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if not path.is_symlink()) / 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--facts", type=Path, help="a folder to take the facts from, or to write them to")
    parser.add_argument("--master", default=MASTER, help="where Spark runs")
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    sys.exit(show(lambda: measure(options.customers, options.facts, options.master)))
