"""Turn a program's conditions into patterns of comparisons that durable-rules can match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from engine.frozen import dataclass
from engine.program import And, AtLeast, Cond, Lit, OneOf, Or, Program, ProgramRule
from engine.session.matcher import PROPERTIES_PER_VIEW, Comparison, Pattern
from engine.vocabulary import FactKey


@dataclass(frozen=True, slots=True)
class Step:
    """A group of patterns to fire in one scope; `flags` are leaves that must be known before."""

    scope: str | None
    group: int
    flags: tuple[int, ...]


@dataclass
class Lowering:
    """Turn conditions into patterns of comparisons.

    A leaf that durable-rules can match becomes a comparison of the fact's property; any other leaf a comparison of one
    of the `flags` that the session computes; a nested `any` the flag of auxiliary patterns that are fired before, one
    for each of its `alternatives`, and it is known how deep it lies (innermost ones 0). Patterns have places: first the
    rules, then the alternatives.
    """

    program: Program
    groups: list[list[Pattern]] = field(default_factory=list)
    properties: dict[FactKey, str] = field(default_factory=dict)
    flags: dict[int, str] = field(default_factory=dict)
    alternatives: list[Cond] = field(default_factory=list)
    depths: dict[str, int] = field(default_factory=dict)
    _auxiliaries: dict[Or, str] = field(default_factory=dict)
    _patterns: dict[int, list[Pattern]] = field(default_factory=dict)
    _new_flags: set[int] = field(default_factory=set)

    def steps(self, rules: Iterable[int]) -> Iterator[Step]:
        """Yield the steps that fire a stratum's rules: in each scope auxiliary patterns first, innermost first."""
        scopes: dict[str | None, list[ProgramRule]] = {}
        for index in rules:
            rule = self.program.rules[index]
            scopes.setdefault(rule.scope, []).append(rule)
        for scope, members in scopes.items():
            self._auxiliaries.clear()
            self._patterns, self._new_flags = {}, set()
            patterns = [
                Pattern(rule.index, found, 1 << rule.index) for rule in members for found in self._lower(rule.when)
            ]
            groups = _with_rules([*(self._patterns[depth] for depth in sorted(self._patterns)), patterns])
            for group in groups:
                self.groups.append(group)
                yield Step(scope, len(self.groups) - 1, tuple(sorted(self._new_flags)))
                self._new_flags = set()  # all of the scope's flags are computed before its first group

    def _lower(self, cond: Cond) -> Iterator[tuple[Comparison, ...]]:
        """Yield the one conjunction that a condition is, or nothing if it can never be true."""
        found: list[Comparison] = []
        for part in _in_portions([*_conjuncts(cond)]):
            if isinstance(part, Lit):
                found.append(self._literal(part))
            elif part.items:
                found.append(Comparison(self._auxiliary(part), "$eq", 1))
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
                self._new_flags.add(literal.leaf)
                name = self.flags.setdefault(literal.leaf, f"l{literal.leaf}")
                return Comparison(name, "$eq", int(literal.positive))

    def _property(self, fact: FactKey) -> str:
        return self.properties.setdefault(fact, f"f{len(self.properties)}")

    def _auxiliary(self, cond: Or) -> str:
        """Return the property that says whether a nested `any` holds; innermost ones are 0 deep."""
        if cond not in self._auxiliaries:
            conjunctions = [(item, found) for item in cond.items for found in self._lower(item)]
            properties = {test.property for _, tests in conjunctions for test in tests}
            name = f"a{len(self.depths)}"
            self._auxiliaries[cond] = name
            depth = self.depths[name] = 1 + max((self.depths.get(inner, -1) for inner in properties), default=-1)
            first = len(self.program.rules) + len(self.alternatives)
            self._patterns.setdefault(depth, []).extend(
                Pattern(first + number, tests, auxiliary=name) for number, (_, tests) in enumerate(conjunctions)
            )
            self.alternatives += [item for item, _ in conjunctions]
        return self._auxiliaries[cond]


def _with_rules(groups: Sequence[Sequence[Pattern]]) -> list[list[Pattern]]:
    """Note in every auxiliary pattern for which rules it is there."""
    found: list[list[Pattern]] = []
    rules: dict[str, int] = {}
    for group in reversed(groups):
        noted = [one._replace(rules=rules.get(one.auxiliary, 0)) if one.auxiliary else one for one in group]
        for pattern in noted:
            for test in pattern.comparisons:
                rules[test.property] = rules.get(test.property, 0) | pattern.rules
        found.insert(0, noted)
    return found


def _in_portions(parts: Sequence[Lit | Or]) -> Sequence[Lit | Or]:
    """Return conjuncts as they are if a pattern holds so many, else portions of them, each as an `any` of one."""
    while len(parts) > PROPERTIES_PER_VIEW:
        starts = range(0, len(parts), PROPERTIES_PER_VIEW)
        parts = [Or((And(tuple(parts[start : start + PROPERTIES_PER_VIEW])),)) for start in starts]
    return parts


def _conjuncts(cond: Cond) -> Iterator[Lit | Or]:
    if isinstance(cond, And):
        for item in cond.items:
            yield from _conjuncts(item)
    else:
        yield cond
