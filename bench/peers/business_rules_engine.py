"""business-rules: a variable for each fact and another that tells whether it is known, because missing values raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from business_rules import run_all
from business_rules.actions import BaseActions, rule_action
from business_rules.fields import FIELD_TEXT
from business_rules.variables import (
    BaseVariables,
    boolean_rule_variable,
    numeric_rule_variable,
    select_rule_variable,
)

from bench.peers.rules import Decide, Layer, Match, Specification, by_layers, fold

OPERATORS = {
    "<": "less_than",
    "<=": "less_than_or_equal_to",
    ">": "greater_than",
    ">=": "greater_than_or_equal_to",
    "==": "contains",
    "!=": "does_not_contain",
}


class _Variables(BaseVariables):  # type: ignore[misc,unused-ignore]
    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts


class _Actions(BaseActions):  # type: ignore[misc,unused-ignore]
    def __init__(self) -> None:
        self.fired: list[str] = []

    @rule_action(params={"rule": FIELD_TEXT})  # type: ignore[untyped-decorator,unused-ignore]
    def note(self, rule: str) -> None:
        self.fired.append(rule)


def build(specification: Specification) -> Decide:
    """Make a class of variables and the rules of each layer."""
    kinds = {feature["name"]: feature["type"] for feature in specification["features"]}
    members: dict[str, Any] = {}
    for name in [*kinds, *(target["name"] for target in specification["targets"])]:
        members[f"has_{name}"] = boolean_rule_variable(f"has {name}")(_has(name))
        members[name] = _VARIABLES[kinds.get(name, "enum")](name)
    variables = type("Variables", (_Variables,), members)

    def matcher(layer: Layer) -> Match:
        rules = [
            {
                "conditions": fold(rule["when"], _leaf, _every, _some),
                "actions": [{"name": "note", "params": {"rule": rule["id"]}}],
            }
            for rule in layer.rules
        ]

        def match(facts: Mapping[str, Any]) -> list[str]:
            actions = _Actions()
            run_all(rules, variables(facts), actions)
            return actions.fired

        return match

    return by_layers(specification, matcher)


def _every(terms: list[Any]) -> Any:
    return {"all": terms}


def _some(terms: list[Any]) -> Any:
    return {"any": terms}


def _has(name: str) -> Any:
    return lambda self: self.facts[name] is not None


def _value(name: str) -> Any:
    return lambda self: self.facts[name]


_VARIABLES = {
    "num": lambda name: numeric_rule_variable(name)(_value(name)),
    "bool": lambda name: boolean_rule_variable(name)(_value(name)),
    "enum": lambda name: select_rule_variable(name)(lambda self: [self.facts[name]]),
}


def _leaf(fact: str, operator: str, constant: Any) -> Any:
    known = {"name": f"has_{fact}", "operator": "is_false" if operator == "missing" else "is_true", "value": ""}
    match operator:
        case "missing" | "present":
            return known
        case "in":
            return {"any": [_leaf(fact, "==", one) for one in constant]}
    if isinstance(constant, bool):
        test = {"name": fact, "operator": "is_true" if constant else "is_false", "value": ""}
    else:
        test = {"name": fact, "operator": OPERATORS[operator], "value": constant}
    return {"all": [known, test]}
