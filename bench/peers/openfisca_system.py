"""OpenFisca: a variable for each fact, rule and target, with formulas over columns.

It keeps numbers as float32, so they are whole hundredths here; a missing value is the smallest integer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from bench.neutral import Customer
from bench.peers.rules import COMPARISONS, Batch, Decision, Specification, as_rows, concluding, fold, layers

MISSING, SCALE, PERIOD = -(2**31), 100, "2024-06"
Codes = Mapping[str, Mapping[Any, int]]

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    **COMPARISONS,
    "in": lambda column, constants: reduce(operator.or_, [column == constant for constant in constants]),
}


def build(specification: Specification) -> Batch:
    """Define the variables once; every batch is a simulation of its own."""
    codes = _codes(specification)
    person = build_entity(key="customer", plural="customers", label="customer", is_person=True)
    system = TaxBenefitSystem([person])

    def add(name: str, kind: type, formula: Any = None) -> None:
        settings = {"value_type": kind, "entity": person, "definition_period": DateUnit.MONTH, "label": name}
        system.add_variable(type(name, (Variable,), settings | ({"formula": formula} if formula else {})))

    for feature in specification["features"]:
        add(feature["name"], int)
    for layer in layers(specification):
        for rule in layer.rules:
            add(rule["id"], bool, _rule(rule["when"], codes))
        for target, default in layer.defaults.items():
            cases = [(rule["id"], codes[target][rule["then"]["value"]]) for rule in concluding(layer, target)]
            add(target, int, _target(cases, codes[target][default]))
    targets = [target["name"] for target in specification["targets"]]
    rules = [rule["id"] for rule in specification["rules"]]

    def load(customers: Sequence[Customer]) -> dict[str, Any]:
        return {
            feature["name"]: _column(codes.get(feature["name"]), [one[feature["name"]] for one in customers])
            for feature in specification["features"]
        }

    def run(columns: dict[str, Any]) -> dict[str, Any]:
        simulation = SimulationBuilder().build_default_simulation(system, count=len(next(iter(columns.values()))))
        for name, column in columns.items():
            simulation.set_input(name, PERIOD, column)
        return {name: simulation.calculate(name, PERIOD) for name in targets + rules}

    def rows(found: dict[str, Any]) -> list[Decision]:
        values = {name: np.array(list(codes[name]), object)[found[name]].tolist() for name in targets}
        return as_rows(specification, values, {name: np.flatnonzero(found[name]).tolist() for name in rules})

    return Batch(load, run, rows)


def _codes(specification: Specification) -> Codes:
    domains = {target["name"]: target["domain"] for target in specification["targets"]}
    for feature in specification["features"]:
        if feature["type"] != "num":
            domains[feature["name"]] = feature.get("domain", [False, True])
    return {name: {member: code for code, member in enumerate(domain)} for name, domain in domains.items()}


def _column(codes: Mapping[Any, int] | None, values: list[Any]) -> Any:
    coded = [MISSING if one is None else round(one * SCALE) if codes is None else codes[one] for one in values]
    return np.array(coded, np.int32)


def _rule(condition: Mapping[str, Any], codes: Codes) -> Any:
    def formula(customer: Any, period: Any) -> Any:
        def leaf(fact: str, test: str, constant: Any) -> Any:
            column = customer(fact, period)
            if test in ("missing", "present"):
                return (column == MISSING) == (test == "missing")
            return TESTS[test](column, _constant(codes.get(fact), constant)) & (column != MISSING)

        return fold(condition, leaf, lambda masks: reduce(operator.and_, masks), lambda ms: reduce(operator.or_, ms))

    return formula


def _constant(codes: Mapping[Any, int] | None, constant: Any) -> Any:
    if isinstance(constant, list):
        return [_constant(codes, one) for one in constant]
    return round(constant * SCALE) if codes is None else codes[constant]


def _target(cases: Sequence[tuple[str, int]], default: int) -> Any:
    def formula(customer: Any, period: Any) -> Any:
        codes = np.full(customer.count, default, np.int32)
        for rule, code in reversed(cases):
            codes[customer(rule, period)] = code
        return codes

    return formula
