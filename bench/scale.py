"""Time the batch on Spark beside the same batch on this machine alone, and compare their decisions.

    build/spark/bin/python -m bench.scale --customers 100000

The facts are invented (`valuelift generate`) unless the folder is there. Seconds of the processor are those of all
processes that take part, Java's too, as `/proc` tells every half second. `make spark` makes the environment; what
came of it stands in docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
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
_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Watch:
    """What the processes of a session use: seconds of the processor, and the most memory of all together, in MB."""

    def __init__(self, session: int) -> None:
        self.session, self.memory = session, 0.0
        self._used: dict[str, int] = {}

    def look(self) -> None:
        """Note what they have used until now."""
        memory = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                told = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # ended in the meantime
            if int(told[3]) == self.session:
                self._used[stat.parent.name] = int(told[11]) + int(told[12])
                memory += int(told[21])
        self.memory = max(self.memory, memory * _PAGE / 2**20)

    @property
    def processor(self) -> float:
        """Seconds of the processor."""
        return sum(self._used.values()) / _TICK


def measure(customers: int = CUSTOMERS, facts: Path | None = None, master: str = MASTER) -> list[Figure]:
    """Return what either engine takes, step by step, and whether they agree."""
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
    """Return what a batch takes: its steps on the clock, the processor, and memory."""
    began = time.perf_counter()
    events, used = _batch(facts, runs, how)
    wall = time.perf_counter() - began
    begun: dict[str, datetime] = {}
    for event in events:
        moment = datetime.fromisoformat(event["time"])
        begun.setdefault(event.get("step", event["event"]), moment)
        if event.get("step") == "reading" and event["done"] == event["of"]:
            begun["whole base"] = moment
    steps = ", ".join(
        f"{step} {(end - start).total_seconds():.1f} s" for (step, start), (_, end) in pairwise(begun.items())
    )
    whole = f"{wall:.1f} s, {used.processor:.1f} s of the processor, at most {used.memory:,.0f} MB"
    return [Figure(what, whole), Figure(f"{what}, steps", steps)]


def _batch(facts: Path, runs: Path, how: list[str]) -> tuple[list[dict[str, str]], Watch]:
    """Run `valuelift batch` in a process of its own, and return its log and what it used."""
    place = ["--facts", str(facts), "--out", str(runs), "--as-of", AS_OF.isoformat()]
    command = [sys.executable, "-c", "from cli import main; main()", "batch", *place, "--log", "json", *how]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        used = Watch(process.pid)
        while process.poll() is None:
            used.look()
            time.sleep(0.5)
        log.seek(0)
        told = log.read()
    if process.returncode:
        raise RuntimeError(told)
    return [json.loads(line) for line in told.splitlines()], used


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
