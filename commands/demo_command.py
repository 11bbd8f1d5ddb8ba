"""`valuelift demo`: see everything at work on an invented portfolio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from commands.options import Query, json_option, language_option, user_option
from commands.serve_command import HOST, port_option, serve

if TYPE_CHECKING:
    from common.texts import Texts
    from wiring import Desk

STORE = "valuelift-demo.db"


@click.command("demo")
@click.option("--db", metavar="PATH|URL", default=STORE, show_default=True, help="Where to make the demo store.")
@click.option("--serve", "serves", is_flag=True, help="Then serve the pages to log in to, until you stop it.")
@port_option
@user_option
@language_option
@json_option
def command(db: str, serves: bool, port: int, user: str, language: str, as_json: bool) -> None:
    """Try everything on an invented portfolio.

    Makes a store of invented customers, decides them all, and shows the portfolio and one customer's plan. A demo
    store that is there already is shown as it is. The customers, their orders and their complaints are all
    made up; the rules are the real ones.

    \b
    Example:
      valuelift demo
      valuelift demo --lang zh --db demo.db
      valuelift demo --serve
    """
    from commands.progress import progress
    from common.texts import Texts
    from facts.batch.ledger import Ledger, runs_folder
    from facts.demo import AS_OF, build
    from facts.store import Store
    from wiring import Desk, rules_in_use

    texts = Texts(language)
    click.echo(texts("demo_building", store=db), err=True)
    store = Store.create(db)
    try:
        build(store)
        desk = Desk(store, rules_in_use(store), AS_OF)
        with progress() as report:
            batch = desk.batch(user, Ledger.at(runs_folder(store.url)))
            batch.run(lambda step, done, of: report(texts(step), done, of))
        if serves:
            from web.site import Settings

            for line in _logins(desk, texts):
                click.echo(line)
            serve(store, Settings(AS_OF), texts, HOST, port)
            return
        show(desk, Query(db, AS_OF, None, None, language, as_json), db)
    finally:
        store.close()


def _logins(desk: Desk, texts: Texts) -> Iterator[str]:
    """Make an account for each role, or give it a new password, and yield how to log in."""
    from facts.accounts import Account, Role, accounts, add_account, change_password, new_password

    managers = Counter(card["account_manager"] for card in desk.cards().values())
    busiest = max(managers, key=lambda name: (managers[name], name or ""))
    present = {each.name for each in accounts(desk.store)}
    yield texts("demo_logins")
    for role in Role:
        password = new_password()
        if role.value in present:
            change_password(desk.store, role.value, password)
        else:
            manager = busiest if role is Role.MANAGER else None
            add_account(desk.store, Account(role.value, role, manager), password, datetime.now(UTC))
        yield f"  {role.value:<10}{password}"


def show(desk: Desk, query: Query, db: str) -> None:
    """Show the portfolio, and the plan of a customer about whom there is much to say."""
    from commands.customers_command import foot, listed, page
    from commands.layout import Layout
    from commands.output import console, print_json, print_page
    from common.texts import Texts
    from engine.recommend import recommend

    rows = listed(desk, desk.cards())
    chosen = next((row["customer"] for row in rows if row["move"] == "up"), rows[0]["customer"])
    found = desk.decide(chosen)
    shown = recommend(desk.rules.pack, found.facts, found.decision, query.language)
    if query.as_json:
        print_json({"as_of": query.as_of, "customers": rows, "card": found.card, "recommendation": shown})
        return
    texts = Texts(query.language)
    print_page(
        *page(texts, desk.rules.pack, desk.rules.columns, rows, console().width), *foot(query, len(rows), len(rows))
    )
    click.echo()
    print_page(Layout(texts, desk.rules.pack, currency=desk.currency).page(shown, found.card))
    click.echo("\n" + texts("demo_next", store=db, date=date.isoformat(query.as_of)))
