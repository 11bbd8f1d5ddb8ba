"""What is said when a command cannot finish, and with which exit code it ends."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.said import Said, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.errors import Problem
    from facts.database import StoreError

PROBLEMS, USAGE, CRASH = 1, 2, 3

_FAULT = said("This is a fault in Valuelift, not in your input. Set VALUELIFT_DEBUG=1 to see where it happened.")

_OTHERWISE = said("Check the file and the disk, or give another place.")
_NO_ROOM = said("Make room on the disk, or give another place.")
_NO_RIGHT = said("Give a place that you may use, or ask whoever it belongs to for the right.")
_HINTS = {
    errno.ENOSPC: _NO_ROOM, errno.EDQUOT: _NO_ROOM, errno.EACCES: _NO_RIGHT, errno.EPERM: _NO_RIGHT,
    errno.EROFS: _NO_RIGHT,
    errno.EISDIR: said("Give the name of a file."), errno.ENOTDIR: said("Give the name of a folder."),
}  # fmt: skip
"""What to do, by what the operating system refuses."""


def is_interruption(error: BaseException) -> bool:
    """Return whether somebody stopped the command by Ctrl-C while DuckDB was at work, which tells it in its own way."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def report(error: Exception, language: str = "en") -> int:
    """Say on standard error what went wrong, and return the exit code."""
    if os.environ.get("VALUELIFT_DEBUG"):
        traceback.print_exception(error)
    message, code = explained(error, language)
    click.echo(message, err=True)
    return code


def explained(error: Exception, language: str = "en") -> tuple[str, int]:
    """Return the message for an error and the exit code that goes with it."""
    from engine.errors import ProblemsError
    from facts.database import StoreError

    match error:
        case ProblemsError():
            return _problems(error.problems, language), PROBLEMS
        case StoreError():
            return _refused(error, language), PROBLEMS
        case OSError() if error.errno is not None:
            return _told(said("Error: {what}", what=_of_system(error)), language), PROBLEMS
    first, kind = str(error).partition("\n")[0], type(error).__name__
    failure = said("Internal failure: {kind}: {words}\n{fault}", kind=kind, words=first, fault=_FAULT)
    return _told(failure, language), CRASH


def _refused(error: StoreError, language: str) -> str:
    """Return what the store refuses, why, and what to do; in English where part of it keeps to no template."""
    if all(isinstance(part, Said) for part in (error.what, error.why, error.hint)):
        return _told(said("Error: {what}: {why}. {hint}", what=error.what, why=error.why, hint=error.hint), language)
    return f"Error: {error}"


def _told(sentence: Said, language: str) -> str:
    if language == "en":
        return sentence  # whatever has failed, it takes no file to say so
    from common.texts import Texts

    return Texts(language).told(sentence)


def _problems(problems: Sequence[Problem], language: str) -> str:
    """Return a line for each problem, as `rules check` tells it, and how many there are."""
    from common.checked import line
    from common.texts import Texts
    from engine.check import finding_of

    texts = Texts(language)
    told = [line(finding_of(problem), texts) if language != "en" else str(problem) for problem in problems]
    return "\n".join([*told, texts("check_problems", number=texts.number(len(problems)))])


def _of_system(error: OSError) -> Said:
    """Return what the operating system refused, why, and what to do; without a file's name it was what is printed."""
    why, hint = error.strerror, _HINTS.get(error.errno or 0, _OTHERWISE)
    if not error.filename:
        return said("The output cannot be written: {why}. {hint}", why=why, hint=hint)
    file = Path(os.fsdecode(error.filename))
    if error.errno == errno.ENOENT:
        no_folder = said("There is no folder {folder}: make it, or give another place.", folder=file.parent)
        hint = said("Check its name.") if file.parent.exists() else no_folder
    return said("{file} cannot be used: {why}. {hint}", file=os.fsdecode(error.filename), why=why, hint=hint)
