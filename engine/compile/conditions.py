"""Model conditions to conditions over distinct leaf tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from math import gcd

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
from engine.program import (
    And,
    AtLeast,
    AtLeastFacts,
    Code,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    Or,
    SumAtLeast,
    encode,
)
from engine.vocabulary import FactKey, Kind, Value, Vocabulary


class ConditionCompiler:
    """Turn model conditions into conditions over distinct leaves."""

    def __init__(self, vocabulary: Vocabulary, leaves: Iterable[Leaf] = ()) -> None:
        """Start from leaves that are there already."""
        self.vocabulary = vocabulary
        self.leaves = list(leaves)
        self._index = {leaf: index for index, leaf in enumerate(self.leaves)}

    def condition(self, condition: Condition, positive: bool = True) -> Cond:
        """Compile a condition, or its negation."""
        match condition:
            case All() | AnyOf():
                items = [self.condition(item, positive) for item in condition.items]
                return _both(items) if isinstance(condition, All) is positive else _some(items)
            case Not():
                return self.condition(condition.item, not positive)
            case Test():
                return self._test(condition, positive)
            case Quantified():
                return self._quantified(condition, positive)

    def _leaf(self, leaf: Leaf, positive: bool) -> Lit:
        index = self._index.setdefault(leaf, len(self.leaves))
        if index == len(self.leaves):
            self.leaves.append(leaf)
        return Lit(index, positive)

    def _test(self, test: Test, positive: bool) -> Cond:
        if isinstance(test.operand, FactOperand):
            return self._facts(test.fact, test.op, test.operand, positive)
        fact, values = test.fact, test.operand.values
        match test.op:
            case Op.IS | Op.ONE_OF:
                return self._leaf(self._one_of(fact, values), positive)
            case Op.IS_NOT | Op.NONE_OF:
                return self._leaf(self._one_of(fact, values), not positive)
            case Op.KNOWN:
                return self._leaf(Known(fact), positive is values[0])
            case Op.WITHIN_DAYS:
                return self._leaf(InDays(fact, -whole(values[0]), 0), positive)
            case Op.DUE_WITHIN_DAYS:
                return self._leaf(InDays(fact, 0, whole(values[0])), positive)
            case Op.HAS | Op.HAS_ANY | Op.HAS_ALL | Op.HAS_NONE:
                wanted = positive is not (test.op is Op.HAS_NONE)
                items = [self._leaf(Member(fact, code), wanted) for code in self._codes(fact, values)]
                return _both(items) if (test.op in (Op.HAS, Op.HAS_ALL, Op.HAS_NONE)) is positive else _some(items)
            case _:
                return self._ordered(test.op, self._codes(fact, values), lambda code: AtLeast(fact, code), positive)

    def _ordered(self, op: Op, codes: Sequence[int], at_least: Callable[[int], Leaf], positive: bool) -> Cond:
        """Compile an ordering of whole codes to `at least` alone."""
        match op:
            case Op.AT_LEAST:
                return self._leaf(at_least(codes[0]), positive)
            case Op.MORE_THAN:
                return self._leaf(at_least(codes[0] + 1), positive)
            case Op.LESS_THAN:
                return self._leaf(at_least(codes[0]), not positive)
            case Op.AT_MOST:
                return self._leaf(at_least(codes[0] + 1), not positive)
            case Op.BETWEEN | Op.IS:
                items = [self._leaf(at_least(codes[0]), positive), self._leaf(at_least(codes[-1] + 1), not positive)]
                return _both(items) if positive else _some(items)
            case _:
                raise ValueError(f"`{op}` does not order")

    def _facts(self, left: FactKey, op: Op, operand: FactOperand, positive: bool) -> Cond:
        right = operand.fact
        left_times, right_times = self._factors(left, right, operand.times)
        match op:
            case Op.IS | Op.IS_NOT:
                return self._leaf(EqualFacts(left, left_times, right, right_times), positive is (op is Op.IS))
            case Op.AT_LEAST | Op.LESS_THAN:
                leaf = AtLeastFacts(left, left_times, right, right_times)
                return self._leaf(leaf, positive is (op is Op.AT_LEAST))
            case _:
                leaf = AtLeastFacts(right, right_times, left, left_times)
                return self._leaf(leaf, positive is (op is Op.AT_MOST))

    def _factors(self, left: FactKey, right: FactKey, times: Decimal) -> tuple[int, int]:
        """Return whole factors that put both codes on one scale."""
        facts = self.vocabulary.facts
        numerator, denominator = times.as_integer_ratio()
        left_times = denominator * 10 ** facts[right].scale
        right_times = numerator * 10 ** facts[left].scale
        common = gcd(left_times, right_times)
        return left_times // common, right_times // common

    def _quantified(self, test: Quantified, positive: bool) -> Cond:
        collection = test.collection
        if test.quantifier is Quantifier.EVERY:
            where = self.condition(test.where, positive=False)
            return self._leaf(CountAtLeast(collection, where, self._window(collection, None), 1), not positive)
        where = self.condition(test.where)
        window = self._window(collection, test.where)
        match test.quantifier:
            case Quantifier.ANY | Quantifier.NONE:
                leaf = CountAtLeast(collection, where, window, 1)
                return self._leaf(leaf, positive is (test.quantifier is Quantifier.ANY))
            case Quantifier.COUNT:
                return self._bounds(
                    test.bounds, None, lambda least: CountAtLeast(collection, where, window, least), positive
                )
            case _:
                of = test.of or FactKey(collection, "")
                return self._bounds(
                    test.bounds, of, lambda least: SumAtLeast(collection, where, window, of, least), positive
                )

    def _bounds(
        self, bounds: Iterable[Bound], of: FactKey | None, at_least: Callable[[int], Leaf], positive: bool
    ) -> Cond:
        items = []
        for bound in bounds:
            values = bound.operand.values
            codes = self._codes(of, values) if of else [whole(value) for value in values]
            items.append(self._ordered(bound.op, codes, at_least, positive))
        return _both(items) if positive else _some(items)

    def _window(self, collection: str, where: Condition | None) -> int | None:
        """Return how many days before as-of must have been recorded, or None for all time."""
        declared = self.vocabulary.collections[collection]
        if declared.kind is Kind.REGISTER:
            return 0
        happened = FactKey(collection, declared.date or "")
        days = [
            whole(test.operand.values[0])
            for test in _conjuncts(where)
            if test.fact == happened and test.op is Op.WITHIN_DAYS and isinstance(test.operand, Constant)
        ]
        return min(days, default=None)

    def _one_of(self, fact: FactKey, values: Iterable[Value]) -> OneOf:
        declared = self.vocabulary.facts[fact]
        codes: set[Code] = {encode(self.vocabulary, declared, value) for value in values}
        return OneOf(fact, tuple(sorted(codes, key=lambda code: (str(type(code)), code))))

    def _codes(self, fact: FactKey, values: Iterable[Value]) -> list[int]:
        declared = self.vocabulary.facts[fact]
        return [whole(encode(self.vocabulary, declared, value)) for value in values]


def whole(value: Value | Code) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"{value!r} is not a whole number")


def _both(items: Sequence[Cond]) -> Cond:
    return items[0] if len(items) == 1 else And(tuple(items))


def _some(items: Sequence[Cond]) -> Cond:
    return items[0] if len(items) == 1 else Or(tuple(items))


def _conjuncts(condition: Condition | None) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, All):
        for item in condition.items:
            yield from _conjuncts(item)


def reads(conditions: Iterable[Condition]) -> set[FactKey]:
    """Return the facts that conditions test directly, outside quantified tests."""
    found: set[FactKey] = set()
    for condition in conditions:
        match condition:
            case Test(fact, _, operand):
                found.add(fact)
                if isinstance(operand, FactOperand):
                    found.add(operand.fact)
            case All() | AnyOf():
                found |= reads(condition.items)
            case Not():
                found |= reads([condition.item])
    return found
