"""The cheapest changes after which a conclusion holds for one customer, over the whole chained program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from engine.program import Program, encode
from engine.prove.changeable import Alteration, ChangeableCustomer
from engine.prove.customer import holds, number
from engine.prove.encode import Encoding
from engine.prove.prover import UnansweredError
from engine.prove.terms import Number, Term, both, no, some
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey, Type, Value

SECONDS = 10.0
"""So long the solver may think about one way."""

MORE = 12
"""A further way costs at most so much more than the first."""

Goal = Callable[[Encoding], Term]


@dataclass(frozen=True, slots=True)
class Path:
    """Changes after which a conclusion holds, so many days from now, and the customer as it is then.

    `is_cheapest`: the solver has proved that nothing cheaper would do (for a further way: nothing that leaves out
    something of each way before it).
    """

    alterations: tuple[Alteration, ...]
    days: int
    cost: int
    is_cheapest: bool
    customer: CustomerFacts


def goal_that(program: Program, fact: FactKey, value: Value) -> Goal:
    """Return the goal that a fact of the customer has a value, or a set a member."""
    declared = program.fact(fact)
    code = encode(program.vocabulary, declared, value)

    def goal(encoding: Encoding) -> Term:
        if declared.type is Type.SET:
            return encoding.members(fact).get(code, False)  # type: ignore[arg-type]  # a set's codes are whole numbers
        return encoding.value(fact).has(code)  # type: ignore[arg-type]  # a text cannot be derived

    return goal


class Search:
    """Looks for ways to a goal, for one customer."""

    def __init__(
        self, program: Program, facts: CustomerFacts, goal: Goal, seconds: float = SECONDS, also_past: bool = False
    ) -> None:
        """Look at what somebody can change, or (`also_past`) at everything; see `ChangeableCustomer`."""
        self._customer = ChangeableCustomer(program, facts, also_past)
        self._goal = goal(Encoding(program, self._customer))
        self._milliseconds = max(1, int(seconds * 1000))

    def paths(self, most: int) -> Iterator[Path]:
        """Yield up to so many ways to the goal, cheapest first; each leaves out something of each one before.

        No further way costs much more than the first (`MORE`).

        Raises:
            UnansweredError: if the solver found neither a further way nor that there is none, in time.
        """
        avoided: list[Term] = []
        first = 0
        for _ in range(most):
            found = self._cheapest(self._goal, *avoided)
            if found is None:
                return
            model, is_cheapest = found
            model = self._settled(model, self._goal, *avoided)
            first = first or self._customer.cost(model)
            if self._customer.cost(model) > first + MORE:
                return
            customer, alterations = self._customer.altered(model)
            days = number(model, self._customer.wait)
            yield Path(alterations, days, self._customer.cost(model), is_cheapest, customer)
            avoided.append(some(*(no(one) for one in self._customer.changed(model))))

    def _cheapest(self, *terms: Term) -> tuple[Any, bool] | None:
        """Return the cheapest solution, or just one if time is over, and which of both."""
        term = both(*terms)
        if term is False:
            return None
        solver = self._told(z3.Optimize(), term)
        for costly, cost in self._customer.costs:
            solver.add_soft(no(costly), cost)
        answer = solver.check()
        if answer == z3.unknown:
            solver = self._told(z3.SimpleSolver(), term)
            answer = solver.check()
            if answer == z3.unknown:
                raise UnansweredError(solver.reason_unknown())
            return (solver.model(), False) if answer == z3.sat else None
        return (solver.model(), True) if answer == z3.sat else None

    def _settled(self, model: Any, *terms: Term) -> Any:
        """Return the one solution of this cost that comes first, in whatever order the solver finds them.

        As much as can be stays as it is, in the order of the changes; then the least time and the least amounts; then
        the words that the catalogue lists first.
        """
        solver = self._told(z3.SimpleSolver(), *terms)
        solver.add(z3.PbLe(self._customer.costs, self._customer.cost(model)))
        for stays in self._customer.unchanged():
            model = self._preferred(solver, model, [stays])
        for amount in self._customer.wait, *self._customer.amounts(model):
            model = self._lowered(solver, model, amount)
        for words in self._customer.words(model):
            model = self._preferred(solver, model, words)
        return model

    @staticmethod
    def _preferred(solver: Any, model: Any, terms: Sequence[Term]) -> Any:
        """Return a solution with the first of some terms that can hold, as far as the solver knows in time; keep it."""
        for term in terms:
            if holds(model, term):
                solver.add(term)
                return model
            if solver.check(term) == z3.sat:
                model = solver.model()
                solver.add(term)
                return model
        return model

    @staticmethod
    def _lowered(solver: Any, model: Any, amount: Number) -> Any:
        """Return a solution with the least amount, from 0 on, as far as the solver knows in time; and keep to it."""
        low, high = 0, number(model, amount)
        while low < high:
            middle = (low + high) // 2
            solver.push()
            solver.add(amount <= middle)
            is_possible = solver.check() == z3.sat
            model = solver.model() if is_possible else model
            low, high = (low, number(model, amount)) if is_possible else (middle + 1, high)
            solver.pop()
        solver.add(amount <= high)
        return model

    def _told(self, solver: Any, *terms: Term) -> Any:
        solver.set("timeout", self._milliseconds)
        solver.add(*self._customer.constraints, both(*terms))
        return solver
