"""Time the plan on the neutral workload, on one core, columns in and out, every answer checked.

    python -m bench.plan --customers 200000

The peer in the same run is the workload's own interpreter; ratios are against it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from bench import workload
from bench.figures import Figure, show
from engine.compile import compile_pack
from engine.plan import Plan, Result
from engine.plan.run import CHUNK
from engine.program import decode
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey

CUSTOMERS = 100_000
RUNS = 5


def measure(number: int = CUSTOMERS, runs: int = RUNS, chunks: Sequence[int] = (CHUNK,)) -> list[Figure]:
    """Return rates for each chunk size, the largest memory and the number of wrong answers.

    Raises:
        AbsentError: if the workload is not there.
    """
    plan = Plan(compile_pack(workload.pack()))
    customers = workload.peer("gen").customers(number)
    snapshot = workload.snapshot(plan.program.vocabulary, customers)
    oracle = workload.peer("oracle").Oracle()
    started = time.process_time()
    expected = [oracle.decide(customer) for customer in customers]
    interpreter = number / (time.process_time() - started)
    figures = [Figure(f"interpreter, {number:,} customers", f"{interpreter:,.0f} customers/s")]
    for chunk in chunks:
        rate = statistics.median(_rate(plan, snapshot, chunk) for _ in range(runs))
        found = f"{rate:,.0f} customers/s and core, {rate / interpreter:.0f} x the interpreter"
        figures.append(Figure(f"plan, chunks of {chunk:,}", found))
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wrong = sum(
        found != workload.comparable(wanted) for found, wanted in zip(_answers(plan, snapshot), expected, strict=True)
    )
    return [
        *figures,
        Figure("plan, largest memory, customers as Python objects included", f"{largest:,.0f} MB"),
        Figure(f"plan, answers that differ of {number:,}", str(wrong)),
    ]


def _rate(plan: Plan, snapshot: Snapshot, chunk: int) -> float:
    """Return customers per second of processor time."""
    started = time.process_time()
    for _ in plan.run(snapshot, chunk):
        pass
    return float(snapshot.customers.num_rows / (time.process_time() - started))


def _answers(plan: Plan, snapshot: Snapshot) -> Iterator[workload.Answer]:
    for result in plan.run(snapshot):
        yield from _decoded(plan, result)


def _decoded(plan: Plan, result: Result) -> Iterator[workload.Answer]:
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
    parser.add_argument("--chunk", type=int, nargs="+", default=[4_096, 8_192, 16_384, CHUNK, 65_536])
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    sys.exit(show(lambda: measure(options.customers, options.runs, options.chunk)))
