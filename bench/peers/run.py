"""Measure one peer in this process and print what was found as JSON: `python -m bench.peers.run MODULE [--cold]`."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench import neutral
from bench.neutral import Customer
from bench.peers.rules import Batch, Decide

CHECKED, COLUMNS, ROWS, INTERPRETED = 1_000, 500_000, 20_000, 2_000
WARM, SECONDS, MOST, TURN = 2.0, 4.0, 20_000, 25
BATCH_RUNS = 5

Found = dict[str, float]


def main(module: str, *, cold_only: bool) -> Found:
    """Build the peer, check it against the interpreter, and time both in turns by the processor's time."""
    customers = neutral.peer("gen").customers(CHECKED)
    specification = neutral.specification()
    started = time.perf_counter()
    peer = import_module(f"bench.peers.{module}").build(specification)
    decide = _one(peer) if isinstance(peer, Batch) else peer
    decide(customers[0])
    cold: Found = {"cold_ms": (time.perf_counter() - started) * 1e3}
    if cold_only:
        return cold
    interpret: Decide = neutral.peer("oracle").Oracle().decide
    answers = peer.rows(peer.run(peer.load(customers))) if isinstance(peer, Batch) else map(decide, customers)
    wrong = sum(
        neutral.comparable(answer) != neutral.comparable(interpret(customer))
        for answer, customer in zip(answers, customers, strict=True)
    )
    found = cold | {"wrong": wrong, "checked": len(customers)} | _single(decide, interpret, customers)
    found["rss_mb"] = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return found | (_batch(peer, interpret) if isinstance(peer, Batch) else {})


def _one(batch: Batch) -> Decide:
    return lambda customer: batch.rows(batch.run(batch.load([customer])))[0]


def _single(decide: Decide, interpret: Decide, customers: Sequence[Customer]) -> Found:
    again = cycle(customers)
    used = 0.0
    while used < WARM:
        used += sum(_seconds(decide, islice(again, TURN)))
    timings: list[float] = []
    interpreted: list[float] = []
    ratios: list[float] = []
    while sum(timings) < SECONDS and len(timings) < MOST:
        turn = list(islice(again, TURN))
        ours, theirs = list(_seconds(decide, turn)), list(_seconds(interpret, turn))
        timings += ours
        interpreted += theirs
        ratios.append(sum(theirs) / sum(ours))
    cuts = statistics.quantiles(timings, n=100)
    return {
        "p50_us": cuts[49] * 1e6,
        "p99_us": cuts[98] * 1e6,
        "rate": len(timings) / sum(timings),
        "ratio": statistics.median(ratios),
        "interpreter_us": statistics.median(interpreted) * 1e6,
    }


def _seconds(decide: Decide, customers: Iterable[Customer]) -> Iterator[float]:
    for customer in customers:
        started = time.process_time()
        decide(customer)
        yield time.process_time() - started


def _batch(peer: Batch, interpret: Decide) -> Found:
    customers = neutral.peer("gen").customers(COLUMNS)
    columns = peer.load(customers)
    del customers[ROWS:]
    runs = []
    for _ in range(BATCH_RUNS):
        interpreted = _rate(lambda: [interpret(customer) for customer in customers[:INTERPRETED]], INTERPRETED)
        by_columns = _rate(lambda: peer.run(columns), COLUMNS)
        by_rows = _rate(lambda: peer.rows(peer.run(peer.load(customers))), ROWS)
        runs.append((by_columns, by_columns / interpreted, by_rows))
    medians = map(statistics.median, zip(*runs, strict=True))
    return dict(zip(("columns_rate", "columns_ratio", "rows_rate"), medians, strict=True))


def _rate(call: Callable[[], Any], number: int) -> float:
    started = time.process_time()
    call()
    return number / (time.process_time() - started)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], cold_only="--cold" in sys.argv)))
