"""Which answers matter: those that rules tell apart, each with what it changes, as both executors decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from engine.asking import ADVISED, Answer, open_questions
from engine.compile import compile_pack
from engine.decision import Decision
from engine.load import pack_from_texts
from engine.model import Pack
from engine.plan import Plan
from engine.program import Program, code_limits, decode, encode
from engine.session import Session
from engine.snapshot import CustomerFacts, Row
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


# --- where rules tell the answers apart ---

CATALOGUE = """
enums:
  value: {title: {en: Value, zh: 价值}, members: {brand: {en: brand, zh: 品牌}, product: {en: product, zh: 产品}}}
facts:
  days: {type: integer, title: {en: Days, zh: 天数}}
  bought: {type: integer, title: {en: Bought, zh: 购买}}
  local: {type: flag, title: {en: Local, zh: 本地}}
  usual: {type: integer, origin: derived, default: 9, title: {en: Usual, zh: 通常}}
  counted: {type: integer, origin: derived, falls_back_to: days, title: {en: Counted, zh: 计数}}
  told: {type: category, enum: value, origin: derived, title: {en: Told, zh: 所传}}
collections:
  visits:
    title: {en: Visits, zh: 拜访}
    kind: register
    facts:
      lasted: {type: integer, title: {en: Lasted, zh: 时长}}
"""
MANIFEST = "{pack: small, version: 1.0.0, title: {en: Small, zh: 小}, shows: {value: told}}"
RULES = """
rules:
  - {rule: usual, TEXTS, when: {local: true}, set: {usual: 4}}
  - {rule: counted, TEXTS, when: {local: true}, set: {counted: 6}}
  - {rule: told, TEXTS, when: CONDITION, set: {told: brand}}
"""
TEXTS = "title: {en: Rule, zh: 规则}, because: {en: So., zh: 如此。}"


def cuts_of(condition: str) -> list[Value | None]:
    """Return from which numbers of days on another answer begins, for a customer with two visits, of 3 and 7 hours."""
    rules = RULES.replace("CONDITION", condition).replace("TEXTS", TEXTS)
    pack = pack_from_texts({"catalog.yaml": CATALOGUE, "pack.yaml": MANIFEST, "rules.yaml": rules})
    rows = {"visits": (Row("1", {"lasted": 3}), Row("2", {"lasted": 7}))}
    facts = {"local": False, "bought": 8}
    customer = CustomerFacts("C", date(2026, 7, 1), facts, rows, dict.fromkeys(rows, (BEGINNING, None)))
    plan = Plan(compile_pack(pack))
    found = open_questions(pack, plan, [(customer, plan.decide(customer))], Wording(pack.vocabulary, "en"))
    (asked,) = [one for one in found if one.question.fact == "days"]
    return [answer.least for answer in asked.answers if answer.least is not None]


@pytest.mark.parametrize(
    ("condition", "cuts"),
    [
        ("{days: {at_least: 5}}", [5]),
        ("{days: {at_least: 0}, counted: {at_least: 5}}", [0, 5]),  # which falls back to the days
        ("{days: {at_least: {fact: usual, times: 2}}}", [8, 9, 18, 19]),  # by rules 4, or 9
        ("{days: {at_least: {fact: days, times: 2}}}", [0, 1]),  # what is at most 0
        ("{days: {at_least: {fact: counted, times: 2}}}", [0, 1, 12, 13]),  # the days, or 6
        ("{days: {at_least: 0}, visits: {any: {lasted: {is: {fact: customer.days}}}}}", [0, 3, 4, 7, 8]),
        ("{days: {at_least: 5}, bought: {more_than: {fact: days, times: 0}}}", [5]),
        ("{days: {more_than: {fact: bought, times: 0}}}", [0, 1]),
    ],
)
def test_answers_are_told_apart_wherever_a_rule_does(condition: str, cuts: list[int]) -> None:
    """What is compared with the fact itself, with what rules conclude, with rows, or after a fallback, counts too."""
    assert cuts_of(condition) == cuts
