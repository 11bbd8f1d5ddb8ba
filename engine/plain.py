"""A loaded pack as plain data, and back: what commands read instead of YAML. Data alone; nothing in it can run.

The text is JSON: a list of batches `[kind, ...]`, each of values of one kind, made of values of the batches before.
Values are numbered as they come and equal ones stand once; a batch of a class has one column of numbers for each of
its fields. So most of the reading is done in C, and takes a tenth of the time of reading and checking YAML.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from engine import decision, errors, model, program, vocabulary

_CLASSES: Mapping[str, type[Any]] = {
    each.__name__: each
    for module in (errors, vocabulary, decision, model, program)
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == module.__name__
}
_LISTS: Mapping[str, Callable[[Iterator[Any]], Any]] = {"tuple": tuple, "frozenset": frozenset}
_TEXTS: Mapping[str, Callable[[str], Any]] = {"date": date.fromisoformat, "Decimal": Decimal}
_PLAIN = "plain"
_MAP = "dict"


def from_plain(text: str) -> Any:
    """Return the value of a text that `to_plain` of this version made; of any other there is no saying."""
    values: list[Any] = []
    for kind, *content in json.loads(text):
        values += _values(kind, content, values.__getitem__)
    return values[-1]


def _values(kind: str, content: list[Any], get: Callable[[int], Any]) -> Iterator[Any]:
    """Return the values of a batch; `get` returns a value before it by its number."""
    if kind in _LISTS:
        return (_LISTS[kind](map(get, row)) for row in content)
    if kind in _TEXTS:
        return map(_TEXTS[kind], content)
    if kind == _MAP:
        return (dict(zip(map(get, row[::2]), map(get, row[1::2]), strict=True)) for row in content)
    if kind == _PLAIN:
        return iter(content)
    made = _CLASSES[kind]
    return map(made, content) if issubclass(made, Enum) else map(made, *(map(get, column) for column in content))


def to_plain(value: object) -> str:
    """Return a value that is made of parts of packs and programs as text.

    Raises:
        TypeError: if anything in it is of another class.
    """
    parts = _Parts()
    parts.number(value)
    return json.dumps(list(parts.batches()), ensure_ascii=False, separators=(",", ":"))


class _Parts:
    """The distinct parts that a value is made of, numbered."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, type, Any], int] = {}  # by kind and content: numbers of parts, or plain data
        self._depths: list[int] = []  # by number
        self._known: dict[int, int] = {}  # by the identity of objects, which all live as long as the whole value

    def number(self, value: object) -> int:
        """Return the number of a value, whose parts have got theirs by then."""
        if id(value) not in self._known:
            kind, content = self._apart(value)
            depth = 1 + max((self._depths[part] for part in content), default=0) if isinstance(content, tuple) else 0
            number = self._numbers.setdefault((kind, type(content), content), len(self._depths))
            if number == len(self._depths):
                self._depths.append(depth)
            self._known[id(value)] = number
        return self._known[id(value)]

    def _apart(self, value: Any) -> tuple[str, Any]:
        """Return the kind of a value, and the numbers of its parts or, if it has none, plain data."""
        if value is None or type(value) in (bool, int, str):
            return _PLAIN, value
        kind = type(value).__name__
        if type(value) in (date, Decimal):
            return kind, str(value)
        if kind == _MAP:
            return _MAP, tuple(map(self.number, chain.from_iterable(value.items())))
        if kind in _LISTS:
            numbers = map(self.number, value)
            return kind, tuple(numbers if kind == "tuple" else sorted(numbers))
        if type(value) is not _CLASSES.get(kind):
            raise TypeError(f"{type(value).__name__} is no part of a pack or program")
        if isinstance(value, Enum):
            return kind, value.value
        return kind, tuple(self.number(getattr(value, name)) for name in value.__match_args__)

    def batches(self) -> Iterator[list[Any]]:
        """Yield all parts, each after those that it is made of."""
        found = [(self._depths[number], kind, number, content) for (kind, _, content), number in self._numbers.items()]
        found.sort(key=itemgetter(0, 1, 2))
        places = {number: place for place, (_, _, number, _) in enumerate(found)}
        for (depth, kind), batch in groupby(found, key=itemgetter(0, 1)):
            contents = [content for *_, content in batch]
            if depth:
                contents = [[places[part] for part in content] for content in contents]
            by_field = kind in _CLASSES and depth
            yield [kind, *(zip(*contents, strict=True) if by_field else contents)]
