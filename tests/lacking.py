"""What `why-not` says is missing, made true: whether the conclusion then holds, or what stands before it is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from engine.derivation import Deriver
from engine.model import Constant, Op, Test
from engine.nearest import why_not
from engine.plan import Plan
from engine.snapshot import CustomerFacts
from engine.vocabulary import Type, Value
from engine.ways import Way
from tests.oracle.conditions import holds


def followed(derivers: Sequence[Deriver], stages: Iterable[str]) -> tuple[int, int]:
    """Make true what the nearest gate to each stage lacks; return how often it is proposed then, and how often not.

    Where it is not, it is asserted that what comes first is named.
    """
    tried: list[tuple[Deriver, Way, CustomerFacts]] = []
    wanted = list(stages)
    for deriver in derivers:
        for stage in wanted:
            for way in why_not(deriver, deriver.pack.ladder.proposed, stage).ways[:1]:
                changed = with_missing(deriver, way)
                if changed is not None:
                    tried.append((deriver, way, changed))
    decisions = Plan(derivers[0].program).decide_all([changed for _, _, changed in tried])
    reached = blocked = 0
    for (deriver, way, changed), decision in zip(tried, decisions, strict=True):
        proposed = deriver.pack.ladder.proposed
        if way.rule not in {one.rule for one in decision.fired}:  # the stage is assessed by the facts that changed
            assert deriver.pack.ladder.stage.name not in deriver.customer.facts
        elif decision.values[proposed.name] == way.value:
            reached += 1
        else:
            again = why_not(Deriver(deriver.pack, deriver.plan, changed, decision), proposed, way.value)
            assert [one.blockers for one in again.ways if one.rule == way.rule] != [()]
            blocked += 1
    return reached, blocked


def with_missing(deriver: Deriver, way: Way) -> CustomerFacts | None:
    """Return the customer with what is missing set as it is needed, or None where that is not a matter of facts."""
    facts = dict(deriver.customer.facts)
    for one in way.missing:
        test, stage = one.condition, deriver.pack.ladder.stage
        if not isinstance(test, Test) or not isinstance(test.operand, Constant) or test.op is Op.KNOWN:
            return None
        if test.fact in deriver.resolutions and test.fact != stage:
            return None
        passing = [value for value in values_for(deriver, test) if passes(deriver, test, value) is one.wanted]
        if not passing:
            return None
        facts[test.fact.name] = passing[0]
    return replace(deriver.customer, facts=facts) if way.rule else None


def values_for(deriver: Deriver, test: Test) -> list[Value]:
    """Return values of a test's fact among which there is one that passes it, if one can."""
    fact = deriver.program.fact(test.fact)
    if fact.enum:
        return list(deriver.pack.vocabulary.enum_of(fact).members)
    if fact.type is Type.FLAG:
        return [True, False]
    if fact.type is Type.DATE:
        return [deriver.customer.as_of]
    assert isinstance(test.operand, Constant)
    return [limit + step for limit in test.operand.values if isinstance(limit, int) for step in (0, 1, -1)]


def passes(deriver: Deriver, test: Test, value: Value) -> bool:
    """Return whether a value passes a test, as the oracle reads it."""
    assert isinstance(test.operand, Constant)
    if isinstance(value, date):
        return test.op is Op.DUE_WITHIN_DAYS
    operands = list(test.operand.values)
    fact = deriver.program.fact(test.fact)
    if fact.type is Type.LEVEL:
        height = deriver.pack.vocabulary.enum_of(fact).members.index
        return holds(test.op, height(str(value)), [height(str(operand)) for operand in operands])
    return holds(test.op, value, operands)
