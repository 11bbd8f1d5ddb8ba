"""All runs of a ledger and of a store: listed, found by what people call them, replayed, removed when they are old."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import did_you_mean
from engine.said import said
from engine.snapshot import Snapshot
from facts.batch.ledger import Ledger
from facts.batch.pipeline import Decide, Progress, facts_of_part
from facts.batch.run_folder import RunFolder
from facts.batch.same import differing
from facts.database import StoreError
from facts.runs import PublishedRun, published_runs, remove_run
from facts.snapshot_parts import only
from facts.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as it is listed. `folder` is None if only the store has it, `at` and `customers` if it is unfinished."""

    run: str
    number: int | None
    state: str
    as_of: date
    known_at: datetime | None
    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    customers: int | None
    by: str | None
    at: datetime | None
    parts: int
    is_latest: bool
    folder: Path | None
    facts: Mapping[str, int] | None
    """Of an incremental run, of how many customers the facts were computed, by reason, and taken over."""
    undecided: int = 0
    """How many more customers there are, who could not be decided."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of deciding a run's facts once more: how many customers, and who is decided differently."""

    customers: int
    different: tuple[str, ...]


def entries(ledger: Ledger, store: Store | None) -> list[Entry]:
    """Return all runs, the newest first; unfinished ones come before all others."""
    runs = published_runs(store) if store else []
    # By what they were decided from: whoever moves a store takes its runs along, or leaves them.
    stored = {RunFolder.of_key(ledger.root, each.key).name: each for each in runs}
    latest = ledger.latest()
    found = [_entry(run, stored.pop(run.name, None), latest) for run in ledger.runs()]
    found += [_without_folder(each) for each in stored.values()]
    now = datetime.now(UTC)
    return sorted(found, key=lambda entry: entry.at or now, reverse=True)


def find(ledger: Ledger, store: Store | None, asked: str) -> Entry:
    """Return the run of a number in the store, of a name, or `latest`.

    Raises:
        StoreError: if there is no such run.
    """
    known = entries(ledger, store)
    for entry in known:
        if asked in (entry.run, str(entry.number), entry.folder and entry.folder.name) or (
            asked == "latest" and entry.is_latest
        ):
            return entry
    names = [entry.run for entry in known]
    hint = did_you_mean(asked, names) or said("See `valuelift runs` for those that there are.")
    raise StoreError(
        said("Run {asked!r} is not known", asked=asked),
        said("neither {root} nor the store has it", root=ledger.root),
        hint,
    )


def replay(entry: Entry, decide: Decide, customer: str | None, progress: Progress) -> Replayed:
    """Decide the facts that a run kept once more, and compare with the decisions that it kept.

    Args:
        entry: which run.
        decide: the rules that it was decided by.
        customer: only this one.
        progress: told how far the work is.

    Raises:
        StoreError: if the run kept no facts, a file is damaged, or the customer is not among its customers.
    """
    run, seen = whole_run(entry), 0
    different: list[str] = []
    for number, snapshot in parts_with(run, None if customer is None else [customer]):
        kept = run.get_table(run.decisions(number))
        if customer is not None:
            kept = kept.filter(pc.equal(kept["customer"], customer))
        different += differing(kept, decide(snapshot))
        seen += snapshot.customers.num_rows
        progress("deciding", seen, entry.customers or seen)
    if customer is None and seen != entry.customers:
        raise StoreError(
            said("Run {run} cannot be replayed", run=entry.run),
            said(
                "of its {number:,} customers, {seen:,} have decisions in {path}",
                number=entry.customers or 0,
                seen=seen,
                path=run.path,
            ),
            said("Put the folder back from a copy."),
        )
    if not seen:
        raise StoreError(
            said("Run {run} did not decide {customer!r}", run=entry.run, customer=customer),
            said("it is not among its customers"),
            said("Check the key."),
        )
    return Replayed(seen, tuple(different))


def whole_run(entry: Entry) -> RunFolder:
    """Return the folder of a finished run.

    Raises:
        StoreError: if it is not finished, or its folder is gone.
    """
    if entry.folder is None or entry.state != "published":
        why = said("its folder is gone") if entry.folder is None else said("it is not finished")
        raise StoreError(
            said("The facts of run {run} are not there", run=entry.run),
            why,
            said("See `valuelift runs` for the others."),
        )
    return RunFolder(entry.folder)


def parts_with(run: RunFolder, customers: Collection[str] | None) -> Iterator[tuple[int, Snapshot]]:
    """Yield the parts' facts with their numbers; of some customers, only their own, without parts that have none."""
    wanted = None if customers is None else pa.chunked_array([sorted(customers)], pa.string())
    for number in range(run.parts()):
        snapshot = facts_of_part(run, number)
        if wanted is None:
            yield number, snapshot
            continue
        own = only(snapshot, wanted)
        if own.customers.num_rows:
            yield number, own


def prune(ledger: Ledger, store: Store | None, keep: int) -> list[Entry]:
    """Remove all but the newest published runs, and unfinished ones that began before the newest was published.

    What readers see, of the folder and of the store, is never removed. A run goes from the store first, then from its
    folder, each at once.

    Args:
        ledger: whose runs.
        store: where they are as well.
        keep: how many published runs stay.

    Returns:
        The runs removed.
    """
    known = entries(ledger, store)
    published = [entry for entry in known if entry.state == "published"]
    newest = max((entry.at for entry in published if entry.at), default=None)
    seen = max((entry.number for entry in published if entry.number is not None), default=None)
    removed = [
        entry for entry in published[keep:] if not entry.is_latest and (entry.number is None or entry.number != seen)
    ]
    removed += [entry for entry in known if entry.state != "published" and _began_before(entry, newest)]
    for entry in removed:
        if store is not None and entry.number is not None:
            remove_run(store, entry.number)
        if entry.folder is not None:
            ledger.remove(RunFolder(entry.folder))
    return removed


def _began_before(entry: Entry, moment: datetime | None) -> bool:
    if entry.folder is None or moment is None:
        return False
    began = datetime.fromtimestamp((entry.folder / "run.json").stat().st_mtime, UTC)
    return began < moment


def _entry(run: RunFolder, stored: PublishedRun | None, latest: RunFolder | None) -> Entry:
    said, published = run.said(), run.published()
    number = stored.number if stored else None
    return Entry(
        run=run.name if number is None else str(number),
        number=number,
        state="unfinished" if published is None else "published",
        as_of=run.as_of,
        known_at=datetime.fromisoformat(said["known_at"]) if said["known_at"] else None,
        pack=said["pack"],
        pack_version=said["pack_version"],
        pack_digest=said["pack_digest"],
        catalogue_digest=said["catalogue_digest"],
        customers=published.customers if published else None,
        by=published.by if published else None,
        at=published.at if published else None,
        parts=run.parts(),
        is_latest=latest is not None and latest.path.name == run.path.name,
        folder=run.path,
        facts=published.facts if published else None,
        undecided=published.undecided if published else 0,
    )


def _without_folder(stored: PublishedRun) -> Entry:
    return Entry(
        run=str(stored.number),
        number=stored.number,
        state="published",
        as_of=stored.as_of,
        known_at=stored.known_at,
        pack=stored.pack,
        pack_version=stored.pack_version,
        pack_digest=stored.pack_digest,
        catalogue_digest=stored.catalogue_digest,
        customers=stored.customers,
        by=stored.by,
        at=stored.at,
        parts=0,
        is_latest=False,
        folder=None,
        facts=None,
    )
