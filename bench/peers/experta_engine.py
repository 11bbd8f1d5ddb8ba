"""experta: an engine for each layer, its rules over one declared fact, in which a missing value is None.

Its old frozendict looks for names that Python has moved since. A rule fires once for each true branch of an
alternative, so what fired is kept as a set.
"""

from __future__ import annotations

import collections
import collections.abc
from collections.abc import Callable, Mapping
from typing import Any

from bench.peers.rules import COMPARISONS, Decide, Layer, Match, Specification, by_layers, fold

collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]

from experta import AND, OR, Fact, KnowledgeEngine, P, Rule  # noqa: E402

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    **COMPARISONS,
    "in": lambda value, constants: value in constants,
    "missing": lambda value, _: value is None,
    "present": lambda value, _: value is not None,
}


def build(specification: Specification) -> Decide:
    """Make an engine for each layer."""
    return by_layers(specification, _matcher)


def _matcher(layer: Layer) -> Match:
    fired: set[str] = set()

    def noting(rule: str) -> Callable[[Any], None]:
        def note(_: Any) -> None:
            fired.add(rule)

        note.__name__ = rule
        return note

    rules = {
        rule["id"]: Rule(fold(rule["when"], _leaf, lambda terms: AND(*terms), lambda terms: OR(*terms)))(
            noting(rule["id"])
        )
        for rule in layer.rules
    }
    engine = type("Layer", (KnowledgeEngine,), rules)()

    def match(facts: Mapping[str, Any]) -> set[str]:
        fired.clear()
        engine.reset()
        engine.declare(Fact(**facts))
        engine.run()
        return fired

    return match


def _leaf(fact: str, test: str, constant: Any) -> Any:
    compare = TESTS[test]
    if test in ("missing", "present"):
        return Fact(**{fact: P(lambda value: compare(value, constant))})
    return Fact(**{fact: P(lambda value: value is not None and compare(value, constant))})
