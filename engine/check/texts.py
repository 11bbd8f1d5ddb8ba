"""Texts that say something else in the other language, or were never translated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.check.findings import Finding, lint
from engine.errors import Location
from engine.model import Pack
from engine.said import Said, said
from engine.vocabulary import Text

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_DIGITS = re.compile(r"[0-9]+")
_SENTENCE = re.compile(r"[a-z]{2,}.* .*[a-z]{2,}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def translations(pack: Pack) -> Iterator[Finding]:
    """Yield texts whose two languages do not belong together."""
    vocabulary = pack.vocabulary
    items = (pack.rules, pack.tables, pack.gates, pack.scorecards, pack.actions, pack.invariants, pack.parameters)
    for at, text in _texts((*items, pack.talk, vocabulary.facts, vocabulary.enums), pack.at):
        yield from _compared(at, text)


def _texts(part: object, at: Location) -> Iterator[tuple[Location, Text]]:
    """Yield the texts of an item and of its parts, each with the nearest place."""
    if isinstance(part, Text):
        yield at, part
    elif isinstance(part, tuple):
        for each in part:
            yield from _texts(each, at)
    elif names := getattr(part, "__dataclass_fields__", ()):  # `fields()` takes half of a check's time
        place = getattr(part, "at", at)
        for name in names:
            yield from _texts(getattr(part, name), place)
    elif isinstance(part, dict):
        for each in part.values():
            yield from _texts(each, at)


def _compared(at: Location, text: Text) -> Iterator[Finding]:
    if text.en == text.zh:
        if _SENTENCE.search(text.en):
            message = said("“{text}” stands in both languages.", text=text.en)
            yield lint(at, "missing-translation", message, said("Translate it."))
        return
    if not _CHINESE.search(text.zh) and _SENTENCE.search(text.zh):
        yield lint(at, "missing-translation", said("“{text}” is not Chinese.", text=text.zh), said("Translate it."))
        return
    named = [set(_PLACEHOLDER.findall(side)) for side in (text.en, text.zh)]
    if named[0] != named[1]:
        yield _stale(at, text, said("placeholders"), named)
        return
    numbers = [set(_DIGITS.findall(_PLACEHOLDER.sub("", side))) for side in (text.en, text.zh)]
    # One language may write a number in words; what both write in digits has to agree.
    if not numbers[0] <= numbers[1] and not numbers[1] <= numbers[0]:
        yield _stale(at, text, said("numbers"), numbers)


def _stale(at: Location, text: Text, what: Said, sides: list[set[str]]) -> Finding:
    ours, theirs = ([*sorted(side)] or [said("none")] for side in sides)
    message = said(
        "the {what} differ: {ours} and {theirs} in “{en}” and “{zh}”.",
        what=what,
        ours=ours,
        theirs=theirs,
        en=text.en,
        zh=text.zh,
    )
    return lint(at, "stale-translation", message, said("Bring both texts up to date."))
