"""Our `dataclass` makes what the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import operator
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from itertools import product
from typing import Any

import pytest

from engine import decision, model, program, vocabulary
from engine import frozen as ours
from engine.errors import Location
from engine.model import Move, Points
from engine.program import And, Lit, Or
from engine.vocabulary import Change, FactKey, Text

CLASSES = [
    each
    for module in (vocabulary, model, program, decision)
    for each in vars(module).values()
    if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__
]


def both(**members: Any) -> tuple[type[Any], type[Any]]:
    """Return a class with these members, made by the standard library and by us."""
    members = {"__annotations__": {"a": "int", "b": "str"}, "__doc__": "A thing.", **members}
    decorators: list[Callable[..., Any]] = [dataclasses.dataclass, ours.dataclass]
    theirs, made = (make(frozen=True, slots=True)(type("Thing", (), dict(members))) for make in decorators)
    return theirs, made


def test_there_are_many_classes() -> None:
    """The next test looks at something."""
    assert len(CLASSES) > 60


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_is_called_as_the_standard_library_would_have_it(cls: type[Any]) -> None:
    """The same parameters with the same defaults, and no attribute but the fields."""
    fields = dataclasses.fields(cls)
    given = {field.name: field.default for field in fields if field.default_factory is dataclasses.MISSING}
    parameters = inspect.signature(cls).parameters
    empty = inspect.Parameter.empty
    assert list(parameters) == [field.name for field in fields] == list(cls.__match_args__)
    for name, default in given.items():
        assert parameters[name].default is (empty if default is dataclasses.MISSING else default)
    assert cls.__dataclass_params__.frozen


def test_objects_behave_alike() -> None:
    """They are equal, hashed, shown, copied, replaced, taken apart and refused changes alike."""
    for cls in both(b="x"):
        one = cls(1)
        assert (one, hash(one), repr(one)) == (cls(a=1, b="x"), hash((1, "x")), "Thing(a=1, b='x')")
        assert one != cls(2)
        assert one != (1, "x")
        assert replace(one, a=3) == cls(3)
        assert dataclasses.asdict(one) == {"a": 1, "b": "x"}
        assert copy.deepcopy(one) == copy.copy(one) == one
        assert not hasattr(one, "__dict__")
        with pytest.raises(FrozenInstanceError):
            one.a = 2
        with pytest.raises(FrozenInstanceError):
            del one.a
        with pytest.raises(TypeError):
            cls()
        with pytest.raises(TypeError):
            cls(1, "x", 2)
        match one:
            case cls(a, "x"):
                assert a == 1
            case _:
                pytest.fail("the pattern is the object's")


def test_one_class_is_not_the_other() -> None:
    """Objects of different classes differ, whatever their fields; those of one field are equal by it."""
    assert And((Lit(1),)) == And((Lit(1),))
    assert len({And(()), Or(()), And(())}) == 2  # of equal hashes


def test_own_methods_stay() -> None:
    """What a class defines is not replaced."""
    for cls in both(__repr__=lambda _: "mine", __hash__=lambda _: 7):
        assert (repr(cls(1, "x")), hash(cls(1, "x"))) == ("mine", 7)
    assert Text("a", "b")["zh"] == "b"


def test_another_process_gets_the_same() -> None:
    """Objects of the model go to another process and back."""
    gate = model.Gate(
        "g", Text("a", "b"), Text("c", "d"), ("new",), "core", Move.UP, 1,
        (model.Criterion("c", Text("e", "f"), model.All((), Location("f")), Location("f")),), Location("f", 2, 3),
    )  # fmt: skip
    for one in (gate, Points(fact=FactKey("orders", "amount")), Change()):
        assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own


def test_what_is_ordered_is_compared_as_the_standard_librarys() -> None:
    """By contents, field by field, and with nothing else."""
    options = {"frozen": True, "slots": True, "order": True}
    makers: list[Callable[[type], Any]] = [make(**options) for make in (ours.dataclass, dataclasses.dataclass)]
    for fields in (1, 2):
        annotations = dict.fromkeys("ab"[:fields], int)
        one, other = (made(type("Made", (), {"__annotations__": annotations})) for made in makers)
        for left, right in product(product((1, 2), repeat=fields), repeat=2):
            for compare in (operator.lt, operator.le, operator.gt, operator.ge):
                assert compare(one(*left), one(*right)) == compare(other(*left), other(*right))
        with pytest.raises(TypeError):
            assert one(*left) < other(*left)


def test_other_options_are_the_standard_librarys() -> None:
    """Classes that remember something are made there."""

    @ours.dataclass(frozen=True, slots=True)
    class Listed:
        a: list[int] = dataclasses.field(default_factory=list)

    assert Listed() == Listed([])
    assert Listed().a is not Listed().a
