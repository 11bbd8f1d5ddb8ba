"""Three-valued logic, pinned by one table in the oracle and in both executors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.corner_case_files import read_case, shown
from tests.engine.executors import Executor

TRUTHS: Mapping[str, bool | str] = {"T": True, "F": False, "U": "unknown"}

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

CONDITIONS: Mapping[str, Any] = {
    "and": {"all": [{"left": True}, {"right": True}]},
    "or": {"any": [{"left": True}, {"right": True}]},
    "not-left": {"not": {"left": True}},
}
FLAGS = {"left": {"type": "flag"}, "right": {"type": "flag"}}


@pytest.mark.parametrize("line", LINES, ids="".join)
def test_logic_table(line: list[str], executor: Executor) -> None:
    """And, or, not follow Kleene for flags that are true, false or missing."""
    expected, flags = _read(line)
    assert expected == _truths(executor, catalogue={"facts": FLAGS}, conditions=CONDITIONS, facts=flags)


@pytest.mark.parametrize("line", LINES, ids="".join)
def test_logic_table_in_rows(line: list[str], executor: Executor) -> None:
    """The same table holds where the conditions are asked of a row."""
    expected, flags = _read(line)
    catalogue = {"collections": {"pairs": {"kind": "register", "facts": FLAGS}}}
    conditions = {name: {"pairs": {"any": condition}} for name, condition in CONDITIONS.items()}
    assert expected == _truths(executor, catalogue=catalogue, conditions=conditions, rows={"pairs": [flags]})


def _read(line: list[str]) -> tuple[dict[str, bool | str], dict[str, bool | str]]:
    """Return what a line of the table expects, and the flags that it gives (an unknown one is left out)."""
    cells = {name: TRUTHS[cell] for name, cell in zip(HEAD, line, strict=True)}
    expected = {name: cells[name] for name in CONDITIONS}
    return expected, {name: cells[name] for name in FLAGS if cells[name] != "unknown"}


def _truths(executor: Executor, **content: Any) -> Any:
    case = read_case({"case": "a line of the table", "decides": "Kleene's logic", "expect": {}, **content})
    return shown(executor(case.pack, case.customer), "truths", content["conditions"])
