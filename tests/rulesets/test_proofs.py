"""The value-marketing pack is proved, and whatever is put wrong in it is found, with customers who show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from random import Random

import pytest

from engine.compile import compile_pack
from engine.plan import Plan
from engine.program import Program
from engine.prove import Answer, Kind, Questions, Verdict
from engine.session import Session
from tests.profiles import count
from tests.rulesets.faults import OPERATORS, Fault, faults
from tests.rulesets.test_value_marketing import PACK
from wiring import Rules, examples, shipped_pack

PROVED = [kind for kind in Kind if kind not in (Kind.REDUNDANT_RULE, Kind.REDUNDANT_CONDITION)]

ONLY_A_REASON = {
    "answer-slow": "says more exactly why to answer",
    "assess-potential-without-orders": "says that there is no order, where that is known",
    "evidenced#deliveries": "one of several proofs of service",
    "evidenced#freight": "one of several proofs of service",
    "evidenced#laboratory": "one of several proofs of technical resource",
    "medium-to-use#target-brand": "the usual medium, said for the value",
    "medium-to-use#target-people": "the usual medium, said for the value",
    "praised-in-public": "makes the thanks more urgent",
    "review-our-own-way": "gives the review to the sales manager",
    "review-who-falls-behind": "makes the review more urgent",
    "severe-complaint-open": "makes the settlement more urgent",
    "usual-needs-as-question": "says what to ask about",
}
"""Rules without which the same would be concluded, and what they are there for."""

EACH = count(quick=1, ci=3, long=12)
FAULTS = list(faults(PACK, EACH, Random(20)))


@cache
def questions() -> Questions:
    """Return the questions about the pack."""
    program = compile_pack(PACK)
    return Questions(PACK, program, examples(shipped_pack(), Rules(PACK, program)))


@pytest.mark.parametrize("kind", PROVED)
def test_pack_is_proved(kind: Kind) -> None:
    """Nothing that is asked about the pack is refuted or left open."""
    answers = [question.ask() for question in questions().all([kind])]
    assert answers
    assert [(one.about, one.verdict) for one in answers if one.verdict is not Verdict.PROVED] == []


def test_what_is_not_answered_in_time_is_not_proved() -> None:
    """With hardly any time for a question some stay open, and none is refuted by that."""
    verdicts = {
        question.ask().verdict for question in Questions(PACK, compile_pack(PACK), seconds=0.001).all(PROVED[:2])
    }
    assert Verdict.UNANSWERED in verdicts
    assert Verdict.REFUTED not in verdicts


def test_method_is_claimed() -> None:
    """Invariants and monotonicity together make at least forty claims."""
    assert len(PACK.invariants) + len(PACK.monotonicity) >= 40


def test_rules_that_change_nothing_have_a_purpose() -> None:
    """Only rules that add a better reason, a proof or urgency could be left out."""
    answers = [question.ask() for question in questions().all([Kind.REDUNDANT_RULE])]
    assert {one.about[0] for one in answers if one.verdict is Verdict.REFUTED} == set(ONLY_A_REASON)


def test_every_rule_fires_for_a_customer_who_shows_it() -> None:
    """The solver's own customers, without help from the cases, make each rule fire in the plan."""
    program = compile_pack(PACK)
    asked = list(Questions(PACK, program).all([Kind.DEAD]))
    answers = [question.ask() for question in asked[:: count(quick=40, ci=20, long=1)]]
    assert_shown(program, answers, Plan(program))


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.kind}-{fault.about}" for fault in FAULTS])
def test_seeded_fault_is_found(fault: Fault) -> None:
    """A fault is found, and both executors see it in the customers that are shown."""
    program = compile_pack(fault.pack)
    about = [one for one in Questions(fault.pack, program).all([Kind(fault.kind)]) if concerns(one.about, fault)]
    answers = [question.ask() for question in about]
    found = [one for one in answers if one.verdict is Verdict.REFUTED]
    assert found
    assert_shown(program, found, Plan(program), Session(program))


def test_enough_faults_are_seeded() -> None:
    """Every operator has faults, and six of each make at least sixty."""
    found = Counter(fault.kind for fault in faults(PACK, 6, Random(1)))
    assert set(found) == set(Kind)
    assert found.total() >= 60
    assert all(list(operator(PACK)) for operator in OPERATORS)


def concerns(about: tuple[str, ...], fault: Fault) -> bool:
    """Whether a question is about a fault; circles are looked for all at once."""
    return fault.kind == Kind.CIRCLE or fault.about in about


def assert_shown(program: Program, answers: Iterable[Answer], *executors: Plan | Session) -> None:
    """Assert that each witness shows what it should."""
    witnesses = [witness for answer in answers for witness in answer.witnesses]
    for executor in executors:
        for witness in witnesses:
            assert witness.missed(executor.decide(witness.customer)) == (), program.stamp
