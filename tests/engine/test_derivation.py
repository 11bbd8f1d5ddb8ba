"""Derivations name what a conclusion rests on: all of it, and nothing that it would not miss."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from engine.compile import compile_pack
from engine.decision import Decision
from engine.derivation import Deriver, Node, named, needed
from engine.model import Pack
from engine.plan import Plan
from engine.program import Program
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey
from tests.generators import random_customers, random_pack
from tests.profiles import count

SEEDS = range(count(quick=40, ci=40, long=5_000))


def derive(pack: Pack, customer: CustomerFacts) -> Deriver:
    """Decide and return what derives the conclusions."""
    program = compile_pack(pack)
    plan = Plan(program)
    return Deriver(pack, plan, customer, plan.decide(customer))


def concluded(program: Program) -> list[FactKey]:
    """Return the customer's facts that rules conclude."""
    return [resolution.fact for resolution in program.resolutions if resolution.fact.scope is None]


def mixed(customer: CustomerFacts, other: CustomerFacts, name: str, kept: frozenset[str]) -> CustomerFacts:
    """Return a customer of this name with these facts and collections kept, and all others taken from another one."""
    facts = {name: value for name, value in customer.facts.items() if name in kept}
    facts |= {name: value for name, value in other.facts.items() if name not in kept}
    rows = {name: (customer if name in kept else other).rows.get(name, ()) for name in {**customer.rows, **other.rows}}
    recorded = {name: since for name, since in customer.recorded.items() if name in kept}
    recorded |= {name: since for name, since in other.recorded.items() if name not in kept}
    return CustomerFacts(name, customer.as_of, facts, rows, recorded)


def conclusion(decision: Decision, key: FactKey) -> object:
    """Return what a customer's fact came to by rules, or in the end."""
    return decision.values.get(key.name)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_named_does_not_matter(seed: int) -> None:
    """Whatever a derivation does not name can be another customer's: the conclusion stays. The values agree."""
    rng = Random(seed)
    pack = random_pack(rng)
    program = compile_pack(pack)
    customers = random_customers(rng, pack, 6)
    for customer, other in pairwise(customers):
        deriver = derive(pack, customer)
        keys = concluded(program)
        changed = [mixed(customer, other, key.name, named(deriver.fact(key))) for key in keys]
        for key, decision in zip(keys, Plan(program).decide_all(changed), strict=True):
            assert conclusion(decision, key) == conclusion(deriver.decision, key), key
            assert deriver.fact(key).value == deriver.decision.values.get(key.name), key


@pytest.mark.parametrize("seed", SEEDS)
def test_without_what_a_rule_asks_it_does_not_fire(seed: int) -> None:
    """A fired rule whose condition needs a recorded fact does not fire once that is no longer known."""
    rng = Random(seed)
    pack = random_pack(rng)
    program = compile_pack(pack)
    resolved = {str(key) for key in concluded(program)}
    for customer in random_customers(rng, pack, 4):
        deriver = derive(pack, customer)
        asked = [(one.rule, name) for one in deriver.decision.fired for name in needed(deriver.rule(one.rule, one.row))]
        asked = [(rule, name) for rule, name in asked if name not in resolved and name in customer.facts]
        changed = [
            replace(
                customer, customer=str(place), facts={own: customer.facts[own] for own in customer.facts if own != name}
            )
            for place, (_, name) in enumerate(asked)
        ]
        for (rule, name), decision in zip(asked, Plan(program).decide_all(changed), strict=True):
            assert rule not in {one.rule for one in decision.fired}, name


def walk(node: Node) -> list[Node]:
    """Return a node and all nodes below it, each once."""
    found = {id(node): node}
    waiting = [node]
    while waiting:
        for below in (one := waiting.pop()).because + one.against:
            if id(below) not in found:
                found[id(below)] = below
                waiting.append(below)
    return list(found.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truths_are_those_of_the_decision(seed: int) -> None:
    """Rules that fired have only true parts, rules that did not have one that is false or unknown."""
    rng = Random(seed)
    pack = random_pack(rng)
    program = compile_pack(pack)
    for customer in random_customers(rng, pack, 4):
        deriver = derive(pack, customer)
        for rule in program.rules:
            for row in deriver.spots(rule.id) if rule.is_valid(customer.as_of) else ():
                node = deriver.rule(rule.id, row)
                assert node.truth is all(part.truth is True for part in node.because), (rule.id, row)
