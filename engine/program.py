"""The normal form of a rule pack: strata of leaf tests and conclusions. It is all that the executors see.

Values are codes here: flags 0 and 1, enum members their position, numbers scaled integers, dates days since
1970-01-01, texts themselves. Every comparison is one of few leaf tests, each distinct test stands once, and negation
stands only at leaves (De Morgan holds in Kleene's logic): `at_most 5` is *not at least 6*, `none` is *not some*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import TypeVar

from engine.decision import PackStamp
from engine.frozen import dataclass
from engine.model import Action, Advise, Collect, Hit
from engine.vocabulary import Fact, FactKey, Type, Value, Vocabulary

Code = int | str
T = TypeVar("T")

EPOCH = date(1970, 1, 1)
POINT_SCALE = 4
CUSTOMERS = "customer."
"""What a row-scoped rule writes before a fact of the customer."""


# --- leaf tests ---


@dataclass(frozen=True, slots=True)
class OneOf:
    """The fact's code is one of these."""

    fact: FactKey
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The fact's code is at least this."""

    fact: FactKey
    code: int


@dataclass(frozen=True, slots=True)
class EqualFacts:
    """left × left_times = right × right_times, in codes."""

    left: FactKey
    left_times: int
    right: FactKey
    right_times: int


@dataclass(frozen=True, slots=True)
class AtLeastFacts:
    """left × left_times ≥ right × right_times, in codes."""

    left: FactKey
    left_times: int
    right: FactKey
    right_times: int


@dataclass(frozen=True, slots=True)
class InDays:
    """as-of + first ≤ date ≤ as-of + last, in days."""

    fact: FactKey
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Known:
    """The fact has a value."""

    fact: FactKey


@dataclass(frozen=True, slots=True)
class Member:
    """The set has this member."""

    fact: FactKey
    code: int


@dataclass(frozen=True, slots=True)
class CountAtLeast:
    """At least `least` rows pass `where`. `window`: days before as-of that must be covered; None: all time."""

    collection: str
    where: Cond
    window: int | None
    least: int


@dataclass(frozen=True, slots=True)
class SumAtLeast:
    """The amounts `of` of the rows that pass `where` add up to at least `least`."""

    collection: str
    where: Cond
    window: int | None
    of: FactKey
    least: int


Quantity = CountAtLeast | SumAtLeast
Leaf = OneOf | AtLeast | EqualFacts | AtLeastFacts | InDays | Known | Member | Quantity


# --- conditions: leaves, positive or negated, under and and or ---


@dataclass(frozen=True, slots=True)
class Lit:
    """The program's leaf with this index, or its negation."""

    leaf: int
    positive: bool = True


@dataclass(frozen=True, slots=True)
class And:
    """True when every item is true."""

    items: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when some item is true."""

    items: tuple[Cond, ...]


Cond = Lit | And | Or
TRUE = And(())


# --- rules and how facts are resolved from them ---


@dataclass(frozen=True, slots=True)
class ProgramRule:
    """A rule, a table's row, a gate or a point rule; `reads` are the facts that its `because` shows."""

    index: int
    id: str
    scope: str | None
    when: Cond
    reads: tuple[FactKey, ...]
    priority: int
    advises: tuple[Advise, ...] = ()
    valid_from: date = date.min
    valid_until: date = date.max

    def is_valid(self, on: date) -> bool:
        """Whether the rule takes part in decisions as of this date."""
        return self.valid_from <= on <= self.valid_until


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule that would give a single-valued fact this value. `owner` is the rule, or the table that it is a row of."""

    rule: int
    value: int
    priority: int
    owner: str


@dataclass(frozen=True, slots=True)
class Single:
    """A single-valued fact: the first fired entry (best first), else the stored value, default, or fallback."""

    fact: FactKey
    entries: tuple[Entry, ...]
    default: int | None
    fallback: FactKey | None


@dataclass(frozen=True, slots=True)
class Union:
    """A set: the members of all fired entries (rule, members)."""

    fact: FactKey
    entries: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A collecting table's result over the fired entries (rule, value); without hits the default."""

    fact: FactKey
    collect: Collect
    entries: tuple[tuple[int, int], ...]
    default: int | None


@dataclass(frozen=True, slots=True)
class PointForm:
    """Points of one rule at scale 4: (value × times + plus) / divisor, half to even; without a fact just plus."""

    rule: int
    plus: int
    fact: FactKey | None = None
    times: int = 0
    divisor: int = 1


@dataclass(frozen=True, slots=True)
class CandidateForm:
    """A candidate of a scorecard; its code is its position in the enum of the chosen fact."""

    name: str
    code: int
    eligible: Cond
    points: tuple[PointForm, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """A scorecard: candidates in the order that breaks ties."""

    fact: FactKey
    scorecard: str
    candidates: tuple[CandidateForm, ...]
    best: int
    fallback: int | None


Resolution = Single | Union | Aggregate | Selection


@dataclass(frozen=True, slots=True)
class Stratum:
    """Rules whose facts are complete once the strata before are done, and the facts complete after them, in order."""

    rules: tuple[int, ...]
    resolutions: tuple[Resolution, ...]


@dataclass(frozen=True, slots=True)
class TableHit:
    """A table's row: its rule and the values of its outputs."""

    rule: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableForm:
    """A table's rows, best first, to watch its hit policy."""

    id: str
    scope: str | None
    hit: Hit
    rows: tuple[TableHit, ...]


@dataclass(frozen=True, slots=True)
class GateForm:
    """A gate's checklist: (criterion, condition) pairs, and all required ones together; `rule` is its rule's index."""

    id: str
    rule: int
    from_codes: tuple[int, ...]
    criteria: tuple[tuple[str, Cond], ...]
    required: Cond


@dataclass(frozen=True, slots=True)
class InvariantForm:
    """What must never be true, or never be false."""

    id: str
    never: bool
    when: Cond


@dataclass(frozen=True)
class Program:
    """A compiled pack."""

    stamp: PackStamp
    vocabulary: Vocabulary
    leaves: tuple[Leaf, ...]
    rules: tuple[ProgramRule, ...]
    strata: tuple[Stratum, ...]
    tables: tuple[TableForm, ...]
    gates: tuple[GateForm, ...]
    invariants: tuple[InvariantForm, ...]
    actions: Mapping[str, Action]
    stage: FactKey

    def fact(self, key: FactKey) -> Fact:
        """Return a declared fact."""
        return self.vocabulary.facts[key]

    @cached_property
    def resolutions(self) -> tuple[Resolution, ...]:
        """The resolutions of all strata, in order."""
        return tuple(resolution for stratum in self.strata for resolution in stratum.resolutions)

    @cached_property
    def decoders(self) -> Mapping[FactKey, Callable[[Code | tuple[int, ...]], Value]]:
        """By fact that rules decide, what returns the value of a code, and of a set's codes."""
        return {key: _decoder(self.vocabulary, self.fact(key)) for key in (each.fact for each in self.resolutions)}

    @cached_property
    def order(self) -> tuple[int, ...]:
        """By rule, its place among all of them in the order of their ids."""
        places = {rule: place for place, rule in enumerate(sorted(rule.id for rule in self.rules))}
        return tuple(places[rule.id] for rule in self.rules)

    @cached_property
    def shown(self) -> tuple[Callable[[Mapping[str, T]], tuple[T, ...]], ...]:
        """By rule, what picks the facts that its `because` shows: as the rule names them, in alphabetical order."""
        return tuple(
            _picker(sorted(key.name if key.scope == rule.scope else f"{CUSTOMERS}{key.name}" for key in rule.reads))
            for rule in self.rules
        )


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, T]], tuple[T, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    if names:
        (name,) = names
        return lambda of: (of[name],)
    return lambda _of: ()


# --- codes ---


def encode(vocabulary: Vocabulary, fact: Fact, value: Value) -> Code:
    """Return the code of one value of a fact (of one member, for a set).

    Raises:
        ValueError: if the value is not one of the fact's type or enum, or has more digits than its scale.
    """
    match fact.type, value:
        case Type.FLAG, bool():
            return int(value)
        case Type.INTEGER, int() if not isinstance(value, bool):
            return value
        case Type.NUMBER, int() | Decimal() if not isinstance(value, bool):
            scaled = Decimal(value).scaleb(fact.scale)
            if scaled == int(scaled):
                return int(scaled)
        case Type.DATE, date():
            return (value - EPOCH).days
        case Type.TEXT, str():
            return value
        case ((Type.CATEGORY | Type.LEVEL | Type.SET), str()):
            code = vocabulary.enum_of(fact).codes.get(value)
            if code is not None:
                return code
    raise ValueError(f"{value!r} is not a value of the fact `{fact.key}` ({fact.type})")


def decode(vocabulary: Vocabulary, fact: Fact, code: Code) -> Value:
    """Return the value of a code; the inverse of `encode`."""
    if isinstance(code, str):
        return code
    match fact.type:
        case Type.FLAG:
            return bool(code)
        case Type.NUMBER:
            return Decimal(code).scaleb(-fact.scale)
        case Type.DATE:
            return EPOCH + timedelta(days=code)
        case Type.CATEGORY | Type.LEVEL | Type.SET:
            return vocabulary.enum_of(fact).members[code]
        case _:
            return code


def code_limits(fact: Fact) -> tuple[int, int]:
    """Return the codes of a number's, or a date's, least and largest value."""
    if fact.type is Type.DATE:
        return (date.min - EPOCH).days, (date.max - EPOCH).days
    least, most = (int(bound.scaleb(fact.scale)) for bound in fact.limits)
    return least, most


def _decoder(vocabulary: Vocabulary, fact: Fact) -> Callable[[Code | tuple[int, ...]], Value]:
    """Return what `decode` returns, looked up where it can be."""
    if not fact.enum:
        values: Sequence[Value] = (False, True)
        return values.__getitem__ if fact.type is Type.FLAG else partial(decode, vocabulary, fact)  # type: ignore[return-value]
    members = vocabulary.enum_of(fact).members
    if fact.type is not Type.SET:
        return members.__getitem__  # type: ignore[return-value]  # such a fact's code is a position
    return lru_cache(maxsize=1024)(lambda codes: frozenset([members[code] for code in codes]))


def cond_leaves(cond: Cond) -> Iterator[int]:
    """Yield the indices of the leaves that a condition is made of."""
    if isinstance(cond, Lit):
        yield cond.leaf
    else:
        for item in cond.items:
            yield from cond_leaves(item)


def cond_facts(cond: Cond, leaves: Sequence[Leaf]) -> set[FactKey]:
    """Return every fact that a condition reads, inside quantified tests too."""
    if isinstance(cond, Lit):
        leaf = leaves[cond.leaf]
        found = set(leaf_facts(leaf))
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            found |= cond_facts(leaf.where, leaves)
            if isinstance(leaf, SumAtLeast):
                found.add(leaf.of)
        return found
    return {fact for item in cond.items for fact in cond_facts(item, leaves)}


def leaf_facts(leaf: Leaf) -> tuple[FactKey, ...]:
    """Return the facts that a leaf tests directly; none for a quantified test."""
    match leaf:
        case EqualFacts() | AtLeastFacts():
            return (leaf.left, leaf.right)
        case CountAtLeast() | SumAtLeast():
            return ()
        case _:
            return (leaf.fact,)


def leaf_scope(leaf: Leaf) -> str | None:
    """Return the collection whose rows the leaf is about, or None for the customer."""
    return next((fact.scope for fact in leaf_facts(leaf) if fact.scope), None)
