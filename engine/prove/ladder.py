"""Questions about the ladder: which steps customers can be proposed, and whether they lead round in circles.

A step is confirmed as the account manager would: the proposed stage becomes the recorded one, the days in it start
again, the stage before is remembered. Everything else about the customer stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from engine.model import Ladder
from engine.prove.customer import Changed
from engine.prove.encode import Encoding
from engine.prove.findings import Has, Witness
from engine.prove.prover import Prover
from engine.prove.terms import Term, Whole
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey

Step = tuple[int, int]
"""From one stage to another, by code."""

LONGEST = 8
"""Circles of up to so many steps are looked for: there are as many stages."""


class LadderQuestions:
    """Questions about the steps that gates propose."""

    def __init__(self, prover: Prover, ladder: Ladder) -> None:
        self._prover = prover
        self._ladder = ladder
        self._vocabulary = prover.program.vocabulary
        self._moments: list[_Moment] = []
        self._fitting: dict[frozenset[Step], bool] = {}

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages' names by code."""
        return self._vocabulary.enum_of(self._vocabulary.facts[self._ladder.stage]).members

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step that some customer is proposed."""
        codes = range(len(self.stages))
        moment = self._moment(0)
        return tuple(
            (start, end)
            for start in codes
            for end in codes
            if start != end and self._prover.solve(moment.at(start), moment.goes_to(end)) is not None
        )

    def reaches(self, first: int) -> frozenset[int]:
        """Return the stages that customers can come to from one, by steps that are proposed to some of them."""
        found, waiting = {first}, [first]
        while waiting:
            start = waiting.pop()
            new = {end for begin, end in self.steps if begin == start} - found
            found |= new
            waiting += new
        return frozenset(found)

    # --- circles ---

    def circles(self) -> Iterator[tuple[Step, ...]]:
        """Yield the circles of proposed steps, each once, whose steps fit together two by two."""
        for start in range(len(self.stages)):
            yield from self._circles_from((start,))

    def _circles_from(self, path: tuple[int, ...]) -> Iterator[tuple[Step, ...]]:
        if len(path) > LONGEST:
            return
        for begin, end in self.steps:
            if begin != path[-1] or end < path[0] or (end in path and end != path[0]):
                continue
            steps = tuple(pairwise((*path, end)))
            if not all(self._fit(steps[-1], one) for one in steps[:-1]):
                continue
            if end == path[0]:
                yield steps
            else:
                yield from self._circles_from((*path, end))

    def _fit(self, one: Step, other: Step) -> bool:
        """Return whether a customer can be proposed both steps, each at the stage where it begins."""
        key = frozenset((one, other))
        if key not in self._fitting:
            first, second = self._moment(0), self._moment(1)
            terms = [first.at(one[0]), first.goes_to(one[1]), second.at(other[0]), second.goes_to(other[1])]
            self._fitting[key] = self._prover.solve(*terms) is not None
        return self._fitting[key]

    def goes_round(self, circle: Sequence[Step]) -> tuple[Witness, ...]:
        """Return a customer at each step of a circle, if some customer can be led round; else nothing."""
        moments = [self._moment(place) for place in range(len(circle))]
        terms = []
        for moment, (start, end) in zip(moments, circle, strict=True):
            terms += [moment.at(start), moment.goes_to(end)]
        for place, moment in enumerate(moments[1:], 1):
            terms += moment.confirmed_after(circle[place - 1][0])
        model = self._prover.smallest(*terms)
        if model is None:
            return ()
        base = self._prover.possible(model)
        return tuple(
            Witness(moment.customer(model, base, place), (Has(self._ladder.proposed.name, self.stages[end]),))
            for place, (moment, (_, end)) in enumerate(zip(moments, circle, strict=True), 1)
        )

    def _moment(self, place: int) -> _Moment:
        while len(self._moments) <= place:
            self._moments.append(_Moment(self._prover, self._ladder, len(self._moments)))
        return self._moments[place]


class _Moment:
    """The customer at one step of a circle: alike but for the stage and what is remembered with it."""

    def __init__(self, prover: Prover, ladder: Ladder, place: int) -> None:
        self._prover = prover
        self._ladder = ladder
        keys = [key for key in (ladder.stage, ladder.days, ladder.before, ladder.since) if key is not None]
        self._own = {key: prover.customer.another(key, f"@{place}") for key in keys}
        self._encoding = Encoding(prover.program, Changed(prover.customer, self._own))

    def at(self, stage: int) -> Term:
        """Return whether this stage is recorded."""
        return self._own[self._ladder.stage].has(stage)

    def goes_to(self, stage: int) -> Term:
        """Return whether this stage is proposed."""
        return self._encoding.value(self._ladder.proposed).has(stage)

    def confirmed_after(self, stage: int) -> Iterator[Term]:
        """Yield what holds after somebody confirmed the step here from another stage: today, or some days ago."""
        if self._ladder.before is not None:
            yield self._own[self._ladder.before].has(stage)
        days = self._of(self._ladder.days)
        since = self._of(self._ladder.since)
        for value in (days, since):
            if value is not None:
                yield value.known
        if days is not None and since is not None:
            yield since.code == self._prover.customer.today - days.code

    def _of(self, key: FactKey | None) -> Whole | None:
        value = None if key is None else self._own[key]
        return value if isinstance(value, Whole) else None

    def customer(self, model: object, base: CustomerFacts, step: int) -> CustomerFacts:
        """Return the customer at one step of a solution."""
        return self._prover.customer.changed(model, base, f"step-{step}", self._own)
