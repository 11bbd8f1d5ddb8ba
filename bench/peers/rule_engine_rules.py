"""rule-engine: one expression for each rule; comparing null raises there, so every comparison is guarded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import rule_engine

from bench.peers.rules import Decide, Layer, Match, Specification, by_layers, infix


def build(specification: Specification) -> Decide:
    """Parse the rules of each layer."""
    return by_layers(specification, _matcher)


def _matcher(layer: Layer) -> Match:
    context = rule_engine.Context(resolver=rule_engine.resolve_item)
    condition = infix(_leaf, "and", "or")
    tests = [(rule["id"], rule_engine.Rule(condition(rule), context=context).matches) for rule in layer.rules]

    def match(facts: Mapping[str, Any]) -> list[str]:
        return [name for name, matches in tests if matches(facts)]

    return match


def _leaf(fact: str, operator: str, constant: Any) -> str:
    match operator:
        case "missing":
            return f"{fact} == null"
        case "present":
            return f"{fact} != null"
        case "==" | "in":  # null equals no constant
            return f"{fact} {operator} {json.dumps(constant)}"
        case _:
            return f"({fact} != null and {fact} {operator} {json.dumps(constant)})"
