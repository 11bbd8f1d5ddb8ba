"""`valuelift rules coverage --conditions`: the tests of a pack's conditions that its cases see on one side only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.texts import Texts
    from engine.condition_coverage import Seen, Use

ASKING = 3


def lacking(seen: Iterable[Seen]) -> list[Seen]:
    """Return the tests for which a case is missing on a side."""
    return [one for one in seen if one.missing]


def plain(seen: Sequence[Seen]) -> dict[str, Any]:
    """Return the JSON form: every test with numbers of cases, and those that lack a side once more by name."""
    return {"tests": [_plain(one) for one in seen], "lacking": [one.test for one in lacking(seen)]}


def _plain(one: Seen) -> dict[str, Any]:
    return {
        "test": one.test,
        "threshold": one.is_threshold,
        "missing": one.missing,
        "cases": {"true": len(one.true), "false": len(one.false), "unknown": len(one.unknown)},
        "nearest": {"true": one.nearest_true, "false": one.nearest_false},
        "asked_by": _places(one.uses),
        "watched_by": _places(one.watched_by),
    }


def _places(uses: Iterable[Use]) -> list[dict[str, Any]]:
    return [{"id": use.id, "file": use.at.file, "line": use.at.line} for use in uses]


def lines(texts: Texts, seen: Sequence[Seen]) -> Iterator[str]:
    """Yield the tests that lack a side, each with its first place and who asks it, and how many there are."""
    found = lacking(seen)
    for one in found:
        sides = texts("comma").join(texts(f"never_{'true' if side else 'false'}") for side in one.missing)
        nearest = one.nearest_false if one.nearest_true is None else one.nearest_true
        near = "" if nearest is None else texts("nearest", value=nearest)
        at = one.uses[0].at
        yield f"{at.file}:{at.line}: {one.test}{texts('colon')}{sides}{near}"
        yield "    " + _asking(texts, one.uses)
    yield texts(
        "conditions_summary",
        thresholds=sum(one.is_threshold for one in seen),
        others=sum(not one.is_threshold for one in seen),
        thresholds_lacking=sum(one.is_threshold for one in found),
        others_lacking=sum(not one.is_threshold for one in found),
    )


def _asking(texts: Texts, uses: Sequence[Use]) -> str:
    """Return who asks a test, the first few by name."""
    names = texts("comma").join(use.id for use in uses[:ASKING])
    more = len(uses) - ASKING
    return names + (" " + texts("coverage_more", number=more) if more > 0 else "")
