"""The neutral workload as a catalogue, a pack and a snapshot.

The workload's meaning: a comparison with a missing value is false. In the rule language it is unknown, so every
comparison here is written together with `known: true`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from bench.neutral import Customer, specification
from engine.load import pack_from_texts
from engine.model import Pack
from engine.snapshot import CustomerFacts, Snapshot, arrow_type
from engine.vocabulary import Type, Value, Vocabulary

AS_OF = date(2024, 6, 30)

_TEXT = {"en": "-", "zh": "-"}
_OPERATORS = {
    "<": "less_than",
    "<=": "at_most",
    ">": "more_than",
    ">=": "at_least",
    "==": "is",
    "!=": "is_not",
    "in": "one_of",
}


def pack() -> Pack:
    """Return the workload as a rule pack (JSON is YAML, so it goes through the loader like any other)."""
    catalogue = {"enums": _enums(), "facts": _facts()}
    rules = {"rules": [_rule(rule) for rule in specification()["rules"]]}
    manifest = {"pack": "workload", "version": "1.0.0", "title": _TEXT}
    texts = {"catalog.yaml": catalogue, "pack.yaml": manifest, "rules.yaml": rules}
    return pack_from_texts({name: json.dumps(content) for name, content in texts.items()})


def snapshot(vocabulary: Vocabulary, customers: Iterable[Customer]) -> Snapshot:
    """Put the workload's customers into columns."""
    rows = list(customers)
    columns = {"customer": pa.array([str(number) for number in range(len(rows))], pa.string())}
    for fact in vocabulary.in_scope(None):
        if not fact.is_derived:
            values = [row[fact.name] for row in rows]
            if fact.type is Type.NUMBER:
                values = [None if value is None else Decimal(str(value)) for value in values]
            column = pa.array(values, arrow_type(fact))
            columns[fact.name] = column.dictionary_encode() if fact.type is Type.CATEGORY else column
    return Snapshot(AS_OF, pa.table(columns))


def customer_facts(vocabulary: Vocabulary, key: str, customer: Customer) -> CustomerFacts:
    """Return one of the workload's customers as plain facts."""
    facts: dict[str, Value] = {}
    for fact in vocabulary.in_scope(None):
        value = customer.get(fact.name)
        if value is not None and not fact.is_derived:
            facts[fact.name] = Decimal(str(value)) if fact.type is Type.NUMBER else value
    return CustomerFacts(key, AS_OF, facts)


def _enums() -> dict[str, Any]:
    domains = {feature["name"]: feature["domain"] for feature in _features("enum")}
    domains |= {target["name"]: target["domain"] for target in specification()["targets"]}
    domains["tasks"] = sorted({rule["then"]["value"] for rule in _rules_for("actions")})
    return {name: {"title": _TEXT, "members": dict.fromkeys(members, _TEXT)} for name, members in domains.items()}


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for feature in specification()["features"]:
        facts[feature["name"]] = {"title": _TEXT} | _type(feature)
    for target in specification()["targets"]:
        facts[target["name"]] = {
            "title": _TEXT,
            "type": "category",
            "enum": target["name"],
            "origin": "derived",
            "default": target["default"],
        }
    facts["tasks"] = {"title": _TEXT, "type": "set", "enum": "tasks", "origin": "derived"}
    return facts


def _type(feature: Mapping[str, Any]) -> dict[str, Any]:
    match feature["type"]:
        case "num":
            return {"type": "integer"} if feature["kind"] == "int" else {"type": "number", "scale": 2}
        case "enum":
            return {"type": "category", "enum": feature["name"]}
        case _:
            return {"type": "flag"}


def _features(kind: str) -> list[dict[str, Any]]:
    return [feature for feature in specification()["features"] if feature["type"] == kind]


def _rules_for(target: str) -> list[dict[str, Any]]:
    return [rule for rule in specification()["rules"] if rule["then"]["target"] == target]


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    target, value = rule["then"]["target"], rule["then"]["value"]
    conclusion = {"add": {"tasks": [value]}} if target == "actions" else {"set": {target: value}}
    return {
        "rule": rule["id"].lower(), "title": _TEXT, "because": _TEXT, "sources": ["D1"], "priority": rule["priority"],
        "when": _condition(rule["when"]),
    } | conclusion  # fmt: skip


def _condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    for combination in ("all", "any"):
        if combination in condition:
            return {combination: [_condition(item) for item in condition[combination]]}
    if condition["op"] in ("missing", "present"):
        return {condition["f"]: {"known": condition["op"] == "present"}}
    return {condition["f"]: {"known": True, _OPERATORS[condition["op"]]: condition["v"]}}
