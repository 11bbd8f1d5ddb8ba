"""Proofs about a pack: what holds for every possible customer, or a customer who shows that it does not.

A customer is possible if its facts keep the catalogue's constraints and ranges, with up to a few rows in each
collection (`Questions.rows`), as of any day of this century. z3 looks at all of them at once.
"""

from engine.prove.difference import Difference, DifferentFactsError
from engine.prove.findings import Answer, Has, Kind, Question, Sameness, Verdict, Witness
from engine.prove.questions import Questions
from engine.prove.run import ask_all

__all__ = [
    "Answer",
    "Difference",
    "DifferentFactsError",
    "Has",
    "Kind",
    "Question",
    "Questions",
    "Sameness",
    "Verdict",
    "Witness",
    "ask_all",
]
