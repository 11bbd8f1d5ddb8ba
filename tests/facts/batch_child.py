"""A batch in a process of its own, to be killed. The process that forks it has loaded the rules already."""

from __future__ import annotations

import resource
import signal
from datetime import date
from pathlib import Path

from facts.batch.ledger import Ledger
from facts.batch.run import Batch, BatchRun
from facts.store import Store
from wiring import shipped_rules

PART = 34
"""Customers in a part, so that the demo's 68 make two."""

shipped_rules()


def batch(facts: Path, runs: Path, url: str, as_of: date, largest_file: int | None = None) -> BatchRun:
    """Decide everybody as of a date; `largest_file` bytes is what the disk takes."""
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    store = Store.open(url)
    decider = shipped_rules().decider()
    job = Batch(Ledger.at(runs), decider, as_of, None, "EUR", "ann", store, facts, workers=2, part=PART)
    run = job.run(lambda *_: None)
    store.close()
    return run
