"""Valuelift's plan: a snapshot in; values as codes, actions and rules as masks out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench import workload
from bench.neutral import Customer
from bench.peers.rules import Batch, Decision, Specification, as_rows
from engine.compile import compile_pack
from engine.plan import Plan, Result
from engine.program import decode
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey


def build(specification: Specification) -> Batch:
    """Compile the workload's pack; it is made from the same file."""
    plan = Plan(compile_pack(workload.pack()))
    program = plan.program

    def load(customers: Sequence[Customer]) -> Snapshot:
        return workload.snapshot(program.vocabulary, customers)

    def run(snapshot: Snapshot) -> list[Result]:
        results = list(plan.run(snapshot))
        for result in results:  # values and masks are made when they are asked for
            assert list(result.values.values())
            assert list(result.fired.values())
        return results

    def rows(results: list[Result]) -> list[Decision]:
        return [decision for result in results for decision in _rows(result)]

    def _rows(result: Result) -> list[Decision]:
        values = {key.name: _decoded(key, np.asarray(column.codes)) for key, column in result.values.items()}
        masks = {program.rules[index].id: np.asarray(mask) for index, mask in result.fired.items()}
        fired = {rule["id"]: np.flatnonzero(masks[rule["id"].lower()]).tolist() for rule in specification["rules"]}
        return as_rows(specification, values, fired)

    def _decoded(key: FactKey, codes: np.ndarray[tuple[int, ...], np.dtype[np.integer]]) -> list[str]:
        used, places = np.unique(codes, return_inverse=True)
        members = [str(decode(program.vocabulary, program.fact(key), int(code))) for code in used]
        return [members[place] for place in places.tolist()]

    return Batch(load, run, rows)
