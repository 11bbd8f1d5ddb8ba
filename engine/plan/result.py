"""What the plan gives to others: plain arrays and masks, made from bits when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from engine.plan.bits import Mask
from engine.plan.columns import Column
from engine.plan.values import Array
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey

K = TypeVar("K")
V = TypeVar("V")


class Lazy(Mapping[K, V]):
    """A mapping whose values are made when they are first asked for."""

    def __init__(self, makers: Mapping[K, Callable[[], V]]) -> None:
        self._makers = makers
        self._made: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        """Return the value of a key, made now if it is asked for the first time."""
        if key not in self._made:
            self._made[key] = self._makers[key]()
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        """Whether there is such a key (without making its value)."""
        return key in self._makers

    def __iter__(self) -> Iterator[K]:
        """Iterate over the keys."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._makers)


@dataclass(frozen=True)
class Result:
    """The decisions of one chunk of customers, in columns.

    `values` holds single-valued facts as codes with a mask of the known ones; `members` a mask per member of a set;
    `fired` a mask per rule, over customers or, for a row-scoped rule, over the rows whose customers are `owners`;
    `provisional` a mask per fact that is provisional somewhere; `points` int64 at scale 4, customers × candidates;
    `violated` a mask per invariant. Arrays and masks are made, and invariants looked at, when they are asked for; they
    are to be read only.
    """

    customers: pa.ChunkedArray
    values: Mapping[FactKey, Column]
    members: Mapping[FactKey, Mapping[int, Mask]]
    fired: Mapping[int, Mask]
    owners: Mapping[str, Array]
    provisional: Mapping[FactKey, Mask]
    points: Mapping[str, Array]
    violated: Mapping[str, Mask]


@dataclass(frozen=True)
class Compared:
    """The facts of one chunk of customers, what two programs decide on them, and in which facts that may differ."""

    snapshot: Snapshot
    before: Result
    after: Result
    facts: Collection[FactKey]


@dataclass(frozen=True)
class Tested:
    """The leaf tests of a program on one chunk of customers.

    `surely` and `possibly` hold a mask per leaf (true: both, unknown: possibly alone): over customers or, for a leaf
    about a collection's rows, over the rows whose customers are `owners`. `columns` are the facts that leaves compare.
    """

    customers: pa.ChunkedArray
    surely: tuple[Mask, ...]
    possibly: tuple[Mask, ...]
    owners: Mapping[str, Array]
    columns: Mapping[FactKey, Column]
