"""Whatever is written into a rule file, the loader answers with a pack or with problems, never with a crash."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import cases_from_text
from engine.errors import Problem, ProblemsError
from engine.load import pack_from_texts
from tests.engine.sample import PACK, sample_pack, sample_texts
from tests.profiles import count

TEXTS = sample_texts()
CASES = (PACK / "cases" / "stages.yaml").read_text(encoding="utf-8")
SAMPLE = sample_pack()
TOKEN = re.compile(r"[\w.-]+|[{}\[\]:,\"']|\n *|\s+")
WORDS = sorted({token for text in [*TEXTS.values(), CASES] for token in TOKEN.findall(text)})
JUNK = st.sampled_from(
    ["", "null", "~", "{}", "[]", "-1", "1e400", "0.1", "9" * 40, "no", "\t", "{a: [}", "&a", "*a", "!t", "😀", "\x00"]
)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """Replace, drop or swap a few words of a text."""
    tokens = TOKEN.findall(text)
    for _ in range(draw(st.integers(1, 3))):
        at, other = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
        word = draw(st.one_of(st.sampled_from(WORDS), JUNK, st.none()))
        tokens[at], tokens[other] = (tokens[other], tokens[at]) if word is None else (word, tokens[other])
    return "".join(tokens)


def problems_of(load: Callable[[], object]) -> tuple[Problem, ...]:
    """Return what is reported, nothing if it loads; anything else that is raised fails the test."""
    try:
        load()
    except ProblemsError as error:
        return error.problems
    return ()


BATCHES = pytest.mark.parametrize("batch", range(count(quick=1, ci=1, long=40)))
"""A million inputs in the long profile, in parts, as hypothesis keeps all that it tried in one."""


@BATCHES
@settings(max_examples=count(quick=60, ci=200, long=20_000), deadline=None)
@given(changed=st.sampled_from(sorted(TEXTS)).flatmap(lambda name: st.tuples(st.just(name), mutated(TEXTS[name]))))
def test_a_mutated_pack_is_a_pack_or_has_problems(batch: int, changed: tuple[str, str]) -> None:  # noqa: ARG001 - which part of the inputs
    """Only problems come out of a mutated catalogue, manifest or rule file, each with a place in a file of the pack."""
    name, text = changed
    problems = problems_of(lambda: pack_from_texts({**TEXTS, name: text}))
    assert {problem.location.file for problem in problems} <= set(TEXTS)


@BATCHES
@settings(max_examples=count(quick=30, ci=100, long=5_000), deadline=None)
@given(text=mutated(CASES))
def test_mutated_cases_are_cases_or_have_problems(batch: int, text: str) -> None:  # noqa: ARG001 - as above
    """Only problems come out of a mutated case file."""
    problems = problems_of(lambda: cases_from_text(text, SAMPLE))
    assert {problem.location.file for problem in problems} <= {"cases.yaml"}
