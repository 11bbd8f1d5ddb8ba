"""The second pass over the whole base: what a customer is among all customers."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from engine.snapshot import Snapshot
from facts.features import FOLDER, features, prepared


def portfolio_of(snapshot: Snapshot) -> pa.Table:
    """Compute class, contribution, rank and share of every customer that contributes.

    Returns:
        The columns of `tables.portfolio` except `run`, sorted by customer.
    """
    with duckdb.connect(":memory:") as database:
        database.execute(prepared("macros"))
        database.register("snapshot", snapshot.customers)
        return database.execute((FOLDER / "portfolio.sql").read_text(encoding="utf-8")).to_arrow_table()


def with_portfolio(snapshot: Snapshot, found: pa.Table) -> Snapshot:
    """Return the snapshot with its portfolio facts taken from `found`, which `portfolio_of` returned."""
    (feature,) = (feature for feature in features("customers") if feature.name == "portfolio")
    with duckdb.connect(":memory:") as database:
        database.register("portfolio", found)
        facts = database.execute(feature.sql).to_arrow_table()
    customers = snapshot.customers.select(["customer"]).join(facts, "customer").sort_by("customer")
    columns = snapshot.customers
    for name in set(facts.column_names) & set(columns.column_names) - {"customer"}:
        place = columns.column_names.index(name)
        columns = columns.set_column(place, name, customers[name].cast(columns[name].type))
    return Snapshot(snapshot.as_of, columns, snapshot.rows)
