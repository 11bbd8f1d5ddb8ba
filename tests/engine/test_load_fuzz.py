"""Whatever is written into a rule file, the loader answers with a pack or with problems, never with a crash.

Each input is made from its number, which a failure names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from engine.cases import cases_from_text
from engine.errors import Problem, ProblemsError
from engine.load import pack_from_texts
from tests.engine.sample import PACK, sample_pack, sample_texts
from tests.profiles import count

TEXTS = sample_texts()
CASES = (PACK / "cases" / "stages.yaml").read_text(encoding="utf-8")
SAMPLE = sample_pack()
TOKEN = re.compile(r"[\w.-]+|[{}\[\]:,\"']|\n *|\s+")
TOKENS = {name: TOKEN.findall(text) for name, text in {**TEXTS, "cases": CASES}.items()}
WORDS = sorted({token for tokens in TOKENS.values() for token in tokens})
JUNK = (
    "", "null", "~", "{}", "[]", "-1", "1e400", "0.1", "9" * 40, "no", "\t", "{a: [}", "&a", "*a", "!t", "😀", "\x00",
)  # fmt: skip

PARTS = pytest.mark.parametrize("part", range(count(quick=1, ci=1, long=20)))
"""A million inputs in the long profile, in parts, so that several processes share them."""
PACKS = count(quick=200, ci=1_000, long=40_000)
CASE_FILES = count(quick=100, ci=300, long=10_000)


def mutated(tokens: Iterable[str], rng: Random) -> str:
    """Replace, drop or swap a few words of a text."""
    words = list(tokens)
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(words)), rng.randrange(len(words))
        match rng.randrange(3):
            case 0:
                words[at] = rng.choice(WORDS)
            case 1:
                words[at] = rng.choice(JUNK)
            case _:
                words[at], words[other] = words[other], words[at]
    return "".join(words)


def problems_of(load: Callable[[], object]) -> tuple[Problem, ...]:
    """Return what is reported, nothing if it loads; anything else that is raised fails the test."""
    try:
        load()
    except ProblemsError as error:
        return error.problems
    return ()


@contextmanager
def numbered(number: int) -> Iterator[Random]:
    """Give what makes an input; whatever goes wrong with it names its number."""
    try:
        yield Random(number)
    except BaseException as error:
        error.add_note(f"with input {number}")
        raise


@PARTS
def test_a_mutated_pack_is_a_pack_or_has_problems(part: int) -> None:
    """Only problems come out of a mutated catalogue, manifest or rule file, each with a place in a file of the pack."""
    names = sorted(TEXTS)
    for number in range(part * PACKS, (part + 1) * PACKS):
        with numbered(number) as rng:
            name = rng.choice(names)
            texts = {**TEXTS, name: mutated(TOKENS[name], rng)}
            problems = problems_of(lambda: pack_from_texts(texts))  # noqa: B023 - called at once
            assert {problem.location.file for problem in problems} <= set(TEXTS)


@PARTS
def test_mutated_cases_are_cases_or_have_problems(part: int) -> None:
    """Only problems come out of a mutated case file."""
    for number in range(part * CASE_FILES, (part + 1) * CASE_FILES):
        with numbered(number) as rng:
            text = mutated(TOKENS["cases"], rng)
            problems = problems_of(lambda: cases_from_text(text, SAMPLE))  # noqa: B023 - called at once
            assert {problem.location.file for problem in problems} <= {"cases.yaml"}
