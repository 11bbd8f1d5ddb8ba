"""Fixtures for the tests of the engine."""

import pytest

from tests.engine.executors import EXECUTORS, Executor


@pytest.fixture(params=EXECUTORS, ids=lambda executor: executor.__name__)
def executor(request: pytest.FixtureRequest) -> Executor:
    """Return each way of deciding one customer: oracle, session, plan."""
    chosen: Executor = request.param
    return chosen
