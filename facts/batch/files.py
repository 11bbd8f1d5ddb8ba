"""Files of a run: what was decided as Parquet, which everything reads, and facts as Arrow files, for this program.

As Arrow files facts are written and read in a quarter of the time, in half again the space (`bench/kept.py`). Beside
each file stands its sum, by which a damaged one is told from a whole one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.said import Said, as_given, said
from facts.database import StoreError

FACTS, RESULTS = ".arrow", ".parquet"

_LARGEST_DICTIONARY = 64 * 2**20  # bytes

_ALGORITHMS = {64: "sha256", 128: "blake2b"}
"""How a sum was made, by its length in hex: files of earlier versions have the longer one."""


def write_table(table: pa.Table, place: Path) -> None:
    """Write a table of results."""
    # lz4 is read fastest; the sums let a damaged file be told from a whole one. Lists of rules are long, and few of
    # them occur: with the usual 1 MiB for a dictionary each customer's would be written out.
    pq.write_table(
        table, place, compression="lz4", write_page_checksum=True, dictionary_pagesize_limit=_LARGEST_DICTIONARY
    )


def write_facts(table: pa.Table, place: Path) -> None:
    """Write a table of facts."""
    # One dictionary for a column and one batch for a file: then each column is read as one array.
    whole = table.unify_dictionaries().combine_chunks()
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.OSFile(str(place), "wb") as file, pa.ipc.new_file(file, whole.schema, options=options) as writer:
        writer.write_table(whole)


def read_facts(place: Path) -> pa.Table:
    """Return a table of facts that was kept. Earlier versions kept them as Parquet.

    The sum is always looked at: nothing else says whether an Arrow file is sound.

    Raises:
        StoreError: if the file is damaged or gone.
    """
    if not place.exists() and place.with_suffix(RESULTS).exists():
        return read_table(place.with_suffix(RESULTS)).unify_dictionaries()
    try:
        content = place.read_bytes()
        _require_sum(place, content)
        options = pa.ipc.IpcReadOptions(use_threads=False)
        # The C library's memory, as the plan lets that keep what is freed (engine/plan/memory.py): Arrow's own gives it
        # back, and maps it anew for the next part, page by page.
        with pa.ipc.open_file(pa.py_buffer(content), options=options, memory_pool=pa.system_memory_pool()) as reader:
            found: pa.Table = reader.read_all()
            return found
    except (pa.ArrowException, OSError) as error:
        raise _unusable(place, error) from None


def read_table(
    path: Path,
    columns: Sequence[str] | None = None,
    filters: Sequence[tuple[str, str, Any]] | None = None,
    as_words: Sequence[str] = (),
) -> pa.Table:
    """Return a table that was kept: these columns, and the rows that pass these filters.

    Columns of text named `as_words` come as dictionaries, as they were written, and no text is read twice.

    Raises:
        StoreError: if the file is damaged or gone.
    """
    try:
        return pq.read_table(
            path,
            columns=columns,
            filters=filters,
            read_dictionary=list(as_words),
            page_checksum_verification=True,
            partitioning=None,
        )
    except (pa.ArrowException, OSError) as error:
        raise _unusable(path, error) from None


def plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries."""
    kinds = (each.type.value_type if pa.types.is_dictionary(each.type) else each.type for each in table.schema)
    return table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))


def require_sound(place: Path) -> None:
    """Check that a file is what was written, and can be read.

    Raises:
        StoreError: if it is not.
    """
    if place.suffix == FACTS:
        read_facts(place)
        return
    # The sums of pages leave out what Parquet says of them. Runs of earlier versions have no other sums.
    if sum_place(place).exists():
        _require_sum(place, place.read_bytes())
    read_table(place)


def put_sum(file: Path, place: Path) -> None:
    """Keep the sum of a file beside the place to which it will be moved."""
    with file.open("rb") as content:
        sum_place(place).write_text(hashlib.file_digest(content, "sha256").hexdigest(), encoding="ascii")


def sum_place(file: Path) -> Path:
    """Return where the sum of a file is: whoever reads the folder as one table passes over such names."""
    return file.with_name(f"_{file.stem}.sum")


def _require_sum(place: Path, content: bytes) -> None:
    kept = sum_place(place).read_text(encoding="ascii", errors="replace")
    if hashlib.new(_ALGORITHMS.get(len(kept), "sha256"), content).hexdigest() != kept:
        raise _unusable(place, said("it is not what was written"))


def _unusable(place: Path, why: object) -> StoreError:
    told = why if isinstance(why, Said) else as_given(str(why).partition("\n")[0])
    return StoreError(
        said("{file} cannot be used", file=place), told, said("Delete the run's folder and decide again.")
    )
