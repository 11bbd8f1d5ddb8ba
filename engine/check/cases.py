"""Rules without a case in which they fire, or without one in which they do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.cases import Case
from engine.check.findings import Finding, lint
from engine.decision import State
from engine.errors import Location
from engine.model import All, Condition, Pack, Status
from engine.said import said


def missing_cases(pack: Pack, cases: Iterable[Case]) -> Iterator[Finding]:
    """Yield rules, rows, gates and point rules that no case names as fired, or none as not fired.

    A gate's state counts as well. Of a point rule for several candidates, one candidate is enough.
    """
    fired, silent = set(), set()
    for case in cases:
        fired |= {_whole(name) for name in case.expect.fired}
        silent |= {_whole(name) for name in case.expect.not_fired}
        for gate, state in case.expect.gates.items():
            (fired if state is State.MET else silent).add(gate)
    told = set()
    for name, when, at in _rules(pack):
        whole = _whole(name)
        if whole in told:
            continue
        told.add(whole)
        if whole not in fired:
            message = said("no case shows `{rule}` fire.", rule=whole)
            yield lint(at, "missing-case", message, said("Add one with `fired: [{rule}]`.", rule=name))
        elif whole not in silent and not (isinstance(when, All) and not when.items):
            message = said("no case shows where `{rule}` just does not fire.", rule=whole)
            yield lint(at, "missing-case", message, said("Add one with `not_fired: [{rule}]`.", rule=name))


def _whole(name: str) -> str:
    """Return a rule's id without its candidate."""
    return name.partition("@")[0]


def _rules(pack: Pack) -> Iterator[tuple[str, Condition, Location]]:
    for rule in pack.rules:
        if rule.status is Status.ACTIVE:
            yield rule.id, rule.when, rule.at
    for table in pack.tables:
        if table.status is Status.ACTIVE:
            yield from ((f"{table.id}#{row.id}", row.when, row.at) for row in table.rows)
    for gate in pack.gates:
        if gate.status is Status.ACTIVE:
            yield gate.id, All(tuple(one.when for one in gate.criteria), gate.at), gate.at
    for card in pack.scorecards:
        if card.status is Status.ACTIVE:
            yield from ((f"{card.id}#{rule.id}@{rule.candidate}", rule.when, rule.at) for rule in card.rules)
