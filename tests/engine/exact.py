"""What a value is, with the types of its parts: `==` takes True and 1 for the same, `repr` a set for several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def exact(value: Any) -> object:
    """Return a value in a form that is equal only for values of the same parts of the same types, in the same order."""
    if isinstance(value, frozenset):
        return frozenset, frozenset(map(exact, value))
    if isinstance(value, Mapping):
        return dict, tuple((exact(name), exact(each)) for name, each in value.items())
    if type(value) is tuple:
        return tuple, tuple(map(exact, value))
    names = getattr(type(value), "__match_args__", None)
    if names:
        return type(value), tuple(exact(getattr(value, name)) for name in names)
    return type(value), repr(value)
