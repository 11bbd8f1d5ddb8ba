"""DuckDB: one SQL query, for each layer a select of its rules around the one before; Arrow tables in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bench.neutral import Customer
from bench.peers.rules import Batch, Decision, Specification, as_rows, concluding, infix, layers

OPERATORS = {"==": "=", "!=": "<>", "missing": "IS NULL", "present": "IS NOT NULL"}


def build(specification: Specification) -> Batch:
    """Write the query; one connection runs it on one core."""
    schema = pa.schema([(feature["name"], _type(feature)) for feature in specification["features"]])
    connection = duckdb.connect(config={"threads": 1})
    query = _query(specification)
    targets = [target["name"] for target in specification["targets"]]
    rules = [rule["id"] for rule in specification["rules"]]

    def load(customers: Sequence[Customer]) -> pa.Table:
        return pa.Table.from_pylist(list(customers), schema=schema)

    def run(customers: pa.Table) -> pa.Table:
        connection.register("customers", customers)
        return connection.sql(query).to_arrow_table()

    def rows(found: pa.Table) -> list[Decision]:
        fired = {rule: np.flatnonzero(found[rule].to_numpy()).tolist() for rule in rules}
        return as_rows(specification, {target: found[target].to_pylist() for target in targets}, fired)

    return Batch(load, run, rows)


def _query(specification: Specification) -> str:
    condition = infix(_leaf, "AND", "OR")
    query = "customers"
    for layer in layers(specification):
        # Three-valued: as nothing is negated, unknown may as well become false at the very end.
        rules = ", ".join(f"coalesce({condition(rule)}, false) AS {rule['id']}" for rule in layer.rules)
        query = f"(SELECT *, {rules} FROM {query})"  # noqa: S608 - the bench's own names
        cases = []
        for target, default in layer.defaults.items():
            whens = " ".join(
                f"WHEN {rule['id']} THEN {_constant(rule['then']['value'])}" for rule in concluding(layer, target)
            )
            cases.append(f"CASE {whens} ELSE {_constant(default)} END AS {target}")
        query = f"(SELECT *, {', '.join(cases)} FROM {query})" if cases else query  # noqa: S608
    columns = [target["name"] for target in specification["targets"]] + [rule["id"] for rule in specification["rules"]]
    return f"SELECT {', '.join(columns)} FROM {query}"  # noqa: S608


def _leaf(fact: str, operator: str, constant: Any) -> str:
    if operator in ("missing", "present"):
        return f"{fact} {OPERATORS[operator]}"
    if operator == "in":
        return f"{fact} IN ({', '.join(map(_constant, constant))})"
    return f"{fact} {OPERATORS.get(operator, operator)} {_constant(constant)}"


def _constant(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _type(feature: Any) -> pa.DataType:
    if feature["type"] == "num":
        return pa.int64() if feature["kind"] == "int" else pa.float64()
    return pa.string() if feature["type"] == "enum" else pa.bool_()
