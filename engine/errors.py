"""Where a problem is, what it is, and the collector that reports all problems of a file at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from engine.said import NOTHING, Said, said


def counted(number: int, one: str, others: str = "") -> str:
    """Return how many there are of something: `1 row`, `2,000 rows`; `others` is the plural that is no mere s."""
    return f"{number:,} {one if number == 1 else others or one + 's'}"


class Location(NamedTuple):
    """A place in a text file; lines and columns count from 1. (A tuple, as every YAML node makes one.)"""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def lies_in(self, folder: Path) -> bool:
        """Return whether the file lies in a folder: what a pack inherits lies in another, and is mended there."""
        return Path(self.file).resolve().is_relative_to(folder.resolve())


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong: where, which kind, what and why, and what to do about it.

    A message and hint that are `Said` are told in the reader's language, others as they are.
    """

    location: Location
    code: str
    message: str
    hint: str = NOTHING

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.location}: {self.message}{hint} [{self.code}]"


class ProblemsError(Exception):
    """Raised when input cannot be used; carries every problem that was found once, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ProblemsError], tuple[object]]:
        """Let it come back from another process as it was raised there."""
        return type(self), (self.problems,)


@dataclass(slots=True)
class Problems:
    """Collect problems while reading goes on, and raise them together."""

    found: list[Problem] = field(default_factory=list)
    in_doubt: set[str] = field(default_factory=set)
    """Names whose declaration has a problem: what is said of them elsewhere is not judged before that is mended."""

    def add(self, location: Location, code: str, message: Said, hint: Said = NOTHING) -> None:
        """Note one problem."""
        self.found.append(Problem(location, code, message, hint))

    def has(self, location: Location) -> bool:
        """Whether a problem of just this place has been noted."""
        return any(problem.location == location for problem in self.found)

    def raise_any(self) -> None:
        """Raise all problems found so far.

        Raises:
            ProblemsError: if there is at least one.
        """
        if self.found:
            raise ProblemsError(self.found)


_ASCII = dict(zip("：，“”‘’｛｝【】［］－＃", ":,\"\"''{}[][]-#", strict=True))
_WIDE_SPACES = "\u3000\u00a0"


def full_width_in(word: str) -> Said:
    """Return a hint for a word with a mark that a Chinese keyboard writes in the place of another, or nothing.

    >>> full_width_in("new，core")
    '`，` is a full-width mark; write `,`.'
    """
    mark = next((sign for sign in word if sign in _ASCII), None)
    if mark is not None:
        return said("`{mark}` is a full-width mark; write `{plain}`.", mark=mark, plain=_ASCII[mark])
    if wide_space_in(word):
        return said("There is a space in it that is none of the keyboard's; write a plain one.")
    return NOTHING


def wide_space_in(word: str) -> bool:
    """Return whether a word holds a space that looks like one and is none for a program: full-width or unbreakable."""
    return any(sign in word for sign in _WIDE_SPACES)


NEAR = 0.6
"""From this likeness on, of 1, a word may be another one misspelt."""


def did_you_mean(word: str, known: Iterable[str]) -> Said:
    """Return a hint that names the known word nearest to `word`, or an empty text if none is near.

    >>> did_you_mean("day_in_stage", ["days_in_stage", "stage"])
    'Did you mean `days_in_stage`?'
    """
    if full_width := full_width_in(word):
        return full_width
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=NEAR)
    return said("Did you mean `{near}`?", near=near[0]) if near else NOTHING


def which_word(word: str, known: Collection[str]) -> Said:
    """Return a hint that names the known word nearest to `word`, or all of them if none is near.

    >>> which_word("nwe", ["new", "core"]), which_word("x", ["new", "core"])
    ('Did you mean `new`?', 'It is one of new, core.')
    """
    return did_you_mean(word, known) or said("It is one of {words}.", words=list(known))
