"""`valuelift backtest`: decide as of past dates, on what was known then, and see what came true."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import click

from commands.options import (
    Day,
    Word,
    db_option,
    html_option,
    json_option,
    known_at_option,
    language_option,
    pack_option,
)
from engine.said import said

STEPS = {"month": 1, "quarter": 3}


@click.command("backtest")
@click.option("--from", "first", type=Day(), metavar="DATE", required=True, help="The first date to decide on.")
@click.option("--to", "last", type=Day(), metavar="DATE", required=True, help="The last date to decide on.")
@click.option(
    "--every",
    type=Word(STEPS),
    default="month",
    metavar="month|quarter",
    show_default=True,
    help="How often in between.",
)
@click.option(
    "--outcome-months",
    "months",
    type=click.IntRange(1, 24),
    default=3,
    show_default=True,
    help="How many months after each date count.",
)
@click.option(
    "--keep-apart-from",
    "kept_from",
    type=Day(),
    metavar="DATE",
    help="Judge decisions from this date on apart. Dates before whose outcome reaches into them are left out.",
)
@click.option(
    "--recorded-from",
    type=Day(),
    metavar="DATE",
    help="Take it that nobody ordered between this date and the begin of the records, so that a year's sums are known.",
)
@click.option(
    "--as-recorded",
    is_flag=True,
    help="Decide on what the store had recorded by the evening of each date. By default, on all that holds by then.",
)
@click.option("--no-models", is_flag=True, help="Leave out BG/NBD with Gamma-Gamma, which takes most of the time.")
@html_option
@db_option
@known_at_option
@pack_option
@language_option
@json_option
def command(
    *,
    first: date,
    last: date,
    every: str,
    months: int,
    kept_from: date | None,
    recorded_from: date | None,
    as_recorded: bool,
    no_models: bool,
    html: Path | None,
    db: str | None,
    known_at: datetime | None,
    pack: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Look back: decide as of past dates, and see what happened next.

    Decides the whole base on each date by the rules in use now, and compares stages, class A and customers found silent
    with the revenue, orders, silence and complaints of the following months; beside that, what as many customers chosen
    by RFM and by BG/NBD with Gamma-Gamma would have brought. docs/evidence.md shows a report, and how the models are
    installed. Nothing is stored.

    \b
    Example:
      valuelift backtest --from 2025-07-01 --to 2026-03-01
      valuelift backtest --from 2025-07-01 --to 2026-03-01 --html backtest.html
    """
    from commands.backtest_words import BacktestWords
    from commands.desk import open_store
    from commands.progress import progress
    from common.backtest import Wanted, backtest, dates_between
    from common.texts import Texts
    from wiring import rules_in_use

    if first > last:
        raise click.BadParameter(said("{first} is after {last}.", first=first, last=last), param_hint="--from")
    dates = dates_between(first, last, STEPS[every])
    if kept_from is not None and kept_from > dates[-1]:
        raise click.BadParameter(
            said("{day} is after the last date, {last}.", day=kept_from, last=dates[-1]),
            param_hint="--keep-apart-from",
        )
    moment = known_at or datetime.now(UTC)
    wanted = Wanted(dates, months, moment, kept_from, recorded_from, as_recorded, not no_models)
    texts = Texts(language)
    with open_store(db) as store, progress() as report:
        rules = rules_in_use(store, pack)
        found = backtest(store, rules, wanted, lambda step, done, of: report(texts(step), done, of))
    words = BacktestWords(texts, rules.pack, found)
    if html is not None:
        from commands.documents import rendered

        html.write_text(rendered("backtest.html", texts, words=words) + "\n", encoding="utf-8")
    if as_json:
        from commands.output import print_json

        print_json(asdict(found))
    else:
        from commands.backtest_layout import page
        from commands.output import print_page

        print_page(*page(words))
