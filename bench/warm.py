"""Time warm decisions on one customer after another, from the rows in the store to the decision.

    python -m bench.warm

The interpreter of the neutral workload runs between the decisions; the ratio is against it, so that a busy machine
slows both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from bench import neutral
from bench.figures import Figure, milliseconds, ratio, show

ROUNDS = 5
INTERPRETED = 30
"""Customers that the interpreter decides after each decision."""

Timing = tuple[float, float]
"""Seconds of processor time (of all threads, since DuckDB has its own), and by the wall's clock."""


def measure() -> list[Figure]:
    """Return how long one of the demo customers takes, and the ratio to the interpreter."""
    from facts.demo import AS_OF, build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"sqlite:///{Path(folder) / 'demo.db'}")
        build(store)
        desk = Desk(store, rules_in_use(store), AS_OF)
        keys = list(desk.cards())
        desk.decide(keys[0])
        decisions, interpreted = _in_turns([partial(desk.decide, key) for key in keys])
    used, waited = zip(*decisions, strict=True)
    alone, _ = zip(*interpreted, strict=True)
    what = f"warm decision from the store, {len(keys)} demo customers"
    return [
        Figure("interpreter beside it, neutral workload", milliseconds(alone)),
        Figure(f"{what}, processor", milliseconds(used)),
        Figure(f"{what}, wall", milliseconds(waited)),
        Figure("warm decision from the store, against the interpreter", ratio(used, alone)),
    ]


def _in_turns(decisions: list[Callable[[], object]]) -> tuple[list[Timing], list[Timing]]:
    """Time each decision several times, and the interpreter after each."""
    interpret = neutral.peer("oracle").Oracle().decide
    customers: Iterator[neutral.Customer] = cycle(neutral.peer("gen").customers(2_000))
    decided: list[Timing] = []
    interpreted: list[Timing] = []
    for _ in range(ROUNDS):
        for decide in decisions:
            decided.append(_timed(decide))
            interpreted += [_timed(partial(interpret, one)) for one in islice(customers, INTERPRETED)]
    return decided, interpreted


def _timed(call: Callable[[], object]) -> Timing:
    used, at = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - used, time.perf_counter() - at


if __name__ == "__main__":
    sys.exit(show(measure))
