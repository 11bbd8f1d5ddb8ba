"""The rule model: what a pack says, as frozen data. It knows neither loader nor executors; every part keeps its place.

`docs/language.md` shows the YAML shape of each part and fixes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from engine.errors import Location
from engine.frozen import dataclass
from engine.vocabulary import FactKey, Text, Value, Vocabulary


class Op(StrEnum):
    """What a test asks of a fact."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    BETWEEN = "between"
    WITHIN_DAYS = "within_days"
    DUE_WITHIN_DAYS = "due_within_days"
    KNOWN = "known"
    HAS = "has"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"


class Quantifier(StrEnum):
    """How a quantified test looks at the rows of a collection."""

    ANY = "any"
    NONE = "none"
    EVERY = "every"
    COUNT = "count"
    SUM = "sum"


class Hit(StrEnum):
    """How the hits of a table become its result, by DMN's names."""

    UNIQUE = "unique"
    ANY = "any"
    PRIORITY = "priority"
    FIRST = "first"
    COLLECT = "collect"


class Collect(StrEnum):
    """What a collecting table makes of its hits."""

    LIST = "list"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"


class Move(StrEnum):
    """In which direction a gate moves the relationship."""

    UP = "up"
    DOWN = "down"
    ASIDE = "aside"
    BACK = "back"


class Told(StrEnum):
    """In which form a talk track is told."""

    STORY = "story"
    CLAIM = "claim"
    QUESTION = "question"


class Status(StrEnum):
    """Whether a rule takes part in decisions."""

    ACTIVE = "active"
    DRAFT = "draft"


# --- operands and conditions ---


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed operand: one value, or several for `one_of`, `between` and the like; `param` names its parameter."""

    values: tuple[Value, ...]
    param: str | None = None

    @property
    def value(self) -> Value:
        """The only value."""
        (value,) = self.values
        return value


@dataclass(frozen=True, slots=True)
class FactOperand:
    """Another fact as operand, times an exact factor."""

    fact: FactKey
    times: Decimal = Decimal(1)


Operand = Constant | FactOperand


@dataclass(frozen=True, slots=True)
class Test:
    """One test on one fact."""

    __test__ = False  # not a test class for pytest

    fact: FactKey
    op: Op
    operand: Operand
    at: Location


@dataclass(frozen=True, slots=True)
class All:
    """True when every item is true; true when empty."""

    items: tuple[Condition, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one item is true; false when empty."""

    items: tuple[Condition, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class Not:
    """True when the item is false."""

    item: Condition
    at: Location


@dataclass(frozen=True, slots=True)
class Bound:
    """What a count or sum must be."""

    op: Op
    operand: Constant


@dataclass(frozen=True, slots=True)
class Quantified:
    """A test over the rows of a collection; `of` is the amount that a sum adds, `bounds` are for count and sum.

    For `every`, `where` is the test that every row must pass.
    """

    collection: str
    quantifier: Quantifier
    where: Condition
    at: Location
    of: FactKey | None = None
    bounds: tuple[Bound, ...] = ()


Condition = Test | All | AnyOf | Not | Quantified


def tests_of(condition: Condition) -> Iterator[Test | Quantified]:
    """Yield the tests that a condition is made of; those inside a quantified one are its own."""
    match condition:
        case All() | AnyOf():
            for item in condition.items:
                yield from tests_of(item)
        case Not():
            yield from tests_of(condition.item)
        case _:
            yield condition


def facts_of(test: Test) -> tuple[FactKey, ...]:
    """Return the facts that a test compares."""
    return (test.fact, test.operand.fact) if isinstance(test.operand, FactOperand) else (test.fact,)


# --- conclusions ---


@dataclass(frozen=True, slots=True)
class SetFact:
    """Give a single-valued derived fact a value."""

    fact: FactKey
    value: Value


@dataclass(frozen=True, slots=True)
class AddTo:
    """Add members to a derived set of the customer."""

    fact: FactKey
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advise:
    """Advise an action of the catalogue; whatever is not None overrides the catalogue."""

    action: str
    in_days: int | None = None
    owner: str | None = None
    medium: str | None = None
    urgency: int | None = None


Conclusion = SetFact | AddTo | Advise


# --- rules and the larger shapes ---


@dataclass(frozen=True, slots=True)
class Rule:
    """When the condition is true, the conclusions hold. `each` names the collection of a row-scoped rule."""

    id: str
    title: Text
    because: Text
    when: Condition
    conclusions: tuple[Conclusion, ...]
    at: Location
    priority: int = 0
    each: str | None = None
    sources: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    status: Status = Status.ACTIVE
    note: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a decision table; its rule id is `table#row`. `values` are aligned with the table's outputs."""

    id: str
    when: Condition
    values: tuple[Value, ...]
    because: Text
    at: Location


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table. Hits resolve inside it; its result competes outside at the table's priority.

    `order` lists the first output's values, best first, for hit policy `priority`.
    """

    id: str
    title: Text
    hit: Hit
    outputs: tuple[FactKey, ...]
    rows: tuple[TableRow, ...]
    at: Location
    collect: Collect | None = None
    order: tuple[Value, ...] = ()
    priority: int = 0
    each: str | None = None
    sources: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a gate's checklist; `condition` is the upgrade condition of the method that it belongs to."""

    id: str
    title: Text
    when: Condition
    at: Location
    condition: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Gate:
    """A checklist between stages. Met when the stage is one of `from_stages` and every required criterion is true.

    Among met gates the highest precedence is proposed.
    """

    id: str
    title: Text
    because: Text
    from_stages: tuple[str, ...]
    to: str
    move: Move
    precedence: int
    criteria: tuple[Criterion, ...]
    at: Location
    sources: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Points:
    """How many points a rule gives: `plus`, and `times` a fact's value if there is a fact; scale 4, half to even."""

    plus: Decimal = Decimal(0)
    fact: FactKey | None = None
    times: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PointRule:
    """Points for one candidate; its rule id is `scorecard#rule@candidate`."""

    id: str
    candidate: str
    when: Condition
    points: Points
    because: Text
    at: Location
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Rank candidates by points and choose the best `best` eligible ones with more than zero points.

    `candidates` stand in the order that breaks ties. `eligible` has a condition for the restricted candidates only.
    `chooses` is the derived fact that receives the choice: a category for one, a set for several.
    """

    id: str
    title: Text
    candidates: tuple[str, ...]
    eligible: Mapping[str, Condition]
    rules: tuple[PointRule, ...]
    chooses: FactKey
    at: Location
    best: int = 1
    fallback: str | None = None
    sources: tuple[str, ...] = ()
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Action:
    """An entry of the action catalogue. `per` names the collection whose rows are part of the action's identity.

    `days` until due; `urgency` from 0 to 100; `cost` is low, medium or high.
    """

    id: str
    title: Text
    family: str
    phase: str
    owner: str
    days: int
    at: Location
    medium: str | None = None
    steps: tuple[Text, ...] = ()
    cost: str = "low"
    urgency: int = 50
    per: str | None = None
    effect: Text | None = None
    heard_by: Text | None = None
    sources: tuple[str, ...] = ()


# --- talk ---


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a kind of value, from the day it is dated to its last day, both inclusive."""

    id: str
    value: str
    text: Text
    source: Text
    dated: date
    valid_until: date
    at: Location

    def holds_on(self, day: date) -> bool:
        """Return whether it is valid on a day."""
        return self.dated <= day <= self.valid_until


@dataclass(frozen=True, slots=True)
class Track:
    """What to say: one kind of value for a customer with one of these needs, framed for what he wants at heart.

    `evidence` are ids; `hearts` may be empty.
    """

    id: str
    value: str
    needs: tuple[str, ...]
    told: Told
    text: Text
    at: Location
    hearts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """A pack's talk tracks, and its evidence by id."""

    tracks: tuple[Track, ...]
    evidence: Mapping[str, Evidence]


# --- the pack ---


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named, documented number or list; `value_at` is where its value stands."""

    name: str
    values: tuple[Value, ...]
    is_list: bool
    title: Text
    at: Location
    value_at: Location
    unit: str = ""
    source: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    unit_zh: str = ""


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must always hold (`never` False) or never (`never` True); unknown is no violation."""

    id: str
    title: Text
    never: bool
    condition: Condition
    at: Location
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Monotonicity:
    """What must hold between customers alike but for one fact: the more of it, never more (or less) of the outcome.

    `more` are the facts, each for itself; `order` lists the outcome's members, least first, where its values are not
    ordered by themselves. A pair of customers counts where both facts and both outcomes are known.
    """

    id: str
    title: Text
    more: tuple[FactKey, ...]
    outcome: FactKey
    raises: bool
    """Whether it is forbidden that the outcome rises; otherwise that it falls."""
    order: tuple[str, ...]
    at: Location
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodItem:
    """An item of the method that the rules carry out; `shown_in` names the commands that carry it out besides rules."""

    id: str
    title: Text
    at: Location
    shown_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """The facts that gates read and conclude; and what is remembered when a stage is confirmed.

    `days` counts the days at the recorded stage, `since` is the day of its confirmation, `before` the stage before.
    """

    stage: FactKey = FactKey(None, "stage")
    proposed: FactKey = FactKey(None, "proposed_stage")
    move: FactKey = FactKey(None, "move")
    days: FactKey | None = None
    since: FactKey | None = None
    before: FactKey | None = None


@dataclass(frozen=True)
class Override:
    """One thing that a pack changes in the pack it extends; the checker lists them."""

    what: str
    id: str
    change: str
    at: Location


@dataclass(frozen=True, eq=False)
class Pack:
    """A whole rule pack together with the vocabulary it speaks. Packs are the same if they are one object.

    The vocabulary already holds what the pack itself declares: `facts.yaml`, the enum `action` (the action
    catalogue's ids) and the customer's set fact `advised` of that enum, to which every `Advise` adds.
    """

    name: str
    version: str
    title: Text
    vocabulary: Vocabulary
    at: Location
    rules: tuple[Rule, ...] = ()
    tables: tuple[Table, ...] = ()
    gates: tuple[Gate, ...] = ()
    scorecards: tuple[Scorecard, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    monotonicity: tuple[Monotonicity, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    method: Mapping[str, MethodItem] = field(default_factory=dict)
    ladder: Ladder = Ladder()
    overrides: tuple[Override, ...] = ()
    talk: Talk | None = None
    """Talk tracks and evidence. With them the vocabulary holds the set `evidenced` of value kinds."""
    shows: Mapping[str, str] = field(default_factory=dict)
    """What a recommendation shows (role, e.g. `value`) to the fact that says it (e.g. `value_next`)."""
    promotion: Mapping[str, int] = field(default_factory=dict)
    """Up to how many per cent of the customers a new version may affect: `change_stage`, `affected`."""
