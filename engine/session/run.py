"""Decide one customer, stratum by stratum: fire rules with durable-rules, resolve facts, go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from engine.assemble import Codes, Outcome, assemble, fact_conflict, table_conflict
from engine.decision import Conflict, Decision
from engine.program import Lit, Program, Resolution, Single, Stratum
from engine.session.conditions import Conditions, Test
from engine.session.lowering import Lowering, Step
from engine.session.matcher import Matcher, render
from engine.session.place import Place, Places, Reader
from engine.session.resolve import Resolver
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey


@dataclass(frozen=True, slots=True)
class _Step:
    """A group of patterns to fire in one scope; `flags`: tests to do before, each with its property if False, True."""

    scope: str | None
    group: int
    flags: tuple[tuple[Test, str, tuple[str, str]], ...]


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Steps to fire, the rules that they decide in each scope, and the facts that are complete then."""

    steps: tuple[_Step, ...]
    rules: dict[str | None, set[int]]
    resolutions: tuple[Resolution, ...]


class Session:
    """A program compiled for durable-rules. One per process and pack version; not safe in two threads."""

    def __init__(self, program: Program) -> None:
        """Compile a program.

        Raises:
            LoweringError: if the pack does not fit the library's limits.
        """
        self.program = program
        conditions = self._conditions = Conditions(program)
        lowering = Lowering(program)
        self._strata = [self._stratum(stratum, lowering) for stratum in program.strata]
        self._matcher = Matcher(lowering.groups)
        self._reader = Reader(program, lowering.properties)
        self._dated = [rule for rule in program.rules if (rule.valid_from, rule.valid_until) != (date.min, date.max)]
        self._invariants = [(form, conditions.test(form.when)) for form in program.invariants]
        self._gates = [
            (gate, conditions.test(gate.required), [(name, conditions.test(when)) for name, when in gate.criteria])
            for gate in program.gates
        ]
        self._resolutions: dict[str | None, list[Resolution]] = {}
        for resolution in program.resolutions:
            self._resolutions.setdefault(resolution.fact.scope, []).append(resolution)

    def _stratum(self, stratum: Stratum, lowering: Lowering) -> _Stratum:
        steps = tuple(self._step(step) for step in lowering.steps(stratum.rules))
        rules: dict[str | None, set[int]] = {}
        for rule in stratum.rules:
            rules.setdefault(self.program.rules[rule].scope, set()).add(rule)
        return _Stratum(steps, rules, stratum.resolutions)

    def _step(self, step: Step) -> _Step:
        flags = (
            (self._conditions.test(Lit(leaf)), name, (render(name, 0), render(name, 1))) for leaf, name in step.flags
        )
        return _Step(step.scope, step.group, tuple(flags))

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer.

        Raises:
            ValueError: if a fact has a value that the catalogue does not allow.
            RuntimeError: if durable-rules refuses a fact.
        """
        places = Places(self._reader, customer)
        resolver = Resolver(self.program, self._conditions, self._reader, places)
        expired = {rule.index for rule in self._dated if not rule.is_valid(customer.as_of)}
        for stratum in self._strata:
            for step in stratum.steps:
                for place in places.of(step.scope):
                    self._fire(step, place)
            for scope, rules in stratum.rules.items():
                for place in places.of(scope):
                    place.fired -= expired
                    self._find_open(rules - expired, place)
            for resolution in stratum.resolutions:
                resolver.resolve(resolution)
        return assemble(self.program, customer, self._outcome(places, resolver))

    def _fire(self, step: _Step, place: Place) -> None:
        for test, name, rendered in step.flags:
            truth = test(place, False)
            if truth is not None:
                place.rendered[name] = rendered[truth]
        known = place.rendered if place.scope is None else place.all.customer.rendered | place.rendered
        for name in self._matcher.fire(step.group, known):
            if name.startswith("a"):
                auxiliary = name.partition(".")[0]
                place.rendered[auxiliary] = render(auxiliary, 1)
            else:
                place.fired.add(int(name))

    def _find_open(self, rules: set[int], place: Place) -> None:
        doubtful = place.doubtful if place.scope is None else place.doubtful | place.all.customer.doubtful
        for rule in rules & doubtful:
            if self._conditions.rules[rule](place, True) is None:
                place.open.add(rule)

    # --- the outcome -----------------------------------------------------------------------------------------------

    def _outcome(self, places: Places, resolver: Resolver) -> Outcome:
        program, customer = self.program, places.customer
        return Outcome(
            values=self._values(customer),
            rows={(place.scope, place.key): self._values(place) for place in places if place.scope},
            fired=[(rule, place.key) for place in places for rule in place.fired],
            conflicts=[found for place in places if len(place.fired) > 1 for found in self._conflicts(place)],
            provisional=resolver.provisional(),
            gates={
                gate.id: (required(customer, False), {name: test(customer, False) for name, test in criteria})
                for gate, required, criteria in self._gates
                if customer.codes.get(program.stage) in gate.from_codes
                and program.rules[gate.rule].is_valid(places.as_of)
            },
            scores=resolver.scores,
            violated=[form.id for form, test in self._invariants if test(customer, False) is form.never],
        )

    def _values(self, place: Place) -> dict[FactKey, Codes]:
        found: dict[FactKey, Codes] = {}
        for resolution in self._resolutions.get(place.scope, ()):
            key = resolution.fact
            if key in place.sets:
                found[key] = tuple(sorted(place.sets[key]))
            elif key in place.codes:
                found[key] = place.codes[key]
        return found

    def _conflicts(self, place: Place) -> Iterator[Conflict]:
        for resolution in self._resolutions.get(place.scope, ()):
            if isinstance(resolution, Single):
                names = fact_conflict(resolution, place.fired.__contains__)
                if names:
                    yield Conflict(resolution.fact.name, place.key, names)
        for table in self.program.tables:
            names = table_conflict(self.program, table, place.fired.__contains__) if table.scope == place.scope else ()
            if names:
                yield Conflict(table.id, place.key, names)
