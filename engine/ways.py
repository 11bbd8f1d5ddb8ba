"""What is missing for a conclusion that was not come to, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.decision import State
from engine.model import Quantified, Test
from engine.vocabulary import FactKey, Value


@dataclass(frozen=True, slots=True)
class Missing:
    """A test that is not as a rule needs it: not true, or (`wanted` False) not false.

    `value` is the fact's, or how many rows pass. `criterion` names the line of a gate's checklist. `passes_on` is the
    day from which time alone makes it pass. `way` leads to it if rules conclude the fact. Each of `instead` would do
    as well.
    """

    condition: Test | Quantified
    wanted: bool
    row: str
    truth: bool | None
    value: Value | None
    criterion: str = ""
    passes_on: date | None = None
    way: Way | None = None
    instead: tuple[tuple[Missing, ...], ...] = ()

    @property
    def distance(self) -> int:
        """How many tests have to come out otherwise."""
        return max(1, self.way.distance) if self.way else 1


@dataclass(frozen=True, slots=True)
class Blocker:
    """A rule that fired and comes first, with what it gives."""

    rule: str
    value: Value
    priority: int


@dataclass(frozen=True, slots=True)
class Way:
    """A rule that would give what is wanted; without a name, what holds as long as no rule says otherwise.

    `elsewhere`: it asks for another present stage. `points` are what a rule of a scorecard would add (scale 4), and
    `enough` says whether that would decide. `begins` is the rule's first day, if that is still to come.
    """

    rule: str
    row: str
    value: Value
    priority: int
    missing: tuple[Missing, ...]
    blockers: tuple[Blocker, ...] = ()
    points: Decimal | None = None
    enough: bool = True
    begins: date | None = None
    elsewhere: bool = False

    @property
    def distance(self) -> int:
        """How many tests have to come out otherwise, those of rules in the way included."""
        return sum(one.distance for one in self.missing) + len(self.blockers)

    @property
    def passes_on(self) -> date | None:
        """The day on which time alone leads here, or None if it does not."""
        days = [one.passes_on for one in self.missing] + ([self.begins] if self.begins else [])
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) and not self.blockers else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands against the one that is chosen; `drags` are the rules that take points from it."""

    points: Decimal
    eligible: State
    leader: str
    leader_points: Decimal
    drags: tuple[tuple[str, Decimal], ...]

    @property
    def gap(self) -> Decimal:
        """How many points it is behind."""
        return self.leader_points - self.points


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What leads to a value of a fact (to a member, for a set), nearest first.

    `through` are the stages on the way if the ladder does not lead there in one step. The ways are then those to
    `step`, the first of them that is not proposed already.
    """

    fact: FactKey
    wanted: Value
    value: Value | None
    reached: bool
    ways: tuple[Way, ...]
    through: tuple[str, ...] = ()
    step: str = ""
    standing: Standing | None = None
