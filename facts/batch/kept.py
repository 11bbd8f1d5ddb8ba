"""The facts that a run kept, where they are what would be read from the store: nobody need compute them anew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot
from facts.batch.ledger import RunFolder
from facts.batch.pipeline import facts_of_part
from facts.marks import log_so_far
from facts.runs import PublishedRun
from facts.store import Store


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
    folder = None if run is None or run.folder is None else RunFolder(Path(run.folder))
    if run is None or folder is None or not folder.has_begun() or not run.customers:
        return None
    said = folder.said()
    log = said.get("log")  # runs of facts from a folder, and of earlier versions, have none
    made_from = run.as_of, run.catalogue_digest, said["known_at"]
    if made_from != (as_of, catalogue_digest, None) or log is None or log_so_far(store, log[0]) != tuple(log):
        return None
    return KeptRun(folder, log[0])


def parts_of(run: RunFolder) -> list[Snapshot]:
    """Return the facts that a run decided on, in the parts in which it did.

    Raises:
        StoreError: if a file is damaged or gone.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(partial(facts_of_part, run), range(run.parts())))


def facts_of(run: RunFolder) -> Snapshot:
    """Return the facts of all customers that a run decided on; see `parts_of`."""
    return joined(parts_of(run))


def joined(parts: Sequence[Snapshot]) -> Snapshot:
    """Return the parts of a base as one snapshot; there must be at least one."""
    customers = pa.concat_tables(part.customers for part in parts).unify_dictionaries()
    keys = customers["customer"].combine_chunks()
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + part.customers.num_rows)
    rows = {
        name: pa.concat_tables(
            _moved(part.rows[name], start, keys) for part, start in zip(parts, starts, strict=False)
        ).unify_dictionaries()
        for name in parts[0].rows
    }
    return Snapshot(parts[0].as_of, customers, rows)


def _moved(rows: pa.Table, by: int, keys: pa.Array) -> pa.Table:
    """Return a part's rows, keyed as `get_snapshot` gives them, with their customers' places in the whole base."""
    owners = rows["customer"].combine_chunks()
    places = pc.add(owners.indices.cast(pa.int32()), pa.scalar(by, pa.int32()))
    return rows.set_column(
        rows.schema.get_field_index("customer"), "customer", pa.DictionaryArray.from_arrays(places, keys)
    )
