"""Tables that fit the terminal: columns give way down to their longest word, and those left out are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from common.texts import Texts


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, and how it gives way.

    Attributes:
        title: its heading.
        cells: one for each row.
        least: cells that it needs; None: those of its longest word.
        most: cells that it takes at most; None: those of its longest line.
        is_number: it stands to the right.
        goes: the higher, the sooner it is left out; None: never.
    """

    title: str
    cells: Sequence[Text]
    least: int | None = None
    most: int | None = None
    is_number: bool = False
    goes: int | None = None

    @property
    def narrowest(self) -> int:
        """The cells that it needs."""
        words = [word for text in self._lines() for word in text.split()]
        return min(self.least or max(map(cell_len, words), default=0), self.widest)

    @property
    def widest(self) -> int:
        """The cells that it takes where there is room."""
        found = max(max(map(cell_len, self._lines())), self.least or 0)
        return found if self.most is None else min(found, self.most)

    def _lines(self) -> list[str]:
        return [self.title, *(cell.plain for cell in self.cells)]


def fitted(texts: Texts, columns: Sequence[Column], width: int) -> list[RenderableType]:
    """Return a table of as many of the columns as fit into a width, and a line that names the others, if any.

    Args:
        texts: the reader's.
        columns: from left to right.
        width: of the terminal, in cells.
    """
    shown = list(columns)
    while _needed(shown) > width and any(each.goes is not None for each in shown):
        shown.remove(max(shown, key=lambda each: each.goes or -1))
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold")
    for each, cells in zip(shown, _widths(shown, width), strict=True):
        justify = "right" if each.is_number else "left"
        table.add_column(each.title, width=cells, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in zip(*(each.cells for each in shown), strict=True):
        table.add_row(*row)
    left_out = [each.title for each in columns if each not in shown]
    if not left_out:
        return [table]
    said = texts("columns_left_out", width=width, columns=texts("comma").join(left_out))
    return [table, Text(said, style="dim")]


def _needed(columns: Sequence[Column]) -> int:
    return _between(columns) + sum(each.narrowest for each in columns)


def _between(columns: Sequence[Column]) -> int:
    """Return the cells that are not of any column: one before, between and after them."""
    return len(columns) + 1


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return how wide each column is: what it needs; what is left makes as many as it can as wide as they would be."""
    found = [each.narrowest for each in columns]
    left = max(0, width - _between(columns) - sum(found))
    lacking = [each.widest - each.narrowest for each in columns]
    for place in sorted(range(len(columns)), key=lambda place: lacking[place]):
        if lacking[place] <= left:
            found[place], left = found[place] + lacking[place], left - lacking[place]
            lacking[place] = 0
    narrow = next((place for place, more in enumerate(lacking) if more), None)
    if narrow is not None:
        found[narrow] += left
    return found
