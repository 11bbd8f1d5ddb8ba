"""Time the plan on one core, columns in and out: on the neutral workload, every answer checked, and on our pack.

    python -m bench.plan --customers 200000

The peer is the workload's own interpreter, which runs between the plan's runs; ratios are against it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

import numpy as np

from bench import demo, neutral, workload
from bench.figures import Figure, show
from engine.compile import compile_pack
from engine.plan import Plan, Result
from engine.plan.run import CHUNK
from engine.program import decode
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey

CUSTOMERS = 100_000
SHIPPED_CUSTOMERS = CHUNK
PEER_CUSTOMERS = 5_000
RUNS = 5

Peer = Callable[[], float]
"""The interpreter: customers per second of processor time."""


def measure(number: int = CUSTOMERS, runs: int = RUNS, chunks: Sequence[int] = (CHUNK,)) -> list[Figure]:
    """Return rates for each chunk size, the largest memory and the number of wrong answers.

    Raises:
        AbsentError: if the workload is not there.
    """
    customers = neutral.peer("gen").customers(number)
    interpret = partial(_interpreter, customers[:PEER_CUSTOMERS])
    return [
        Figure("interpreter", f"{interpret():,.0f} customers/s"),
        *_neutral(customers, interpret, runs, chunks),
        *_shipped(interpret, runs, chunks),
    ]


def _neutral(customers: list[neutral.Customer], interpret: Peer, runs: int, chunks: Sequence[int]) -> list[Figure]:
    plan = Plan(compile_pack(workload.pack()))
    snapshot = workload.snapshot(plan.program.vocabulary, customers)
    name = f"plan, neutral workload, {len(customers):,} customers"
    figures = [_rate(name, plan, snapshot, chunk, interpret, runs) for chunk in chunks]
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    oracle = neutral.peer("oracle").Oracle()
    expected = (neutral.comparable(oracle.decide(customer)) for customer in customers)
    wrong = sum(found != wanted for found, wanted in zip(_answers(plan, snapshot), expected, strict=True))
    return [
        *figures,
        Figure("plan, largest memory, customers as Python objects included", f"{largest:,.0f} MB"),
        Figure(f"plan, answers that differ of {len(customers):,}", str(wrong)),
    ]


def _shipped(interpret: Peer, runs: int, chunks: Sequence[int]) -> list[Figure]:
    """Return rates on the demo customers again and again: with all that is known of them, with their orders alone."""
    base, program, currency = demo.demo_base()
    figures = []
    for name, part in (("everything recorded", base), ("only orders recorded", demo.only_orders(base))):
        snapshot = demo.demo_snapshot(part, program, currency, SHIPPED_CUSTOMERS)
        rows = sum(table.num_rows for table in snapshot.rows.values()) / snapshot.customers.num_rows
        what = f"plan, our pack ({len(program.rules)} rules), {name} ({rows:.0f} rows each)"
        figures += [_rate(what, Plan(program), snapshot, chunk, interpret, runs) for chunk in chunks]
    return figures


def _rate(what: str, plan: Plan, snapshot: Snapshot, chunk: int, interpret: Peer, runs: int) -> Figure:
    """Return customers per second of processor time, the interpreter and the plan taken in turns."""
    pairs = [(_plan(plan, snapshot, chunk), interpret()) for _ in range(runs)]
    rate = statistics.median(rate for rate, _ in pairs)
    ratio = statistics.median(rate / interpreted for rate, interpreted in pairs)
    return Figure(f"{what}, chunks of {chunk:,}", f"{rate:,.0f} customers/s and core, {ratio:.3g} x the interpreter")


def _plan(plan: Plan, snapshot: Snapshot, chunk: int) -> float:
    """Decide, and ask for every value and for the customers (or rows) of each rule that fired, or invariant broken."""
    started = time.process_time()
    for result in plan.run(snapshot, chunk):
        for _ in chain(result.values.values(), result.fired.values(), result.violated.values()):
            pass
    return float(snapshot.customers.num_rows / (time.process_time() - started))


def _interpreter(customers: Sequence[neutral.Customer]) -> float:
    decide = neutral.peer("oracle").Oracle().decide
    started = time.process_time()
    for customer in customers:
        decide(customer)
    return len(customers) / (time.process_time() - started)


def _answers(plan: Plan, snapshot: Snapshot) -> Iterator[neutral.Answer]:
    for result in plan.run(snapshot):
        yield from _decoded(plan, result)


def _decoded(plan: Plan, result: Result) -> Iterator[neutral.Answer]:
    program = plan.program
    members = program.vocabulary.enums["tasks"].members
    fired = {program.rules[index].id: np.asarray(mask) for index, mask in result.fired.items()}
    actions = {members[code]: mask for code, mask in result.members[FactKey(None, "tasks")].items()}
    for index in range(len(result.customers)):
        values = {
            key.name: decode(program.vocabulary, program.fact(key), int(column.codes[index]))
            for key, column in result.values.items()
        }
        yield (
            values,
            frozenset(action for action, mask in actions.items() if mask[index]),
            frozenset(rule for rule, mask in fired.items() if mask[index]),
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--chunk", type=int, nargs="+", default=[65_536, CHUNK // 2, CHUNK])
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    sys.exit(show(lambda: measure(options.customers, options.runs, options.chunk)))
