"""What a run stored, read back whole."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import select

from facts import reading
from facts.house_tables import LISTED, decisions, rule_lists
from facts.store import Store


def decisions_of(store: Store, number: int) -> pa.Table:
    """Return what a run decided: the columns of `house_tables.decisions` and `fired_rules`, ordered by customer."""
    columns = tuple(name for name in decisions.c.keys() if name != "rule_list")  # noqa: SIM118 - a collection of columns
    chosen = [*(decisions.c[name] for name in columns), rule_lists.c.rules.label("fired_rules")]
    statement = select(*chosen).join_from(decisions, rule_lists, LISTED).where(decisions.c.run == number)
    schema = reading.arrow_schema(decisions, columns).append(pa.field("fired_rules", pa.string()))
    rows = reading.read_many(store.url, {"decisions": statement}, {"decisions": schema})["decisions"]
    return rows.sort_by("customer")
