"""zen-engine: a decision graph with two expression nodes for each layer, its rules as flags and its targets.

Comparing null raises there, so every comparison is guarded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import zen

from bench.neutral import Customer
from bench.peers.rules import Decide, Decision, Layer, Specification, concluding, infix, layers


def build(specification: Specification) -> Decide:
    """Load the graph into an engine."""
    decision = zen.ZenEngine().create_decision(json.dumps(_graph(specification)))
    targets = [target["name"] for target in specification["targets"]]
    rules = [(rule["id"], rule["then"]["target"], rule["then"]["value"]) for rule in specification["rules"]]

    def decide(customer: Customer) -> Decision:
        found = decision.evaluate(customer)["result"]
        return {name: found[name] for name in targets} | {
            "actions": [value for name, target, value in rules if target == "actions" and found[name]],
            "fired": [name for name, _, _ in rules if found[name]],
        }

    return decide


def _graph(specification: Specification) -> dict[str, Any]:
    steps = [step for layer in layers(specification) for step in (list(_rules(layer)), list(_targets(layer))) if step]
    nodes: list[dict[str, Any]] = [
        {"id": "start", "name": "start", "type": "inputNode", "content": {}},
        *(_node(f"n{number}", step) for number, step in enumerate(steps)),
        {"id": "end", "name": "end", "type": "outputNode", "content": {}},
    ]
    edges = [
        {"id": f"e{number}", "type": "edge", "sourceId": one["id"], "targetId": other["id"]}
        for number, (one, other) in enumerate(pairwise(nodes))
    ]
    return {"nodes": nodes, "edges": edges}


def _node(name: str, expressions: list[tuple[str, str]]) -> dict[str, Any]:
    content = {
        "expressions": [{"id": key, "key": key, "value": value} for key, value in expressions],
        "passThrough": True,
    }
    return {"id": name, "name": name, "type": "expressionNode", "content": content}


def _rules(layer: Layer) -> Iterator[tuple[str, str]]:
    condition = infix(_leaf, "and", "or")
    for rule in layer.rules:
        yield rule["id"], condition(rule)


def _targets(layer: Layer) -> Iterator[tuple[str, str]]:
    for target, default in layer.defaults.items():
        value = json.dumps(default)
        for rule in reversed(concluding(layer, target)):
            value = f"({rule['id']} ? {json.dumps(rule['then']['value'])} : {value})"
        yield target, value


def _leaf(fact: str, operator: str, constant: Any) -> str:
    match operator:
        case "missing":
            return f"{fact} == null"
        case "present":
            return f"{fact} != null"
        case _:
            return f"({fact} != null and {fact} {operator} {json.dumps(constant)})"
