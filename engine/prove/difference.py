"""Two versions of a pack compared for every possible customer: alike, or the smallest customer on whom they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from engine.program import Program, decode
from engine.prove.encode import Encoding
from engine.prove.findings import Fires, Has, Includes, Question, Sameness, Shows, Witness
from engine.prove.prover import ROWS, SECONDS, Prover
from engine.prove.questions import refutable
from engine.prove.terms import Coded, Term, Value, equal, no, same
from engine.vocabulary import FactKey, Type, Vocabulary


class DifferentFactsError(Exception):
    """The versions differ in the stored facts that they speak of, so no customer can be decided on by both."""


class Difference:
    """Questions about where a new version of a pack comes to other conclusions than an old one.

    Raises:
        DifferentFactsError: if stored facts differ, and which.
    """

    def __init__(self, old: Program, new: Program, rows: int = ROWS, seconds: float = SECONDS) -> None:
        different = {str(name) for name, *_ in _stored(old.vocabulary) ^ _stored(new.vocabulary)}
        if different:
            raise DifferentFactsError(", ".join(sorted(different)))
        self._old, self._new = old, new
        self._prover = Prover(new, rows, seconds, also=old.leaves)
        self._before = Encoding(old, self._prover.customer)
        self._after = self._prover.encoding
        self.rows: Mapping[str, int] = self._prover.rows

    def questions(self) -> Iterator[Question]:
        """Yield a question for each derived fact of the customer, and for each rule, that both versions have.

        A fact or rule for which they differ has two witnesses: the same customer, and what the old and the new version
        show of it.
        """
        before = {one.fact for one in self._old.resolutions}
        for one in self._new.resolutions:
            if one.fact in before and one.fact.scope is None:
                ask = self._set if self._new.fact(one.fact).type is Type.SET else self._fact
                yield refutable(Sameness.FACT, (str(one.fact),), partial(ask, one.fact))
        indices = {rule.id: rule.index for rule in self._old.rules}
        for rule in self._new.rules:
            if rule.id in indices:
                yield refutable(Sameness.RULE, (rule.id,), partial(self._rule, rule.id, indices[rule.id], rule.index))

    def _fact(self, key: FactKey) -> tuple[Witness, ...]:
        values = self._before.value(key), self._after.value(key)
        model = self._prover.smallest(no(same(*self._in_one_code(key, *values))))
        if model is None:
            return ()
        customer = self._prover.possible(model)
        codes = [self._prover.customer.code_of(model, value) for value in values]
        plain = [
            None if code is None else decode(program.vocabulary, program.fact(key), code)
            for program, code in zip((self._old, self._new), codes, strict=True)
        ]
        return tuple(Witness(customer, (Has(key.name, value),)) for value in plain)

    def _in_one_code(self, key: FactKey, before: Value, after: Value) -> tuple[Value, Value]:
        """Return two values of a fact whose members may stand in another order, coded alike."""
        if not (isinstance(before, Coded) and isinstance(after, Coded) and self._new.fact(key).enum):
            return before, after
        old, new = (_members(program, key) for program in (self._old, self._new))
        code = {member: place for place, member in enumerate(dict.fromkeys((*new, *old)))}
        recoded = Coded({code[old[place]]: holds for place, holds in before.codes.items()})
        return recoded, Coded({code[new[place]]: holds for place, holds in after.codes.items()})

    def _set(self, key: FactKey) -> tuple[Witness, ...]:
        before, after = (
            {_members(program, key)[code]: holds for code, holds in encoding.members(key).items()}
            for program, encoding in ((self._old, self._before), (self._new, self._after))
        )
        for member in sorted({*before, *after}):
            pair = before.get(member, False), after.get(member, False)
            found = self._differing(*pair, *(Includes(key.name, member, included) for included in (True, False)))
            if found:
                return found
        return ()

    def _rule(self, name: str, old: int, new: int) -> tuple[Witness, ...]:
        pair = self._before.fired_anywhere(old), self._after.fired_anywhere(new)
        return self._differing(*pair, Fires(name), Fires(name, fires=False))

    def _differing(self, before: Term, after: Term, holds: Shows, fails: Shows) -> tuple[Witness, ...]:
        """Return a customer for whom a term holds in one version only: the old one's, if there is any."""
        if equal(before, after) is True:
            return ()  # the very same term, as for all that an edit does not touch: no need to solve anything
        for terms, shown in (((before, no(after)), (holds, fails)), ((no(before), after), (fails, holds))):
            model = self._prover.smallest(*terms)
            if model is not None:
                customer = self._prover.possible(model)
                return tuple(Witness(customer, (one,)) for one in shown)
        return ()


def _members(program: Program, key: FactKey) -> tuple[str, ...]:
    return program.vocabulary.enum_of(program.fact(key)).members


def _stored(vocabulary: Vocabulary) -> set[tuple[object, ...]]:
    """Return what matters of the stored facts: the name first."""
    return {
        (
            str(fact.key),
            fact.type,
            fact.scale,
            fact.least,
            fact.most,
            vocabulary.enum_of(fact).members if fact.enum else (),
        )
        for fact in vocabulary.facts.values()
        if not fact.is_derived
    }
