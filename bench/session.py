"""Time the session alone: one warm decision after another, of the neutral workload and of the pack that we ship.

    python -m bench.session

The neutral workload's own interpreter runs between the decisions; ratios are against it, so that a busy machine
slows both. Every answer on the neutral workload is checked against it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bench import neutral, workload
from bench.figures import Figure, milliseconds, ratio, show
from engine.compile import compile_pack
from engine.decision import Decision
from engine.session import Session
from engine.snapshot import CustomerFacts

CUSTOMERS = 2_000
ROUNDS = 5

Input = TypeVar("Input")
Timings = list[float]


def measure() -> list[Figure]:
    """Return latencies of both packs, and their ratios to the interpreter."""
    return [*_neutral(), *_shipped()]


def _neutral() -> list[Figure]:
    customers = neutral.peer("gen").customers(CUSTOMERS)
    session = Session(compile_pack(workload.pack()))
    facts = [workload.customer_facts(session.program.vocabulary, str(n), one) for n, one in enumerate(customers)]
    oracle = neutral.peer("oracle").Oracle()
    wrong = sum(
        _answer(session.decide(one)) != neutral.comparable(oracle.decide(customer))
        for one, customer in zip(facts, customers, strict=True)
    )
    timings, interpreter = _side_by_side(session.decide, facts, oracle.decide, customers)
    return [
        Figure("interpreter, neutral workload (60 rules)", milliseconds(interpreter)),
        Figure("session, neutral workload", milliseconds(timings)),
        Figure("session, neutral workload, against the interpreter", ratio(timings, interpreter)),
        Figure(f"session, answers that differ of {CUSTOMERS:,}", str(wrong)),
    ]


def _shipped() -> list[Figure]:
    from facts.demo import AS_OF, build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"sqlite:///{Path(folder) / 'demo.db'}")
        build(store)
        desk = Desk(store, rules_in_use(store), AS_OF)
        facts = [desk.decide(key).facts for key in desk.cards()]
    session = Session(desk.rules.program)
    customers = neutral.peer("gen").customers(CUSTOMERS)
    timings, interpreter = _side_by_side(session.decide, facts, neutral.peer("oracle").Oracle().decide, customers)
    rows = statistics.mean(sum(map(len, one.rows.values())) for one in facts)
    name = f"session, our pack ({len(session.program.rules)} rules), {len(facts)} demo customers ({rows:.0f} rows each)"
    return [
        Figure(name, milliseconds(timings)),
        Figure("session, our pack, against the interpreter", ratio(timings, interpreter)),
    ]


def _side_by_side(
    decide: Callable[[CustomerFacts], Decision],
    facts: Sequence[CustomerFacts],
    interpret: Callable[[neutral.Customer], object],
    customers: Sequence[neutral.Customer],
) -> tuple[Timings, Timings]:
    """Return seconds of processor time for each call, both taken in turns."""
    timings: Timings = []
    interpreted: Timings = []
    for _ in range(ROUNDS):
        timings += [_seconds(decide, one) for one in facts]
        interpreted += [_seconds(interpret, one) for one in customers]
    return timings, interpreted


def _seconds(call: Callable[[Input], object], value: Input) -> float:
    started = time.process_time()
    call(value)
    return time.process_time() - started


def _answer(decision: Decision) -> neutral.Answer:
    values = {name: value for name, value in decision.values.items() if not isinstance(value, frozenset)}
    tasks = decision.values["tasks"]
    assert isinstance(tasks, frozenset)
    return values, tasks, frozenset(fired.rule for fired in decision.fired)


if __name__ == "__main__":
    sys.exit(show(measure))
