"""The plan: a program run over columns, the decisions of many customers at once."""

from engine.plan.by_customer import ByCustomer
from engine.plan.kept import Kept
from engine.plan.result import Compared, Result, Tested
from engine.plan.run import Plan

__all__ = ["ByCustomer", "Compared", "Kept", "Plan", "Result", "Tested"]
