"""Measure other rule engines beside this one, each in a process of its own, and write `docs/performance.md`.

make peers
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.figures import ROOT, commit, machine, put

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- peers: written by `make peers` -->", "<!-- end of peers -->"
SECONDS, COLD_RUNS = 300, 2
PEERS = (
    ("interpreter", "the workload's interpreter", ""),
    ("valuelift_session", "Valuelift, session", "valuelift"),
    ("valuelift_plan", "Valuelift, plan (batch)", "valuelift"),
    ("compiled", "compiled Python function", ""),
    ("numpy_columns", "plain NumPy (batch)", "numpy"),
    ("drools_jvm", "Drools by drools-jpy (batch: inside the JVM)", "drools-jpy"),
    ("zen_engine", "zen-engine", "zen-engine"),
    ("clips_engine", "clipspy", "clipspy"),
    ("business_rules_engine", "business-rules", "business-rules"),
    ("rule_engine_rules", "rule-engine", "rule-engine"),
    ("experta_engine", "experta", "experta"),
    ("durable_api", "durable-rules, its own API", "durable-rules"),
    ("openfisca_system", "OpenFisca (batch)", "openfisca-core"),
    ("polars_frame", "Polars (batch)", "polars"),
    ("duckdb_sql", "DuckDB (batch)", "duckdb"),
)
"""Module, what it is called, and its package (none for plain Python)."""

COLUMNS = {
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "rate": "decisions/s",
    "ratio": "× interpreter",
    "cold_ms": "cold ms",
    "rss_mb": "RSS MB",
    "columns_rate": "columns, customers/s",
    "columns_ratio": "columns, × interpreter",
    "rows_rate": "row dicts, customers/s",
    "wrong": "answers that differ",
}
ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMEXPR_NUM_THREADS": "1"}


def main() -> None:
    """Run every peer and put the table between the page's marks."""
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}. {machine()}.", "", *_head()]
    for module, name, package in PEERS:
        lines.append(_row(module, f"{name} | {_version(package)}"))
        print(lines[-1], flush=True)
    put(PAGE, BEGIN, END, lines)


def _head() -> Iterator[str]:
    yield f"| peer | version | {' | '.join(COLUMNS.values())} |"
    yield f"|---|---|{'---:|' * len(COLUMNS)}"


def _row(module: str, name: str) -> str:
    """Return a peer's row; if it failed, the reason instead of figures."""
    command = [sys.executable, "-m", "bench.peers.run", module]
    try:
        found = _json(command)
        colds = [found["cold_ms"], *(_json([*command, "--cold"])["cold_ms"] for _ in range(COLD_RUNS))]
    except subprocess.TimeoutExpired:
        return f"| {name} | stopped after {SECONDS} s |"
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.strip().splitlines() or [f"ended with status {failed.returncode}"]
        return f"| {name} | failed: {said[-1].replace('|', '/')} |"
    found["cold_ms"] = statistics.median(colds)
    cells = [_cell(key, found[key]) if key in found else "" for key in COLUMNS]
    return f"| {name} | {' | '.join(cells)} of {found['checked']:,} |"


def _json(command: list[str]) -> dict[str, float]:
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=SECONDS, env=os.environ | ONE_CORE
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _cell(key: str, value: float) -> str:
    return f"{value:.3g}" if key.endswith("ratio") or value < 10 else f"{value:,.0f}"


def _version(package: str) -> str:
    if not package:
        return platform.python_version()
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "this one" if package == "valuelift" else "not installed"


if __name__ == "__main__":
    main()
