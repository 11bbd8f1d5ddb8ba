"""The canonical layout: a CSV file for each fact table, with the table's own columns."""

from __future__ import annotations

import csv
import io
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, Table

from engine.errors import did_you_mean
from engine.said import said
from facts.columns import Scaled
from facts.database import StoreError
from facts.import_files import Heading
from facts.mapping import Cell, ColumnMapping, FileMapping, ImportMapping, KeyOf, TableMapping
from facts.tables import FACT_TABLES, own_columns

CANONICAL = "canonical"

_EXAMPLES = {
    "agreements.kind": "cooperation",
    "action": "deliver_core_need",
    "collection": "complaints",
    "criterion": "both_want",
    "currency": "EUR",
    "exchange_rates.currency": "USD",
    "kind": "quality",
    "fact": "taps",
    "medium": "company_visit",
    "name": "Acme GmbH",
    "rate_to_base": "0.92",
    "survivor": "C-1002",
    "value": "2",
    "value_kind": "product",
}


def canonical_mapping() -> ImportMapping:
    """Return the mapping for files named after fact tables, with those tables' columns.

    Tables to which others refer come first.
    """
    names = sorted(FACT_TABLES, key=lambda name: _depth(FACT_TABLES[name]))
    return ImportMapping(
        CANONICAL,
        tuple(_file(FACT_TABLES[name]) for name in names),
        tuple(_table(FACT_TABLES[name]) for name in names),
    )


def template(table: str) -> str:
    """Return a CSV file with the columns of a fact table and one example row.

    Raises:
        StoreError: if there is no such table.
    """
    if table not in FACT_TABLES:
        raise StoreError(
            said("There is no table {table!r}", table=table),
            said("templates are named after fact tables"),
            did_you_mean(table, FACT_TABLES) or said("Known: {known}.", known=list(FACT_TABLES)),
        )
    columns = canonical_columns(FACT_TABLES[table])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerow([_example(column) for column in columns])
    return text.getvalue()


def canonical_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that a file gives, with what must be there first."""
    return sorted(own_columns(table), key=lambda column: not is_needed(column))


def is_needed(column: Column[Any]) -> bool:
    """Return whether a file must have the column; keys are made if there are none, but not the customers'."""
    if column.name == "key":
        return column.table.name == "customers"
    return not column.nullable and column.server_default is None


def _depth(table: Table) -> int:
    if table.name == "customers":
        return 0
    return 1 + any("refers_to" in column.info for column in table.columns) + ("invoice_key" in table.c)


def _file(table: Table) -> FileMapping:
    columns = canonical_columns(table)
    needed = tuple(column.name for column in columns if is_needed(column))
    others = tuple(column.name for column in columns if not is_needed(column))
    heading = Heading(needed, others, others_allowed=False)
    match = tuple(f"{table.name}.{ending}" for ending in ("csv", "parquet", "xlsx"))
    return FileMapping(table.name, match, heading, optional=True)


def _table(table: Table) -> TableMapping:
    content = tuple(column.name for column in canonical_columns(table) if column.name != "key")
    mapped = [ColumnMapping(name, Cell(name)) for name in content]
    key = Cell("key") if table.name == "customers" else KeyOf(table.info["identity"], content)
    return TableMapping(table.name, table.name, (ColumnMapping("key", key), *mapped))


def _example(column: Column[Any]) -> str:
    """Return a plausible cell; columns that may be left empty are, unless their words are a closed list."""
    if members := column.info.get("members"):
        return str(members[0])
    is_customer = column.foreign_keys or column.table.name == "customers"
    if column.name == "customer" or (column.name == "key" and is_customer):
        return "C-1001"
    if column.name == "key" and not column.table.info["identity"]:
        return f"{column.table.name}-1"
    if not is_needed(column):
        return ""
    for name in (f"{column.table.name}.{column.name}", column.name):
        if name in _EXAMPLES:
            return _EXAMPLES[name]
    match column.type:
        case Scaled():
            return "1234.50"
        case Date():
            return "2026-01-31"
        case Boolean():
            return "true"
        case Integer():
            return "1"
    return f"{column.info['refers_to']}-1" if "refers_to" in column.info else column.name
