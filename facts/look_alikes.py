"""The ideal customer of each product, and who resembles it without buying yet."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from facts.feature_database import Base, declare, prepared_base
from facts.features import ideal
from facts.ideal import Ideal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

LOOKED_AT = ("customers", "order_lines", "opportunities", "exchange_rates")
"""The base tables that the steps read, and the one from which `rates` are prepared."""

_STEPS = {"uses": "TABLE", "looks": "TABLE", "traits": "VIEW", "profiles": "TABLE"}


def find_look_alikes(base: Base, wanted: Ideal, as_of: date, *, base_currency: str) -> tuple[pa.Table, pa.Table]:
    """Return the traits of the ideal customers, and who resembles them: the columns of the last two SQL files.

    Args:
        base: what the store knew, read as of the date.
        wanted: what makes a profile.
        as_of: the last of the 365 days that are looked at.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.
    """
    with prepared_base(base, as_of, base_currency) as database:
        found = look_alikes_in(database, wanted)
        return database.table("profiles").to_arrow_table(), found.to_arrow_table()


def look_alikes_in(database: DuckDBPyConnection, wanted: Ideal) -> DuckDBPyRelation:
    """Return who resembles them, not computed yet, from a database that holds the base, prepared.

    The traits of the ideal customers are its table `profiles` then.
    """
    declare(database, asdict(wanted), "DECIMAL(12, 4)")
    for name, kind in _STEPS.items():
        database.execute(f"CREATE {kind} {name} AS {ideal(name)}")
    return database.sql(ideal("look_alikes"))
