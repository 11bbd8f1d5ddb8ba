"""What any condition, or part of one, comes to for one customer: asked of the plan once it has decided."""

from __future__ import annotations

from dataclasses import replace

from engine.compile.conditions import ConditionCompiler
from engine.model import Condition
from engine.plan import Plan
from engine.plan.conditions import Conditions
from engine.program import Program
from engine.snapshot import CustomerFacts


class Truths:
    """One customer, decided by the plan; conditions are compiled when they are asked, and have the plan's meaning."""

    def __init__(self, program: Program, customer: CustomerFacts) -> None:
        self._program = program
        self._chunk, self._places = Plan(program).decided(customer)

    def of(self, condition: Condition, scope: str | None = None, row: str = "") -> bool | None:
        """Return whether a condition is true, false or unknown (None) for the customer, or for a row of `scope`."""
        compiler = ConditionCompiler(self._program.vocabulary)
        compiled = compiler.condition(condition)
        leaves = tuple(compiler.leaves)
        program = replace(self._program, leaves=leaves)
        chunk = replace(self._chunk, program=program, nodes=self._chunk.nodes.over(leaves))
        place = self._places[scope, row]
        return Conditions(chunk).truth(compiled, scope).at(place)
