"""From facts to decisions, part by part: facts of each part, a look at the whole base, decisions of each part.

Every step leaves alone what is finished, so that a run that was interrupted goes on where it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from engine.said import as_given, said
from engine.snapshot import Snapshot
from engine.vocabulary import Vocabulary
from facts.batch.carried import days_later
from facts.batch.changes import changes, offsets
from facts.batch.files import plain, read_facts, read_table
from facts.batch.folder import FactsFolder, Part
from facts.batch.run_folder import RunFolder
from facts.batch.shards import of_shard
from facts.batch.undecided import MOST_UNDECIDED, require_few, undecided_by
from facts.database import StoreError
from facts.feature_database import open_database, prepare
from facts.features import base_schemas
from facts.group_acceptance import LOOKED_AT as HEARD_OF
from facts.group_acceptance import Judged, acceptance_in
from facts.group_flow import LOOKED_AT as STOOD_IN
from facts.group_flow import Flow, flow_in
from facts.ideal import Ideal
from facts.look_alikes import LOOKED_AT, look_alikes_in
from facts.portfolio import facts_from, with_facts
from facts.snapshot import Taken, portfolio_in, snapshot_in
from facts.snapshot_parts import only, together

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PART = 50_000
"""Customers that are decided together by one core, at most; it needs about 1 GB for them."""

_RANKED_BY = ("customer", "region", "country", "orders_recorded", "revenue_365d", "won_amount_365d")
"""The facts that classes and ranks rest on."""

Decide = Callable[[Snapshot], pa.Table]
Progress = Callable[[str, int, int], None]
"""Called with a step (`reading`, `deciding`), how many customers are done, and of how many."""

Each = Callable[[Callable[[Part], None], Sequence[Part]], Iterator[int]]
"""Does work on each part, several at once, and yields how many customers are done whenever some more are."""


def in_threads(workers: int) -> Each:
    """Return what does work in as many threads of this process."""

    def each(work: Callable[[Part], None], parts: Sequence[Part]) -> Iterator[int]:
        with ThreadPoolExecutor(workers) as threads:
            at_work = {threads.submit(work, part): part for part in parts}
            try:
                for finished in as_completed(at_work):
                    finished.result()
                    yield at_work[finished].customers
            except BaseException:
                threads.shutdown(wait=True, cancel_futures=True)
                raise

    return each


def part_size(customers: int, most: int, workers: int) -> int:
    """Return how many customers make a part, so that all workers have equally much to do."""
    parts = -(-customers // most)
    if parts > 1:
        parts = -(-parts // workers) * workers
    return -(-customers // parts)


@dataclass(frozen=True, slots=True)
class Job:
    """A run to be computed: from which facts, as of when, and by what.

    If it is incremental, the facts of customers for whom nothing changed are taken over from the run `earlier`, as far
    as there is one; its parts are those of this run. If the facts were split by hash, `shards` is where. However many
    customers cannot be decided, with `most_undecided` None the others are.
    """

    folder: FactsFolder
    run: RunFolder
    parts: Sequence[Part]
    as_of: date
    known_at: datetime | None
    base_currency: str
    vocabulary: Vocabulary
    ideal: Ideal | None
    flow: Flow | None
    judged: Judged | None
    decide: Decide
    workers: int
    is_incremental: bool = False
    earlier: RunFolder | None = None
    shards: Path | None = None
    most_undecided: int | None = MOST_UNDECIDED

    def compute(self, progress: Progress, each: Each) -> None:
        """Compute what is not finished yet: then every part has its decisions.

        Raises:
            StoreError: if a file of facts cannot be used, there is no room for what does not fit into memory, or too
                many customers cannot be decided.
        """
        self._each("reading", self.run.snapshot, self._take_snapshot, each, progress)
        if self.most_undecided is not None:
            require_few(self.run, sum(part.customers for part in self.parts), self.most_undecided)
        if not self.run.portfolio.exists():
            self._look()
        self._each("deciding", self.run.decisions, self._decide, each, progress)

    def note(self, progress: Progress, each: Each) -> None:
        """Note what the rows of each customer are known by, where that is not noted: as if this were the first run.

        Raises:
            StoreError: if a file of facts cannot be used.
        """
        self._each("reading", self.run.changes, self._note, each, progress)

    def _each(
        self, step: str, place: Callable[[int], Path], work: Callable[[Part], None], each: Each, progress: Progress
    ) -> None:
        """Work on each part whose result is not in its place, several at once."""
        waiting = [part for part in self.parts if not place(part.number).exists()]
        total = sum(part.customers for part in self.parts)
        done = total - sum(part.customers for part in waiting)
        progress(step, done, total)
        for more in each(work, waiting):
            done += more
            progress(step, done, total)

    def _take_snapshot(self, part: Part) -> None:
        folder = self.folder if self.shards is None else of_shard(self.folder, self.shards, part.shard)
        with open_database(self.as_of, self.base_currency, threads=1) as database:
            folder.show_part(database, part, self.known_at, twice=self.is_incremental)
            known = self._known(part) if self.is_incremental else None
            if self.is_incremental:
                found = self._changed(database, folder, known)
                self.run.put_table(self.run.changes(part.number), found)
            if known is None:
                folder.fill(database)
                taken = self._snapshot_of(folder, database)
            else:
                taken = self._with_earlier(database, found, known[0])
        self.run.put_snapshot(part.number, taken.snapshot, undecided_by(taken.misfits))

    def _note(self, part: Part) -> None:
        with open_database(self.as_of, self.base_currency, threads=1) as database:
            self.folder.show_part(database, part, self.known_at)
            self.run.put_table(self.run.changes(part.number), self._changed(database, self.folder, None))

    def _changed(
        self, database: DuckDBPyConnection, folder: FactsFolder, known: tuple[Snapshot, pa.Table] | None
    ) -> pa.Table:
        """Return what the rows of a part's customers are known by, and whose facts must be computed."""
        since = known[0].as_of if known else self.as_of
        return changes(database, folder.files, known and known[1], offsets(self.vocabulary), since, self.as_of)

    def _known(self, part: Part) -> tuple[Snapshot, pa.Table] | None:
        """Return the facts of a part that the earlier run kept, and what it noted of the rows of those it decided."""
        if self.earlier is None:
            return None
        try:
            facts = self.earlier.get_snapshot(part.number, self.earlier.as_of)
            noted = self.earlier.get_table(self.earlier.changes(part.number))
        except StoreError:
            return None  # damaged: then this part is computed as if there were no earlier run
        undecided = self.earlier.undecided_in(part.number)["customer"]
        return facts, noted.filter(pc.invert(pc.is_in(noted["customer"], value_set=undecided)))

    def _with_earlier(self, database: DuckDBPyConnection, found: pa.Table, earlier: Snapshot) -> Taken:
        """Return a part's facts: those of customers for whom something changed computed, the others taken over."""
        of_customers = found.filter(pc.not_equal(found["customer"], ""))
        is_same = pc.is_null(of_customers["why"])
        self.folder.fill(database, of_customers.filter(pc.invert(is_same)).select(["customer"]))
        computed = self._snapshot_in(database)
        taken_over = days_later(only(earlier, of_customers.filter(is_same)["customer"]), self.as_of)
        return computed._replace(snapshot=together(computed.snapshot, taken_over))

    def _snapshot_of(self, folder: FactsFolder, database: DuckDBPyConnection) -> Taken:
        try:
            return self._snapshot_in(database)
        except duckdb.Error:
            folder.require_readable(database)
            raise

    def _snapshot_in(self, database: DuckDBPyConnection) -> Taken:
        database.register("portfolio", base_schemas()["portfolio"].empty_table())
        prepare(database)
        return snapshot_in(database, self.vocabulary, self.as_of)

    def _look(self) -> None:
        """Look at the whole base, and keep what only that shows."""
        try:
            self.run.put_portfolio(self._portfolio())
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise StoreError(
                said("The look at all customers did not finish"),
                as_given(str(error).partition("\n")[0]),
                said(
                    "{folder} needs room for about 1 GB for each million customers. "
                    "Free some, then try again; a batch goes on from here.",
                    folder=self.run.overflow,
                ),
            ) from None

    def _portfolio(self) -> Iterator[pa.Table]:
        """Yield what only a look at the whole base shows, part by part."""
        with open_database(self.as_of, self.base_currency, self.workers, self.run.overflow) as database:
            self.folder.show(database, dict.fromkeys((*LOOKED_AT, *STOOD_IN, *HEARD_OF)), self.known_at)
            prepare(database, ["rates"])
            self._put_ranked(database)
            found = portfolio_in(
                database,
                None if self.ideal is None else look_alikes_in(database, self.ideal),
                None if self.flow is None else flow_in(database, self.flow),
                None if self.judged is None else acceptance_in(database, self.judged),
            )
            database.register("found", found)
            # In this order, DuckDB need not look at all customers for those of a part.
            with_part = "SELECT part, found.* FROM found JOIN snapshot USING (customer) ORDER BY part, customer"
            database.execute(f"CREATE TABLE by_part AS {with_part}")
            for part in self.parts:
                of_part = "SELECT * EXCLUDE (part) FROM by_part WHERE part = $part ORDER BY customer"
                yield database.sql(of_part, params={"part": part.number}).to_arrow_table()

    def _put_ranked(self, database: DuckDBPyConnection) -> None:
        """Put the facts of all customers that ranks rest on into a table `snapshot`, with the number of their part."""
        for part in self.parts:
            known = self.run.customers(part.number)
            ranked = plain(known.select([name for name in _RANKED_BY if name in known.column_names]))
            database.register("ranked", ranked)
            database.execute("CREATE TABLE IF NOT EXISTS snapshot AS SELECT 0 AS part, * FROM ranked LIMIT 0")
            database.execute("INSERT INTO snapshot SELECT $part, * FROM ranked", {"part": part.number})
        database.unregister("ranked")

    def _decide(self, part: Part) -> None:
        snapshot = self.run.get_snapshot(part.number, self.as_of)
        found = _whole(self.run, part.number, snapshot)
        self.run.put_whole(part.number, found)
        self.run.put_table(self.run.decisions(part.number), self.decide(with_facts(snapshot, found)))


def facts_of_part(run: RunFolder, number: int) -> Snapshot:
    """Return a part's facts together with what the run found by looking at the whole base.

    Raises:
        StoreError: if a file is damaged or gone.
    """
    snapshot, place = run.get_snapshot(number, run.as_of), run.whole(number)
    # Runs of earlier versions did not keep what follows from the look at the whole base.
    return with_facts(snapshot, read_facts(place) if place.exists() else _whole(run, number, snapshot))


def _whole(run: RunFolder, number: int, snapshot: Snapshot) -> pa.Table:
    """Return the facts of a part that follow from the look at the whole base."""
    keys = snapshot.customers["customer"]
    bounds = [("customer", ">=", keys[0].as_py()), ("customer", "<=", keys[-1].as_py())] if len(keys) else None
    return facts_from(read_table(run.portfolio_of(number), filters=bounds), snapshot.customers)
