"""All questions about a pack, asked on several processor cores at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence

from engine.prove.findings import Answer, Question

BLOCK = 8
"""A core takes so many questions at a time: neighbours share what the solver has to be told."""


def ask_all(questions: Sequence[Question], jobs: int) -> Iterator[Answer]:
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


_questions: Sequence[Question] = ()
"""The questions of a forked process, which are not sent there but were there when it was forked."""


def _take(questions: Sequence[Question]) -> None:
    global _questions
    _questions = questions


def _ask_block(start: int) -> list[Answer]:
    return [question.ask() for question in _questions[start : start + BLOCK]]
