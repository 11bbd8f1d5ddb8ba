"""A snapshot's digest: what a decision run is known by, whatever way Arrow lays the same facts out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot


def facts_digest(snapshot: Snapshot) -> str:
    """Return a SHA-256 (hex) of a snapshot: its date, customers, rows and their order.

    Columns without any value are left out, because a snapshot may lack them as well.
    """
    digest = hashlib.sha256(snapshot.as_of.isoformat().encode())
    for name, table in [("", snapshot.customers), *sorted(snapshot.rows.items())]:
        for column in sorted(table.column_names):
            values = table[column]
            if values.null_count < len(values):
                digest.update(f"\n{name}.{column} {values.type} {len(values)}\n".encode())
                for part in _content(values):
                    digest.update(part)
    return digest.hexdigest()


def _content(column: pa.ChunkedArray) -> Iterator[Any]:
    """Yield which values are known, and the known values, as bytes."""
    yield np.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes()
    known = pa.concat_arrays(column.drop_null().chunks)
    if pa.types.is_string(known.type):
        yield pc.binary_length(known).to_numpy().tobytes()
        _, offsets, data = known.buffers()
        first, last = np.frombuffer(offsets, np.int32)[[known.offset, known.offset + len(known)]]
        yield memoryview(data)[first:last] if data else b""
    elif pa.types.is_boolean(known.type):
        yield known.to_numpy(zero_copy_only=False).tobytes()
    else:
        width = known.type.bit_width // 8
        yield memoryview(known.buffers()[1])[known.offset * width : (known.offset + len(known)) * width]
