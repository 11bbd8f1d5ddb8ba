"""Sentences about what is wrong, made of a template and what fills it in, so that they can be said in any language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Self


class Several(tuple[str, ...]):
    """Words that a template joins: `{words}` by commas, `{words: or }` by what stands behind the colon."""

    __slots__ = ()

    def __format__(self, joint: str) -> str:
        return (joint or ", ").join(self)


class Number(int):
    """A whole number for which a template has the word of one and that of several: `{number:row|rows}`."""

    __slots__ = ()

    def __format__(self, words: str) -> str:
        one, bar, others = words.partition("|")
        return (one if self == 1 else others) if bar else super().__format__(words)


class Day(date):
    """A day, which a template writes as `2026-06-30`, or with signs behind year, month and day: `{day:年月日}`."""

    __slots__ = ()

    @classmethod
    def of(cls, day: date) -> Self:
        """Return a day as a template takes it."""
        return cls(day.year, day.month, day.day)

    def __format__(self, behind: str) -> str:
        if not behind:
            return self.isoformat()
        return "".join(f"{part}{sign}" for part, sign in zip((self.year, self.month, self.day), behind, strict=True))


class Said(str):
    """A sentence in English, or a part of one, that keeps its template and what fills it in.

    It is its English text; `by` says it in another language. `said` makes one.
    """

    __slots__ = ("template", "values")

    def __new__(cls, template: str, values: Mapping[str, object]) -> Said:
        return super().__new__(cls, template.format(**values) if values else template)

    def __init__(self, template: str, values: Mapping[str, object]) -> None:
        self.template: Final = template
        self.values: Final = values

    def __reduce__(self) -> tuple[type[Said], tuple[str, Mapping[str, object]]]:
        """Let it come back from another process as it was made there."""
        return Said, (self.template, self.values)

    def by(self, templates: Mapping[str, str]) -> str:
        """Return it in the language of other templates, given by the English ones; in English where there is none."""
        template = templates.get(self.template)
        if template is None:
            return str(self)
        if not self.values:
            return template
        return template.format(**{name: _by(value, templates) for name, value in self.values.items()})


def _by(value: object, templates: Mapping[str, str]) -> object:
    if isinstance(value, Said):
        return value.by(templates)
    return Several(str(_by(each, templates)) for each in value) if isinstance(value, Several) else value


def said(template: str, /, **values: object) -> Said:
    """Return a template filled in; without values it is the text itself, whatever braces stand in it.

    The template is written out at each call, so that a test finds all of them; `common/texts/particulars.yaml` has
    each in Chinese.

    >>> said("there is no {what} `{name}`.", what=said("rule"), name="a"), said("Write `{any: ...}`.")
    ('there is no rule `a`.', 'Write `{any: ...}`.')
    >>> said("It has {number} {number:member|members}: {members}.", number=2, members=["new", "core"])
    'It has 2 members: new, core.'
    >>> said("It holds from {day} on.", day=date(2026, 6, 30))
    'It holds from 2026-06-30 on.'
    """
    return Said(template, {name: _filling(value) for name, value in values.items()})


def _filling(value: object) -> object:
    """Return a value as a template fills it in, which can go to another process."""
    if isinstance(value, Said | Several | Number | Day):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return Day.of(value)
    if isinstance(value, list) or type(value) is tuple:  # a place is a tuple too, and has a text of its own
        return Several(map(_text, value))
    return Number(value) if type(value) is int else str(value)


def _text(value: object) -> str:
    return value if isinstance(value, Said) else str(value)


def packed(sentence: Said) -> str:
    """Return a sentence as a text that goes through a database; `unpacked` makes the sentence of it again.

    >>> unpacked(packed(said("It is one of {words}.", words=["new", "core"])))
    'It is one of new, core.'
    """
    return json.dumps(_packed(sentence))


def unpacked(text: str) -> Said:
    """Return the sentence of a text that `packed` made."""
    found: Said = _unpacked(json.loads(text))
    return found


def _packed(value: object) -> object:
    match value:
        case Said():
            return {"said": value.template, "values": {name: _packed(each) for name, each in value.values.items()}}
        case Several():
            return [_packed(each) for each in value]
        case Day():
            return {"day": value.isoformat()}
    return value


def _unpacked(form: Any) -> Any:
    match form:
        case {"said": template, "values": values}:
            return Said(template, {name: _unpacked(each) for name, each in values.items()})
        case {"day": day}:
            return Day.fromisoformat(day)
        case list():
            return Several(map(_unpacked, form))
        case int():
            return Number(form)
    return form


NOTHING = Said("", {})
"""A hint that there is not."""


def as_given(words: object) -> Said:
    """Return words of somebody else, such as a database or an author, which stay as they are in any language.

    >>> as_given("disk I/O error")
    'disk I/O error'
    """
    return Said("{words}", {"words": str(words)})


def quoted(word: object) -> Said:
    """Return a word of the rule language as it stands in a sentence of any language.

    >>> quoted("when")
    '`when`'
    """
    return as_given(f"`{word}`")


def a_(noun: Said) -> Said:
    """Return a noun with its indefinite article.

    >>> a_(said("action")), a_(said("case"))
    ('an action', 'a case')
    """
    return said("an {noun}", noun=noun) if noun[0] in "aeio" else said("a {noun}", noun=noun)


def named(what: Said, name: str) -> Said:
    """Return what something is, and its name.

    >>> named(said("rule"), "a")
    'rule `a`'
    """
    return said("{what} `{name}`", what=what, name=name)


def of_type(word: str) -> Said:
    """Return the name of a type of facts with its indefinite article.

    >>> of_type("integer"), of_type("date")
    ('an integer', 'a date')
    """
    return said("an {type}", type=word) if word[0] in "aeio" else said("a {type}", type=word)


def one_after_other(first: Said, second: Said) -> Said:
    """Return two sentences, of which there may be one alone."""
    return said("{first} {second}", first=first, second=second) if first and second else first or second
