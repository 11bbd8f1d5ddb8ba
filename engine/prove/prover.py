"""A solver that knows one program: is there a customer for whom a term holds?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import z3

from engine.program import CountAtLeast, Leaf, Program
from engine.prove.customer import AnyCustomer
from engine.prove.encode import Encoding
from engine.prove.findings import Has, Shows, Witness
from engine.prove.terms import Term, both
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey

ROWS = 2
"""So many rows of a collection are looked at, or as many as some rule counts."""
SECONDS = 10.0
"""So long the solver may think about one question."""

Leaves = Sequence[Leaf]


class UnansweredError(Exception):
    """The time for one question is over."""


class Prover:
    """Every possible customer of a program, and what the program concludes about it."""

    def __init__(self, program: Program, rows: int = ROWS, seconds: float = SECONDS, also: Leaves = ()) -> None:
        """Look at up to so many `rows`, or as many as the program's tests count, or those that are looked at `also`."""
        self.program = program
        self.rows = rows_looked_at(program, rows, also)
        self.customer = AnyCustomer(program, self.rows)
        self.encoding = Encoding(program, self.customer)
        self._solver = z3.SimpleSolver()
        self._solver.set("timeout", max(1, int(seconds * 1000)))
        self._solver.set("delay_units", True)  # a third less work for pairs of rules, a fifth for all questions
        self._asserted = 0
        self._found = 0

    def witness(self, *terms: Term, shows: tuple[Shows, ...]) -> Witness | None:
        """Return a customer for whom all terms hold, with what must be seen of it; None: there is none.

        Raises:
            UnansweredError: if the solver does not know in time.
        """
        return self._witness(self.solve(*terms), shows)

    def smallest_witness(self, *terms: Term, shows: tuple[Shows, ...]) -> Witness | None:
        """Return such a customer of whom as little as possible is known, to be shown to people."""
        return self._witness(self.smallest(*terms), shows)

    def _witness(self, model: Any | None, shows: tuple[Shows, ...]) -> Witness | None:
        return None if model is None else Witness(self.possible(model), shows)

    def smallest(self, *terms: Term) -> Any | None:
        """Return a solution of which no known fact, row or coverage could be left out; None: there is none."""
        model = self.solve(*terms)
        if model is None:
            return None
        left_out: list[Term] = []
        needed: set[Term] = set()
        while untried := [one for one in self.customer.absences(model) if one not in needed]:
            blocks = [untried]
            while blocks:
                block = blocks.pop()
                smaller = self.solve(*terms, *left_out, *block)
                if smaller is not None:
                    model = smaller
                    left_out += block
                elif len(block) > 1:
                    blocks += [block[len(block) // 2 :], block[: len(block) // 2]]
                else:
                    needed.update(block)
        return model

    def possible(self, model: Any) -> CustomerFacts:
        """Return the customer that a solution describes, under a name of its own."""
        self._found += 1
        return self.customer.witness(model, f"possible-{self._found}")

    def has(self, model: Any, key: FactKey, encoding: Encoding) -> Has:
        """Return what a solution concludes for a fact of the customer."""
        return Has(key.name, self.customer.plain_of(model, key, encoding.value(key)))

    def solve(self, *terms: Term) -> Any | None:
        """Return a solution in which all terms hold, or None if there is none.

        Raises:
            UnansweredError: if the solver does not know in time.
        """
        term = both(*terms)
        if term is False:
            return None
        constraints = self.customer.constraints
        self._solver.add(*constraints[self._asserted :])
        self._asserted = len(constraints)
        self._solver.push()  # and forget: with a thousand questions left in it, the solver takes five times as long
        self._solver.add(term)
        answer = self._solver.check()
        model = self._solver.model() if answer == z3.sat else None
        reason = self._solver.reason_unknown() if answer == z3.unknown else ""
        self._solver.pop()
        if answer == z3.unknown:
            raise UnansweredError(reason)
        return model


def rows_looked_at(program: Program, rows: int, also: Leaves = ()) -> Mapping[str, int]:
    """Return how many rows of each collection are looked at: so many, or as many as some test counts."""
    found = dict.fromkeys(program.vocabulary.collections, rows)
    for leaf in (*program.leaves, *also):
        if isinstance(leaf, CountAtLeast):
            found[leaf.collection] = max(found[leaf.collection], leaf.least)
    return found
