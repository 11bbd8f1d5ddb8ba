"""Corner cases of the language, decided by hand from its page, hold in the oracle and in both executors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from engine.decision import AdvisedAction, Candidate, Decision
from tests.engine.corner_case_files import MARKS, corner_cases, read_case
from tests.engine.executors import EXECUTORS, Executor

CASES = dict(corner_cases())
MISSING = "missing"


@pytest.fixture(params=EXECUTORS, ids=lambda executor: executor.__name__)
def executor(request: pytest.FixtureRequest) -> Executor:
    """Return each way of deciding one customer."""
    chosen: Executor = request.param
    return chosen


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


# --- a decision in the words of the cases --------------------------------------------------------------------------


def shown(decision: Decision, part: str, about: Any) -> Any:
    """Return one part of a decision as cases write it; of values, reasons and truths only what is asked about."""
    match part:
        case "truths":
            return {rule: _truth(decision, rule) for rule in about}
        case "values":
            return {name: _written(decision.values.get(name)) for name in about}
        case "rows":
            return _written(decision.rows)
        case "fired":
            return [_named(one.rule, one.row) for one in decision.fired]
        case "because":
            reasons = {_named(one.rule, one.row): _written(dict(one.because)) for one in decision.fired}
            return {name: reasons[name] for name in about}
        case "conflicts":
            return [
                _without({"about": one.about, "row": one.row, "rules": list(one.rules)}, row="")
                for one in decision.conflicts
            ]
        case "provisional":
            return {
                _named(one.fact, one.row): {"rules": list(one.rules), "unknown": list(one.unknown)}
                for one in decision.provisional
            }
        case "gates":
            return {
                gate.gate: {
                    "state": str(gate.state),
                    "criteria": {one.criterion: str(one.state) for one in gate.criteria},
                }
                for gate in decision.gates
            }
        case "choices":
            whole = {
                choice.scorecard: {
                    "chosen": list(choice.chosen),
                    "ranked": [_candidate(one) for one in choice.ranked],
                }
                for choice in decision.choices
            }
            return {
                card: {key: value for key, value in choice.items() if key in about.get(card, choice)}
                for card, choice in whole.items()
            }
        case "actions":
            return [_action(action) for action in decision.actions]
        case "violated":
            return list(decision.violated)
    raise AssertionError(f"a case cannot expect `{part}`")


def _truth(decision: Decision, rule: str) -> bool | str:
    if any(fired.rule == rule for fired in decision.fired):
        return True
    hanging = [one.rules for one in decision.provisional if one.fact == MARKS]
    return "unknown" if hanging and rule in hanging[0] else False


def _candidate(one: Candidate) -> dict[str, Any]:
    whole = {
        "candidate": one.candidate,
        "points": one.points,
        "eligible": str(one.eligible),
        "provisional": one.provisional,
        "given": dict(one.given),
    }
    return _without(whole, eligible="met", provisional=False)


def _action(one: AdvisedAction) -> dict[str, Any]:
    whole = {
        "action": one.action,
        "row": one.row,
        "due_on": one.due_on.isoformat(),
        "owner": one.owner,
        "medium": one.medium,
        "urgency": one.urgency,
        "rules": list(one.rules),
        "is_open": one.is_open,
    }
    return _without(whole, row="", medium=None, is_open=False)


def _named(name: str, row: str) -> str:
    return f"{name}/{row}" if row else name


def _without(content: dict[str, Any], **usual: Any) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in usual or value != usual[key]}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    return MISSING if value is None else value
