"""`valuelift demo`: see everything at work on an invented portfolio."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from commands.options import Query, json_option, language_option, user_option

if TYPE_CHECKING:
    from wiring import Desk

STORE = "valuelift-demo.db"


@click.command("demo")
@click.option("--db", metavar="PATH|URL", default=STORE, show_default=True, help="Where to make the demo store.")
@user_option
@language_option
@json_option
def command(db: str, user: str, language: str, as_json: bool) -> None:
    """Try everything on an invented portfolio.

    Makes a store of invented customers, decides them all, and shows the portfolio and one customer's plan. A demo
    store that is there already is shown as it is. The customers, their orders and their complaints are all
    made up; the rules are the real ones.

    \b
    Example:
      valuelift demo
      valuelift demo --lang zh --db demo.db
    """
    from commands.progress import progress
    from common.texts import Texts
    from facts.demo import build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    texts = Texts(language)
    click.echo(texts("demo_building", store=db), err=True)
    store = Store.create(db)
    try:
        as_of = build(store).as_of
        desk = Desk(store, rules_in_use(store), as_of)
        with progress() as report:
            desk.run(user, lambda step, done, of: report(texts(step), done, of))
        show(desk, Query(db, as_of, None, None, language, as_json), db)
    finally:
        store.close()


def show(desk: Desk, query: Query, db: str) -> None:
    """Show the portfolio, and the plan of a customer about whom there is much to say."""
    from commands.customers_command import foot, listed, page
    from commands.layout import Layout
    from commands.output import print_json, print_page
    from common.texts import Texts
    from engine.recommend import recommend

    rows = listed(desk)
    chosen = next((row["customer"] for row in rows if row["move"] == "up"), rows[0]["customer"])
    found = desk.decide(chosen)
    shown = recommend(desk.rules.pack, found.facts, found.decision, query.language)
    if query.as_json:
        print_json({"as_of": query.as_of, "customers": rows, "card": found.card, "recommendation": shown})
        return
    texts = Texts(query.language)
    print_page(page(texts, desk.rules.pack, desk.columns, rows), *foot(query, len(rows), len(rows)))
    click.echo()
    print_page(Layout(texts, desk.rules.pack).page(shown, found.card))
    click.echo("\n" + texts("demo_next", store=db, date=date.isoformat(query.as_of)))
