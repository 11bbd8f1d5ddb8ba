"""What came true, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from commands.backtest_words import GROUPS, BacktestWords, Table


def page(words: BacktestWords) -> Iterator[RenderableType]:
    """Yield the parts of the page: what was done, and for each period what came true."""
    texts = words.texts
    yield Text(texts("backtest_title"), style="bold")
    yield Text(words.head)
    for line in words.assumptions:
        yield Text(f"- {line}", style="dim")
    yield _table(words.dates())
    for period in words.found.periods:
        yield Text(f"\n{words.period(period)}", style="bold blue")
        for one in period.comparisons:
            yield Text(f"\n{words.question(one)}", style="bold")
            yield Text(words.asked(one))
            if one.chosen:
                yield _table(words.comparison(one, is_brief=True))
        for kind in GROUPS:
            if (found := words.groups(period, kind, is_brief=True)) is not None:
                yield _table(found)
        if (found := words.tenths(period)) is not None:
            yield _table(found)


def _table(found: Table) -> RenderableType:
    table = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    first, *others = found.columns
    table.add_column(first, overflow="fold")
    for place, title in enumerate(others, start=1):
        table.add_column(
            title, justify="right", width=_width(title, [row[place] for row in found.rows]), overflow="fold"
        )
    for row in found.rows:
        table.add_row(*row)
    return table


def _width(title: str, cells: Sequence[str]) -> int:
    """Return a width in which numbers stay whole; a heading folds between its words, a Chinese one anywhere."""
    words = [word if word.isascii() else word[:4] for word in title.split()]
    return max(map(cell_len, [*words, *cells]))
