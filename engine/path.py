"""The ways to another conclusion by what somebody can change: found by the prover, tried out by the executors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from engine.decision import Decision
from engine.derivation import Deriver
from engine.nearest import has, steps_to, why_not
from engine.prove.cheapest import SECONDS, Path, Search, goal_that
from engine.prove.prover import UnansweredError
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey, Value
from engine.ways import WhyNot


class UnverifiedError(RuntimeError):
    """An executor does not come to what the prover found: a failure of the program."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways to a value of a fact (to a member, for a set), cheapest first.

    If the ladder does not lead there in one step, `through` are the stages on the way, and the ways lead to `step`, the
    first of them that is not proposed already: once the stage `confirmed`, which is, has been confirmed. If there is no
    way, `beyond` says what would have to be otherwise that nobody can change, or else `lacking` what the rules lack.
    `in_time`: the prover answered in time.
    """

    fact: FactKey
    wanted: Value
    value: Value | None
    reached: bool
    paths: tuple[Path, ...] = ()
    through: tuple[str, ...] = ()
    step: str = ""
    confirmed: str = ""
    beyond: Path | None = None
    lacking: WhyNot | None = None
    in_time: bool = True


class Executor(Protocol):
    """Decides on customers."""

    def decide_all(self, customers: Iterable[CustomerFacts]) -> list[Decision]:
        """Return the decisions, in the customers' order."""


def find_paths(
    deriver: Deriver,
    executors: Iterable[Executor],
    fact: FactKey,
    wanted: Value,
    most: int,
    seconds: float = SECONDS,
) -> Paths:
    """Return up to so many ways to a value of a customer's fact, or to a member of a set.

    Args:
        deriver: the decision about the customer, and what it rests on.
        executors: those that try out every way: session and plan.
        fact: the fact.
        wanted: the value or member.
        most: how many ways.
        seconds: how long the prover may think about one way.

    Raises:
        UnverifiedError: if an executor does not come to the conclusion by one of them.
    """
    value = deriver.value(fact)
    found = Paths(fact, wanted, value, reached=has(value, wanted))
    if found.reached:
        return found
    customer = deriver.customer
    steps = steps_to(deriver, str(wanted)) if fact == deriver.pack.ladder.proposed else ()
    if len(steps) > 1:
        confirmed = steps[0] if steps[0] == value else ""
        customer = _confirmed(deriver, confirmed) if confirmed else customer
        wanted = steps[1] if confirmed else steps[0]
        found = replace(found, through=steps, step=wanted, confirmed=confirmed)
    goal = goal_that(deriver.program, fact, wanted)
    try:
        paths = tuple(Search(deriver.program, customer, goal, seconds).paths(most))
        beyond = () if paths else Search(deriver.program, customer, goal, seconds, also_past=True).paths(1)
        nearest = next(iter(beyond), None)
    except UnansweredError:
        return replace(found, in_time=False)
    _verify(executors, paths, fact, wanted)
    lacking = why_not(deriver, fact, wanted) if not paths and nearest is None else None
    return replace(found, paths=paths, beyond=nearest, lacking=lacking)


def _confirmed(deriver: Deriver, stage: str) -> CustomerFacts:
    """Return the customer on the day on which a stage is confirmed."""
    ladder, customer = deriver.pack.ladder, deriver.customer
    before = deriver.value(ladder.stage)
    remembered: dict[FactKey | None, Value | None] = {ladder.stage: stage, ladder.days: 0, ladder.before: before}
    remembered[ladder.since] = customer.as_of
    facts = {key.name: value for key, value in remembered.items() if key is not None and value is not None}
    return replace(customer, facts={**customer.facts, **facts})


def _verify(executors: Iterable[Executor], paths: Iterable[Path], fact: FactKey, wanted: Value) -> None:
    """Let the executors decide on the customer at the end of each way."""
    ends = [path.customer for path in paths]
    for executor in executors:
        for end, decision in zip(ends, executor.decide_all(ends), strict=True):
            if not has(decision.values.get(fact.name), wanted):
                raise UnverifiedError(f"{type(executor).__name__} does not come to {fact} = {wanted}: {end}")
