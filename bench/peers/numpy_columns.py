"""Plain NumPy: masks over columns; numbers with NaN for missing, members as their place in the domain or -1."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.neutral import Customer
from bench.peers.rules import Batch, Decision, Layer, Specification, as_rows, concluding, fold, layers

Column = npt.NDArray[Any]
Columns = dict[str, Column]
Domains = Mapping[str, list[Any]]

TESTS: dict[str, Callable[[Column, Any], Column]] = {
    "==": operator.eq,
    "!=": lambda column, constant: (column != constant) & _known(column),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda column, constants: reduce(operator.or_, [column == constant for constant in constants]),
    "missing": lambda column, _: ~_known(column),
    "present": lambda column, _: _known(column),
}


def build(specification: Specification) -> Batch:
    """Keep the domains that members are coded by; the rules are interpreted for each batch, which costs little."""
    domains: dict[str, list[Any]] = {target["name"]: target["domain"] for target in specification["targets"]}
    for feature in specification["features"]:
        if feature["type"] != "num":
            domains[feature["name"]] = feature.get("domain", [False, True])
    steps = layers(specification)

    def load(customers: Sequence[Customer]) -> Columns:
        return {
            feature["name"]: _column(
                domains.get(feature["name"]), [customer[feature["name"]] for customer in customers]
            )
            for feature in specification["features"]
        }

    def run(customers: Columns) -> tuple[Columns, Columns]:
        columns = dict(customers)
        fired: Columns = {}
        for layer in steps:
            fired |= {rule["id"]: _mask(rule["when"], columns, domains) for rule in layer.rules}
            columns |= _targets(layer, fired, domains)
        return {target["name"]: columns[target["name"]] for target in specification["targets"]}, fired

    def rows(found: tuple[Columns, Columns]) -> list[Decision]:
        values = {name: np.array(domains[name], object)[codes].tolist() for name, codes in found[0].items()}
        return as_rows(specification, values, {name: np.flatnonzero(mask).tolist() for name, mask in found[1].items()})

    return Batch(load, run, rows)


def _known(column: Column) -> Column:
    return ~np.isnan(column) if column.dtype.kind == "f" else column >= 0


def _column(domain: list[Any] | None, values: list[Any]) -> Column:
    if domain is None:
        return np.array(values, np.float64)  # None becomes NaN
    codes = {member: code for code, member in enumerate(domain)} | {None: -1}
    return np.array([codes[value] for value in values], np.int8)


def _mask(condition: Mapping[str, Any], columns: Columns, domains: Domains) -> Column:
    def leaf(fact: str, test: str, constant: Any) -> Column:
        domain = domains.get(fact)
        if domain is not None and constant is not None:
            constant = [domain.index(one) for one in constant] if test == "in" else domain.index(constant)
        return TESTS[test](columns[fact], constant)

    return fold(condition, leaf, lambda masks: reduce(operator.and_, masks), lambda masks: reduce(operator.or_, masks))


def _targets(layer: Layer, fired: Columns, domains: Domains) -> Columns:
    found = {}
    for target, default in layer.defaults.items():
        codes = np.full(len(next(iter(fired.values()))), domains[target].index(default), np.int8)
        for rule in reversed(concluding(layer, target)):
            codes[fired[rule["id"]]] = domains[target].index(rule["then"]["value"])
        found[target] = codes
    return found
