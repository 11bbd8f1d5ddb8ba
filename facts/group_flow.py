"""What became of customers like this one, and how many problem customers its account manager has.

Facts that only a look at the whole base shows: the figures P1 to P3 of the portfolio, from one customer's side.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from facts.feature_database import declare
from facts.features import group
from facts.groups import make_groups

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

LOOKED_AT = ("customers", "stage_history")
"""The base tables that it rests on."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Over which time a flow is looked at, and of how many customers."""

    flow_days: int  # the look-back begins so many days before as-of
    flow_least: int  # so many customers at least stood where one stands, or nothing is said of them


def flow_in(database: DuckDBPyConnection, wanted: Flow) -> DuckDBPyRelation:
    """Return the columns of `groups/flow.sql`, not computed yet, from a database that holds the base, prepared."""
    declare(database, asdict(wanted), "INTEGER")
    make_groups(database)
    return database.sql(group("flow"))
