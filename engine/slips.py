"""The slips of the pen behind a text that is no YAML, as far as two lines tell them."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.errors import full_width_in
from engine.said import NOTHING, Said, said

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
_OF_PARSER = (
    said("found character that cannot start any token"),
    said("found unexpected end of stream"),
    said("found unexpected document indicator"),
    said("found unknown escape character"),
    said("found unexpected ':'"),
    said("found a tab character that violates indentation"),
    said("found a tab character where an indentation space is expected"),
    said("found undefined tag handle"),
    said("could not find expected ':'"),
    said("could not find expected directive name"),
    said("did not find expected <document start>"),
    said("did not find expected node content"),
    said("did not find expected '-' indicator"),
    said("did not find expected key"),
    said("did not find expected ',' or ']'"),
    said("did not find expected ',' or '}'"),
    said("did not find expected alphabetic or numeric character"),
    said("did not find expected comment or line break"),
    said("did not find expected hexdecimal number"),
    said("did not find expected tag URI"),
    said("did not find expected whitespace or line break"),
    said("block sequence entries are not allowed in this context"),
    said("mapping keys are not allowed in this context"),
    said("mapping values are not allowed in this context"),
)
"""What libyaml says."""

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def slip_in(text: str, line: int, what: str) -> Said:
    """Return what to do about a text that is no YAML.

    Args:
        text: all of it.
        line: where the parser noticed, counted from 1; the slip is there or in the line above.
        what: what the parser says, and while doing what.
    """
    if "quoted scalar" in what:
        return said(
            "The quote that opens here is not closed, or stands inside a text: write a text with quotes in single ones."
        )
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    above = next((place for place in range(line - 1, 0, -1) if lines[place - 1].strip()), 0)
    for number, one in [(line, here), (above, lines[above - 1] if above else "")]:
        for find in _FINDERS:
            if found := find(_QUOTED.sub(lambda quoted: '"' + "x" * (len(quoted[0]) - 2) + '"', one)):
                return said("Line {line}: {slip}", line=number, slip=found)
    if "',' or" in what:
        return said('A text with `:`, `,`, `{` or `}` in it stands in quotes: "...". Or a bracket is not closed.')
    if above and here.strip() and (indented := _indentation(here)) != _indentation(lines[above - 1]):
        return said(
            "Keys that belong together begin in the same column; line {line} begins behind {behind} spaces,"
            " line {above} behind {other}.",
            line=line,
            behind=indented,
            above=above,
            other=_indentation(lines[above - 1]),
        )
    return said("Check the indentation and the quotes on this line and the one above.")


def of_parser(what: str) -> str:
    """Return what the parser says, to be told in other languages too if it is known."""
    return next((each for each in _OF_PARSER if each == what), what)


def operator_of(sign: str) -> str:
    """Return the operator that a sign or word of other languages stands for, or nothing.

    >>> operator_of(">="), operator_of("大于"), operator_of("near")
    ('at_least', 'more_than', '')
    """
    return next((operator for operator, signs in _SIGNS.items() if sign.lower() in signs), "")


def _tab(line: str) -> Said:
    return said("it contains a tab; indent with spaces.") if "\t" in line else NOTHING


def _full_width(line: str) -> Said:
    for pattern in (_FULL_SIGN, _FULL_COLON, _FULL_BRACKET, _FULL_IN_FLOW):
        if found := pattern.search(line):
            return full_width_in(next(filter(None, found.groups())))
    return NOTHING


def _space(line: str) -> Said:
    if found := _NO_SPACE_AFTER_DASH.search(line):
        return said("put a space after the dash of `{word}`.", word=found[1])
    if found := _NO_SPACE.search(line):
        return said("put a space after the colon of `{word}`.", word=found[1].strip())
    return NOTHING


def _wide_space(line: str) -> Said:
    return said("it has full-width or unbreakable spaces; write plain ones.") if _WIDE_SPACE.search(line) else NOTHING


def _colon_in_text(line: str) -> Said:
    return said('a text with a colon in it stands in quotes: "...".') if _COLON_IN_TEXT.search(line) else NOTHING


def _in_quotes(line: str) -> Said:
    if found := _RESERVED_FIRST.search(line):
        return said("what begins with `{sign}` stands in quotes.", sign=found[1])
    if _APOSTROPHE.search(line):
        return said("a text with an apostrophe in it stands in double quotes.")
    return said("` #` begins a comment; a text with it stands in quotes.") if _COMMENT_IN_FLOW.search(line) else NOTHING


def _sign(line: str) -> Said:
    found = _SIGN.search(line)
    if found is None:
        return NOTHING
    return said("write `{operator}: ...` in braces instead of `{sign}`.", operator=operator_of(found[1]), sign=found[1])


_FINDERS: tuple[Callable[[str], Said], ...] = (
    _tab,
    _wide_space,
    _full_width,
    _space,
    _sign,
    _colon_in_text,
    _in_quotes,
)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
