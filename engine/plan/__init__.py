"""The plan: a program run over columns, the decisions of many customers at once."""

from engine.plan.result import Result, Tested
from engine.plan.run import Plan

__all__ = ["Plan", "Result", "Tested"]
