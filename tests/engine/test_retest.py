"""Cases of a pack that is being edited: those that are not decided again come out as if they were."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from engine.cases import Case, Expectation
from engine.compile import compile_pack
from engine.decision import Decision
from engine.errors import Location, ProblemsError
from engine.judging import judge
from engine.model import Pack
from engine.retest import Retest
from engine.session import Session
from engine.snapshot import CustomerFacts
from tests.engine.test_differential import generated
from tests.engine.test_plan_both import a_rule_less, another_condition, another_priority, another_value
from tests.profiles import count

PACKS = count(quick=6, ci=12, long=1_000)
CUSTOMERS = 10
EDITS = (another_condition, another_condition, another_priority, another_value, a_rule_less)


def everything(facts: CustomerFacts, decision: Decision) -> Case:
    """Return a case that expects all of a decision that a case can expect."""
    expect = Expectation(
        values=decision.values,
        rows=decision.rows,
        gates={gate.gate: gate.state for gate in decision.gates},
        fired=tuple({one.rule: None for one in decision.fired}),
        actions=tuple(action.action for action in decision.actions),
        provisional=tuple({one.fact: None for one in decision.provisional}),
    )
    return Case(facts.customer, facts, expect, Location("cases.yaml"))


def decided(pack: Pack, facts: Sequence[CustomerFacts]) -> list[Decision]:
    """Return the decisions on all of them."""
    return list(map(Session(compile_pack(pack)).decide, facts))


def test_a_version_has_the_results_that_it_has_alone() -> None:
    """Whatever was edited, each case differs from what it expects as if all were decided; some are not decided."""
    spared = 0
    for seed in range(PACKS):
        rng = Random(seed)
        pack, customers = generated(rng, CUSTOMERS)
        cases = [everything(*each) for each in zip(customers, decided(pack, customers), strict=True)]
        retest = Retest()
        assert all(one.passed for one in retest.run(pack, cases))
        assert retest.decided == len(cases)
        for _ in range(3):
            edit = rng.choice(EDITS)
            try:
                edited = edit(pack, rng)
                decisions = decided(edited, customers)
            except ProblemsError:
                continue  # the edit makes a circle
            pack = edited
            expected = [judge(*each) for each in zip(cases, decisions, strict=True)]
            found = retest.run(pack, cases)
            assert [sorted(map(str, one.differences)) for one in found] == [
                sorted(map(str, one.differences)) for one in expected
            ]
            spared += len(cases) - retest.decided
    assert spared


def test_a_case_is_decided_anew_if_its_facts_change() -> None:
    """A case with other facts is decided, and so are a new one and one that fails by what is expected of it now."""
    rng = Random(2)
    pack, customers = generated(rng, CUSTOMERS)
    decisions = decided(pack, customers)
    cases = [everything(*each) for each in zip(customers, decisions, strict=True)]
    retest = Retest()
    retest.run(pack, cases[1:])
    other = replace(cases[1], facts=replace(customers[1], facts={}, rows={}))
    asked = replace(cases[2], expect=replace(cases[2].expect, fired=(), not_fired=cases[2].expect.fired[:1]))
    assert asked.expect.not_fired
    found = retest.run(pack, [cases[0], other, asked, *cases[3:]])
    assert retest.decided == 3
    assert [one.case.name for one in found if not one.passed] == [other.name, asked.name]
