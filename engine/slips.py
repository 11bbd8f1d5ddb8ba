"""The slips of the pen behind a text that is no YAML, as far as two lines tell them."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.errors import full_width_in

_KEY = r"^\s*(?:-\s*)?[\w.]+"
_FULL_COLON = re.compile(rf"{_KEY}\s*(：)")
_FULL_BRACKET = re.compile(r"[:：,\[{-]\s*([｛【［“‘])|([｝】］”])\s*$")
_FULL_IN_FLOW = re.compile(r"[\[{][^'\"]*?[\w\]}]([：，])\s*[\w\[{]")
_NO_SPACE = re.compile(rf"({_KEY}:)[^\s:/\\]")
_NO_SPACE_AFTER_DASH = re.compile(r"^\s*(-\w[\w-]*):")
_WIDE_SPACE = re.compile(r"^ *[\u3000\u00a0]|^\s*(?:-\s*)?[\w.]+:[\u3000\u00a0]")
_RESERVED_FIRST = re.compile(r"[:,\[{-]\s*([%@`])")
_APOSTROPHE = re.compile(r'"x*"[A-Za-z]')
_COMMENT_IN_FLOW = re.compile(r"[\[{][^\]}]*\s#")
_FULL_SIGN = re.compile(r"^\s*([－＃])")
_COLON_IN_TEXT = re.compile(r"^\s*(?:-\s*)?[\w.]+: +(?![\"'\[{|>&*!#])[^#]*\w: ")
_SIGN = re.compile(r":\s*(?:\{\s*)?([<>]=?)")
_SIGNS = {
    "at_least": (">=", "=>", "≥", "gte", "ge", "min", "至少", "不少于", "大于等于"),
    "at_most": ("<=", "=<", "≤", "lte", "le", "max", "至多", "不超过", "小于等于"),
    "more_than": (">", "gt", "above", "over", "大于", "超过"),
    "less_than": ("<", "lt", "below", "under", "小于", "低于"),
    "is": ("=", "==", "equals", "eq", "等于"),
    "is_not": ("!=", "<>", "≠", "不等于"),
    "one_of": ("in", "属于"),
    "none_of": ("not_in", "not in"),
}
"""What other programs write, by operator."""
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def slip_in(text: str, line: int, what: str) -> str:
    """Return what to do about a text that is no YAML.

    Args:
        text: all of it.
        line: where the parser noticed, counted from 1; the slip is there or in the line above.
        what: what the parser says, and while doing what.
    """
    if "quoted scalar" in what:
        return (
            "The quote that opens here is not closed, or stands inside a text: write a text with quotes in single ones."
        )
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    above = next((place for place in range(line - 1, 0, -1) if lines[place - 1].strip()), 0)
    for number, one in [(line, here), (above, lines[above - 1] if above else "")]:
        for find in _FINDERS:
            if found := find(_QUOTED.sub(lambda quoted: '"' + "x" * (len(quoted[0]) - 2) + '"', one)):
                return f"Line {number}: {found}"
    if "',' or" in what:
        return 'A text with `:`, `,`, `{` or `}` in it stands in quotes: "...". Or a bracket is not closed.'
    if above and here.strip() and (indented := _indentation(here)) != _indentation(lines[above - 1]):
        behind = f"{indented} spaces, line {above} behind {_indentation(lines[above - 1])}"
        return f"Keys that belong together begin in the same column; line {line} begins behind {behind}."
    return "Check the indentation and the quotes on this line and the one above."


def operator_of(sign: str) -> str:
    """Return the operator that a sign or word of other languages stands for, or nothing.

    >>> operator_of(">="), operator_of("大于"), operator_of("near")
    ('at_least', 'more_than', '')
    """
    return next((operator for operator, signs in _SIGNS.items() if sign.lower() in signs), "")


def _tab(line: str) -> str:
    return "it contains a tab; indent with spaces." if "\t" in line else ""


def _full_width(line: str) -> str:
    for pattern in (_FULL_SIGN, _FULL_COLON, _FULL_BRACKET, _FULL_IN_FLOW):
        if found := pattern.search(line):
            return full_width_in(next(filter(None, found.groups())))
    return ""


def _space(line: str) -> str:
    if found := _NO_SPACE_AFTER_DASH.search(line):
        return f"put a space after the dash of `{found[1]}`."
    if found := _NO_SPACE.search(line):
        return f"put a space after the colon of `{found[1].strip()}`."
    return ""


def _wide_space(line: str) -> str:
    return "it has full-width or unbreakable spaces; write plain ones." if _WIDE_SPACE.search(line) else ""


def _colon_in_text(line: str) -> str:
    return 'a text with a colon in it stands in quotes: "...".' if _COLON_IN_TEXT.search(line) else ""


def _in_quotes(line: str) -> str:
    if found := _RESERVED_FIRST.search(line):
        return f"what begins with `{found[1]}` stands in quotes."
    if _APOSTROPHE.search(line):
        return "a text with an apostrophe in it stands in double quotes."
    return "` #` begins a comment; a text with it stands in quotes." if _COMMENT_IN_FLOW.search(line) else ""


def _sign(line: str) -> str:
    found = _SIGN.search(line)
    return f"write `{operator_of(found[1])}: ...` in braces instead of `{found[1]}`." if found else ""


_FINDERS: tuple[Callable[[str], str], ...] = (_tab, _wide_space, _full_width, _space, _sign, _colon_in_text, _in_quotes)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
