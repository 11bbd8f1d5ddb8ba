"""`valuelift import`: read files into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.failures import PROBLEMS
from commands.options import Day, OutFile, db_option, json_option, language_option, user_option
from engine.said import said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from facts.ended import Gaps
    from facts.imports import ImportReport
    from facts.mapping import ImportMapping, Period
    from facts.unconvertible import Unconvertible

MAX_REJECTS = 1000


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--mapping",
    metavar="NAME|FILE",
    help="How to read the files: online-retail, northwind, maven-crm, canonical, or a mapping file of your own.",
)
@click.option(
    "--since",
    type=Day(),
    metavar="DATE",
    help="The files hold all that the mapping `covers` from this day on. By default from the first date in each.",
)
@click.option(
    "--until",
    type=Day(),
    metavar="DATE",
    help="They hold it up to this day, the one of the export. By default to the last date in each.",
)
@click.option("--dry-run", is_flag=True, help="Do everything but store.")
@click.option(
    "--max-rejects",
    type=click.IntRange(min=0),
    default=MAX_REJECTS,
    show_default=True,
    metavar="N",
    help="Store nothing if more rows than this are faulty.",
)
@click.option(
    "--rejects",
    type=OutFile(),
    metavar="FILE",
    help="Write each faulty row with its reason to this CSV file.",
)
@click.option("--template", metavar="TABLE", help="Print an empty CSV file of the canonical layout, and stop.")
@user_option
@language_option
@json_option
@db_option
def command(
    files: tuple[Path, ...],
    mapping: str | None,
    since: date | None,
    until: date | None,
    dry_run: bool,
    max_rejects: int,
    rejects: Path | None,
    template: str | None,
    user: str,
    language: str,
    as_json: bool,
    db: str | None,
) -> None:
    """Import files into the store.

    FILES are files, or folders of files. All rows that can be used are stored, or nothing at all. Importing the same
    file again changes nothing. Faulty rows are left out and counted; more than --max-rejects of them, or a faulty
    file, and the store stays as it was. If no row can be used, the exit code is 1. For your own data, print the
    templates of the canonical layout, fill them in and import the folder.

    \b
    Example:
      valuelift import orders.parquet --mapping online-retail --rejects faulty.csv
      valuelift import --template orders > our-data/orders.csv
      valuelift import our-data --mapping canonical --dry-run
      valuelift import exports --mapping our-erp.yaml --until 2026-06-30
    """
    if template is not None:
        from facts.templates import template as template_of

        click.echo(template_of(template), nl=False)
        return
    if not files or mapping is None:
        raise click.UsageError(said("Give the files to import and a --mapping, or --template."))
    from commands.desk import open_store
    from commands.output import print_json, print_page
    from commands.progress import progress
    from common.texts import Texts
    from facts.ended import Gaps, gaps
    from facts.imports import find_mapping, import_files
    from facts.mapping import Period
    from facts.own import fault_of
    from wiring import rules_in_use

    texts = Texts(language)
    with open_store(db) as store, progress() as report:
        pack = rules_in_use(store).pack
        vocabulary, today = pack.vocabulary, store.today()
        done = import_files(
            store,
            _in_period(find_mapping(mapping), Period(since, until), today),
            files,
            user=user,
            dry_run=dry_run,
            max_rejects=max_rejects,
            rejects_path=rejects,
            words=vocabulary.words(),
            own_fault=partial(fault_of, vocabulary),
            per={id_: each.per for id_, each in pack.actions.items()},
            tell=texts.told,
            progress=lambda step, name, rows: report(texts(f"import_{step}", name=name), rows, None),
        )
        left = gaps(store, today) if done.covered and not dry_run else Gaps()
    if as_json:
        print_json(done)
    else:
        print_page(*page(texts, done, rejects), *_left(texts, left, today))
    if done.rejected and not done.usable:
        click.get_current_context().exit(PROBLEMS)


def _in_period(mapping: ImportMapping, period: Period, today: date) -> ImportMapping:
    """Return a mapping whose files hold everything in a period.

    Raises:
        BadParameter: if the mapping says so of no table, or nobody can say it of the days.
    """
    given = [f"--{name}" for name, day in period._asdict().items() if day is not None]
    if given and not mapping.covers:
        why = said(
            "Mapping {mapping} `covers` no table, so its files are not taken for all there is. "
            "Name the tables there, or record it by coverage.csv.",
            mapping=mapping.name,
        )
        raise click.BadParameter(why, param_hint=given)
    if max(filter(None, period), default=today) > today:
        why = said("Of days to come no file holds everything. Give today at the latest.")
        raise click.BadParameter(why, param_hint=given)
    if period.since and period.until and period.until < period.since:
        raise click.BadParameter(said("The last day lies before the first. Exchange them."), param_hint=given)
    return replace(mapping, period=period)


def _left(texts: Texts, found: Gaps, today: date) -> Iterator[RenderableType]:
    """Yield what stays unknown for want of records."""
    from rich.text import Text

    from common.ended import ended_in_words

    if found.unsettled is not None:
        days = {name: texts.date(day) for name, day in asdict(found.unsettled).items()}
        said = texts("import_unsettled", since=found.unsettled.invoices.isoformat(), **days)
        yield Text(said, style="yellow")
    for one in found.broken:
        days = {"last": texts.date(one.last), "again": texts.date(one.again)}
        since = (one.last + timedelta(days=1)).isoformat()
        yield Text(texts("import_broken", collection=one.collection, since=since, **days), style="yellow")
    if found.ended:
        said = texts("import_ended", ended=ended_in_words(texts, found.ended), today=today.isoformat())
        yield Text(said, style="yellow")


def page(texts: Texts, done: ImportReport, rejects: Path | None) -> list[RenderableType]:
    """Return what an import did."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column(texts("import_table"))
    for name in ("import_stored", "import_corrected", "import_unchanged"):
        table.add_column(texts(name), justify="right")
    for name, counts in done.tables.items():
        table.add_row(name, *(texts.number(each) for each in (counts.stored, counts.corrected, counts.unchanged)))
    head = texts("import_read", rows=texts.number(done.rows_read), mapping=done.mapping)
    lines = [Text(head)]
    for kind, reasons in (("import_set_aside", done.set_aside), ("import_rejected", done.rejected)):
        lines += [Text(texts(kind, number=texts.number(number), reason=reason)) for reason, number in reasons.items()]
    if done.rejected and rejects is not None:
        lines.append(Text(texts("import_see", file=rejects)))
    for one in done.covered:
        days = {"start": texts.date(one.recorded_from), "end": texts.date(one.recorded_to)}
        lines.append(Text(texts("import_covered", name=one.collection, number=texts.number(one.customers), **days)))
    lines += [Text(line, style="yellow") for line in _unconvertible(texts, done.unconvertible)]
    if done.dry_run:
        lines.append(Text(texts("import_dry_run"), style="bold"))
    return [table, *lines]


def _unconvertible(texts: Texts, found: Sequence[Unconvertible]) -> Iterator[str]:
    """Yield which amounts count as unknown, and what to do about it."""
    rows = [
        texts(
            "import_unconvertible_rows",
            table=each.table,
            number=texts.number(each.rows),
            currency=each.currency,
            since=texts.date(each.since),
        )
        for each in found
    ]
    for base in {each.base_currency for each in found}:
        yield texts("import_unconvertible", base_currency=base, rows=texts("semicolon").join(rows))
    currencies = {each.currency for each in found}
    if len(currencies) == 1:
        yield texts("import_other_currency", currency=currencies.pop())
