"""The second pass over the whole base: what a customer is among all customers becomes part of its facts."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from engine.snapshot import Snapshot
from facts.features import base_schemas, features


def with_portfolio(snapshot: Snapshot, portfolio: pa.Table) -> Snapshot:
    """Return the snapshot with its portfolio facts taken from `portfolio`, which `portfolio_facts` computed from it.

    So a run over the whole base rests on the base as it is, and not on what an earlier run found.
    """
    (feature,) = (feature for feature in features("customers") if feature.name == "portfolio")
    with duckdb.connect(":memory:") as database:
        database.register("portfolio", _complete(portfolio))
        facts = database.sql(feature.sql).to_arrow_table()
    customers = snapshot.customers
    positions = pc.index_in(customers["customer"], value_set=facts["customer"])
    found = {name: facts[name].take(positions) for name in facts.column_names if name != "customer"}
    for place, name in enumerate(customers.column_names):
        family, _, member = name.partition(".")
        if name in found:
            customers = customers.set_column(place, name, found[name].cast(customers.column(name).type))
        elif member and family in found:
            of_member = pc.map_lookup(found[family], member, "first")
            customers = customers.set_column(place, name, of_member.cast(customers.column(name).type))
    return Snapshot(snapshot.as_of, customers, snapshot.rows)


def _complete(found: pa.Table) -> pa.Table:
    """Return what a run found with the columns that came later, empty."""
    for field in base_schemas()["portfolio"]:
        if field.name not in found.column_names:
            found = found.append_column(field, pa.nulls(len(found), field.type))
    return found
