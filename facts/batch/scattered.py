"""Files in which the rows of a customer are scattered: how to tell, and how to put them together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facts.feature_database import MEMORY

_MOST_READ = 4
"""Times that a table may be read, all parts together; a table whose customers are more scattered is sorted first."""


def is_scattered(paths: Sequence[Path], owner: str, firsts: Sequence[str]) -> bool:
    """Whether parts that begin with these customers would read a table again and again.

    Each reads the row groups that its customers may be in, by the least and the greatest of the column `owner`.
    """
    return _times_read(paths, owner, firsts) > _MOST_READ


def _times_read(paths: Sequence[Path], owner: str, parts: Sequence[str]) -> float:
    """Return how often the rows of a table are read, all parts together."""
    firsts = pa.array(parts)
    read = rows = 0
    for path in paths:
        metadata = pq.read_metadata(path)
        place = metadata.schema.to_arrow_schema().get_field_index(owner)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            found = group.column(place).statistics
            times = len(parts)
            if found is not None and found.has_min_max:
                before = [pc.sum(pc.less_equal(firsts, str(end))).as_py() for end in (found.min, found.max)]
                times = before[1] - max(before[0], 1) + 1
            read += times * group.num_rows
            rows += group.num_rows
    return read / rows if rows else 0


def sorted_copy(paths: Sequence[Path], owner: str, copy: Path) -> Path:
    """Write the rows of a table sorted by the column `owner`, unless the copy is there; return it."""
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished = copy.with_suffix(".unfinished")
        with duckdb.connect(config={"temp_directory": str(copy.parent), "memory_limit": MEMORY}) as database:
            database.execute("SET enable_progress_bar = false")  # it would be written among our own output
            database.execute("SET VARIABLE paths = $paths", {"paths": [str(path) for path in paths]})
            database.execute("SET VARIABLE copy = $copy", {"copy": str(unfinished)})
            database.execute(
                f"COPY (FROM read_parquet(getvariable('paths'), union_by_name = true) ORDER BY {owner}) "
                "TO (getvariable('copy')) (FORMAT parquet)"
            )
        unfinished.replace(copy)
    return copy
