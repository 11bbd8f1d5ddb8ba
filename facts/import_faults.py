"""What is said of the faulty rows of an import; through the database it goes packed (`engine.said.packed`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from engine.said import NOTHING, Said, one_after_other, packed, said, unpacked
from facts.database import StoreError

OwnFault = Callable[[str | None, str | None], Said | None]
"""Given a fact that a pack declares for itself and a value as a text, gives what is wrong with them, if anything is."""

Tell = Callable[[Said], str]
"""Returns a sentence in the language of whoever reads the file of faulty rows."""


class ImportRefusedError(StoreError):
    """Raised when more rows were rejected than allowed; the store is as it was."""

    def __init__(self, rejected: Mapping[str, int], allowed: int, rejects_path: Path | None) -> None:
        self.rejected = rejected
        reasons = [said("{number} × {reason}", number=number, reason=reason) for reason, number in rejected.items()]
        why = said(
            "{number:,} {number:row is|rows are} faulty, more than the {allowed} allowed: {reasons:; }",
            number=sum(rejected.values()),
            allowed=allowed,
            reasons=reasons,
        )
        where = said("See {file} for each row.", file=rejects_path) if rejects_path else NOTHING
        hint = one_after_other(where, said("Correct the file, or allow more with --max-rejects."))
        super().__init__(said("Nothing was imported"), why, hint)


def no_fault(_fact: str | None, _value: str | None) -> Said | None:
    """Find nothing wrong."""
    return None


def packing(own_fault: OwnFault) -> Callable[[str | None, str | None], str | None]:
    """Return what gives the same faults as texts that go through the database."""

    def packed_fault(fact: str | None, value: str | None) -> str | None:
        found = own_fault(fact, value)
        return None if found is None else packed(found)

    return packed_fault


def wrong(column: str, reason: str) -> Said:
    """Return what is wrong with a row, of which a problem tells the column, if it is one, and the reason."""
    why = unpacked(reason)
    return said("{column} {why}", column=column, why=why) if column else why


def by_number(found: Mapping[str, int]) -> dict[str, int]:
    """Return what is counted in order, the most frequent first."""
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
