"""Every mistake brought before the cases, and what no case finds out looked into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from engine.cases import Case
from engine.mutation.equivalent import Equivalent, Key
from engine.mutation.missing import Missing, Missings
from engine.mutation.mutants import Mutant, Mutants
from engine.mutation.survive import Suite
from engine.program import Program
from engine.prove.prover import UnansweredError
from engine.prove.run import ask_all


class Verdict(StrEnum):
    """What became of a mutant.

    Unnoticed: rules come out otherwise in some case, and nothing that a case expects does. Unseen: rules come out alike
    in all cases, though not for all possible customers. Without effect: no possible customer shows the mistake. Open:
    whether one does was not found out in time. Equivalent: it makes no difference, as the
    pack's authors say and justify.
    """

    FOUND_OUT = "found-out"
    UNNOTICED = "unnoticed"
    UNSEEN = "unseen"
    WITHOUT_EFFECT = "without-effect"
    OPEN = "open"
    EQUIVALENT = "equivalent"


SURVIVES = (Verdict.UNNOTICED, Verdict.UNSEEN, Verdict.OPEN)


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant and what became of it; `missing` is the customer of a case that would find it out, where one is told."""

    place: int
    mutant: Mutant
    verdict: Verdict
    missing: Missing | None = None


class Mutation:
    """A pack's cases, put to the test.

    Args:
        program: the pack, compiled.
        cases: its cases.
        seconds: how long to think about whether one mistake can show at all.
        equivalents: reads what is said of mistakes that make no difference, given all of them.

    Raises:
        ProblemsError: if something is said of what is no mistake.
    """

    def __init__(
        self,
        program: Program,
        cases: Sequence[Case],
        seconds: float = 5.0,
        equivalents: Callable[[Sequence[Mutant]], Mapping[Key, Equivalent]] = lambda mutants: {},  # noqa: ARG005
    ) -> None:
        self.mutants = Mutants(program)
        self.equivalents = equivalents(self.mutants.all)
        self._suite = Suite(self.mutants, cases)
        self._missings = Missings(self.mutants.program, seconds)

    def chosen(self, rules: frozenset[str]) -> list[tuple[int, Mutant]]:
        """Return the mutants of these rules, rows, tables, gates and scorecards, with their places among all."""
        return [
            (place, mutant)
            for place, mutant in enumerate(self.mutants.all)
            if not rules.isdisjoint((mutant.rule, mutant.rule.partition("#")[0]))
        ]

    def run(self, rules: frozenset[str], jobs: int) -> Iterator[Tried]:
        """Try out the mutants of these rules on so many processor cores; yield them in any order."""
        trials = [_Trial(partial(self._tried, place, mutant)) for place, mutant in self.chosen(rules)]
        yield from ask_all(trials, jobs)

    def _tried(self, place: int, mutant: Mutant) -> Tried:
        outcome = self._suite.try_out(mutant)
        if outcome.is_found_out:
            return Tried(place, mutant, Verdict.FOUND_OUT)
        if outcome.unnoticed is not None:
            # A case that shows it disproves whoever said that it makes no difference.
            missing = Missing(outcome.unnoticed.facts, outcome.rule, outcome.fires)
            return Tried(place, mutant, Verdict.UNNOTICED, missing)
        if mutant.key in self.equivalents:
            return Tried(place, mutant, Verdict.EQUIVALENT)
        try:
            possible = self._missings.is_possible(mutant)
        except UnansweredError:
            return Tried(place, mutant, Verdict.OPEN)
        return Tried(place, mutant, Verdict.UNSEEN if possible else Verdict.WITHOUT_EFFECT)

    def with_case(self, tried: Tried) -> Tried:
        """Return what became of a mutant with the case that is missing, if one can be told."""
        if tried.verdict is not Verdict.UNSEEN:
            return tried
        try:
            return replace(tried, missing=self._missings.of(tried.mutant))
        except UnansweredError:
            return tried


@dataclass(frozen=True, slots=True)
class _Trial:
    """A mutant to be tried out."""

    ask: partial[Tried]
