"""The vocabulary of generated packs, with the layers that keep them free of cycles, and customers that speak it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from engine.errors import Location
from engine.model import Pack
from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import (
    BEGINNING,
    LATEST,
    MAX_SCALED,
    Collection,
    Enum,
    Fact,
    FactKey,
    Kind,
    Origin,
    Text,
    Type,
    Value,
    Vocabulary,
)

AT = Location("generated")
TEXT = Text("text", "文字")

KINDS = ("product", "brand", "people")
STAGES = ("potential", "new", "established")
HEIGHTS = ("low", "middle", "high")
RANKS = tuple(f"r{number}" for number in range(130))
ENUMS = {
    "stage": STAGES,
    "move": ("stay", "up", "down", "aside", "back"),
    "kind": KINDS,
    "height": HEIGHTS,
    "rank": RANKS,
    "action_state": ("open", "done"),
}
NEEDS, ORDERS, ACTIONS = "needs", "orders", "actions"
COLLECTIONS = (NEEDS, ORDERS)
PLACED_ON = FactKey(ORDERS, "placed_on")
ASSESSED_STAGE = FactKey(None, "assessed_stage")
ADVISED, CHOICE, CHOICES, EVIDENCED = (FactKey(None, name) for name in ("advised", "choice", "choices", "evidenced"))

AS_OF = date(2024, 3, 1)
DAYS = (0, 1, 2, 30, 30, 100_000)
OTHER_DAYS = (date(201, 1, 1), date(1800, 1, 1), LATEST)
"""As-of dates at the ends of what there is; on the first, `within_days: 100000` begins before there are dates."""

TOP_LAYER = 5
ROW_TOP_LAYER = 3

_ENUM_OF = {Type.CATEGORY: "kind", Type.LEVEL: "height", Type.SET: "kind"}
_SINGLE = tuple(type_ for type_ in Type if type_ is not Type.SET)
_VALUES: dict[Type, tuple[Value, ...]] = {
    Type.FLAG: (True, False),
    Type.INTEGER: (-1, 0, 1, 2, 3),
    Type.CATEGORY: KINDS,
    Type.LEVEL: HEIGHTS,
    Type.DATE: (
        *(AS_OF + timedelta(days) for days in (-31, -30, -29, -2, -1, 0, 1, 2, 30, 31)),
        date.min, date(1800, 1, 1), date(2199, 12, 31), date.max,
    ),
    Type.TEXT: ("", "no", "No", "10:30", "文字", "\u00e9", "e\u0301", "e", "e\0", "\U0001f469\u200d\U0001f467"),
}  # fmt: skip
_LARGE = (-MAX_SCALED, -1, 0, 1, MAX_SCALED - 1, MAX_SCALED)
_NEAR_A_BYTE = ("r0", "r1", "r126", "r127", "r128", "r129")
_AT_THE_ENDS = ("large", "fine")
_NUMBERS = ("-0.1", "0.0", "0.1", "0.3", "1.0", "3.0")
_HUNDREDTHS = ("-0.01", "0.00", "0.01", "0.08", "0.10", "0.30", "1.00")


def values_of(fact: Fact) -> tuple[Value, ...]:
    """Return the few values that constants and customers have for a fact."""
    if fact.enum == "rank":
        return _NEAR_A_BYTE
    if fact.name in _AT_THE_ENDS:
        return tuple(Decimal(code).scaleb(-fact.scale) for code in _LARGE) if fact.scale else _LARGE
    if fact.type is Type.NUMBER:
        return tuple(Decimal(text) for text in (_NUMBERS if fact.scale == 1 else _HUNDREDTHS))
    return ENUMS[fact.enum] if fact.enum in ENUMS else _VALUES[fact.type]


class Facts:
    """A vocabulary in which defaults and fallbacks are random, and the layer of each fact."""

    def __init__(self, rng: Random, actions: tuple[str, ...]) -> None:
        self._rng = rng
        self.layers: dict[FactKey, int] = {}
        self._by_key: dict[FactKey, Fact] = {}
        self._owned: set[FactKey] = {ADVISED, CHOICE, CHOICES, EVIDENCED}
        self._declare()
        enums = {name: _enum(name, members) for name, members in (*ENUMS.items(), ("action", actions))}
        self.vocabulary = Vocabulary(enums, self._by_key, _collections())

    def readable(self, scope: str | None, layer: int) -> list[Fact]:
        """Return the facts of a scope below a layer."""
        return [fact for key, fact in self._by_key.items() if key.scope == scope and self.layers[key] < layer]

    def concluded(self, scope: str | None, layer: int) -> list[Fact]:
        """Return the single-valued facts of a scope that rules may set: mostly of one layer, else from it on."""
        found = [fact for fact in self._derived(scope, layer) if fact.type is not Type.SET]
        at_once = [fact for fact in found if self.layers[fact.key] == layer]
        return at_once if at_once and self._maybe(0.7) else found

    def sets(self, layer: int) -> list[Fact]:
        """Return the sets from a layer on that rules may add to."""
        return [fact for fact in self._derived(None, layer) if fact.type is Type.SET]

    def aggregated(self) -> Iterator[tuple[Fact, int]]:
        """Yield the facts that only a collecting table concludes, with their layers."""
        return ((self._by_key[key], self.layers[key]) for key in sorted(self._owned, key=str) if "tally" in key.name)

    def _derived(self, scope: str | None, layer: int) -> list[Fact]:
        return [
            fact
            for key, fact in self._by_key.items()
            if key.scope == scope and fact.is_derived and self.layers[key] >= layer and key not in self._owned
        ]

    # --- declaring ---------------------------------------------------------------------------------------------------

    def _declare(self) -> None:
        for type_ in _SINGLE:
            self._measured(None, type_)
        self._measured(None, Type.INTEGER, "integer_b")
        for scope in (None, NEEDS):
            self._declare_families(scope)
        for scope in (None, ORDERS):
            self._add(_fact("large", scope, Type.INTEGER), 0)
            self._add(replace(_fact("fine", scope, Type.NUMBER), scale=6), 0)
            self._add(_fact("rank", scope, Type.LEVEL, enum="rank"), 0)
        for scope in COLLECTIONS:
            for type_ in _SINGLE:
                self._measured(scope, type_)
        self._add(_fact(PLACED_ON.name, ORDERS, Type.DATE), 0)
        self._declare_actions()
        for layer in range(1, TOP_LAYER + 1):
            self._declare_layer(layer)
        self._declare_ladder()
        self._add(_fact(ADVISED.name, None, Type.SET, enum="action", origin=Origin.DERIVED), 4)
        self._add(_fact(CHOICE.name, None, Type.CATEGORY, origin=Origin.DERIVED), 3)
        self._add(_fact(EVIDENCED.name, None, Type.SET, origin=Origin.DERIVED), 1)
        self._add(_fact(CHOICES.name, None, Type.SET, origin=Origin.DERIVED), 3)

    def _declare_families(self, scope: str | None) -> None:
        """Declare a measured family, and a derived one of which each member falls back to one of that."""
        for kind in KINDS:
            measured = self._add(_fact(f"trust.{kind}", scope, Type.LEVEL, family="trust", member=kind), 0)
            derived = _fact(f"faith.{kind}", scope, Type.LEVEL, origin=Origin.DERIVED, family="faith", member=kind)
            self._add(replace(derived, falls_back_to=measured.name) if self._maybe(0.5) else derived, 2)

    def _declare_layer(self, layer: int) -> None:
        for type_ in Type:
            if type_ is not Type.TEXT and (type_ in (Type.SET, Type.FLAG) or self._maybe(0.5)):
                self._add_derived(None, type_, layer)
        if self._maybe(0.4):
            self._tally(None, layer)
        for scope in COLLECTIONS if layer <= ROW_TOP_LAYER else ():
            for type_ in (Type.FLAG, Type.INTEGER, Type.NUMBER, Type.CATEGORY, Type.LEVEL):
                if self._maybe(0.6) or type_ is Type.FLAG:
                    self._add_derived(scope, type_, layer)
            if self._maybe(0.3):
                self._tally(scope, layer)

    def _declare_ladder(self) -> None:
        assessed = _fact(ASSESSED_STAGE.name, None, Type.CATEGORY, enum="stage", origin=Origin.DERIVED)
        stage = _fact("stage", None, Type.CATEGORY, enum="stage", origin=Origin.REMEMBERED)
        proposed = _fact("proposed_stage", None, Type.CATEGORY, enum="stage", origin=Origin.DERIVED)
        move = _fact("move", None, Type.CATEGORY, enum="move", origin=Origin.DERIVED)
        self._add(assessed, 1)
        self._add(replace(stage, falls_back_to=assessed.name), 2)
        self._add(replace(proposed, falls_back_to=stage.name), 4)
        self._add(replace(move, default="stay") if self._maybe(0.8) else move, 4)

    def _declare_actions(self) -> None:
        self._add(_fact("action", ACTIONS, Type.CATEGORY, enum="action"), 0)
        self._add(_fact("about", ACTIONS, Type.TEXT), 0)
        self._add(_fact("state", ACTIONS, Type.CATEGORY, enum="action_state"), 0)
        self._add(_fact("due_on", ACTIONS, Type.DATE), 0)
        self._add_derived(ACTIONS, Type.FLAG, 1)

    def _measured(self, scope: str | None, type_: Type, name: str = "") -> None:
        """Declare a measured fact and, sometimes, another that falls back to a derived one."""
        self._add(_fact(name or str(type_), scope, type_), 0)
        if type_ is not Type.TEXT and self._maybe(0.15):
            guessed = self._add(_fact(f"{name or type_}_guess", scope, type_, origin=Origin.DERIVED), 1)
            self._add(replace(_fact(f"{name or type_}_known", scope, type_), falls_back_to=guessed.name), 2)

    def _add_derived(self, scope: str | None, type_: Type, layer: int) -> None:
        fact = _fact(f"{type_}_{layer}", scope, type_, origin=Origin.DERIVED)
        below = [one for one in self.readable(scope, layer) if _kind(one) == _kind(fact)]
        if type_ is not Type.SET and self._maybe(0.3):
            fact = replace(fact, default=self._rng.choice(values_of(fact)))
        if type_ is not Type.SET and below and self._maybe(0.25):
            fact = replace(fact, falls_back_to=self._rng.choice(below).name)
        self._add(fact, layer)

    def _tally(self, scope: str | None, layer: int) -> None:
        type_ = self._rng.choice((Type.INTEGER, Type.NUMBER))
        fact = _fact(f"tally_{layer}", scope, type_, origin=Origin.DERIVED)
        if self._maybe(0.3):
            fact = replace(fact, default=self._rng.choice(values_of(fact)))
        self._add(fact, layer)
        self._owned.add(fact.key)

    def _add(self, fact: Fact, layer: int) -> Fact:
        self._by_key[fact.key] = fact
        self.layers[fact.key] = layer
        return fact

    def _maybe(self, chance: float) -> bool:
        return self._rng.random() >= 1 - chance


def _fact(
    name: str,
    scope: str | None,
    type_: Type,
    *,
    enum: str | None = None,
    origin: Origin = Origin.MEASURED,
    family: str | None = None,
    member: str | None = None,
) -> Fact:
    scale = 0 if type_ is not Type.NUMBER else 1 if scope else 2
    return Fact(
        name, scope, type_, TEXT, AT,
        enum=enum or _ENUM_OF.get(type_), scale=scale, origin=origin, family=family, member=member,
    )  # fmt: skip


def _kind(fact: Fact) -> tuple[Type, str | None, int]:
    return (fact.type, fact.enum, fact.scale)


def _enum(name: str, members: Sequence[str]) -> Enum:
    return Enum(name, TEXT, tuple(members), dict.fromkeys(members, TEXT), name in ("height", "rank"), AT)


def _collections() -> dict[str, Collection]:
    return {
        NEEDS: Collection(NEEDS, TEXT, Kind.REGISTER, AT),
        ORDERS: Collection(ORDERS, TEXT, Kind.EVENTS, AT, PLACED_ON.name),
        ACTIONS: Collection(ACTIONS, TEXT, Kind.REGISTER, AT),
    }


# --- customers -------------------------------------------------------------------------------------------------------


def random_customers(rng: Random, pack: Pack, number: int) -> list[CustomerFacts]:
    """Return customers with random facts, rows and coverage, full of gaps; all as of one day."""
    as_of = rng.choice((*[AS_OF] * 9, *OTHER_DAYS))
    return [_customer(rng, pack.vocabulary, as_of, f"C{index}") for index in range(number)]


def _customer(rng: Random, vocabulary: Vocabulary, as_of: date, name: str) -> CustomerFacts:
    gaps = rng.choice((0.0, 0.1, 0.3, 0.7))
    rows = {collection: _rows(rng, vocabulary, collection, gaps) for collection in vocabulary.collections}
    recorded = {collection: _recorded(rng, as_of) for collection in vocabulary.collections}
    return CustomerFacts(
        customer=name,
        as_of=as_of,
        facts=_stored(rng, vocabulary, None, gaps),
        rows={collection: found for collection, found in rows.items() if found},
        recorded={collection: since for collection, since in recorded.items() if since},
    )


def _stored(rng: Random, vocabulary: Vocabulary, scope: str | None, gaps: float) -> dict[str, Value]:
    return {
        fact.name: rng.choice(_options(fact, vocabulary))
        for fact in vocabulary.in_scope(scope)
        if not fact.is_derived and rng.random() >= (0.7 if fact.name == "about" else gaps)
    }


def _options(fact: Fact, vocabulary: Vocabulary) -> tuple[Value, ...]:
    if fact.name == "about":
        return _ABOUT
    return vocabulary.enum_of(fact).members if fact.enum else values_of(fact)


_ABOUT = ("", "1", "10", "9", "b")
_ROW_KEYS = ("1", "10", "9", "b")


def _rows(rng: Random, vocabulary: Vocabulary, collection: str, gaps: float) -> tuple[Row, ...]:
    keys = rng.sample(_ROW_KEYS, rng.choice((0, 1, 2, 3)))
    return tuple(Row(key, _stored(rng, vocabulary, collection, gaps)) for key in keys)


def _recorded(rng: Random, as_of: date) -> Recorded | None:
    start = rng.choice((None, *[BEGINNING] * 4, *(as_of - timedelta(days) for days in (-1, 0, 1, 29, 30, 31, 500))))
    end = rng.choice((None, None, None, *(as_of + timedelta(days) for days in (-1, 0, 1))))
    return (start, end) if start else None
