"""The rules as one generated Python function, written to a module and imported: about the best that Python can do."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.peers.rules import Decide, Layer, Specification, infix, layers


def build(specification: Specification) -> Decide:
    """Write the module and import it."""
    lines = ["def decide(facts):", "    fired, actions, get = [], [], facts.get", *_reads(specification)]
    targets: list[str] = []
    for layer in layers(specification):
        lines += _layer(layer)
        targets += layer.defaults
    answer = ", ".join(f"{name!r}: v_{name}" for name in targets)
    lines.append(f"    return {{{answer}, 'actions': actions, 'fired': fired}}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compiled_rules.py"
        path.write_text("\n".join(lines), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    decide: Decide = module.decide
    return decide


def _reads(specification: Specification) -> Iterator[str]:
    for feature in specification["features"]:
        assert feature["name"].isidentifier()
        yield f"    v_{feature['name']} = get({feature['name']!r})"


def _layer(layer: Layer) -> Iterator[str]:
    condition = infix(_leaf, "and", "or")
    for target in layer.defaults:
        yield f"    n_{target} = None"
    for rule in layer.rules:
        target, value = rule["then"]["target"], rule["then"]["value"]
        yield f"    if {condition(rule)}:"
        yield f"        fired.append({rule['id']!r})"
        if target == "actions":
            yield f"        actions.append({value!r})"
        else:
            yield f"        n_{target} = n_{target} or {value!r}"
    for target, default in layer.defaults.items():
        yield f"    v_{target} = n_{target} or {default!r}"


def _leaf(fact: str, operator: str, constant: Any) -> str:
    name = f"v_{fact}"
    match operator:
        case "missing":
            return f"{name} is None"
        case "present":
            return f"{name} is not None"
        case "==":  # None equals no constant
            return f"{name} == {constant!r}"
        case "in":
            return f"{name} in {tuple(constant)!r}"
        case _:
            return f"({name} is not None and {name} {operator} {constant!r})"
