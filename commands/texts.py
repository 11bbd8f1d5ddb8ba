"""The command line's own texts, in the reader's language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.wording import say_date, say_number

FILE = Path(__file__).with_name("texts.yaml")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by name, in one language."""

    language: str

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its placeholders filled in.

        Raises:
            KeyError: if there is no such text.
        """
        return all_texts()[name][self.language].format(**values)

    def date(self, day: date) -> str:
        """Return a date as readers of the language write it."""
        return say_date(day, self.language)

    def number(self, number: int | Decimal) -> str:
        """Return a number with its thousands separated."""
        return say_number(number, self.language)

    def has(self, name: str) -> bool:
        """Return whether there is a text of this name."""
        return name in all_texts()


@cache
def all_texts() -> Mapping[str, Mapping[str, str]]:
    """Return every text in every language."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    texts: Mapping[str, Mapping[str, str]] = yaml.load(FILE.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe one
    return texts


def default_language() -> str:
    """Return `zh` if the environment asks for Chinese, else `en`."""
    for name in ("VALUELIFT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        given = os.environ.get(name)
        if given:
            return "zh" if given.lower().startswith("zh") else "en"
    return "en"
