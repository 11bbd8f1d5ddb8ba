"""Conditions: mappings of facts to tests, `any`, `all`, `not`, and quantified tests over a collection's rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import Location, Problems, did_you_mean
from engine.load.form import Form, kind_of
from engine.load.hints import comparison_hint, slip_hint
from engine.load.names import Names
from engine.load.operands import COUNT, NUMERIC, OPERATORS, Operands, in_order
from engine.model import All, AnyOf, Bound, Condition, Constant, Not, Op, Quantified, Quantifier, Test
from engine.said import NOTHING, Said, of_type, one_after_other, quoted, said
from engine.slips import operator_of
from engine.vocabulary import Fact, Type
from engine.yaml12 import Node, YList, YMap, YScalar

_OPERATORS = tuple(op.value for op in Op)
_QUANTIFIERS = tuple(quantifier.value for quantifier in Quantifier)
BOUNDS = in_order({Op.IS, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN})


@dataclass(frozen=True, slots=True)
class Conditions:
    """Read conditions against a vocabulary and a pack's parameters."""

    names: Names
    operands: Operands
    problems: Problems

    def read(self, node: Node, scope: str | None) -> Condition:
        """Read a condition on the customer (scope None) or on a row of the collection `scope`."""
        if isinstance(node, YMap):
            return conjunction((self.entry(key, value, scope) for key, value in node.entries), node.at)
        hint = comparison_hint(node.text) if isinstance(node, YScalar) else said("Put the list under `all:` or `any:`.")
        message = said("a condition maps facts to tests; this is {kind}.", kind=kind_of(node))
        self._problem(node.at, "wrong-shape", message, hint)
        return All((), node.at)

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
        if key.text == "any":
            return AnyOf(tuple(self._listed(key, node, scope)), key.at)
        if key.text == "all":
            return conjunction(self._listed(key, node, scope), key.at)
        if key.text == "not":
            return Not(self.read(node, scope), key.at)
        if scope is None and key.text in self.names.vocabulary.collections:
            return self._quantified_tests(key, node)
        fact = self.names.fact(key, scope)
        return self._tests(fact, key, node, scope) if fact is not None else All((), key.at)

    def _listed(self, key: YScalar, node: Node, scope: str | None) -> list[Condition]:
        if isinstance(node, YList) and node.items:
            return [self.read(item, scope) for item in node.items]
        what = said("an empty list") if isinstance(node, YList) else kind_of(node)
        hint = said("Begin each condition with `- `.")
        message = said("`{key}` takes a list of conditions, not {kind}.", key=key.text, kind=what)
        self._problem(node.at, "wrong-shape", message, hint)
        return []

    # --- tests ------------------------------------------------------------------------------------------------------

    def _tests(self, fact: Fact, key: YScalar, node: Node, scope: str | None) -> Condition:
        if isinstance(node, YList):
            return self._test(fact, Op.ONE_OF, node, key.at, scope)
        if isinstance(node, YScalar):
            return self._test(fact, Op.IS, node, key.at, scope)
        if node.get("param") is not None or node.get("fact") is not None:
            op = Op.ONE_OF if self.operands.names_list(node) else Op.IS
            return self._test(fact, op, node, key.at, scope)
        if not node.entries:
            message = said("nothing is asked of `{key}`.", key=key.text)
            self._problem(node.at, "empty-test", message, said("Write a value or `known: true`."))
        return conjunction((self._operator(fact, name, value, scope) for name, value in node.entries), node.at)

    def _operator(self, fact: Fact, name: YScalar, node: Node, scope: str | None) -> Condition:
        if name.text in _OPERATORS:
            return self._test(fact, Op(name.text), node, name.at, scope)
        meant = operator_of(name.text)
        hint = (
            said("Write `{word}`.", word=meant)
            if meant
            else slip_hint(name.text, _OPERATORS) or did_you_mean(name.text, _OPERATORS)
        )
        hint = hint or _operators_of(fact)
        self._problem(name.at, "unknown-operator", said("there is no operator `{name}`.", name=name.text), hint)
        return All((), name.at)

    def _test(self, fact: Fact, op: Op, node: Node, at: Location, scope: str | None) -> Condition:
        if op not in OPERATORS[fact.type]:
            unordered = fact.type is Type.CATEGORY and op in OPERATORS[Type.LEVEL]
            reason = said("Its enum has no order.") if unordered else NOTHING
            hint = one_after_other(reason, _operators_of(fact))
            message = said("`{op}` does not apply to `{fact}`, {type}.", op=op, fact=fact.name, type=of_type(fact.type))
            self._problem(at, "unsuited-operator", message, hint)
            return All((), at)
        operand = self.operands.read(fact, op, node, scope)
        return Test(fact.key, op, operand, at) if operand is not None else All((), at)

    # --- quantified tests -------------------------------------------------------------------------------------------

    def _quantified_tests(self, key: YScalar, node: Node) -> Condition:
        if isinstance(node, YMap) and node.entries:
            return conjunction((self._quantified(key.text, name, test) for name, test in node.entries), node.at)
        message = said("a collection takes one of {words}.", words=_QUANTIFIERS)
        self._problem(node.at, "wrong-shape", message, said("Write `{any: {...}}`."))
        return All((), key.at)

    def _quantified(self, collection: str, name: YScalar, node: Node) -> Condition:
        if name.text in (Quantifier.COUNT, Quantifier.SUM):
            return self._aggregate(collection, Quantifier(name.text), name, node)
        if name.text in _QUANTIFIERS:
            return Quantified(collection, Quantifier(name.text), self.read(node, collection), name.at)
        hint = did_you_mean(name.text, _QUANTIFIERS)
        if name.text in _OPERATORS:
            hint = said("Write `{{count: {{{name}: ...}}}}`.", name=name.text)
        if self.names.vocabulary.fact(name.text, collection) is not None:
            hint = said("Write `{{any: {{{name}: ...}}}}`.", name=name.text)
        message = said("a collection takes one of {words}; not `{name}`.", words=_QUANTIFIERS, name=name.text)
        self._problem(name.at, "unknown-operator", message, hint)
        return All((), name.at)

    def _aggregate(self, collection: str, quantifier: Quantifier, name: YScalar, node: Node) -> Condition:
        form = Form(node, quoted(quantifier), self.problems)
        where = self.optional(form, "where", collection)
        amount = self._amount(form, collection) if quantifier is Quantifier.SUM else COUNT
        given = {op: test for op in BOUNDS if (test := form.node(op)) is not None}
        form.close()
        if not given:
            hint = said("Add one of: {operators}.", operators=BOUNDS)
            self._problem(name.at, "missing-key", said("`{quantifier}` needs a bound.", quantifier=quantifier), hint)
        if amount is None:
            return All((), name.at)
        bounds = tuple(Bound(op, constant) for op, test in given.items() if (constant := self._bound(amount, op, test)))
        of = amount.key if quantifier is Quantifier.SUM else None
        return Quantified(collection, quantifier, where, name.at, of, bounds)

    def _amount(self, form: Form, collection: str) -> Fact | None:
        node = form.required("of")
        if node is not None and not isinstance(node, YScalar):
            form.word_of(node, quoted("of"))
        fact = self.names.fact(node, collection) if isinstance(node, YScalar) else None
        if fact is None or (fact.type in NUMERIC and fact.scope == collection):
            return fact
        hint = said("Name an integer or number of the row.")
        message = said("`sum` cannot add up `{fact}`.", fact=fact.name)
        self._problem(form.value_place("of"), "unsuited-operand", message, hint)
        return None

    def _bound(self, amount: Fact, op: Op, node: Node) -> Constant | None:
        if isinstance(node, YMap) and node.get("fact") is not None:
            self._problem(node.at, "unsuited-operand", said("a bound is a value or a parameter, not a fact."))
            return None
        return self.operands.constant(amount, op, node)

    def _problem(self, at: Location, code: str, message: Said, hint: Said = NOTHING) -> None:
        self.problems.add(at, code, message, hint)


def conjunction(items: Iterable[Condition], at: Location) -> Condition:
    """Join conditions by *and*, without nesting one *and* in another."""
    flat = tuple(part for item in items for part in (item.items if isinstance(item, All) else (item,)))
    return flat[0] if len(flat) == 1 else All(flat, at)


def _operators_of(fact: Fact) -> Said:
    operators = in_order(OPERATORS[fact.type])
    if fact.type is Type.INTEGER:
        return said("An {type} takes: {operators}.", type=fact.type, operators=operators)
    return said("A {type} takes: {operators}.", type=fact.type, operators=operators)
