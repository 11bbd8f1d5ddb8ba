"""`valuelift batch`: decide the whole base and keep the decisions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from commands.options import Query, query_options, user_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from facts.batch.run import Batch, BatchRun
    from wiring import Rules

Counts = Mapping[str, Mapping[str, int]]


@click.command("batch")
@click.option(
    "--facts",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Decide on the Parquet files in this folder instead of the store's facts.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep runs in this folder; DIR/latest is the last one. By default beside the store.",
)
@click.option(
    "--currency",
    default="EUR",
    show_default=True,
    metavar="CODE",
    help="With --facts and without --db: the currency in which amounts are compared.",
)
@click.option("--force", is_flag=True, help="Decide once more what stands already, and compare.")
@click.option("--no-wait", is_flag=True, help="If another batch is at work, end at once instead of waiting for it.")
@click.option("--workers", type=click.IntRange(1, 512), metavar="N", help="How many cores to use. By default all.")
@click.option("--quiet", is_flag=True, help="Do not say how far the work is.")
@user_option
@query_options
def command(
    facts: Path | None,
    out: Path | None,
    currency: str,
    force: bool,
    no_wait: bool,
    workers: int | None,
    quiet: bool,
    user: str,
    query: Query,
) -> None:
    """Decide all customers and keep the decisions.

    Together they are a run, published whole or not at all. A run is known by its date, its rules and its facts:
    deciding the same again changes nothing. One that was interrupted goes on where it stood. It also keeps what only a
    look at the whole base shows (classes, ranks, shares).

    Facts come from the store, or from a folder of Parquet files. Decisions go to a folder of Parquet files and, unless
    --facts is given without --db, to the store.

    \b
    Example:
      valuelift batch --as-of 2010-12-09
      valuelift batch --facts facts --out runs --as-of 2026-06-30 --json
    """
    from commands.progress import progress
    from common.texts import Texts

    if facts is not None and out is None and query.db is None:
        raise click.UsageError("With --facts, say where the decisions go: --out DIR, --db, or both.")
    texts = Texts(query.language)
    start = perf_counter()
    with (
        batch_for(query, facts, out, currency.upper(), user, workers) as (batch, rules),
        progress(quiet=quiet) as report,
    ):
        decide = batch.force if force else batch.run
        run = decide(
            lambda step, done, of: report(texts(step), done, of),
            lambda holder: click.echo(texts("batch_waits", holder=holder), err=True),
            wait=not no_wait,
        )
    seconds = perf_counter() - start
    counts = distribution(run)
    if query.as_json:
        from commands.output import print_json

        head = {"run": run.number, "is_new": run.is_new, "as_of": query.as_of, "customers": run.customers}
        rest = {"seconds": round(seconds, 3), "per_second": round(run.customers / seconds), "counts": counts}
        print_json({**head, "folder": str(run.folder.path), "pack": rules.program.stamp, "forced": force, **rest})
        return
    from rich.text import Text

    from commands.output import print_page

    stamp = rules.program.stamp
    said = texts(
        "run_published" if run.is_new else "run_agrees" if force else "run_unchanged",
        run=run.name,
        number=texts.number(run.customers),
        date=texts.date(query.as_of),
        pack=f"{stamp.name} {stamp.version}",
        seconds=f"{seconds:.1f}",
    )
    print_page(summary(texts, rules, counts), Text(said), Text(texts("run_folder", folder=run.folder.path)))


@contextmanager
def batch_for(
    query: Query, facts: Path | None, out: Path | None, currency: str, user: str, workers: int | None
) -> Iterator[tuple[Batch, Rules]]:
    """Give the batch that is asked for, with its rules."""
    from commands.desk import desk_for
    from facts.batch.ledger import Ledger, runs_folder
    from facts.batch.run import Batch
    from wiring import load_rules, shipped_rules

    cores = workers or _cores()
    if facts is None or query.db is not None:
        with desk_for(query) as desk:
            ledger = Ledger.at(out or runs_folder(desk.store.url))
            yield desk.batch(user, ledger, facts=facts, workers=cores), desk.rules
    else:
        rules = load_rules(query.pack) if query.pack else shipped_rules()
        ledger, decider = Ledger.at(out or Path()), rules.decider()
        yield Batch(ledger, decider, query.as_of, query.known_at, currency, user, facts=facts, workers=cores), rules


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def distribution(run: BatchRun) -> dict[str, dict[str, int]]:
    """Return how many customers have each stage, move and value; `""` counts those that have none."""
    found: dict[str, Counter[str]] = {}
    for table in run.folder.decided(["stage", "move", "value_next"]):
        for name in table.column_names:
            found.setdefault(name, Counter()).update(value or "" for value in table[name].to_pylist())
    return {name: dict(counts) for name, counts in found.items()}


def summary(texts: Texts, rules: Rules, counts: Counts) -> RenderableType:
    """Return the distributions as a table with shares."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("", min_width=12)
    table.add_column("", min_width=28)
    table.add_column(texts("count"), justify="right")
    table.add_column(texts("share"), justify="right")
    for name, found in counts.items():
        fact = rules.pack.vocabulary.facts[rules.columns[name]]
        enum = rules.pack.vocabulary.enum_of(fact)
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
