"""The cases of a pack, each decided by session and plan."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cases import Case, CaseResult
from engine.judging import judge
from engine.session import Session
from wiring import Rules


def run_cases(rules: Rules, cases: Sequence[Case]) -> list[tuple[str, CaseResult]]:
    """Return what comes out of each case, by the name of the executor."""
    facts = [case.facts for case in cases]
    decided = {
        "session": map(Session(rules.program).decide, facts),
        "plan": rules.plan.decide_all(facts),
    }
    return [
        (name, judge(case, decision))
        for name, decisions in decided.items()
        for case, decision in zip(cases, decisions, strict=True)
    ]
