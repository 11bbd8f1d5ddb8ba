"""`dataclass` for the many small classes of the engine: what the standard library makes, in a fifth of the time.

Up to Python 3.12 that compiles six methods for each class, one after the other: for all classes that a `recommend`
needs, a twentieth of its time from the shell (`python -m bench.cold`). Here `__init__` alone is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from functools import partial
    from operator import attrgetter, ge, gt, le, lt

    def dataclass(cls=None, /, **options):
        """Make a class as `dataclasses.dataclass` does."""
        if options not in (_FROZEN, {**_FROZEN, "order": True}):
            return dataclasses.dataclass(cls, **options)
        return partial(_made, order=options.get("order", False))

    _FROZEN = {"frozen": True, "slots": True}

    def _made(cls, order):
        if any(isinstance(each, dataclasses.Field) for each in vars(cls).values()):  # it may have a factory
            return dataclasses.dataclass(cls, **_FROZEN, order=order)
        own = vars(cls).keys()
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
        cls.__dataclass_params__.frozen = True
        cls._content = attrgetter(*cls.__match_args__)
        for name, method in {"__init__": _init(cls), **_METHODS, **(_ORDER if order else {})}.items():
            if name not in own:
                setattr(cls, name, method)
        return cls

    def _init(cls):
        """Return the method that fills the slots, which nothing else can."""
        known, given, lines = {}, [], []
        for field in dataclasses.fields(cls):
            known |= {f"set_{field.name}": getattr(cls, field.name).__set__, f"default_{field.name}": field.default}
            has_default = field.default is not dataclasses.MISSING
            given.append(f"{field.name}=default_{field.name}" if has_default else field.name)
            lines.append(f" set_{field.name}(self, {field.name})")
        exec("\n".join([f"def __init__(self, {', '.join(given)}):", *lines]), known)  # noqa: S102 - of our own names
        return known["__init__"]

    class _Common:
        def __eq__(self, other):
            return self._content(self) == other._content(other) if type(self) is type(other) else NotImplemented

        def __hash__(self):
            return hash(self._content(self))

        def __repr__(self):
            shown = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
            return f"{type(self).__qualname__}({', '.join(shown)})"

        def __reduce__(self):
            return type(self), tuple(getattr(self, name) for name in self.__match_args__)

        def __setattr__(self, name, value):
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name):
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _by_content(compare):
        def method(self, other):
            return compare(self._content(self), other._content(other)) if type(self) is type(other) else NotImplemented

        return method

    _NAMES = ("__eq__", "__hash__", "__repr__", "__reduce__", "__setattr__", "__delattr__")
    _METHODS = {name: vars(_Common)[name] for name in _NAMES}
    _ORDER = {f"__{compare.__name__}__": _by_content(compare) for compare in (lt, le, gt, ge)}
