"""The impact of edited rules on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from commands.impact_words import ImpactWords, Said
from common.texts import Texts

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from engine.impact import Impact, Versions
    from facts.card import Card

CONCLUSIONS = 25
"""More lines are for the page, not for a terminal."""


def page(
    texts: Texts, versions: Versions, found: Impact, cards: Mapping[str, Card], as_of: date
) -> Iterator[RenderableType]:
    """Yield the parts of the page: summary, stages, edits, conclusions, customers."""
    from rich.text import Text

    words = ImpactWords(texts, versions, found, cards)
    yield Text.assemble((words.title, "bold"), "  ", (texts("as_of", date=texts.date(as_of)), "dim"))
    yield from (Text(line) for line in words.summary)
    if found.edits:
        yield _heading(texts("diff_edits"))
        yield _edits(texts, words)
    if found.moved:
        yield _heading(texts("diff_stages"))
        yield _stages(words)
    if found.tallies:
        yield _heading(texts("diff_conclusions"))
        yield from _conclusions(texts, words)
    if found.alike:
        yield _heading(texts("diff_alike", number=texts.number(found.customers)))
        yield from (_change(texts, said) for said in words.alike)
    if found.listed:
        yield _heading(texts("diff_customers"))
        yield from _customers(texts, words)


def _heading(text: str) -> RenderableType:
    from rich.text import Text

    return Text(f"\n{text}", style="bold")


def _table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim")


def _edits(texts: Texts, words: ImpactWords) -> RenderableType:
    table = _table()
    table.add_column("", ratio=3, overflow="fold")
    table.add_column("", ratio=3, overflow="fold")
    for name in ("diff_fires", "diff_affects"):
        table.add_column(texts(name), justify="right", no_wrap=True)
    for place, one in enumerate(words.found.edits):
        table.add_row(words.edit(place), words.how(one), words.fires(one), words.affects(one))
    return table


def _stages(words: ImpactWords) -> RenderableType:
    from rich.text import Text

    concerned = words.moving  # the page shows all stages; a terminal is too narrow for them
    table = _table()
    table.add_column("")
    for stage in concerned:
        table.add_column(words.stage(stage), justify="right", overflow="fold")
    for before in concerned:
        cells = [
            Text(str(words.moved(before, after) or "·"), style="dim" if before == after else "bold")
            for after in concerned
        ]
        table.add_row(words.stage(before), *cells)
    return table


def _conclusions(texts: Texts, words: ImpactWords) -> Iterator[RenderableType]:
    from rich.text import Text

    table = _table()
    table.add_column("", ratio=2, overflow="fold")
    table.add_column("", ratio=3, overflow="fold")
    for name in ("diff_gained", "diff_lost"):
        table.add_column(texts(name), justify="right", no_wrap=True)
    conclusions = words.conclusions
    for one in conclusions[:CONCLUSIONS]:
        if one.value:
            table.add_row(
                one.fact, one.value, f"+{one.gained}" if one.gained else "", f"−{one.lost}" if one.lost else ""
            )
        else:
            table.add_row(one.fact, texts("diff_changed", number=one.changed), "", "")
    yield table
    if len(conclusions) > CONCLUSIONS:
        yield Text(texts("diff_more_lines", number=len(conclusions) - CONCLUSIONS), style="dim")


def _customers(texts: Texts, words: ImpactWords) -> Iterator[RenderableType]:
    from rich.text import Text

    for one in words.found.listed:
        yield Text.assemble(
            (words.name(one), "bold"), (f"  {one.customer} · {words.manager(one)} · {words.amount(one.amount)}", "dim")
        )
        yield from (_change(texts, said) for said in words.changes(one))
    more = words.found.apart - len(words.found.listed)
    if more:
        yield Text(texts("diff_more", number=more), style="dim")


def _change(texts: Texts, said: Said) -> RenderableType:
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text.assemble(said.what, (texts("diff_by", edit=said.by), "dim")), (0, 0, 0, 2))
