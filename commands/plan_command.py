"""`valuelift plan`: one customer, one strategy, on paper."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import Query, Word, out_option, query_options

FORMATS = ("markdown", "html")


@click.command("plan")
@click.argument("customer")
@click.option(
    "--format",
    "form",
    type=Word(FORMATS),
    default="markdown",
    metavar="|".join(FORMATS),
    help="Markdown, or a page to print. By default markdown.",
)
@out_option
@query_options
def command(customer: str, form: str, out: Path | None, query: Query) -> None:
    """Write the plan for CUSTOMER to take along: one customer, one strategy.

    Where the customer stands and the goals on the way to the next stage, needs, the value to convey in its five parts,
    and the actions with owner, date, steps, intended effect and how it will be heard. It is for the visit, not for the
    customer's eyes.

    \b
    Example:
      valuelift plan 13085 --as-of 2010-12-09
      valuelift plan 13085 --as-of 2010-12-09 --format html --out plan.html
    """
    from commands.desk import desk_for

    with desk_for(query, customer) as desk:
        from commands.documents import deliver, rendered
        from common.advised_since import advised_since
        from common.strategy import plan_of
        from common.texts import Texts
        from engine.recommend import recommend

        found = desk.decide(customer)
        since = advised_since(desk.store, desk.rules, [found.facts.customer], query.as_of, query.known_at)
        currency = desk.currency
    pack = desk.rules.pack
    shown = since.added(found, recommend(pack, found.facts, found.decision, query.language))
    plan = plan_of(pack, found, shown, query.language, currency)
    if query.as_json:
        from commands.output import print_json

        print_json(plan)
        return
    text = rendered(f"plan.{form}", Texts(query.language), plan=plan)
    deliver(text, out)
