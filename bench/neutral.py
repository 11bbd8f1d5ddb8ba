"""The neutral workload as it is written (`../shared/bench`, or where VALUELIFT_BENCH points), and its own modules."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.figures import require

FOLDER = Path(os.environ.get("VALUELIFT_BENCH") or Path(__file__).parent.parent.parent / "shared" / "bench")

Customer = Mapping[str, Any]

Answer = tuple[Mapping[str, object], frozenset[str], frozenset[str]]
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


def comparable(decision: Mapping[str, Any]) -> Answer:
    """Return what the workload's interpreter decided, in the form in which answers are compared."""
    values = {name: value for name, value in decision.items() if name not in ("actions", "fired")}
    return values, frozenset(decision["actions"]), frozenset(rule.lower() for rule in decision["fired"])
