"""`valuelift rules show`: one item of a pack in words, with everything around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import json_option, language_option, rule_pack_option
from engine.said import said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from engine.model import Pack
    from engine.phrasing import Line
    from engine.portrait import Gallery, Portrait

SHOWN = 8
LINKS = ("made_by", "advised_by", "used_by", "reads", "concludes", "read_by")


@click.command("show")
@click.argument("item", metavar="ID")
@rule_pack_option
@click.option("--all", "show_all", is_flag=True, help="Show whole lists.")
@language_option
@json_option
def command(item: str, pack: Path | None, show_all: bool, language: str, as_json: bool) -> None:
    """Show what an item of a pack says, in words.

    ID names a rule, table, gate, scorecard, invariant, action, parameter, fact or collection: its conditions and
    conclusions, what it reads and who reads what it concludes, the cases in which it takes part, and where it stands.
    Of any other word the items are listed that have it in their id, or in their title in either language; of an item of
    the method, such as B5, what carries it out.

    \b
    Example:
      valuelift rules show new-to-established --lang zh
      valuelift rules show stalled_after_days.new
      valuelift rules show silent
    """
    gallery = _gallery(pack, language)
    found = gallery.portraits(item)
    if not found:
        _show_alike(gallery, item, as_json=as_json)
        return
    if as_json:
        from commands.output import print_json

        print_json([_plain(one) for one in found])
        return
    from commands.output import print_page
    from common.texts import Texts

    print_page(*(_page(Texts(language), gallery.pack, one, show_all) for one in found))


def _show_alike(gallery: Gallery, word: str, *, as_json: bool) -> None:
    """List the items that have a word in their id or title.

    Raises:
        BadParameter: if there is none, with what to do; for other programs, which want one item, always.
    """
    from engine.lookup import having

    for override in gallery.pack.overrides:
        if (override.id, override.change) == (word, "disabled"):
            raise click.BadParameter(
                said("{what} {word!r} is disabled at {at}.", what=override.what, word=word, at=override.at),
                param_hint="ID",
            )
    alike = dict(having(gallery.pack, word, gallery.language))
    if alike and not as_json:
        width = max(map(len, alike))
        for name, title in alike.items():
            click.echo(f"{name:{width}}  {title}")
        return
    from engine.errors import did_you_mean

    hint = did_you_mean(word, gallery.ids()) or said("Give an id, or a word of a title: `valuelift rules show --help`.")
    raise click.BadParameter(
        said("the pack has nothing called {word!r}. {hint}", word=word, hint=hint), param_hint="ID"
    )


def _gallery(pack: Path | None, language: str) -> Gallery:
    from engine.cases import load_cases
    from engine.coverage import fired_in
    from engine.load.uses import uses_of_parameters
    from engine.portrait import Gallery
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    return Gallery(
        rules.pack, language, cases, cache(lambda: fired_in(rules.program, cases)), uses_of_parameters(folder)
    )


def _plain(one: Portrait) -> dict[str, Any]:
    from dataclasses import asdict

    from engine.phrasing import texts_of

    found = asdict(one)
    says = {name: texts_of(lines) for name, lines in one.says.items()}
    return {**found, "at": {"file": one.at.file, "line": one.at.line}, "says": says}


def _page(texts: Texts, pack: Pack, one: Portrait, show_all: bool) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    kind = texts(f"kind_{one.kind}")
    head = Text.assemble((one.title, "bold"), "  ", (f"{kind} {one.id}", "dim"))
    place = Text(f"{_shown_path(one.at.file)}:{one.at.line}", style="dim")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    if one.notes:
        grid.add_row("", Text(texts("semicolon").join(one.notes)))
    for name, lines in one.says.items():
        grid.add_row(texts(f"show_{name}"), _lines(lines))
    for name, words in _linked(texts, pack, one):
        shown = words if show_all else words[:SHOWN]
        links = [Text(word) for word in shown]
        if len(words) > len(shown):
            links.append(Text(texts("show_more", number=len(words) - len(shown)), style="dim"))
        grid.add_row(texts(f"show_{name}"), Group(*links))
    return Group(head, place, grid, Text(""))


def _lines(lines: Sequence[Line]) -> RenderableType:
    """Return lines with bullets that stay clear when a line is broken; a single one needs none."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if len(lines) == 1:
        return Text(lines[0].text)
    rows = []
    for line in lines:
        row = Table.grid()
        row.add_column(no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row("  " * line.depth + "· ", Text(line.text))
        rows.append(row)
    return Group(*rows)


def _shown_path(file: str) -> str:
    """Return a path as short as one can from here."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file


def _linked(texts: Texts, pack: Pack, one: Portrait) -> Iterator[tuple[str, list[str]]]:
    """Yield what the item is linked with, each link with its title."""
    from engine.relations import relations
    from engine.wording import Wording

    wording = Wording(pack.vocabulary, texts.language)
    found = relations(pack)
    for name in LINKS:
        ids: Iterable[str] = getattr(one, name)
        words = []
        for each in ids:
            known = found.items.get(each) or pack.actions.get(each)
            title = (
                wording.text(known.title)
                if known is not None and name not in ("reads", "concludes")
                else wording.title(each)
            )
            words.append(texts("show_link", title=title, id=each))
        if words:
            yield name, words
    if one.shown_as:
        yield "shown_as", list(one.shown_as)
    if one.sources:
        items = [(each, pack.method.get(each.partition(".")[0])) for each in one.sources]
        yield "sources", [f"{each} {wording.text(item.title)}" if item else each for each, item in items]
    if one.cases:
        yield "cases", list(one.cases)
