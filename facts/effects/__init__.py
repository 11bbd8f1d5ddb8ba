"""What became of what we did: three results kept apart, how often values are accepted, and what advice led to.

`moves.sql` says when a customer stepped up or down, `entered.sql` what account managers did with advice; who is looked
at and what was conveyed to them are features of groups. The other files are results. As everywhere, nothing in the
tables is later than the date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from facts.feature_database import Base, declare, prepared_base
from facts.features import group
from facts.figures import Rows, rungs

if TYPE_CHECKING:
    import pyarrow as pa

READ: Mapping[str, tuple[str, ...]] = {
    "customers": ("key", "account_manager", "industry", "region", "country"),
    "communications": ("key", "customer", "value_kind", "medium", "holds_from", "heard_on", "outcome"),
    "stage_history": ("key", "customer", "stage", "holds_from", "holds_until"),
    "actions": ("key", "customer", "state", "advised_on", "advised_by", "declined_because", "holds_from"),
}
"""The columns that are read, by table."""

_FOLDER = Path(__file__).parent
_STEPS = ("moves", "entered")
_RESULTS = ("results", "rules", "reasons")


@dataclass(frozen=True, slots=True)
class Spans:
    """What time is looked at, in days."""

    look_back_days: int  # what was conveyed, advised and done before is left out
    follow_days: int  # what comes so long after an action counts as following it


def effects(
    base: Base,
    advised: Mapping[str, pa.Table],
    spans: Spans,
    as_of: date,
    *,
    base_currency: str,
    manager: str | None = None,
) -> dict[str, Rows]:
    """Compute the results, by the name of their file.

    Args:
        base: what the store knew, read as of the date: the tables of `READ`.
        advised: which rules fired for whom, as `runs.advice` returns it.
        spans: what time is looked at.
        as_of: the date.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.
        manager: look only at this account manager's customers.
    """
    with prepared_base(base, as_of, base_currency) as database:
        declare(database, asdict(spans), "INTEGER")
        database.execute("SET VARIABLE manager = $value", {"value": manager})
        for name, table in {**advised, "rungs": rungs()}.items():
            database.register(name, table)
        steps = {name: group(name) for name in ("standing", "talks")} | {name: _sql(name) for name in _STEPS}
        for name, sql in steps.items():
            database.execute(f"CREATE TABLE {name} AS {sql}")
        results = {name: _sql(name) for name in _RESULTS} | {"cells": group("cells")}
        return {name: database.sql(sql).to_arrow_table().to_pylist() for name, sql in results.items()}


@cache
def _sql(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
