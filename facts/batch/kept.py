"""The facts that a run kept, where they are what would be read from the store: nobody need compute them anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.snapshot import Snapshot
from facts.batch.ledger import runs_folder
from facts.batch.pipeline import facts_of_part
from facts.batch.run_folder import RunFolder
from facts.marks import log_so_far
from facts.runs import PublishedRun
from facts.store import Store

_AHEAD = 2
"""Parts that are read while another one is worked on."""


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that read the store. `entry` is the newest entry of the audit log that it surely knows."""

    folder: RunFolder
    entry: int


def kept_run(store: Store, run: PublishedRun | None, as_of: date, catalogue_digest: str) -> KeptRun | None:
    """Return what a run kept, or None if it cannot stand for what the store knows as of a day.

    It cannot if it is gone, of another day, of another way of making facts, of what was known at an earlier moment, or
    not of the store's own facts. Of what came after the entry it says nothing: whoever asks must look.
    """
    folder = None if run is None else _folder(store, run)
    if run is None or folder is None or not run.customers:
        return None
    said = folder.said()
    log = said.get("log")  # runs of facts from a folder, and of earlier versions, have none
    made_from = run.as_of, run.catalogue_digest, said["known_at"]
    if made_from != (as_of, catalogue_digest, None) or log is None or log_so_far(store, log[0]) != tuple(log):
        return None
    return KeptRun(folder, log[0])


def _folder(store: Store, run: PublishedRun) -> RunFolder | None:
    """Return the folder of a run: where it was computed, or beside the store if both were moved since."""
    beside = RunFolder.of_key(runs_folder(store.url), run.key)
    places = [beside] if run.folder is None else [RunFolder(Path(run.folder)), beside]
    return next((place for place in places if place.has_begun()), None)


def parts_of(run: RunFolder) -> Iterator[Snapshot]:
    """Yield the facts that a run decided on, in the parts in which it did; the next ones are read meanwhile.

    Raises:
        StoreError: if a file is damaged or gone.
    """
    with ThreadPoolExecutor(_AHEAD) as threads:
        reading: deque[Future[Snapshot]] = deque()
        for number in range(run.parts()):
            reading.append(threads.submit(facts_of_part, run, number))
            if len(reading) > _AHEAD:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()
