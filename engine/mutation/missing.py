"""The case that would find out a mistake: a customer for whom a rule fires with it and not without, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.mutation.mutants import Mutant
from engine.mutation.survive import mutated
from engine.plan import Plan
from engine.program import Program
from engine.prove.prover import ROWS, Prover
from engine.prove.terms import Term, both, equal, no
from engine.snapshot import CustomerFacts


@dataclass(frozen=True, slots=True)
class Missing:
    """A customer on whom a rule with a mistake differs from the rule without; `fires`: without it, it fires there."""

    customer: CustomerFacts
    rule: str
    fires: bool


class WrongWitnessError(AssertionError):
    """The plan does not show of a customer what the prover claims of it."""


class Missings:
    """Finds the cases that are missing.

    Args:
        program: the program with all tests that mistakes need besides.
        seconds: how long to think about one mistake.
    """

    def __init__(self, program: Program, seconds: float) -> None:
        self._program = program
        self._prover = Prover(program, ROWS, seconds)

    def is_possible(self, mutant: Mutant) -> bool:
        """Return whether there is any customer for whom a rule fires otherwise with the mistake.

        Raises:
            UnansweredError: if that was not found out in time.
        """
        return any(self._prover.solve(term) is not None for _, term in self._differs(mutant))

    def of(self, mutant: Mutant) -> Missing | None:
        """Return the smallest such customer, tried out by the plan; None if there is none.

        Raises:
            UnansweredError: if that was not found out in time.
            WrongWitnessError: if the plan does not show it.
        """
        for rule, term in self._differs(mutant):
            model = self._prover.smallest(term)
            if model is not None:
                customer = self._prover.possible(model)
                fires, would_fire = (
                    any(one.rule == rule for one in Plan(program).decide(customer).fired)
                    for program in (self._program, mutated(self._program, mutant))
                )
                if fires is would_fire:
                    raise WrongWitnessError(f"{mutant.rule} {mutant.what}: {customer}")
                return Missing(customer, rule, fires)
        return None

    def _differs(self, mutant: Mutant) -> Iterator[tuple[str, Term]]:
        """Yield, for each rule with the mistake, that it fires otherwise: for the customer, or for its only row."""
        encoding = self._prover.encoding
        for index, when in mutant.conditions.items():
            rule = self._program.rules[index]
            row = None if rule.scope is None else 0
            now, then = (encoding.truth(cond, row).surely for cond in (rule.when, when))
            alone = True if rule.scope is None else no(self._prover.customer.present(rule.scope, 1))
            yield rule.id, both(encoding.takes_part(index, row), alone, no(equal(now, then)))
