"""`valuelift rules coverage`: item by item of the method, what carries it out and where it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import json_option, language_option, pack_argument

if TYPE_CHECKING:
    from rich.console import RenderableType

    from commands.texts import Texts
    from engine.coverage import Coverage
    from engine.model import Pack
    from engine.wording import Wording

PLACES = 3


@click.command("coverage")
@pack_argument
@language_option
@json_option
def command(pack: Path | None, language: str, as_json: bool) -> None:
    """Show, item by item of the method, what of the folder PACK carries it out.

    Counts what cites the item: rules (with rows of tables, gates and rules that give points), actions, invariants and
    parameters; the cases in which one of these rules fires; and where a recommendation shows what they conclude. By
    default the pack that comes with Valuelift is shown. Exit code 1: an item is not carried out.

    \b
    Example:
      valuelift rules coverage rulesets/value_marketing
    """
    from engine.cases import load_cases
    from engine.coverage import coverage
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    covered = coverage(rules.pack, rules.program, load_cases(folder, rules.pack))
    lacking = [one.item.id for one in covered if not one.is_carried_out]
    if as_json:
        from commands.output import print_json

        print_json({"items": [_plain(one) for one in covered], "lacking": lacking})
    else:
        from commands.output import print_page
        from commands.texts import Texts

        print_page(_page(Texts(language), rules.pack, covered, lacking))
    if lacking:
        raise click.exceptions.Exit(PROBLEMS)


def _plain(one: Coverage) -> dict[str, Any]:
    found = asdict(one)
    item = found.pop("item")
    return {"id": item["id"], "title": item["title"], "shown_in": item["shown_in"], **found}


def _page(texts: Texts, pack: Pack, covered: Sequence[Coverage], lacking: Sequence[str]) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from engine.wording import Wording

    wording = Wording(pack.vocabulary, texts.language)
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True, style="bold")
    table.add_column(texts("item"), ratio=3, overflow="fold")
    for name in ("rules", "actions", "cases"):
        table.add_column(texts(name), justify="right", no_wrap=True)
    table.add_column(texts("shows"), ratio=3, overflow="fold")
    for one in covered:
        numbers = (len(one.deciding), len(one.actions), len(one.cases))
        table.add_row(
            one.item.id,
            wording.text(one.item.title),
            *(str(number or "–") for number in numbers),
            Text(_places(texts, wording, pack, one) or "–", style="" if one.is_carried_out else "bold red"),
        )
    end = (
        texts("coverage_lacking", items=wording.listed(lacking))
        if lacking
        else texts("all_carried_out", number=len(covered))
    )
    return Group(table, Text(end, style="bold red" if lacking else "dim"))


def _places(texts: Texts, wording: Wording, pack: Pack, one: Coverage) -> str:
    """Return where an item shows, the first few places by name."""
    from engine.coverage import Kind

    gates = {gate.id: gate.title for gate in pack.gates}
    names = [f"valuelift {command}" for command in one.item.shown_in]
    for place in one.shows:
        match place.kind:
            case Kind.FACT:
                names.append(wording.title(place.id))
            case Kind.GATE:
                names.append(wording.text(gates[place.id]))
            case Kind.ACTION:
                names.append(wording.text(pack.actions[place.id].title))
    more = len(names) - PLACES
    return wording.listed(names[:PLACES]) + (" " + texts("coverage_more", number=more) if more > 0 else "")
