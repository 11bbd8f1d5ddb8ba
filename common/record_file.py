"""Recording many things from a file: all rows are checked, then all are recorded or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import record_communications
from common.record_cells import Fault, Reader
from common.record_communications import Communications
from common.record_rows import KINDS, Things
from facts.import_files import Heading, read_rows
from facts.recording import state_all
from wiring import Desk

COMMUNICATION = "communication"


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file led to: the numbers in the audit log (one for each customer), or the faults for which nothing was.

    Attributes:
        rows: how many rows were read.
        recorded: how many of them said something new.
        unchanged: how many were on record already.
        numbers: the numbers in the audit log.
        faults: everything that is wrong; then nothing is recorded.
    """

    rows: int
    recorded: int
    unchanged: int
    numbers: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()


def heading(kind: str) -> Heading:
    """Return the columns of a file of a kind: a communication, or one of `record_rows.KINDS`."""
    return record_communications.HEADING if kind == COMMUNICATION else KINDS[kind].heading


def template(kind: str) -> str:
    """Return the heading of a file of a kind and an example row, as CSV."""
    example: Sequence[str] = record_communications.EXAMPLE if kind == COMMUNICATION else KINDS[kind].example
    columns = heading(kind)
    return f"{','.join((*columns.required, *columns.optional))}\n{','.join(example)}\n"


def record_file(desk: Desk, path: Path, kind: str, *, user: str, dry_run: bool = False) -> Filed:
    """Record the rows of a file, all of them or none.

    Args:
        desk: a store and rules, as of the last day that rows may lie on.
        path: a file with the columns of its kind.
        kind: what its rows are.
        user: who records it.
        dry_run: check everything and record nothing.

    Raises:
        UnusableFileError: if the file cannot be read, or has other columns.
    """
    reader = _read(desk, path, kind)
    is_sound = not reader.faults and reader.statements
    numbers = [] if dry_run or not is_sound else state_all(desk.store, [*reader.groups()], user=user, source=path.name)
    faults = tuple(sorted(reader.faults, key=lambda fault: fault.row))
    return Filed(reader.rows, reader.new, reader.unchanged, tuple(numbers), faults)


def _read(desk: Desk, path: Path, kind: str) -> Reader:
    rows = (row for batch in read_rows(path, heading(kind)) for row in batch.to_pylist())
    if kind == COMMUNICATION:
        reader = Communications(desk)
        for row in rows:
            reader.read(row)
        return reader
    things = Things(desk, kind=KINDS[kind])
    for row in rows:
        things.read(row)
    things.state()
    return things
