"""What stands in the cells of a decision table: tests in few signs, and the YAML that they are short for.

`-` accepts anything, `core` is one value, `core, strategic` are several, `>= 3` and `3 .. 5` are bounds; every other
test is written as in rule files, such as `{known: true, at_least: {param: frequent.orders}}`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal

from engine.errors import Location, Problem, Problems, ProblemsError
from engine.said import said
from engine.yaml12 import Node, YList, YMap, YScalar, parse_yaml, plain_value

ANYTHING = "-"
_SIGNS = {">=": "at_least", "≥": "at_least", "<=": "at_most", "≤": "at_most", ">": "more_than", "<": "less_than"}
_WRITTEN = {"at_least": ">=", "at_most": "<=", "more_than": ">", "less_than": "<"}
_COMPARED = re.compile(r"(>=|≥|<=|≤|>|<)\s*(.+)", re.DOTALL)
_BETWEEN = re.compile(r"([^\s\[\]{}\"',]+)\s*(?:\.\.|…)\s*([^\s\[\]{}\"',]+)")
_COMMA = re.compile(r"\s*[,，、]\s*")
_PLAIN = re.compile(r"\w([\w .%/+，。；：！？、（）《》“”-]*[\w.%/+，。；：！？、（）《》“”-])?")
"""Texts that need no quotes, inside brackets neither."""


def word(text: str, at: Location) -> YScalar:
    """Return a single value as it would be read without quotes."""
    return YScalar(plain_value(text), text, at)


def shown(test: Node | None) -> str:
    """Return what a cell shows for a test (None: anything)."""
    if test is None:
        return ANYTHING
    short = _short(test)
    if short is not None:
        problems = Problems()
        read = read_test(short, test.at, problems)
        if not problems.found and read is not None and same(read, test):
            return short
    return flow(test)


def read_test(text: str, at: Location, problems: Problems) -> Node | None:
    """Return the test that a cell stands for, or None for anything; note what cannot be read."""
    text = text.strip()
    if text == ANYTHING:
        return None
    if not text:
        problems.add(at, "empty-cell", said("the cell is empty."), said("Write a value, or `-` for anything."))
        return None
    if compared := _COMPARED.fullmatch(text):
        operand = _operand(compared[2], at, problems)
        return None if operand is None else YMap(((word(_SIGNS[compared[1]], at), operand),), at)
    if between := _BETWEEN.fullmatch(text):
        return YMap(((word("between", at), YList((word(between[1], at), word(between[2], at)), at)),), at)
    if _COMMA.search(text) and not re.search(r"[\[\]{}\"':#]", text):
        return YList(tuple(word(part, at) for part in _COMMA.split(text)), at)
    return _operand(text, at, problems)


def _operand(text: str, at: Location, problems: Problems) -> Node | None:
    try:
        return placed(parse_yaml(text, at.file), at)
    except ProblemsError as error:
        hint = said('Write a value, or quote a text: "...".')
        problems.found.extend(Problem(at, problem.code, problem.message, hint) for problem in error.problems)
        return None


def _short(test: Node) -> str | None:
    """Return a test in few signs, if it looks as if that could be done."""
    if isinstance(test, YScalar):
        return test.text
    if isinstance(test, YList) and len(test.items) > 1 and all(isinstance(item, YScalar) for item in test.items):
        return ", ".join(item.text for item in test.items if isinstance(item, YScalar))
    if isinstance(test, YMap) and len(test.entries) == 1:
        ((name, operand),) = test.entries
        if name.text in _WRITTEN:
            return f"{_WRITTEN[name.text]} {flow(operand)}"
        if name.text == "between" and isinstance(operand, YList):
            return " .. ".join(flow(item) for item in operand.items)
    return None


# --- nodes ---


def flow(node: Node) -> str:
    """Return a node as YAML on one line."""
    match node:
        case YMap():
            return f"{{{', '.join(f'{flow(key)}: {flow(value)}' for key, value in node.entries)}}}"
        case YList():
            return f"[{', '.join(map(flow, node.items))}]"
        case _ if not isinstance(node.value, str):
            return node.text or "null"
    is_plain = _PLAIN.fullmatch(node.text) and plain_value(node.text) == node.text
    return node.text if is_plain else json.dumps(node.text, ensure_ascii=False)


def same(one: Node, other: Node) -> bool:
    """Return whether two nodes say the same, wherever and in whichever order and quotes their parts stand."""
    match one, other:
        case YMap(), YMap():
            ours, theirs = ({key.text: value for key, value in each.entries} for each in (one, other))
            return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
        case YList(), YList():
            return len(one.items) == len(other.items) and all(map(same, one.items, other.items))
        case YScalar(), YScalar():
            kinds = [Decimal if type(each.value) is int else type(each.value) for each in (one, other)]
            return kinds[0] is kinds[1] and one.value == other.value
    return False


def placed(node: Node, at: Location) -> Node:
    """Return a node as if all of it stood at one place."""
    match node:
        case YMap():
            return YMap(tuple((key._replace(at=at), placed(value, at)) for key, value in node.entries), at)
        case YList():
            return YList(tuple(placed(item, at) for item in node.items), at)
    return node._replace(at=at)
