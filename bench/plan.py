"""Time the plan on the neutral workload, on one core, columns in and out, every answer checked.

    python bench/plan.py --customers 200000

The peer in the same run is the workload's own interpreter; ratios are against it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np

from bench import workload
from engine.compile import compile_pack
from engine.plan import Plan, Result
from engine.program import decode
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey


def main() -> int:
    options = _options()
    plan = Plan(compile_pack(workload.pack()))
    customers = workload.peer("gen").customers(options.customers)
    snapshot = workload.snapshot(plan.program.vocabulary, customers)
    print(f"{len(plan.program.rules)} rules, {len(plan.program.leaves)} leaf tests, {len(customers):,} customers")
    oracle = workload.peer("oracle").Oracle()
    started = time.perf_counter()
    expected = [oracle.decide(customer) for customer in customers]
    interpreter = len(customers) / (time.perf_counter() - started)
    print(f"interpreter        {interpreter:12,.0f} customers/s")
    for chunk in options.chunk:
        rate = statistics.median(_rate(plan, snapshot, chunk) for _ in range(options.runs))
        print(
            f"plan, chunk {chunk:>7,} {rate:11,.0f} customers/s and core, {rate / interpreter:6.0f} x the interpreter"
        )
    print(
        f"largest resident   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:12,.0f} MB (customers as Python objects included)"
    )
    wrong = sum(
        found != wanted for found, wanted in zip(_answers(plan, snapshot), map(_comparable, expected), strict=True)
    )
    print(f"{len(customers):,} customers checked against the interpreter, {wrong} mismatches")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--chunk", type=int, nargs="+", default=[4_096, 8_192, 16_384, 65_536])
    return parser.parse_args()


def _rate(plan: Plan, snapshot: Snapshot, chunk: int) -> float:
    """Return customers per second of processor time."""
    started = time.process_time()
    for _ in plan.run(snapshot, chunk):
        pass
    return snapshot.customers.num_rows / (time.process_time() - started)


Answer = tuple[dict[str, object], frozenset[object], frozenset[str]]


def _answers(plan: Plan, snapshot: Snapshot) -> Iterator[Answer]:
    for result in plan.run(snapshot):
        yield from _decoded(plan, result)


def _decoded(plan: Plan, result: Result) -> Iterator[Answer]:
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


def _comparable(decision: dict[str, object]) -> Answer:
    values = {name: value for name, value in decision.items() if name not in ("actions", "fired")}
    actions, fired = decision["actions"], decision["fired"]
    assert isinstance(actions, list) and isinstance(fired, list)  # noqa: PT018, S101
    return values, frozenset(actions), frozenset(rule.lower() for rule in fired)


if __name__ == "__main__":
    sys.exit(main())
