"""Corner cases of the language, decided by hand from its page, hold in the oracle and in both executors."""

from __future__ import annotations

import pytest

from tests.engine.corner_case_files import corner_cases, read_case, shown
from tests.engine.executors import Executor

CASES = dict(corner_cases())


@pytest.mark.parametrize("name", CASES)
def test_corner_case(name: str, executor: Executor) -> None:
    """Each case follows as it was decided by hand."""
    case = read_case(CASES[name])
    decision = executor(case.pack, case.customer)
    assert {part: shown(decision, part, about) for part, about in case.expected.items()} == case.expected


def test_there_are_enough_corner_cases() -> None:
    """The language is covered by many cases, each with a name of its own and the sentence that it decides."""
    assert len(CASES) >= 80
    assert len({content["case"] for content in CASES.values()}) == len(CASES)
    assert all(content["decides"] for content in CASES.values())
