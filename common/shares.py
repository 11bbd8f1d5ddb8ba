"""Shares in words: with their counts, and without a percentage of a few."""

from __future__ import annotations

from common.texts import Texts

FEW = 10
"""Of fewer customers than this a percentage would say more than is known."""


def share(texts: Texts, n: int, of: int) -> str:
    """Return counts, and of many their share as well: of a few it would say more than is known."""
    if not of:
        return "–"
    said = texts("n_of_m", n=texts.number(n), m=texts.number(of))
    return said if of < FEW else f"{said} · {n / of:.1%}"
