"""`valuelift generate`: invented facts of any number of customers, to try a batch on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from commands.options import Day, json_option, language_option


@click.command("generate")
@click.option("--customers", type=click.IntRange(1, 99_999_999), required=True, metavar="N", help="How many customers.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed gives other customers."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Write to this folder.",
)
@click.option(
    "--as-of", type=Day(), metavar="DATE", help="The day on which the facts stand. By default that of the demo."
)
@language_option
@json_option
def command(customers: int, seed: int, out: Path, as_of: date | None, language: str, as_json: bool) -> None:
    """Write invented facts of many customers as Parquet.

    Each customer lives one of the demo's stories, on days and in a size of its own, with about 20 order lines. The same
    seed, number and day give the same bytes. `valuelift batch --facts DIR` decides them.

    \b
    Example:
      valuelift generate --customers 100000 --seed 7 --out facts
    """
    from commands.progress import progress
    from common.texts import Texts
    from facts.demo import AS_OF
    from facts.generate import generate

    texts = Texts(language)
    day = as_of or AS_OF
    with progress() as report:
        rows = generate(out, customers, seed, day, lambda done, of: report(texts("generating"), done, of))
    if as_json:
        from commands.output import print_json

        print_json({"folder": str(out), "customers": customers, "seed": seed, "as_of": day, "rows": rows})
        return
    click.echo(
        texts(
            "generated",
            folder=out,
            customers=texts.number(customers),
            lines=texts.number(rows["order_lines"]),
            rows=texts.number(sum(rows.values())),
            date=texts.date(day),
        )
    )
