"""Why something was not recorded, in the reader's language: the store says it in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import cache

import yaml

from common.texts import FOLDER
from engine.wording import say_date
from facts.database import StoreError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def said(error: StoreError | ValueError, language: str) -> str:
    """Return what was refused and why, without hints that name commands; English where nobody put it into Chinese."""
    told = in_chinese(error) if language == "zh" else None
    if told is not None:
        return told
    return f"{error.what}: {error.why}." if isinstance(error, StoreError) else str(error)


def in_chinese(error: StoreError | ValueError) -> str | None:
    """Return the same in Chinese; None where nobody put it into Chinese."""
    parts = [error.what, error.why] if isinstance(error, StoreError) else [str(error)]
    found = [_in_chinese(part) for part in parts]
    told = [part for part in found if part is not None]
    if len(told) < len(parts):
        return None
    return "：".join(part for part in told if part) + ("。" if len(told) > 1 else "")


def _in_chinese(sentence: str) -> str | None:
    for pattern, words in refusals():
        match = pattern.fullmatch(sentence)
        if match:
            return words.format(**{name: _day(word) for name, word in match.groupdict().items()})
    return None


def _day(word: str) -> str:
    """Return a day as it is written in Chinese; other words as they are, also those of a day that there is not."""
    with suppress(ValueError):
        return say_date(date.fromisoformat(word), "zh") if _DAY.fullmatch(word) else word
    return word


@cache
def refusals() -> Sequence[tuple[re.Pattern[str], str]]:
    """Return the sentences that the store refuses with, and what they say in Chinese."""
    content = (FOLDER / "refusals.yaml").read_text(encoding="utf-8")
    return [(re.compile(pattern, re.DOTALL), words) for pattern, words in yaml.safe_load(content)]
