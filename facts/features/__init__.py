"""The SQL files that compute measured facts from the store's tables, and what each of them is.

* `prepared/`: tables that the features share, and macros.
* `customers/`: one row per customer (at most), a column per fact.
* `members/`: one row per customer and `member`, a column per family of facts.
* `spans/`: one row per customer and covered span of days; the column `orders` gives `orders_90d`, `orders_365d`, ...
* `rows/`: one row per row of the collection that the file is named after.
* `own/`: one row per customer and `fact` that a pack declares for itself, with its `value` as a text (see `facts.own`).
* `ideal/`: the ideal customer of each product, and who resembles it (see `facts.look_alikes`).
* `groups/`: how often groups of customers accept what we convey (see `facts.group_acceptance`).
* `portfolio.sql`: what a batch run finds by looking at the whole base.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from facts import reading
from facts.house_tables import portfolio
from facts.tables import FACT_TABLES

FOLDER = Path(__file__).parent
PORTFOLIO = FOLDER / "portfolio.sql"

KINDS = ("customers", "members", "spans", "rows", "own")
"""The folders whose files are features: each is one."""

# In this order, because a file may read what those before it made.
PREPARED = ("spans", "rates", "stretches", "recorded")

# Read by features alone, and made from columns that those who ask less of the base leave out.
PREPARED_FOR_FEATURES = ("day_rates",)


@dataclass(frozen=True, slots=True)
class Feature:
    """One SQL file. `reads` are the tables of facts about the customer that it looks at."""

    name: str
    sql: str
    reads: frozenset[str]


@cache
def base_schemas() -> dict[str, pa.Schema]:
    """Return the columns of the tables that features read, as `Store.base_tables` and `last_portfolio` give them."""
    schemas = {
        name: reading.arrow_schema(table, reading.readable_columns(table))
        for name, table in FACT_TABLES.items()
        if name != "merges"
    }
    customers = schemas["customers"]
    schemas["customers"] = customers.remove(customers.get_field_index("is_current"))
    return {**schemas, "portfolio": reading.arrow_schema(portfolio, tuple(portfolio.c.keys()))}


@cache
def base_columns() -> dict[str, tuple[str, ...]]:
    """Return what tells the rows of each table apart, and the columns that some SQL file which reads the table names.

    Of a large base, to read the others takes long.
    """
    files = [_words(path.read_text(encoding="utf-8")) for path in FOLDER.rglob("*.sql")]
    named = {name: {"key", "holds_from"}.union(*(words for words in files if name in words)) for name in base_schemas()}
    return {
        name: tuple(column for column in schema.names if column in named[name] and column != "is_current")
        for name, schema in base_schemas().items()
        if name != "portfolio"
    }


@cache
def features(kind: str) -> tuple[Feature, ...]:
    """Return the features of a folder, by name."""
    return tuple(_feature(path) for path in sorted((FOLDER / kind).glob("*.sql")))


@cache
def prepared(name: str) -> str:
    """Return the SQL of a prepared table, or of the macros."""
    return (FOLDER / "prepared" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def ideal(name: str) -> str:
    """Return the SQL of a step on the way to look-alikes."""
    return (FOLDER / "ideal" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def group(name: str) -> str:
    """Return the SQL of a step on the way to what groups of customers accept."""
    return (FOLDER / "groups" / f"{name}.sql").read_text(encoding="utf-8")


def _feature(path: Path) -> Feature:
    sql = path.read_text(encoding="utf-8")
    return Feature(path.stem, sql, _words(sql) & base_schemas().keys())


def _words(sql: str) -> frozenset[str]:
    """Return the words of SQL, comments aside."""
    return frozenset(re.findall(r"\w+", re.sub(r"--.*", "", sql)))
