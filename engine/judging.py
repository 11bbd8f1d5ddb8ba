"""A decision on a case's facts beside what the case expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.cases import Case, CaseResult, Difference, Expectation
from engine.decision import Decision, State
from engine.vocabulary import Value


def judge(case: Case, decision: Decision) -> CaseResult:
    """Compare the decision on a case's facts with what the case expects."""
    return CaseResult(case, decision, tuple(_differences(case.expect, decision)))


def _differences(expect: Expectation, decision: Decision) -> Iterator[Difference]:
    hangs_on = {(one.fact, one.row): one.rules for one in decision.provisional}
    yield from _values(expect.values, decision.values, "", hangs_on)
    for collection, by_key in expect.rows.items():
        for key, values in by_key.items():
            actual = decision.rows.get(collection, {}).get(key, {})
            yield from _values(values, actual, key, hangs_on, f"{collection}[{key}].")
    fired = {one.rule for one in decision.fired}
    for rule in expect.fired:
        if rule not in fired:
            yield Difference(rule, "fired", "not fired")
    for one in decision.fired:
        if one.rule in expect.not_fired:
            yield Difference(one.rule, "not fired", "fired", _reading(one.because))
    yield from _gates(expect.gates, decision)
    yield from _advice(expect, decision)
    if expect.provisional is not None:
        yield from _same_names("provisional", expect.provisional, {fact for fact, _ in hangs_on}, "")


def _values(
    expected: Mapping[str, Value | None],
    actual: Mapping[str, Value],
    row: str,
    hangs_on: Mapping[tuple[str, str], tuple[str, ...]],
    prefix: str = "",
) -> Iterator[Difference]:
    for name, value in expected.items():
        found = actual.get(name, frozenset() if isinstance(value, frozenset) else None)
        if found != value:
            rules = hangs_on.get((name, row))
            why = f"provisional, hangs on {', '.join(rules)}" if rules else ""
            yield Difference(prefix + name, _shown(value), _shown(found), why)


def _gates(expected: Mapping[str, State], decision: Decision) -> Iterator[Difference]:
    states = {gate.gate: gate for gate in decision.gates}
    for name, state in expected.items():
        gate = states.get(name)
        if gate is None:
            yield Difference(name, state, "not looked at", "it does not lead away from the present stage")
        elif gate.state is not state:
            criteria = ", ".join(f"{one.criterion} {one.state}" for one in gate.criteria)
            yield Difference(name, state, gate.state, criteria)


def _advice(expect: Expectation, decision: Decision) -> Iterator[Difference]:
    reasons = {action.action: action.rules for action in decision.actions}
    if expect.actions is not None:
        extra = {name: rules for name, rules in reasons.items() if name not in expect.actions}
        why = "; ".join(f"{name} by {', '.join(rules)}" for name, rules in sorted(extra.items()))
        yield from _same_names("actions", expect.actions, set(reasons), why)
    for name in expect.advised:
        if name not in reasons:
            yield Difference(name, "advised", "not advised")
    for name in expect.not_advised:
        if name in reasons:
            yield Difference(name, "not advised", "advised", f"by {', '.join(reasons[name])}")


def _same_names(what: str, expected: Iterable[str], actual: set[str], why: str) -> Iterator[Difference]:
    if set(expected) != actual:
        yield Difference(what, _shown(frozenset(expected)), _shown(frozenset(actual)), why)


def _reading(because: Iterable[tuple[str, Value | None]]) -> str:
    return ", ".join(f"{name} is {_shown(value)}" for name, value in because)


def _shown(value: Value | None) -> str:
    if value is None:
        return "missing"
    if isinstance(value, frozenset):
        return f"[{', '.join(sorted(value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
