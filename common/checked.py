"""What a check of a pack found, for a reader and for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.texts import PROBLEM_KINDS, Texts, read_texts
from engine.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.check import Finding
    from wiring import Rules


def findings_in_json(rules: Rules | None, findings: Sequence[Finding], texts: Texts) -> dict[str, Any]:
    """Return what was found, and what the pack holds if it can be used (else `rules` is None)."""
    told: dict[str, Any] = {"pack": rules.program.stamp, "contents": contents(rules)} if rules else {}
    return {**told, "findings": [_finding(one, texts) for one in findings]}


def line(one: Finding, texts: Texts, place: str = "") -> str:
    """Return a finding.

    Args:
        one: the finding.
        texts: the texts of the reader's language.
        place: what is said of where it is, if that is no line of a file.
    """
    if texts.language == "en":
        return str(one)
    return f"{place or one.location}: {texts(f'check_{one.level}')}：{text_of(one, texts)} [{one.id}]"


def text_of(one: Finding, texts: Texts) -> str:
    """Return what is wrong and what to do about it.

    In Chinese a finding without a hint says what to do about all of its kind. A message that keeps to no template
    stands in English below its kind.
    """
    if texts.language == "en":
        return f"{one.message} {one.hint}".rstrip()
    kind = read_texts(PROBLEM_KINDS).get(one.id, {})
    to_do = kind.get("do", "")
    if isinstance(one.message, Said):
        return texts.told(one.message) + (texts.told(one.hint) or to_do)
    return f"{kind.get(texts.language, '')}{to_do}\n    {one.message} {one.hint}".strip()


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


def _finding(one: Finding, texts: Texts) -> dict[str, Any]:
    at = one.location
    where = {"file": at.file, "line": at.line, "column": at.column}
    told = {"message": texts.told(one.message), "hint": texts.told(one.hint)}
    return {"level": one.level, "id": one.id, **where, **told, "page": one.page}
