"""A batch: facts from a store or a folder, decided once for each key, and published as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from engine.said import said
from engine.vocabulary import Vocabulary
from facts.batch.files import read_table
from facts.batch.folder import FactsFolder, Part
from facts.batch.ledger import Ledger
from facts.batch.opening import open_folder
from facts.batch.pipeline import PART, Decide, Job, Progress, in_threads, part_size
from facts.batch.run_folder import RunFolder, RunKey
from facts.batch.same import require_same
from facts.batch.spark import Spark, started
from facts.batch.spool import spool
from facts.batch.undecided import MOST_UNDECIDED
from facts.database import StoreError
from facts.group_acceptance import Judged
from facts.group_flow import Flow
from facts.ideal import Ideal
from facts.marks import log_so_far
from facts.runs import Run, publish, run_number
from facts.store import Store

_SPOOLED = ".facts"

_LARGEST = 1.2
"""How much larger than wanted a part may become by new customers until an incremental run divides them anew."""


@dataclass(frozen=True, slots=True)
class Decider:
    """The rules, as a batch sees them: what they are known by, the facts that they want, and how they decide."""

    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    vocabulary: Vocabulary
    ideal: Ideal | None
    flow: Flow | None
    judged: Judged | None
    decide: Decide


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A run over the whole base: its folder, its number in the store, whether it is new, of how many customers.

    `undecided` is how many more there are, who could not be decided.
    """

    folder: RunFolder
    number: int | None
    is_new: bool
    customers: int
    undecided: int

    @property
    def name(self) -> str:
        """What people call the run: its number in the store, else the name of its folder."""
        return self.folder.name if self.number is None else str(self.number)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch works on. Facts come from the folder `facts`, else from the store, which gets the decisions too.

    With `spark` it is computed there; then facts come from a folder.
    """

    ledger: Ledger
    decider: Decider
    as_of: date
    known_at: datetime | None
    base_currency: str
    user: str
    store: Store | None = None
    facts: Path | None = None
    workers: int = 1
    part: int = PART
    is_incremental: bool = False
    spark: Spark | None = None
    most_undecided: int = MOST_UNDECIDED

    def run(self, progress: Progress, waiting: Callable[[str], object] = str, *, wait: bool = True) -> BatchRun:
        """Decide all customers and publish the decisions, unless the same run is published already.

        Args:
            progress: told how far the work is.
            waiting: told who is at work, if another batch is.
            wait: wait for that one.

        Raises:
            StoreError: if the facts cannot be used, too many customers cannot be decided, or another batch is at work
                and waiting is not wanted.
        """
        with self.ledger.lock(self.user, waiting, wait=wait), self._facts(progress) as (facts, log):
            written, key = facts.written(), self._key(facts)
            run = self.ledger.run(key)
            published = self._published(key, run)
            if published is None:
                self._finish(key, facts, run, log, progress)
            self._note(facts, written, run, progress)
            if published is not None:
                return published
            self._require_unchanged(facts, written, run)
            return self._publish(key, run, progress)

    def force(self, progress: Progress, waiting: Callable[[str], object] = str, *, wait: bool = True) -> BatchRun:
        """Decide all customers once more and compare, if the same run is published already; else as `run`.

        Raises:
            StoreError: as `run`, and if the decisions differ.
        """
        before = self.run(progress, waiting, wait=wait)
        if before.is_new:
            return before
        with self.ledger.lock(self.user, waiting, wait=wait), self._facts(progress) as (facts, _):
            key = self._key(facts)
            again = RunFolder(before.folder.path.with_name(f".{before.folder.name}.again"))
            shutil.rmtree(again.path, ignore_errors=True)
            if self.spark is not None:
                self._compute_on(self.spark, key, facts, again, progress)
            else:
                firsts = before.folder.firsts
                divided = None if firsts is None else {"after": None, "firsts": firsts}
                again.begin(key, before.folder.said()["part_size"], divided)
                self._compute(facts, again, progress)
            require_same(before.folder, again)
            shutil.rmtree(again.path)
        return before

    def _published(self, key: RunKey, run: RunFolder) -> BatchRun | None:
        """Return the same run if it is published already: in the store as well, where there is one."""
        published = run.published()
        number = run_number(self.store, _stored_run(key, run, self.user)) if self.store else None
        if published is None or (number is None and self.store is not None):
            return None
        return BatchRun(run, number, False, published.customers, published.undecided)

    def _finish(
        self, key: RunKey, facts: FactsFolder, run: RunFolder, log: tuple[int, int] | None, progress: Progress
    ) -> None:
        """Compute what is missing of a run: all of it, or what an interrupted batch left over."""
        if run.has_begun():
            _require_sound(run)
        if self.spark is not None:
            self._compute_on(self.spark, key, facts, run, progress)
            return
        customers = facts.customers(self.as_of, self.known_at)
        if not customers:
            raise facts.without_customers(self.as_of)
        size = part_size(customers, self.part, self.workers)
        run.begin(key, size, self._incremental(key, facts), log)
        self._compute(facts, run, progress)

    def _require_unchanged(self, facts: FactsFolder, written: object, run: RunFolder) -> None:
        """Remove a run whose facts are no longer those that were `written` when it was named after them.

        Raises:
            StoreError: if it is removed.
        """
        if facts.written() != written:
            self.ledger.remove(run)
            raise StoreError(
                said("The facts in {path} were not decided", path=facts.path),
                said("somebody changed them in the meantime"),
                said("Decide again once they are whole; write new facts beside the old ones and move them."),
            )

    def _key(self, facts: FactsFolder) -> RunKey:
        decider = self.decider
        return RunKey(
            as_of=self.as_of,
            known_at=self.known_at,
            pack=decider.pack,
            pack_version=decider.pack_version,
            pack_digest=decider.pack_digest,
            catalogue_digest=decider.catalogue_digest,
            facts_digest=facts.digest(),
            base_currency=self.base_currency,
        )

    def _incremental(self, key: RunKey, facts: FactsFolder) -> dict[str, Any] | None:
        """Return which run an incremental one goes on from, and where that run's parts begin; see `RunFolder.begin`.

        It goes on from none if the customers are no longer divided well by these parts.
        """
        if not self.is_incremental:
            return None
        earlier = self.ledger.going_on_from(key)
        firsts = _firsts(earlier) if earlier is not None else []
        if earlier is not None and firsts:
            sizes = [part.customers for part in facts.divided_at(self.as_of, self.known_at, firsts)]
            if min(sizes) > 0 and max(sizes) <= _LARGEST * self.part:
                return {"after": earlier.name, "firsts": firsts}
        return {"after": None, "firsts": None}

    def _parts(self, run: RunFolder, facts: FactsFolder) -> list[Part]:
        if run.firsts is None:
            return facts.divided(self.as_of, self.known_at, run.said()["part_size"])
        return facts.divided_at(self.as_of, self.known_at, run.firsts)

    def _compute(self, facts: FactsFolder, run: RunFolder, progress: Progress) -> None:
        _require_begun_by(run, on_spark=False)
        after = run.after
        job = replace(
            self._divided(facts, run),
            is_incremental=run.is_incremental,
            earlier=after if after is not None and after.published() else None,
        )
        job.compute(progress, in_threads(self.workers))

    def _note(self, facts: FactsFolder, written: object, run: RunFolder, progress: Progress) -> None:
        """Note in a run that was not begun as an incremental one what later ones need to go on from it.

        Facts that are no longer those that were `written` when the run was looked for say nothing about it.
        """
        if not self.is_incremental or run.is_noted() or run.shards is not None:
            return
        self._divided(facts, run).note(progress, in_threads(self.workers))
        _remove_copies(run)
        if facts.written() != written:
            run.forget_notes()

    def _compute_on(self, spark: Spark, key: RunKey, facts: FactsFolder, run: RunFolder, progress: Progress) -> None:
        place = run.path / "shards"
        run.begin(key, self.part, shards=-(-facts.rows("customers") // self.part))
        _require_begun_by(run, on_spark=True)
        shards = run.shards
        assert shards is not None, "it was begun on Spark"  # noqa: S101
        job = replace(self._job(facts.placed(), run), shards=place)
        progress("splitting", 0, 1)
        with started(spark, self.ledger.root / "spark.log") as cluster:
            cluster.require_alike([job.folder.path, run.path])
            cluster.split(job.folder, shards, place, progress)
            parts = cluster.parts(job, shards)
            if not parts:
                self.ledger.remove(run)
                raise facts.without_customers(self.as_of)
            replace(job, parts=parts).compute(progress, cluster.each)

    def _divided(self, facts: FactsFolder, run: RunFolder) -> Job:
        """Return the job over a run's parts, each of which reads its own rows of the facts alone."""
        parts = self._parts(run, facts)
        return replace(self._job(facts.sorted_for(parts, run.path / "sorted"), run), parts=parts)

    def _job(self, facts: FactsFolder, run: RunFolder) -> Job:
        return Job(
            folder=facts,
            run=run,
            parts=(),
            as_of=self.as_of,
            known_at=self.known_at,
            base_currency=self.base_currency,
            vocabulary=self.decider.vocabulary,
            ideal=self.decider.ideal,
            flow=self.decider.flow,
            judged=self.decider.judged,
            decide=self.decider.decide,
            workers=self.workers,
            most_undecided=self.most_undecided,
        )

    @contextmanager
    def _facts(self, progress: Progress) -> Iterator[tuple[FactsFolder, tuple[int, int] | None]]:
        """Give the folder of facts, into which what the store knows is put, with how far its log had come (or None)."""
        if self.facts is not None:
            yield open_folder(self.facts), None
            return
        if self.store is None:
            raise ValueError("a batch needs a folder of facts or a store")
        place = self.ledger.root / _SPOOLED
        shutil.rmtree(place, ignore_errors=True)
        progress("reading", 0, 1)
        log = log_so_far(self.store)  # before the facts: what is logged later may be missing in them
        try:
            spool(self.store, self.as_of, self.known_at, place)
            yield open_folder(place), log
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _publish(self, key: RunKey, run: RunFolder, progress: Progress) -> BatchRun:
        progress("publishing", 0, 1)
        parts = [run.decisions(number) for number in range(run.parts())]
        customers = sum(pq.read_metadata(part).num_rows for part in parts)
        number = None
        if self.store is not None:
            number = publish(
                self.store,
                _stored_run(key, run, self.user),
                customers,
                (read_table(part, as_words=["fired_rules"]).drop_columns(["urgency"]) for part in parts),
                run.get_table(run.portfolio),
                add_customers=self.facts is not None,
            )
        undecided = run.publish(customers, self.user, number).undecided
        _remove_copies(run)
        progress("publishing", 1, 1)
        return BatchRun(run, number, True, customers, undecided)


def _stored_run(key: RunKey, run: RunFolder, user: str) -> Run:
    """Return how the store knows a run: the key as a whole stands for the facts."""
    return Run(
        as_of=key.as_of,
        known_at=key.known_at or datetime.now(UTC),
        pack=key.pack,
        pack_version=key.pack_version,
        pack_digest=key.pack_digest,
        catalogue_digest=key.catalogue_digest,
        facts_digest=key.digest(),
        decided_by=user,
        snapshot_file=str(run.path),
    )


def _firsts(run: RunFolder) -> list[str]:
    """Return the first customer of each part of a run; nothing if the run is damaged."""
    try:
        return [run.first(number) for number in range(run.parts())]
    except StoreError:
        return []


def _require_sound(run: RunFolder) -> None:
    """Check what an interrupted batch finished; what is damaged goes, so that the next batch computes it anew.

    Raises:
        StoreError: if something was damaged.
    """
    _remove_copies(run)
    damaged = run.remove_damaged()
    if damaged:
        raise StoreError(
            said("Run {name} cannot go on as it stood", name=run.name),
            said(
                "{number} of its files were damaged and have been removed, the first: {file}",
                number=len(damaged),
                file=damaged[0],
            ),
            said("Check the disk, then run the batch again: it computes what is missing."),
        )


def _remove_copies(run: RunFolder) -> None:
    """Remove what is the same again when it is needed, and carries no sums: facts in another order, and overflow."""
    for name in ("sorted", "shards", run.overflow.name):
        shutil.rmtree(run.path / name, ignore_errors=True)


def _require_begun_by(run: RunFolder, *, on_spark: bool) -> None:
    """Check that a run was begun by the same engine: else its parts are others.

    Raises:
        StoreError: if it was not.
    """
    begun = run.shards is not None
    if begun != on_spark:
        raise StoreError(
            said("Run {name} cannot go on", name=run.name),
            said(
                "it was begun {where}, which divides customers otherwise",
                where=said("on Spark") if begun else said("on one machine"),
            ),
            said(
                "Finish it by --engine {engine}, or delete {path} to begin anew.",
                engine="spark" if begun else "local",
                path=run.path,
            ),
        )
