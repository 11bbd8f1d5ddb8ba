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

    from common.texts import Texts
    from engine.cases import Case
    from engine.coverage import Coverage
    from engine.model import Pack
    from engine.wording import Wording
    from wiring import Rules

PLACES = 3


@click.command("coverage")
@pack_argument
@click.option("--conditions", is_flag=True, help="Show which tests of conditions no case sees on both sides.")
@language_option
@json_option
def command(pack: Path | None, conditions: bool, language: str, as_json: bool) -> None:
    """Show, item by item of the method, what of the folder PACK carries it out.

    Counts the rules that cite the item (with rows of tables, gates and rules that give points) and the cases in which
    one of them fires; names the commands that show it, and where a recommendation shows what the rules conclude. With
    --json also the actions, invariants and parameters that cite it. By default the pack that comes with Valuelift is
    shown. Exit code 1: an item has no rules, no cases, or is shown nowhere.

    With --conditions shows the tests that conditions are made of, such as `days_in_stage at_least 90`, that no case
    makes true or no case makes false; who asks them; and the value nearest to a threshold in cases on its other side.
    What invariants alone ask is expected on one side only, what only inherited rules ask is left to the cases of the
    pack that they come from. Exit code 1: a threshold lacks a side. With --json all tests
    are listed.

    \b
    Example:
      valuelift rules coverage rulesets/value_marketing
      valuelift rules coverage rulesets/value_marketing --conditions
    """
    from engine.cases import load_cases
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    if conditions:
        is_complete = _show_conditions(folder, rules, cases, language, as_json)
    else:
        is_complete = _show_items(rules, cases, language, as_json)
    if not is_complete:
        raise click.exceptions.Exit(PROBLEMS)


def _show_conditions(folder: Path, rules: Rules, cases: Sequence[Case], language: str, as_json: bool) -> bool:
    """Show what cases see of the tests of conditions; return whether they see all thresholds on both sides."""
    from commands.output import print_json
    from commands.rules_conditions import lacking, lines, plain
    from common.texts import Texts
    from engine.condition_coverage import condition_coverage

    seen = condition_coverage(rules.pack, rules.program, cases, folder)
    if as_json:
        print_json(plain(seen))
    else:
        for line in lines(Texts(language), seen):
            click.echo(line)
    return not any(one.is_threshold for one in lacking(seen))


def _show_items(rules: Rules, cases: Sequence[Case], language: str, as_json: bool) -> bool:
    """Show what carries out the items of the method; return whether all are carried out."""
    from engine.coverage import coverage

    covered = coverage(rules.pack, rules.program, cases)
    lacking = [one.item.id for one in covered if not one.is_carried_out]
    if as_json:
        from commands.output import print_json

        print_json({"items": [_plain(one) for one in covered], "lacking": lacking})
    else:
        from commands.output import print_page
        from common.texts import Texts

        print_page(_page(Texts(language), rules.pack, covered, lacking))
    return not lacking


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
    for name in ("rules", "cases"):
        table.add_column(texts(name), justify="right", no_wrap=True)
    table.add_column(texts("shows"), ratio=3, overflow="fold")
    for one in covered:
        numbers = (len(one.deciding), len(one.cases))
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
