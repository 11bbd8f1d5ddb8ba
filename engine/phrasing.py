"""Conditions and conclusions in words, in one language: what a rule says, for those who do not read YAML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from engine.errors import Location
from engine.model import (
    AddTo,
    Advise,
    All,
    AnyOf,
    Bound,
    Conclusion,
    Condition,
    FactOperand,
    Not,
    Op,
    Operand,
    Pack,
    Quantified,
    Quantifier,
    SetFact,
    Test,
)
from engine.vocabulary import Fact, FactKey, Text, Type, Value
from engine.wording import Wording

_COLON = Text("{fact}: {asked}", "{fact}：{asked}")
_ASKED = {
    Op.IS: Text("{value}", "{value}"),
    Op.ONE_OF: Text("{value}", "{value}"),
    Op.IS_NOT: Text("not {value}", "不是{value}"),
    Op.NONE_OF: Text("not {value}", "不是{value}"),
    Op.AT_LEAST: Text("at least {value}", "至少{value}"),
    Op.AT_MOST: Text("at most {value}", "至多{value}"),
    Op.MORE_THAN: Text("more than {value}", "超过{value}"),
    Op.LESS_THAN: Text("less than {value}", "低于{value}"),
    Op.WITHIN_DAYS: Text("within the last {value}", "最近{value}内"),
    Op.DUE_WITHIN_DAYS: Text("within the next {value}", "今后{value}内"),
    Op.HAS: Text("with {value}", "含{value}"),
    Op.HAS_ANY: Text("with {value}", "含{value}"),
    Op.HAS_ALL: Text("with {value}", "含{value}"),
    Op.HAS_NONE: Text("without {value}", "不含{value}"),
}
_BETWEEN = Text("from {first} to {last}", "{first}至{last}")
_KNOWN, _NOT_KNOWN = Text("known", "已知"), Text("not known", "未知")
_OR, _AND, _NOR = Text(" or ", "或"), Text(" and ", "和"), Text(" nor ", "或")
_BOTH = Text(" and ", "，且")
_PARAMETER = Text("{value} ({parameter})", "{value}（{parameter}）")
_TIMES = Text("{times} × {fact}", "{times} × {fact}")
_OF_CUSTOMER = Text("the customer's {fact}", "客户的{fact}")

_ALWAYS = Text("always", "始终成立")
_ANY, _ALL, _NOT = (
    Text("at least one of these:", "至少满足一项："),
    Text("all of these:", "全部满足："),
    Text("not:", "不满足："),
)
_NOT_THIS = Text("not ({test})", "并非（{test}）")
_ROWS = {
    Quantifier.ANY: Text("{rows}: at least one with {where}", "{rows}：至少一条符合（{where}）"),
    Quantifier.NONE: Text("{rows}: none with {where}", "{rows}：没有一条符合（{where}）"),
    Quantifier.EVERY: Text("{rows}: every one with {where}", "{rows}：每条都符合（{where}）"),
    Quantifier.COUNT: Text("{rows}: {bounds} with {where}", "{rows}：{bounds}条符合（{where}）"),
    Quantifier.SUM: Text(
        "{rows}: {of} {bounds} in all, of those with {where}", "{rows}：符合（{where}）者的{of}合计{bounds}"
    ),
}
_NO_ROWS, _SOME_ROWS = (
    Text("{rows}: none at all", "{rows}：一条也没有"),
    Text("{rows}: at least one", "{rows}：至少一条"),
)
_HOW_MANY, _HOW_MUCH = (
    Text("{rows}: {bounds}", "{rows}：{bounds}条"),
    Text("{rows}: {of} {bounds} in all", "{rows}：{of}合计{bounds}"),
)
_THESE = Text("these:", "以下条件")

_GIVES, _ADDS = Text("{fact}: {value}", "{fact}：{value}"), Text("{fact}: also {value}", "{fact}：加入{value}")
_ADVISES = Text("Advice: {action}", "建议：{action}")
_DETAIL = Text("{advice} ({details})", "{advice}（{details}）")
_IN_DAYS, _BY, _URGENCY = (
    Text("in {days}", "{days}内"),
    Text("by {owner}", "由{owner}负责"),
    Text("urgency {number}", "紧迫度{number}"),
)


COUNT = Fact("count", None, Type.INTEGER, Text("", ""), Location(""))
DAYS = Fact("days", None, Type.INTEGER, Text("", ""), Location(""), unit="day")
"""What is no fact, and yet has values to be said."""


class Line(NamedTuple):
    """A line of a condition in words, and how deep it stands under the lines before."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Phrasing:
    """How the parts of a pack's rules are said in the language of a wording."""

    pack: Pack
    wording: Wording

    # --- conditions ---------------------------------------------------------------------------------------------------

    def lines(self, condition: Condition, scope: str | None = None, depth: int = 0) -> Iterator[Line]:
        """Yield a condition line by line; the lines of one depth must all hold, unless the one above says otherwise."""
        say = self.wording.text
        match condition:
            case All(items=()):
                yield Line(depth, say(_ALWAYS))
            case All():
                for item in condition.items:
                    yield from self.lines(item, scope, depth)
            case AnyOf():
                yield Line(depth, say(_ANY))
                for item in condition.items:
                    yield from self._one(item, scope, depth + 1)
            case Not() if (inline := self.inline(condition.item, scope)) is not None:
                yield Line(depth, say(_NOT_THIS).format(test=inline))
            case Not():
                yield Line(depth, say(_NOT))
                yield from self._one(condition.item, scope, depth + 1)
            case Quantified():
                yield from self._quantified(condition, depth)
            case Test():
                yield Line(depth, self._test(condition, scope))

    def _one(self, condition: Condition, scope: str | None, depth: int) -> Iterator[Line]:
        """Yield a condition as one of several: its lines under a line of their own if it has many."""
        inline = self.inline(condition, scope)
        if inline is not None:
            yield Line(depth, inline)
        elif isinstance(condition, All):
            yield Line(depth, self.wording.text(_ALL))
            yield from self.lines(condition, scope, depth + 1)
        else:
            yield from self.lines(condition, scope, depth)

    def inline(self, condition: Condition, scope: str | None) -> str | None:
        """Return a condition within a line, or None if it has alternatives and needs several."""
        match condition:
            case Test():
                return self._test(condition, scope)
            case All():
                parts = [self.inline(item, scope) for item in condition.items]
                found = [part for part in parts if part is not None]
                return self.wording.text(_BOTH).join(found) if found and len(found) == len(parts) else None
            case Quantified():
                lines = list(self._quantified(condition, 0))
                return lines[0].text if len(lines) == 1 else None
            case _:
                return None

    def _test(self, test: Test, scope: str | None) -> str:
        fact = self.pack.vocabulary.facts[test.fact]
        return self.wording.text(_COLON).format(
            fact=self._named(fact, scope), asked=self._asked(fact, test.op, test.operand, scope)
        )

    def _asked(self, fact: Fact, op: Op, operand: Operand, scope: str | None) -> str:
        say = self.wording.text
        if isinstance(operand, FactOperand):
            return say(_ASKED[op]).format(value=self._other(operand, scope))
        if op is Op.KNOWN:
            return say(_KNOWN if operand.value else _NOT_KNOWN)
        if op is Op.BETWEEN:
            first, last = (self._value(fact, value) for value in operand.values)
            said = say(_BETWEEN).format(first=first, last=last)
        elif op in (Op.WITHIN_DAYS, Op.DUE_WITHIN_DAYS):
            said = self.wording.measure(DAYS, operand.value)
        else:
            joint = {Op.HAS_ALL: _AND, Op.NONE_OF: _NOR, Op.HAS_NONE: _NOR}.get(op, _OR)
            said = self._joined([self._value(fact, value) for value in operand.values], joint)
        named = said if operand.param is None else say(_PARAMETER).format(value=said, parameter=operand.param)
        return named if op is Op.BETWEEN else say(_ASKED[op]).format(value=named)

    def _joined(self, words: list[str], last: Text) -> str:
        """Return words as a list whose last comma is a conjunction."""
        *first, end = words
        return self.wording.text(last).join([self.wording.listed(first), end]) if first else end

    def _other(self, operand: FactOperand, scope: str | None) -> str:
        title = self._named(self.pack.vocabulary.facts[operand.fact], scope)
        if operand.times == 1:
            return title
        return self.wording.text(_TIMES).format(times=self.wording.number(operand.times), fact=title)

    def value(self, key: FactKey, value: Value) -> str:
        """Return a fact's value in words."""
        return self._value(self.pack.vocabulary.facts[key], value)

    def _value(self, fact: Fact, value: Value) -> str:
        return self.wording.measure(fact, value)

    def _named(self, fact: Fact, scope: str | None) -> str:
        title = self.wording.text(fact.title)
        return self.wording.text(_OF_CUSTOMER).format(fact=title) if scope and fact.scope is None else title

    def _quantified(self, test: Quantified, depth: int) -> Iterator[Line]:
        say = self.wording.text
        parts = {"rows": say(self.pack.vocabulary.collections[test.collection].title), "bounds": self._bounds(test)}
        if test.of is not None:
            parts["of"] = say(self.pack.vocabulary.facts[test.of].title)
        if isinstance(test.where, All) and not test.where.items and test.quantifier in _WITHOUT_WHERE:
            yield Line(depth, say(_WITHOUT_WHERE[test.quantifier]).format(**parts))
            return
        where = self.inline(test.where, test.collection)
        yield Line(depth, say(_ROWS[test.quantifier]).format(where=where or say(_THESE), **parts))
        if where is None:
            yield from self.lines(test.where, test.collection, depth + 1)

    def _bounds(self, test: Quantified) -> str:
        return self.wording.text(_BOTH).join(self._bound(test, bound) for bound in test.bounds)

    def _bound(self, test: Quantified, bound: Bound) -> str:
        fact = self.pack.vocabulary.facts[test.of] if test.of is not None else COUNT
        say = self.wording.text
        values = [self._value(fact, value) for value in bound.operand.values]
        said = say(_BETWEEN).format(first=values[0], last=values[1]) if bound.op is Op.BETWEEN else values[0]
        if bound.operand.param is not None:
            said = say(_PARAMETER).format(value=said, parameter=bound.operand.param)
        return said if bound.op is Op.BETWEEN else say(_ASKED[bound.op]).format(value=said)

    # --- conclusions --------------------------------------------------------------------------------------------------

    def conclusion(self, conclusion: Conclusion) -> str:
        """Return a conclusion in words."""
        match conclusion:
            case SetFact():
                return self.given(conclusion.fact, conclusion.value)
            case AddTo():
                fact = self.pack.vocabulary.facts[conclusion.fact]
                members = self.wording.listed(self.wording.member(fact, member) for member in conclusion.members)
                return self.wording.text(_ADDS).format(fact=self.wording.text(fact.title), value=members)
            case Advise():
                return self._advice(conclusion)

    def given(self, key: FactKey, value: Value) -> str:
        """Return that a fact gets a value, in words."""
        fact = self.pack.vocabulary.facts[key]
        return self.wording.text(_GIVES).format(fact=self.wording.text(fact.title), value=self._value(fact, value))

    def _advice(self, advise: Advise) -> str:
        say = self.wording.text
        said = say(_ADVISES).format(action=say(self.pack.actions[advise.action].title))
        details = []
        if advise.in_days is not None:
            details.append(say(_IN_DAYS).format(days=self.wording.with_unit(advise.in_days, "day")))
        if advise.owner is not None:
            details.append(say(_BY).format(owner=self.wording.member_of("speaker_role", advise.owner)))
        if advise.medium is not None:
            details.append(self.wording.member_of("medium", advise.medium))
        if advise.urgency is not None:
            details.append(say(_URGENCY).format(number=advise.urgency))
        return say(_DETAIL).format(advice=said, details=self.wording.listed(details)) if details else said


_WITHOUT_WHERE = {
    Quantifier.ANY: _SOME_ROWS,
    Quantifier.NONE: _NO_ROWS,
    Quantifier.COUNT: _HOW_MANY,
    Quantifier.SUM: _HOW_MUCH,
}


def texts_of(lines: Iterable[Line]) -> list[str]:
    """Return lines as texts, indented by two blanks for each step of depth."""
    return ["  " * line.depth + line.text for line in lines]
