"""What each item of a pack reads and concludes, and so who feeds whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from engine.errors import Location
from engine.model import (
    AddTo,
    Advise,
    Condition,
    Gate,
    Pack,
    Rule,
    Scorecard,
    SetFact,
    Table,
    Test,
    facts_of,
    tests_of,
)
from engine.vocabulary import FactKey, Text

_Part = TypeVar("_Part", FactKey, str)


class Kind(StrEnum):
    """What an item is."""

    RULE = "rule"
    TABLE = "table"
    GATE = "gate"
    SCORECARD = "scorecard"
    INVARIANT = "invariant"
    ACTION = "action"
    PARAMETER = "parameter"
    FACT = "fact"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Item:
    """A rule, table, gate, scorecard or invariant: what its conditions read, what it concludes, what it advises."""

    kind: Kind
    id: str
    title: Text
    at: Location
    reads: tuple[FactKey, ...] = ()
    concludes: tuple[FactKey, ...] = ()
    advises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relations:
    """All items of a pack by id, and for each fact who reads and who concludes it."""

    items: Mapping[str, Item]
    readers: Mapping[FactKey, tuple[str, ...]] = field(default_factory=dict)
    makers: Mapping[FactKey, tuple[str, ...]] = field(default_factory=dict)
    advisers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def relations(pack: Pack) -> Relations:
    """Return what each item of a pack reads and concludes; drafts too."""
    items = {item.id: item for item in _items(pack)}
    return Relations(
        items,
        _by_part((key, item.id) for item in items.values() for key in item.reads),
        _by_part((key, item.id) for item in items.values() for key in item.concludes),
        _by_part((action, item.id) for item in items.values() for action in item.advises),
    )


def _by_part(pairs: Iterable[tuple[_Part, str]]) -> dict[_Part, tuple[str, ...]]:
    found: dict[_Part, list[str]] = defaultdict(list)
    for part, item in pairs:
        found[part].append(item)
    return {part: tuple(ids) for part, ids in found.items()}


def _items(pack: Pack) -> Iterator[Item]:
    yield from (_rule(rule) for rule in pack.rules)
    yield from (_table(table) for table in pack.tables)
    yield from (_gate(gate, pack) for gate in pack.gates)
    yield from (_scorecard(card) for card in pack.scorecards)
    for one in pack.invariants:
        yield Item(Kind.INVARIANT, one.id, one.title, one.at, _distinct(facts_in(one.condition)))


def _rule(rule: Rule) -> Item:
    concludes = (one.fact for one in rule.conclusions if isinstance(one, SetFact | AddTo))
    advises = (one.action for one in rule.conclusions if isinstance(one, Advise))
    reads = facts_in(rule.when)
    return Item(
        Kind.RULE, rule.id, rule.title, rule.at, _distinct(reads), _distinct(concludes), tuple(dict.fromkeys(advises))
    )


def _table(table: Table) -> Item:
    reads = (fact for row in table.rows for fact in facts_in(row.when))
    return Item(Kind.TABLE, table.id, table.title, table.at, _distinct(reads), table.outputs)


def _gate(gate: Gate, pack: Pack) -> Item:
    reads = [pack.ladder.stage, *(fact for one in gate.criteria for fact in facts_in(one.when))]
    return Item(Kind.GATE, gate.id, gate.title, gate.at, _distinct(reads), (pack.ladder.proposed, pack.ladder.move))


def _scorecard(card: Scorecard) -> Item:
    reads = [fact for condition in card.eligible.values() for fact in facts_in(condition)]
    for rule in card.rules:
        reads += [*facts_in(rule.when), *([rule.points.fact] if rule.points.fact else [])]
    return Item(Kind.SCORECARD, card.id, card.title, card.at, _distinct(reads), (card.chooses,))


def _distinct(keys: Iterable[FactKey]) -> tuple[FactKey, ...]:
    return tuple(dict.fromkeys(keys))


def facts_in(condition: Condition) -> Iterator[FactKey]:
    """Yield every fact that a condition reads, inside quantified tests too."""
    for test in tests_of(condition):
        if isinstance(test, Test):
            yield from facts_of(test)
        else:
            yield from facts_in(test.where)
            if test.of is not None:
                yield test.of
