"""Decide one customer, stratum by stratum: fire rules with durable-rules, resolve facts, go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.assemble import Codes, Outcome, assemble, fact_conflict, table_conflict
from engine.decision import Conflict, Decision
from engine.program import Lit, Program, Resolution, Single
from engine.session.conditions import Conditions
from engine.session.lowering import Lowering, Step
from engine.session.matcher import Matcher, render
from engine.session.place import Place, Places, Reader
from engine.session.resolve import Resolver
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey


class Session:
    """A program compiled for durable-rules. One per process and pack version; not safe in two threads."""

    def __init__(self, program: Program) -> None:
        """Compile a program.

        Raises:
            LoweringError: if the pack does not fit the library's limits.
        """
        self.program = program
        self._reader = Reader(program)
        lowering = Lowering(program)
        self._strata = [(list(lowering.steps(stratum.rules)), stratum.resolutions) for stratum in program.strata]
        self._properties = lowering.properties
        self._matcher = Matcher(lowering.groups)
        conditions = self._conditions = Conditions(program)
        self._leaves = [conditions.test(Lit(index)) for index in range(len(program.leaves))]
        self._invariants = [(form, conditions.test(form.when)) for form in program.invariants]
        self._gates = [
            (gate, conditions.test(gate.required), [(name, conditions.test(when)) for name, when in gate.criteria])
            for gate in program.gates
        ]
        self._resolutions: dict[str | None, list[Resolution]] = {}
        for resolution in (one for stratum in program.strata for one in stratum.resolutions):
            self._resolutions.setdefault(resolution.fact.scope, []).append(resolution)

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer.

        Raises:
            ValueError: if a fact has a value that the catalogue does not allow.
            RuntimeError: if durable-rules refuses a fact.
        """
        places = Places(self._reader, customer)
        resolver = Resolver(self.program, self._conditions, places)
        for place in places:
            self._render(place, place.codes)
        for steps, resolutions in self._strata:
            for step in steps:
                for place in places.of(step.scope):
                    self._fire(step, place)
            for resolution in resolutions:
                resolver.resolve(resolution)
                for place in places.of(resolution.fact.scope):
                    self._render(place, [resolution.fact])
        return assemble(self.program, customer, self._outcome(places, resolver))

    def _render(self, place: Place, keys: Iterable[FactKey]) -> None:
        for key in keys:
            name = self._properties.get(key)
            if name is not None and isinstance(code := place.codes.get(key), int):
                place.rendered[name] = render(name, code)

    def _fire(self, step: Step, place: Place) -> None:
        for leaf, name in step.flags:
            truth = self._leaves[leaf](place, False)
            if truth is not None:
                place.rendered[name] = render(name, truth)
        known = place.rendered if place.scope is None else place.all.customer.rendered | place.rendered
        for name in self._matcher.fire(step.group, known):
            if name.startswith("a"):
                auxiliary = name.partition(".")[0]
                place.rendered[auxiliary] = render(auxiliary, 1)
            elif self.program.rules[int(name)].is_valid(place.all.as_of):
                place.fired.add(int(name))

    # --- the outcome -----------------------------------------------------------------------------------------------

    def _outcome(self, places: Places, resolver: Resolver) -> Outcome:
        program, customer = self.program, places.customer
        return Outcome(
            values=self._values(customer),
            rows={(place.scope, place.key): self._values(place) for place in places if place.scope},
            fired=[(rule, place.key) for place in places for rule in place.fired],
            conflicts=[conflict for place in places if len(place.fired) > 1 for conflict in self._conflicts(place)],
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
