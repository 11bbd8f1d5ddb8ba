"""`valuelift what-if`: decide once more with other facts, and show what that changes."""

from __future__ import annotations

import click

from commands.options import Query, query_options


@click.command("what-if")
@click.argument("customer")
@click.option(
    "--set",
    "settings",
    multiple=True,
    required=True,
    metavar="FACT=VALUE",
    help="Take a fact to have this value, or with nothing behind = to be not known. Can be given several times.",
)
@click.option("--all", "show_all", is_flag=True, help="Show every conclusion that changes.")
@query_options
def command(customer: str, settings: tuple[str, ...], show_all: bool, query: Query) -> None:
    """Show what would change for CUSTOMER if facts were others.

    Decides once more with the changed facts, and shows both decisions side by side: stage, proposal, value to
    convey, actions that come and go, and every other conclusion that changes. Nothing is recorded.

    \b
    Example:
      valuelift what-if 13085 --set stage=new --as-of 2010-12-09
      valuelift what-if 13085 --set orders_90d=3 --set orders_365d=5 --lang zh
    """
    from commands.desk import desk_for

    with desk_for(query, customer) as desk:
        from engine.changed import SettingError, difference, read_settings, with_changes

        before = desk.decide(customer)
        try:
            changes = read_settings(desk.rules.pack.vocabulary, before.facts, settings)
        except SettingError as error:
            raise click.BadParameter(error.args[0], param_hint="--set") from None
        after = desk.decide_on(before.card, with_changes(before.facts, changes))
    found = difference(before.decision, after.decision)
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import what_if_in_json

        print_json(what_if_in_json(before, after, changes, found))
        return
    from commands.output import print_page
    from common.explain_layout import Teller
    from common.texts import Texts
    from common.what_if_layout import WhatIfLayout
    from engine.derivation import Deriver

    texts = Texts(query.language)
    head = Teller(Deriver(desk.rules.pack, desk.rules.plan, before.facts, before.decision), texts).head(before.card)
    print_page(head, *WhatIfLayout(desk.rules, texts, show_all).page(before, after, changes, found))
