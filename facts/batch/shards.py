"""A folder of facts split by a hash of the customer: a folder of Parquet files for each shard.

    PLACE/7/orders.0.parquet     rows about customers of shard 7
    PLACE/-1/coverage.0.parquet  rows about nobody, which every shard reads

Rows move as they are: a table whose files have other columns, or types, has several files in a shard. Tables that are
about no customers at all stay where they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facts import reading
from facts.batch.files import plain
from facts.batch.folder import HISTORY, TABLES, FactsFolder
from facts.batch.opening import needed_columns

NOBODY = -1
"""The shard of rows about nobody."""

_SLICE = 1_000_000
"""Rows that are split at once; they are held in memory twice."""

_GROUP = 100_000
"""Rows that are written at once."""

Piece = tuple[str, bytes]
"""A table's name, and rows of it that belong to one shard, in Arrow's stream format."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some row groups of a file: what is split by one task."""

    name: str
    owner: str
    path: Path
    groups: tuple[int, ...]
    rows: int


def slices(facts: FactsFolder) -> list[Slice]:
    """Return all that is to be split, the largest first."""
    found = []
    for name, paths in facts.files.items():
        owner = reading.owner(TABLES[name])
        if owner is not None:
            found += [part for path in paths for part in _slices(name, owner.name, path)]
    return sorted(found, key=lambda part: -part.rows)


def _slices(name: str, owner: str, path: Path) -> Iterator[Slice]:
    metadata = pq.read_metadata(path)
    groups: list[int] = []
    rows = 0
    for number in range(metadata.num_row_groups):
        groups.append(number)
        rows += metadata.row_group(number).num_rows
        if rows >= _SLICE or (rows and number == metadata.num_row_groups - 1):
            yield Slice(name, owner, path, tuple(groups), rows)
            groups, rows = [], 0


def pieces(shards: int, part: Slice) -> Iterator[tuple[int, Piece]]:
    """Yield the rows of a slice by shard."""
    with pq.ParquetFile(part.path) as file:
        columns = [column for column in _columns(part.name) if column in file.schema_arrow.names]
        # Dictionaries would go along with each piece as a whole.
        rows = plain(file.read_row_groups(part.groups, columns))
    shard_of = _shards(rows[part.owner], shards)
    order = np.argsort(shard_of, kind="stable")
    rows, (found, starts) = rows.take(pa.array(order)), np.unique(shard_of[order], return_index=True)
    for shard, start, end in zip(found.tolist(), starts.tolist(), [*starts.tolist()[1:], len(rows)], strict=True):
        yield shard, (part.name, _packed(rows.slice(start, end - start)))


def _columns(name: str) -> tuple[str, ...]:
    """Return the columns of a table that are moved, as far as files have them."""
    return (*needed_columns(TABLES[name]), *HISTORY)


def _shards(customers: pa.ChunkedArray, shards: int) -> np.typing.NDArray[np.int64]:
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET enable_progress_bar = false")  # it would be written among our own output
        database.register("rows", pa.table({"customer": customers}))
        database.execute("SET VARIABLE shards = $shards", {"shards": shards})
        shard = f"CASE WHEN customer IS NULL THEN {NOBODY} ELSE hash(customer::VARCHAR) % getvariable('shards') END"
        found = database.sql(f"SELECT ({shard})::BIGINT AS shard FROM rows").to_arrow_table()["shard"]  # noqa: S608 - own words
    return np.asarray(found.to_numpy(), np.int64)


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    # Packed here it takes less of the way through Python's pipe to Java, and back.
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(rows)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole


# --- shards ---


@dataclass(slots=True)
class _File:
    """A file that is being written: rows wait until there are enough of them."""

    path: Path
    waiting: list[pa.Table] = field(default_factory=list)
    writer: pq.ParquetWriter | None = None

    def add(self, rows: pa.Table) -> None:
        self.waiting.append(rows)
        if sum(map(len, self.waiting)) >= _GROUP:
            self.write()

    def write(self) -> None:
        if self.waiting:
            rows = pa.concat_tables(self.waiting)
            if self.writer is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.writer = pq.ParquetWriter(self.path, rows.schema, compression="lz4")
            self.writer.write_table(rows)
            self.waiting.clear()

    def close(self) -> None:
        self.write()
        if self.writer is not None:
            self.writer.close()


def write(place: Path, found: Iterable[tuple[int, Piece]]) -> None:
    """Write all rows of some shards; if somebody else wrote them already, it was the same."""
    unfinished = place / f"{uuid4().hex}.unfinished"
    files: dict[tuple[int, str], dict[pa.Schema, _File]] = {}
    for shard, (name, packed) in found:
        rows = pa.ipc.open_stream(packed).read_all()
        alike = files.setdefault((shard, name), {})
        if rows.schema not in alike:
            alike[rows.schema] = _File(unfinished / str(shard) / f"{name}.{len(alike)}.parquet")
        alike[rows.schema].add(rows)
    for file in (each for alike in files.values() for each in alike.values()):
        file.close()
    for shard in {shard for shard, _ in files}:
        try:
            (unfinished / str(shard)).rename(place / str(shard))
        except OSError:
            if not (place / str(shard)).is_dir():
                raise
    shutil.rmtree(unfinished, ignore_errors=True)


def of_shard(facts: FactsFolder, place: Path, shard: int | None) -> FactsFolder:
    """Return the folder of one shard of facts that were split into a place."""
    files = dict(facts.files)
    for name in facts.files:
        if reading.owner(TABLES[name]) is not None:
            own = (place.glob(f"{each}/{name}.*.parquet") for each in (NOBODY, shard))
            files[name] = tuple(sorted(path for paths in own for path in paths))
    present = {name: paths for name, paths in files.items() if paths}
    return replace(facts, files=present, columns={name: facts.columns[name] & {*_columns(name)} for name in present})
