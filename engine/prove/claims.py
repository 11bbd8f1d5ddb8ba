"""Questions about what a pack claims for every customer: its invariants, and what rises or falls with what."""

from __future__ import annotations

import operator

from engine.model import Monotonicity
from engine.program import InvariantForm
from engine.prove.customer import Changed
from engine.prove.encode import Encoding
from engine.prove.findings import Violates, Witness
from engine.prove.prover import Prover
from engine.prove.terms import Coded, Value, Whole, compared
from engine.vocabulary import FactKey


class ClaimQuestions:
    """Questions about a pack's claims. Each answers with a customer who refutes it, or nothing."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover

    def breaks(self, invariant: InvariantForm) -> tuple[Witness, ...]:
        """Return a customer for whom an invariant does not hold."""
        term = self._prover.encoding.violated(invariant)
        witness = self._prover.smallest_witness(term, shows=(Violates(invariant.id),))
        return () if witness is None else (witness,)

    def turns(self, claim: Monotonicity, fact: FactKey) -> tuple[Witness, ...]:
        """Return two customers alike but for a fact, of which the second has more, who refute a claim."""
        less = self._prover.customer.value(fact, None)
        more = self._prover.customer.another(fact, "+")
        other = Encoding(self._prover.program, Changed(self._prover.customer, {fact: more}))
        outcomes = [encoding.value(claim.outcome) for encoding in (self._prover.encoding, other)]
        low, high = outcomes if claim.raises else outcomes[::-1]
        turned = compared(self._ordered(high, claim), self._ordered(low, claim), operator.gt)
        model = self._prover.smallest(compared(more, less, operator.gt), turned)
        if model is None:
            return ()
        first = self._prover.possible(model)
        second = self._prover.customer.changed(model, first, "more", {fact: more})
        shown = [(self._prover.has(model, claim.outcome, encoding),) for encoding in (self._prover.encoding, other)]
        return Witness(first, shown[0]), Witness(second, shown[1])

    def _ordered(self, value: Value, claim: Monotonicity) -> Value:
        """Return a value whose codes follow the claim's order."""
        if not claim.order or isinstance(value, Whole):
            return value
        codes = self._prover.program.vocabulary.enum_of(self._prover.program.fact(claim.outcome)).codes
        return Coded({place: value.has(codes[member]) for place, member in enumerate(claim.order)})
