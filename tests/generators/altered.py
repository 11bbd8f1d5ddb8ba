"""Corner cases with something altered at random: what the loader still takes of them must mean one thing.

The generators of packs make what the language offers; this makes what it may have forgotten to refuse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engine.model import Pack
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import BEGINNING, MAX_SCALED, Fact, Type, Value, Vocabulary
from tests.engine.corner_case_files import corner_catalogue

AS_OF = date(2024, 6, 30)
_DAYS = tuple(AS_OF - timedelta(days) for days in (-31, -1, 0, 1, 30, 365))
_PARTS = ("pack", "conditions")
_ODD: tuple[Any, ...] = (
    0, -1, MAX_SCALED, True, "", "-", "a", "m1", "days", "stage", "complaints", "advised", "0001-01-01",
    Decimal("-0.0"), Decimal("0.00001"), [], {}, ["m1", "m1"], {"fact": "days"}, {"fact": "amount", "times": 3},
    {"known": True},
)  # fmt: skip
_KEYS_OF_FACTS = {
    "origin": ("derived", "measured", "remembered"),
    "type": tuple(Type),
    "enum": ("grade", "kind", "perception"),
    "per": ("kind",),
    "scale": (0, 1, 6),
    "range": ([0, 5], [None, 3]),
    "default": ("a", 1, True),
    "falls_back_to": ("days", "limit", "guess", "amount", "code", "active"),
}

Path = tuple[str | int, ...]


class Altering:
    """Alters corner cases, given as plain data; parts of one may stand in another."""

    def __init__(self, cases: Sequence[Mapping[str, Any]]) -> None:
        self._cases = cases
        self._catalogue = corner_catalogue()
        self._by_key: dict[str, list[Any]] = defaultdict(list)
        for case in cases:
            for part in _PARTS:
                for path, node in _nodes(case.get(part, {})):
                    self._by_key[_key_of(path)].append(node)

    def case(self, rng: Random) -> dict[str, Any]:
        """Return a case with up to three things altered in its rules, or in its catalogue."""
        case = deepcopy(dict(rng.choice(self._cases)))
        for _ in range(rng.choice((1, 1, 2, 3))):
            if rng.random() < 0.1:
                self._alter_fact(case, rng)
            else:
                self._alter_part(case, rng)
        return case

    def _alter_fact(self, case: dict[str, Any], rng: Random) -> None:
        facts = case.setdefault("catalogue", {}).setdefault("facts", {})
        name = rng.choice(sorted(self._catalogue["facts"]))
        key = rng.choice(sorted(_KEYS_OF_FACTS))
        facts[name] = {**self._catalogue["facts"][name], **facts.get(name, {}), key: rng.choice(_KEYS_OF_FACTS[key])}

    def _alter_part(self, case: dict[str, Any], rng: Random) -> None:
        parts = [case[part] for part in _PARTS if case.get(part)]
        if parts:
            self.alter(rng.choice(parts), rng)

    def alter(self, content: Any, rng: Random) -> None:
        """Alter one thing in plain data, where it stands."""
        path, node = rng.choice([each for each in _nodes(content) if each[0]])
        parent, key = _at(content, path[:-1]), path[-1]
        match rng.randrange(6):
            case 0:
                parent[key] = deepcopy(rng.choice(self._by_key.get(_key_of(path), [node])))
            case 1:
                parent[key] = deepcopy(rng.choice(_ODD))
            case 2:
                del parent[key]
            case 3 if isinstance(parent, list):
                parent.insert(rng.randint(0, len(parent)), deepcopy(node))
            case 4 if isinstance(parent, dict):
                parent[rng.choice(sorted(self._by_key))] = parent.pop(key)
            case _ if isinstance(parent, dict):
                other = rng.choice(sorted(self._by_key))
                parent[other] = deepcopy(rng.choice(self._by_key[other]))


def _nodes(content: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, content
    if isinstance(content, dict | list):
        for key, inner in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _nodes(inner, (*path, key))


def _at(content: Any, path: Path) -> Any:
    for key in path:
        content = content[key]
    return content


def _key_of(path: Path) -> str:
    return next((key for key in reversed(path) if isinstance(key, str)), "")


# --- customers of any vocabulary ---


def customers_of(pack: Pack, rng: Random, number: int) -> list[CustomerFacts]:
    """Return customers with random facts, rows and coverage, as of one day."""
    return [_customer(pack.vocabulary, rng, f"C{place}") for place in range(number)]


def _customer(vocabulary: Vocabulary, rng: Random, name: str) -> CustomerFacts:
    gaps = rng.choice((0.1, 0.5, 0.9))
    rows = {
        collection: tuple(
            Row(key, _known(vocabulary, collection, rng, gaps))
            for key in rng.sample(("1", "2", "10"), rng.randint(0, 2))
        )
        for collection in vocabulary.collections
    }
    recorded = {
        collection: (rng.choice((BEGINNING, BEGINNING, *_DAYS)), rng.choice((None, None, *_DAYS)))
        for collection in vocabulary.collections
        if rng.random() < 0.7
    }
    found = {collection: own for collection, own in rows.items() if own}
    return CustomerFacts(name, AS_OF, _known(vocabulary, None, rng, gaps), found, recorded)


def _known(vocabulary: Vocabulary, scope: str | None, rng: Random, gaps: float) -> dict[str, Value]:
    stored = [fact for fact in vocabulary.in_scope(scope) if not fact.is_derived]
    options = {fact.name: _options(vocabulary, fact) for fact in stored}
    return {name: rng.choice(values) for name, values in options.items() if values and rng.random() >= gaps}


def _options(vocabulary: Vocabulary, fact: Fact) -> Sequence[Value]:
    """Return a few values of a fact; none where its enum has no members, such as that of actions without any."""
    match fact.type:
        case Type.FLAG:
            return (True, False)
        case Type.DATE:
            return (*_DAYS, date.min, date.max)
        case Type.TEXT:
            return ("", "a", "A", "1")
        case Type.INTEGER | Type.NUMBER:
            low, high = fact.limits
            inside = [low, *(Decimal(number) for number in (-1, 0, 1, 2, 60) if low <= number <= high), high]
            step = Decimal(1).scaleb(-fact.scale)
            return [number.quantize(step) if fact.type is Type.NUMBER else int(number) for number in inside]
        case _:
            return vocabulary.enum_of(fact).members
