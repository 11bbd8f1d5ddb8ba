"""What both executors return for one customer: plain, frozen data that says what was concluded and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.frozen import dataclass
from engine.snapshot import SnapshotDigest
from engine.vocabulary import Value


class State(StrEnum):
    """A checklist's, or a criterion's, state."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PackStamp:
    """Which rules decided: the pack's name and version, and the digest of the compiled program."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class Fired:
    """A rule whose condition was true, for the customer (`row` empty) or for one row of the rule's collection.

    `because` holds the facts that the condition reads with their values, by name in alphabetical order; a missing
    one is None. Names are as the rule writes them: in a row-scoped rule, `customer.x` is the customer's fact. Facts
    read inside a quantified test are left out (the rows speak for them), and so are a gate's advisory criteria.
    """

    rule: str
    row: str = ""
    because: tuple[tuple[str, Value | None], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Rules of equal rank that fired and disagree about a fact, or hits that a table's policy does not allow.

    `about` is the fact's name, or the table's id; `rules` are in alphabetical order.
    """

    about: str
    row: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Provisional:
    """A result that could still change, the rules that it hangs on, and the facts or collections to find out about.

    `rules` and `unknown` are in alphabetical order; in `unknown`, a row's fact is named `collection.fact`.
    """

    fact: str
    row: str
    rules: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionState:
    """A criterion of a gate, and its state."""

    criterion: str
    state: State


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate that leads away from the present stage; its state is that of its required criteria together."""

    gate: str
    state: State
    criteria: tuple[CriterionState, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate of a scorecard: its points (scale 4) and the rules that fired for it with theirs, by rule id.

    `provisional` is about the points; whether it is eligible can be unknown as well.
    """

    candidate: str
    points: Decimal
    eligible: State
    provisional: bool
    given: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A scorecard's outcome: all candidates, best first (eligible ones before others), and those chosen."""

    scorecard: str
    ranked: tuple[Candidate, ...]
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdvisedAction:
    """An action to take. Its identity is (action, row); an action that is still open keeps its first due date."""

    action: str
    row: str
    due_on: date
    owner: str
    medium: str | None
    urgency: int
    rules: tuple[str, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that follows from one customer's facts and one pack.

    `values` are the customer's derived facts, and facts with a fallback, that have a value; `rows` the same per
    collection and row key, where there are any. `fired`, `conflicts` and `provisional` are sorted; `gates`, `choices`
    and `violated` (the invariants that do not hold) are in the order of their ids, criteria as declared. `actions` are
    in the order of the plan: urgency (high first), due date, id, row.
    """

    customer: str
    as_of: date
    pack: PackStamp
    snapshot: SnapshotDigest
    values: Mapping[str, Value]
    rows: Mapping[str, Mapping[str, Mapping[str, Value]]]
    fired: tuple[Fired, ...]
    conflicts: tuple[Conflict, ...]
    provisional: tuple[Provisional, ...]
    gates: tuple[GateState, ...]
    choices: tuple[Choice, ...]
    actions: tuple[AdvisedAction, ...]
    violated: tuple[str, ...]

    def to_json(self) -> str:
        """Return the decision as JSON: numbers as text so that they stay exact, sets as sorted lists."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, SnapshotDigest):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
