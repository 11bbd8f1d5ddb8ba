"""Mistakes in rules: what cases find out is what judging every case by the mutated program finds out."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from engine.assemble import assemble
from engine.cases import Case, Expectation, cases_from_text
from engine.compile import compile_pack
from engine.decision import Decision
from engine.errors import Location
from engine.judging import judge
from engine.load import pack_from_texts
from engine.mutation import Mistake, Mutation, Tried, Verdict
from engine.mutation.mutants import Mutants
from engine.mutation.survive import Suite, mutated
from engine.plan import Plan
from engine.plan.again import Again, reads_of
from tests.engine.test_differential import generated
from tests.profiles import count

PACKS = count(quick=4, ci=4, long=2_000)
EACH = 6
CUSTOMERS = 5


@pytest.fixture(scope="module")
def generated_mutants() -> list[tuple[Mutants, list[Case], Random]]:
    """Return generated packs with all mistakes, and customers as cases that expect some of what is decided."""
    found = []
    for seed in range(PACKS):
        rng = Random(seed)
        pack, customers = generated(rng, CUSTOMERS)
        mutants = Mutants(compile_pack(pack))
        decisions = Plan(mutants.program).decide_all(customers)
        cases = [
            Case(customer.customer, customer, _expected(decision, rng), Location("cases.yaml"))
            for customer, decision in zip(customers, decisions, strict=True)
        ]
        found.append((mutants, cases, rng))
    return found


def _expected(decision: Decision, rng: Random) -> Expectation:
    """Return an expectation of part of a decision, other parts each time."""
    fired = [one.rule for one in decision.fired]
    return Expectation(
        values=dict(rng.sample(sorted(decision.values.items()), len(decision.values) // 3)),
        rows=decision.rows if rng.random() < 0.3 else {},
        gates={one.gate: one.state for one in decision.gates} if rng.random() < 0.3 else {},
        fired=tuple(rng.sample(fired, len(fired) // 4)),
        actions=tuple({one.action for one in decision.actions}) if rng.random() < 0.3 else None,
        provisional=tuple({one.fact for one in decision.provisional}) if rng.random() < 0.3 else None,
    )


def test_to_decide_again_is_to_decide_by_the_other_program(
    generated_mutants: list[tuple[Mutants, list[Case], Random]],
) -> None:
    """What is computed anew after one condition changed is, field by field, what the mutated program decides."""
    for mutants, cases, rng in generated_mutants:
        reads = reads_of(mutants.program)
        (days,) = [list(Plan(mutants.program).decided_all([case.facts for case in cases]))]
        for mutant in rng.sample(mutants.all, min(EACH, len(mutants.all))):
            program = mutated(mutants.program, mutant)
            for places, decided in days:
                again = Again(decided, program, mutant.conditions, reads)
                for index, place in enumerate(places):
                    facts = cases[place].facts
                    assert assemble(program, facts, again.outcome(index)) == Plan(program).decide(facts)


def test_a_mistake_is_found_out_where_some_case_fails_with_it(
    generated_mutants: list[tuple[Mutants, list[Case], Random]],
) -> None:
    """The shortcuts never change the verdict: it is that of judging all cases by the mutated program."""
    verdicts = set()
    for mutants, cases, rng in generated_mutants:
        suite = Suite(mutants, cases)
        for mutant in rng.sample(mutants.all, min(EACH, len(mutants.all))):
            decisions = Plan(mutated(mutants.program, mutant)).decide_all([case.facts for case in cases])
            fails = not all(judge(case, one).passed for case, one in zip(cases, decisions, strict=True))
            assert suite.try_out(mutant).is_found_out is fails, (mutant.rule, mutant.what)
            verdicts.add(fails)
    assert verdicts == {True, False}


PACK = {
    "catalog.yaml": """
facts:
  age: {type: integer, range: [0, 200], title: {en: Age, zh: 年数}}
  local: {type: flag, title: {en: Local, zh: 本地}}
  old: {type: flag, origin: derived, title: {en: Old, zh: 老}}
  calm: {type: flag, origin: derived, title: {en: Calm, zh: 稳}}
""",
    "pack.yaml": "pack: small\nversion: 1.0.0\ntitle: {en: Small, zh: 小}\n",
    "rules.yaml": """
rules:
  - rule: old
    title: {en: Old, zh: 老}
    because: {en: Old., zh: 老。}
    when: {age: {at_least: 10, known: true}, local: true}
    set: {old: true}
  - rule: calm
    title: {en: Calm, zh: 稳}
    because: {en: Calm., zh: 稳。}
    when: {old: true}
    set: {calm: true}
""",
}
CASES = """
cases:
  - {case: Ten is old, as_of: 2026-01-01, facts: {age: 10, local: true}, expect: {fired: [old], calm: true}}
  - {case: Nine is not, as_of: 2026-01-01, facts: {age: 9, local: true}, expect: {not_fired: [old], calm: missing}}
  - {case: Twelve elsewhere, as_of: 2026-01-01, facts: {age: 12, local: false}, expect: {}}
"""


def survivors(cases: str) -> dict[tuple[str, Mistake, str], Tried]:
    """Return what survives, or has no effect, by rule, mistake and words."""
    pack = pack_from_texts(PACK)
    mutation = Mutation(compile_pack(pack), cases_from_text(cases, pack))
    tried = [mutation.with_case(one) for one in mutation.run(frozenset({"old", "calm"}), jobs=1)]
    return {
        (one.mutant.rule, one.mutant.mistake, one.mutant.what): one
        for one in tried
        if one.verdict is not Verdict.FOUND_OUT
    }


def test_what_survives_is_told_with_the_case_that_is_missing() -> None:
    """A case that shows it but does not expect it is named; what nobody can show is no mistake; pasted cases help."""
    found = survivors(CASES)
    assert {key: one.verdict for key, one in found.items()} == {
        ("old", Mistake.DROPPED, "without `age known true`"): Verdict.WITHOUT_EFFECT,
        ("old", Mistake.DROPPED, "without `local is true`"): Verdict.UNNOTICED,
    }
    (unnoticed,) = [one.missing for one in found.values() if one.missing]
    assert (unnoticed.customer.customer, unnoticed.rule, unnoticed.fires) == ("Twelve elsewhere", "old", False)
    fixed = CASES.replace("expect: {}", "expect: {not_fired: [old]}")
    assert {one.verdict for one in survivors(fixed).values()} == {Verdict.WITHOUT_EFFECT}


def test_a_threshold_that_no_case_stands_at_gets_a_customer_who_does() -> None:
    """The customer is the smallest one on whom the moved threshold shows, on the right side of it."""
    found = survivors(CASES.replace("age: 9,", "age: 3,"))
    moved = found["old", Mistake.MOVED, "`age at_least 9` for `age at_least 10`"]
    assert moved.verdict is Verdict.UNSEEN
    assert moved.missing is not None
    assert (moved.missing.customer.facts, moved.missing.fires) == ({"age": 9, "local": True}, False)


def _all_mistakes() -> Iterator[tuple[str, Mistake]]:
    mutants = Mutants(compile_pack(pack_from_texts(PACK)))
    yield from ((one.rule, one.mistake) for one in mutants.all)


def test_every_kind_of_mistake_is_made_in_every_rule() -> None:
    """A rule is removed, and each of its tests dropped, flipped and moved; a flag has no threshold to move."""
    assert sorted(_all_mistakes()) == sorted(
        [
            ("old", Mistake.REMOVED),
            *(("old", mistake) for mistake in (Mistake.DROPPED, Mistake.FLIPPED) for _ in range(3)),
            *(("old", Mistake.MOVED) for _ in range(2)),
            ("calm", Mistake.REMOVED),
            ("calm", Mistake.DROPPED),
            ("calm", Mistake.FLIPPED),
        ]
    )
