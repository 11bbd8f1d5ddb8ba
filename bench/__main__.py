"""Measure everything, each in a fresh process, and write the figures to `docs/performance.md`.

make bench
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

from bench.figures import ROOT, AbsentError, Figure, commit, machine, measure, put

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
MEASUREMENTS = (
    "session",
    "warm",
    "plan",
    "prove",
    "impact",
    "cold",
    "check",
    "explain",
    "import_batch",
    "publish",
    "batch",
)


def main() -> None:
    """Run all measurements and put their table between the page's marks."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}. {machine()}.",
        "",
        "| what | figure | command |",
        "|---|---|---|",
    ]
    for name in MEASUREMENTS:
        for figure in _measured(name):
            print(f"{figure.what:<58} {figure.found}", flush=True)
            lines.append(f"| {figure.what} | {figure.found} | `python -m bench.{name}` |")
    put(PAGE, BEGIN, END, lines)


def _measured(name: str) -> list[Figure]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        try:
            return process.submit(measure, name).result()
        except AbsentError as absent:
            return [Figure(name, f"skipped: {absent}")]


if __name__ == "__main__":
    main()
