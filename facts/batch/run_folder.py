"""A run on disk: a folder, known by what it is decided from, that keeps the parts that are finished.

    KEY/run.json                 what the run is decided from
    KEY/snapshot/00000           the facts of a part's customers, one Arrow file for them and one for each collection,
                                 and one that names those who cannot be decided, if there are some
    KEY/changes/00000.parquet    of an incremental run, why each customer's facts were computed or taken over
    KEY/portfolio/00000.parquet  what only a look at the whole base shows of a part's customers
    KEY/whole/00000.arrow        the facts that follow from that
    KEY/decisions/00000.parquet
    KEY/published.json           there once the run is published

Everything is written beside its place and moved there when it is whole, so whatever stands in its place is finished.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from engine.said import as_given, said
from engine.snapshot import Snapshot, keyed, with_owners
from facts.batch.files import FACTS, RESULTS, put_sum, read_facts, read_table, require_sound, write_facts, write_table
from facts.database import StoreError

_NAME = 12
"""Digits of a key's digest that name a run."""

TAKEN_OVER = "taken_over"
"""How the customers are counted whose facts an incremental run took over."""

CUSTOMERS = f"customers{FACTS}"
ROWS = "rows-"
UNDECIDED = f"undecided{FACTS}"
"""The file with a part's customers, how the names of files with their rows begin, and the file with who cannot be
decided."""

WHY_UNDECIDED = pa.schema([(name, pa.string()) for name in ("customer", "fact", "value", "why")])
"""Who cannot be decided: a row for each customer and value that does not fit, as a text, with its fact (null for the
member that a family of facts is recorded of), and why it does not."""

LATEST = "latest"
"""The link beside the runs to the last published one, changed in one step."""

_UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a run is decided from. The same key decides the same; `known_at` is None for all that is known."""

    as_of: date
    known_at: datetime | None
    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    facts_digest: str
    base_currency: str

    def digest(self) -> str:
        """Return a SHA-256 (hex) of the key."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Published:
    """That a run is published: when, by whom, for how many customers, and its number in the store if it went there."""

    at: datetime
    by: str
    customers: int
    number: int | None
    facts: Mapping[str, int] | None = None
    """Of an incremental run, of how many customers the facts were computed, by reason, and taken over."""
    undecided: int = 0
    """How many more customers there are, who could not be decided."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The first digits of the key's digest."""
        return self.path.name

    @classmethod
    def of_key(cls, root: Path, digest: str) -> Self:
        """Return the folder of the run of a key, in the folder of all runs."""
        return cls(root / digest[:_NAME])

    # --- what the run is ---

    def begin(
        self,
        key: RunKey,
        part_size: int,
        incremental: Mapping[str, Any] | None = None,
        log: tuple[int, int] | None = None,
        shards: int | None = None,
    ) -> None:
        """Note what the run is decided from, and from which run it goes on, unless it has begun already.

        Args:
            key: what it is decided from.
            part_size: how many customers make a part.
            incremental: of an incremental run, `after`, the name of the run that it goes on from (None: there is
                none), and `firsts`, the first customer of each of that run's parts.
            log: how far the store's audit log had come before its facts were read (see `marks.log_so_far`); None if
                they come from a folder.
            shards: into how many shards customers are split by hash; None if they are divided by key.
        """
        if not self.has_begun():
            self.path.mkdir(parents=True, exist_ok=True)
            said = {**asdict(key), "part_size": part_size, "incremental": incremental, "log": log, "shards": shards}
            self._put_note("run.json", said)

    def has_begun(self) -> bool:
        """Whether it was noted what the run is decided from."""
        return (self.path / "run.json").exists()

    def said(self) -> dict[str, Any]:
        """Return what was noted when the run began.

        Raises:
            StoreError: if the note is damaged.
        """
        place = self.path / "run.json"
        try:
            found: dict[str, Any] = json.loads(place.read_text("utf-8"))
        except ValueError as error:
            raise StoreError(
                said("{file} cannot be used", file=place),
                as_given(error),
                said("Delete the run's folder and decide again."),
            ) from None
        return found

    @property
    def as_of(self) -> date:
        """The date on which the facts hold."""
        return date.fromisoformat(self.said()["as_of"])

    @property
    def is_incremental(self) -> bool:
        """Whether the run was begun as an incremental one."""
        return self.said().get("incremental") is not None

    @property
    def after(self) -> Self | None:
        """The run that an incremental one goes on from, None if there is none."""
        name = (self.said().get("incremental") or {}).get("after")
        return None if name is None else type(self)(self.path.with_name(name))

    @property
    def firsts(self) -> list[str] | None:
        """Where the parts of an incremental run begin; None if customers are divided by the size of parts alone."""
        firsts: list[str] | None = (self.said().get("incremental") or {}).get("firsts")
        return firsts

    @property
    def shards(self) -> int | None:
        """Into how many shards customers are split by hash, None if they are not."""
        shards: int | None = self.said().get("shards")
        return shards

    def published(self) -> Published | None:
        """Return that the run is published, or None if it is not."""
        place = self.path / "published.json"
        if not place.exists():
            return None
        said = json.loads(place.read_text("utf-8"))
        return Published(**{**said, "at": datetime.fromisoformat(said["at"])})

    def publish(self, customers: int, by: str, number: int | None) -> Published:
        """Make this the run that readers of the folder see."""
        self._remove_unfinished()  # of tasks that were lost
        undecided = len(self.undecided()["customer"].unique())
        published = Published(datetime.now(UTC), by, customers, number, self._whence(), undecided)
        self._put_note("published.json", asdict(published))
        link = self.path.parent / f"{LATEST}{_UNFINISHED}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.path.name)
        link.replace(self.path.parent / LATEST)
        return published

    def _whence(self) -> dict[str, int] | None:
        """Return of how many customers an incremental run computed the facts, by reason, and took them over."""
        if not self.is_incremental:
            return None
        found: Counter[str] = Counter()
        for number in range(self.parts()):
            why = read_table(self.changes(number), ["why"], [("customer", "!=", "")])["why"]
            found.update({row["values"] or TAKEN_OVER: row["counts"] for row in why.value_counts().to_pylist()})
        return dict(found)

    # --- its parts ---

    def snapshot(self, number: int) -> Path:
        """Return the place of a part's facts."""
        return self.path / "snapshot" / f"{number:05}"

    def decisions(self, number: int) -> Path:
        """Return the place of a part's decisions."""
        return self.path / "decisions" / f"{number:05}.parquet"

    def changes(self, number: int) -> Path:
        """Return the place of what became of a part's facts since the run that an incremental one goes on from."""
        return self.path / "changes" / f"{number:05}.parquet"

    @property
    def portfolio(self) -> Path:
        """The place of what only a look at the whole base shows: a folder with a file for each part."""
        of_earlier_versions = self.path / "portfolio.parquet"  # they kept it in one file
        return of_earlier_versions if of_earlier_versions.exists() else self.path / "portfolio"

    @property
    def overflow(self) -> Path:
        """The folder for what does not fit into memory during the look at the whole base."""
        return self.path / "overflow"

    def portfolio_of(self, number: int) -> Path:
        """Return the place of what only a look at the whole base shows of a part, and maybe of others."""
        return self.portfolio if self.portfolio.is_file() else self.portfolio / f"{number:05}.parquet"

    def whole(self, number: int) -> Path:
        """Return the place of the facts of a part that follow from the look at the whole base."""
        return self.path / "whole" / f"{number:05}{FACTS}"

    def first(self, number: int) -> str:
        """Return the first customer of a part, decided or not."""
        tables = self.customers(number), self.undecided_in(number)
        return min(str(table["customer"][0]) for table in tables if table.num_rows)

    def parts(self) -> int:
        """Return how many parts have their decisions."""
        return len(list((self.path / "decisions").glob("*.parquet")))

    def is_noted(self) -> bool:
        """Whether it was noted of all parts what an incremental run needs to go on from this one."""
        return all(self.changes(number).exists() for number in range(self.parts()))

    def forget_notes(self) -> None:
        """Delete what was noted for later incremental runs, which then do not go on from this one."""
        shutil.rmtree(self.path / "changes", ignore_errors=True)

    def decided(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the decisions, part by part, with those of these columns that they have."""
        for number in range(self.parts()):
            place = self.decisions(number)
            yield read_table(place, [name for name in columns if name in pq.read_schema(place).names])

    def remove_damaged(self) -> list[str]:
        """Remove of what is finished all that cannot be read back as it was written; return why, file by file.

        What depends on it stays: computed anew, it is the same again. What was being written when a batch was
        interrupted goes without a word.
        """
        self._remove_unfinished()
        found = []
        for path in sorted(one for kind in (FACTS, RESULTS) for one in self.path.glob(f"**/*{kind}")):
            if not path.exists():
                continue  # gone with the part that it belongs to
            try:
                require_sound(path)
            except StoreError as error:
                found.append(str(error))
                is_written_as_a_whole = path.parent.parent == self.path / "snapshot" or path.parent == self.portfolio
                shutil.rmtree(path.parent) if is_written_as_a_whole else path.unlink()
        return found

    def _remove_unfinished(self) -> None:
        for left in self.path.glob(f"**/*{_UNFINISHED}"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def put_snapshot(self, number: int, snapshot: Snapshot, undecided: pa.Table) -> None:
        """Keep a part's facts, and who cannot be decided (see `WHY_UNDECIDED`)."""

        def write(folder: Path) -> None:
            folder.mkdir()
            if undecided.num_rows:
                write_facts(undecided.sort_by("customer"), folder / UNDECIDED)
            write_facts(snapshot.customers, folder / CUSTOMERS)
            for name, rows in snapshot.rows.items():
                write_facts(_by_places(keyed(rows, snapshot.customers["customer"])), folder / f"{ROWS}{name}{FACTS}")

        self._put(self.snapshot(number), write)

    def get_snapshot(self, number: int, as_of: date) -> Snapshot:
        """Return a part's facts."""
        customers = self.customers(number)
        names = sorted({path.stem.removeprefix(ROWS) for path in self.snapshot(number).glob(f"{ROWS}*")})
        return Snapshot(as_of, customers, {name: self.rows(number, name, customers["customer"]) for name in names})

    def customers(self, number: int) -> pa.Table:
        """Return the facts of a part's customers, without their rows."""
        return read_facts(self.snapshot(number) / CUSTOMERS)

    def undecided_in(self, number: int) -> pa.Table:
        """Return who cannot be decided of a part, in order, and why."""
        place = self.snapshot(number) / UNDECIDED
        return read_facts(place) if place.exists() else WHY_UNDECIDED.empty_table()

    def undecided(self) -> pa.Table:
        """Return who cannot be decided of all parts, and why (see `WHY_UNDECIDED`)."""
        parts = sorted(int(path.name) for path in (self.path / "snapshot").glob("*[0-9]"))
        return pa.concat_tables([self.undecided_in(number) for number in parts] or [WHY_UNDECIDED.empty_table()])

    def rows(self, number: int, collection: str, customers: pa.ChunkedArray) -> pa.Table:
        """Return the rows of a collection, of a part with these customers."""
        rows = read_facts(self.snapshot(number) / f"{ROWS}{collection}{FACTS}")
        return _by_keys(rows, customers) if pa.types.is_integer(rows["customer"].type) else keyed(rows, customers)

    def put_portfolio(self, parts: Iterable[pa.Table]) -> None:
        """Keep what only a look at the whole base shows, by part."""

        def write(folder: Path) -> None:
            folder.mkdir()
            for number, table in enumerate(parts):
                write_table(table, folder / f"{number:05}.parquet")

        self._put(self.path / "portfolio", write)

    def put_whole(self, number: int, facts: pa.Table) -> None:
        """Keep the facts of a part that follow from the look at the whole base."""
        self._put(self.whole(number), lambda path: write_facts(facts, path))

    def put_table(self, place: Path, table: pa.Table) -> None:
        """Keep a table, of decisions or of changes."""
        self._put(place, lambda path: write_table(table, path))

    def get_table(self, place: Path) -> pa.Table:
        """Return a table that was kept."""
        return read_table(place)

    def _put_note(self, name: str, said: Mapping[str, Any]) -> None:
        note = json.dumps(said, default=str, indent=2)
        self._put(self.path / name, lambda path: path.write_text(note, "utf-8"))

    @staticmethod
    def _put(place: Path, write: Callable[[Path], object]) -> None:
        """Let something be written beside its place, and move it there with its sums."""
        place.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: on a cluster, two may be at work on the same part when one of them was believed dead.
        unfinished = place.with_name(f"{place.name}.{uuid4().hex}{_UNFINISHED}")
        write(unfinished)
        if unfinished.is_dir():
            for file in sorted(unfinished.iterdir()):
                put_sum(file, file)
        else:
            put_sum(unfinished, place)
        try:
            unfinished.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            shutil.rmtree(unfinished)  # the other one was quicker, and wrote the same


def _by_places(rows: pa.Table) -> pa.Table:
    """Return rows with their customers as places among all customers: their keys are kept once."""
    return with_owners(rows, rows["customer"].combine_chunks().indices)


def _by_keys(rows: pa.Table, customers: pa.ChunkedArray) -> pa.Table:
    """Return rows with their customers as `keyed` gives them."""
    places = rows["customer"].combine_chunks()
    return with_owners(rows, pa.DictionaryArray.from_arrays(places, customers.combine_chunks()))
