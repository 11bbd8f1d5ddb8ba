"""Sensible decisions on real data: a wholesaler's invoices, a distributor's orders, a sales pipeline."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from engine import derivation
from engine.decision import Decision
from engine.derivation import Deriver, Node
from engine.path import find_paths
from engine.program import AtLeast, Cond, CountAtLeast, Leaf, Lit, OneOf, Program, SumAtLeast, decode
from engine.session import Session
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey, Type, Value
from facts.imports import import_files
from facts.store import Store
from tests.lacking import followed
from tests.profiles import count
from wiring import Desk, shipped_rules

Choice = tuple[str | None, str | None]
"""A stage and the value to convey next."""


@dataclass(frozen=True)
class Source:
    """A data set: its mapping, its place under the data folder, and the day to decide on."""

    mapping: str
    place: str
    as_of: date
    currency: str
    unrecorded: frozenset[str]


RETAIL = Source(
    "online-retail",
    "online_retail_2009_2010/online_retail_II.parquet",
    date(2010, 12, 9),
    "GBP",
    frozenset({"complaints", "needs", "communications", "contacts", "disputes", "competitor_signals"}),
)
NORTHWIND = Source("northwind", "northwind", date(1998, 5, 6), "USD", frozenset({"complaints", "needs", "disputes"}))
MAVEN = Source("maven-crm", "maven_crm", date(2017, 12, 31), "USD", frozenset({"complaints", "needs", "disputes"}))


@pytest.fixture(scope="module", params=[RETAIL, NORTHWIND, MAVEN], ids=lambda source: source.mapping)
def source(request: pytest.FixtureRequest) -> Source:
    """Return each data set in turn."""
    found: Source = request.param
    return found


@pytest.fixture(scope="module")
def desk(source: Source, test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a desk over a store into which the data set has been imported."""
    path = tmp_path_factory.mktemp(source.mapping) / "store.db"
    store = Store.create(str(path), base_currency=source.currency)
    import_files(store, source.mapping, [test_data / source.place], user="tester")
    yield Desk(store, shipped_rules(), source.as_of)
    store.close()


@pytest.fixture(scope="module")
def choices(desk: Desk) -> dict[str, Choice]:
    """Return what the plan decides for every customer."""
    rows = desk.overview().to_pylist()
    return {row["customer"]: (row["stage"], row["value_next"]) for row in rows}


def test_every_customer_has_a_stage_and_a_value(choices: dict[str, Choice]) -> None:
    """Nobody is left without a decision."""
    assert [key for key, (stage, value) in choices.items() if stage is None or value is None] == []


def test_decisions_differ(source: Source, choices: dict[str, Choice]) -> None:
    """Advice follows the customer: several stages occur, and no one advice suits more than half of the customers."""
    assert len(choices) == {"online-retail": 4383, "northwind": 91, "maven-crm": 85}[source.mapping]
    assert max(Counter(choices.values()).values()) <= len(choices) / 2
    if source is not MAVEN:  # its accounts all have deals won
        assert len({stage for stage, _ in choices.values()}) >= 4


def test_nothing_is_claimed_about_what_nobody_recorded(desk: Desk, source: Source, choices: dict[str, Choice]) -> None:
    """What the data set does not cover is missing, and no fired rule rests on it."""
    for key in _sample(choices, 25):
        found = desk.decide(key)
        facts, decision = found.facts, found.decision
        assert not source.unrecorded & set(facts.recorded)
        claimed = [
            name
            for fired in decision.fired
            for name, value in fired.because
            if value is not None and name.split(".")[0] in ("perception", "judgement", "cooperation_acceptance")
        ]
        assert claimed == []


def test_session_and_plan_agree(desk: Desk, choices: dict[str, Choice]) -> None:
    """What the session decides for a customer is what the plan decides for all."""
    for key in _sample(choices, 50):
        decision = desk.decide(key).decision
        assert (decision.values.get("stage"), decision.values.get("value_next")) == choices[key]


def test_a_reason_is_a_reason(desk: Desk, choices: dict[str, Choice]) -> None:
    """For each of 50 customers, some fact that the reasons name changes the decision when it crosses its threshold."""
    session = Session(desk.rules.program)
    for key in _sample(choices, 50):
        found = desk.decide(key)
        facts, decision = found.facts, found.decision
        assert any(
            _decided(session.decide(moved)) != _decided(decision)
            for moved in _moved(desk.rules.program, facts, decision)
        ), f"no reason given to {key} is one"


def test_explanations_hold(desk: Desk, source: Source, choices: dict[str, Choice]) -> None:
    """A derivation leads down to what is recorded, what is missing for a stage leads there, and every way is tried."""
    if source is not RETAIL:
        pytest.skip("one data set is enough")
    pack, plan = desk.rules.pack, desk.rules.plan
    found, derivers = 0, []
    for key in _sample(choices, count(quick=2, ci=3, long=500)):
        decided = desk.decide(key)
        deriver = Deriver(pack, plan, decided.facts, decided.decision)
        derivers.append(deriver)
        for fact in (pack.ladder.proposed, FactKey(None, pack.shows["value"])):
            assert _ends_in_records(deriver.fact(fact))
        stage = decided.decision.values[pack.ladder.stage.name]
        for gate in pack.gates:
            if stage in gate.from_stages:
                ways = find_paths(deriver, desk.executors, pack.ladder.proposed, gate.to, most=1)
                assert ways.in_time
                found += len(ways.paths)
    assert found
    assert sum(followed(derivers, pack.vocabulary.enums["stage"].members))


def _ends_in_records(node: Node) -> bool:
    """Whether every conclusion below a node is derived further, or said to come from nowhere."""
    if node.kind is derivation.Kind.FACT and node.source is derivation.Source.RULES and not node.because:
        return False
    return all(_ends_in_records(one) for one in node.because)


def _sample(choices: dict[str, Choice], size: int) -> list[str]:
    keys = sorted(choices)
    return random.Random(20101209).sample(keys, min(size, len(keys)))


def _decided(decision: Decision) -> tuple[Value | None, ...]:
    return decision.values.get("stage"), decision.values.get("proposed_stage"), decision.values.get("value_next")


def _moved(program: Program, facts: CustomerFacts, decision: Decision) -> Iterator[CustomerFacts]:
    """Yield the facts with one reason of the decision moved across its threshold."""
    fired = {one.rule for one in decision.fired}
    for rule in program.rules:
        if rule.id in fired:
            for leaf in _leaves(program, rule.when):
                if isinstance(leaf, AtLeast | OneOf) and leaf.fact.name in facts.facts:
                    fact = program.fact(leaf.fact)
                    for code in _across(leaf):
                        if fact.type in (Type.INTEGER, Type.NUMBER):
                            value = decode(program.vocabulary, fact, code)
                            yield replace(facts, facts={**facts.facts, fact.name: value})


def _across(leaf: AtLeast | OneOf) -> tuple[int, ...]:
    """Return the nearest codes on either side of a test."""
    if isinstance(leaf, AtLeast):
        return (leaf.code, leaf.code - 1)
    return tuple(code + 1 for code in leaf.codes if isinstance(code, int))


def _leaves(program: Program, cond: Cond) -> Iterator[Leaf]:
    if isinstance(cond, Lit):
        leaf = program.leaves[cond.leaf]
        yield leaf
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            yield from _leaves(program, leaf.where)
    else:
        for item in cond.items:
            yield from _leaves(program, item)
