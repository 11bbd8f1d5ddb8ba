"""The ideal customer of each product, and who resembles it without buying yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from facts.feature_database import declare
from facts.features import ideal
from facts.ideal import Ideal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

LOOKED_AT = ("customers", "order_lines", "opportunities", "exchange_rates")
"""The base tables that the steps read, and the one from which `rates` are prepared."""

_STEPS = {"uses": "TABLE", "looks": "TABLE", "traits": "VIEW", "profiles": "TABLE"}


def look_alikes_in(database: DuckDBPyConnection, wanted: Ideal) -> DuckDBPyRelation:
    """Return who resembles them, not computed yet, from a database that holds the base, prepared.

    The columns are those of `ideal/look_alikes.sql`. The traits of the ideal customers are the table `profiles` then.
    """
    declare(database, asdict(wanted), "DECIMAL(12, 4)")
    for name, kind in _STEPS.items():
        database.execute(f"CREATE {kind} {name} AS {ideal(name)}")
    return database.sql(ideal("look_alikes"))
