"""The three ways of deciding one customer, which must agree."""

from __future__ import annotations

from collections.abc import Callable

from engine.compile import compile_pack
from engine.decision import Decision
from engine.model import Pack
from engine.plan import Plan
from engine.session import Session
from engine.snapshot import CustomerFacts
from tests.oracle import decide

Executor = Callable[[Pack, CustomerFacts], Decision]


def oracle(pack: Pack, customer: CustomerFacts) -> Decision:
    """Decide by the oracle; the program lends its stamp, nothing else."""
    return decide(pack, customer, compile_pack(pack).stamp)


def session(pack: Pack, customer: CustomerFacts) -> Decision:
    """Decide firing by firing."""
    return Session(compile_pack(pack)).decide(customer)


def plan(pack: Pack, customer: CustomerFacts) -> Decision:
    """Decide over columns."""
    return Plan(compile_pack(pack)).decide(customer)


EXECUTORS = (oracle, session, plan)
