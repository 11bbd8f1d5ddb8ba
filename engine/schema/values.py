"""Schemas of values and of the tests that compare facts with them, from the loader's own tables of operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from engine.load.operands import COUNT, MEASURES, NUMERIC, OPERATORS, TAKE_FACTS, TAKE_LISTS, in_order, scalars_of
from engine.load.values import WrongValueError, value_of
from engine.model import Op, Parameter
from engine.schema.shapes import (
    DATE,
    FLAG,
    NUMBER,
    Definitions,
    Schema,
    both,
    explained,
    listed,
    mapping,
    one_of,
)
from engine.vocabulary import MAX_SCALED, Fact, Text, Type, Vocabulary
from engine.wording import Wording

CUSTOMER = "customer."
_CANDIDATE: Schema = {"type": "string", "pattern": r"\{candidate\}"}
"""What stands for a candidate in a scorecard; the loader knows where it may stand."""


_OF_THE_LANGUAGE = (*MEASURES.values(), COUNT)
"""What tests compare with besides facts; values outside of their ranges are refused in tests, too."""


class Values:
    """Schemas of the values of facts, and of tests on them."""

    def __init__(self, vocabulary: Vocabulary, parameters: Mapping[str, Parameter], definitions: Definitions) -> None:
        self._vocabulary = vocabulary
        self._parameters = parameters
        self._definitions = definitions

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, fact: Fact) -> Schema:
        """Return what accepts a value that the fact may get; for a set, one member."""
        if fact.type in NUMERIC and (fact.least is not None or fact.most is not None):
            most = _number(_largest(fact))
            least = -most if fact.least is None else _number(fact.least)
            return _typed(fact) | {"minimum": least, "maximum": most if fact.most is None else _number(fact.most)}
        return self.constant(fact)

    def constant(self, fact: Fact) -> Schema:
        """Return what accepts a value to compare the fact with."""
        if fact.spelled_by is not None:
            return self.member(fact.spelled_by)
        if fact.type is Type.INTEGER or fact.type is Type.NUMBER:
            most = _number(_largest(fact))
            return _typed(fact) | {"minimum": -most, "maximum": most}
        return _typed(fact)

    def member(self, enum: str) -> Schema:
        """Return what accepts a member of an enum; an editor shows their titles."""
        found = self._vocabulary.enums.get(enum)
        if found is None:
            return {"type": "string"}
        return self._definitions.ref(
            f"member.{enum}", lambda: {"title": both(found.title), **one_of(found.members, found.titles)}
        )

    # --- tests ------------------------------------------------------------------------------------------------------

    def test(self, fact: Fact) -> Schema:
        """Return what accepts that which a condition asks of the fact."""
        return self._definitions.ref(f"test.{_measure(fact)}", lambda: self._test(fact))

    def bounds(self, amount: Fact, ops: list[Op]) -> dict[str, Schema]:
        """Return what accepts each bound of a count or a sum."""
        return {op.value: explained(op.value, self._operand(amount, op, with_facts=False)) for op in ops}

    def any_test(self) -> Schema:
        """Return what accepts a test on a fact that is not known here."""
        keys = {key: explained(key, {}) for key in (*Op, "param", "fact", "times")}
        return {"anyOf": [{"type": ["string", "number", "boolean"]}, listed({}, 1), mapping(keys)]}

    def _test(self, fact: Fact) -> Schema:
        ops = in_order(OPERATORS[fact.type])
        operators = {op.value: explained(op.value, self._operand(fact, op)) for op in ops}
        if Op.IS not in OPERATORS[fact.type]:
            return {"title": ", ".join(ops), **mapping(operators, minProperties=1)}
        asked = {**operators, **self._reference(fact, lists=None)}
        asks = mapping(asked, minProperties=1, dependencies=_STAND_ALONE)
        # A mapping is judged by itself: an editor would else say which of the three comes nearest, often a wrong one.
        offered: Schema = {"type": "object", "properties": {key: explained(key, {}) for key in asked}}
        either = [self._or_candidate(fact), self._list(fact), offered]
        # Without `properties` the server takes the `if` for one of the three, and hovering shows the title thrice.
        return {"anyOf": either, "if": {"type": "object", "properties": {}}, "then": asks}

    def _operand(self, fact: Fact, op: Op, with_facts: bool = True) -> Schema:
        measured = MEASURES.get(op, fact)
        shape = op.value if op is Op.BETWEEN else "list" if op in TAKE_LISTS else "one"
        takes_fact = with_facts and op in TAKE_FACTS
        name = f"{shape}{'_or_fact' if takes_fact else ''}.{_measure(measured)}"
        return self._definitions.ref(name, lambda: self._operand_of(measured, shape, takes_fact))

    def _operand_of(self, fact: Fact, shape: str, takes_fact: bool) -> Schema:
        plain = self._or_candidate(fact) if shape == "one" else self._list(fact)
        if shape == Op.BETWEEN:
            plain = plain | {"minItems": 2, "maxItems": 2}
        lists = shape != "one"
        keys = self._reference(fact, lists) if takes_fact else {"param": self._fitting(fact, lists)}
        return {"anyOf": [plain, mapping(keys, minProperties=1, dependencies=_STAND_ALONE)]}

    def _list(self, fact: Fact) -> Schema:
        element = self._definitions.ref(f"element.{_measure(fact)}", lambda: self._element(fact))
        return listed(element, 1)

    def _element(self, fact: Fact) -> Schema:
        return {"anyOf": [self._or_candidate(fact), mapping({"param": self._fitting(fact, lists=False)}, ("param",))]}

    def _or_candidate(self, fact: Fact) -> Schema:
        constant = self.value(fact) if fact in _OF_THE_LANGUAGE else self.constant(fact)
        return {"anyOf": [constant, _CANDIDATE]} if fact.spelled_by is not None else constant

    def _reference(self, fact: Fact, lists: bool | None) -> dict[str, Schema]:
        """Return the keys under which a parameter or another fact stands instead of a value."""
        fitting = self._fitting(fact, lists) if lists is not None else {
            "anyOf": [self._fitting(fact, lists=False), self._fitting(fact, lists=True)]
        }  # fmt: skip
        keys = {"param": explained("param", fitting), "fact": explained("fact", self._other(fact))}
        return keys | ({"times": explained("times", self.factor())} if fact.type in NUMERIC else {})

    def factor(self) -> Schema:
        """Return what accepts a number, or a parameter that is one."""
        numbers = [name for name, one in self._parameters.items() if _is_number(one)]
        param = self._definitions.ref("parameter.number", lambda: self._one_of_parameters(numbers))
        return {"anyOf": [NUMBER, mapping({"param": param}, ("param",))]}

    # --- parameters and other facts -----------------------------------------------------------------------------------

    def _fitting(self, fact: Fact, lists: bool) -> Schema:
        """Return what accepts a parameter that fits the fact: a list, or a single value."""
        name = f"parameter.{'list' if lists else 'one'}.{_measure(fact)}"
        fits = (one for one in self._parameters.values() if one.is_list == lists and self._fits(one, fact))
        return self._definitions.ref(name, lambda: self._one_of_parameters([one.name for one in fits]))

    def _fits(self, parameter: Parameter, fact: Fact) -> bool:
        """Return whether the loader would take each of a parameter's values for one of the fact's."""
        try:
            for scalar in scalars_of(parameter, parameter.at):
                value_of(scalar, fact, self._vocabulary.enums)
        except WrongValueError:
            return False
        return True

    def _one_of_parameters(self, names: list[str]) -> Schema:
        return one_of(names, {name: _said(self._parameters[name], self._vocabulary) for name in names})

    def _other(self, fact: Fact) -> Schema:
        kind = "number" if fact.type in NUMERIC else f"{fact.type}.{fact.enum}" if fact.enum else fact.type
        return self._definitions.ref(f"comparable.{kind}", lambda: one_of(self._comparable(fact)))

    def _comparable(self, fact: Fact) -> Iterator[str]:
        """Yield the names of the facts with which one is compared, as any scope may write them."""
        found = [one for one in self._vocabulary.facts.values() if _alike(one, fact)]
        names = [one.name for one in sorted(found, key=lambda one: one.scope is not None)]
        yield from dict.fromkeys([*names, *(CUSTOMER + one.name for one in found if one.scope is None)])


_STAND_ALONE: Schema = {
    "param": {"maxProperties": 1},
    "fact": {"propertyNames": {"enum": ["fact", "times"]}},
    "times": {"required": ["fact"]},
}


def _measure(fact: Fact) -> str:
    """Return what facts have in common that are compared with the same things."""
    if fact in _OF_THE_LANGUAGE:
        return fact.name
    scale = str(fact.scale) if fact.type is Type.NUMBER else None
    return ".".join(filter(None, (fact.type, fact.spelled_by, scale)))


def _typed(fact: Fact) -> Schema:
    match fact.type:
        case Type.FLAG:
            return FLAG
        case Type.INTEGER:
            return {"type": "integer"}
        case Type.NUMBER:
            return NUMBER
        case Type.DATE:
            return DATE
        case _:
            return {"type": "string"}


def _largest(fact: Fact) -> Decimal:
    return fact.most if fact.most is not None else Decimal(MAX_SCALED).scaleb(-fact.scale)


def _number(number: Decimal) -> Any:
    """Return a number as JSON writes it."""
    return int(number) if number == int(number) else float(number)


def _alike(one: Fact, other: Fact) -> bool:
    if one.type in NUMERIC and other.type in NUMERIC:
        return True
    return (one.type, one.enum) == (other.type, other.enum)


def _is_number(parameter: Parameter) -> bool:
    values = parameter.values
    return not parameter.is_list and all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in values)


def _said(parameter: Parameter, vocabulary: Vocabulary) -> Text:
    """Return a parameter's title and value, as they are said in both languages."""
    en, zh = (
        wording.listed(
            wording.with_unit(value, unit) if unit and isinstance(value, int | Decimal) else str(value)
            for value in parameter.values
        )
        for wording, unit in (
            (Wording(vocabulary, "en"), parameter.unit),
            (Wording(vocabulary, "zh"), parameter.unit_zh or parameter.unit),
        )
    )
    return Text(f"{parameter.title.en} ({en})", f"{parameter.title.zh}（{zh}）")
