"""What the peers share: the workload's conditions in any notation, its layers, and how fired rules become values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.neutral import Customer

Specification = Mapping[str, Any]
Rule = Mapping[str, Any]
Decision = dict[str, Any]
Decide = Callable[[Customer], Decision]
Match = Callable[[Mapping[str, Any]], Iterable[str]]
"""Facts in, names of the rules that fire out, in any order."""

Term = TypeVar("Term")

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The workload's comparisons for libraries whose facts and columns overload Python's operators."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Decide many customers by columns, in the peer's own form: rows into columns, the run, and rows of the result."""

    load: Callable[[Sequence[Customer]], Any]
    run: Callable[[Any], Any]
    rows: Callable[[Any], list[Decision]]


@dataclass(frozen=True, slots=True)
class Layer:
    """Rules that see the same facts, highest priority first, and what a target is if none of them fires."""

    number: int
    rules: Sequence[Rule]
    defaults: Mapping[str, str]


def layers(specification: Specification) -> list[Layer]:
    """Return the workload's layers in the order in which they run."""
    numbers = sorted({rule["layer"] for rule in specification["rules"]})
    return [
        Layer(
            number,
            [rule for rule in specification["rules"] if rule["layer"] == number],
            {target["name"]: target["default"] for target in specification["targets"] if target["layer"] == number},
        )
        for number in numbers
    ]


def concluding(layer: Layer, target: str) -> list[Rule]:
    """Return the layer's rules that conclude a target, highest priority first."""
    return [rule for rule in layer.rules if rule["then"]["target"] == target]


def fold(
    condition: Mapping[str, Any],
    leaf: Callable[[str, str, Any], Term],
    every: Callable[[list[Term]], Term],
    some: Callable[[list[Term]], Term],
) -> Term:
    """Translate a condition; `leaf` gets the fact, the operator and the constant (None for `missing` and `present`)."""
    for name, combine in (("all", every), ("any", some)):
        if name in condition:
            return combine([fold(item, leaf, every, some) for item in condition[name]])
    return leaf(condition["f"], condition["op"], condition.get("v"))


def infix(leaf: Callable[[str, str, Any], str], conjunction: str, disjunction: str) -> Callable[[Rule], str]:
    """Return what writes a rule's condition as text, with these two words between terms in parentheses."""

    def joined(word: str) -> Callable[[list[str]], str]:
        return lambda terms: f"({f' {word} '.join(terms)})"

    return lambda rule: fold(rule["when"], leaf, joined(conjunction), joined(disjunction))


def by_layers(specification: Specification, matcher: Callable[[Layer], Match]) -> Decide:
    """Return a decision for an engine that only tells which rules fire: Python settles priorities, layer by layer."""
    steps = [
        (
            layer.defaults,
            {
                rule["id"]: (rank, rule["then"]["target"], rule["then"]["value"])
                for rank, rule in enumerate(layer.rules)
            },
            matcher(layer),
        )
        for layer in layers(specification)
    ]

    def decide(customer: Customer) -> Decision:
        facts, decision = dict(customer), Decision()
        fired: list[str] = []
        actions: list[str] = []
        for defaults, conclusions, match in steps:
            found: dict[str, str] = {}
            for name in sorted(match(facts), key=conclusions.__getitem__):
                _, target, value = conclusions[name]
                fired.append(name)
                if target == "actions":
                    actions.append(value)
                else:
                    found.setdefault(target, value)
            for target, default in defaults.items():
                facts[target] = decision[target] = found.get(target, default)
        return decision | {"actions": actions, "fired": fired}

    return decide


def as_rows(
    specification: Specification, values: Mapping[str, Iterable[str]], fired: Mapping[str, Iterable[int]]
) -> list[Decision]:
    """Make row dicts of columns: values by target, row numbers by rule."""
    decisions: list[Decision] = [
        dict(zip(values, row, strict=True)) | {"actions": [], "fired": []} for row in zip(*values.values(), strict=True)
    ]
    for rule in specification["rules"]:
        target, value = rule["then"]["target"], rule["then"]["value"]
        for index in fired[rule["id"]]:
            decisions[index]["fired"].append(rule["id"])
            if target == "actions":
                decisions[index]["actions"].append(value)
    return decisions
