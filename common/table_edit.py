"""The smallest edit of a rule file by which the rows of a table become others; comments and everything else stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from common.table_cells import flow, same
from common.table_rows import BECAUSE, ID, IF, THEN, Row, with_rows
from engine.yaml12 import Node, YList, YMap, parse_yaml


class Edit(NamedTuple):
    """A stretch of a text, from its first character to before its last, and what comes to stand there."""

    start: int
    end: int
    text: str


class UneditableError(Exception):
    """Raised when rows are laid out in a way that cannot be edited without touching the rest."""


def edited(text: str, table: YMap, inputs: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> str:
    """Return the text of a rule file with other rows in one of its tables.

    Args:
        text: the file, as it is.
        table: the table in it.
        inputs: the facts that a row's list of tests is aligned with.
        before: the rows of the table.
        after: what they are to be, as nodes of this file where nothing changes.

    Raises:
        UneditableError: if the result would not be what is wanted.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    place = next((node for node in _nodes(root) if _is_at(node, table)), None)
    rows = _value(place, "rows")
    if not isinstance(rows, yaml.SequenceNode) or len(rows.value) != len(before):
        raise UneditableError
    known = {row.id.text: (row, node) for row, node in zip(before, rows.value, strict=True)}
    edits = [edit for row in after if row.id.text in known for edit in _cells(text, *known[row.id.text], row, inputs)]
    if [row.id.text for row in after] != list(known):
        edits = [_rearranged(text, rows, list(known), after, edits, inputs)]
    written = _applied(text, edits)
    wanted = with_rows(table, [row.node(inputs) for row in after])
    if not _same_but(parse_yaml(text, table.at.file), parse_yaml(written, table.at.file), table, wanted):
        raise UneditableError
    return written


def _same_but(old: Node, new: Node, table: YMap, wanted: YMap) -> bool:
    """Whether two files say the same, but for a table in the first that is to be another one in the second."""
    if isinstance(old, YMap) and old.at == table.at:
        return same(wanted, new)
    match old, new:
        case YMap(), YMap():
            keys = [[key.text for key, _ in each.entries] for each in (old, new)]
            pairs = zip(old.entries, new.entries, strict=False)
            return keys[0] == keys[1] and all(_same_but(a, b, table, wanted) for (_, a), (_, b) in pairs)
        case YList(), YList():
            pairs_of_items = zip(old.items, new.items, strict=False)
            return len(old.items) == len(new.items) and all(_same_but(a, b, table, wanted) for a, b in pairs_of_items)
    return same(old, new)


# --- cells ---


def _cells(text: str, before: Row, place: yaml.Node, after: Row, inputs: Sequence[str]) -> Iterator[Edit]:
    """Yield the edits by which one row becomes another."""
    old, new = before.node(inputs), after.node(inputs)
    for key in (ID, IF, THEN, BECAUSE):
        was, now, where = old.get(key), new.get(key), _value(place, key)
        if was is not None and now is not None and where is not None:
            yield from _parts(text, was, where, now)


def _parts(text: str, was: Node, where: yaml.Node, now: Node) -> Iterator[Edit]:
    """Yield the edits by which one node becomes another: of its items, where it keeps its shape."""
    if same(was, now):
        return
    match was, now, where:
        case YMap(), YMap(), yaml.MappingNode() if [key.text for key, _ in was.entries] == [
            key.text for key, _ in now.entries
        ]:
            for (_, old), (_, new), (_, place) in zip(was.entries, now.entries, where.value, strict=True):
                yield from _parts(text, old, place, new)
        case YList(), YList(), yaml.SequenceNode() if len(was.items) == len(now.items):
            for old, new, place in zip(was.items, now.items, where.value, strict=True):
                yield from _parts(text, old, place, new)
        case _:
            is_in_lines = isinstance(where, yaml.SequenceNode) and not where.flow_style
            deeper = "  " if is_in_lines else ""  # what is no list in lines must not begin right below its key
            yield Edit(where.start_mark.index, _end(text, where), deeper + flow(now))


# --- rows added, removed and moved ---


def _rearranged(
    text: str, rows: yaml.SequenceNode, ids: Sequence[str], after: Sequence[Row], edits: Sequence[Edit],
    inputs: Sequence[str],
) -> Edit:  # fmt: skip
    """Return the edit of all rows: each line of a row goes with it, and so do the comments above."""
    news = {row.id.text: flow(row.node(inputs)) for row in after if row.id.text not in ids}
    if rows.flow_style:
        stretches = {
            name: (node.start_mark.index, _end(text, node)) for name, node in zip(ids, rows.value, strict=True)
        }
        parts = [news.get(row.id.text) or _stretch(text, *stretches[row.id.text], edits) for row in after]
        return Edit(rows.start_mark.index, _end(text, rows), f"[{', '.join(parts)}]")
    first = rows.value[0].start_mark.index
    lead = re.fullmatch(r"( *)-( +)", text[_line_start(text, first) : first])
    if lead is None:
        raise UneditableError
    begin = _line_start(text, first)
    while begin > 0 and text[(above := _line_start(text, begin - 1)) : begin].lstrip(" ").startswith(("#", "\n", "\r")):
        begin = above
    stretches, start = {}, begin
    for name, node in zip(ids, rows.value, strict=True):
        stretches[name] = (start, start := _line_end(text, _end(text, node)))
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [
        f"{lead[0]}{news[row.id.text]}{newline}"
        if row.id.text in news
        else _stretch(text, *stretches[row.id.text], edits).removesuffix("\n").removesuffix("\r") + newline
        for row in after
    ]
    return Edit(begin, start, "".join(lines))


def _stretch(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """Return a stretch of a text, edited."""
    inside = [edit for edit in edits if start <= edit.start < end]
    return _applied(text[start:end], [Edit(one.start - start, one.end - start, one.text) for one in inside])


def _applied(text: str, edits: Sequence[Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = f"{text[: edit.start]}{edit.text}{text[edit.end :]}"
    return text


# --- places in the text ---


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield a node and all within it."""
    if node is None:
        return
    yield node
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _nodes(item)


def _is_at(node: yaml.Node, table: YMap) -> bool:
    mark = node.start_mark
    return isinstance(node, yaml.MappingNode) and (mark.line + 1, mark.column + 1) == (table.at.line, table.at.column)


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _end(text: str, node: yaml.Node) -> int:
    """Return where a node ends; what is written in lines ends with its last part, not with the lines after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Return where the next line begins."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1
