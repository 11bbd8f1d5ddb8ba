"""The neutral workload (`../shared/bench`, or where VALUELIFT_BENCH points) as a catalogue, a pack and a snapshot.

The workload's meaning: a comparison with a missing value is false. In the rule language it is unknown, so every
comparison here is written together with `known: true`.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from bench.figures import require
from engine.load import pack_from_texts
from engine.model import Pack
from engine.snapshot import CustomerFacts, Snapshot, arrow_type
from engine.vocabulary import Type, Value, Vocabulary

AS_OF = date(2024, 6, 30)
FOLDER = Path(os.environ.get("VALUELIFT_BENCH") or Path(__file__).parent.parent.parent / "shared" / "bench")

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

Customer = Mapping[str, Any]

Answer = tuple[Mapping[str, Value], frozenset[str], frozenset[str]]
"""Conclusions, actions and fired rules."""


@cache
def specification() -> dict[str, Any]:
    """Return the workload as it is written."""
    path = require(FOLDER / "workload.json", "set VALUELIFT_BENCH to the folder of the neutral workload")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def peer(name: str) -> ModuleType:
    """Import one of the workload's own modules: `gen` makes customers, `oracle` interprets the rules."""
    path = require(FOLDER / f"{name}.py", "set VALUELIFT_BENCH to the folder of the neutral workload")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def comparable(decision: Mapping[str, Any]) -> Answer:
    """Return what the workload's interpreter decided, in the form in which answers are compared."""
    values = {name: value for name, value in decision.items() if name not in ("actions", "fired")}
    return values, frozenset(decision["actions"]), frozenset(rule.lower() for rule in decision["fired"])


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
