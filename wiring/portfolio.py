"""The whole base against an earlier date: what lists, pages and reports of it show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The base at a date against an earlier one. `figures` are named as the SQL files that compute them.

    `standing` and `talks` are what the figures were computed from, customer by customer and value by value (see
    `facts.figures`); those `undecided` stand there without a stage, because records of theirs do not fit the rules.
    """

    as_of: date
    since: date
    customers: int
    limits: Mapping[str, Decimal | None]
    figures: Mapping[str, list[dict[str, Any]]]
    ideal_customers: list[dict[str, Any]]
    look_alikes: list[dict[str, Any]]
    standing: pa.Table
    talks: pa.Table
    undecided: list[dict[str, Any]]

    @property
    def problem_share(self) -> tuple[int, int]:
        """How many customers are problem customers, of how many with a known stage."""
        known = sum(row["customers"] for row in self.figures["stages"] if row["stage"] is not None)
        return len(self.figures["problem"]), known

    @property
    def core_needs_met(self) -> tuple[int, int]:
        """How many customers have all core needs met, of how many whose core needs are known."""
        rows = self.figures["core_needs"]
        return sum(row["all_met"] for row in rows), len(rows)

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """The two shares by name."""
        return {"problem_share": self.problem_share, "core_needs_met": self.core_needs_met}

    def of_product(self, product: str) -> Portfolio:
        """Return the same with the ideal customers of one product, or category of products, only."""
        profiles = [row for row in self.ideal_customers if row["subject"] == product]
        alike = [row for row in self.look_alikes if row["subject"] == product]
        return replace(self, ideal_customers=profiles, look_alikes=alike)


def each_of(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of `standing` or `talks`, which are many: they are never all in memory as Python objects."""
    for batch in table.to_batches(_AT_ONCE):
        yield from batch.to_pylist()
