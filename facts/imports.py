"""Importing files: all rows that can be used, or nothing at all.

Files are read in batches into a DuckDB database in a temporary folder, checked and brought into shape there, compared
with what the store knows, and written to the store in one transaction. Memory stays bounded because DuckDB
moves to disk what does not fit.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import insert

from engine.errors import did_you_mean
from engine.said import as_given, said, unpacked
from facts.audit import entry_of
from facts.columns import Words
from facts.database import StoreError, bulk, run
from facts.house_tables import imports
from facts.import_changes import Changes, TableCounts
from facts.import_checks import OWN_FAULT, check_file
from facts.import_comparison import Staged
from facts.import_faults import ImportRefusedError, OwnFault, Tell, by_number, no_fault, packing, wrong
from facts.import_files import FAULT, ROW, UnusableFileError, digest, no_formula, read_rows, state
from facts.import_folded import folded
from facts.import_sql import checked_table, name, raw_table
from facts.mapping import FileMapping, ImportMapping, TableMapping
from facts.mapping_load import FOLDER, load_mapping, mapping_names
from facts.store import Store
from facts.templates import CANONICAL, canonical_mapping
from facts.unconvertible import Unconvertible, unconvertible

MAX_REJECTS = 1000
_MEMORY = "1GB"

Progress = Callable[[str, str, int], None]
"""Called with a step (`reading`, `checking`, `comparing`, `storing`), the file or table, and how many rows are done."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A collection that the import recorded in full, between two dates, for some customers."""

    collection: str
    recorded_from: date
    recorded_to: date
    customers: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would have done."""

    mapping: str
    dry_run: bool
    rows_read: int
    tables: Mapping[str, TableCounts]
    set_aside: Mapping[str, int]  # input rows by reason
    rejected: Mapping[str, int]  # input rows by reason
    covered: tuple[Covered, ...]
    unconvertible: tuple[Unconvertible, ...] = ()

    @property
    def stored(self) -> int:
        """Return how many new rows all tables together got."""
        return sum(counts.stored for counts in self.tables.values())

    @property
    def corrected(self) -> int:
        """Return how many rows took the place of one that said something else."""
        return sum(counts.corrected for counts in self.tables.values())

    @property
    def unchanged(self) -> int:
        """Return how many rows said nothing new."""
        return sum(counts.unchanged for counts in self.tables.values())

    @property
    def usable(self) -> int:
        """Return how many rows the tables have from what was read, new or not."""
        return self.stored + self.corrected + self.unchanged


def find_mapping(name: str) -> ImportMapping:
    """Return the mapping of this name: one that comes with the program, `canonical`, or a YAML file's path.

    Raises:
        StoreError: if there is none.
        ProblemsError: if the file has problems.
    """
    if name == CANONICAL:
        return canonical_mapping()
    known = (*mapping_names(), CANONICAL)
    path = FOLDER / f"{name}.yaml" if name in known else Path(name)
    if not path.is_file():
        raise StoreError(
            said("There is no mapping {name!r}", name=name),
            said("it is neither one of ours nor a file"),
            did_you_mean(name, known) or said("Known: {known}.", known=list(known)),
        )
    return load_mapping(path)


def import_files(
    store: Store,
    mapping: str | ImportMapping,
    paths: Sequence[Path],
    *,
    user: str,
    dry_run: bool = False,
    max_rejects: int = MAX_REJECTS,
    rejects_path: Path | None = None,
    words: Words | None = None,
    own_fault: OwnFault | None = None,
    per: Mapping[str, str | None] | None = None,
    tell: Tell = str,
    progress: Progress | None = None,
) -> ImportReport:
    """Import files into the store in one transaction.

    Importing a file again changes nothing: rows are known by their keys, and rows that may repeat by their keys
    and how often the key came before.

    Args:
        store: where.
        mapping: how to read the files, or the name of that (see `find_mapping`).
        paths: files, or folders whose files the mapping names.
        user: who imports.
        dry_run: do everything but write to the store.
        max_rejects: refuse the whole import if more input rows are faulty.
        rejects_path: a CSV file to write with each faulty row's file, number, column, reason and value.
        words: the members of the vocabulary's enums; rows with other words are faulty.
        own_fault: given a fact that a pack declares for itself and a value as a text, gives what is wrong with them.
        per: the actions of the pack in use, each with the collection of whose rows it is about one (None: of none).
        tell: says in the reader's language what is wrong with a row.
        progress: told how far the import is.

    Raises:
        StoreError: if the mapping does not exist, a file cannot be used, too many rows are faulty, or the
            database refuses. The store is then as it was.
        ProblemsError: if the mapping has problems.
    """
    chosen = find_mapping(mapping) if isinstance(mapping, str) else mapping
    files = match_files(chosen, paths)
    if rejects_path is not None and rejects_path.resolve() in {path.resolve() for _, path in files}:
        raise StoreError(
            said("{file} was not written", file=rejects_path),
            said("it is one of the files to import"),
            said("Give another name by --rejects."),
        )
    with _staging() as database:
        # By words, as the constants for them stand in another module in each version of DuckDB.
        database.create_function(  # type: ignore[call-overload]
            OWN_FAULT, packing(own_fault or no_fault), ["varchar", "varchar"], "varchar", null_handling="special"
        )
        return _Import(
            store, chosen, files, database, user, progress or _silent, words or {}, per or {}, tell
        ).carry_out(dry_run=dry_run, max_rejects=max_rejects, rejects_path=rejects_path)


def match_files(mapping: ImportMapping, paths: Sequence[Path]) -> list[tuple[FileMapping, Path]]:
    """Return which file is which of the mapping's.

    Raises:
        StoreError: if a path does not exist or fits no file of the mapping, or a file is missing.
    """
    matched = []
    for path in paths:
        if not path.exists():
            raise UnusableFileError(path, said("it does not exist"), said("Check the path."))
        for each in sorted(path.iterdir()) if path.is_dir() else [path]:
            files = [file for file in mapping.files if any(fnmatch(each.name.lower(), m) for m in file.match)]
            matched += [(file, each) for file in files]
            if not files and each == path:
                expected = [name for file in mapping.files for name in file.match]
                raise UnusableFileError(
                    path,
                    said("mapping {mapping} has no file of this name", mapping=mapping.name),
                    said("It reads {expected}.", expected=expected),
                )
    found = {file.name for file, _ in matched}
    missing = [file for file in mapping.files if file.name not in found and not file.optional]
    if missing or not matched:
        needs = said("{files}", files=[said("{any: or }", any=file.match) for file in missing])
        if not missing:  # none is needed for itself, as in the canonical layout with its many tables
            some = [file.match[0] for file in mapping.files[:3]]
            needs = said("one file at least, such as {files}", files=some)
        raise StoreError(
            said("Files are missing"),
            said("mapping {mapping} needs {needs}", mapping=mapping.name, needs=needs),
            said("Give the folder, or all the files."),
        )
    return matched


def _silent(_step: str, _of: str, _rows: int) -> None:
    """Show no progress."""


@contextmanager
def _staging() -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(prefix="valuelift-import-") as folder:
        config: dict[str, Any] = {"memory_limit": _MEMORY, "temp_directory": folder}
        try:
            with duckdb.connect(config=config) as database:
                database.execute("SET enable_progress_bar = false")  # it would be written among our own output
                yield database
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            words = str(error).partition("\n")[0]
            raise StoreError(
                said("Nothing was imported"),
                said("there is no room for intermediate results: {words}", words=words),
                said("Free some space in {folder}, or set TMPDIR to a larger place.", folder=tempfile.gettempdir()),
            ) from None


@dataclass(slots=True)
class _Import:
    """One import under way."""

    store: Store
    mapping: ImportMapping
    files: Sequence[tuple[FileMapping, Path]]
    database: duckdb.DuckDBPyConnection
    user: str
    progress: Progress
    words: Words
    per: Mapping[str, str | None]
    tell: Tell
    rows_read: int = 0
    starts: dict[str, list[tuple[int, Path]]] = field(default_factory=dict)
    states: dict[Path, tuple[int, ...]] = field(default_factory=dict)

    def carry_out(self, *, dry_run: bool, max_rejects: int, rejects_path: Path | None) -> ImportReport:
        today = self.store.today()
        self._read()
        self._check(today)
        with bulk(self.store.url, write=not dry_run) as cursor:
            now = datetime.now(UTC)  # after what the one said who was waited for
            changes = Changes(
                self.store,
                self.mapping,
                self._tables(),
                Staged(self.database),
                cursor,
                self.user,
                now,
                self.progress,
                self.per,
            )
            counts = changes.find()
            rejected = self._rejected()
            if rejected and rejects_path:
                self._write_rejects(rejects_path)
            if sum(rejected.values()) > max_rejects:
                raise ImportRefusedError(rejected, max_rejects, rejects_path)
            report = ImportReport(
                mapping=self.mapping.name,
                dry_run=dry_run,
                rows_read=self.rows_read,
                tables=counts,
                set_aside=self._set_aside(),
                rejected=rejected,
                covered=tuple(Covered(*each) for each in changes.covered()),
            )
            if not dry_run and changes.write():
                run(cursor, self.store.url, insert(imports).values(self._ledger_row(report, now)))
                run(cursor, self.store.url, entry_of(self.user, "import", "import", self.mapping.name, at=now))
        return report if dry_run else replace(report, unconvertible=unconvertible(self.store, counts))

    def _tables(self, file: FileMapping | None = None) -> list[TableMapping]:
        """Return the tables that the given files fill, or that one file fills."""
        files = self.starts if file is None else (file.name,)
        return [table for table in self.mapping.tables if table.file in files and table.file in self.starts]

    def _read(self) -> None:
        """Read all files into DuckDB; rows are numbered on through the files that are read as one."""
        for file, path in self.files:
            start, before = self._last_number(file), self.rows_read
            table = raw_table(file.name).text
            self.states[path] = state(path)
            for batch in read_rows(path, file.heading, file.delimiter, file.encoding):
                self.database.register("cells", _cells(batch, file, start))
                self.database.execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM cells LIMIT 0")
                self.database.execute(f"INSERT INTO {table} FROM cells")
                self.rows_read += len(batch)
                self.progress("reading", path.name, self.rows_read - before)
            if self.rows_read == before:
                raise UnusableFileError(path, said("it has no rows"), said("Export it again."))
            self.starts.setdefault(file.name, []).append((start, path))
        for file in self.mapping.files:
            if file.facts and file.name in self.starts:
                statement = folded(file)
                self.database.execute(statement.text, list(statement.values))

    def _last_number(self, file: FileMapping) -> int:
        if file.name not in self.starts:
            return 0
        query = f"SELECT max({name(ROW).text}) FROM {raw_table(file.name).text}"  # noqa: S608
        return int(self.database.execute(query).fetchall()[0][0])

    def _check(self, today: date) -> None:
        """Find what is wrong with the rows of each file that a table is filled from."""
        for file in self.mapping.files:
            if tables := self._tables(file):
                self.progress("checking", file.name, 0)
                statement = check_file(file, tables, today, self.words)
                self.database.execute(statement.text, list(statement.values))

    def _checked(self) -> list[FileMapping]:
        return [file for file in self.mapping.files if self._tables(file)]

    def _rejected(self) -> dict[str, int]:
        """Count input rows by what is wrong with them, the most frequent first."""
        found = self._counted("problem[1:2]", "aside IS NULL AND problem IS NOT NULL")
        return by_number({wrong(*problem): number for problem, number in found})

    def _set_aside(self) -> dict[str, int]:
        """Count input rows by why they are set aside, the most frequent first."""
        found = self._counted("trim(aside)", "aside IS NOT NULL")
        return by_number({as_given(reason): number for reason, number in found})

    def _counted(self, reason: str, condition: str) -> list[tuple[Any, int]]:
        parts = " UNION ALL ".join(
            f"SELECT {reason} AS reason FROM {checked_table(file.name).text} WHERE {condition}"  # noqa: S608
            for file in self._checked()
        )
        return self.database.execute(f"SELECT reason, count(*) FROM ({parts}) GROUP BY 1").fetchall()  # noqa: S608

    def _write_rejects(self, path: Path) -> None:
        opened = path.open("w", encoding="utf-8", newline="")
        try:
            with opened:
                self._write_each_reject(opened)
        except OSError as error:
            if path.is_file():
                path.unlink()  # half of them would look like all
            raise OSError(error.errno, error.strerror, str(path)) from None

    def _write_each_reject(self, opened: IO[str]) -> None:
        writer = csv.writer(opened)
        writer.writerow(["file", "row", "column", "reason", "value"])
        for each in self._checked():
            rows = self.database.sql(
                f"SELECT number, problem FROM {checked_table(each.name).text}"  # noqa: S608
                " WHERE aside IS NULL AND problem IS NOT NULL ORDER BY number"
            )
            for batch in rows.to_arrow_reader(10_000):
                for row in batch.to_pylist():
                    start, source = self._origin(each, row["number"])
                    column, reason, value = row["problem"]
                    told = (column, self.tell(unpacked(reason)), value)
                    writer.writerow([no_formula(source.name), row["number"] - start, *map(no_formula, told)])

    def _origin(self, file: FileMapping, number: int) -> tuple[int, Path]:
        """Return the file that a row came from, and how many row numbers were given before it."""
        return [each for each in self.starts[file.name] if each[0] < number][-1]

    def _ledger_row(self, report: ImportReport, at: datetime) -> dict[str, Any]:
        digests = [{"name": path.name, "sha256": digest(path)} for _, path in self.files]
        for path, seen in self.states.items():
            if state(path) != seen:
                raise UnusableFileError(
                    path, said("it changed while it was read"), said("Import it once nobody writes to it.")
                )
        return {
            "mapping": self.mapping.name,
            "mapping_digest": self.mapping.digest,
            "files": json.dumps(digests),
            "imported_at": at,
            "imported_by": self.user,
            "rows_read": report.rows_read,
            "stored": report.stored,
            "corrected": report.corrected,
            "unchanged": report.unchanged,
            "set_aside": sum(report.set_aside.values()),
            "rejected": sum(report.rejected.values()),
        }


def _cells(batch: pa.RecordBatch, file: FileMapping, start: int) -> pa.Table:
    """Return a batch with all columns of the file's heading, texts for missing values turned to null."""
    absent = pa.array(file.missing, pa.string())
    columns = {ROW: pc.add(batch.column(ROW), start), FAULT: batch.column(FAULT)}
    for column in (*file.heading.required, *file.heading.optional):
        if column in batch.schema.names:
            cells = batch.column(column)
            columns[column] = pc.if_else(pc.is_in(cells, value_set=absent), None, cells)
        else:
            columns[column] = pa.nulls(len(batch), pa.string())
    return pa.table(columns)
