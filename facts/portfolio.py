"""The second pass over the whole base: what a customer is among all customers becomes part of its facts."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from engine.snapshot import Snapshot
from facts.features import base_schemas, features
from facts.snapshot import aligned, spread


def with_portfolio(snapshot: Snapshot, portfolio: pa.Table) -> Snapshot:
    """Return the snapshot with its portfolio facts taken from `portfolio`, which `portfolio_facts` computed from it.

    So a run over the whole base rests on the base as it is, and not on what an earlier run found.
    """
    return with_facts(snapshot, facts_from(portfolio, snapshot.customers))


def with_facts(snapshot: Snapshot, found: pa.Table) -> Snapshot:
    """Return the snapshot with other columns, given in the order of its customers."""
    customers = snapshot.customers
    for name in found.column_names:
        customers = customers.set_column(customers.column_names.index(name), name, found[name])
    return Snapshot(snapshot.as_of, customers, snapshot.rows)


def facts_from(portfolio: pa.Table, customers: pa.Table) -> pa.Table:
    """Return those columns of customers that follow from `portfolio`, in the order of the customers."""
    with duckdb.connect(":memory:") as database:
        database.execute("SET enable_progress_bar = false")  # it would be written among our own output
        database.register("portfolio", _complete(portfolio))
        facts, of_members = (
            database.sql(feature.sql).to_arrow_table()
            for kind in ("customers", "members")
            for feature in features(kind)
            if feature.name == "portfolio"
        )
    keys = customers["customer"]
    found = aligned(facts, keys)
    for family in (name for name in of_members.column_names if name not in ("customer", "member")):
        own = f"{family}."
        members = [name.removeprefix(own) for name in customers.column_names if name.startswith(own)]
        of_family = spread(of_members.select(["customer", "member", family]), "member", members, keys)
        found |= {f"{own}{member}": column for _, member, column in of_family}
    wanted = [name for name in customers.column_names if name in found]
    return pa.table({name: found[name].cast(customers[name].type) for name in wanted})


def _complete(found: pa.Table) -> pa.Table:
    """Return what a run found with the columns that came later, empty."""
    for field in base_schemas()["portfolio"]:
        if field.name not in found.column_names:
            found = found.append_column(field, pa.nulls(len(found), field.type))
    return found
