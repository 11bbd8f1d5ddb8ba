"""Conditions: mappings of facts to tests, `any`, `all`, `not`, and quantified tests over a collection's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import Location, Problems, did_you_mean
from engine.load.form import Form, kind_of
from engine.load.values import WrongValueError, value_of
from engine.model import (
    All,
    AnyOf,
    Bound,
    Condition,
    Constant,
    FactOperand,
    Not,
    Op,
    Operand,
    Parameter,
    Quantified,
    Quantifier,
    Test,
)
from engine.vocabulary import MAX_SCALED, Fact, FactKey, Text, Type, Value, Vocabulary
from engine.yaml12 import Node, YList, YMap, YScalar

NUMERIC = (Type.INTEGER, Type.NUMBER)
INT64_SAFE = 2**62
"""Products in exact comparisons and points stay below this, so that both executors compute them in int64."""

_OPS = frozenset(op.value for op in Op)
_QUANTIFIERS = tuple(quantifier.value for quantifier in Quantifier)
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
_LISTS = {Op.ONE_OF, Op.NONE_OF, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE}
_COMPARES_FACTS = {Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN}
_BOUNDS = {Op.IS, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN}
_NOWHERE = Location("")
_DAYS = Fact("days", None, Type.INTEGER, Text("", ""), _NOWHERE, least=Decimal(0), most=Decimal(100_000))
_COUNT = Fact("count", None, Type.INTEGER, Text("", ""), _NOWHERE, least=Decimal(0))
_KNOWN = Fact("known", None, Type.FLAG, Text("", ""), _NOWHERE)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Read conditions against a vocabulary and a pack's parameters."""

    vocabulary: Vocabulary
    parameters: Mapping[str, Parameter]
    problems: Problems

    def read(self, node: Node, scope: str | None) -> Condition:
        """Read a condition on the customer (scope None) or on a row of the collection `scope`."""
        if not isinstance(node, YMap):
            hint = "Put the list under `all:` or `any:`." if isinstance(node, YList) else ""
            self._problem(node.at, "wrong-shape", f"a condition maps facts to tests; this is {kind_of(node)}.", hint)
            return All((), node.at)
        return _conjunction([self.entry(key, value, scope) for key, value in node.entries], node.at)

    def optional(self, form: Form, key: str, scope: str | None) -> Condition:
        """Read the condition under an optional key; without it the condition is always true."""
        node = form.node(key)
        return self.read(node, scope) if node is not None else All((), form.at)

    def required(self, form: Form, key: str, scope: str | None) -> Condition:
        """Read the condition under a required key."""
        node = form.required(key)
        return self.read(node, scope) if node is not None else All((), form.at)

    def entry(self, key: YScalar, node: Node, scope: str | None) -> Condition:
        """Read one line of a condition: a connective, or a name and what is asked of it."""
        if key.text in ("any", "all"):
            items = tuple(self.read(item, scope) for item in self._listed(key, node))
            return AnyOf(items, key.at) if key.text == "any" else _conjunction(list(items), key.at)
        if key.text == "not":
            return Not(self.read(node, scope), key.at)
        if key.text in self.vocabulary.collections and self.vocabulary.fact(key.text, scope) is None:
            return self._quantified_tests(key, node, scope)
        fact = self.fact(key, scope)
        return self._tests(fact, key, node, scope) if fact is not None else All((), key.at)

    def fact(self, name: YScalar, scope: str | None) -> Fact | None:
        """Return the fact that a name means in a scope, or None after noting the problem."""
        if scope is not None and name.text.startswith("customer."):
            return self._declared(name, name.text.removeprefix("customer."), None)
        return self._declared(name, name.text, scope)

    def _declared(self, at: YScalar, name: str, scope: str | None) -> Fact | None:
        fact = self.vocabulary.fact(name, scope)
        if fact is None:
            where = f"a row of `{scope}`" if scope else "the customer"
            self._problem(at.at, "unknown-fact", f"{where} has no fact `{name}`.", self._meant(name, scope))
        return fact

    def _meant(self, name: str, scope: str | None) -> str:
        if name in self.vocabulary.families:
            enum = self.vocabulary.enums[self.vocabulary.families[name]]
            return f"There is one for each {enum.name}, such as `{name}.{enum.members[0]}`."
        if scope is not None and self.vocabulary.fact(name) is not None:
            return f"Write `customer.{name}` for the customer's fact."
        owners = [key.scope for key in self.vocabulary.facts if key.name == name and key.scope]
        if owners and scope is None:
            return f"A row of `{owners[0]}` has it: test it under `{owners[0]}: {{any: ...}}`."
        names = [fact.name for fact in self.vocabulary.in_scope(scope)]
        if scope is None:
            names += self.vocabulary.collections
        else:
            names += [f"customer.{fact.name}" for fact in self.vocabulary.in_scope(None)]
        return did_you_mean(name, names)

    # --- tests ----------------------------------------------------------------------------------------------------

    def _tests(self, fact: Fact, key: YScalar, node: Node, scope: str | None) -> Condition:
        if not isinstance(node, YMap):
            return self._test(fact, Op.ONE_OF if isinstance(node, YList) else Op.IS, node, key.at, scope)
        if not node.entries:
            self._problem(
                node.at, "empty-test", f"nothing is asked of `{key.text}`.", "Write a value or `known: true`."
            )
        if any(name.text in ("param", "fact") for name, _ in node.entries):
            op = Op.ONE_OF if self._names_list(node) else Op.IS
            return self._test(fact, op, node, key.at, scope)
        return _conjunction([self._operator(fact, name, value, scope) for name, value in node.entries], node.at)

    def _operator(self, fact: Fact, name: YScalar, node: Node, scope: str | None) -> Condition:
        if name.text not in _OPS:
            hint = (
                did_you_mean(name.text, _OPS) or f"A {fact.type} takes: {', '.join(_in_order(OPERATORS[fact.type]))}."
            )
            self._problem(name.at, "unknown-operator", f"there is no operator `{name.text}`.", hint)
            return All((), name.at)
        return self._test(fact, Op(name.text), node, name.at, scope)

    def _test(self, fact: Fact, op: Op, node: Node, at: Location, scope: str | None) -> Condition:
        if op not in OPERATORS[fact.type]:
            unordered = fact.type is Type.CATEGORY and op in _ORDER
            hint = "Its enum is not ordered. " if unordered else ""
            hint += f"A {fact.type} takes: {', '.join(_in_order(OPERATORS[fact.type]))}."
            self._problem(at, "unsuited-operator", f"`{op}` does not apply to `{fact.name}`, a {fact.type}.", hint)
            return All((), at)
        operand = self._operand(fact, op, node, scope)
        return Test(fact.key, op, operand, at) if operand is not None else All((), at)

    def _names_list(self, node: YMap) -> bool:
        name = node.get("param")
        parameter = self.parameters.get(name.text) if isinstance(name, YScalar) else None
        return parameter is not None and parameter.is_list

    # --- operands ---------------------------------------------------------------------------------------------------

    def _operand(self, fact: Fact, op: Op, node: Node, scope: str | None) -> Operand | None:
        if isinstance(node, YMap) and node.get("fact") is not None:
            return self._fact_operand(fact, op, node, scope)
        measure = _KNOWN if op is Op.KNOWN else _DAYS if op in (Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS) else fact
        return self._constant(measure, op, node)

    def _constant(self, fact: Fact, op: Op, node: Node) -> Constant | None:
        param = None
        if isinstance(node, YMap):
            parameter = self._parameter(node)
            if parameter is None:
                return None
            param = parameter.name
            scalars = [_scalar(value, node.at) for value in parameter.values]
            if parameter.is_list != (op in _LISTS or op is Op.BETWEEN):
                one, many = ("one value", "a list") if parameter.is_list else ("a list", "one value")
                self._problem(node.at, "wrong-shape", f"`{op}` takes {one}; parameter `{param}` is {many}.")
                return None
        elif op in _LISTS or op is Op.BETWEEN:
            if not isinstance(node, YList):
                self._problem(node.at, "wrong-shape", f"`{op}` takes a list, not {kind_of(node)}.", "Write `[a, b]`.")
                return None
            scalars = [scalar for item in node.items if (scalar := self._element(item)) is not None]
            if len(scalars) < len(node.items):
                return None
        elif isinstance(node, YScalar):
            scalars = [node]
        else:
            self._problem(node.at, "wrong-shape", f"`{op}` takes one value, not a list.", "For several, use `one_of`.")
            return None
        return self._checked(fact, op, scalars, param, node.at)

    def _element(self, node: Node) -> YScalar | None:
        if isinstance(node, YScalar):
            return node
        if isinstance(node, YMap):
            parameter = self._parameter(node)
            if parameter is None:
                return None
            if not parameter.is_list:
                (value,) = parameter.values
                return _scalar(value, node.at)
        self._problem(node.at, "wrong-shape", "an item of a list is a single value.")
        return None

    def _checked(self, fact: Fact, op: Op, scalars: list[YScalar], param: str | None, at: Location) -> Constant | None:
        values = [value for scalar in scalars if (value := self.value(scalar, fact, param)) is not None]
        if len(values) < len(scalars):
            return None
        if not values:
            self._problem(at, "empty-list", f"`{op}` has an empty list.", "Name at least one value.")
            return None
        if op is Op.BETWEEN and len(values) != 2:
            self._problem(at, "wrong-bounds", f"`between` takes two bounds, not {len(values)}.", "Write `[from, to]`.")
            return None
        if op is Op.BETWEEN and self._rank(values[0], fact) > self._rank(values[1], fact):
            self._problem(
                at, "wrong-bounds", f"`between` begins at {values[0]}, above {values[1]}.", "Swap the bounds."
            )
            return None
        return Constant(tuple(values), param)

    def value(self, scalar: YScalar, fact: Fact, param: str | None = None) -> Value | None:
        """Return a scalar as a value of the fact, or None after noting the problem."""
        try:
            value = value_of(scalar, fact, self.vocabulary.enums)
            if fact in (_DAYS, _COUNT) and isinstance(value, int):
                _check_internal(value, fact)
        except WrongValueError as wrong:
            source = f"parameter `{param}`: " if param else ""
            self._problem(scalar.at, wrong.code, source + wrong.message, wrong.hint)
            return None
        return value

    def _rank(self, value: Value, fact: Fact) -> float:
        if fact.type is Type.LEVEL and isinstance(value, str):
            return self.vocabulary.enum_of(fact).codes[value]
        return value.toordinal() if hasattr(value, "toordinal") else value  # type: ignore[return-value]

    def _parameter(self, node: YMap) -> Parameter | None:
        form = Form(node, "an operand", self.problems)
        if not form.has("param"):
            known = ", ".join(key.text for key, _ in node.entries) or "nothing"
            self._problem(
                node.at, "wrong-shape", f"an operand is a value, `{{param: ...}}` or `{{fact: ...}}`, not {known}."
            )
            return None
        name = form.word("param")
        form.close()
        return self.parameter(name, form.place("param")) if name else None

    def parameter(self, name: str, at: Location) -> Parameter | None:
        """Return a parameter by name, or None after noting the problem."""
        found = self.parameters.get(name)
        if found is None:
            hint = did_you_mean(name, self.parameters) or "Declare it under `parameters`."
            self._problem(at, "unknown-parameter", f"there is no parameter `{name}`.", hint)
        return found

    def factor(self, form: Form, key: str, default: Decimal) -> Decimal:
        """Return the exact number under an optional key: a constant or `{param: name}`."""
        node = form.node(key)
        if isinstance(node, YMap):
            parameter = self._parameter(node)
            values = parameter.values if parameter is not None else ()
            node = _scalar(values[0], node.at) if values else None
        found = form.number_of(node, f"`{key}`") if node is not None else None
        return default if found is None else found

    def _fact_operand(self, fact: Fact, op: Op, node: YMap, scope: str | None) -> FactOperand | None:
        form = Form(node, "an operand", self.problems)
        name = form.required("fact")
        times = self.factor(form, "times", Decimal(1))
        has_times = form.has("times")
        form.close()
        if not isinstance(name, YScalar):
            self._problem(node.at, "wrong-shape", "`fact` names one fact.")
            return None
        other = self.fact(name, scope)
        if other is None:
            return None
        if op not in _COMPARES_FACTS:
            allowed = ", ".join(_in_order(_COMPARES_FACTS))
            self._problem(node.at, "unsuited-operand", f"`{op}` takes no fact as operand.", f"These do: {allowed}.")
        elif fact.type in NUMERIC and other.type in NUMERIC:
            self._check_exact(fact, other, times, node.at)
            return FactOperand(other.key, times)
        elif (fact.type, fact.enum) != (other.type, other.enum):
            self._problem(
                name.at,
                "not-comparable",
                f"`{fact.name}` ({_described(fact)}) and `{other.name}` ({_described(other)}) cannot be compared.",
            )
        elif has_times:
            self._problem(form.place("times"), "unsuited-operand", f"`times` needs a number; `{other.name}` is none.")
        else:
            return FactOperand(other.key)
        return None

    def _check_exact(self, left: Fact, right: Fact, times: Decimal, at: Location) -> None:
        digits = max(left.scale, right.scale + decimals(times))
        largest = max(magnitude(left), magnitude(right) * abs(times)).scaleb(digits)
        if largest >= INT64_SAFE:
            self._problem(
                at,
                "too-precise",
                f"comparing `{left.name}` with {times} × `{right.name}` exactly needs more than 62 bits.",
                "Use a factor with fewer digits, or give the facts a narrower `range`.",
            )

    # --- quantified tests -----------------------------------------------------------------------------------------------

    def _quantified_tests(self, key: YScalar, node: Node, scope: str | None) -> Condition:
        if scope is not None:
            self._problem(
                key.at,
                "nested-rows",
                f"a test on a row of `{scope}` cannot look at the rows of `{key.text}`.",
                "Conclude a fact of the customer from them by a rule, and test it as `customer.<fact>`.",
            )
            return All((), key.at)
        words = ", ".join(_QUANTIFIERS)
        if not isinstance(node, YMap) or not node.entries:
            self._problem(node.at, "wrong-shape", f"a collection takes one of {words}.", "Write `{any: {...}}`.")
            return All((), key.at)
        return _conjunction([self._quantified(key.text, name, test) for name, test in node.entries], node.at)

    def _quantified(self, collection: str, name: YScalar, node: Node) -> Condition:
        if name.text not in _QUANTIFIERS:
            hint = did_you_mean(name.text, _QUANTIFIERS)
            if not hint and self.vocabulary.fact(name.text, collection) is not None:
                hint = f"Write `{{any: {{{name.text}: ...}}}}`."
            words = ", ".join(_QUANTIFIERS)
            self._problem(name.at, "unknown-operator", f"a collection takes one of {words}; not `{name.text}`.", hint)
            return All((), name.at)
        quantifier = Quantifier(name.text)
        if quantifier in (Quantifier.COUNT, Quantifier.SUM):
            return self._aggregate(collection, quantifier, name, node)
        return Quantified(collection, quantifier, self.read(node, collection), name.at)

    def _aggregate(self, collection: str, quantifier: Quantifier, name: YScalar, node: Node) -> Condition:
        form = Form(node, f"`{quantifier}`", self.problems)
        where = self.optional(form, "where", collection)
        amount = _COUNT
        if quantifier is Quantifier.SUM:
            of = form.required("of")
            found = self.fact(of, collection) if isinstance(of, YScalar) else None
            if found is None:
                return All((), name.at)
            if found.type not in NUMERIC or found.scope != collection:
                self._problem(
                    form.place("of"), "unsuited-operand",
                    f"`sum` adds numbers of the rows; `{found.name}` is none.", "Name an integer or number of the row.",
                )  # fmt: skip
                return All((), name.at)
            amount = found
        bounds = [
            Bound(op, constant)
            for op in _in_order(_BOUNDS)
            if (test := form.node(op)) is not None and (constant := self._bound(amount, op, test)) is not None
        ]
        if not any(form.has(op) for op in _BOUNDS):
            self._problem(
                name.at,
                "missing-key",
                f"`{quantifier}` needs a bound.",
                f"Add one of: {', '.join(_in_order(_BOUNDS))}.",
            )
        form.close()
        of_key = amount.key if quantifier is Quantifier.SUM else None
        return Quantified(collection, quantifier, where, name.at, of_key, tuple(bounds))

    def _bound(self, amount: Fact, op: Op, node: Node) -> Constant | None:
        if isinstance(node, YMap) and node.get("fact") is not None:
            self._problem(node.at, "unsuited-operand", "a bound is a constant or a parameter.")
            return None
        return self._constant(amount, op, node)

    def _listed(self, key: YScalar, node: Node) -> tuple[Node, ...]:
        if isinstance(node, YList) and node.items:
            return node.items
        what = "an empty list" if isinstance(node, YList) else kind_of(node)
        self._problem(
            node.at, "wrong-shape", f"`{key.text}` takes a list of conditions, not {what}.", "Begin each with `- `."
        )
        return ()

    def _problem(self, at: Location, code: str, message: str, hint: str = "") -> None:
        self.problems.add(at, code, message, hint)


def magnitude(fact: Fact) -> Decimal:
    """Return the largest absolute value that a number can have, by its range or by what all numbers keep to."""
    if fact.least is not None and fact.most is not None:
        return max(abs(fact.least), abs(fact.most))
    return Decimal(MAX_SCALED).scaleb(-fact.scale)


def decimals(number: Decimal) -> int:
    """Return how many digits a number has after its point."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def key_of(fact: Fact | None) -> FactKey:
    """Return a fact's key, or a stand-in for a fact that could not be read."""
    return fact.key if fact is not None else FactKey(None, "")


def _conjunction(items: list[Condition], at: Location) -> Condition:
    flat = tuple(part for item in items for part in (item.items if isinstance(item, All) else (item,)))
    return flat[0] if len(flat) == 1 else All(flat, at)


def _check_internal(value: int, fact: Fact) -> None:
    if value < (fact.least or 0) or (fact.most is not None and value > fact.most):
        most = f" and at most {fact.most}" if fact.most is not None else ""
        raise WrongValueError(
            "out-of-range", f"the number of {_PLURAL[fact.name]} is at least 0{most}; {value} is not."
        )


_PLURAL = {"days": "days", "count": "rows"}


def _in_order(ops: set[Op]) -> list[Op]:
    return [op for op in Op if op in ops]


def _described(fact: Fact) -> str:
    return f"{fact.type} of {fact.enum}" if fact.enum else str(fact.type)


def _scalar(value: Value, at: Location) -> YScalar:
    """Return a parameter's value as if it stood where the parameter is used."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return YScalar(value if isinstance(value, str | int | Decimal) else text, text, at)
