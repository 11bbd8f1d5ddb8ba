"""What a decision is, said a third time: a slow, plain interpreter of the rule model.

It is written from `docs/language.md` alone and shares nothing with the executors, not even their normal form. Facts are
looked up on demand, conditions are walked as trees and evaluated twice: nominally, and cautiously. True, False and None
are the three truth values; arithmetic is exact, on fractions.
"""

from tests.oracle.decision import decide
from tests.oracle.facts import CycleError

__all__ = ["CycleError", "decide"]
