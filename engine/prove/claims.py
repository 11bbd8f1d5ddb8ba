"""Questions about what a pack claims for every customer: its invariants, and what rises or falls with what."""

from __future__ import annotations

from dataclasses import replace

from engine.model import Monotonicity
from engine.prove.customer import Changed
from engine.prove.encode import Encoding
from engine.prove.findings import Violates, Witness
from engine.prove.prover import Prover
from engine.prove.terms import Coded, Term, Value, Whole, both, some
from engine.vocabulary import FactKey


class ClaimQuestions:
    """Questions about a pack's claims. Each answers with a customer who refutes it, or nothing."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover

    def breaks(self, invariant: str) -> tuple[Witness, ...]:
        """Return a customer for whom an invariant does not hold."""
        term = self._prover.encoding.violated(invariant)
        witness = self._prover.smallest_witness(term, shows=(Violates(invariant),))
        return () if witness is None else (witness,)

    def turns(self, claim: Monotonicity, fact: FactKey) -> tuple[Witness, ...]:
        """Return two customers alike but for a fact, of which the second has more, who refute a claim."""
        less = self._prover.customer.value(fact, None)
        more = self._prover.customer.fresh(fact, None, "+")
        other = Encoding(self._prover.program, Changed(self._prover.customer, {(fact, None): more}))
        outcomes = [encoding.value(claim.outcome) for encoding in (self._prover.encoding, other)]
        low, high = outcomes if claim.raises else outcomes[::-1]
        turned = is_more(self._ordered(high, claim), self._ordered(low, claim))
        model = self._prover.smallest(is_more(more, less), turned)
        if model is None:
            return ()
        first = self._prover.possible(model)
        code = self._prover.customer.code_of(model, more)
        facts = {**first.facts, fact.name: self._prover.customer.plain(fact, code or 0)}
        second = replace(first, customer=f"{first.customer}-more", facts=facts)
        shown = [(self._prover.has(model, claim.outcome, encoding),) for encoding in (self._prover.encoding, other)]
        return Witness(first, shown[0]), Witness(second, shown[1])

    def _ordered(self, value: Value, claim: Monotonicity) -> Value:
        """Return a value whose codes follow the claim's order."""
        if not claim.order or isinstance(value, Whole):
            return value
        codes = self._prover.program.vocabulary.enum_of(self._prover.program.fact(claim.outcome)).codes
        return Coded({place: value.has(codes[member]) for place, member in enumerate(claim.order)})


def is_more(left: Value, right: Value) -> Term:
    """Return whether both are known and the left is more than the right."""
    if isinstance(left, Whole) and isinstance(right, Whole):
        return both(left.known, right.known, left.code > right.code)
    if isinstance(left, Coded) and isinstance(right, Coded):
        return some(
            *(
                both(one, other)
                for code, one in left.codes.items()
                for lower, other in right.codes.items()
                if code > lower
            )
        )
    return False
