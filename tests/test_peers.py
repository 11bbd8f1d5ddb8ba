"""The peers of `make peers` that need nothing installed decide as the neutral workload's interpreter does."""

from __future__ import annotations

from importlib import import_module

import pytest

from bench import neutral
from bench.figures import AbsentError
from bench.peers.rules import Batch

CUSTOMERS = 50


@pytest.mark.parametrize(
    "module", ["compiled", "durable_api", "numpy_columns", "duckdb_sql", "valuelift_session", "valuelift_plan"]
)
def test_agrees_with_the_interpreter(module: str) -> None:
    """Values, actions and fired rules of each peer are those of the workload's own interpreter."""
    try:
        specification = neutral.specification()
    except AbsentError as absent:
        pytest.skip(str(absent))
    customers = neutral.peer("gen").customers(CUSTOMERS)
    interpret = neutral.peer("oracle").Oracle().decide
    peer = import_module(f"bench.peers.{module}").build(specification)
    if isinstance(peer, Batch):
        decisions = peer.rows(peer.run(peer.load(customers)))
    else:
        decisions = [peer(customer) for customer in customers]
    assert [neutral.comparable(one) for one in decisions] == [neutral.comparable(interpret(one)) for one in customers]
