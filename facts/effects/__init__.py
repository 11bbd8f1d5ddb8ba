"""What became of what we did: three results kept apart, how often values are accepted, and what advice led to.

`standing.sql` says which customers are looked at, `moves.sql` when one stepped up or down, `entered.sql` what account
managers did with advice; what was conveyed is that of the portfolio (`facts.figures`). The other files are results. As
everywhere, nothing in the tables is later than the date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from facts.figures import Rows, rungs, shared
from facts.snapshot import Base, declare, prepared_base

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
_STEPS = ("standing", "talks", "moves", "entered")
_RESULTS = ("results", "cells", "rules", "reasons")


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
        for name in _STEPS:
            database.execute(f"CREATE TABLE {name} AS {shared(name) if name == 'talks' else _sql(name)}")
        return {name: database.sql(_sql(name)).to_arrow_table().to_pylist() for name in _RESULTS}


@cache
def _sql(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
