"""`valuelift doctor`: is everything there that the next batch needs?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import db_option, json_option, language_option, pack_option, runs_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.doctor import Finding
    from common.texts import Texts

MARKS = {"fine": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "bold red")}
HOURS = 36


@click.command("doctor")
@click.option(
    "--max-age",
    type=click.IntRange(1, 100_000),
    default=HOURS,
    show_default=True,
    metavar="HOURS",
    help="From when on the last run is too old.",
)
@db_option
@runs_option
@pack_option
@language_option
@json_option
def command(max_age: int, db: str | None, out: Path | None, pack: Path | None, language: str, as_json: bool) -> None:
    """Check that the next batch finds everything that it needs.

    Looks at configuration, versions, database, its tables and the rows in them, free disk, the rules and the catalogue
    against those of the last run, and how old that is. Changes nothing. Each finding says what to do; the exit code is
    1 if there is a problem.

    \b
    Example:
      valuelift doctor --db valuelift.db
      valuelift doctor --max-age 30 --json
    """
    from common.doctor import Examination, State
    from common.texts import Texts

    texts = Texts(language)
    found = Examination(db, out, pack, timedelta(hours=max_age)).findings()
    problems = sum(each.state is State.PROBLEM for each in found)
    if as_json:
        from commands.output import print_json

        print_json({"problems": problems, "findings": [_plain(texts, each) for each in found]})
    else:
        from commands.output import print_page

        print_page(page(texts, found), texts("doctor_problems", number=problems) if problems else texts("doctor_well"))
    if problems:
        raise click.exceptions.Exit(1)


def _plain(texts: Texts, finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "state": finding.state,
        "id": finding.name,
        "said": said(texts, finding),
        "do": to_do(texts, finding),
        "values": {name: str(value) for name, value in _values(texts, finding).items()},
    }


def said(texts: Texts, finding: Finding) -> str:
    """Return a finding in words."""
    return texts(f"doctor_{finding.name}", **_values(texts, finding))


def to_do(texts: Texts, finding: Finding) -> str:
    """Return what to do about a finding; nothing if it is fine."""
    name = f"doctor_{finding.do or f'{finding.name}_do'}"
    return texts(name, **_values(texts, finding)) if texts.has(name) else ""


def _values(texts: Texts, finding: Finding) -> dict[str, object]:
    """Return what is filled in, records that ended in words."""
    from common.ended import ended_in_words

    values = dict(finding.values)
    if "ended" in values:
        values["ended"] = ended_in_words(texts, values["ended"])  # type: ignore[arg-type]
    return values


def page(texts: Texts, found: list[Finding]) -> RenderableType:
    """Return the findings below each other."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for each in found:
        mark, style = MARKS[each.state]
        text = Text(said(texts, each))
        if to_do(texts, each):
            text.append(f"\n→ {to_do(texts, each)}", style="bold")
        grid.add_row(Text(mark, style=style), Text(texts(f"doctor_check_{each.check}"), style="dim"), text)
    return grid
