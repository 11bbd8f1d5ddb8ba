"""Faults put into a pack by program, each of a kind that proofs must find. It knows nothing of how they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from random import Random

from engine.compile import compile_pack
from engine.errors import ProblemsError
from engine.model import (
    AddTo,
    Advise,
    All,
    Condition,
    Constant,
    Criterion,
    Gate,
    Invariant,
    Move,
    Op,
    Pack,
    Rule,
    SetFact,
    Test,
)
from engine.vocabulary import FactKey, Text, Type, Value

TITLE = Text("A fault", "故障")


@dataclass(frozen=True, slots=True)
class Fault:
    """A pack with one fault of a kind (a word of `rules prove --only`), and what it is about."""

    kind: str
    about: str
    pack: Pack


def faults(pack: Pack, each: int, rng: Random) -> Iterator[Fault]:
    """Yield up to so many faults of each operator, whose packs can be loaded: one that makes a cycle is no pack."""
    for operator in OPERATORS:
        found = list(operator(pack))
        yield from islice(filter(_compiles, rng.sample(found, len(found))), each)


# --- rules ---


def _contradicting(pack: Pack) -> Iterator[Fault]:
    """A second rule of the same condition and priority gives another value."""
    for rule, concluded in _setting(pack):
        twin = replace(rule, id=f"{rule.id}-twin", conclusions=(SetFact(concluded.fact, _other(pack, concluded)),))
        yield Fault("conflict", str(concluded.fact), _with_rule(pack, twin))


def _never_firing(pack: Pack) -> Iterator[Fault]:
    """A rule gets conditions that no customer meets together."""
    impossible = [
        (_test(pack, "stage", Op.IS, "new"), _test(pack, "stage", Op.IS, "core")),
        (_test(pack, "days_in_stage", Op.AT_LEAST, 100), _test(pack, "days_in_stage", Op.LESS_THAN, 50)),
        (_test(pack, "orders_90d", Op.AT_LEAST, 5), _test(pack, "orders_365d", Op.LESS_THAN, 3)),
        (_test(pack, "assessed_stage", Op.IS, "strategic"),),
    ]
    for place, rule in enumerate(rule for rule in pack.rules if rule.each is None):
        yield Fault("dead", rule.id, _changed(pack, rule, when=_all(rule.when, *impossible[place % len(impossible)])))


def _never_winning(pack: Pack) -> Iterator[Fault]:
    """A rule of lower priority fires only where a higher one has fired as well."""
    for rule, concluded in _setting(pack):
        late = replace(
            rule,
            id=f"{rule.id}-late",
            when=_all(rule.when, _test(pack, "days_in_stage", Op.AT_LEAST, 7)) if rule.each is None else rule.when,
            conclusions=(SetFact(concluded.fact, _other(pack, concluded)),),
            priority=rule.priority - 1,
        )
        yield Fault("outprioritised", late.id, _with_rule(pack, late))


def _superfluous(pack: Pack) -> Iterator[Fault]:
    """A rule adds to a set what a wider one adds already."""
    for rule in pack.rules:
        if rule.each is None and rule.conclusions and all(isinstance(one, AddTo) for one in rule.conclusions):
            narrow = replace(rule, id=f"{rule.id}-narrow", when=_all(rule.when, _test(pack, "move", Op.IS, "stay")))
            yield Fault("redundant-rule", narrow.id, _with_rule(pack, narrow))


def _implied(pack: Pack) -> Iterator[Fault]:
    """A condition is followed by a weaker one."""
    for rule in pack.rules:
        for test in _conjuncts(rule.when):
            if test.op is Op.AT_LEAST and isinstance(test.operand, Constant) and _is_number(test.operand.value):
                weaker = replace(test, operand=Constant((_less(test.operand.value),)))
                yield Fault("redundant-condition", rule.id, _changed(pack, rule, when=_all(rule.when, weaker)))


# --- the ladder ---


def _out_of_reach(pack: Pack) -> Iterator[Fault]:
    """No gate to a stage opens any more."""
    for stage in pack.vocabulary.enums["stage"].members[1:]:
        gates = tuple(_shut(pack, gate) if gate.to == stage else gate for gate in pack.gates)
        yield Fault("reachable", stage, replace(pack, gates=gates))


def _leading_back(pack: Pack) -> Iterator[Fault]:
    """A gate leads back on the grounds that led up, or on some of them."""
    for gate in pack.gates:
        if gate.move is not Move.UP:
            continue
        lasting = tuple(one for one in gate.criteria if one.required and one.id != "long-enough")
        for criteria in (lasting, lasting[::2], lasting[1::2]):
            back = replace(
                gate,
                id=f"{gate.id}-back",
                from_stages=(gate.to,),
                to=gate.from_stages[0],
                move=Move.DOWN,
                precedence=75,
                criteria=criteria,
            )
            yield Fault("circle", gate.to, replace(pack, gates=(*pack.gates, back)))


def _unsaid(pack: Pack) -> Iterator[Fault]:
    """What every customer needs has neither default nor fallback."""
    for name in ("move", "proposed_stage", "stage"):
        key = FactKey(None, name)
        fact = replace(pack.vocabulary.facts[key], default=None, falls_back_to=None)
        vocabulary = replace(pack.vocabulary, facts={**pack.vocabulary.facts, key: fact})
        yield Fault("gap", name, replace(pack, vocabulary=vocabulary))


# --- claims ---


def _forbidden_advice(pack: Pack) -> Iterator[Fault]:
    """A rule advises what an invariant forbids, where it forbids it."""
    for invariant in pack.invariants:
        advice = [test for test in _conjuncts(invariant.condition) if test.fact.name == "advised"]
        if invariant.never and len(advice) == 1 and advice[0].op in (Op.HAS, Op.HAS_ANY):
            where = _without(invariant, advice[0])
            for action in _words(advice[0])[:2]:
                yield Fault("invariant", invariant.id, _with_rule(pack, _rule(pack, where, (Advise(action),))))


def _missing_rail(pack: Pack) -> Iterator[Fault]:
    """A stage's guard rails are gone."""
    for invariant in pack.invariants:
        if not invariant.id.startswith("rails-stand-"):
            continue
        stage = invariant.id.removeprefix("rails-stand-")
        rules = tuple(rule for rule in pack.rules if rule.id not in (f"rails-{stage}", "rail-conflict"))
        yield Fault("invariant", invariant.id, replace(pack, rules=rules))


def _turned_round(pack: Pack) -> Iterator[Fault]:
    """A gate punishes what must not harm, or rewards what must not help."""
    for claim in pack.monotonicity:
        if claim.outcome != pack.ladder.proposed:
            continue
        start, end, move = ("established", "core", Move.UP) if claim.raises else ("core", "established", Move.DOWN)
        for fact in claim.more:
            enum = pack.vocabulary.facts[fact].enum
            most: Value = pack.vocabulary.enums[enum].members[-1] if enum else 1000
            criterion = Criterion("turned", TITLE, Test(fact, Op.AT_LEAST, Constant((most,)), claim.at), claim.at)
            gate = Gate("turned", TITLE, TITLE, (start,), end, move, 85, (criterion,), claim.at)
            yield Fault("monotone", claim.id, replace(pack, gates=(*pack.gates, gate)))


OPERATORS: tuple[Callable[[Pack], Iterator[Fault]], ...] = (
    _contradicting,
    _never_firing,
    _never_winning,
    _superfluous,
    _implied,
    _out_of_reach,
    _leading_back,
    _unsaid,
    _forbidden_advice,
    _missing_rail,
    _turned_round,
)


# --- small pieces ---


def _compiles(fault: Fault) -> bool:
    try:
        compile_pack(fault.pack)
    except ProblemsError:
        return False
    return True


def _setting(pack: Pack) -> Iterator[tuple[Rule, SetFact]]:
    """Yield rules that give one fact a value, and for which there is another one."""
    for rule in pack.rules:
        if len(rule.conclusions) == 1 and isinstance(rule.conclusions[0], SetFact):
            yield rule, rule.conclusions[0]


def _other(pack: Pack, concluded: SetFact) -> Value:
    fact = pack.vocabulary.facts[concluded.fact]
    if fact.type is Type.FLAG:
        return not concluded.value
    if fact.enum:
        return next(member for member in pack.vocabulary.enum_of(fact).members if member != concluded.value)
    assert isinstance(concluded.value, int | Decimal)
    return concluded.value + 1


def _test(pack: Pack, fact: str, op: Op, value: Value) -> Test:
    return Test(FactKey(None, fact), op, Constant((value,)), pack.at)


def _all(*conditions: Condition) -> All:
    """Return a conjunction on one level, so that each of its parts could be left out."""
    items = [item for one in conditions for item in (one.items if isinstance(one, All) else (one,))]
    return All(tuple(items), conditions[0].at)


def _conjuncts(condition: Condition) -> Iterator[Test]:
    for item in condition.items if isinstance(condition, All) else (condition,):
        if isinstance(item, Test):
            yield item


def _without(invariant: Invariant, test: Test) -> Condition:
    condition = invariant.condition
    assert isinstance(condition, All)
    return All(tuple(item for item in condition.items if item is not test), condition.at)


def _words(test: Test) -> list[str]:
    assert isinstance(test.operand, Constant)
    return [str(value) for value in test.operand.values]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value > 1


def _less(value: Value) -> Value:
    assert isinstance(value, int | Decimal)
    return value - 1


def _rule(pack: Pack, when: Condition, conclusions: tuple[Advise, ...]) -> Rule:
    return Rule("fault", TITLE, TITLE, when, conclusions, pack.at)


def _with_rule(pack: Pack, rule: Rule) -> Pack:
    return replace(pack, rules=(*pack.rules, rule))


def _changed(pack: Pack, rule: Rule, when: Condition) -> Pack:
    return replace(pack, rules=tuple(replace(one, when=when) if one is rule else one for one in pack.rules))


def _shut(pack: Pack, gate: Gate) -> Gate:
    never = (_test(pack, "days_in_stage", Op.AT_LEAST, 100), _test(pack, "days_in_stage", Op.LESS_THAN, 50))
    return replace(gate, criteria=(*gate.criteria, Criterion("never", TITLE, All(never, gate.at), gate.at)))
