"""What a store knows as of two dates, written once: two folders of facts that share the files of what is alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from facts import reading
from facts.batch.folder import TABLES, FactsFolder
from facts.batch.opening import needed_columns
from facts.batch.spool import write_sorted
from facts.feature_database import MEMORY, open_database
from facts.store import Store
from facts.streams import streams_as_recorded
from facts.tables import customers

Write = Callable[[pa.RecordBatchReader, Path], None]


def spool_both(
    store: Store,
    dates: tuple[date, date],
    known_at: datetime | None,
    place: Path,
    also: Mapping[str, Sequence[str]],
) -> tuple[FactsFolder, FactsFolder]:
    """Write what a store knows as of two dates into files, in bounded memory; return a folder of facts for each date.

    What is to be seen on the later date has in it what is to be seen on the earlier one. But who was merged in between
    stands for itself on the earlier one: the few rows about such customers are written apart, once for each date.

    Args:
        store: which one.
        dates: the earlier one first.
        known_at: now by default.
        place: the folder, which is made.
        also: columns by table, besides those that decisions rest on.

    Raises:
        StoreError: if the database cannot be read.
    """
    place.mkdir(parents=True)
    wanted = {name: tuple(dict.fromkeys((*needed_columns(TABLES[name]), *also.get(name, ())))) for name in TABLES}
    with (
        streams_as_recorded(store.url, dates, known_at, wanted) as (survivors, tables),
        ThreadPoolExecutor(1) as reader,
        open_database(dates[-1], "", threads=1) as database,
    ):
        database.execute(f"SET memory_limit = '{MEMORY}'")
        write = partial(write_sorted, database, reader)
        files = {name: _write(name, rows, survivors, place, write) for name, rows in tables}
    columns = {name: frozenset(names) for name, names in wanted.items()}
    earlier, later = (
        FactsFolder(place, {name: paths[number] for name, paths in files.items()}, columns, are_checked=True)
        for number, _ in enumerate(dates)
    )
    return earlier, later


def _write(
    name: str, rows: pa.RecordBatchReader, survivors: Sequence[Mapping[str, str]], place: Path, write: Write
) -> list[tuple[Path, ...]]:
    """Write a table, and return its files for each date, of which is given who stood for whom."""
    earlier, later = survivors
    moved = [key for key in earlier.keys() | later.keys() if earlier.get(key) != later.get(key)]
    shared, apart = place / f"{name}.parquet", list[pa.RecordBatch]()
    alike = _alike(name, rows, pa.array(moved, pa.string()), apart)
    write(_merged(name, rows.schema, alike, later), shared)
    if not apart:
        return [(shared,) for _ in survivors]
    files: list[tuple[Path, ...]] = []
    for number, into in enumerate(survivors):
        own = place / f"{name}-{number}.parquet"
        write(_merged(name, rows.schema, apart, into), own)
        files.append((shared, own))
    return files


def _alike(
    name: str, rows: pa.RecordBatchReader, moved: pa.Array, apart: list[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table that name nobody who moved, and put the others apart."""
    naming = ("key", "parent") if name == customers.name else ("customer",)
    for batch in rows:
        is_apart = pa.repeat(pa.scalar(False), batch.num_rows)
        for column in (each for each in naming if each in batch.schema.names):
            is_apart = pc.or_(is_apart, pc.is_in(batch[column], value_set=moved))
        if pc.any(is_apart).as_py():
            apart.append(batch.filter(is_apart))
        yield batch.filter(pc.invert(is_apart))


def _merged(
    name: str, schema: pa.Schema, rows: Iterable[pa.RecordBatch], into: Mapping[str, str]
) -> pa.RecordBatchReader:
    """Return rows with merges carried out."""
    tables = (reading.merged(name, pa.Table.from_batches([batch]), into) for batch in rows)
    return pa.RecordBatchReader.from_batches(schema, (batch for table in tables for batch in table.to_batches()))
