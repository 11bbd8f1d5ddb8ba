"""What declarations say of each other: defaults, fallbacks, constraints; read when all facts are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import Location, Problems, did_you_mean
from engine.load.form import kind_of
from engine.load.values import WrongValueError, check_range, value_of
from engine.said import said
from engine.vocabulary import Constraint, Enum, Fact, FactKey, Type, Value
from engine.yaml12 import Node, YScalar

_CONSTRAINT = re.compile(r"(\S+) <= (\S+)\Z")
_NUMERIC = (Type.INTEGER, Type.NUMBER)
_ORDERED = (Type.INTEGER, Type.NUMBER, Type.LEVEL, Type.DATE)


ACTIONS = "actions"
_WORDS = (Type.CATEGORY, Type.TEXT)
_OF_ACTIONS = {"action": _WORDS, "about": (Type.TEXT,), "state": _WORDS, "due_on": (Type.DATE,)}


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared fact, with the nodes that can be read only when all facts are known."""

    name: str
    scope: str | None
    default: Node | None
    fallback: YScalar | None


@dataclass(frozen=True, slots=True)
class References:
    """Resolve references between declarations; `facts` is completed in place."""

    problems: Problems
    enums: Mapping[str, Enum]
    facts: dict[FactKey, Fact]
    families: Mapping[FactKey, str]

    def resolve(self, declared: Declared) -> None:
        """Give a fact its default and its fallback."""
        fact = self.facts.get(FactKey(declared.scope, declared.name))
        if fact is None or fact.name in self.problems.in_doubt:
            return
        if declared.default is not None:
            fact = replace(fact, default=self._value(fact, declared.default))
        if declared.fallback is not None:
            fact = replace(fact, falls_back_to=self._fallback(fact, declared.fallback))
        self.facts[fact.key] = fact

    def _value(self, fact: Fact, node: Node) -> Value | None:
        if not isinstance(node, YScalar):
            message = said("the default is one value, not {kind}.", kind=kind_of(node))
            self.problems.add(node.at, "wrong-default", message)
            return None
        try:
            value = value_of(node, fact, self.enums)
            check_range(value, fact)
        except WrongValueError as wrong:
            self.problems.add(node.at, wrong.code, wrong.message, wrong.hint)
            return None
        return value

    def _fallback(self, fact: Fact, name: YScalar) -> str | None:
        target = self.facts.get(FactKey(fact.scope, name.text))
        if target is None and (fact.scope, name.text) in self.families and fact.member:
            target = self.facts.get(FactKey(fact.scope, f"{name.text}.{fact.member}"))
        if target is None:
            known = [key.name for key in self.facts if key.scope == fact.scope]
            message = said("there is no fact `{name}` to fall back to.", name=name.text)
            self.problems.add(name.at, "unknown-fact", message, did_you_mean(name.text, known))
            return None
        if (target.type, target.enum, target.scale) != (fact.type, fact.enum, fact.scale):
            message = said("`{fact}` and `{other}` are not of the same type.", fact=fact.name, other=target.name)
            self.problems.add(name.at, "wrong-fallback", message, said("Type, enum and scale must agree."))
        elif not _lies_within(target, fact):
            self.problems.add(
                name.at,
                "wrong-fallback",
                said(
                    "`{other}` can have values that lie out of the range of `{fact}`.",
                    other=target.name,
                    fact=fact.name,
                ),
                said("Give both the same `range`."),
            )
        return target.name

    def check_actions(self) -> None:
        """Check the row facts by which an advised action is found again among those on record."""
        for name, types in _OF_ACTIONS.items():
            fact = self.facts.get(FactKey(ACTIONS, name))
            if fact is not None and (fact.type not in types or fact.is_derived or fact.falls_back_to is not None):
                message = said(
                    "`{fact}` tells which actions are open, so it is a recorded {type}.", fact=fact.key, type=types[0]
                )
                self.problems.add(
                    fact.at, "wrong-type", message, said("Write `type: {type}`, and no fallback.", type=types[0])
                )

    def check_fallback_cycles(self) -> None:
        """Check that following fallbacks ends."""
        for start in self.facts.values():
            chain, fact = [start.name], start
            while fact.falls_back_to is not None and len(chain) <= len(self.facts):
                chain.append(fact.falls_back_to)
                fact = self.facts[FactKey(start.scope, fact.falls_back_to)]
                if fact is start and start.name == min(chain):  # one report for each circle
                    message = said("facts fall back in a circle: {facts: -> }.", facts=chain)
                    self.problems.add(start.at, "fallback-cycle", message, said("Break it."))
                    break

    def constraint(self, node: Node) -> Constraint | None:
        """Read `a <= b`, or return None after noting the problem."""
        match = _CONSTRAINT.match(node.text) if isinstance(node, YScalar) else None
        if match is None:
            self.problems.add(node.at, "wrong-shape", said("a constraint compares two facts."), said("Write `a <= b`."))
            return None
        places = (node.at._replace(column=node.at.column + match.start(group)) for group in (1, 2))
        facts = [self._constrained(name, at) for name, at in zip(match.groups(), places, strict=True)]
        if None in facts:
            return None
        lower, upper = (fact for fact in facts if fact is not None)
        alike = lower.type is upper.type and lower.enum == upper.enum and lower.type in _ORDERED
        if not alike and not (lower.type in _NUMERIC and upper.type in _NUMERIC):
            self.problems.add(
                node.at,
                "not-comparable",
                said(
                    "`{lower}` ({type}) and `{upper}` ({other_type}) have no order.",
                    lower=lower.name,
                    type=lower.type,
                    upper=upper.name,
                    other_type=upper.type,
                ),
            )
            return None
        return Constraint(lower.name, upper.name, node.at)

    def _constrained(self, name: str, at: Location) -> Fact | None:
        fact = self.facts.get(FactKey(None, name))
        if fact is None:
            known = [key.name for key in self.facts if key.scope is None]
            message = said("there is no fact `{name}` of the customer.", name=name)
            self.problems.add(at, "unknown-fact", message, did_you_mean(name, known))
        return fact


def _lies_within(inner: Fact, outer: Fact) -> bool:
    """Whether all values of a fact lie in another's range."""
    is_above = outer.least is None or (inner.least is not None and inner.least >= outer.least)
    return is_above and (outer.most is None or (inner.most is not None and inner.most <= outer.most))
