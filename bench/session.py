"""Time the session alone: one warm decision after another, of the neutral workload and of the pack that we ship.

    python -m bench.session
    python -m bench.session PACK    # of another pack's folder alone

A session keeps what durable-rules has answered (see `engine.session.firing`), so what a customer takes depends on
whether it, or one like it, was decided before. Each round begins with a new session that decides half of the customers
untimed; the others are *new* to it. Then they are decided *again*.

The neutral workload's own interpreter runs between the decisions; ratios are against it, so that a busy machine
slows both. Every answer on the neutral workload is checked against it.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from bench import neutral, workload
from bench.figures import Figure, milliseconds, ratio, show
from engine.compile import compile_pack
from engine.decision import Decision
from engine.program import Program
from engine.session import Session
from engine.snapshot import CustomerFacts

CUSTOMERS = 2_000
ROUNDS = 5

Input = TypeVar("Input")
Timings = list[float]


class Timed(NamedTuple):
    """Seconds of processor time for each decision, all taken in turns."""

    new: Timings
    again: Timings
    interpreted: Timings


def measure() -> list[Figure]:
    """Return latencies of both packs, and their ratios to the interpreter."""
    return [*_neutral(), *_on_demo("our pack", None)]


def _neutral() -> list[Figure]:
    customers = neutral.peer("gen").customers(CUSTOMERS)
    session = Session(compile_pack(workload.pack()))
    facts = [workload.customer_facts(session.program.vocabulary, str(n), one) for n, one in enumerate(customers)]
    oracle = neutral.peer("oracle").Oracle()
    wrong = sum(
        _answer(session.decide(one)) != neutral.comparable(oracle.decide(customer))
        for one, customer in zip(facts, customers, strict=True)
    )
    timed = _side_by_side(session.program, facts, oracle.decide, customers)
    return [
        Figure("interpreter, neutral workload (60 rules)", milliseconds(timed.interpreted)),
        *_figures("session, neutral workload", timed),
        Figure(f"session, answers that differ of {CUSTOMERS:,}", str(wrong)),
    ]


def _on_demo(what: str, pack: Path | None) -> list[Figure]:
    from facts.demo import AS_OF, build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"sqlite:///{Path(folder) / 'demo.db'}")
        build(store)
        desk = Desk(store, rules_in_use(store, pack), AS_OF)
        facts = [desk.decide(key).facts for key in desk.cards()]
    program = desk.rules.program
    customers = neutral.peer("gen").customers(CUSTOMERS)
    timed = _side_by_side(program, facts, neutral.peer("oracle").Oracle().decide, customers)
    rows = statistics.mean(sum(map(len, one.rows.values())) for one in facts)
    digested = [_seconds(CustomerFacts.digest, one) for one in facts for _ in range(ROUNDS)]
    name = f"session, {what} ({len(program.rules)} rules), {len(facts)} demo customers ({rows:.0f} rows each)"
    return [*_figures(name, timed), Figure("digest of these facts, when looked at", milliseconds(digested))]


def _figures(what: str, timed: Timed) -> list[Figure]:
    return [
        Figure(f"{what}, new to it", milliseconds(timed.new)),
        Figure(f"{what}, again", milliseconds(timed.again)),
        Figure(f"{what}, new to it, against the interpreter", ratio(timed.new, timed.interpreted)),
    ]


def _side_by_side(
    program: Program,
    facts: Sequence[CustomerFacts],
    interpret: Callable[[neutral.Customer], object],
    customers: Sequence[neutral.Customer],
) -> Timed:
    timed = Timed([], [], [])
    in_turn = list(facts)
    for number in range(ROUNDS):
        session = Session(program)
        Random(number).shuffle(in_turn)
        seen, new = in_turn[::2], in_turn[1::2]
        session.decide_all(seen)
        gc.collect()  # of what compiling has left behind
        timed.new.extend(_seconds(session.decide, one) for one in new)
        timed.again.extend(_seconds(session.decide, one) for one in new)
        timed.interpreted.extend(_seconds(interpret, one) for one in customers)
    return timed


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
    others = [Path(each) for each in sys.argv[1:]]
    sys.exit(show(lambda: [figure for pack in others for figure in _on_demo(str(pack), pack)] if others else measure()))
