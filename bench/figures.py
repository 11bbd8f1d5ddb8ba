"""What a measurement returns, and what all of them need."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("VALUELIFT_TEST_DATA") or Path(__file__).parent.parent.parent / "shared" / "data")


class AbsentError(Exception):
    """Something that a measurement needs is not there."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and what came out, with its unit."""

    what: str
    found: str


def measure(name: str) -> list[Figure]:
    """Run one measurement, `bench.<name>`. (Here, where a fresh process finds it.)"""
    found: list[Figure] = import_module(f"bench.{name}").measure()
    return found


def show(measure: Callable[[], Sequence[Figure]]) -> int:
    """Measure and print, one figure a line; return the exit code."""
    try:
        figures = measure()
    except AbsentError as absent:
        print(f"skipped: {absent}")
        return 0
    for figure in figures:
        print(f"{figure.what:<58} {figure.found}")
    return 0


def require(path: Path, how: str) -> Path:
    """Return a path that must be there.

    Raises:
        AbsentError: if it is not; `how` says how to get it.
    """
    if not path.exists():
        raise AbsentError(f"there is no {path.name} ({how})")
    return path


def milliseconds(seconds: Iterable[float]) -> str:
    """Return the median and the 99th percentile."""
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1e3:.3f} ms, p99 {cuts[98] * 1e3:.3f} ms"


def ratio(seconds: Iterable[float], others: Iterable[float]) -> str:
    """Return the ratio of the medians."""
    return f"{statistics.median(seconds) / statistics.median(others):.1f} x"


def put(page: Path, begin: str, end: str, lines: Iterable[str]) -> None:
    """Write lines between a page's marks, in place of what was there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text("\n".join([before + begin, "", *lines, "", end + after]), encoding="utf-8")


def commit() -> str:
    """Name the commit that is measured."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> str:
    """Describe the machine in one line, with how busy it is."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{names[0].partition(': ')[2] if names else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, "
        f"{platform.system()}, CPython {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
