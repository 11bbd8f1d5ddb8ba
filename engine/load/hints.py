"""What to write instead, where a name, a number, a text or a type is not as the language wants it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection

from engine.errors import did_you_mean
from engine.said import NOTHING, Said, said
from engine.slips import operator_of
from engine.vocabulary import Type

LONGEST = 60
"""Texts of so many characters are said again."""

_NOT_A_NUMBER = re.compile(r"[-+]?\.?(nan|inf|infinity)\Z", re.IGNORECASE)
_CLOCK = re.compile(r"[0-9]+:[0-9]{2}(:[0-9]{2})?\Z")
_PLAIN = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?\Z")
_SEPARATED = re.compile(r"[-+]?[0-9][0-9,_ ]*(\.[0-9]+)?\Z")
_WITH_UNIT = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) ?([^-0-9.,:_ ][^0-9]*)\Z")
_WITH_SIGN = re.compile(r"(?:[$£€¥]|[A-Z]{3}) ?([0-9]+(?:\.[0-9]+)?)\Z")
_MULTIPLE = re.compile(r"(k|m|bn|千|万|亿|百万|thousand|million)\b", re.IGNORECASE)
_COMPARED = re.compile(r"(>=|=>|<=|=<|<>|!=|==|[<>=≥≤≠]) *([-+]?[0-9]+(?:\.[0-9]+)?)\Z")
_FORMULA = re.compile(r"([\w.]+) *(>=|=>|<=|=<|<>|!=|==|[<>=≥≤≠]) *(\S+)\Z")
_NO_SPACE = re.compile(r"([a-z][\w.]*)[:：](\S+)\Z")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})[-./年](?P<month>[0-9]{1,2})[-./月](?P<day>[0-9]{1,2})日?\Z")
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})\Z")
_YES_NO = {
    "yes": "true",
    "y": "true",
    "on": "true",
    "是": "true",
    "no": "false",
    "n": "false",
    "off": "false",
    "否": "false",
}
_MEANT = {
    Type.FLAG: ("boolean", "bool", "yes/no", "yes_no", "yes or no", "true/false", "checkbox", "是否", "是/否"),
    Type.INTEGER: ("int", "count", "whole", "whole number", "days", "整数", "天数", "次数"),
    Type.NUMBER: ("decimal", "float", "double", "amount", "money", "percent", "numeric", "数字", "数值", "金额"),
    Type.CATEGORY: ("list", "enum", "choice", "option", "options", "select", "dropdown", "枚举", "列表", "选项"),
    Type.DATE: ("day", "datetime", "日期"),
    Type.TEXT: ("string", "str", "word", "words", "文本", "文字"),
}
_TYPE_OF = {word: type_ for type_, words in _MEANT.items() for word in words}


def number_hint(text: str) -> Said:
    """Return what to write for a word that should be a number.

    >>> number_hint("75 days"), number_hint("£100"), number_hint("100"), number_hint("many")
    ('Write the number alone: 75.', 'Write the number alone: 100.', 'Leave out the quotes.', '')
    >>> number_hint("10k"), number_hint("８０"), number_hint(">= 60")
    ('Write all digits of the number.', 'Write it with plain digits: 80.', 'Write `{at_least: 60}`.')
    """
    plain = unicodedata.normalize("NFKC", text).replace("。", ".")
    if plain != text and _PLAIN.match(plain):
        return said("Write it with plain digits: {number}.", number=plain)
    text = plain
    if compared := _COMPARED.match(text):
        return said("Write `{{{operator}: {number}}}`.", operator=operator_of(compared[1]), number=compared[2])
    if _NOT_A_NUMBER.match(text):
        return said("There is no such number in rules; a missing value is tested by `known: false`.")
    if _CLOCK.match(text):
        return said("With a colon it is a text; write the number out, for example in minutes.")
    if len(text) > LONGEST // 2 and _SEPARATED.match(text):
        return said("It has too many digits.")
    if _PLAIN.match(text):
        return said("Leave out the quotes.")
    if _SEPARATED.match(text):
        return said("Write the digits without separators.")
    unit = _WITH_UNIT.match(text)
    if unit and _MULTIPLE.match(unit[2]):
        return said("Write all digits of the number.")
    alone = unit or _WITH_SIGN.match(text)
    return said("Write the number alone: {number}.", number=alone[1]) if alone else NOTHING


def comparison_hint(text: str) -> Said:
    """Return what to write for a condition that was written as a formula, or without a space; else nothing.

    >>> comparison_hint("days >= 60"), comparison_hint("stage:new"), comparison_hint("new")
    ('Write `days: {at_least: 60}`.', 'Put a space after the colon: `stage: new`.', '')
    """
    if found := _FORMULA.match(text):
        return said(
            "Write `{fact}: {{{operator}: {value}}}`.", fact=found[1], operator=operator_of(found[2]), value=found[3]
        )
    if found := _NO_SPACE.match(text):
        return said("Put a space after the colon: `{key}: {value}`.", key=found[1], value=found[2])
    return NOTHING


def flag_hint(text: str) -> Said:
    """Return what to write for a word that should be true or false.

    >>> flag_hint("yes"), flag_hint("true"), flag_hint("maybe")
    ('Write `true`; `yes` is a word here.', 'Leave out the quotes.', '')
    """
    if text.lower() in ("true", "false"):
        return said("Leave out the quotes.")
    meant = _YES_NO.get(text.lower())
    return said("Write `{meant}`; `{word}` is a word here.", meant=meant, word=text) if meant else NOTHING


def key_hint(text: str, known: Collection[str]) -> Said:
    """Return what to write for a key that is not known, such as one that a comma within a number has made.

    >>> key_hint("titel", {"title", "when"}), key_hint("set:{stage", {"set"}), key_hint("x", {"b", "a"})
    ('Did you mean `title`?', 'Put a space after the colon of `set:`.', 'Known here: a, b.')
    >>> key_hint("000", {"at_least"})
    'A number has no comma in it: write 10000, not 10,000, and 0.5, not 0,5.'
    """
    return slip_hint(text, known) or did_you_mean(text, known) or said("Known here: {known}.", known=sorted(known))


def slip_hint(text: str, known: Collection[str]) -> Said:
    """Return which slip of the pen made a key or name that is not known: a comma in a number, or a space left out."""
    if text.isdecimal():
        return said("A number has no comma in it: write 10000, not 10,000, and 0.5, not 0,5.")
    before, colon, _ = text.partition(":")
    return said("Put a space after the colon of `{key}:`.", key=before) if colon and before in known else NOTHING


def date_hint(text: str) -> Said:
    """Return how a date is written, of which somebody wrote the year first with other signs, or the day with points.

    >>> date_hint("2026/7/1"), date_hint("1.7.2026"), date_hint("7/1/2026")
    ('Write 2026-07-01.', 'Write 2026-07-01.', 'Write YYYY-MM-DD.')
    """
    found = _DAY_FIRST.match(text) or _YEAR_FIRST.match(text)
    if text.isdecimal():
        return said("Write YYYY-MM-DD; days are counted by `within_days` and, ahead, `due_within_days`.")
    if found is None:
        return said("Write YYYY-MM-DD.")
    return said("Write {date}.", date=f"{found['year']}-{int(found['month']):02}-{int(found['day']):02}")


def as_name(text: str, shape: re.Pattern[str], joint: str) -> str:
    """Return the name of a shape that is made from a text, or nothing if there is none.

    >>> as_name("autoRenews", re.compile(r"[a-z_]+"), "_")
    'auto_renews'
    """
    kept = "." if joint == "_." else ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", joint[0], text).lower()
    name = re.sub(rf"[^a-z0-9{kept}]+", joint[0], words).strip(joint)
    return name if text.isascii() and shape.match(name) else ""


def both_hint(text: str) -> Said:
    """Return how a text stands in both languages, of which somebody wrote it in one.

    >>> both_hint("Pack the box"), both_hint("装箱")
    ('Write `{en: "Pack the box", zh: ...}`.', 'Write `{en: ..., zh: "装箱"}`.')
    """
    same = json.dumps(text, ensure_ascii=False) if text and len(text) <= LONGEST else "..."
    if text.isascii():
        return said("Write `{{en: {text}, zh: ...}}`.", text=same)
    return said("Write `{{en: ..., zh: {text}}}`.", text=same)


def several_hint(text: str, members: Collection[str]) -> Said:
    """Return how several members are written that somebody wrote as one word, or nothing if it is not that.

    >>> several_hint("new or core", ["new", "core"]), several_hint("new、old", ["new", "core"])
    ('For one of several write `[new, core]`.', '')
    """
    parts = [part.strip() for part in re.split(r",|;|/|\bor\b|、|，|；|或", text)]
    are_members = len(parts) > 1 and all(part in members for part in parts)
    return said("For one of several write `[{members}]`.", members=", ".join(parts)) if are_members else NOTHING


def type_hint(word: str) -> Said:
    """Return the type that is meant by a word of other programs.

    >>> type_hint("yes/no"), type_hint("integr")
    ('Write `flag`.', 'Did you mean `integer`?')
    """
    meant = _TYPE_OF.get(word.lower())
    return said("Write `{meant}`.", meant=meant) if meant else did_you_mean(word, Type)
