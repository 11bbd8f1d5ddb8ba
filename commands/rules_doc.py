"""`valuelift rules doc`: the rule book of a pack as pages to browse, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Day, language_option, pack_argument, today

if TYPE_CHECKING:
    from wiring import Rules

LANGUAGES = ("en", "zh")


@click.command("doc")
@pack_argument
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Write en.html and zh.html into this folder.",
)  # fmt: skip
@click.option("--db", metavar="PATH|URL", help="Count for how many customers of this store each rule fires.")
@click.option(
    "--as-of", type=Day(), metavar="DATE", help="Count on the facts that hold on this date. By default today."
)
@language_option
def command(pack: Path | None, out: Path, db: str | None, as_of: date | None, language: str) -> None:  # noqa: ARG001 - in it is told what is wrong
    """Write the rule book of the folder PACK as pages to browse.

    Each rule, table, gate, scorecard, invariant, action and parameter stands in words, with its reason, the items of
    the method that it carries out, what it reads and sets, who reads that, its cases, and with --db for how many
    customers it fires. The pages need nothing else and link to each other. By default the pack that comes with
    Valuelift is told. Both languages are always written; --lang is that in which problems are told.

    \b
    Example:
      valuelift rules doc our-rules --out book --db customers.db
    """
    from commands.documents import rendered
    from common.book import Book
    from common.texts import Texts
    from engine.cases import load_cases
    from engine.coverage import fired_in
    from engine.load.uses import uses_of_parameters
    from engine.portrait import Gallery
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    fired = cache(lambda: fired_in(rules.program, cases))
    day = as_of or (date.today() if db is None else today(db))
    counts = None if db is None else _counts(db, rules, day)
    out.mkdir(parents=True, exist_ok=True)
    for each in LANGUAGES:
        gallery = Gallery(rules.pack, each, cases, fired, uses_of_parameters(folder))
        book = Book(gallery, counts, day)
        text = rendered("rulebook.html", Texts(each), book=book)
        (out / f"{each}.html").write_text(text + "\n", encoding="utf-8")
        click.echo(str(out / f"{each}.html"))


def _counts(db: str, rules: Rules, day: date) -> Mapping[str, int]:
    """Return for how many customers of a store the rules of each item fire."""
    from commands.desk import open_store
    from engine.plan.overview import firing
    from wiring import Desk

    with open_store(db) as store:
        parts = Desk(store, rules, day).parts()
        return firing(rules.program, (result for part in parts for result in rules.plan.run(part)))
