"""Time the import of a year of a wholesaler's invoices into a new SQLite store, and a batch over its customers.

python -m bench.import_batch
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from bench.figures import DATA, Figure, require, show

FILE = DATA / "online_retail_2009_2010" / "online_retail_II.parquet"
AS_OF = "2010-12-09"


def measure() -> list[Figure]:
    """Return seconds, and lines or customers per second, of each command in a process of its own.

    Raises:
        AbsentError: if the data set is not there.
    """
    require(FILE, "set VALUELIFT_TEST_DATA to the folder of the test data")
    lines = pq.read_metadata(FILE).num_rows
    with tempfile.TemporaryDirectory() as folder:
        store = ["--db", str(Path(folder) / "store.db")]
        _seconds("init", "--currency", "GBP", *store)
        imported = _seconds("import", str(FILE), "--mapping", "online-retail", "--max-rejects", str(lines), *store)
        again = _seconds("import", str(FILE), "--mapping", "online-retail", "--max-rejects", str(lines), *store)
        batch = _seconds("batch", "--as-of", AS_OF, *store)
    return [
        Figure(
            "import of Online Retail, into a new SQLite store", f"{imported:.1f} s, {lines / imported:,.0f} lines/s"
        ),
        Figure("the same import again (nothing changes)", f"{again:.1f} s"),
        Figure("batch over its customers, decisions stored", f"{batch:.1f} s"),
    ]


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([Path(sys.executable).parent / "valuelift", *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(show(measure))
