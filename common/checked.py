"""What a check of a pack found, for a reader and for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.texts import PROBLEM_KINDS, Texts, read_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.check import Finding
    from wiring import Rules


def findings_in_json(rules: Rules | None, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what was found, and what the pack holds if it can be used (else `rules` is None)."""
    told: dict[str, Any] = {"pack": rules.program.stamp, "contents": contents(rules)} if rules else {}
    return {**told, "findings": [_finding(one) for one in findings]}


def line(one: Finding, texts: Texts, place: str = "") -> str:
    """Return a finding; for a reader of Chinese its kind goes before the particulars, which are in English.

    Args:
        one: the finding.
        texts: the texts of the reader's language.
        place: what is said of where it is, if that is no line of a file.
    """
    kind = read_texts(PROBLEM_KINDS).get(one.id)
    if texts.language == "en" or kind is None:
        return str(one)
    level = texts(f"check_{one.level}")
    return (
        f"{place or one.location}: {level}：{kind[texts.language]}\n    {one.message} {one.hint}".rstrip()
        + f" [{one.id}]"
    )


def contents(rules: Rules) -> dict[str, int]:
    """Return how much of everything the pack holds."""
    pack = rules.pack
    parts = {
        "rules": pack.rules,
        "tables": pack.tables,
        "gates": pack.gates,
        "scorecards": pack.scorecards,
        "actions": pack.actions,
        "invariants": pack.invariants,
        "parameters": pack.parameters,
        "tracks": pack.talk.tracks if pack.talk else (),
        "overrides": pack.overrides,
    }
    return {name: len(items) for name, items in parts.items() if items}


def _finding(one: Finding) -> dict[str, Any]:
    at = one.location
    where = {"file": at.file, "line": at.line, "column": at.column}
    return {"level": one.level, "id": one.id, **where, "message": one.message, "hint": one.hint, "page": one.page}
