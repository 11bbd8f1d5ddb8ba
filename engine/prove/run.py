"""All questions about a pack, asked on several processor cores at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

Found = TypeVar("Found", covariant=True)

BLOCK = 8
"""A core takes so many questions at a time: neighbours share what the solver has to be told."""


class Asked(Protocol, Generic[Found]):
    """A question: asked, it answers."""

    @property
    def ask(self) -> Callable[[], Found]:
        """What finds the answer."""


def ask_all(questions: Sequence[Asked[Found]], jobs: int) -> Iterator[Found]:
    """Ask questions and yield the answers as they come, in any order.

    Where processes can be forked, so many `jobs` of them work side by side: each has its own copy of the solver.
    """
    if jobs < 2 or len(questions) < 2 * BLOCK or "fork" not in multiprocessing.get_all_start_methods():
        yield from (question.ask() for question in questions)
        return
    blocks = range(0, len(questions), BLOCK)
    with multiprocessing.get_context("fork").Pool(jobs, _take, (questions,)) as pool:
        for answers in pool.imap_unordered(_ask_block, blocks):
            yield from answers


_questions: Sequence[Asked[Any]] = ()
"""The questions of a forked process, which are not sent there but were there when it was forked."""


def _take(questions: Sequence[Asked[Any]]) -> None:
    global _questions
    _questions = questions


def _ask_block(start: int) -> list[Any]:
    return [question.ask() for question in _questions[start : start + BLOCK]]
