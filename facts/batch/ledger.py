"""The folder of all runs: each in a folder of its own (see `run_folder`), one process at a time computing.

RUNS/lock    held while somebody computes
RUNS/latest  the last published run
RUNS/KEY     a run
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from engine.said import said
from facts.batch.run_folder import LATEST, RunFolder, RunKey
from facts.database import StoreError, is_sqlite


@dataclass(frozen=True, slots=True)
class Ledger:
    """The folder of all runs."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Self:
        """Open the ledger in a folder, which is made if it is not there."""
        root.mkdir(parents=True, exist_ok=True)
        return cls(root.resolve())

    def run(self, key: RunKey) -> RunFolder:
        """Return the folder of a run, whether it has begun or not."""
        return RunFolder.of_key(self.root, key.digest())

    def runs(self) -> list[RunFolder]:
        """Return all runs that have begun, the oldest first."""
        begun = [path for path in self.root.glob("[0-9a-f]*/run.json") if not path.parent.is_symlink()]
        return [RunFolder(path.parent) for path in sorted(begun, key=lambda path: path.stat().st_mtime)]

    def going_on_from(self, key: RunKey) -> RunFolder | None:
        """Return the run that an incremental run may go on from: the last one as of no later date by the same rules."""
        same = ("pack_digest", "catalogue_digest", "base_currency")
        wanted = [getattr(key, name) for name in same]
        found = [
            run
            for run in self.runs()
            if run.published() is not None
            and run.as_of <= key.as_of
            and [run.said()[name] for name in same] == wanted
            and run.is_noted()
        ]
        return max(found, key=lambda run: run.as_of, default=None)

    def latest(self) -> RunFolder | None:
        """Return the run that readers see, or None if none is published."""
        link = self.root / LATEST
        return RunFolder(link.resolve()) if link.exists() else None

    def remove(self, run: RunFolder) -> None:
        """Delete a run, published ones first of all from sight."""
        gone = run.path.with_name(f".{run.name}.removed")
        run.path.rename(gone)
        shutil.rmtree(gone)

    @contextmanager
    def lock(self, who: str, waiting: Callable[[str], object], *, wait: bool = True) -> Iterator[None]:
        """Let one process at a time compute runs of this ledger.

        Args:
            who: says who holds the lock, to whoever waits for it.
            waiting: called once with who holds the lock, if somebody does.
            wait: wait for the other one.

        Raises:
            StoreError: if somebody holds the lock and waiting is not wanted.
        """
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip()
                if not wait:
                    raise StoreError(
                        said("The runs in {root} are being computed", root=self.root),
                        said("{holder} has begun", holder=holder),
                        said("Wait until it has finished."),
                    ) from None
                waiting(holder)
                fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(f"{who} (process {os.getpid()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC)")
            file.flush()
            yield
            file.truncate(0)


def runs_folder(url: URL) -> Path:
    """Return where a store's runs are kept: beside its file, or for a server where `VALUELIFT_RUNS` says."""
    if is_sqlite(url):
        return Path(f"{url.database}.runs")
    return Path(os.environ.get("VALUELIFT_RUNS", "."), f"{url.host}-{url.database}.runs")
