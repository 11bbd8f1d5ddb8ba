"""Decide one customer, stratum by stratum: fire rules with durable-rules, resolve facts, go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from engine.assemble import Codes, Outcome, assemble, fact_conflict, table_conflict
from engine.decision import Conflict, Decision
from engine.frozen import dataclass
from engine.model import Hit
from engine.program import Program, Resolution, Stratum, TableForm
from engine.session.conditions import Conditions
from engine.session.firing import Firing, FiringStep
from engine.session.matcher import are_several, bits
from engine.session.place import Place, Places, Reader, mask
from engine.session.resolve import Contested, Resolver, Task, tasks
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Steps to fire, the rules that they decide in each scope, as bits, and the facts that are complete then."""

    steps: tuple[FiringStep, ...]
    rules: dict[str | None, int]
    tasks: list[Task]


class Session:
    """A program compiled for durable-rules. One per process and pack version; not safe in two threads."""

    def __init__(self, program: Program) -> None:
        """Compile a program."""
        self.program = program
        conditions = self._conditions = Conditions(program)
        self._firing = Firing(program, conditions)
        self._reader = Reader(program, self._firing.meanings)
        self._strata = [self._stratum(*of) for of in zip(program.strata, self._firing.steps, strict=True)]
        self._dated = [rule for rule in program.rules if (rule.valid_from, rule.valid_until) != (date.min, date.max)]
        self._invariants = [(form, conditions.test(form.when, None)) for form in program.invariants]
        self._gates = [
            (
                gate,
                conditions.test(gate.required, None),
                [(name, conditions.test(when, None)) for name, when in gate.criteria],
            )
            for gate in program.gates
        ]
        self._resolutions: dict[str | None, list[Resolution]] = {}
        for resolution in program.resolutions:
            self._resolutions.setdefault(resolution.fact.scope, []).append(resolution)
        self._tables: dict[str | None, list[tuple[TableForm, int]]] = {}
        for table in program.tables:
            if table.hit not in (Hit.ANY, Hit.UNIQUE):
                continue
            self._tables.setdefault(table.scope, []).append((table, mask(row.rule for row in table.rows)))
        self._rows = mask(row.rule for tables in self._tables.values() for table, _ in tables for row in table.rows)

    def _stratum(self, stratum: Stratum, steps: tuple[FiringStep, ...]) -> _Stratum:
        rules: dict[str | None, int] = {}
        for rule in stratum.rules:
            scope = self.program.rules[rule].scope
            rules[scope] = rules.get(scope, 0) | 1 << rule
        return _Stratum(steps, rules, tasks(stratum, self._conditions, self._firing.meanings))

    def decide_all(self, customers: Iterable[CustomerFacts]) -> list[Decision]:
        """Decide customers one after the other; return the decisions in their order."""
        return [self.decide(customer) for customer in customers]

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer.

        Raises:
            ValueError: if a fact has a value that the catalogue does not allow.
            RuntimeError: if durable-rules refuses a fact.
        """
        places = Places(self._reader, customer)
        resolver = Resolver(self.program, self._conditions, places)
        expired = sum(1 << rule.index for rule in self._dated if not rule.is_valid(customer.as_of))
        places.customer.dead |= expired
        places.customer.blocked |= expired
        for stratum in self._strata:
            for step in stratum.steps:
                for place in places.of(step.scope):
                    self._firing.fire(step, place)
            for scope, rules in stratum.rules.items():
                for place in places.of(scope):
                    self._find_open(rules, place)
                    places.fired |= place.fired
                    places.open |= place.open
            for task in stratum.tasks:
                resolver.resolve(task)
        return assemble(self.program, customer, self._outcome(places, resolver))

    def _find_open(self, rules: int, place: Place) -> None:
        customer = place.customer
        in_doubt = rules & (place.doubt | customer.doubt) & ~(place.dead | customer.dead)
        for rule in bits(in_doubt) if in_doubt else ():
            if self._conditions.rule(rule)(place, True) is None:
                place.open |= 1 << rule

    # --- the outcome -----------------------------------------------------------------------------------------------

    def _outcome(self, places: Places, resolver: Resolver) -> Outcome:
        program, customer = self.program, places.customer
        return Outcome(
            values=self._values(customer),
            rows={(place.scope, place.key): self._values(place) for place in places if place.scope},
            fired=[(rule, place.key) for place in places for rule in bits(place.fired)],
            conflicts=list(self._conflicts(places, resolver.contested)),
            provisional=resolver.provisional(),
            gates={
                gate.id: (required(customer, False), {name: test(customer, False) for name, test in criteria})
                for gate, required, criteria in self._gates
                if customer.codes.get(program.stage.name) in gate.from_codes
                and program.rules[gate.rule].is_valid(places.as_of)
            },
            scores=resolver.scores,
            violated=[form.id for form, test in self._invariants if test(customer, False) is form.never],
        )

    def _values(self, place: Place) -> dict[FactKey, Codes]:
        found: dict[FactKey, Codes] = {}
        for resolution in self._resolutions.get(place.scope, ()):
            key = resolution.fact
            if key.name in place.sets:
                found[key] = tuple(sorted(place.sets[key.name]))
            elif key.name in place.codes:
                found[key] = place.codes[key.name]
        return found

    def _conflicts(self, places: Places, contested: Iterable[Contested]) -> Iterator[Conflict]:
        for single, place, fired in contested:
            names = fact_conflict(single, set(bits(fired)).__contains__)
            if names:
                yield Conflict(single.fact.name, place.key, names)
        for place in places:
            for table, rules in self._tables.get(place.scope, ()) if are_several(place.fired & self._rows) else ():
                fired = place.fired & rules
                names = table_conflict(self.program, table, set(bits(fired)).__contains__) if are_several(fired) else ()
                if names:
                    yield Conflict(table.id, place.key, names)
