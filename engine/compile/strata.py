"""Sort rules and facts into strata, so that a fact is complete before anything reads it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from engine.compile.collect import Collector
from engine.errors import Location, Problem, ProblemsError
from engine.model import Pack
from engine.program import (
    Aggregate,
    Resolution,
    Selection,
    Single,
    Stratum,
    Union,
    cond_facts,
)
from engine.said import named, said
from engine.vocabulary import FactKey

Cycle = Sequence[FactKey | int]
"""Facts and rules (by their index) of which each reads the next, and the last the first."""

LONGEST = 100
"""So many rules may wait for each other in a row: far more than anybody follows."""
_DEEPEST = 4 * LONGEST
"""Facts and rules on a way down, which Python's stack can hold."""


class Strata:
    """Sort rules and facts so that a fact is complete before anything reads it."""

    def __init__(self, compiler: Collector, pack: Pack) -> None:
        self._compiler = compiler
        self._folder = Path(pack.at.file).parent
        self._changes = {override.id: override.at for override in pack.overrides}
        self._leaves = compiler.conditions.leaves
        self._resolutions = {
            fact.key: compiler.resolution(fact.key)
            for fact in compiler.vocabulary.facts.values()
            if fact.is_derived or fact.falls_back_to
        }
        self._levels: dict[FactKey, int] = {}
        self._rule_levels: dict[int, int] = {}
        self._complete: list[FactKey] = []
        self._cycles: dict[frozenset[FactKey | int], Cycle] = {}

    def build(self) -> tuple[Stratum, ...]:
        """Return the strata in order.

        Raises:
            ProblemsError: if there is a cycle, or too many rules wait for each other.
        """
        for rule in self._compiler.rules:
            self._rule_level(rule.index, ())
        for key in self._resolutions:
            self._level(key, ())
        if self._cycles:
            raise ProblemsError(map(self._problem, _knots([*self._cycles.values()])))
        depth = max([0, *self._levels.values(), *self._rule_levels.values()])
        if depth > LONGEST:
            raise ProblemsError([self._too_long(next(i for i, level in self._rule_levels.items() if level > LONGEST))])
        rules: dict[int, list[int]] = defaultdict(list)
        for index, level in sorted(self._rule_levels.items()):
            rules[level].append(index)
        resolutions: dict[int, list[Resolution]] = defaultdict(list)
        for key in self._complete:
            resolutions[self._levels[key]].append(self._resolutions[key])
        return tuple(Stratum(tuple(rules[level]), tuple(resolutions[level])) for level in range(depth + 1))

    def _level(self, key: FactKey, path: tuple[FactKey | int, ...]) -> int:
        if key not in self._resolutions:
            return 0
        if key not in self._levels:
            if key in path:
                cycle = path[path.index(key) :]
                self._cycles.setdefault(frozenset(cycle), cycle)
                return 0
            path = (*path, key)
            if len(path) > _DEEPEST:
                raise ProblemsError([self._too_long(path[0])])
            resolution = self._resolutions[key]
            levels = [self._rule_level(rule, path) for rule in _rules_of(resolution)]
            if isinstance(resolution, Single) and resolution.fallback:
                levels.append(self._level(resolution.fallback, path))
            if isinstance(resolution, Selection):
                facts = {fact for form in resolution.candidates for fact in cond_facts(form.eligible, self._leaves)}
                levels.extend(self._level(fact, path) + 1 for fact in sorted(facts, key=str))
            self._levels[key] = max(levels, default=0)
            self._complete.append(key)
        return self._levels[key]

    def _rule_level(self, index: int, path: tuple[FactKey | int, ...]) -> int:
        if index not in self._rule_levels:
            rule = self._compiler.rules[index]
            facts = cond_facts(rule.when, self._leaves) | self._operands.get(index, frozenset())
            levels = [self._level(fact, (*path, index)) for fact in sorted(facts, key=str)]
            self._rule_levels[index] = 1 + max(levels, default=0)
        return self._rule_levels[index]

    @cached_property
    def _operands(self) -> Mapping[int, frozenset[FactKey]]:
        """The facts that point rules multiply."""
        return {
            form.rule: frozenset([form.fact])
            for resolution in self._resolutions.values()
            if isinstance(resolution, Selection)
            for candidate in resolution.candidates
            for form in candidate.points
            if form.fact
        }

    def _too_long(self, last: FactKey | int) -> Problem:
        compiler = self._compiler
        if isinstance(last, FactKey):
            at, what = compiler.vocabulary.facts[last].at, named(said("fact"), str(last))
        else:
            at, what = compiler.places[last], named(said("rule"), compiler.rules[last].id)
        message = said(
            "{what} ends a row of more than {most} rules or facts, each of which needs the one before it.",
            what=what,
            most=LONGEST,
        )
        return Problem(
            at, "too-long", message, said("Let rules read facts that are known earlier, or make one table of many.")
        )

    def _problem(self, knot: Sequence[Cycle]) -> Problem:
        """Return the problem of circles that hang together: the shortest found, where most can be broken.

        Not every way round is looked for: there can be very many.
        """
        shown = min(knot, key=len)
        often = Counter(step for cycle in knot for step in cycle if isinstance(step, int))
        rules = sorted((step for step in shown if isinstance(step, int)), key=lambda rule: -often[rule])
        compiler = self._compiler
        at = self._place(rules) if rules else compiler.vocabulary.facts[_first_fact(shown)].at
        names = [
            named(said("fact"), str(step))
            if isinstance(step, FactKey)
            else named(said("rule"), compiler.rules[step].id)
            for step in shown
        ]
        others = len(knot) - 1
        circle = [*names, names[0]]
        message = (
            said(
                "these rules wait for each other: {rules: ← }, and in at least {number} more {number:way|ways}.",
                rules=circle,
                number=others,
            )
            if others
            else said("these rules wait for each other: {rules: ← }.", rules=circle)
        )
        hint = said("Let one of them read another fact.")
        return Problem(at, "cycle", message, hint)

    def _place(self, rules: Sequence[int]) -> Location:
        """Return where to look for a circle: at a rule of the pack's own, or at what it adds to an inherited one."""
        compiler = self._compiler
        ids = [compiler.rules[rule].id.partition("#")[0] for rule in rules]
        places = [
            *(compiler.places[rule] for rule in rules),
            *(self._changes[name] for name in ids if name in self._changes),
        ]
        return next((place for place in places if place.lies_in(self._folder)), places[0])


def _knots(cycles: Sequence[Cycle]) -> list[list[Cycle]]:
    """Return circles in groups that have no step in common; within one, to break a step may break many circles."""
    knots: list[tuple[set[FactKey | int], list[Cycle]]] = []
    for cycle in cycles:
        touched = [knot for knot in knots if not knot[0].isdisjoint(cycle)]
        knots = [knot for knot in knots if knot[0].isdisjoint(cycle)]
        steps = set(cycle).union(*(knot[0] for knot in touched))
        knots.append((steps, [*(each for knot in touched for each in knot[1]), cycle]))
    return [found for _, found in knots]


def _first_fact(steps: Sequence[FactKey | int]) -> FactKey:
    return next(step for step in steps if isinstance(step, FactKey))


def _rules_of(resolution: Resolution) -> list[int]:
    match resolution:
        case Single():
            return [entry.rule for entry in resolution.entries]
        case Union() | Aggregate():
            return [rule for rule, _ in resolution.entries]
        case Selection():
            return [form.rule for candidate in resolution.candidates for form in candidate.points]
