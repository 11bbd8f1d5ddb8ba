"""Explanations as the command line lays them out, taken apart for a page: lines, trees and tables of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from common.explain_layout import MARKS

_STATES = {mark: state for (mark, _), state in zip(MARKS.values(), ("met", "not_met", "unknown"), strict=True)}


@dataclass(frozen=True, slots=True)
class Block:
    """A line with its mark (`met`, `not_met`, `unknown` or none) and what stands below it; or the rows of a table.

    `is_main`: it stands out, as a heading does.
    """

    text: str = ""
    mark: str = ""
    below: tuple[Block, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    is_main: bool = False


def blocks(parts: Iterable[object]) -> Iterator[Block]:
    """Yield a block for each part of a layout that says something.

    Raises:
        TypeError: if the layout uses a shape that pages do not have.
    """
    for part in parts:
        found = _block(part)
        if found.text or found.rows:
            yield found


def read_blocks(plain: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield blocks that came as JSON."""
    for one in plain:
        below, rows = tuple(read_blocks(one["below"])), tuple(map(tuple, one["rows"]))
        yield Block(one["text"], one["mark"], below, tuple(one["header"]), rows, one["is_main"])


def _block(part: object) -> Block:
    match part:
        case str():
            return _line(part)
        case Text():
            return replace(_line(part.plain), is_main="bold" in str(part.style))
        case Padding():
            return _block(part.renderable)
        case Tree():
            label = _block(part.label)
            text = label.text or " ".join(cell for row in label.rows for cell in row)
            return Block(text, label.mark, tuple(blocks(part.children)))
        case Table() if not part.show_header and len(part.columns) == 2:  # a mark, and the line beside it
            marked = [_block(cell) for column in part.columns for cell in column.cells]
            return _line(" ".join(_marked(each) for each in marked))
        case Table():
            header = tuple(_block(column.header).text for column in part.columns)
            columns = [[_block(cell).text for cell in column.cells] for column in part.columns]
            return Block(header=header, rows=tuple(zip(*columns, strict=True)))
    raise TypeError(f"a page has no shape for {type(part).__name__}")


def _marked(block: Block) -> str:
    marks = {state: mark for mark, state in _STATES.items()}
    return f"{marks.get(block.mark, '')}{block.text}"


def _line(text: str) -> Block:
    said = text.strip()
    state = _STATES.get(said[:1], "")
    return Block(said[1:].strip() if state else said, state)
