"""What a prover answers: proved, refuted with customers who show it, or not answered in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.decision import Decision
from engine.snapshot import CustomerFacts
from engine.vocabulary import Value


class Kind(StrEnum):
    """What a question asks about a pack."""

    INVARIANT = "invariant"
    MONOTONE = "monotone"
    CONFLICT = "conflict"
    DEAD = "dead"
    OUTPRIORITISED = "outprioritised"
    GAP = "gap"
    REDUNDANT_RULE = "redundant-rule"
    REDUNDANT_CONDITION = "redundant-condition"
    REACHABLE = "reachable"
    CIRCLE = "circle"


class Sameness(StrEnum):
    """What a question asks about two versions of a pack."""

    FACT = "same-fact"
    RULE = "same-rule"


class Verdict(StrEnum):
    """Whether what is asked for holds for every possible customer."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNANSWERED = "unanswered"


# --- what a customer who refutes something must show, when sessions and plans decide on it ---


@dataclass(frozen=True, slots=True)
class Fires:
    """The rule fires, for the customer or for some row; or it does not."""

    rule: str
    fires: bool = True

    def holds(self, decision: Decision) -> bool:
        """Whether a decision shows it."""
        return any(fired.rule == self.rule for fired in decision.fired) is self.fires


@dataclass(frozen=True, slots=True)
class Has:
    """A derived fact of the customer has this value; None: it is missing."""

    fact: str
    value: Value | None

    def holds(self, decision: Decision) -> bool:
        """Whether a decision shows it."""
        return decision.values.get(self.fact) == self.value


@dataclass(frozen=True, slots=True)
class Includes:
    """A derived set of the customer has this member; or it does not."""

    fact: str
    member: str
    included: bool

    def holds(self, decision: Decision) -> bool:
        """Whether a decision shows it."""
        members = decision.values.get(self.fact, frozenset())
        return (isinstance(members, frozenset) and self.member in members) is self.included


@dataclass(frozen=True, slots=True)
class Violates:
    """An invariant does not hold."""

    invariant: str

    def holds(self, decision: Decision) -> bool:
        """Whether a decision shows it."""
        return self.invariant in decision.violated


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Two rules, or rows, are in conflict about a fact or a table."""

    about: str
    rules: frozenset[str]

    def holds(self, decision: Decision) -> bool:
        """Whether a decision shows it."""
        return any(one.about == self.about and self.rules <= set(one.rules) for one in decision.conflicts)


Shows = Fires | Has | Includes | Violates | Conflicts


@dataclass(frozen=True, slots=True)
class Witness:
    """A possible customer, and what a decision about it must show."""

    customer: CustomerFacts
    shows: tuple[Shows, ...]

    def missed(self, decision: Decision) -> tuple[Shows, ...]:
        """Return what a decision about the customer does not show; nothing, if the prover is right."""
        return tuple(one for one in self.shows if not one.holds(decision))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about a pack.

    `about` names what it is about: ids of rules, facts, stages or claims. A refuted claim has witnesses, unless it is
    refuted because no customer does what some customer should (a dead rule, a stage out of reach).
    """

    kind: Kind | Sameness
    about: tuple[str, ...]
    verdict: Verdict
    witnesses: tuple[Witness, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a pack, answered when it is asked."""

    kind: Kind | Sameness
    about: tuple[str, ...]
    ask: Callable[[], Answer]
