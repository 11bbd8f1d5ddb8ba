"""The oracle refuses what has no meaning."""

import pytest

from engine.decision import PackStamp
from tests.engine.corner_case_files import read_case
from tests.oracle import CycleError, decide


def test_a_cycle_is_refused() -> None:
    """Two facts that wait for each other have no value, and the oracle says which."""
    case = read_case(
        {
            "case": "a cycle",
            "decides": "a cycle is an error",
            "pack": {
                "rules": [
                    {"rule": "one", "when": {"risk": "a"}, "set": {"class": "a"}},
                    {"rule": "two", "when": {"class": "a"}, "set": {"risk": "a"}},
                ]
            },
            "expect": {},
        }
    )
    with pytest.raises(CycleError, match="risk"):
        decide(case.pack, case.customer, PackStamp("cycle", "1.0.0", ""))
