"""`valuelift runs`: which runs there are, one of them, and the removal of old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.desk import ledger_for
from commands.options import db_option, json_option, language_option, runs_option
from commands.run_facts import facts_told
from commands.runs_report import command as report

if TYPE_CHECKING:
    from common.texts import Texts
    from facts.batch.register import Entry
    from facts.store import Store

NAMED = 10
"""Customers who cannot be decided; more are in the JSON form."""


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (json_option, language_option, runs_option, db_option):
        command = option(command)
    return command


@click.group("runs", invoke_without_command=True)
@_shared
@click.pass_context
def command(ctx: click.Context, db: str | None, out: Path | None, language: str, as_json: bool) -> None:
    """List the runs of `valuelift batch`, the newest first.

    \b
    Example:
      valuelift runs
      valuelift runs --out runs --json
    """
    if ctx.invoked_subcommand is not None:
        return
    from common.texts import Texts
    from facts.batch.register import entries

    with ledger_for(db, out) as (ledger, store):
        found = entries(ledger, store)
    if as_json:
        from commands.output import print_json

        print_json(found)
        return
    show(Texts(language), found)


@command.command("show")
@click.argument("run")
@_shared
def show_command(run: str, db: str | None, out: Path | None, language: str, as_json: bool) -> None:
    """Show one run: from what it was decided, when, by whom, where it is, and who could not be decided.

    RUN is its number in the store, the name of its folder, or `latest`.

    \b
    Example:
      valuelift runs show latest --out runs
    """
    from common.texts import Texts
    from facts.batch.register import find
    from facts.batch.sides import undecided

    with ledger_for(db, out) as (ledger, store):
        found = find(ledger, store, run)
        named = undecided(found)
        told = [] if as_json or not named else _misfits(store, Texts(language), named[:NAMED])
    if as_json:
        from commands.output import print_json

        print_json({**asdict(found), "why_undecided": named})
        return
    texts = Texts(language)
    for name, value in facts_of(texts, found):
        click.echo(f"{name}{texts('colon')}{value}")
    for customer, why in told:
        click.echo(f"  {customer}{texts('colon')}{why}")
    if len(named) > NAMED:
        click.echo(texts("run_undecided_more", number=texts.number(len(named) - NAMED)))


def _misfits(store: Store | None, texts: Texts, named: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Return of each value that does not fit whose it is and what is wrong with it, in the reader's words.

    A fact's title, unit and limits are the rules' to say. These are kept compiled, and at hand sooner than the
    catalogue alone would be.
    """
    from common.misfits import kept_misfit_told
    from engine.wording import Wording
    from wiring import rules_in_use, shipped_rules

    rules = shipped_rules() if store is None else rules_in_use(store)
    wording = Wording(rules.pack.vocabulary, texts.language)
    return [(each["customer"], kept_misfit_told(texts, wording, each)) for each in named]


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=1), default=30, show_default=True, metavar="N", help="Runs that stay.")
@_shared
def prune_command(keep: int, db: str | None, out: Path | None, language: str, as_json: bool) -> None:
    """Remove all but the newest runs, and those that were given up.

    The run that readers see stays in any case. What is removed cannot be replayed any more.

    \b
    Example:
      valuelift runs prune --keep 60
    """
    from commands.options import default_user
    from common.texts import Texts
    from facts.batch.register import prune

    texts = Texts(language)
    with ledger_for(db, out) as (ledger, store):
        waiting = texts("batch_waits", holder="{holder}")
        with ledger.lock(default_user(), lambda holder: click.echo(waiting.replace("{holder}", holder), err=True)):
            removed = prune(ledger, store, keep)
    if as_json:
        from commands.output import print_json

        print_json({"removed": removed})
        return
    click.echo(texts("runs_removed", number=len(removed), runs=", ".join(entry.run for entry in removed) or "-"))


def show(texts: Texts, found: list[Entry]) -> None:
    """Print runs as a table."""
    from rich.cells import cell_len
    from rich.text import Text

    from commands.fitting import Column, fitted
    from commands.output import console, print_page

    if not found:
        print_page(Text(texts("runs_none")))
        return
    counts = ["" if entry.customers is None else texts.number(entry.customers) for entry in found]
    times = ["" if entry.at is None else f"{entry.at:%Y-%m-%d %H:%M}" for entry in found]
    columns = [
        Column(texts("run"), [Text(entry.run) for entry in found]),
        Column(
            texts("run_state"), [Text(_state(texts, entry)) for entry in found], least=cell_len(texts("run_latest"))
        ),
        Column(texts("run_as_of"), [Text(entry.as_of.isoformat()) for entry in found]),
        Column(texts("run_pack"), [Text(f"{entry.pack} {entry.pack_version}") for entry in found], goes=2),
        Column(texts("count"), [*map(Text, counts)], is_number=True, goes=1),
        Column(texts("run_at"), [*map(Text, times)], goes=3),
    ]
    print_page(*fitted(texts, columns, console().width))


def facts_of(texts: Texts, entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield what there is to say about a run, with its name."""
    yield texts("run"), entry.run
    yield texts("run_state"), _state(texts, entry)
    yield texts("run_as_of"), texts.date(entry.as_of)
    yield texts("run_known_at"), entry.known_at.isoformat() if entry.known_at else texts("run_all_known")
    yield texts("run_pack"), f"{entry.pack} {entry.pack_version} ({entry.pack_digest[:16]})"
    if entry.customers is not None:
        yield texts("count"), texts.number(entry.customers)
    if entry.undecided:
        yield texts("run_undecided"), texts.number(entry.undecided)
    if entry.at is not None:
        yield texts("run_at"), f"{entry.at:%Y-%m-%d %H:%M} UTC, {entry.by}"
    if entry.facts:
        yield texts("run_whence"), facts_told(texts, entry.facts)
    yield texts("run_place"), str(entry.folder or texts("run_no_folder"))


def _state(texts: Texts, entry: Entry) -> str:
    if entry.state != "published":
        return texts("run_unfinished", parts=entry.parts)
    return texts("run_latest" if entry.is_latest else "run_kept")


command.add_command(report)
