"""zen-engine: a decision graph of one expression node, in which later expressions read earlier ones by `$`.

Comparing null raises there, so every comparison is guarded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import zen

from bench.neutral import Customer
from bench.peers.rules import Decide, Decision, Layer, Specification, concluding, infix, layers


def build(specification: Specification) -> Decide:
    """Load the graph into an engine."""
    decision = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(_graph(specification))))
    targets = [target["name"] for target in specification["targets"]]
    rules = [(rule["id"], rule["then"]["target"], rule["then"]["value"]) for rule in specification["rules"]]

    def decide(customer: Customer) -> Decision:
        found = decision.evaluate(customer)["result"]
        fired = list(zip(rules, found["fired"], strict=True))
        return {name: found[name] for name in targets} | {
            "actions": [value for (_, target, value), fires in fired if target == "actions" and fires],
            "fired": [name for (name, _, _), fires in fired if fires],
        }

    return decide


def _graph(specification: Specification) -> dict[str, Any]:
    expressions = [
        {"id": key, "key": key, "value": value}
        for layer in layers(specification)
        for key, value in chain(_rules(layer, specification), _targets(layer))
    ]
    fired = ", ".join(f"$.{rule['id']}" for rule in specification["rules"])
    expressions.append({"id": "fired", "key": "fired", "value": f"[{fired}]"})
    nodes = [
        {"id": "start", "name": "start", "type": "inputNode", "content": {}},
        {"id": "rules", "name": "rules", "type": "expressionNode", "content": {"expressions": expressions}},
        {"id": "end", "name": "end", "type": "outputNode", "content": {}},
    ]
    edges = [
        {"id": f"to_{other['id']}", "type": "edge", "sourceId": one["id"], "targetId": other["id"]}
        for one, other in pairwise(nodes)
    ]
    return {"nodes": nodes, "edges": edges}


def _rules(layer: Layer, specification: Specification) -> Iterator[tuple[str, str]]:
    derived = {target["name"] for target in specification["targets"]}
    condition = infix(lambda fact, *test: _leaf(f"$.{fact}" if fact in derived else fact, *test), "and", "or")
    for rule in layer.rules:
        yield rule["id"], condition(rule)


def _targets(layer: Layer) -> Iterator[tuple[str, str]]:
    for target, default in layer.defaults.items():
        value = json.dumps(default)
        for rule in reversed(concluding(layer, target)):
            value = f"($.{rule['id']} ? {json.dumps(rule['then']['value'])} : {value})"
        yield target, value


def _leaf(fact: str, operator: str, constant: Any) -> str:
    match operator:
        case "missing":
            return f"{fact} == null"
        case "present":
            return f"{fact} != null"
        case _:
            return f"({fact} != null and {fact} {operator} {json.dumps(constant)})"
