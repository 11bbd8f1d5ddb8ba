"""durable-rules by its own Python API: a ruleset for each layer, rules whose actions note that they fired.

Missing values are left out of the fact. A rule fires once for each true branch of an alternative, so what fired is kept
as a set; a rule that always fires gates the rest and spares the library a fact that nobody handles.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from itertools import count
from typing import Any

from durable.lang import assert_fact, m, retract_fact, ruleset, when_all

from bench.peers.rules import COMPARISONS, Decide, Layer, Match, Specification, by_layers, fold

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    **COMPARISONS,
    "in": lambda fact, constants: _some([fact == constant for constant in constants]),
    "missing": lambda fact, _: -fact,
    "present": lambda fact, _: +fact,
}
_numbers = count()


def build(specification: Specification) -> Decide:
    """Define the rulesets in the library's own host."""
    return by_layers(specification, _matcher)


def _matcher(layer: Layer) -> Match:
    name = f"peer_{next(_numbers)}"
    fired: set[str] = set()

    def noting(rule: str) -> Callable[[Any], None]:
        def note(_: Any) -> None:
            fired.add(rule)

        return note

    with ruleset(name):
        when_all(m.gate == 1)(lambda _: None)
        for rule in layer.rules:
            when_all((m.gate == 1) & fold(rule["when"], _leaf, _every, _some))(noting(rule["id"]))

    def match(facts: Mapping[str, Any]) -> set[str]:
        fired.clear()
        fact = {key: value for key, value in facts.items() if value is not None} | {"id": "c", "gate": 1}
        assert_fact(name, fact)
        retract_fact(name, fact)
        return fired

    return match


def _leaf(fact: str, test: str, constant: Any) -> Any:
    return TESTS[test](getattr(m, fact), constant)


def _every(terms: list[Any]) -> Any:
    return reduce(operator.and_, terms)


def _some(terms: list[Any]) -> Any:
    return reduce(operator.or_, terms)
