"""`valuelift batch`: decide the whole base and keep the decisions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.batch_watch import JsonLog, Steps, failed, succeeded
from commands.failures import explained
from commands.options import OutFile, Query, Word, query_options, user_option
from commands.output import print_json, print_page
from commands.progress import progress
from commands.run_facts import facts_told
from common.metrics import put
from common.texts import Texts
from engine.said import said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from facts.batch.run import Batch, BatchRun
    from facts.batch.spark import Spark
    from wiring import Rules

Counts = Mapping[str, Mapping[str, int]]

MOST_UNDECIDED = 1000


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
@click.option(
    "--incremental",
    is_flag=True,
    help="Compute facts only of customers for whom something changed since the last such run.",
)
@click.option(
    "--engine",
    type=Word(("local", "spark")),
    default="local",
    metavar="local|spark",
    help="Compute on this machine, or on a cluster of Apache Spark (with --facts). By default local.",
)
@click.option(
    "--master",
    metavar="URL",
    help="With --engine spark: its master, as spark://HOST:7077 or local[2]. By default as Spark is configured.",
)
@click.option(
    "--max-undecided",
    type=click.IntRange(min=0),
    default=MOST_UNDECIDED,
    show_default=True,
    metavar="N",
    help="Publish nothing if more customers than this cannot be decided.",
)
@click.option("--force", is_flag=True, help="Decide once more what stands already, and compare.")
@click.option("--no-wait", is_flag=True, help="If another batch is at work, end at once instead of waiting for it.")
@click.option("--workers", type=click.IntRange(1, 512), metavar="N", help="How many cores to use. By default all.")
@click.option("--quiet", is_flag=True, help="Do not say how far the work is.")
@click.option(
    "--log",
    type=Word(("text", "json")),
    default="text",
    metavar="text|json",
    help="Say how the work goes as text, or as JSON lines alone, on standard error. By default text.",
)
@click.option(
    "--metrics",
    type=OutFile(whole=True),
    metavar="FILE",
    help="Write figures for a monitoring system to this file, in Prometheus' text format.",
)
@user_option
@query_options
def command(
    facts: Path | None,
    out: Path | None,
    currency: str,
    incremental: bool,
    engine: str,
    master: str | None,
    max_undecided: int,
    force: bool,
    no_wait: bool,
    workers: int | None,
    quiet: bool,
    log: str,
    metrics: Path | None,
    user: str,
    query: Query,
) -> None:
    """Decide all customers and keep the decisions.

    Together they are a run, published whole or not at all. A run is known by its date, its rules and its facts:
    deciding the same again changes nothing. One that was interrupted goes on where it stood. It also keeps what only a
    look at the whole base shows (classes, ranks, shares).

    Facts come from the store, or from a folder of Parquet files. Decisions go to a folder of Parquet files and, unless
    --facts is given without --db, to the store.

    With --incremental the facts of customers whose records are the same, and for whom no day came that matters, are
    those of the last run decided so, but for the days counted since. Whatever they are, everybody is decided.

    Customers whose records have values that do not fit are left out and named, by `valuelift runs show` too; more than
    --max-undecided of them stop the batch.

    With --engine spark, base facts are split by customer, and each shard is computed on the cluster; the decisions are
    the same. docs/scale.md tells what that needs.

    \b
    Example:
      valuelift batch --as-of 2010-12-09
      valuelift batch --facts facts --out runs --as-of 2026-06-30 --json
      valuelift batch --facts facts --out runs --engine spark --master local[4]
      valuelift batch --incremental --as-of 2010-12-10
      valuelift batch --log json --metrics /var/lib/node_exporter/valuelift.prom
    """
    if facts is not None and out is None and query.db is None:
        raise click.UsageError(said("With --facts, say where the decisions go: --out DIR, --db, or both."))
    spark = _spark(facts, master, is_incremental=incremental) if engine == "spark" else None
    if spark is None and master is not None:
        raise click.UsageError(said("--master is for --engine spark."))
    if metrics is not None and not os.access(metrics.parent, os.W_OK):
        raise click.BadParameter(said("{folder} cannot be written to.", folder=metrics.parent), param_hint="--metrics")
    steps, lines = Steps(), JsonLog(quiet=quiet) if log == "json" else None
    texts = Texts(query.language)
    with _failures_told(steps, lines, metrics):
        if lines:
            lines.event("begun", as_of=query.as_of, facts=facts, user=user)
        settings = {"is_incremental": incremental, "spark": spark, "most_undecided": max_undecided}
        asked = _asked(query, facts, out, currency.upper(), user, workers, settings)
        run, rules = _decided(asked, steps, texts, lines, quiet=quiet, force=force, wait=not no_wait)
    seconds, counts = steps.seconds(), distribution(run)
    if metrics:
        put(metrics, succeeded(steps, query.as_of, run, counts, _info(run, rules)))
    whole = _plain(run, rules, query.as_of, seconds, counts, force=force)
    if lines:
        if facts is None:
            _tell_of_gaps(texts, query, lines)
        if run.undecided:
            lines.event("undecided", "warning", customers=run.undecided, first=_first_undecided(run))
        lines.event("done", **whole)
    if query.as_json:
        print_json(whole)
    elif not lines:
        _tell(texts, rules, run, query.as_of, seconds, counts, force=force)
    if run.undecided and not lines:
        number = texts.number(run.undecided)
        click.echo(texts("run_left_out", number=number, run=run.name, why=_first_undecided(run)), err=True)
    if facts is None and not lines:
        _tell_of_gaps(texts, query, None)


def _tell_of_gaps(texts: Texts, query: Query, lines: JsonLog | None) -> None:
    """Say which records end before the date decided on, as those who decide by them take it for silence."""
    from commands.desk import open_store
    from common.ended import ended_in_words
    from facts.ended import Gaps, gaps, may_have_ended

    with open_store(query.db) as store:
        found = gaps(store, query.as_of, query.known_at) if may_have_ended(store, query.as_of) else Gaps()
    if found.last is None:
        return
    if lines:
        lines.event("ended", "warning", records={each.collection: each.last for each in found.ended})
        return
    days = {"date": texts.date(query.as_of), "last": texts.date(found.last), "iso": found.last.isoformat()}
    click.echo(texts("run_ended", ended=ended_in_words(texts, found.ended), **days), err=True)


def _first_undecided(run: BatchRun) -> str:
    """Return why the first of those customers cannot be decided."""
    return str(run.folder.undecided()["why"][0])


def _spark(facts: Path | None, master: str | None, *, is_incremental: bool) -> Spark:
    """Return where Spark runs.

    Raises:
        UsageError: if something does not go with it, or PySpark is not installed.
    """
    from facts.batch.spark import INSTALL, MASTER, Spark, is_installed

    if facts is None:
        raise click.UsageError(
            said("With --engine spark, say where the Parquet files with the facts are: --facts DIR.")
        )
    if is_incremental:
        raise click.UsageError(said("--incremental is for one machine; on Spark everything is computed."))
    if master is not None and not MASTER.fullmatch(master):
        raise click.BadParameter(
            said(
                "{master!r} is no address of a Spark master: spark://HOST:PORT, yarn, k8s://HOST:PORT, local[2], ...",
                master=master,
            ),
            param_hint="--master",
        )
    if not is_installed():
        raise click.UsageError(
            said("PySpark is not installed. In Valuelift's folder, install it with: {command}", command=INSTALL)
        )
    return Spark(master)


@contextmanager
def _failures_told(steps: Steps, lines: JsonLog | None, metrics: Path | None) -> Iterator[None]:
    """Tell those who watch of a failure: by figures, and where there is a log by an event, with the exit code."""
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        if metrics:
            put(metrics, failed(steps, metrics))
        if lines is None:
            raise
        message, code = explained(error)
        lines.event("failed", "error", message=message, exit_code=code, seconds=round(steps.seconds(), 3))
        raise click.exceptions.Exit(code) from None


@contextmanager
def _asked(
    query: Query,
    facts: Path | None,
    out: Path | None,
    currency: str,
    user: str,
    workers: int | None,
    settings: Mapping[str, Any],
) -> Iterator[tuple[Batch, Rules]]:
    """Give the batch that is asked for, with its rules; `settings` are fields of `Batch`."""
    from commands.desk import desk_for
    from facts.batch.ledger import Ledger, runs_folder
    from facts.batch.run import Batch
    from wiring import load_rules, shipped_rules

    cores = workers or _cores()
    if facts is None or query.db is not None:
        with desk_for(query) as desk:
            ledger = Ledger.at(out or runs_folder(desk.store.url))
            batch = desk.batch(user, ledger, facts=facts, workers=cores)
            yield replace(batch, **settings), desk.rules
    else:
        rules = load_rules(query.pack) if query.pack else shipped_rules()
        ledger, decider = Ledger.at(out or Path()), rules.decider()
        batch = Batch(ledger, decider, query.as_of, query.known_at, currency, user, facts=facts, workers=cores)
        yield replace(batch, **settings), rules


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _decided(
    asked: AbstractContextManager[tuple[Batch, Rules]],
    steps: Steps,
    texts: Texts,
    lines: JsonLog | None,
    *,
    quiet: bool,
    force: bool,
    wait: bool,
) -> tuple[BatchRun, Rules]:
    """Run the batch, and say how far it is."""
    with asked as (batch, rules), progress(quiet=quiet or lines is not None) as report:

        def told(step: str, done: int, of: int) -> None:
            steps.note(step)
            if lines:
                lines.progress(step, done, of)
            else:
                report(texts(step), done, of)

        def waits(holder: str) -> None:
            if lines:
                lines.event("waits", "warning", holder=holder)
            else:
                click.echo(texts("batch_waits", holder=holder), err=True)

        decide = batch.force if force else batch.run
        return decide(told, waits, wait=wait), rules


def _info(run: BatchRun, rules: Rules) -> dict[str, str]:
    """Return what figures tell of a run besides numbers."""
    stamp = rules.program.stamp
    info = {"version": version("valuelift"), "pack": stamp.name, "pack_version": stamp.version}
    return {**info, "pack_digest": stamp.digest, "run": run.name}


def _plain(run: BatchRun, rules: Rules, as_of: date, seconds: float, counts: Counts, *, force: bool) -> dict[str, Any]:
    """Return for other programs what was decided."""
    published = run.folder.published()
    return {
        "run": run.number,
        "is_new": run.is_new,
        "as_of": as_of,
        "customers": run.customers,
        "undecided": run.undecided,
        "facts": published and published.facts,
        "folder": str(run.folder.path),
        "pack": rules.program.stamp,
        "forced": force,
        "seconds": round(seconds, 3),
        "per_second": round(run.customers / seconds),
        "counts": counts,
    }


def _tell(
    texts: Texts, rules: Rules, run: BatchRun, as_of: date, seconds: float, counts: Counts, *, force: bool
) -> None:
    """Print what was decided."""
    from rich.text import Text

    stamp = rules.program.stamp
    said = texts(
        "run_published" if run.is_new else "run_agrees" if force else "run_unchanged",
        run=run.name,
        number=texts.number(run.customers),
        date=texts.date(as_of),
        pack=f"{stamp.name} {stamp.version}",
        seconds=f"{seconds:.1f}",
    )
    published = run.folder.published()
    whence = [Text(facts_told(texts, published.facts))] if published and published.facts else []
    print_page(summary(texts, rules, counts), Text(said), *whence, Text(texts("run_folder", folder=run.folder.path)))


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
