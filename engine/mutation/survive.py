"""Which mistakes in rules do the cases of a pack overlook?

The unchanged program decides all cases once, in columns. A mutant is then one more condition asked of these columns,
and most are found out by a case that names the rule as fired or as not fired. Otherwise what hangs on the rule is
decided once more, and the cases that speak of something that comes out otherwise are judged in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.assemble import assemble
from engine.cases import Case
from engine.compile.collect import ADVISED
from engine.judging import judge
from engine.mutation.mutants import Mutant, Mutants
from engine.plan import Plan
from engine.plan.again import Again, reads_of
from engine.plan.columns import Mask
from engine.plan.decided import Decided
from engine.program import Cond, Program, ProgramRule
from engine.vocabulary import FactKey


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant: found out by a case, or not.

    `unnoticed` is a case in which a rule comes out otherwise though nothing that the case expects does; `rule` is that
    rule, and `fires` whether it fires there without the mistake. Without such a case all come out alike in all cases.
    """

    mutant: Mutant
    is_found_out: bool
    unnoticed: Case | None = None
    rule: str = ""
    fires: bool = False


class Suite:
    """A pack's cases, decided once, before which mutants are brought."""

    def __init__(self, mutants: Mutants, cases: Sequence[Case]) -> None:
        self._program = mutants.program
        self._reads = reads_of(self._program)
        self._days = [
            _Day([cases[place] for place in places], decided)
            for places, decided in Plan(self._program).decided_all([case.facts for case in cases])
        ]

    def try_out(self, mutant: Mutant) -> Outcome:
        """Return what becomes of a mutant."""
        found = Outcome(mutant, is_found_out=True)
        unnoticed: list[tuple[Case, str, bool]] = []
        touched = []
        for day in self._days:
            named, otherwise, first = self._at_once(day, mutant)
            if named:
                return found
            if otherwise:
                touched.append(day)
            unnoticed += first
        program = mutated(self._program, mutant)
        for day in touched:
            if self._is_found_out(day, program, mutant):
                return found
        return Outcome(mutant, False, *unnoticed[0]) if unnoticed else Outcome(mutant, False)

    def _at_once(self, day: _Day, mutant: Mutant) -> tuple[bool, bool, list[tuple[Case, str, bool]]]:
        """Return whether a case names a rule that comes out otherwise, whether any does, and the first such case."""
        otherwise, first = False, []
        for index, when in mutant.conditions.items():
            rule = self._program.rules[index]
            if not day.decided.is_valid(index):
                continue
            (now, maybe_now), (then, maybe_then) = (day.decided.truth(cond, rule.scope) for cond in (rule.when, when))
            fires = now != then
            otherwise |= bool(fires.any() or (maybe_now != maybe_then).any()) or day.doubts(rule, when)
            if not fires.any():
                continue
            fired_now, fired_then = (day.decided.by_customer(mask, rule.scope) for mask in (now, then))
            for place in (fired_now != fired_then).nonzero()[0].tolist():
                expect = day.cases[place].expect
                if rule.id in (expect.not_fired if fired_then[place] else expect.fired):
                    return True, True, []
                first.append((day.cases[place], rule.id, bool(fired_now[place])))
        return False, otherwise, first[:1]

    def _is_found_out(self, day: _Day, program: Program, mutant: Mutant) -> bool:
        again = Again(day.decided, program, mutant.conditions, self._reads)
        gates = again.gates_otherwise()
        for place, case in enumerate(day.cases):
            if self._speaks_of(case, place, again, gates):
                decision = assemble(program, case.facts, again.outcome(place))
                if not judge(case, decision).passed:
                    return True
        return False

    def _speaks_of(self, case: Case, place: int, again: Again, gates: Mapping[str, Mask]) -> bool:
        """Return whether a case expects anything of what comes out otherwise for it."""
        expect = case.expect
        if any(gates[name][place] for name in expect.gates if name in gates):
            return True
        here = {key for key, mask in again.facts.items() if mask[place]}
        names = {FactKey(None, name) for name in expect.values}
        for scope, by_key in expect.rows.items():
            names |= {FactKey(scope, name) for row in by_key.values() for name in row}
        if expect.actions is not None or expect.advised or expect.not_advised:
            names.add(ADVISED)
        if not here.isdisjoint(names) or (here and expect.provisional is not None):
            return True
        rules = {*expect.fired, *expect.not_fired}
        fired = again.fired_otherwise.items()
        return any(mask[place] and self._program.rules[index].id in rules for index, mask in fired)


@dataclass(frozen=True, slots=True)
class _Day:
    """The cases of one as-of date, decided."""

    cases: Sequence[Case]
    decided: Decided

    def doubts(self, rule: ProgramRule, when: Cond) -> bool:
        """Return whether a rule is in doubt otherwise with another condition, and a case says what is provisional."""
        if all(case.expect.provisional is None for case in self.cases):
            return False
        pairs = (self.decided.truth(cond, rule.scope, cautious=True) for cond in (rule.when, when))
        return any(bool((now != then).any()) for now, then in zip(*pairs, strict=True))


def mutated(program: Program, mutant: Mutant) -> Program:
    """Return the program with the mistake."""
    rules = list(program.rules)
    for index, when in mutant.conditions.items():
        rules[index] = replace(rules[index], when=when)
    gates = tuple(
        replace(gate, required=mutant.required)
        if gate.rule in mutant.conditions and mutant.required is not None
        else gate
        for gate in program.gates
    )
    return replace(program, rules=tuple(rules), gates=gates)
