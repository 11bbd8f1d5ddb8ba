"""Time a cold `valuelift recommend`, and beside it a Python that only imports the libraries it needs.

python -m bench.cold
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure, show
from facts.demo import AS_OF, build
from facts.store import Store

RUNS = 7
LIBRARIES = (
    "import babel.dates, babel.numbers, click, duckdb, durable_rules_engine, numpy, pyarrow, pyarrow.compute, "
    "rich.console, rich.table, sqlalchemy.dialects.sqlite"
)
# Python keeps compiled modules beside the sources, unless told not to; the libraries' were compiled when installed.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measure() -> list[Figure]:
    """Return medians over several processes, all taken in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.db"
        store = Store.create(f"sqlite:///{path}")
        build(store)
        customer = store.base_tables(AS_OF)["customers"]["key"][0].as_py()
        valuelift = Path(sys.executable).parent / "valuelift"
        commands: dict[str, list[str | Path]] = {
            "an empty Python": [sys.executable, "-c", ""],
            "the imports of the libraries alone": [sys.executable, "-c", LIBRARIES],
            "valuelift --help": [valuelift, "--help"],
            "valuelift recommend": [valuelift, "recommend", customer, "--db", path, "--as-of", str(AS_OF)],
        }
        medians = seconds_of(commands)
    ratio = medians["valuelift recommend"] / medians["the imports of the libraries alone"]
    return [
        *(Figure(f"cold: {name}", f"{seconds * 1e3:,.0f} ms") for name, seconds in medians.items()),
        Figure("cold: valuelift recommend, against the imports", f"{ratio:.1f} x"),
    ]


def seconds_of(commands: Mapping[str, Sequence[str | Path]]) -> dict[str, float]:
    """Return the median time of each command over several processes, all taken in turns."""
    timings: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            seconds = _seconds(command)
            if run > 0:  # the first run compiles modules and keeps loaded rules
                timings[name].append(seconds)
    return {name: statistics.median(taken) for name, taken in timings.items()}


def _seconds(command: Sequence[str | Path]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(show(measure))
