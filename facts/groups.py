"""The groups of customers that the look at the whole base goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facts.features import group

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def make_groups(database: DuckDBPyConnection) -> None:
    """Make the tables of who is looked at and in which group each is, in a database that holds the base, prepared.

    Several steps read them: if they are there, they stay.
    """
    for name in ("standing", "members"):
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} AS {group(name)}")
