"""How much the cases of a pack find out: rules with small mistakes, and the cases that are missing."""

from engine.mutation.equivalent import Equivalent, load_equivalents
from engine.mutation.mutants import Mistake, Mutant
from engine.mutation.run import SURVIVES, Mutation, Tried, Verdict

__all__ = ["SURVIVES", "Equivalent", "Mistake", "Mutant", "Mutation", "Tried", "Verdict", "load_equivalents"]
