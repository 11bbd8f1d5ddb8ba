"""Random conditions over a generated vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random

from engine.errors import Location
from engine.load.operands import INT64_SAFE, decimals, magnitude
from engine.model import (
    All,
    AnyOf,
    Bound,
    Condition,
    Constant,
    FactOperand,
    Not,
    Op,
    Quantified,
    Quantifier,
    Test,
)
from engine.vocabulary import Fact, Type, Value
from tests.generators.facts import ACTIONS, COLLECTIONS, DAYS, ORDERS, PLACED_ON, Facts, values_of

AT = Location("generated")
NUMERIC = (Type.INTEGER, Type.NUMBER)

_EQUAL = (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.KNOWN)
_ORDER = (Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN)
_OPS = {
    Type.FLAG: _EQUAL,
    Type.CATEGORY: _EQUAL,
    Type.TEXT: _EQUAL,
    Type.INTEGER: _EQUAL + _ORDER,
    Type.NUMBER: _EQUAL + _ORDER,
    Type.LEVEL: _EQUAL + _ORDER,
    Type.DATE: (*_EQUAL, *_ORDER, Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS),
    Type.SET: (Op.HAS, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE),
}
_LISTS = (Op.ONE_OF, Op.NONE_OF, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE)
_COMPARES_FACTS = (Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN)
_BOUNDS = (Op.IS, Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.BETWEEN)
_FACTORS = ("1", "1", "3", "0.8", "0.1", "-1", "0")


class Conditions:
    """Draws conditions that read only facts below a layer."""

    def __init__(self, rng: Random, facts: Facts) -> None:
        self._rng = rng
        self._facts = facts

    def condition(self, scope: str | None, layer: int, depth: int = 2) -> Condition:
        """Return a condition on the customer (scope None) or on a row."""
        rng = self._rng
        shape = rng.choice(("test", "test", "all", "any", "not", "rows")) if depth else "test"
        match shape:
            case "all":
                return All(self._items(scope, layer, depth), AT)
            case "any":
                return AnyOf(self._items(scope, layer, depth), AT)
            case "not":
                return Not(self.condition(scope, layer, depth - 1), AT)
            case "rows" if scope is None:
                return self._quantified(layer, depth)
            case _:
                return self._test(scope, layer)

    def fact(self, scope: str | None, layer: int, types: Iterable[Type] = tuple(Type)) -> Fact:
        """Return a readable fact, often one of the layer just below."""
        readable = [fact for fact in self._facts.readable(scope, layer) if fact.type in types]
        near = [fact for fact in readable if self._facts.layers[fact.key] == layer - 1]
        return self._rng.choice(near if near and self._rng.random() >= 0.5 else readable)

    def _items(self, scope: str | None, layer: int, depth: int) -> tuple[Condition, ...]:
        return tuple(self.condition(scope, layer, depth - 1) for _ in range(self._rng.randint(0, 3)))

    # --- tests -------------------------------------------------------------------------------------------------------

    def _test(self, scope: str | None, layer: int) -> Test:
        rng = self._rng
        fact = self.fact(rng.choice((scope, scope, None)), layer)
        op = rng.choice(_OPS[fact.type])
        if op in _COMPARES_FACTS and rng.random() >= 0.8:
            return Test(fact.key, op, self._other(fact, scope, layer), AT)
        return Test(fact.key, op, Constant(self._constants(fact, op)), AT)

    def _other(self, fact: Fact, scope: str | None, layer: int) -> FactOperand:
        types = NUMERIC if fact.type in NUMERIC else (fact.type,)
        has_all_types = scope in COLLECTIONS
        other = self.fact(self._rng.choice((scope if has_all_types else None, None)), layer, types)
        if fact.type in NUMERIC:
            times = Decimal(self._rng.choice(_FACTORS))
            return FactOperand(other.key, times) if _is_exact(fact, other, times) else FactOperand(fact.key)
        return FactOperand(other.key if other.enum == fact.enum else fact.key)

    def _constants(self, fact: Fact, op: Op) -> tuple[Value, ...]:
        rng = self._rng
        if op is Op.KNOWN:
            return (rng.choice((True, False)),)
        if op in (Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS):
            return (rng.choice(DAYS),)
        members = self._facts.vocabulary.enum_of(fact).members if fact.enum else ()
        values = members if members and fact.enum != "rank" else values_of(fact)
        if op is Op.BETWEEN:
            first, last = sorted((rng.randrange(len(values)), rng.randrange(len(values))))
            return (values[first], values[last])
        return tuple(rng.sample(values, rng.randint(1, 2))) if op in _LISTS else (rng.choice(values),)

    # --- quantified tests --------------------------------------------------------------------------------------------

    def _quantified(self, layer: int, depth: int) -> Quantified:
        rng = self._rng
        collection = rng.choice((*COLLECTIONS, *COLLECTIONS, ACTIONS))
        quantifier = rng.choice(tuple(Quantifier))
        where = self._where(collection, layer, depth)
        if quantifier is Quantifier.SUM and collection != ACTIONS:
            amount = self.fact(collection, layer, NUMERIC)
            values = values_of(amount)
            return Quantified(collection, quantifier, where, AT, amount.key, self._bounds(values))
        if quantifier in (Quantifier.COUNT, Quantifier.SUM):
            return Quantified(collection, Quantifier.COUNT, where, AT, None, self._bounds((0, 1, 2, 3)))
        return Quantified(collection, quantifier, where, AT)

    def _where(self, collection: str, layer: int, depth: int) -> Condition:
        rng = self._rng
        where = self.condition(collection, layer, depth - 1)
        if collection == ORDERS and rng.random() >= 0.5:
            recent = Test(PLACED_ON, Op.WITHIN_DAYS, Constant((rng.choice(DAYS),)), AT)
            return rng.choice((recent, All((recent, where), AT), All((All((recent,), AT), where), AT)))
        return where

    def _bounds(self, values: tuple[Value, ...]) -> tuple[Bound, ...]:
        return tuple(self._bound(self._rng.choice(_BOUNDS), values) for _ in range(self._rng.randint(1, 2)))

    def _bound(self, op: Op, values: tuple[Value, ...]) -> Bound:
        first, last = sorted((self._rng.randrange(len(values)), self._rng.randrange(len(values))))
        return Bound(op, Constant((values[first], values[last]) if op is Op.BETWEEN else (values[first],)))


def _is_exact(left: Fact, right: Fact, times: Decimal) -> bool:
    """Whether the language allows a comparison: one that could need more than 62 bits is an error."""
    digits = max(left.scale, right.scale + decimals(times))
    return max(magnitude(left), magnitude(right) * abs(times)).scaleb(digits) < INT64_SAFE
