"""How much the cases of a pack find out: rules with small mistakes, and the cases that are missing."""

from engine.mutation.mutants import Mistake, Mutant
from engine.mutation.run import SURVIVES, Mutation, Tried, Verdict

__all__ = ["SURVIVES", "Mistake", "Mutant", "Mutation", "Tried", "Verdict"]
