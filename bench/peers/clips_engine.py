"""clipspy: a template for each layer, one fact of it at a time; a rule that fires appends its name to a global.

The environment is built anew after some decisions, because it slows down otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import clips

from bench.neutral import Customer
from bench.peers.rules import Decide, Decision, Layer, Match, Rule, Specification, by_layers, fold

REBUILT_AFTER = 500
MISSING = clips.Symbol("nil")


def build(specification: Specification) -> Decide:
    """Return what decides in an environment and makes the next one when it is worn out."""
    decide, left = by_layers(specification, _matcher), REBUILT_AFTER

    def one(customer: Customer) -> Decision:
        nonlocal decide, left
        if left == 0:
            decide, left = by_layers(specification, _matcher), REBUILT_AFTER
        left -= 1
        return decide(customer)

    return one


def _matcher(layer: Layer) -> Match:
    environment = clips.Environment()
    read = sorted({fact for rule in layer.rules for fact in _facts(rule)})
    environment.build(f"(deftemplate customer {' '.join(f'(slot {fact})' for fact in read)})")
    environment.build("(defglobal ?*fired* = (create$))")
    for rule in layer.rules:
        environment.build(_rule(rule))
    template = environment.find_template("customer")
    fired = environment.find_global("fired")
    symbols: dict[str, clips.Symbol] = {}

    def value(given: Any) -> Any:
        if given is None:
            return MISSING
        if isinstance(given, str):
            return symbols.get(given) or symbols.setdefault(given, clips.Symbol(given))
        return given

    def match(facts: Mapping[str, Any]) -> tuple[str, ...]:
        fired.value = ()
        fact = template.assert_fact(**{name: value(facts[name]) for name in read})
        environment.run()
        fact.retract()
        found: tuple[str, ...] = fired.value
        return found

    return match


def _facts(rule: Rule) -> set[str]:
    return fold(rule["when"], lambda fact, *_: {fact}, lambda sets: set().union(*sets), lambda sets: set().union(*sets))


def _rule(rule: Rule) -> str:
    """Write a conjunction's comparisons into the slots, where rules share them, and the rest as tests."""
    slots: dict[str, list[str]] = {}
    tests = []
    for part in rule["when"].get("all", [rule["when"]]):
        test = fold(part, _leaf, lambda terms: _call("and", terms), lambda terms: _call("or", terms))
        if "f" in part:
            slots.setdefault(part["f"], []).append(f"&:{test}")
        else:
            tests.append(f"(test {test})")
    for fact in _facts(rule):
        slots.setdefault(fact, [])
    pattern = " ".join(f"({fact} ?{fact}{''.join(slots[fact])})" for fact in sorted(slots))
    note = f"(bind ?*fired* (create$ ?*fired* {rule['id']}))"
    return f"(defrule {rule['id']} (customer {pattern}) {' '.join(tests)} => {note})"


def _call(function: str, terms: list[str]) -> str:
    return f"({function} {' '.join(terms)})" if len(terms) > 1 else terms[0]


def _leaf(fact: str, operator: str, constant: Any) -> str:
    known = f"(neq ?{fact} nil)"
    match operator:
        case "missing":
            return f"(eq ?{fact} nil)"
        case "present":
            return known
        case "in":
            return _call("or", [_leaf(fact, "==", one) for one in constant])
        case "==":
            return f"(eq ?{fact} {_constant(constant)})"
        case "!=":
            return f"(and {known} (neq ?{fact} {_constant(constant)}))"
        case _:
            return f"(and {known} ({operator} ?{fact} {constant}))"


def _constant(value: Any) -> str:
    return str(value).upper() if isinstance(value, bool) else str(value)
