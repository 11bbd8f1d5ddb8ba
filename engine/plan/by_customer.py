"""Customers decided together, whose facts and decisions are put together one by one, when somebody asks for them.

To decide one customer alone takes the time of some thousands in columns.
"""

from __future__ import annotations

from engine.assemble import assemble
from engine.decision import Decision
from engine.plan.decided import Decided
from engine.plan.memory import keep_freed_memory
from engine.plan.rows import first_rows
from engine.plan.run import Plan
from engine.snapshot import CustomerFacts, Snapshot, customer_facts, rows_of


class ByCustomer:
    """A snapshot, and everything that follows from it by one plan, to be asked customer by customer.

    It holds some 800 bytes for a customer of whom everything is recorded, besides the snapshot.

    Args:
        plan: the rules.
        snapshot: the facts of customers.

    Raises:
        ColumnError: if a column does not hold what the catalogue declares.
    """

    def __init__(self, plan: Plan, snapshot: Snapshot) -> None:
        keep_freed_memory()
        self._program = plan.program
        (self._part,) = plan.chunks(snapshot, max(snapshot.customers.num_rows, 1))
        self._decided = Decided(self._part)
        # To look for a key among 100,000 takes longer than to read one's rows.
        self._places = {key: place for place, key in enumerate(snapshot.customers["customer"].to_pylist())}
        self._columns = [*zip(self._part.customers.column_names, self._part.customers.columns, strict=True)]

    def get(self, customer: str) -> tuple[CustomerFacts, Decision] | None:
        """Return a customer's facts and what follows from them, or None if the snapshot does not have it."""
        index = self._places.get(customer)
        if index is None:
            return None
        facts = self._facts(index)
        return facts, assemble(self._program, facts, self._decided.outcome(index))

    def _facts(self, index: int) -> CustomerFacts:
        # Value by value: to make a table of the one row, and take that apart, takes five times as long.
        columns = {name: column[index].as_py() for name, column in self._columns}
        rows = {}
        for name, each in self._part.rows.items():
            first, end = first_rows(each.owners, index, index + 1)
            found = rows_of(each.table.slice(first, end - first)) if first < end else {}
            rows[name] = tuple(found.get(columns["customer"], ()))
        return customer_facts(columns, rows, self._part.as_of)
