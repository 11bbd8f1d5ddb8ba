"""The texts of command line and pages, in the reader's language."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from engine.said import Said
from engine.wording import say_date, say_number
from facts.kept_forms import digest_of, keep, kept

FOLDER = Path(__file__).with_name("texts")
COMMAND_LINE, PAGES, PROBLEM_KINDS = "command-line", "pages", "problems"
PARTICULARS, REFUSALS, USAGE = "particulars", "refusals", "usage"


class _ByNumber(string.Formatter):
    """Fills in texts with words that depend on a number: `{number:customer|customers}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, others = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else others


_BY_NUMBER = _ByNumber()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by name, in one language. Pages say some of what the command line says in other words (`where`)."""

    language: str
    where: str = COMMAND_LINE

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its placeholders filled in; what the engine says among them in the text's language.

        Raises:
            KeyError: if there is no such text.
        """
        text = all_texts(self.where)[name][self.language]
        if self.language != "en":
            values = {key: self.told(value) if isinstance(value, Said) else value for key, value in values.items()}
        return _BY_NUMBER.format(text, **values) if "|" in text else text.format(**values)

    def date(self, day: date) -> str:
        """Return a date as readers of the language write it."""
        return say_date(day, self.language)

    def number(self, number: int | Decimal) -> str:
        """Return a number with its thousands separated."""
        return say_number(number, self.language)

    def told(self, words: str) -> str:
        """Return what the engine says in the reader's language, as far as it keeps to templates."""
        return words.by(particulars()) if self.language != "en" and isinstance(words, Said) else str(words)

    def has(self, name: str) -> bool:
        """Return whether there is a text of this name."""
        return name in all_texts(self.where)


@cache
def all_texts(where: str = COMMAND_LINE) -> Mapping[str, Mapping[str, str]]:
    """Return every text in every language; on pages, what they say comes before what the command line says."""
    texts = read_texts(COMMAND_LINE)
    return texts if where == COMMAND_LINE else {**texts, **read_texts(where)}


def read_texts(name: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of one file."""
    texts: Mapping[str, Mapping[str, str]] = _content(name)
    return texts


@cache
def particulars() -> Mapping[str, str]:
    """Return the Chinese templates of what is said about problems and of what is refused, by the English ones."""
    return {**_content(PARTICULARS), **_content(REFUSALS)}


@cache
def usage_sentences() -> Mapping[str, str]:
    """Return what click says of a command that it does not understand, in Chinese by the English."""
    sentences: Mapping[str, str] = _content(USAGE)
    return sentences


def _content(name: str) -> Any:
    path = FOLDER / f"{name}.yaml"
    digest = digest_of([path])
    form = kept(digest)
    if form is None:
        form = json.dumps(_parsed(path), ensure_ascii=False)
        keep(digest, form)
    return json.loads(form)


def _parsed(path: Path) -> object:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe one


def default_language() -> str:
    """Return `zh` if the environment asks for Chinese, else `en`."""
    for name in ("VALUELIFT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        given = os.environ.get(name)
        if given:
            return "zh" if given.lower().startswith("zh") else "en"
    return "en"
