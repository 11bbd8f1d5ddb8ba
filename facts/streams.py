"""The whole base batch by batch, as it stands in one transaction, before merges are carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import pyarrow as pa
from sqlalchemy import URL, Select

from facts import arrow_rows, reading
from facts.database import bulk
from facts.tables import FACT_TABLES

Streams: TypeAlias = Iterator[tuple[str, pa.RecordBatchReader]]
"""Tables by name. Each must be read before the next one is asked for."""


@contextmanager
def streams_as_recorded(
    url: URL, dates: Sequence[date], known_at: datetime | None, wanted: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[list[dict[str, str]], Streams]]:
    """Give the visible rows of fact tables, and who stood for which merged customer.

    Args:
        url: the store.
        dates: rows are those visible on the last one; merges are given for each.
        known_at: now by default.
        wanted: columns by table.

    Raises:
        StoreError: if the database cannot be read.
    """
    known = {"known_at": known_at or datetime.now(UTC)}
    with bulk(url) as cursor:

        def read(statement: Select[Any], schema: pa.Schema, as_of: date) -> pa.RecordBatchReader:
            found = arrow_rows.stream(cursor, url, statement, schema, as_of=as_of, **known)
            return pa.RecordBatchReader.from_batches(schema, found)

        def rows(name: str, columns: tuple[str, ...]) -> pa.RecordBatchReader:
            table = FACT_TABLES[name]
            return read(reading.visible_rows(table, columns), arrow_rows.arrow_schema(table, columns), dates[-1])

        merges = [read(reading.merges_known(), reading.MERGES, each).read_all() for each in dates]
        yield [reading.survivors(each) for each in merges], ((name, rows(name, each)) for name, each in wanted.items())
