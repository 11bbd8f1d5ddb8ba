"""Conditions in words: what a test asks for, and what is recorded of a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.model import All, AnyOf, Bound, Condition, Constant, FactOperand, Not, Op, Quantified, Quantifier, Test
from engine.snapshot import CustomerFacts
from engine.vocabulary import Fact, FactKey, Text, Type, Value
from engine.wording import Wording

_PHRASES = {
    Op.IS: Text("{a}", "{a}"),
    Op.IS_NOT: Text("not {a}", "不是{a}"),
    Op.ONE_OF: Text("{or_}", "{or_}"),
    Op.NONE_OF: Text("not {or_}", "不是{or_}"),
    Op.AT_LEAST: Text("at least {a}", "至少{a}"),
    Op.AT_MOST: Text("at most {a}", "最多{a}"),
    Op.MORE_THAN: Text("more than {a}", "超过{a}"),
    Op.LESS_THAN: Text("less than {a}", "低于{a}"),
    Op.BETWEEN: Text("between {a} and {b}", "{a}到{b}之间"),
    Op.WITHIN_DAYS: Text("within the last {a}", "最近{a}内"),
    Op.DUE_WITHIN_DAYS: Text("within the next {a}", "今后{a}内"),
    Op.HAS: Text("{a} among them", "包含{a}"),
    Op.HAS_ANY: Text("{or_} among them", "包含{or_}"),
    Op.HAS_ALL: Text("{and_} among them", "包含{and_}"),
    Op.HAS_NONE: Text("without: {or_}", "不含：{or_}"),
}
_ON_DATES = {
    Op.AT_LEAST: Text("on {a} or later", "{a}或之后"),
    Op.AT_MOST: Text("on {a} or earlier", "{a}或之前"),
    Op.MORE_THAN: Text("after {a}", "{a}之后"),
    Op.LESS_THAN: Text("before {a}", "{a}之前"),
}
_ON_LEVELS = {
    Op.AT_LEAST: Text("{a} or more", "{a}或更高"),
    Op.AT_MOST: Text("{a} or less", "{a}或更低"),
    Op.MORE_THAN: Text("more than {a}", "高于{a}"),
    Op.LESS_THAN: Text("less than {a}", "低于{a}"),
}
_OPPOSITE = {
    Op.IS: Op.IS_NOT,
    Op.IS_NOT: Op.IS,
    Op.ONE_OF: Op.NONE_OF,
    Op.NONE_OF: Op.ONE_OF,
    Op.AT_LEAST: Op.LESS_THAN,
    Op.LESS_THAN: Op.AT_LEAST,
    Op.AT_MOST: Op.MORE_THAN,
    Op.MORE_THAN: Op.AT_MOST,
    Op.HAS: Op.HAS_NONE,
    Op.HAS_ANY: Op.HAS_NONE,
    Op.HAS_NONE: Op.HAS_ANY,
}
_EVER = {Op.WITHIN_DAYS: Text("until today", "今天或之前"), Op.DUE_WITHIN_DAYS: Text("today or later", "今天或之后")}
FOREVER = 36_500
"""Days from which on a test means at any time before, or after."""
_DAYS = (Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS)
_NOT = Text("not {phrase}", "不在{phrase}")
_KNOWN = {True: Text("known", "已知"), False: Text("not known", "未知")}
_OR, _AND, _COMMA, _COLON = (
    Text(" or ", "或"),
    Text(" and ", "和"),
    Text(", ", "、"),
    Text("{title}: {said}", "{title}：{said}"),
)
_TIMES = Text("{times} times {title}", "{title}的{times}倍")
_QUANTIFIED = {
    (Quantifier.ANY, True): Text("at least one", "至少一条"),
    (Quantifier.ANY, False): Text("none", "没有一条"),
    (Quantifier.NONE, True): Text("none", "没有一条"),
    (Quantifier.NONE, False): Text("at least one", "至少一条"),
    (Quantifier.EVERY, True): Text("every one", "每一条"),
    (Quantifier.EVERY, False): Text("not every one", "不是每一条"),
}
_WITH = Text("{how_many} with {where}", "{how_many}符合“{where}”")
_ROWS = Text("{number}", "{number}条")
_NOT_SO = Text("not {phrase}", "并非{phrase}")
_TOTAL = Text("{title} in total: {bound}", "{title}合计{bound}")
_FACTS_OF_A_ROW = 4


@dataclass(frozen=True, slots=True)
class Phrases:
    """What tests ask for, in one language; `customer` gives the rows that are spoken of."""

    wording: Wording
    customer: CustomerFacts

    def asks(self, condition: Condition, wanted: bool = True) -> str:
        """Return what a condition asks for, without the name of the fact or collection that it is about."""
        match condition:
            case Test():
                return self._test(condition, wanted)
            case Quantified():
                return self._quantified(condition, wanted)
            case Not():
                return self.asks(condition.item, not wanted)
            case All() | AnyOf():
                join = _COMMA if isinstance(condition, All) is wanted else _OR
                return self._joined((self.named(item, wanted) for item in condition.items), join)

    def named(self, condition: Condition, wanted: bool = True) -> str:
        """Return what a condition asks for, with the name of what it is about."""
        if isinstance(condition, Test):
            return self._colon(self.wording.inside(self.title(condition.fact)), self._test(condition, wanted))
        if isinstance(condition, Quantified):
            return self._colon(self.wording.title(condition.collection), self._quantified(condition, wanted))
        return self.asks(condition, wanted)

    def title(self, key: FactKey) -> str:
        """Return the title of a fact, a row's without its collection's."""
        return self.wording.text(self.wording.vocabulary.facts[key].title)

    def row(self, collection: str, key: str) -> str:
        """Return what is recorded of a row: its date, and what kind it is."""
        facts = next((row.facts for row in self.customer.rows.get(collection, ()) if row.key == key), {})
        declared = [fact for fact in self.wording.vocabulary.in_scope(collection) if fact.name in facts]
        dates = [fact for fact in declared if fact.type is Type.DATE][:1]
        kinds = [fact for fact in declared if fact.type in (Type.CATEGORY, Type.LEVEL)]
        rest = [fact for fact in declared if fact.type in (Type.FLAG, Type.NUMBER)]
        said = [self.wording.measure(fact, facts[fact.name]) for fact in (*dates, *kinds)]
        said += [self.wording.titled(fact, facts[fact.name]) for fact in rest]
        return self.wording.listed(said[:_FACTS_OF_A_ROW]) or key

    def _test(self, test: Test, wanted: bool) -> str:
        op, fact = test.op, self.wording.vocabulary.facts[test.fact]
        if op is Op.KNOWN:
            (known,) = test.operand.values  # type: ignore[union-attr]  # the loader sees to it
            return self.wording.text(_KNOWN[bool(known) is wanted])
        if not wanted:
            if op not in _OPPOSITE:
                return self.wording.text(_NOT).format(phrase=self._test(test, True))
            op = _OPPOSITE[op]
        if op in _EVER and test.operand.values[0] >= FOREVER:  # type: ignore[union-attr,operator]  # days are constants
            return self.wording.text(_EVER[op])
        return self._members(op, fact, test) or self._phrase(op, fact, self._operands(test, fact))

    def _members(self, op: Op, fact: Fact, test: Test) -> str:
        """Return which kinds are asked for by those that are left out, if that is shorter; else an empty text."""
        if op not in (Op.ONE_OF, Op.NONE_OF) or not fact.enum or not isinstance(test.operand, Constant):
            return ""
        members = self.wording.vocabulary.enum_of(fact).members
        others = [member for member in members if member not in test.operand.values]
        if len(others) * 2 >= len(members) or not others:
            return ""
        said = [self.wording.member(fact, member) for member in others]
        return self._phrase(Op.NONE_OF if op is Op.ONE_OF else Op.ONE_OF, fact, said)

    def _phrase(self, op: Op, fact: Fact | None, said: list[str]) -> str:
        phrases = _PHRASES
        if fact and fact.type in (Type.DATE, Type.LEVEL):
            phrases = {**_PHRASES, **(_ON_DATES if fact.type is Type.DATE else _ON_LEVELS)}
        or_, and_ = self._joined(said, _OR), self._joined(said, _AND)
        return self.wording.text(phrases[op]).format(a=said[0], b=said[-1], or_=or_, and_=and_)

    def _operands(self, test: Test, fact: Fact) -> list[str]:
        if isinstance(test.operand, FactOperand):
            title, times = self.title(test.operand.fact), test.operand.times
            if times == 1:
                return [title]
            return [self.wording.text(_TIMES).format(times=f"{times.normalize():f}", title=title)]
        if test.op in _DAYS:
            return [self.wording.with_unit(int(str(value)), "day") for value in test.operand.values]
        return [self._operand(fact, value) for value in test.operand.values]

    def _operand(self, fact: Fact, value: Value) -> str:
        return self.wording.member(fact, value) if isinstance(value, str) else self.wording.measure(fact, value)

    def _quantified(self, test: Quantified, wanted: bool) -> str:
        if (test.quantifier, wanted) in _QUANTIFIED:
            how_many = self.wording.text(_QUANTIFIED[test.quantifier, wanted])
        else:
            how_many = self._joined((self._bound(bound, test.of) for bound in test.bounds), _AND)
            if not wanted:
                how_many = self.wording.text(_NOT_SO).format(phrase=how_many)
        where = self._where(test.where)
        return self.wording.text(_WITH).format(how_many=how_many, where=where) if where else how_many

    def _where(self, condition: Condition, wanted: bool = True) -> str:
        """Return what is asked of a row: of what is told from a list of kinds the kind alone."""
        match condition:
            case Test() if condition.op in (Op.IS, Op.ONE_OF) and wanted:
                kinds = self.wording.vocabulary.facts[condition.fact].type in (Type.CATEGORY, Type.LEVEL)
                return self._test(condition, wanted) if kinds else self.named(condition, wanted)
            case Not():
                return self._where(condition.item, not wanted)
            case All() | AnyOf():
                join = _COMMA if isinstance(condition, All) is wanted else _OR
                return self._joined((self._where(item, wanted) for item in condition.items), join)
        return self.named(condition, wanted)

    def _bound(self, bound: Bound, of: FactKey | None) -> str:
        values = bound.operand.values
        if of is None:
            return self._phrase(bound.op, None, [self._rows(_number(value)) for value in values])
        fact = self.wording.vocabulary.facts[of]
        said = self._phrase(bound.op, None, [self.wording.measure(fact, value) for value in values])
        return self.wording.text(_TOTAL).format(title=self.title(of), bound=said)

    def _rows(self, number: int | Decimal) -> str:
        return self.wording.text(_ROWS).format(number=self.wording.number(number))

    def _joined(self, words: Iterable[str], join: Text) -> str:
        return self.wording.text(join).join(words)

    def _colon(self, title: str, said: str) -> str:
        return self.wording.text(_COLON).format(title=title, said=said)


def _number(value: Value) -> int | Decimal:
    if isinstance(value, int | Decimal):
        return value
    raise TypeError(f"{value!r} is not a number")
