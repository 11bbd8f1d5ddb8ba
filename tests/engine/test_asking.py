"""Which answers matter: those that rules tell apart, each with what it changes, as both executors decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from engine.asking import ADVISED, Answer, open_questions
from engine.compile import compile_pack
from engine.decision import Decision
from engine.model import Pack
from engine.plan import Plan
from engine.program import Program, code_limits, decode, encode
from engine.session import Session
from engine.snapshot import CustomerFacts
from engine.vocabulary import BEGINNING, Value
from engine.wording import Wording
from tests.engine.test_differential import generated
from tests.profiles import count


@pytest.mark.parametrize("seed", range(count(quick=8, ci=30, long=2_000)))
def test_an_answer_changes_what_it_says(seed: int) -> None:
    """On generated packs each answer, and any other value of its range, changes just what is told: by the session."""
    rng = Random(seed)
    pack, customers = generated(rng, customers=3)
    program = compile_pack(pack)
    decisions = Plan(program).decide_all(customers)
    session = Session(program)
    now = {one.customer: (one, decision) for one, decision in zip(customers, decisions, strict=True)}
    for asked in open_questions(pack, Plan(program), list(now.values()), Wording(pack.vocabulary, "en")):
        customer, before = now[asked.customer]
        for answer in asked.answers:
            for value in {answer.value, inside(rng, program, asked.question.fact, answer)}:
                after = session.decide(answered(customer, asked.question.fact, value))
                said = dict(answer.becomes), answer.gained, answer.lost
                assert changes(pack, before, after) == said, (seed, asked.question.fact, value)
        could = {name for one in asked.answers for name in (*one.becomes, *one.gained, *one.lost)}
        assert (asked.weight > 0) is bool(could)


def answered(customer: CustomerFacts, name: str, value: Value | None) -> CustomerFacts:
    """Return the customer once a question is answered; None: there is no record in the collection."""
    if value is None:
        return replace(customer, recorded={**customer.recorded, name: (BEGINNING, None)})
    return replace(customer, facts={**customer.facts, name: value})


def inside(rng: Random, program: Program, name: str, answer: Answer) -> Value | None:
    """Return another value of an answer's range."""
    fact = program.vocabulary.fact(name)
    if fact is None or (answer.least is None and answer.most is None):
        return answer.value
    least, most = (
        None if one is None else encode(program.vocabulary, fact, one) for one in (answer.least, answer.most)
    )
    first, last = code_limits(fact)
    low = least if isinstance(least, int) else max(first, int(most or 0) - 40)
    high = most if isinstance(most, int) else min(last, low + 40)
    return decode(program.vocabulary, fact, rng.randint(low, high))


def changes(
    pack: Pack, before: Decision, after: Decision
) -> tuple[dict[str, Value | None], tuple[str, ...], tuple[str, ...]]:
    """Return what two decisions show differently."""
    names = [pack.ladder.proposed.name, *filter(pack.vocabulary.fact, [pack.shows.get("value", "")])]
    becomes = {name: after.values.get(name) for name in names if before.values.get(name) != after.values.get(name)}
    old, new = (set(members(one)) for one in (before, after))
    return becomes, tuple(sorted(new - old)), tuple(sorted(old - new))


def members(decision: Decision) -> Iterator[str]:
    """Yield the actions advised."""
    found = decision.values.get(ADVISED.name)
    yield from found if isinstance(found, frozenset) else ()
