"""Small base tables written by hand, as the store would give them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from engine.load.pack import load_catalogue
from engine.snapshot import CustomerFacts, Snapshot
from engine.vocabulary import BEGINNING, Value, Vocabulary
from facts.customer_facts import customer_facts
from facts.feature_database import Base, prepared_base
from facts.features import base_schemas
from facts.ideal import Ideal
from facts.look_alikes import look_alikes_in
from facts.snapshot import Taken, take_snapshot
from tests.conftest import ROOT

AS_OF = date(2024, 6, 30)
BASE_CURRENCY = "EUR"

Rows = Sequence[Mapping[str, Any]]


@cache
def catalogue() -> Vocabulary:
    """Return the vocabulary of the project's catalogue."""
    return load_catalogue(ROOT / "facts" / "catalog.yaml")


def ago(days: int) -> date:
    """Return the date so many days before as-of; negative: after."""
    return AS_OF - timedelta(days)


def recorded(*collections: str, since: date = BEGINNING, until: date | None = None, **columns: Any) -> Rows:
    """Return coverage rows: these collections are recorded from one date to another."""
    span = {"recorded_from": since, "recorded_to": until, "holds_from": since}
    return [{"collection": name, **span, **columns} for name in collections]


def base_of(**tables: Rows) -> dict[str, pa.Table]:
    """Return base tables.

    Rows are numbered if they have no key, current if they do not say, and belong to the customer `a`, which
    always exists.
    """
    schemas = base_schemas()
    given: dict[str, Rows] = {"customers": [{"key": "a", "name": "A"}], **tables}
    return {
        name: pa.Table.from_pylist([_completed(name, row, number) for number, row in enumerate(rows)], schemas[name])
        for name, rows in given.items()
    }


def _completed(table: str, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    whose = {} if table in ("customers", "coverage", "exchange_rates") else {"customer": "a"}
    money = {"currency": BASE_CURRENCY} if "currency" in base_schemas()[table].names else {}
    return {"key": f"{table}-{number}", "is_current": True, "holds_from": date(2000, 1, 1)} | whose | money | dict(row)


def taken_of(**tables: Rows) -> Taken:
    """Take the snapshot of hand-made base tables, with what does not fit."""
    return take_snapshot(base_of(**tables), catalogue(), AS_OF, base_currency=BASE_CURRENCY)


def snapshot_of(**tables: Rows) -> Snapshot:
    """Take the snapshot of hand-made base tables, in which everything fits."""
    snapshot, misfits = taken_of(**tables)
    assert not misfits
    return snapshot


def customer_of(**tables: Rows) -> CustomerFacts:
    """Compute the facts of customer `a` (test_snapshot.py shows that the whole base's snapshot has the same)."""
    return customer_facts(base_of(**tables), catalogue(), AS_OF, base_currency=BASE_CURRENCY)


def facts_of(*names: str, **tables: Rows) -> list[Value | None]:
    """Return the values of these facts of customer `a`, None where missing."""
    facts = customer_of(**tables).facts
    return [facts.get(name) for name in names]


def rows_of(collection: str, **tables: Rows) -> list[dict[str, Value]]:
    """Return the rows of one collection of customer `a`, in order of their keys."""
    return [dict(row.facts) for row in customer_of(**tables).rows[collection]]


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
