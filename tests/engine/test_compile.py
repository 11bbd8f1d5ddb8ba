"""The compiler: few leaf tests, each once; strata in which a fact is complete before it is read; a stable digest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.compile import compile_pack
from engine.compile.strata import LONGEST
from engine.errors import ProblemsError
from engine.load import pack_from_texts
from engine.program import (
    And,
    AtLeast,
    AtLeastFacts,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    Known,
    Lit,
    Member,
    OneOf,
    Program,
    SumAtLeast,
)
from tests.engine.corner_case_files import CornerCase, read_case
from tests.engine.executors import plan, session
from tests.engine.sample import sample_pack, sample_texts

ROOT = Path(__file__).parents[2]


def compiled(**content: Any) -> Program:
    """Compile a pack that is written as in the corner cases."""
    return compile_pack(read_case({"case": "in code", "decides": "in code", "expect": {}, **content}).pack)


# --- normal form ---


def written(program: Program, cond: Cond) -> str:
    """Write a condition with codes, negation at its leaves alone."""
    if not isinstance(cond, Lit):
        word = " and " if isinstance(cond, And) else " or "
        return "(" + word.join(written(program, item) for item in cond.items) + ")"
    sign = "" if cond.positive else "not "
    match program.leaves[cond.leaf]:
        case OneOf(fact, codes):
            return f"{sign}{fact} in {list(codes)}"
        case AtLeast(fact, code):
            return f"{sign}{fact} >= {code}"
        case EqualFacts(left, left_times, right, right_times):
            return f"{sign}{left}*{left_times} == {right}*{right_times}"
        case AtLeastFacts(left, left_times, right, right_times):
            return f"{sign}{left}*{left_times} >= {right}*{right_times}"
        case InDays(fact, first, last):
            return f"{sign}{fact} in days {first}..{last}"
        case Known(fact):
            return f"{sign}{fact} known"
        case Member(fact, code):
            return f"{sign}{code} in {fact}"
        case CountAtLeast(collection, where, window, least):
            return f"{sign}count({collection}, {window}, {written(program, where)}) >= {least}"
        case SumAtLeast(collection, where, window, of, least):
            return f"{sign}sum({collection}, {window}, {of}, {written(program, where)}) >= {least}"


OPERATORS: list[tuple[Any, str]] = [
    ({"stage": "new"}, "stage in [1]"),
    ({"industry": ["metal", "food"]}, "industry in [0, 2]"),
    ({"industry": {"is_not": "food"}}, "not industry in [0]"),
    ({"industry": {"none_of": ["food", "metal"]}}, "not industry in [0, 2]"),
    ({"active": True}, "active in [1]"),
    ({"code": ["b", "a"]}, "code in ['a', 'b']"),
    ({"days": {"at_least": 5}}, "days >= 5"),
    ({"days": {"more_than": 5}}, "days >= 6"),
    ({"days": {"less_than": 5}}, "not days >= 5"),
    ({"days": {"at_most": 5}}, "not days >= 6"),
    ({"days": {"between": [2, 5]}}, "(days >= 2 and not days >= 6)"),
    ({"amount": {"more_than": 1}}, "amount >= 101"),
    ({"trust": {"at_most": "aware"}}, "not trust >= 2"),
    ({"seen_on": {"at_least": "1970-02-01"}}, "seen_on >= 31"),
    ({"seen_on": {"within_days": 30}}, "seen_on in days -30..0"),
    ({"ends_on": {"due_within_days": 30}}, "ends_on in days 0..30"),
    ({"days": {"known": True}}, "days known"),
    ({"days": {"known": False}}, "not days known"),
    ({"extras": {"has": "m1"}}, "0 in extras"),
    ({"extras": {"has_any": ["m1", "m2"]}}, "(0 in extras or 1 in extras)"),
    ({"extras": {"has_all": ["m1", "m2"]}}, "(0 in extras and 1 in extras)"),
    ({"extras": {"has_none": ["m1", "m2"]}}, "(not 0 in extras and not 1 in extras)"),
    ({"industry": {"is": {"fact": "home_industry"}}}, "industry*1 == home_industry*1"),
    ({"days": {"is_not": {"fact": "limit"}}}, "not days*1 == limit*1"),
    ({"days": {"at_least": {"fact": "limit"}}}, "days*1 >= limit*1"),
    ({"days": {"less_than": {"fact": "limit"}}}, "not days*1 >= limit*1"),
    ({"days": {"at_most": {"fact": "limit"}}}, "limit*1 >= days*1"),
    ({"days": {"more_than": {"fact": "limit"}}}, "not limit*1 >= days*1"),
    ({"days": {"at_least": {"fact": "amount", "times": 2}}}, "days*50 >= amount*1"),
    ({"amount": {"at_least": {"fact": "tenth"}}}, "amount*1 >= tenth*10"),
    ({"needs": {"any": {"tier": "core"}}}, "count(needs, 0, needs.tier in [0]) >= 1"),
    ({"needs": {"none": {"tier": "core"}}}, "not count(needs, 0, needs.tier in [0]) >= 1"),
    ({"needs": {"every": {"tier": "core"}}}, "not count(needs, 0, not needs.tier in [0]) >= 1"),
    ({"complaints": {"every": {"resolved": True}}}, "not count(complaints, None, not complaints.resolved in [1]) >= 1"),
    (
        {"complaints": {"any": {"raised_on": {"within_days": 9}}}},
        "count(complaints, 9, complaints.raised_on in days -9..0) >= 1",
    ),
    ({"needs": {"count": {"is": 2}}}, "(count(needs, 0, ()) >= 2 and not count(needs, 0, ()) >= 3)"),
    (
        {"complaints": {"sum": {"of": "cost", "less_than": 3}}},
        "not sum(complaints, None, complaints.cost, ()) >= 300",
    ),
    ({"not": {"days": {"between": [2, 5]}}}, "(not days >= 2 or days >= 6)"),
    ({"not": {"any": [{"active": True}, {"days": {"at_least": 5}}]}}, "(not active in [1] and not days >= 5)"),
    ({"not": {"all": [{"active": True}, {"not": {"stage": "new"}}]}}, "(not active in [1] or stage in [1])"),
    ({"not": {"extras": {"has_none": ["m1", "m2"]}}}, "(0 in extras or 1 in extras)"),
    ({}, "()"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), OPERATORS, ids=[expected for _, expected in OPERATORS])
def test_normal_form(condition: Any, expected: str) -> None:
    """Each operator becomes one of few leaf tests on codes, and `not` moves to the leaves."""
    program = compiled(conditions={"it": condition})
    (rule,) = program.rules
    assert written(program, rule.when) == expected


def test_each_distinct_test_stands_once() -> None:
    """Ways of saying the same, in rules and in rows, share their leaves."""
    program = compiled(
        conditions={
            "a": {"days": {"at_least": 5}},
            "b": {"days": {"less_than": 5}},
            "c": {"days": {"more_than": 4}},
            "d": {"not": {"days": {"at_most": 4}}},
            "e": {"needs": {"any": {"tier": "core", "customer.days": {"at_least": 5}}}},
            "f": {"needs": {"none": {"tier": "core", "customer.days": {"more_than": 4}}}},
        }
    )
    assert len(program.leaves) == 3
    assert len(set(program.leaves)) == 3


# --- strata ---


def test_strata_let_facts_be_complete_before_they_are_read() -> None:
    """A chain through rows, sets and fallbacks comes in the order in which it is read, each rule as early as it can."""
    program = compiled(
        pack={
            "rules": [
                {"rule": "e", "when": {"rating": "a"}, "set": {"ready": True}},
                {"rule": "d", "when": {"extras": {"has": "m1"}}, "set": {"guess": "a"}},
                {"rule": "c", "when": {"complaints": {"any": {"weight": 1}}}, "add": {"extras": ["m1"]}},
                {"rule": "b", "each": "complaints", "when": {"class": "a"}, "set": {"weight": 1}},
                {"rule": "a", "each": "complaints", "when": {"resolved": False}, "set": {"class": "a"}},
                {"rule": "early", "when": {"days": 1}, "add": {"marks": ["m1"]}},
            ]
        }
    )
    rules = [[program.rules[index].id for index in stratum.rules] for stratum in program.strata]
    assert rules == [[], ["a", "early"], ["b"], ["c"], ["d"], ["e"]]
    complete = [[str(one.fact) for one in stratum.resolutions] for stratum in program.strata]
    assert {"guess", "rating", "listed"} <= set(complete[4])
    assert complete[4].index("guess") < complete[4].index("rating")


def cycle_problems(*rules: dict[str, Any]) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        compiled(pack={"rules": [{"sources": ["S1"], **rule} for rule in rules]})
    return [str(problem) for problem in caught.value.problems]


def test_a_cycle_is_reported_once_with_its_path_and_place() -> None:
    """Whichever of three rules one comes from, the circle is one problem that names each step."""
    (problem,) = cycle_problems(
        {"rule": "a", "when": {"risk": "a"}, "set": {"class": "a"}},
        {"rule": "b", "when": {"class": "a"}, "set": {"guess": "a"}},
        {"rule": "c", "when": {"guess": "a"}, "set": {"risk": "a"}},
        {"rule": "outside", "when": {"risk": "a"}, "add": {"marks": ["m1"]}},
    )
    assert problem.startswith("rules.yaml:1:")
    assert (
        "these rules wait for each other: fact `risk` ← rule `c` ← fact `guess` ← rule `b` ← fact `class` ← rule `a`"
        " ← fact `risk`. Let one of them read another fact. [cycle]" in problem
    )


def test_a_rule_that_reads_what_it_concludes_is_a_cycle() -> None:
    """The shortest circle has one rule and one fact."""
    (problem,) = cycle_problems({"rule": "a", "when": {"risk": {"is_not": "a"}}, "set": {"risk": "a"}})
    assert "fact `risk` ← rule `a` ← fact `risk`." in problem


def test_a_cycle_through_rows_is_found() -> None:
    """A row rule that reads of the customer what its rows decide waits for itself."""
    (problem,) = cycle_problems(
        {"rule": "a", "each": "complaints", "when": {"customer.ready": True}, "set": {"weight": 1}},
        {"rule": "b", "when": {"complaints": {"any": {"weight": 1}}}, "set": {"ready": True}},
    )
    assert "fact `ready` ← rule `b` ← fact `complaints.weight` ← rule `a` ← fact `ready`." in problem


def test_two_cycles_are_two_problems() -> None:
    """Cycles without a common step are both reported."""
    problems = cycle_problems(
        {"rule": "a", "when": {"risk": "a"}, "set": {"risk": "b"}},
        {"rule": "b", "when": {"class": "a"}, "set": {"class": "b"}},
    )
    assert len(problems) == 2


def test_circles_that_hang_together_are_one_problem() -> None:
    """The shortest is told, at the rule that most of them pass, with how many more ways were found."""
    rules = [{"rule": f"r{number}", "when": {"class": "a"}, "set": {"guess": "a"}} for number in range(5)]
    (problem,) = cycle_problems(
        {"rule": "a-reader", "when": {"class": "a"}, "add": {"marks": ["m1"]}},
        *rules,
        {"rule": "all-pass", "when": {"guess": "a"}, "set": {"class": "a"}},
        {"rule": "y", "when": {"class": "a"}, "set": {"risk": "a"}},
        {"rule": "z", "when": {"risk": "a"}, "set": {"guess": "b"}},
    )
    assert "← rule `all-pass` ←" in problem
    assert "`risk`" not in problem
    assert ", and in at least 5 more ways. Let one of them read another fact." in problem
    (alone,) = cycle_problems({"rule": "all-pass", "when": {"guess": "a"}, "set": {"guess": "b"}})
    assert "more way" not in alone


def row_of_rules(number: int, name: str) -> CornerCase:
    """Return a pack of rules, each of which reads what the one before it sets; they are named by their place."""
    derived = {f"y{place}": {"type": "integer", "origin": "derived"} for place in range(1, number + 1)}
    rules = [
        {"rule": name.format(place=place, left=number - place), "when": {f"y{place - 1}": 1}, "set": {f"y{place}": 1}}
        for place in range(1, number + 1)
    ]
    facts = {"y0": {"type": "integer"}, **derived}
    return read_case(
        {"case": "in code", "decides": "in code", "expect": {}, "catalogue": {"facts": facts}, "pack": {"rules": rules}}
    )


@pytest.mark.parametrize("name", ["r{place:04}", "r{left:04}"])
@pytest.mark.parametrize("number", [LONGEST + 1, 30 * LONGEST])
def test_rules_that_wait_for_each_other_in_a_long_row_are_refused_at_their_place(name: str, number: int) -> None:
    """Whatever they are called, and so whichever is looked at first: it is a problem of the pack, not a crash."""
    with pytest.raises(ProblemsError) as caught:
        compile_pack(row_of_rules(number, name).pack)
    (problem,) = caught.value.problems
    assert problem.code == "too-long"
    assert "ends a row of more than 100 rules or facts, each of which needs the one before it." in problem.message
    assert (problem.location.file, problem.location.line) == ("rules.yaml", 1)
    assert problem.location.column > 1


@pytest.mark.parametrize("name", ["r{place:04}", "r{left:04}"])
def test_a_row_of_a_hundred_rules_is_compiled_and_decided(name: str) -> None:
    """The limit is one that works."""
    found = row_of_rules(LONGEST, name)
    customer = replace(found.customer, facts={"y0": 1})
    decision = session(found.pack, customer)
    assert len(decision.fired) == LONGEST
    assert plan(found.pack, customer) == decision


# --- digest ---


def digest(texts: dict[str, str]) -> str:
    return compile_pack(pack_from_texts(texts)).stamp.digest


def test_the_digest_is_of_the_meaning() -> None:
    """Files in another order, comments, titles and reasons of rules change nothing."""
    texts = sample_texts()
    original = digest(texts)
    assert digest(dict(reversed(texts.items()))) == original
    assert digest({name: f"# a comment\n\n{text}" for name, text in texts.items()}) == original
    reworded = texts | {
        name: re.sub(r"(title|because): {en: (\w)", r"\1: {en: Another \2", text)
        for name, text in texts.items()
        if name != "actions.yaml"
    }
    assert reworded != texts
    assert digest(reworded) == original


def test_the_digest_tells_programs_apart() -> None:
    """Each change of what a rule means changes the digest."""

    def of(**rule: Any) -> str:
        whole = {"rule": "a", "when": {"days": {"at_least": 5}}, "set": {"risk": "a"}, **rule}
        return compiled(pack={"rules": [whole]}).stamp.digest

    changed = [
        of(),
        of(when={"days": {"at_least": 6}}),
        of(set={"risk": "b"}),
        of(priority=1),
        of(rule="b"),
        of(valid_from="2024-01-01"),
        of(add={"marks": ["m1"]}),
    ]
    assert len(set(changed)) == len(changed)


def test_the_digest_is_the_same_in_every_process() -> None:
    """Python's random hashes, which differ from process to process, do not reach it."""
    program = (
        "from tests.engine.sample import sample_pack; from engine.compile import compile_pack; "
        "print(compile_pack(sample_pack()).stamp.digest)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1", "4711")
    }
    assert found == {compile_pack(sample_pack()).stamp.digest}
