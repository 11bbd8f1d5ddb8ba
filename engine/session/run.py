"""Decide one customer, stratum by stratum: fire rules with durable-rules, resolve facts, go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.assemble import Codes, Outcome, assemble, fact_conflict, table_conflict
from engine.decision import Conflict, Decision
from engine.program import And, AtLeast, Cond, Lit, OneOf, Or, Program, ProgramRule, Resolution, Single
from engine.session.matcher import Comparison, Matcher, Pattern, render
from engine.session.place import Conditions, Place
from engine.session.resolve import Resolver
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey


@dataclass(frozen=True, slots=True)
class _Step:
    """A group of patterns to fire in one scope; `flags` are the leaves that are computed for it beforehand."""

    scope: str | None
    group: int
    flags: tuple[int, ...]


class Session:
    """A program compiled for durable-rules. One per process and pack version; not safe in two threads."""

    def __init__(self, program: Program) -> None:
        """Compile a program.

        Raises:
            LoweringError: if the pack does not fit the library's limits.
        """
        self.program = program
        lowering = _Lowering(program)
        self._strata: list[tuple[list[_Step], tuple[Resolution, ...]]] = [
            (list(lowering.steps(stratum.rules)), stratum.resolutions) for stratum in program.strata
        ]
        self._properties = lowering.properties
        self._matcher = Matcher(lowering.groups)

    def decide(self, customer: CustomerFacts) -> Decision:
        """Decide one customer.

        Raises:
            ValueError: if a fact has a value that the catalogue does not allow.
            RuntimeError: if durable-rules refuses a fact; the session is then to be discarded.
        """
        conditions = Conditions(self.program, customer)
        resolver = Resolver(conditions)
        places = [conditions.customer, *(row for rows in conditions.rows.values() for row in rows)]
        for place in places:
            self._render(place, place.codes)
        for steps, resolutions in self._strata:
            for step in steps:
                for place in conditions.places(step.scope):
                    self._fire(step, place, conditions)
            for resolution in resolutions:
                resolver.resolve(resolution)
                for place in conditions.places(resolution.fact.scope):
                    self._render(place, [resolution.fact])
        return assemble(self.program, customer, self._outcome(conditions, resolver, places))

    def _render(self, place: Place, keys: Iterable[FactKey]) -> None:
        for key in keys:
            name, code = self._properties.get(key), place.codes.get(key)
            if name and isinstance(code, int):
                place.rendered[name] = render(name, code)

    def _fire(self, step: _Step, place: Place, conditions: Conditions) -> None:
        for leaf in step.flags:
            truth = conditions.truth(Lit(leaf), place)
            if truth is not None:
                place.rendered[f"l{leaf}"] = render(f"l{leaf}", int(truth))
        facts = [place.rendered] if place.scope is None else [place.rendered, conditions.customer.rendered]
        for name in self._matcher.fire(step.group, *facts):
            if name.startswith("a"):
                auxiliary = name.partition(".")[0]
                place.rendered[auxiliary] = render(auxiliary, 1)
            elif self.program.rules[int(name)].is_valid(conditions.as_of):
                place.fired.add(int(name))

    # --- the outcome -----------------------------------------------------------------------------------------------

    def _outcome(self, conditions: Conditions, resolver: Resolver, places: list[Place]) -> Outcome:
        program, customer = self.program, conditions.customer
        return Outcome(
            values=self._values(customer),
            rows={(place.scope, place.key): self._values(place) for place in places if place.scope},
            fired=[(rule, place.key) for place in places for rule in place.fired],
            conflicts=[conflict for place in places for conflict in self._conflicts(place)],
            provisional=resolver.provisional(),
            gates={
                gate.id: (
                    conditions.truth(gate.required, customer),
                    {name: conditions.truth(when, customer) for name, when in gate.criteria},
                )
                for gate in program.gates
                if customer.codes.get(program.stage) in gate.from_codes
                and program.rules[gate.rule].is_valid(conditions.as_of)
            },
            scores=resolver.scores,
            violated=[form.id for form in program.invariants if conditions.truth(form.when, customer) is form.never],
        )

    def _values(self, place: Place) -> dict[FactKey, Codes]:
        found: dict[FactKey, Codes] = {}
        for _, resolutions in self._strata:
            for key in (resolution.fact for resolution in resolutions if resolution.fact.scope == place.scope):
                if key in place.sets:
                    found[key] = tuple(sorted(place.sets[key]))
                elif key in place.codes:
                    found[key] = place.codes[key]
        return found

    def _conflicts(self, place: Place) -> Iterator[Conflict]:
        for _, resolutions in self._strata:
            for resolution in resolutions:
                if isinstance(resolution, Single) and resolution.fact.scope == place.scope:
                    names = fact_conflict(resolution, place.fired.__contains__)
                    if names:
                        yield Conflict(resolution.fact.name, place.key, names)
        for table in self.program.tables:
            names = table_conflict(self.program, table, place.fired.__contains__) if table.scope == place.scope else ()
            if names:
                yield Conflict(table.id, place.key, names)


@dataclass(slots=True)
class _Auxiliary:
    """A nested `any` on its way into patterns of its own: its property, and how deep it nests further ones."""

    property: str
    depth: int


@dataclass
class _Lowering:
    """Turn conditions into patterns of comparisons.

    A leaf that durable-rules can match becomes a comparison of the fact's property; any other leaf a comparison of a
    flag that the session computes; a nested `any` the flag of auxiliary patterns that are fired before.
    """

    program: Program
    groups: list[list[Pattern]] = field(default_factory=list)
    properties: dict[FactKey, str] = field(default_factory=dict)
    _auxiliaries: dict[tuple[Or, str | None], _Auxiliary] = field(default_factory=dict)
    _patterns: dict[int, list[Pattern]] = field(default_factory=dict)
    _flags: set[int] = field(default_factory=set)
    _count: int = 0

    def steps(self, rules: Iterable[int]) -> Iterator[_Step]:
        """Yield the steps that fire a stratum's rules: in each scope auxiliary patterns first, innermost first."""
        scopes: dict[str | None, list[ProgramRule]] = {}
        for index in rules:
            rule = self.program.rules[index]
            scopes.setdefault(rule.scope, []).append(rule)
        for scope, members in scopes.items():
            self._auxiliaries.clear()
            self._patterns, self._flags = {}, set()
            patterns = [Pattern(str(rule.index), found) for rule in members for found in self._lower(rule.when, scope)]
            for group in (*(self._patterns[depth] for depth in sorted(self._patterns)), patterns):
                flags = tuple(sorted(self._flags)) if group else ()
                self._flags = set()  # all of the scope's flags are computed before its first group
                self.groups.append(group)
                yield _Step(scope, len(self.groups) - 1, flags)

    def _lower(self, cond: Cond, scope: str | None) -> Iterator[tuple[Comparison, ...]]:
        """Yield the one conjunction that a condition is, or nothing if it can never be true."""
        found: list[Comparison] = []
        for part in _conjuncts(cond):
            if isinstance(part, Lit):
                found.append(self._literal(part))
            elif part.items:
                found.append(Comparison(self._auxiliary(part, scope).property, "$eq", 1))
            else:
                return
        yield tuple(dict.fromkeys(found))

    def _literal(self, literal: Lit) -> Comparison:
        match self.program.leaves[literal.leaf]:
            case AtLeast(fact, code):
                return Comparison(self._property(fact), "$gte" if literal.positive else "$lt", code)
            case OneOf(fact, (int(code),)):
                return Comparison(self._property(fact), "$eq" if literal.positive else "$neq", code)
            case _:
                self._flags.add(literal.leaf)
                return Comparison(f"l{literal.leaf}", "$eq", int(literal.positive))

    def _property(self, fact: FactKey) -> str:
        return self.properties.setdefault(fact, f"f{len(self.properties)}")

    def _auxiliary(self, cond: Or, scope: str | None) -> _Auxiliary:
        if (cond, scope) not in self._auxiliaries:
            self._count += 1
            name = f"a{self._count}"
            depth, patterns = 0, []
            for number, item in enumerate(cond.items):
                for found in self._lower(item, scope):
                    patterns.append(Pattern(f"{name}.{number}", found))
                    inner = [
                        one.depth
                        for one in self._auxiliaries.values()
                        if any(one.property == test.property for test in found)
                    ]
                    depth = max([depth, *(level + 1 for level in inner)])
            self._patterns.setdefault(depth, []).extend(patterns)
            self._auxiliaries[cond, scope] = _Auxiliary(name, depth)
        return self._auxiliaries[cond, scope]


def _conjuncts(cond: Cond) -> Iterator[Lit | Or]:
    if isinstance(cond, And):
        for item in cond.items:
            yield from _conjuncts(item)
    else:
        yield cond
