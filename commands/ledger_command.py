"""`valuelift ledger`: what of our value was told to a customer, and what came of it."""

from __future__ import annotations

from dataclasses import asdict

import click

from commands.options import Query, query_options


@click.command("ledger")
@click.argument("customer")
@query_options
def command(customer: str, query: Query) -> None:
    """Show the value ledger of CUSTOMER: what was conveyed to whom, and how it was received.

    For each kind of value: when it was conveyed, by what medium, to whom, with what intended effect; what was heard of
    it and when; its cost class; how the customer sees it now, and what is missing next. At the end what all of it cost
    so far. A value that was told and not accepted is only cost.

    \b
    Example:
      valuelift ledger moonbridge --as-of 2026-06-30
      valuelift ledger moonbridge --json
    """
    from commands.desk import desk_for
    from common.ledger import ledger_of

    with desk_for(query, customer) as desk:
        found = ledger_of(desk.rules.pack, desk.decide(customer))
    if query.as_json:
        from commands.output import print_json

        print_json({**asdict(found), "costs": found.costs})
        return
    from commands.ledger_layout import LedgerLayout
    from commands.output import print_page
    from common.texts import Texts

    print_page(LedgerLayout(Texts(query.language), desk.rules.pack).page(found))
