"""What is said when a command cannot finish, and with which exit code it ends."""

from __future__ import annotations

import os
import traceback

import click

PROBLEMS, USAGE, CRASH = 1, 2, 3

_FAULT = "This is a fault in Valuelift, not in your input. Set VALUELIFT_DEBUG=1 to see where it happened."


def report(error: Exception) -> int:
    """Say on standard error what went wrong, and return the exit code."""
    if os.environ.get("VALUELIFT_DEBUG"):
        traceback.print_exception(error)
    message, code = explained(error)
    click.echo(message, err=True)
    return code


def explained(error: Exception) -> tuple[str, int]:
    """Return the message for an error and the exit code that goes with it."""
    from engine.errors import LoweringError, ProblemsError
    from facts.database import StoreError

    match error:
        case ProblemsError():
            return "\n".join([*map(str, error.problems), counted(len(error.problems))]), PROBLEMS
        case StoreError() | LoweringError():
            return f"Error: {error}", PROBLEMS
        case OSError() if error.errno is not None:
            where = f" {error.filename}" if error.filename else ""
            return f"Error:{where} cannot be used: {error.strerror}.", PROBLEMS
    said = str(error).partition("\n")[0]
    return f"Internal failure: {type(error).__name__}: {said}\n{_FAULT}", CRASH


def counted(number: int) -> str:
    """Return how many problems there are, in words."""
    return "1 problem." if number == 1 else f"{number} problems."
