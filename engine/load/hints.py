"""What to write instead, where a name, a number, a text or a type is not as the language wants it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from engine.errors import did_you_mean
from engine.vocabulary import Type

LONGEST = 60
"""Texts of so many characters are said again."""

_NOT_A_NUMBER = re.compile(r"[-+]?\.?(nan|inf|infinity)\Z", re.IGNORECASE)
_CLOCK = re.compile(r"[0-9]+:[0-9]{2}(:[0-9]{2})?\Z")
_PLAIN = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?\Z")
_SEPARATED = re.compile(r"[-+]?[0-9][0-9,_ ]*(\.[0-9]+)?\Z")
_WITH_UNIT = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) ?[^-0-9.,:_ ][^0-9]*\Z")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})[-./年](?P<month>[0-9]{1,2})[-./月](?P<day>[0-9]{1,2})日?\Z")
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})\Z")
_MEANT = {
    Type.FLAG: ("boolean", "bool", "yes/no", "yes_no", "yes or no", "true/false", "checkbox", "是否", "是/否"),
    Type.INTEGER: ("int", "count", "whole", "whole number", "days", "整数", "天数", "次数"),
    Type.NUMBER: ("decimal", "float", "double", "amount", "money", "percent", "numeric", "数字", "数值", "金额"),
    Type.CATEGORY: ("list", "enum", "choice", "option", "options", "select", "dropdown", "枚举", "列表", "选项"),
    Type.DATE: ("day", "datetime", "日期"),
    Type.TEXT: ("string", "str", "word", "words", "文本", "文字"),
}
_TYPE_OF = {word: type_ for type_, words in _MEANT.items() for word in words}


def number_hint(text: str) -> str:
    """Return what to write for a word that should be a number.

    >>> number_hint("75 days"), number_hint("100"), number_hint("many")
    ('Write the number alone: 75.', 'Leave out the quotes.', '')
    """
    if _NOT_A_NUMBER.match(text):
        return "There is no such number in rules; a missing value is tested by `known: false`."
    if _CLOCK.match(text):
        return "With a colon it is a text; write the number out, for example in minutes."
    if len(text) > LONGEST // 2 and _SEPARATED.match(text):
        return "It has too many digits."
    if _PLAIN.match(text):
        return "Leave out the quotes."
    if _SEPARATED.match(text):
        return "Write the digits without separators."
    unit = _WITH_UNIT.match(text)
    return f"Write the number alone: {unit[1]}." if unit else ""


def date_hint(text: str) -> str:
    """Return how a date is written, of which somebody wrote the year first with other signs, or the day with points.

    >>> date_hint("2026/7/1"), date_hint("1.7.2026"), date_hint("7/1/2026")
    ('Write 2026-07-01.', 'Write 2026-07-01.', 'Write YYYY-MM-DD.')
    """
    found = _DAY_FIRST.match(text) or _YEAR_FIRST.match(text)
    if found is None:
        return "Write YYYY-MM-DD."
    return f"Write {found['year']}-{int(found['month']):02}-{int(found['day']):02}."


def name_hint(text: str, shape: re.Pattern[str], joint: str) -> str:
    """Return a name of a shape that is made from a text, as the end of a hint; nothing if there is none.

    >>> name_hint("Send spare parts!", re.compile(r"[a-z-]+"), "-")
    ': `send-spare-parts`'
    """
    kept = "." if joint == "_." else ""
    name = re.sub(rf"[^a-z0-9{kept}]+", joint[0], text.lower()).strip(joint)
    return f": `{name}`" if text.isascii() and shape.match(name) else ""


def both_hint(text: str) -> str:
    """Return how a text stands in both languages, of which somebody wrote it in one.

    >>> both_hint("Pack the box"), both_hint("装箱")
    ('Write `{en: "Pack the box", zh: ...}`.', 'Write `{en: ..., zh: "装箱"}`.')
    """
    said = json.dumps(text, ensure_ascii=False) if text and len(text) <= LONGEST else "..."
    return f"Write `{{en: {said}, zh: ...}}`." if text.isascii() else f"Write `{{en: ..., zh: {said}}}`."


def several_hint(text: str, members: Collection[str]) -> str:
    """Return how several members are written that somebody wrote as one word, or nothing if it is not that.

    >>> several_hint("new or core", ["new", "core"]), several_hint("new、old", ["new", "core"])
    ('For one of several write `[new, core]`.', '')
    """
    parts = [part.strip() for part in re.split(r",|;|/|\bor\b|、|，|或", text)]
    are_members = len(parts) > 1 and all(part in members for part in parts)
    return f"For one of several write `[{', '.join(parts)}]`." if are_members else ""


def type_hint(word: str) -> str:
    """Return the type that is meant by a word of other programs.

    >>> type_hint("yes/no"), type_hint("integr")
    ('Write `flag`.', 'Did you mean `integer`?')
    """
    meant = _TYPE_OF.get(word.lower())
    return f"Write `{meant}`." if meant else did_you_mean(word, Type)
