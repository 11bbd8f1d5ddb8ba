"""What is in a folder of facts, and whether its files have the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Column, Table

from engine.errors import did_you_mean
from engine.said import Said, one_after_other, said
from facts import arrow_rows, reading
from facts.batch.folder import HISTORY, TABLES, FactsFolder, unusable
from facts.columns import Scaled
from facts.features import base_columns


def open_folder(path: Path) -> FactsFolder:
    """Look at a folder of facts and check that its files have the columns that are needed, with their types.

    Raises:
        StoreError: naming everything that is wrong.
    """
    if not path.is_dir():
        raise unusable(path, [said("there is no such folder")])
    problems: list[Said] = []
    files = dict(_tables(path, problems))
    if "customers" not in files and not problems:
        problems.append(said("there is no customers.parquet"))
    columns = {}
    for name, paths in files.items():
        schemas = [schema for each in paths if (schema := _schema(each, problems)) is not None]
        columns[name] = frozenset(column for schema in schemas for column in schema.names)
        for each, schema in zip(paths, schemas, strict=False):
            problems += [
                said("{file}: {problem}", file=each.name, problem=problem) for problem in _misfits(TABLES[name], schema)
            ]
    if not problems:
        problems += [problem for name, paths in files.items() for problem in _nulls(name, paths)]
    if not problems and not FactsFolder(path, files, columns).rows("customers"):
        problems.append(said("there are no customers in customers.parquet"))
    if problems:
        raise unusable(path, problems)
    return FactsFolder(path, files, columns)


def _tables(path: Path, problems: list[Said]) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """Yield the tables of a folder with their files."""
    for entry in sorted(path.iterdir()):
        found = tuple(sorted(entry.glob("*.parquet"))) if entry.is_dir() else (entry,)
        if entry.name.startswith((".", "_")) or not found or found[0].suffix != ".parquet":
            continue
        name = entry.stem
        if name in TABLES:
            yield name, found
        else:
            problem = said("{file} is no table of facts.", file=entry.name)
            problems.append(one_after_other(problem, did_you_mean(name, TABLES)))


def _schema(path: Path, problems: list[Said]) -> pa.Schema | None:
    try:
        found: pa.Schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        words = str(error).partition("\n")[0]
        problems.append(said("{file} cannot be read as Parquet ({words})", file=path.name, words=words))
        return None
    return found


def _misfits(table: Table, schema: pa.Schema) -> Iterator[Said]:
    """Yield what is wrong with a file's columns."""
    for column in (table.c[name] for name in (*needed_columns(table), *HISTORY)):
        if column.name in schema.names:
            found = schema.field(column.name).type
            if not _fits(column, found):
                wanted = arrow_rows.arrow_type(column)
                yield said("column {column!r} is {found}, not {wanted}", column=column.name, found=found, wanted=wanted)
        elif column.name in _required(table):
            problem = said("column {column!r} is missing.", column=column.name)
            yield one_after_other(problem, did_you_mean(column.name, schema.names))


def _fits(column: Column[Any], found: pa.DataType) -> bool:
    """Return whether values of an Arrow type are those of a column without any loss."""
    inner = found.value_type if pa.types.is_dictionary(found) else found
    wanted = arrow_rows.arrow_type(column)
    if pa.types.is_null(inner):
        return bool(column.nullable)
    if isinstance(column.type, Scaled):
        return bool(pa.types.is_decimal(inner) or pa.types.is_integer(inner))
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(inner))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(inner) and inner.tz is not None)
    return bool(inner == wanted)


@cache
def needed_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that decisions rest on, and those by which it is seen what is visible."""
    owner = reading.owner(table)
    by = {"holds_from", "holds_until", *(["key"] if table.info["shape"] == "register" else [])}
    wanted = {*base_columns()[table.name], *by, *([owner.name] if owner is not None else [])}
    return tuple(name for name in table.columns.keys() if name in wanted)  # noqa: SIM118 - a collection of columns


@cache
def _required(table: Table) -> tuple[str, ...]:
    """Return the columns in which each row must have a value."""
    columns = (table.c[name] for name in needed_columns(table))
    return tuple(column.name for column in columns if not column.nullable and column.server_default is None)


def _nulls(name: str, paths: Sequence[Path]) -> Iterator[Said]:
    """Yield the required columns in which values are missing."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for column in _required(TABLES[name]):
                if missing := _null_count(file, column):
                    yield said(
                        "{file}: column {column!r} has no value in {number:,} {number:row|rows}",
                        file=path.name,
                        column=column,
                        number=missing,
                    )


def _null_count(file: pq.ParquetFile, column: str) -> int:
    """Return in how many rows a column has no value, by the file's statistics where it has them."""
    place = file.schema_arrow.get_field_index(column)
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    known = [group.column(place).statistics for group in groups]
    if all(each is not None and each.has_null_count for each in known):
        return sum(each.null_count for each in known)
    return int(file.read([column])[column].null_count)
