"""What any condition, or part of one, comes to for one customer: asked of the plan once it has decided."""

from __future__ import annotations

from engine.compile.conditions import ConditionCompiler
from engine.model import Condition
from engine.plan import Plan
from engine.snapshot import CustomerFacts


class Truths:
    """One customer, decided by the plan; conditions are compiled when they are asked, and have the plan's meaning."""

    def __init__(self, plan: Plan, customer: CustomerFacts) -> None:
        decided = plan.decided(customer)
        self._places = {(scope, row): place for scope, place, row in decided.places(0)}
        self._conditions = decided.conditions
        self._compiler = ConditionCompiler(plan.program.vocabulary, plan.program.leaves)
        self._leaves = len(self._compiler.leaves)

    def of(self, condition: Condition, scope: str | None = None, row: str = "") -> bool | None:
        """Return whether a condition is true, false or unknown (None) for the customer, or for a row of `scope`."""
        compiled = self._compiler.condition(condition)
        if len(self._compiler.leaves) > self._leaves:  # no rule tests this
            self._leaves = len(self._compiler.leaves)
            self._conditions = self._conditions.over(tuple(self._compiler.leaves))
        return self._conditions.at(compiled, scope, self._places[scope, row])
