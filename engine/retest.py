"""The cases of a pack that is being edited: those that an edit does not touch are not decided again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.cases import Case, CaseResult
from engine.compile import compile_pack
from engine.decision import Decision
from engine.judging import judge
from engine.model import Pack
from engine.plan import Plan
from engine.plan.again import Again, changed_rules, leaves_to_begin_with, reads_of
from engine.plan.decided import Decided
from engine.program import Program
from engine.session import Session
from engine.snapshot import CustomerFacts

Stands = Mapping[str, tuple[CustomerFacts, Decision]]
"""By the name of a case its facts, and what was decided on them."""


class Retest:
    """Runs cases by the session; the plan tells which of them an edit does not touch.

    Two versions are compared in all that a case can expect something of: the rules that fire, the facts, what is
    provisional, and the states of gates.
    """

    def __init__(self) -> None:
        self._base: _Base | None = None
        self.decided = 0
        """How many cases were decided the last time."""

    def run(self, pack: Pack, cases: Sequence[Case]) -> list[CaseResult]:
        """Return what comes out of each case by the rules as they are now.

        Raises:
            ProblemsError: if rules form a cycle.
        """
        base = self._base
        program = compile_pack(pack, leaves_to_begin_with(None if base is None else base.program, pack.vocabulary))
        changed = None if base is None else changed_rules(base.program, program)
        stands = {} if base is None or changed is None else base.untouched(program, changed)
        session = Session(program)
        results: list[CaseResult] = []
        self.decided = 0
        for case in cases:
            facts, decision = stands.get(case.name, (None, None))
            result = judge(case, decision) if decision is not None and facts == case.facts else None
            if result is None or not result.passed:  # why a case fails may be told otherwise, whatever it comes to
                result = judge(case, session.decide(case.facts))
                self.decided += 1
            results.append(result)
        if base is None or changed is None or base.facts != [case.facts for case in cases]:
            self._base = _Base.of(program, cases, [result.decision for result in results])
        return results


@dataclass(frozen=True)
class _Base:
    """Cases decided by one version of the pack."""

    program: Program
    cases: Sequence[Case]
    decisions: Sequence[Decision]
    days: Sequence[tuple[Sequence[int], Decided]]

    @classmethod
    def of(cls, program: Program, cases: Sequence[Case], decisions: Sequence[Decision]) -> _Base:
        return cls(program, cases, decisions, list(Plan(program).decided_all([case.facts for case in cases])))

    @property
    def facts(self) -> list[CustomerFacts]:
        return [case.facts for case in self.cases]

    def untouched(self, program: Program, changed: Collection[int]) -> Stands:
        """Return what stands by a program that differs in the conditions of some rules, and in resolutions."""
        touched = set(self._touched(program, changed))
        pairs = enumerate(zip(self.cases, self.decisions, strict=True))
        return {case.name: (case.facts, decision) for place, (case, decision) in pairs if place not in touched}

    def _touched(self, program: Program, changed: Collection[int]) -> Iterator[int]:
        reads = reads_of(program)
        for places, decided in self.days:
            again = Again(decided, program, changed, reads)
            otherwise = [*again.facts.values(), *again.fired_otherwise.values(), *again.gates_otherwise().values()]
            for mask in otherwise:
                yield from (places[index] for index in mask.nonzero()[0].tolist())
