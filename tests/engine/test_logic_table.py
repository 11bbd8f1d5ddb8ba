"""Three-valued logic, pinned by one table in the oracle and in both executors."""

from __future__ import annotations

import pytest

from tests.engine.corner_case_files import read_case, shown
from tests.engine.executors import Executor

TRUTHS = {"T": True, "F": False, "U": "unknown"}

TABLE = """
    left  right  and  or  not-left
     T     T      T    T     F
     T     F      F    T     F
     T     U      U    T     F
     F     T      F    T     T
     F     F      F    F     T
     F     U      F    U     T
     U     T      U    T     U
     U     F      F    U     U
     U     U      U    U     U
"""
HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]

CONDITIONS = {
    "and": {"all": [{"left": True}, {"right": True}]},
    "or": {"any": [{"left": True}, {"right": True}]},
    "not-left": {"not": {"left": True}},
}


@pytest.mark.parametrize("line", LINES, ids="".join)
def test_logic_table(line: list[str], executor: Executor) -> None:
    """And, or, not follow Kleene for flags that are true, false or missing."""
    row = {name: TRUTHS[cell] for name, cell in zip(HEAD, line, strict=True)}
    facts = {side: row.pop(side) for side in ("left", "right")}
    case = read_case(
        {
            "case": f"left is {facts['left']}, right is {facts['right']}",
            "decides": "and, or, not follow Kleene",
            "catalogue": {"facts": {"left": {"type": "flag"}, "right": {"type": "flag"}}},
            "conditions": CONDITIONS,
            "facts": {side: truth for side, truth in facts.items() if truth != "unknown"},
            "expect": {"truths": row},
        }
    )
    decision = executor(case.pack, case.customer)
    assert row == shown(decision, "truths", row)


@pytest.mark.parametrize("line", LINES, ids="".join)
def test_logic_table_in_rows(line: list[str], executor: Executor) -> None:
    """The same table holds where the conditions are asked of a row."""
    row = {name: TRUTHS[cell] for name, cell in zip(HEAD, line, strict=True)}
    facts = {side: row.pop(side) for side in ("left", "right")}
    case = read_case(
        {
            "case": f"left is {facts['left']}, right is {facts['right']}",
            "decides": "and, or, not follow Kleene",
            "catalogue": {
                "collections": {
                    "pairs": {"kind": "register", "facts": {"left": {"type": "flag"}, "right": {"type": "flag"}}}
                }
            },
            "conditions": {name: {"pairs": {"any": condition}} for name, condition in CONDITIONS.items()},
            "rows": {"pairs": [{side: truth for side, truth in facts.items() if truth != "unknown"}]},
            "expect": {"truths": row},
        }
    )
    decision = executor(case.pack, case.customer)
    assert row == shown(decision, "truths", row)
