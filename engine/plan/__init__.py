"""The plan: a program run over columns, the decisions of many customers at once."""

from engine.plan.run import Plan, Result, Tested

__all__ = ["Plan", "Result", "Tested"]
