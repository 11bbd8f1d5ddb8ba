"""The workload's own interpreter, which all are compared with."""

from __future__ import annotations

from bench import neutral
from bench.peers.rules import Decide, Specification


def build(_: Specification) -> Decide:
    """Return the interpreter; it reads the workload itself."""
    decide: Decide = neutral.peer("oracle").Oracle().decide
    return decide
