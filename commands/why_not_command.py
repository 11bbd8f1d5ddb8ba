"""`valuelift why-not`: why a decision does not say something else, and what is missing for it."""

from __future__ import annotations

import click

from commands.conclusion import conclusion, the_one
from commands.options import STAGES, Query, Word, query_options

NEAREST = 3


@click.command("why-not")
@click.argument("customer")
@click.option("--stage", type=Word(STAGES), metavar="STAGE", help="Ask why this stage is not proposed.")
@click.option("--value", "kind", metavar="KIND", help="Ask why this kind of value is not the one to convey next.")
@click.option("--action", metavar="ID", help="Ask why this action is not advised.")
@click.option("--fact", metavar="NAME=VALUE", help="Ask why the rules do not conclude this.")
@click.option("--all", "show_all", is_flag=True, help=f"Show every way there, not only the {NEAREST} nearest.")
@query_options
def command(
    customer: str,
    stage: str | None,
    kind: str | None,
    action: str | None,
    fact: str | None,
    show_all: bool,
    query: Query,
) -> None:
    """Show what is missing for CUSTOMER to come to another conclusion.

    Ask about one of a stage, a value to convey, an action, or a fact that the rules conclude. The rules that would
    give it come by how few conditions they lack; each shows what is, what is needed, what comes before it, and
    the day on which it comes by itself if only time is missing.

    \b
    Example:
      valuelift why-not 13085 --stage core --as-of 2010-12-09
      valuelift why-not 13085 --value brand --lang zh
      valuelift why-not 13085 --fact flags=silent
    """
    from commands.desk import desk_for

    option, text = the_one({"--stage": stage, "--value": kind, "--action": action, "--fact": fact})
    with desk_for(query, customer, explains=True) as desk:
        from common.explain_layout import Teller
        from common.texts import Texts
        from engine.derivation import Deriver
        from engine.nearest import why_not

        decided = desk.decide(customer)
    deriver = Deriver(desk.rules.pack, desk.rules.plan, decided.facts, decided.decision)
    found = why_not(deriver, *conclusion(deriver, option, text))
    teller = Teller(deriver, Texts(query.language))
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import why_not_in_json

        print_json(why_not_in_json(decided, teller, found))
        return
    from commands.output import print_page
    from common.why_not_layout import WhyNotLayout

    print_page(teller.head(decided.card), *WhyNotLayout(teller, None if show_all else NEAREST).page(found))
