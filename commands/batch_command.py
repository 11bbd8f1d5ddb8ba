"""`valuelift batch`: decide the whole base and keep the decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

import click

from commands.options import Query, query_options, user_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from engine.model import Pack
    from engine.vocabulary import FactKey
    from wiring import BatchRun


@click.command("batch")
@user_option
@query_options
def command(user: str, query: Query) -> None:
    """Decide all customers and store the decisions.

    Together they are a run, stored whole or not at all. A run is known by its date, its rules and its facts: deciding
    the same again changes nothing. It also stores what only a look at the whole base shows (classes, ranks, shares).

    \b
    Example:
      valuelift batch --as-of 2010-12-09
      valuelift batch --as-of 2010-12-09 --json
    """
    from commands.desk import desk_for
    from commands.progress import progress
    from common.texts import Texts

    texts = Texts(query.language)
    start = perf_counter()
    with desk_for(query) as desk, progress() as report:
        run = desk.run(user, lambda step, done, of: report(texts(step), done, of))
        columns = desk.columns
    seconds = perf_counter() - start
    stamp = desk.rules.program.stamp
    counts = distribution(run)
    if query.as_json:
        from commands.output import print_json

        head = {"run": run.number, "is_new": run.is_new, "as_of": query.as_of, "customers": len(run.overview)}
        print_json({**head, "pack": stamp, "seconds": round(seconds, 3), "counts": counts})
        return
    from rich.text import Text

    from commands.output import print_page

    said = texts(
        "run_published" if run.is_new else "run_unchanged",
        run=run.number,
        number=texts.number(len(run.overview)),
        date=texts.date(query.as_of),
        pack=f"{stamp.name} {stamp.version}",
        seconds=f"{seconds:.1f}",
    )
    print_page(summary(texts, desk.rules.pack, columns, counts), Text(said))


def distribution(run: BatchRun) -> dict[str, dict[str, int]]:
    """Return how many customers have each stage, move and value; `""` counts those that have none."""
    return {
        name: dict(Counter(value or "" for value in run.overview[name].to_pylist()))
        for name in ("stage", "move", "value_next")
        if name in run.overview.column_names
    }


def summary(
    texts: Texts, pack: Pack, columns: Mapping[str, FactKey], counts: Mapping[str, Mapping[str, int]]
) -> RenderableType:
    """Return the distributions as a table with shares."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("", min_width=12)
    table.add_column("", min_width=28)
    table.add_column(texts("count"), justify="right")
    table.add_column(texts("share"), justify="right")
    for name, found in counts.items():
        fact = pack.vocabulary.facts[columns[name]]
        enum = pack.vocabulary.enum_of(fact)
        total = sum(found.values())
        present = [member for member in (*enum.members, "") if found.get(member)]
        for number, member in enumerate(present):
            title = enum.titles[member][texts.language] if member else texts("not_known")
            share = f"{found[member] / total:.1%}"
            table.add_row(
                "" if number else texts(name),
                title,
                texts.number(found[member]),
                share,
                end_section=number == len(present) - 1,
            )
    return table
