"""What can be said about a customer: enums, facts, collections, constraints.

Rules speak only of what the catalogue declares here. Values are plain Python: bool (flag), int (integer), Decimal
(number), str (category, level, text), date, frozenset of str (set); None is a missing value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from engine.errors import Location
from engine.frozen import dataclass
from engine.said import NOTHING, Said, said

Value = bool | int | Decimal | str | date | frozenset[str]

BEGINNING = date.min
"""The `recorded_from` of a collection that has been recorded since the relationship's beginning."""

LATEST = date(2199, 12, 31)
"""No decision is as of a later day: by then, how long something has lasted still fits the facts that count days."""

MAX_SCALED = 10**13
"""Largest magnitude of an integer or scaled number, so that products with a factor below 9 * 10**5 fit int64."""


class Type(StrEnum):
    """The type of a fact."""

    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    CATEGORY = "category"
    LEVEL = "level"
    DATE = "date"
    TEXT = "text"
    SET = "set"


class Origin(StrEnum):
    """Where a fact's value comes from."""

    MEASURED = "measured"
    DERIVED = "derived"
    REMEMBERED = "remembered"
    PORTFOLIO = "portfolio"


class Changer(StrEnum):
    """Who can change a fact, for what-if questions. What is judged is changed by us, provided that it is so."""

    US = "us"
    CUSTOMER = "customer"
    JUDGED = "judged"
    TIME = "time"
    NOBODY = "nobody"


class Kind(StrEnum):
    """How a collection is recorded: a register is a list kept current, events are things that happened."""

    REGISTER = "register"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that users read, in both languages."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


def exact(number: Decimal, scale: int) -> Decimal:
    """Return a number with so many digits after the point; there is one zero, and no `-0`."""
    return round(number if number else number.copy_abs(), scale)


def lies_within(least: int | Decimal | None, most: int | Decimal | None) -> Said:
    """Return where a number lies, in the words of a message; one bound may be open.

    >>> lies_within(Decimal(1), Decimal(9)), lies_within(None, Decimal(9))
    ('lies between 1 and 9', 'is at most 9')
    """
    if least is not None and most is not None:
        return said("lies between {least} and {most}", least=least, most=most)
    return said("is at most {most}", most=most) if least is None else said("is at least {least}", least=least)


def id_of(word: str, titles: Iterable[tuple[str, Text]]) -> Said:
    """Return a hint for a word that is the title of something, where its id belongs; or nothing.

    >>> id_of("新客户", [("new", Text("new customer", "新客户"))])
    'Write its id, `new`.'
    """
    found = next((name for name, title in titles if word in (title.en, title.zh)), None)
    return NOTHING if found is None else said("Write its id, `{id}`.", id=found)


@dataclass(frozen=True)
class Enum:
    """A closed list of members; an ordered one (lowest first) serves facts of type level."""

    name: str
    title: Text
    members: tuple[str, ...]
    titles: Mapping[str, Text]
    ordered: bool
    at: Location

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """Member to its position, from 0: the code that both executors compute with."""
        return {member: code for code, member in enumerate(self.members)}


@dataclass(frozen=True, slots=True)
class Change:
    """Who can change a fact, in which direction (`up`, `down`, `any`), and at what cost (low 1, medium 3, high 9).

    `grows`: a number of days that grows by one each day until somebody changes it.
    """

    by: Changer = Changer.NOBODY
    direction: str = "any"
    cost: int = 3
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact of the customer (`scope` None) or of a row of the collection `scope`.

    `name` is what rules write: for a member of a family it is `family.member`. `scale` is the number of digits after
    the point of a number. `least` and `most` bound values, both inclusive. After `fresh_days` somebody should ask
    whether it is still so (None: never). `names` is the enum to which the words belong that rules and cases write for
    a text; what is recorded may be another word, such as the id of an action of an earlier version of the pack.
    `unit` stands behind numbers; `unit_zh` in Chinese, where it is another word.
    `is_own`: a pack declares it, not the catalogue; what a feature does not compute is then what somebody says.
    """

    name: str
    scope: str | None
    type: Type
    title: Text
    at: Location
    description: Text | None = None
    unit: str = ""
    enum: str | None = None
    names: str | None = None
    scale: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    origin: Origin = Origin.MEASURED
    default: Value | None = None
    falls_back_to: str | None = None
    change: Change = Change()
    ask: Text | None = None
    ask_role: str | None = None
    fresh_days: int | None = None
    personal: bool = False
    unit_zh: str = ""
    is_own: bool = False
    family: str | None = None
    member: str | None = None

    @property
    def key(self) -> FactKey:
        """The fact's unique key in the vocabulary."""
        return FactKey(self.scope, self.name)

    def unit_in(self, language: str) -> str:
        """Return the unit in a language."""
        return (language == "zh" and self.unit_zh) or self.unit

    @property
    def spelled_by(self) -> str | None:
        """The enum whose members rules and cases may write for this fact: its own, or the one that a text names."""
        return self.enum or self.names

    @property
    def limits(self) -> tuple[Decimal, Decimal]:
        """The least and the largest value of a number: by its range, or what all numbers keep to."""
        widest = Decimal(MAX_SCALED).scaleb(-self.scale)
        return (-widest if self.least is None else self.least, widest if self.most is None else self.most)

    @property
    def is_derived(self) -> bool:
        """Whether rules conclude this fact (a fact with a fallback is resolved by the executors as well)."""
        return self.origin is Origin.DERIVED


class FactKey(NamedTuple):
    """A fact's scope (a collection's name, or None for the customer) and name. (A tuple, as it is hashed so often.)"""

    scope: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.scope}.{self.name}" if self.scope else self.name


@dataclass(frozen=True, slots=True)
class Collection:
    """Rows that belong to a customer. `date` names the row fact that says when an event happened.

    `change` says who can add a row, and at what cost.
    """

    name: str
    title: Text
    kind: Kind
    at: Location
    date: str | None = None
    change: Change = Change()


@dataclass(frozen=True, slots=True)
class Constraint:
    """What holds between two customer facts whenever both are known: `lower <= upper`."""

    lower: str
    upper: str
    at: Location


@dataclass(frozen=True)
class Vocabulary:
    """Everything that rules may speak of."""

    enums: Mapping[str, Enum]
    facts: Mapping[FactKey, Fact]
    collections: Mapping[str, Collection]
    constraints: tuple[Constraint, ...] = ()
    families: Mapping[FactKey, str] = field(default_factory=dict)
    """A family's scope and name to the enum whose members it spans."""

    def fact(self, name: str, scope: str | None = None) -> Fact | None:
        """Return a fact by name, or None if it is not declared."""
        return self.facts.get(FactKey(scope, name))

    def in_scope(self, scope: str | None) -> Iterator[Fact]:
        """Yield the facts of the customer (None) or of one collection, in declared order."""
        return (fact for fact in self.facts.values() if fact.scope == scope)

    def enum_of(self, fact: Fact) -> Enum:
        """Return the enum of a category, level or set fact.

        Raises:
            KeyError: if the fact has no enum.
        """
        return self.enums[fact.enum or ""]

    def words(self) -> dict[str, tuple[str, ...]]:
        """Return the members of each enum by its name."""
        return {enum.name: tuple(enum.members) for enum in self.enums.values()}
