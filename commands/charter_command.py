"""`valuelift charter`: the service charter, generated from a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import json_option, language_option, out_option, pack_argument

if TYPE_CHECKING:
    from engine.model import Action, Pack, Table
    from engine.vocabulary import Text
    from engine.wording import Wording

FAMILY = "service"
TIER, LEVEL = "service_tier", "service_level"


@dataclass(frozen=True, slots=True)
class Item:
    """A service action in words."""

    title: str
    owner: str
    days: int
    cost: str
    steps: tuple[str, ...]
    effect: str
    heard_by: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Who gets which service: for which reason, which tier, and by whom."""

    reason: str
    tier: str
    level: str


@dataclass(frozen=True, slots=True)
class Phase:
    """The service of one phase of a sale."""

    title: str
    policies: tuple[Policy, ...]
    items: tuple[Item, ...]


@click.command("charter")
@pack_argument
@out_option
@language_option
@json_option
def command(pack: Path | None, out: Path | None, language: str, as_json: bool) -> None:
    """Write the service charter that follows from the rules in the folder PACK.

    Concept, goals and boundary stand in the pack's folder `charter`; tiers and levels of each phase in its tables, the
    services with their standard steps among its actions. By default of the pack that comes with Valuelift.

    \b
    Example:
      valuelift charter --lang zh --out charter.md
    """
    from commands.documents import deliver, rendered
    from common.texts import Texts
    from engine.wording import Wording
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder).pack
    wording = Wording(rules.vocabulary, language)
    sections = [(wording.text(title), wording.text(text)) for title, text in sections_in(folder)]
    phases = tuple(_phases(rules, wording))
    if as_json:
        from commands.output import print_json

        print_json({"sections": sections, "phases": phases})
        return
    page = rendered(
        "charter.markdown", Texts(language), pack=wording.text(rules.title), sections=sections, phases=phases
    )
    deliver(page, out)


def sections_in(folder: Path) -> list[tuple[Text, Text]]:
    """Return title and text of each section in a pack's folder `charter`.

    Raises:
        ProblemsError: with every problem in its files.
    """
    from engine.errors import Problems
    from engine.load.files import read_nodes
    from engine.load.form import Form
    from engine.said import said

    problems = Problems()
    found = []
    for node in read_nodes(sorted((folder / "charter").glob("*.yaml")), problems).values():
        form = Form(node, said("a charter"), problems)
        for item in form.required_items("charter"):
            section = Form(item, said("a section"), problems)
            section.word("section")
            found.append((section.text("title"), section.text("text")))
            section.close()
        form.close()
    problems.raise_any()
    return found


def _phases(pack: Pack, wording: Wording) -> Iterator[Phase]:
    phases = pack.vocabulary.enums["phase"]
    for phase, title in phases.titles.items():
        yield Phase(
            wording.text(title),
            tuple(policy for table in pack.tables for policy in _policies(table, phase, wording)),
            tuple(_item(one, wording) for one in pack.actions.values() if (one.family, one.phase) == (FAMILY, phase)),
        )


def _policies(table: Table, phase: str, wording: Wording) -> Iterator[Policy]:
    """Yield the rows of a table that concludes the tier and the level of a phase."""
    outputs = [key.name for key in table.outputs]
    if outputs != [f"{TIER}.{phase}", f"{LEVEL}.{phase}"]:
        return
    for row in table.rows:
        tier, level = (
            wording.member_of(enum, str(value)) for enum, value in zip((TIER, LEVEL), row.values, strict=True)
        )
        yield Policy(wording.text(row.because), tier, level)


def _item(action: Action, wording: Wording) -> Item:
    return Item(
        title=wording.text(action.title),
        owner=wording.member_of("speaker_role", action.owner),
        days=action.days,
        cost=wording.member_of("cost_class", action.cost) if action.cost else "",
        steps=tuple(wording.text(step) for step in action.steps),
        effect=wording.text(action.effect) if action.effect else "",
        heard_by=wording.text(action.heard_by) if action.heard_by else "",
    )
