"""The files of an SQLite database: what one begins with, and what SQLite keeps beside it."""

from __future__ import annotations

from pathlib import Path

BEGINS = b"SQLite format 3\0"
_ENDINGS = ("-wal", "-shm", "-journal")


def beside(database: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database."""
    return [database.with_name(database.name + ending) for ending in _ENDINGS]


def belongs_to_one(file: Path) -> bool:
    """Return whether a file is a database, or one that SQLite keeps beside one that is there.

    Raises:
        OSError: if the database may not be read.
    """
    ending = next((each for each in _ENDINGS if file.name.endswith(each)), "")
    database = file.with_name(file.name.removesuffix(ending))
    if not database.is_file():
        return False
    with database.open("rb") as opened:
        return opened.read(len(BEGINS)) == BEGINS
