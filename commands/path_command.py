"""`valuelift path`: the cheapest changes after which the rules come to another conclusion."""

from __future__ import annotations

import click

from commands.conclusion import conclusion, the_one
from commands.options import STAGES, Query, Word, query_options
from common.limits import WAYS


@click.command("path")
@click.argument("customer")
@click.option(
    "--to", "stage", type=Word(STAGES), metavar="STAGE", help="Ask what it takes that this stage is proposed."
)
@click.option("--value", "kind", metavar="KIND", help="Ask what it takes to convey this kind of value next.")
@click.option("--action", metavar="ID", help="Ask what it takes that this action is advised.")
@click.option("--fact", metavar="NAME=VALUE", help="Ask what it takes that the rules conclude this.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.01),
    default=10.0,
    show_default=True,
    help="How long to think about one way.",
)
@query_options
def command(
    customer: str,
    stage: str | None,
    kind: str | None,
    action: str | None,
    fact: str | None,
    seconds: float,
    query: Query,
) -> None:
    """Show what it would take for CUSTOMER to come to another conclusion.

    Looks over all rules at once for the cheapest changes that we or the customer can make: to facts, by new records, by
    waiting. Who can change what, and at what effort, is declared in the catalogue of facts. Up to three ways are shown,
    each tried out before.

    \b
    Example:
      valuelift path 13085 --to core --as-of 2010-12-09
      valuelift path 13085 --value brand --lang zh
    """
    from commands.desk import desk_for

    option, text = the_one({"--to": stage, "--value": kind, "--action": action, "--fact": fact})
    with desk_for(query, customer) as desk:
        from common.explain_layout import Teller
        from common.texts import Texts
        from engine.derivation import Deriver
        from engine.path import find_paths

        decided = desk.decide(customer)
    deriver = Deriver(desk.rules.pack, desk.rules.plan, decided.facts, decided.decision)
    found = find_paths(deriver, desk.executors, *conclusion(deriver, option, text), WAYS, seconds)
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import path_in_json

        print_json(path_in_json(decided, found))
        return
    from commands.output import print_page
    from common.path_layout import PathLayout

    teller = Teller(deriver, Texts(query.language))
    print_page(teller.head(decided.card), *PathLayout(teller, seconds).page(found))
