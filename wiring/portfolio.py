"""The whole base against an earlier date: what lists, pages and reports of it show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The base at a date against an earlier one. `figures` are named as the SQL files that compute them.

    `standing` and `talks` are what the figures were computed from, customer by customer and value by value; those
    `undecided` stand there without a stage, because records of theirs do not fit the rules.
    """

    as_of: date
    since: date
    customers: int
    limits: Mapping[str, Decimal | None]
    figures: Mapping[str, list[dict[str, Any]]]
    ideal_customers: list[dict[str, Any]]
    look_alikes: list[dict[str, Any]]
    standing: list[dict[str, Any]]
    talks: list[dict[str, Any]]
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
