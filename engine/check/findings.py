"""What a check finds: how serious it is, which kind, where, what and why, what to do, and the page that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Location, Problem
from engine.said import NOTHING, Said


class Level(StrEnum):
    """How serious a finding is: an error makes the pack unusable, a warning is nearly always a mistake."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


LINTS = {
    "unused-fact": Level.WARNING,
    "unused-parameter": Level.WARNING,
    "threshold-out-of-range": Level.WARNING,
    "missing-source": Level.WARNING,
    "missing-action": Level.WARNING,
    "missing-case": Level.WARNING,
    "near-duplicate": Level.NOTE,
    "table-overlap": Level.WARNING,
    "table-gap": Level.NOTE,
    "missing-translation": Level.WARNING,
    "stale-translation": Level.WARNING,
    "no-evidence": Level.NOTE,
    "evidence-expires": Level.NOTE,
    "no-track": Level.NOTE,
}
"""The lints by id, with their levels."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a check found."""

    location: Location
    level: Level
    id: str
    message: str
    hint: str = NOTHING

    @property
    def page(self) -> str:
        """The page that explains it, from the root of the documentation's repository."""
        return f"docs/lints/{self.id}.md" if self.id in LINTS else "docs/language.md"

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.location}: {self.level}: {self.message}{hint} [{self.id}]"


def finding_of(problem: Problem) -> Finding:
    """Return a problem that keeps a pack from being loaded as a finding."""
    return Finding(problem.location, Level.ERROR, problem.code, problem.message, problem.hint)


def lint(at: Location, name: str, message: Said, hint: Said = NOTHING) -> Finding:
    """Return what the lint of this name found, with its level."""
    return Finding(at, LINTS[name], name, message, hint)
