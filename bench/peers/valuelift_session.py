"""Valuelift's session, from the workload's dict: numbers become decimals first, which is part of the time."""

from __future__ import annotations

from bench import workload
from bench.neutral import Customer
from bench.peers.rules import Decide, Decision, Specification
from engine.compile import compile_pack
from engine.session import Session


def build(_: Specification) -> Decide:
    """Compile the workload's pack; it is made from the same file."""
    session = Session(compile_pack(workload.pack()))
    vocabulary = session.program.vocabulary

    def decide(customer: Customer) -> Decision:
        decision = session.decide(workload.customer_facts(vocabulary, "c", customer))
        values: Decision = {name: value for name, value in decision.values.items() if not isinstance(value, frozenset)}
        return values | {"actions": decision.values["tasks"], "fired": [fired.rule for fired in decision.fired]}

    return decide
