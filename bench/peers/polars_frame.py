"""Polars: expressions over a frame, layer by layer."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import polars as pl

from bench.neutral import Customer
from bench.peers.rules import COMPARISONS, Batch, Decision, Layer, Specification, as_rows, concluding, fold, layers

TESTS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    **COMPARISONS,
    "in": lambda fact, constants: fact.is_in(constants),
    "missing": lambda fact, _: fact.is_null(),
    "present": lambda fact, _: fact.is_not_null(),
}


def build(specification: Specification) -> Batch:
    """Write the expressions of each layer: its rules, then its targets."""
    schema = {feature["name"]: _type(feature) for feature in specification["features"]}
    steps = [step for layer in layers(specification) for step in (_rules(layer), _targets(layer))]
    targets = [target["name"] for target in specification["targets"]]
    rules = [rule["id"] for rule in specification["rules"]]

    def load(customers: Sequence[Customer]) -> pl.DataFrame:
        return pl.DataFrame(list(customers), schema=schema)

    def run(customers: pl.DataFrame) -> pl.DataFrame:
        frame = customers.lazy()
        for step in steps:
            frame = frame.with_columns(step)
        return frame.select(targets + rules).collect()

    def rows(found: pl.DataFrame) -> list[Decision]:
        fired = {rule: found[rule].arg_true().to_list() for rule in rules}
        return as_rows(specification, {target: found[target].to_list() for target in targets}, fired)

    return Batch(load, run, rows)


def _rules(layer: Layer) -> list[pl.Expr]:
    # Three-valued: as nothing is negated, unknown may as well become false at the very end.
    return [fold(rule["when"], _leaf, _every, _some).fill_null(False).alias(rule["id"]) for rule in layer.rules]


def _targets(layer: Layer) -> list[pl.Expr]:
    found = []
    for target, default in layer.defaults.items():
        value = pl.lit(default)
        for rule in reversed(concluding(layer, target)):
            value = pl.when(pl.col(rule["id"])).then(pl.lit(rule["then"]["value"])).otherwise(value)
        found.append(value.alias(target))
    return found


def _leaf(fact: str, test: str, constant: Any) -> pl.Expr:
    return TESTS[test](pl.col(fact), constant)


def _every(terms: list[pl.Expr]) -> pl.Expr:
    return reduce(operator.and_, terms)


def _some(terms: list[pl.Expr]) -> pl.Expr:
    return reduce(operator.or_, terms)


def _type(feature: Any) -> Any:
    if feature["type"] == "num":
        return pl.Int64 if feature["kind"] == "int" else pl.Float64
    return pl.String if feature["type"] == "enum" else pl.Boolean
