"""The figures by which the whole is judged: one SQL file for each, over the base at a date and at an earlier one.

`standing.sql` says where every customer stands at both dates, `talks.sql` what was conveyed to them. Every other file
is a figure and reads these two and the tables of the store, in which nothing is later than the date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from facts.features import base_schemas
from facts.snapshot import Base, declare, prepared_base
from facts.tables import STAGES

_FOLDER = Path(__file__).parent
_SHARED = ("standing", "talks")
_LADDER = STAGES[:6]  # from potential to strategic; problem and exited stand beside it

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is judged, in days."""

    look_back_days: int  # communications and complaints older than that are left out
    hear_after_days: int  # by then we should have heard how a communication was received
    heard_within_days: int  # what we hear of a customer is fresh for so long


def figures(
    base: Base,
    now: pa.Table,
    earlier: pa.Table,
    limits: Limits,
    as_of: date,
    *,
    base_currency: str,
    manager: str | None = None,
    region: str | None = None,
) -> dict[str, Rows]:
    """Compute the figures, by the name of their file; `standing` and `talks` too.

    Args:
        base: what the store knew, read as of the date.
        now: a row for each customer at the date: `customer`, `name`, `account_manager`, `region`, `country`,
            `industry`, `acquisition_source`, `stage`, `days_in_stage`, `stalled`, `abc_class` and `contribution`.
        earlier: the same at the earlier date.
        limits: from when on something is judged.
        as_of: the date.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.
        manager: count only this account manager's customers.
        region: count only customers of this region.
    """
    with prepared_base(base, as_of, base_currency) as database:
        declare(database, asdict(limits), "INTEGER")
        for name, value in {"manager": manager, "region": region}.items():
            database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        rungs = pa.table({"stage": _LADDER, "rung": range(len(_LADDER))})
        for name, table in {"now": now, "earlier": earlier, "rungs": rungs}.items():
            database.register(name, table)
        for name in _SHARED:
            database.execute(f"CREATE TABLE {name} AS {_sql()[name]}")
        found = {name: f"FROM {name}" if name in _SHARED else sql for name, sql in _sql().items()}
        return {name: database.sql(sql).to_arrow_table().to_pylist() for name, sql in found.items()}


@cache
def figure_columns() -> dict[str, tuple[str, ...]]:
    """Return the columns that the figures read, by table."""
    words = {word for sql in _sql().values() for word in re.findall(r"\w+", re.sub(r"--.*", "", sql))}
    return {
        name: tuple(column for column in schema.names if column in words and column != "is_current")
        for name, schema in base_schemas().items()
        if name in words and name != "customers"
    }


@cache
def _sql() -> Mapping[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql"))}
