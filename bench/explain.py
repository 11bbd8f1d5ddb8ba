"""Time the explanations of one customer: each command in a process of its own, and again in one that goes on.

python -m bench.explain
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cold import ENVIRONMENT
from bench.figures import Figure, show

RUNS = 5
CUSTOMERS = 20
COMMANDS = {
    "why": (),
    "why-not": ("--stage", "core"),
    "path": ("--to", "core"),
    "ask": (),
    "what-if": ("--set", "stage=new"),
}

Arguments = list[str]


def measure() -> list[Figure]:
    """Return medians, all commands taken in turns; those of one process over several customers."""
    from facts.demo import AS_OF, build
    from facts.store import Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.db"
        store = Store.create(f"sqlite:///{path}")
        build(store)
        customers = store.base_tables(AS_OF)["customers"]["key"].to_pylist()[:CUSTOMERS]
        where = ["--db", str(path), "--as-of", str(AS_OF)]
        return [
            *_figures("cold", _in_own_process, customers[:1] * (RUNS + 1), where),
            *_figures("warm", _in_this_process(), customers, where),
        ]


def _figures(what: str, run: Callable[[Arguments], object], customers: list[str], where: Arguments) -> Iterator[Figure]:
    """Time each command for each customer; the first customer prepares and does not count."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for place, customer in enumerate(customers):
        for name, options in COMMANDS.items():
            started = time.perf_counter()
            run([name, customer, *options, *where])
            if place:
                taken[name].append(time.perf_counter() - started)
    for name, seconds in taken.items():
        found = f"{statistics.median(seconds) * 1e3:,.0f} ms, at most {max(seconds) * 1e3:,.0f} ms"
        yield Figure(f"{what}: valuelift {' '.join([name, *COMMANDS[name]])}", found)


def _in_own_process(arguments: Arguments) -> None:
    valuelift = Path(sys.executable).parent / "valuelift"
    subprocess.run([valuelift, *arguments], check=False, capture_output=True, env=ENVIRONMENT)


def _in_this_process() -> Callable[[Arguments], object]:
    from click.testing import CliRunner

    from cli import main

    runner = CliRunner()
    return lambda arguments: runner.invoke(main, arguments)


if __name__ == "__main__":
    sys.exit(show(measure))
