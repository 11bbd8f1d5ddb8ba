"""Parts that pages on a terminal share: the line at their head, sections, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.texts import Texts


def headline(
    texts: Texts, customer: str, card: Mapping[str, str | None], as_of: date, currency: str = ""
) -> RenderableType:
    """Return the line that says who a page is about, as of when, and in which currency amounts are, if that matters."""
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1, overflow="fold")
    line.add_column(justify="right")
    name = card.get("name") or customer
    who = Text.assemble((name, "bold"), "" if customer in name.split() else f"  {customer}")
    name = "as_of_in" if currency else "as_of"
    line.add_row(who, texts(name, date=texts.date(as_of), currency=currency))
    return line


def section(heading: str, content: RenderableType) -> RenderableType:
    """Return a part of a page under its heading."""
    return Group(Text(""), Text(heading, style="bold blue"), Padding(content, (0, 0, 0, 2)))


def bullets(lines: Iterable[str]) -> RenderableType:
    """Return lines as a list."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for line in lines:
        grid.add_row("-", Text(line))
    return grid
