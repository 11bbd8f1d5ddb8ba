"""A folder of facts split by a hash of the customer: a folder for each shard, as Spark writes them.

    PLACE/orders/0/shard=7/*.parquet   rows about customers of shard 7
    PLACE/coverage/0/shard=-1/*.parquet   rows about nobody, which every shard reads

Tables that are about no customers at all stay where they are. The files of a table that have the same columns are split
together, so there may be several groups of them (`0`, `1`, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from facts import reading
from facts.batch.folder import HISTORY, TABLES, FactsFolder, needed_columns

NOBODY = -1
"""The shard of rows about nobody."""

SHARD = "shard"
"""The column that holds a row's shard, while the rows are split."""


def split_columns(name: str) -> tuple[str, ...]:
    """Return the columns of a table that are split, as far as files have them."""
    return (*needed_columns(TABLES[name]), *HISTORY)


def alike(name: str, paths: Sequence[Path]) -> list[tuple[dict[str, str], list[Path]]]:
    """Return the files of a table in groups: those with the same columns to split, and the same Arrow types of them."""
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in paths:
        schema = pq.read_schema(path)
        columns = tuple(
            (column, str(schema.field(column).type)) for column in split_columns(name) if column in schema.names
        )
        groups.setdefault(columns, []).append(path)
    return [(dict(columns), files) for columns, files in groups.items()]


def of_shard(facts: FactsFolder, place: Path, shard: int | None) -> FactsFolder:
    """Return the folder of one shard of facts that were split into a place."""
    files = dict(facts.files)
    for name in facts.files:
        if reading.owner(TABLES[name]) is not None:
            shards = (shard, NOBODY)
            files[name] = tuple(
                sorted(path for each in shards for path in place.glob(f"{name}/*/{SHARD}={each}/*.parquet"))
            )
    present = {name: paths for name, paths in files.items() if paths}
    columns = {name: facts.columns[name].intersection(split_columns(name)) for name in present}
    return replace(facts, files=present, columns=columns)
