"""The session keeps durable-rules inside the envelope in which it is safe, and says so where a pack does not fit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from engine.compile import compile_pack
from engine.decision import Decision
from engine.model import All, AnyOf, Pack
from engine.session import Session
from engine.session.lowering import Lowering
from engine.session.matcher import (
    LARGEST,
    PATTERNS_PER_RULESET,
    PROPERTIES_PER_VIEW,
    VIEWS_PER_RULESET,
    Comparison,
    Matcher,
    Pattern,
    bits,
    render,
)
from engine.snapshot import CustomerFacts
from tests.engine.corner_case_files import CornerCase, read_case
from tests.engine.sample import sample_pack
from tests.generators import random_customers, random_pack
from tests.profiles import count


def case(**content: Any) -> CornerCase:
    """Return a pack and a customer, written as in the corner cases."""
    return read_case({"case": "in code", "decides": "in code", "expect": {}, **content})


def many_rules(number: int, **facts: int) -> CornerCase:
    """Return a pack of rules `r1`, `r2`, ... of one stratum, each reading a fact of its own: is it 1?"""
    numbers = range(1, number + 1)
    return case(
        catalogue={
            "enums": {"mark": {"members": [f"m{i}" for i in numbers]}},
            "facts": {f"x{i}": {"type": "integer"} for i in numbers},
        },
        pack={"rules": [{"rule": f"r{i}", "when": {f"x{i}": 1}, "add": {"marks": [f"m{i}"]}} for i in numbers]},
        facts=facts,
    )


def session_of(pack: Pack) -> Session:
    return Session(compile_pack(pack))


def fired(decision: Decision) -> list[str]:
    """Return what fired, `rule` or `rule/row`."""
    return [f"{one.rule}/{one.row}" if one.row else one.rule for one in decision.fired]


def pattern(place: int, *comparisons: Comparison) -> Pattern:
    return Pattern(place, comparisons)


def held(matcher: Matcher, group: int, known: dict[str, str]) -> list[int]:
    """Return the places of a group's patterns that hold."""
    found = [matcher.fire(view, view.patterns, known.__getitem__) for view in matcher.views[group]]
    return sorted(place for one in found for place in bits(one))


def is_one(property_: str) -> Comparison:
    return Comparison(property_, "$eq", 1)


# --- what reaches the library ---


def rich_packs() -> Iterator[Pack]:
    """Yield packs with every shape of the language."""
    yield sample_pack()
    yield from (random_pack(Random(seed)) for seed in range(count(quick=10, ci=50, long=500)))


def foreign_tests(definition: dict[str, Any]) -> list[object]:
    """Return what a ruleset asks of durable-rules beyond: view = number, and comparisons with whole numbers."""
    found: list[object] = []
    for rule in definition.values():
        match rule:
            case {"all": [{"m": {"$and": [{"view": int()}, *tests], **more_tests}, **more_patterns}], **settings}:
                found += [test for test in tests if not is_comparison(test)]
                found += [more for more in (more_tests, more_patterns, settings) if more]
            case {"all": [{"m": {"view": int(), **more_tests}, **more_patterns}], **settings}:
                found += [more for more in (more_tests, more_patterns, settings) if more]
            case _:
                found.append(rule)
    return found


def is_comparison(test: dict[str, Any]) -> bool:
    ((name, right),) = test.items()
    if name in ("$neq", "$gte", "$lt"):
        ((name, right),) = right.items()
    return name not in ("id", "sid", "view") and name.isascii() and name.isalnum() and type(right) is int


def test_only_comparisons_with_whole_numbers_reach_durable_rules() -> None:
    """Whatever rules say, the library sees one pattern per rule: =, ≠, ≥ and < a number, and nothing else."""
    for pack in rich_packs():
        program = compile_pack(pack)
        lowering = Lowering(program)
        for stratum in program.strata:
            list(lowering.steps(stratum.rules))
        for definition in Matcher(lowering.groups).definitions:
            assert foreign_tests(definition) == []


@pytest.mark.parametrize(
    "test",
    [
        {"$or": [{"x": 1}, {"y": 1}]},
        {"$nex": {"x": 1}},
        {"x": "1"},
        {"x": 1.5},
        {"x": True},
        {"x": {"$add": {"$l": {"$m": "y"}, "$r": 1}}},
        {"sid": 1},
        {"$s": 1},
    ],
)
def test_the_check_of_what_reaches_durable_rules_finds_what_must_not(test: dict[str, Any]) -> None:
    """The test above can fail: each construct outside the envelope is found by it."""
    assert foreign_tests({"r": {"all": [{"m": {"$and": [{"view": 1}, test]}}]}}) == [test]


# --- limits ---


@pytest.mark.parametrize("constant", [LARGEST, -LARGEST])
def test_a_constant_beyond_the_library_is_refused(constant: int) -> None:
    """durable-rules silently cuts integers of more than 63 bits, so a constant of 2**62 does not get there."""
    with pytest.raises(ValueError, match=r"is too large for durable-rules, which counts to 2\*\*62"):
        Matcher([[pattern(0, Comparison("f0", "$gte", constant))]])


def test_the_largest_constant_is_compared_exactly() -> None:
    """One less than the limit still tells neighbours apart."""
    matcher = Matcher([[pattern(0, Comparison("f0", "$gte", LARGEST - 1))]])
    assert held(matcher, 0, {"f0": render("f0", LARGEST - 1)}) == [0]
    assert held(matcher, 0, {"f0": render("f0", LARGEST - 2)}) == []


@pytest.mark.parametrize("beyond", [LARGEST, 10 * LARGEST])
def test_a_value_beyond_the_library_is_compared_as_what_it_is(beyond: int) -> None:
    """durable-rules would cut a fact of 2**63; it is larger than every constant, smaller when negative."""
    tests = [("$eq", LARGEST - 1), ("$gte", LARGEST - 1), ("$lt", 1 - LARGEST)]
    matcher = Matcher([[pattern(place, Comparison("f0", *test)) for place, test in enumerate(tests)]])
    assert held(matcher, 0, {"f0": render("f0", beyond)}) == [1]
    assert held(matcher, 0, {"f0": render("f0", -beyond)}) == [2]
    assert held(matcher, 0, {"f0": render("f0", LARGEST - 1)}) == [0, 1]


@pytest.mark.parametrize("number", [1, 40, 41, 201, 300])
def test_many_rules_in_one_stratum_all_fire(number: int) -> None:
    """Rules beyond what one fact of the library can match, or hold, are spread over several."""
    found = many_rules(number, **{f"x{i}": i % 2 for i in range(1, number + 1)})
    decision = session_of(found.pack).decide(found.customer)
    assert fired(decision) == sorted(f"r{i}" for i in range(1, number + 1, 2))


def test_rules_that_read_more_than_one_fact_holds_are_spread() -> None:
    """Four rules of 60 facts each read 240 properties; they come in two views, and each fires by its own alone."""
    patterns = [pattern(i, *(is_one(f"f{i}x{j}") for j in range(60))) for i in range(4)]
    matcher = Matcher([patterns])
    known = {test.property: render(test.property, 1) for one in patterns for test in one.comparisons}
    assert held(matcher, 0, known) == [0, 1, 2, 3]
    assert held(matcher, 0, known | {"f3x59": render("f3x59", 0), "f1x0": ""}) == [0, 2]


def test_a_pattern_that_no_fact_of_the_library_holds_is_refused() -> None:
    """The lowering makes none of so many properties; a silent misfire would be worse than a fault."""
    with pytest.raises(ValueError, match="a pattern reads 201 properties, of which a fact holds 200"):
        Matcher([[pattern(0, *(is_one(f"f{i}") for i in range(PROPERTIES_PER_VIEW + 1)))]])


@pytest.mark.parametrize("number", [PROPERTIES_PER_VIEW, PROPERTIES_PER_VIEW + 1, 2 * PROPERTIES_PER_VIEW + 50])
def test_a_rule_tests_as_many_facts_as_its_author_likes(number: int) -> None:
    """More facts than one of the library holds are tested in portions: true, false and unknown are what they were."""
    asked = {f"x{i}": 1 for i in range(number)}
    found = case(
        catalogue={"facts": {name: {"type": "integer"} for name in asked}},
        conditions={"all-of-them": asked, "not-all": {"not": asked}},
        facts=asked,
    )
    session = session_of(found.pack)
    without_last = {name: value for name, value in asked.items() if name != f"x{number - 1}"}
    for facts, expected in [(asked, ["all-of-them"]), ({**asked, "x0": 2}, ["not-all"]), (without_last, [])]:
        assert fired(session.decide(replace(found.customer, facts=facts))) == expected


@pytest.mark.parametrize(
    ("groups", "size"), [(VIEWS_PER_RULESET + 1, 1), (PATTERNS_PER_RULESET // 40, 40), (VIEWS_PER_RULESET, 1)]
)
def test_a_pack_as_large_as_its_authors_like_is_matched(groups: int, size: int) -> None:
    """What one ruleset of the library cannot hold goes into a second; first and last fire by their own."""
    matcher = Matcher([[pattern(i * size + j, is_one(f"f{i}")) for j in range(size)] for i in range(groups)])
    assert len(matcher.definitions) == (1 if groups == VIEWS_PER_RULESET else 2)
    for group in (0, groups - 1):
        places = list(range(group * size, group * size + size))
        assert held(matcher, group, {f"f{group}": render(f"f{group}", 1)}) == places
        assert held(matcher, group, {f"f{group}": render(f"f{group}", 0)}) == []


def test_names_that_the_library_confuses_are_refused() -> None:
    """Two properties with one 32-bit hash would be one property to durable-rules, in whichever views they stand."""
    with pytest.raises(ValueError, match="cannot tell the properties `iedonjxk` and `djxyhaio` apart"):
        Matcher([[pattern(0, is_one("iedonjxk"))], [pattern(1, is_one("djxyhaio"))]])


@pytest.mark.parametrize("name", ["id", "sid", "view", "$s", "a.b", ""])
def test_names_with_a_meaning_in_the_library_are_refused(name: str) -> None:
    """The session names properties itself; none of its names means anything to durable-rules."""
    with pytest.raises(ValueError, match="cannot be a property"):
        Matcher([[pattern(0, is_one(name))]])


# --- conditions ---


NESTED = {
    "all": [
        {"p": True},
        {"any": [{"q": True}, {"all": [{"r": False}, {"any": [{"s": True}, {"q": False}, {"p": False}]}]}]},
        {"not": {"any": [{"r": True, "s": True}, {"any": [{"q": False, "s": False}]}]}},
    ]
}


def nested(p: float, q: float, r: float, s: float) -> float:
    """Evaluate NESTED in Kleene's logic, with unknown as one half."""
    return min(
        p,
        max(q, min(1 - r, max(s, 1 - q, 1 - p))),
        1 - max(min(r, s), min(1 - q, 1 - s)),
    )


def test_nested_alternatives_follow_kleene_in_both_polarities() -> None:
    """`any` in `any` in `all`, and its negation, fire for all 81 customers as Kleene's logic says."""
    found = case(
        catalogue={"facts": {name: {"type": "flag"} for name in "pqrs"}},
        conditions={"yes": NESTED, "no": {"not": NESTED}},
    )
    session = session_of(found.pack)
    for truths in product((0, 0.5, 1), repeat=4):
        facts = {name: truth == 1 for name, truth in zip("pqrs", truths, strict=True) if truth != 0.5}
        truth = nested(*truths)
        expected = ["yes"] if truth == 1 else ["no"] if truth == 0 else []
        assert fired(session.decide(replace(found.customer, facts=facts))) == expected, facts


def test_of_what_can_never_hold_no_one_of_several_holds() -> None:
    """Each of two alternatives has an empty `any` in it, so there is nothing to ask durable-rules about them."""
    flags = {"facts": {"p": {"type": "flag"}, "q": {"type": "flag"}}}
    found = case(catalogue=flags, conditions={"p": {"p": True}, "q": {"q": True}}, facts={"p": True, "q": True})
    p, q = found.pack.rules
    nothing = AnyOf((), p.at)
    either = AnyOf((All((p.when, nothing), p.at), All((q.when, nothing), q.at)), p.at)
    never = replace(p, when=All((p.when, either), p.at))
    assert fired(session_of(replace(found.pack, rules=(never, q))).decide(found.customer)) == ["q"]


@pytest.mark.parametrize(("facts", "expected"), [({}, []), ({"days": 4}, ["other"]), ({"days": 5}, [])])
def test_a_missing_fact_is_not_different_from_a_constant(facts: dict[str, int], expected: list[str]) -> None:
    """`is_not` is unknown where the fact is missing."""
    found = case(conditions={"other": {"days": {"is_not": 5}}}, facts=facts)
    assert fired(session_of(found.pack).decide(found.customer)) == expected


DEAR = {
    "cost": {"more_than": 10},
    "customer.active": True,
    "any": [{"resolved": False}, {"severity": "high"}],
}


def test_rows_do_not_see_each_other() -> None:
    """A row-scoped rule reads its own row and the customer; what one row lacks does not come from another."""
    found = case(
        pack={
            "rules": [
                {"rule": "dear", "each": "complaints", "when": DEAR, "set": {"class": "a"}},
                {"rule": "then", "each": "complaints", "when": {"class": "a"}, "set": {"weight": 1}},
            ]
        },
        facts={"active": True},
        rows={
            "complaints": [
                {"cost": "20", "resolved": False},
                {"cost": "20"},
                {"resolved": False},
                {"cost": "20", "resolved": True, "severity": "high"},
            ]
        },
    )
    decision = session_of(found.pack).decide(found.customer)
    assert fired(decision) == ["dear/1", "dear/4", "then/1", "then/4"]


# --- one session, many decisions ---


class Interrupted(BaseException):
    """What a test raises in the middle of a decision."""


@pytest.mark.parametrize("call", ["assert_fact", "start_action_for_state", "complete_and_start_action", "retract_fact"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_interrupted_decision_leaves_the_session_usable(call: str, nth: int) -> None:
    """Stopped right after any call into the library, the session decides the next customers as before."""
    found = many_rules(100, **{f"x{i}": 1 for i in range(1, 101)})
    nobody = replace(found.customer, facts={})
    session = session_of(found.pack)
    for without in range(5):  # each another one, as the session asks the library nothing twice
        customer = replace(found.customer, facts={f"x{i}": 1 for i in range(1 + without, 101) if i % 7 != without})
        expected = session_of(found.pack).decide(customer)
        with pytest.raises(Interrupted):
            decide_until(session, customer, call, nth)
        assert (session.decide(customer), fired(session.decide(nobody))) == (expected, [])


def test_an_answer_is_about_what_was_asked_alone() -> None:
    """What else holds is not kept: a customer who asks the same is not told that it holds there as well."""
    found = case(
        catalogue={"facts": {name: {"type": "flag"} for name in "abq"}},
        conditions={
            "often": {"a": True, "any": [{"days": {"at_least": 3}}, {"q": True}]},
            "seldom": {"b": True, "any": [{"days": {"at_least": 5}}, {"q": True}]},
        },
    )
    session = session_of(found.pack)
    for facts in ({"b": False, "days": 6}, {"b": True, "days": 4}):  # of both, only three days are asked about
        decision = session.decide(replace(found.customer, facts={"a": True, "q": False, **facts}))
        assert fired(decision) == ["often"]


def test_what_holds_is_asked_once_and_told_apart_by_what_it_depends_on() -> None:
    """Decided again after all others, each customer is decided as by a session that has decided nobody else."""
    for seed in range(count(quick=5, ci=30, long=300)):
        random = Random(seed)
        pack = random_pack(random)
        customers = random_customers(random, pack, 30)
        session = session_of(pack)
        together = [session.decide(customer) for customer in customers + customers]
        assert together == [session_of(pack).decide(customer) for customer in customers] * 2


def decide_until(session: Session, customer: CustomerFacts, call: str, nth: int) -> None:
    """Decide, and raise when a function of the library has returned for the nth time."""
    seen = 0

    def watch(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal seen
        if event == "c_return" and function.__name__ == call:
            seen += 1
            if seen == nth:
                sys.setprofile(None)
                raise Interrupted

    sys.setprofile(watch)
    try:
        session.decide(customer)
    finally:
        sys.setprofile(None)


def test_memory_stays_flat_over_many_customers() -> None:
    """More customers than the library has places for are decided one after another, without growing."""
    with get_context("spawn").Pool(1) as alone:  # what other tests have left behind would be given back meanwhile
        assert alone.apply(bytes_grown, (count(quick=3_000, ci=20_000, long=200_000),)) < 5_000_000


def bytes_grown(customers: int) -> int:
    """Decide so many customers, and return by how much the process has grown after the first thousand."""
    session, customer = session_of(sample_pack()), CustomerFacts("C0", case().customer.as_of, {}, {}, {})
    before = 0
    for number in range(customers):
        if number == 1_000:
            before = resident_bytes()
        session.decide(replace(customer, customer=f"C{number}"))
    return resident_bytes() - before


def test_a_session_that_is_done_gives_its_memory_back() -> None:
    """A server may load rules as often as they are edited: a kept state of these rules costs some 0.25 MB."""
    with get_context("spawn").Pool(1) as alone:
        assert alone.apply(bytes_kept, (60,)) < 5_000_000


def bytes_kept(sessions: int) -> int:
    """Make so many sessions one after another, and return by how much the process has grown after the first ten."""
    pack, before = sample_pack(), 0
    for number in range(sessions):
        if number == 10:
            before = resident_bytes()
        session_of(pack)
    return resident_bytes() - before


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def test_sessions_of_different_packs_live_side_by_side() -> None:
    """Two packs in one process decide in turn, each by its own rules."""
    found = case(facts={"days": 5})

    def session(name: str, least: int) -> Session:
        return session_of(case(conditions={name: {"days": {"at_least": least}}}).pack)

    sessions: Sequence[Session] = [session("five", 5), session("six", 6), session("four", 4)]
    decided = [fired(one.decide(found.customer)) for _ in range(3) for one in sessions]
    assert decided == [["five"], [], ["four"]] * 3
