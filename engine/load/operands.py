"""What a test compares a fact with: constants, parameters, other facts; exact in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.errors import Location, Problems
from engine.load.form import Form, kind_of
from engine.load.names import Names
from engine.load.values import WrongValueError, check_range, value_of
from engine.model import Constant, FactOperand, Op, Operand, Parameter
from engine.said import NOTHING, Said, quoted, said
from engine.vocabulary import MAX_SCALED, Fact, Text, Type, Value
from engine.yaml12 import Node, YList, YMap, YScalar

NUMERIC = (Type.INTEGER, Type.NUMBER)
INT64_SAFE = 2**62
"""Products in exact comparisons and points stay below this, so that both executors compute them in int64."""

_EQUAL = {Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.KNOWN}
_ORDER = {Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN}
OPERATORS: Mapping[Type, set[Op]] = {
    Type.FLAG: _EQUAL,
    Type.CATEGORY: _EQUAL,
    Type.TEXT: _EQUAL,
    Type.INTEGER: _EQUAL | _ORDER,
    Type.NUMBER: _EQUAL | _ORDER,
    Type.LEVEL: _EQUAL | _ORDER,
    Type.DATE: _EQUAL | _ORDER | {Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS},
    Type.SET: {Op.HAS, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE},
}
"""The operators that apply to a fact of each type."""

TAKE_LISTS = {Op.ONE_OF, Op.NONE_OF, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE, Op.BETWEEN}
TAKE_FACTS = {Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN}


def _internal(name: str, type_: Type, most: int | None = None) -> Fact:
    """Return what an operand is measured by where that is no declared fact."""
    least = None if type_ is Type.FLAG else Decimal(0)
    return Fact(name, None, type_, Text("", ""), Location(""), least=least, most=Decimal(most) if most else None)


COUNT = _internal("count", Type.INTEGER)
_DAYS = _internal("days", Type.INTEGER, 100_000)
_KNOWN = _internal("known", Type.FLAG)
MEASURES = {Op.KNOWN: _KNOWN, Op.WITHIN_DAYS: _DAYS, Op.DUE_WITHIN_DAYS: _DAYS}


@dataclass(frozen=True, slots=True)
class Operands:
    """Read operands against a vocabulary and a pack's parameters."""

    names: Names
    problems: Problems

    def read(self, fact: Fact, op: Op, node: Node, scope: str | None) -> Operand | None:
        """Read the operand of a test on a fact, or return None after noting the problem."""
        if isinstance(node, YMap) and node.get("fact") is not None:
            return self._fact_operand(fact, op, node, scope)
        return self.constant(MEASURES.get(op, fact), op, node)

    def constant(self, fact: Fact, op: Op, node: Node) -> Constant | None:
        """Read a constant or parameter with which an operator compares a fact, or None after noting the problem."""
        if isinstance(node, YMap):
            parameter = self._parameter(node)
            return self._from_parameter(parameter, fact, op, node.at) if parameter is not None else None
        if op in TAKE_LISTS:
            if not isinstance(node, YList):
                message = said("`{op}` takes a list, not {kind}.", op=op, kind=kind_of(node))
                self._problem(node.at, "wrong-shape", message, said("Write `[a, b]`."))
                return None
            scalars = [scalar for item in node.items if (scalar := self._element(item)) is not None]
            return self._checked(fact, op, scalars, None, node.at) if len(scalars) == len(node.items) else None
        if isinstance(node, YScalar):
            return self._checked(fact, op, [node], None, node.at)
        message = said("`{op}` takes one value, not a list.", op=op)
        self._problem(node.at, "wrong-shape", message, said("For several, use `one_of`."))
        return None

    def names_list(self, node: YMap) -> bool:
        """Return whether an operand is a parameter that holds a list."""
        name = node.get("param")
        parameter = self.names.parameters.get(name.text) if isinstance(name, YScalar) else None
        return parameter is not None and parameter.is_list

    def factor(self, form: Form, key: str, default: Decimal) -> Decimal:
        """Return the exact number under an optional key: a constant or `{param: name}`."""
        node = form.node(key)
        if isinstance(node, YMap):
            parameter = self._parameter(node)
            if parameter is None:
                return default
            if parameter.is_list:
                message = said("`{key}` takes one number; `{parameter}` is a list.", key=key, parameter=parameter.name)
                self._problem(node.at, "wrong-shape", message)
                return default
            node = next(iter(scalars_of(parameter, self.names.layers.latest(parameter.value_at, node.at))), None)
        found = form.number_of(node, quoted(key)) if node is not None else None
        return default if found is None else found

    # --- constants --------------------------------------------------------------------------------------------------

    def _parameter(self, node: YMap) -> Parameter | None:
        form = Form(node, said("an operand"), self.problems)
        if not form.has("param"):
            keys = [quoted(key.text) for key, _ in node.entries] or [said("an empty mapping")]
            message = said("a value, `{{param: ...}}` or `{{fact: ...}}` belongs here, not {keys}.", keys=keys)
            self._problem(node.at, "wrong-shape", message)
            return None
        name = form.word("param")
        form.close()
        return self.names.parameter(name, form.value_place("param")) if name else None

    def _from_parameter(self, parameter: Parameter, fact: Fact, op: Op, at: Location) -> Constant | None:
        at = self.names.layers.latest(parameter.value_at, at)
        if not parameter.values or self.problems.has(at):  # its declaration, or this for another use, has been reported
            return None
        if parameter.is_list != (op in TAKE_LISTS):
            values = {"op": op, "parameter": parameter.name}
            message = (
                said("`{op}` takes one value; parameter `{parameter}` is a list.", **values)
                if parameter.is_list
                else said("`{op}` takes a list; parameter `{parameter}` is one value.", **values)
            )
            self._problem(at, "wrong-shape", message)
            return None
        return self._checked(fact, op, list(scalars_of(parameter, at)), parameter.name, at)

    def _element(self, node: Node) -> YScalar | None:
        if isinstance(node, YScalar):
            return node
        parameter = self._parameter(node) if isinstance(node, YMap) else None
        if parameter is not None and not parameter.is_list:
            return next(iter(scalars_of(parameter, self.names.layers.latest(parameter.value_at, node.at))), None)
        if parameter is not None or isinstance(node, YList):
            self._problem(node.at, "wrong-shape", said("an item of a list is a single value."))
        return None

    def _checked(self, fact: Fact, op: Op, scalars: list[YScalar], param: str | None, at: Location) -> Constant | None:
        values = [value for scalar in scalars if (value := self._value(scalar, fact, param)) is not None]
        if len(values) < len(scalars):
            return None
        if not values:
            self._problem(at, "empty-list", said("`{op}` has an empty list.", op=op), said("Name at least one value."))
            return None
        if op is Op.BETWEEN and len(values) != 2:
            message = said("`between` takes two bounds, not {number}.", number=len(values))
            self._problem(at, "wrong-bounds", message, said("Write `[a, b]`."))
            return None
        if op is Op.BETWEEN and self._rank(values[0], fact) > self._rank(values[1], fact):
            message = said("`between` begins at {first}, above {last}.", first=values[0], last=values[1])
            self._problem(at, "wrong-bounds", message, said("Swap the bounds."))
            return None
        return Constant(tuple(values), param)

    def _value(self, scalar: YScalar, fact: Fact, param: str | None) -> Value | None:
        try:
            value = value_of(scalar, fact, self.names.vocabulary.enums)
            if fact in (_DAYS, COUNT):
                check_range(value, fact)
        except WrongValueError as wrong:
            message = said("parameter `{param}`: {wrong}", param=param, wrong=wrong.message) if param else wrong.message
            self._problem(scalar.at, wrong.code, message, self._named(scalar.text) or wrong.hint)
            return None
        return value

    def _named(self, word: str) -> Said:
        """Return how a parameter or a fact is written as an operand whose bare name stands where a value belongs."""
        if word in self.names.parameters:
            return said("Write `{{param: {word}}}` for the parameter.", word=word)
        is_fact = any(key.name == word for key in self.names.vocabulary.facts)
        return said("Write `{{fact: {word}}}` for the fact.", word=word) if is_fact else NOTHING

    def _rank(self, value: Value, fact: Fact) -> int | Decimal:
        if fact.type is Type.LEVEL and isinstance(value, str):
            return self.names.vocabulary.enum_of(fact).codes[value]
        return value if isinstance(value, int | Decimal) else value.toordinal() if isinstance(value, date) else 0

    # --- other facts ------------------------------------------------------------------------------------------------

    def _fact_operand(self, fact: Fact, op: Op, node: YMap, scope: str | None) -> FactOperand | None:
        form = Form(node, said("an operand"), self.problems)
        name, times, has_times = form.node("fact"), self.factor(form, "times", Decimal(1)), form.has("times")
        form.close()
        if not isinstance(name, YScalar):
            if name is not None:
                self._problem(name.at, "wrong-shape", said("`fact` names one fact."))
            return None
        other = self.names.fact(name, scope)
        if other is None:
            return None
        if op not in TAKE_FACTS:
            message = said("`{op}` takes no fact as operand.", op=op)
            hint = said("These do: {operators}.", operators=in_order(TAKE_FACTS))
            self._problem(node.at, "unsuited-operand", message, hint)
            return None
        if fact.type in NUMERIC and other.type in NUMERIC:
            self._check_exact(fact, other, times, node.at)
            return FactOperand(other.key, times)
        if (fact.type, fact.enum) != (other.type, other.enum):
            self._problem(
                name.at,
                "not-comparable",
                said(
                    "`{fact}` ({type}) and `{other}` ({other_type}) cannot be compared.",
                    fact=fact.name,
                    type=_described(fact),
                    other=other.name,
                    other_type=_described(other),
                ),
                said("Compare facts of one type."),
            )
            return None
        if has_times:
            message = said("`{other}` is no number to multiply.", other=other.name)
            self._problem(form.place("times"), "unsuited-operand", message)
            return None
        return FactOperand(other.key)

    def _check_exact(self, left: Fact, right: Fact, times: Decimal, at: Location) -> None:
        digits = max(left.scale, right.scale + decimals(times))
        largest = max(magnitude(left), magnitude(right) * abs(times)).scaleb(digits)
        if largest >= INT64_SAFE:
            self._problem(
                at,
                "too-precise",
                said(
                    "comparing `{left}` with {times} × `{right}` exactly needs more than 62 bits.",
                    left=left.name,
                    times=times,
                    right=right.name,
                ),
                said("Use a factor with fewer digits, or give the facts a narrower `range`."),
            )

    def _problem(self, at: Location, code: str, message: Said, hint: Said = NOTHING) -> None:
        self.problems.add(at, code, message, hint)


def magnitude(fact: Fact) -> Decimal:
    """Return the largest absolute value that a number can have, by its range or by what all numbers keep to."""
    if fact.least is not None and fact.most is not None:
        return max(abs(fact.least), abs(fact.most))
    return Decimal(MAX_SCALED).scaleb(-fact.scale)


def decimals(number: Decimal) -> int:
    """Return how many digits a number has after its point.

    >>> decimals(Decimal("0.80")), decimals(Decimal(100))
    (1, 0)
    """
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def in_order(ops: set[Op]) -> list[Op]:
    """Return operators in the order of their declaration."""
    return [op for op in Op if op in ops]


def scalars_of(parameter: Parameter, at: Location) -> Iterable[YScalar]:
    """Return a parameter's values as if they stood where the parameter is used."""
    for value in parameter.values:
        text = str(value).lower() if isinstance(value, bool) else _written(value)
        yield YScalar(value if isinstance(value, str | int | Decimal) else text, text, at)


def _written(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)  # never with an exponent


def _described(fact: Fact) -> Said:
    return said("{type} of {enum}", type=fact.type, enum=fact.enum) if fact.enum else said("{type}", type=fact.type)
