"""A decision on a case's facts beside what the case expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.cases import Case, CaseResult, Difference, Expectation
from engine.decision import Decision, State
from engine.said import NOTHING, Said, said
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
            yield Difference(rule, said("fired"), said("not fired"))
    for one in decision.fired:
        if one.rule in expect.not_fired:
            yield Difference(one.rule, said("not fired"), said("fired"), _reading(one.because))
    yield from _gates(expect.gates, decision)
    yield from _advice(expect, decision)
    if expect.provisional is not None:
        yield from _same_names("provisional", expect.provisional, {fact for fact, _ in hangs_on}, NOTHING)


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
            why = said("provisional, hangs on {rules}", rules=rules) if rules else NOTHING
            yield Difference(prefix + name, _shown(value), _shown(found), why)


def _gates(expected: Mapping[str, State], decision: Decision) -> Iterator[Difference]:
    states = {gate.gate: gate for gate in decision.gates}
    for name, state in expected.items():
        gate = states.get(name)
        if gate is None:
            why = said("it does not lead away from the present stage")
            yield Difference(name, _word(state), said("not looked at"), why)
        elif gate.state is not state:
            each = [said("{criterion} {state}", criterion=one.criterion, state=one.state) for one in gate.criteria]
            yield Difference(name, _word(state), _word(gate.state), said("{several}", several=each))


def _advice(expect: Expectation, decision: Decision) -> Iterator[Difference]:
    reasons = {action.action: action.rules for action in decision.actions}
    if expect.actions is not None:
        extra = {name: rules for name, rules in reasons.items() if name not in expect.actions}
        each = [said("{action} by {rules}", action=name, rules=rules) for name, rules in sorted(extra.items())]
        why = said("{several:; }", several=each)
        yield from _same_names("actions", expect.actions, set(reasons), why)
    for name in expect.advised:
        if name not in reasons:
            yield Difference(name, said("advised"), said("not advised"))
    for name in expect.not_advised:
        if name in reasons:
            why = said("by {rules}", rules=reasons[name])
            yield Difference(name, said("not advised"), said("advised"), why)


def _same_names(what: str, expected: Iterable[str], actual: set[str], why: Said) -> Iterator[Difference]:
    if set(expected) != actual:
        yield Difference(what, _shown(frozenset(expected)), _shown(frozenset(actual)), why)


def _reading(because: Iterable[tuple[str, Value | None]]) -> Said:
    each = [
        said("{fact} is missing", fact=name)
        if value is None
        else said("{fact} is {value}", fact=name, value=_written(value))
        for name, value in because
    ]
    return said("{several}", several=each)


def _shown(value: Value | None) -> Said:
    return said("missing") if value is None else _word(_written(value))


def _written(value: Value) -> str:
    """Return a value as a case writes it."""
    if isinstance(value, frozenset):
        return f"[{', '.join(sorted(value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _word(word: str) -> Said:
    """Return a word of a case, which stays as it is written in a sentence of any language."""
    return said("{word}", word=word)
