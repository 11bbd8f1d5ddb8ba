"""The figures by which the whole is judged: one SQL file for each, over the base at a date and at an earlier one.

`standing.sql` says where every customer stands at both dates; what was conveyed to them is one of the features of
groups. Every other file is a figure and reads these two and the tables of the store, in which nothing is later than the
date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from facts.feature_database import declare, open_database
from facts.features import base_schemas, group
from facts.ideal import Ideal
from facts.look_alikes import look_alikes_in
from facts.tables import STAGES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FOLDER = Path(__file__).parent
_OF_RUNS = ("stages", "flow")
_LADDER = STAGES[:6]  # from potential to strategic; problem and exited stand beside it

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is judged, in days."""

    look_back_days: int  # communications and complaints older than that are left out
    hear_after_days: int  # by then we should have heard how a communication was received
    heard_within_days: int  # what we hear of a customer is fresh for so long


def figures_in(
    database: DuckDBPyConnection, limits: Limits, *, manager: str | None = None, region: str | None = None
) -> dict[str, pa.Table]:
    """Compute the figures, by the name of their file; `standing` and `talks` too.

    Args:
        database: holds what the store knew, read as of the date, with `recorded`; `now`, a row for each customer at the
            date: `customer`, `name`, `account_manager`, `region`, `country`, `industry`, `acquisition_source`, `stage`,
            `days_in_stage`, `stalled`, `abc_class` and `contribution`; and `earlier`, the same at the earlier date.
        limits: from when on something is judged.
        manager: count only this account manager's customers.
        region: count only customers of this region.
    """
    declare(database, asdict(limits), "INTEGER")
    for name, value in {"manager": manager, "region": region}.items():
        database.execute(f"SET VARIABLE {name} = $value", {"value": value})
    database.register("rungs", rungs())
    database.execute(f"CREATE TABLE standing AS {_sql()['standing']}")
    database.execute(f"CREATE TABLE talks AS {group('talks')}")
    found = {**_sql(), "standing": "FROM standing", "talks": "FROM talks ORDER BY ALL"}
    return {name: database.sql(sql).to_arrow_table() for name, sql in found.items()}


def ideal_customers_in(database: DuckDBPyConnection, wanted: Ideal) -> tuple[pa.Table, pa.Table]:
    """Return the traits of the ideal customers, and who resembles them and is to be won yet.

    Args:
        database: in which `figures_in` computed the figures; it holds what `look_alikes_in` wants as well.
        wanted: what makes a profile.
    """
    database.register("look_alikes", look_alikes_in(database, wanted))
    to_be_won = database.sql(_sql(_FOLDER / "ideal")["to_be_won"]).to_arrow_table()
    return database.table("profiles").to_arrow_table(), to_be_won


@dataclass(frozen=True, slots=True)
class Decided:
    """What a run decided, and about whom.

    `customers` has the columns that `figures` wants of a date, and `proposed_stage`, `move`, `value_next` and
    `rule_list`; `effects` says by `rule_list` which `actions` and `signs` (lists of text) those rules lead to.
    """

    as_of: date
    customers: pa.Table
    effects: pa.Table


def figures_of_runs(
    now: Decided,
    earlier: Decided,
    communications: pa.Table | None,
    *,
    rules_known: bool,
    look_back_days: int,
    most_listed: int,
    manager: str | None = None,
) -> dict[str, Rows]:
    """Compute what differs between two runs: the figures in `runs/`, and of the others those that rest on stages alone.

    Args:
        now: the later run.
        earlier: the run that it is compared with.
        communications: what was conveyed (`customer`, `sent_on`, `value_kind`, `medium`, `outcome`), for `acceptance`.
        rules_known: whether the effects of the earlier run's rules are known.
        look_back_days: older communications are left out.
        most_listed: how many customers each list names.
        manager: count only this account manager's customers.
    """
    with open_database(now.as_of, "") as database:
        declare(database, {"look_back_days": look_back_days, "most_listed": most_listed}, "INTEGER")
        database.execute("SET VARIABLE rules_known = $known", {"known": rules_known})
        database.execute("CREATE MACRO rules_known() AS getvariable('rules_known')::BOOLEAN")
        for name, value in {"manager": manager, "region": None}.items():
            database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        tables = {"now": now.customers, "earlier": earlier.customers, "rungs": rungs()}
        tables |= {"effects_now": now.effects, "effects_earlier": earlier.effects}
        for name, table in tables.items():
            database.register(name, table)
        own = _sql(_FOLDER / "runs")
        database.execute(f"CREATE TABLE standing AS {_sql()['standing']}")
        database.execute(f"CREATE TABLE changes AS {own['changes']}")
        wanted = {name: _sql()[name] for name in _OF_RUNS}
        wanted |= {name: sql for name, sql in own.items() if name not in ("changes", "talks")}
        if communications is not None:
            database.register("communications", communications)
            database.execute(f"CREATE TABLE talks AS {own['talks']}")
            wanted["acceptance"] = _sql()["acceptance"]
        return {name: database.sql(sql).to_arrow_table().to_pylist() for name, sql in wanted.items()}


@cache
def figure_columns() -> dict[str, tuple[str, ...]]:
    """Return the columns that the figures read, by table."""
    words = {
        word for sql in (*_sql().values(), group("talks")) for word in re.findall(r"\w+", re.sub(r"--.*", "", sql))
    }
    return {
        name: tuple(column for column in schema.names if column in words and column != "is_current")
        for name, schema in base_schemas().items()
        if name in words and name != "customers"
    }


def rungs() -> pa.Table:
    """Return the rungs of the ladder: `stage` and `rung`, the lowest 0."""
    return pa.table({"stage": _LADDER, "rung": range(len(_LADDER))})


@cache
def _sql(folder: Path = _FOLDER) -> Mapping[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
