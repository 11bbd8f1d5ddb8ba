"""The second pass over the whole base: what a customer is among all customers becomes part of its facts."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from engine.snapshot import Snapshot
from facts.features import features


def with_portfolio(snapshot: Snapshot, found: pa.Table) -> Snapshot:
    """Return the snapshot with its portfolio facts taken from `found`, which `portfolio_facts` computed from it.

    So a run over the whole base rests on the base as it is, and not on what an earlier run found.
    """
    (feature,) = (feature for feature in features("customers") if feature.name == "portfolio")
    with duckdb.connect(":memory:") as database:
        database.register("portfolio", found)
        facts = database.sql(feature.sql).to_arrow_table()
    ordered = snapshot.customers.select(["customer"]).join(facts, "customer").sort_by("customer")
    customers = snapshot.customers
    for name in ordered.column_names[1:]:
        if name in customers.column_names:
            column = customers.column(name)
            place = customers.column_names.index(name)
            customers = customers.set_column(place, name, ordered[name].cast(column.type))
    return Snapshot(snapshot.as_of, customers, snapshot.rows)
