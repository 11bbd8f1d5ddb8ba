"""Time warm decisions on one customer after another: from the store, and snapshot and session alone.

    python -m bench.warm

Both take turns; "snapshot and session" begins with the customer's rows as the store gives them. The interpreter of the
neutral workload runs between them; the ratio is against it, so that a busy machine slows both. Then the same in a
process that has the setting of `valuelift serve`, by which the C library keeps more memory at hand.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from bench import neutral
from bench.figures import Figure, milliseconds, ratio, show
from commands.serve_command import KEPT_AT_HAND, TUNABLES

ROUNDS = 5
INTERPRETED = 30
"""Customers that the interpreter decides after each decision."""

Timing = tuple[float, float]
"""Seconds of processor time (of all threads, since DuckDB has its own), and by the wall's clock."""


def measure() -> list[Figure]:
    """Return how long one of the demo customers takes, and the ratio to the interpreter; then as the service runs."""
    figures = _measured()
    os.environ[TUNABLES] = KEPT_AT_HAND  # for processes that are started from now on: the C library looks at its start
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        in_service = process.submit(_measured).result()
    return [*figures, *(Figure(f"{figure.what}, in the service", figure.found) for figure in in_service)]


def _measured() -> list[Figure]:
    from facts.customer_facts import customer_facts
    from facts.demo import AS_OF, build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"sqlite:///{Path(folder) / 'demo.db'}")
        build(store)
        desk = Desk(store, rules_in_use(store), AS_OF)
        keys = list(desk.cards())
        desk.decide(keys[0])
        rows = {key: store.customer_tables(key, AS_OF, desk.known_at) for key in keys}
        vocabulary, currency = desk.rules.pack.vocabulary, store.settings()["base_currency"]

        def decide_rows(key: str) -> object:
            return desk.rules.session.decide(customer_facts(rows[key], vocabulary, AS_OF, base_currency=currency))

        whole, from_rows, interpreted = _in_turns(keys, desk.decide, decide_rows)
    (used, waited), (used_on_rows, waited_on_rows) = (zip(*each, strict=True) for each in (whole, from_rows))
    alone, _ = zip(*interpreted, strict=True)
    what = f"warm decision from the store, {len(keys)} demo customers"
    return [
        Figure("interpreter beside it, neutral workload", milliseconds(alone)),
        Figure(f"{what}, processor", milliseconds(used)),
        Figure(f"{what}, wall", milliseconds(waited)),
        Figure("its snapshot and session alone, processor", milliseconds(used_on_rows)),
        Figure("its snapshot and session alone, wall", milliseconds(waited_on_rows)),
        Figure("warm decision from the store, against the interpreter", ratio(used, alone)),
    ]


def _in_turns(
    keys: Sequence[str], decide: Callable[[str], object], decide_rows: Callable[[str], object]
) -> tuple[list[Timing], list[Timing], list[Timing]]:
    """Time both ways to each decision several times, and the interpreter after them."""
    interpret = neutral.peer("oracle").Oracle().decide
    customers: Iterator[neutral.Customer] = cycle(neutral.peer("gen").customers(2_000))
    whole: list[Timing] = []
    from_rows: list[Timing] = []
    interpreted: list[Timing] = []
    for key in islice(cycle(keys), ROUNDS * len(keys)):
        whole.append(_timed(partial(decide, key)))
        from_rows.append(_timed(partial(decide_rows, key)))
        interpreted += [_timed(partial(interpret, one)) for one in islice(customers, INTERPRETED)]
    return whole, from_rows, interpreted


def _timed(call: Callable[[], object]) -> Timing:
    used, at = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - used, time.perf_counter() - at


if __name__ == "__main__":
    sys.exit(show(measure))
