"""The demo customers' facts in columns, as often as a measurement wants them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.program import Program
from engine.snapshot import Snapshot, keyed
from facts.demo import AS_OF, build
from facts.feature_database import Base
from facts.snapshot import take_snapshot
from facts.store import Store
from wiring import rules_in_use

ORDERS_ONLY = ("customers", "orders", "order_lines", "coverage", "exchange_rates")


def demo_base() -> tuple[Base, Program, str]:
    """Return everything known about the demo customers, the rules that we ship, and the base currency."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"sqlite:///{Path(folder) / 'demo.db'}")
        build(store)
        return store.base_tables(AS_OF), rules_in_use(store).program, store.settings()["base_currency"]


def only_orders(base: Base) -> Base:
    """Return a base in which nothing but customers and their orders was ever recorded."""
    found = {name: base[name] for name in ORDERS_ONLY}
    return {**found, "coverage": found["coverage"].filter(pc.equal(found["coverage"]["collection"], "orders"))}


def demo_snapshot(base: Base, program: Program, currency: str, customers: int) -> Snapshot:
    """Return the facts of about `customers` customers: those of the base again and again, under new keys."""
    once, _ = take_snapshot(base, program.vocabulary, AS_OF, base_currency=currency)
    times = round(customers / once.customers.num_rows)
    repeated = _repeated(once.customers, times)
    rows = {name: keyed(_repeated(table, times), repeated["customer"]) for name, table in once.rows.items()}
    return Snapshot(AS_OF, repeated, rows)


def _repeated(table: pa.Table, times: int) -> pa.Table:
    keys = table["customer"].cast(pa.string())
    parts = [table.set_column(0, "customer", pc.binary_join_element_wise(keys, f"{n:06}", "-")) for n in range(times)]
    return pa.concat_tables(parts).combine_chunks()
