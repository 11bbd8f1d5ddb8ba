"""`valuelift rules watch`: on every save what is wrong, which cases fail, and what the save does to whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.failures import report
from commands.options import Query, as_of_option, db_option, known_at_option, language_option, today
from commands.rules_test import differences
from common.checked import line
from common.texts import Texts

if TYPE_CHECKING:
    from datetime import date, datetime

    from engine.load.pack import Parts
    from engine.plan import Kept
    from facts.store import Store
    from wiring import Rules

TOP = 5


@click.command("watch")
@click.argument("pack", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="PACK")
@click.option("--top", type=click.IntRange(0), default=TOP, show_default=True, help="Customers listed by name.")
@db_option
@as_of_option
@known_at_option
@language_option
def command(
    *, pack: Path, top: int, db: str | None, as_of: date | None, known_at: datetime | None, language: str
) -> None:
    """Watch the folder PACK: on every save check it, run its cases, and tell the impact of the save.

    The impact is that against the version saved before, on the customers of the store, as `rules diff` tells it.
    Nothing is stored. Cases are run by session alone; `rules test` runs them by the plan as well. Ctrl-C ends it.

    \b
    Example:
      valuelift rules watch our-rules --db customers.db
    """
    from commands.desk import open_store
    from commands.watching import saves

    query = Query(db, as_of or today(db), known_at, None, language, as_json=False)
    with open_store(db) as store:
        watch = _Watch(store, pack, query, top)
        for _ in saves(pack):
            try:
                watch.look()
            except Exception as error:  # a file saved half-way is no reason to stop watching
                report(error, language)
            click.echo(watch.texts("watching"), err=True)


class _Watch:
    """A pack being edited: the version saved before, its cases, and the customers, whose facts are read once.

    Cases and customers are decided anew only where an edit reaches.
    """

    def __init__(self, store: Store, folder: Path, query: Query, top: int) -> None:
        from engine.retest import Retest

        self._store, self._folder, self._query, self._top = store, folder, query, top
        self.texts = Texts(query.language)
        self._cases = Retest()
        self._before: Parts | None = None
        self._customers: Kept | None = None

    def look(self) -> None:
        """Tell what is wrong with the version just saved, and what it changes.

        Raises:
            ProblemsError: if it cannot be read; then the version before stays the one to compare with.
        """
        from engine.load import load_parts
        from wiring import catalogue, checked

        rules, findings = checked(self._folder, self._query.as_of)
        for one in findings:
            if one.level == "warning":
                click.echo(line(one, self.texts))
        self._test(rules)
        parts = load_parts(self._folder, catalogue())
        if self._before is not None:
            self._compare(self._before, parts)
        self._before = parts

    def _test(self, rules: Rules) -> None:
        from engine.cases import load_cases

        results = self._cases.run(rules.pack, load_cases(self._folder, rules.pack))
        failed = [one for one in results if not one.passed]
        for result in failed:
            click.echo(f"{result.case.at}: {result.case.name}")
            for told in differences(result, self.texts):
                click.echo(told)
        click.echo(self.texts("watch_tested", number=len(results), failed=len(failed)))

    def _compare(self, before: Parts, after: Parts) -> None:
        from commands.impact_layout import page
        from commands.output import print_page
        from engine.impact import Versions, impact
        from engine.plan import Kept
        from wiring import AMOUNT, Desk, Rules

        versions = Versions(before, after, self._customers)
        desk = Desk(self._store, Rules(versions.pack, versions.after), self._query.as_of, self._query.known_at)
        if self._customers is None:
            self._customers = Kept(list(desk.parts()))
        found = impact(versions, self._customers, AMOUNT, self._top)
        cards = desk.cards_of([one.customer for one in found.listed])
        print_page(*page(self.texts, versions, found, cards, self._query.as_of))
