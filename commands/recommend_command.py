"""`valuelift recommend`: one customer's recommendation, with reasons."""

from __future__ import annotations

import click

from commands.options import Query, query_options


@click.command("recommend")
@click.argument("customer")
@click.option("--all", "show_all", is_flag=True, help="Show every action with its steps, every reason and question.")
@query_options
def command(customer: str, show_all: bool, query: Query) -> None:
    """Show what to do next for CUSTOMER, and why.

    The stage and how the step to the next one stands, the value to convey next, the plan, guard rails, and what
    the advice hangs on. What is recorded decides; what is not recorded is asked for, and so is what was heard so
    long ago that somebody should confirm it.

    \b
    Example:
      valuelift recommend 13085 --as-of 2010-12-09
      valuelift recommend 13085 --as-of 2010-12-09 --lang zh --all
    """
    from commands.desk import desk_for

    with desk_for(query, customer) as desk:
        from common.advised_since import advised_since
        from common.confirming import to_confirm
        from common.taken_on import no_longer_advised
        from engine.recommend import recommend
        from facts.ended import ended_of

        found = desk.decide(customer)
        unsure = to_confirm(desk.store, desk.rules.pack, [found], query.known_at)
        since = advised_since(desk.store, desk.rules, [found.facts.customer], query.as_of, query.known_at)
        currency = desk.currency
        ended = ended_of(desk.store, customer, query.as_of, desk.known_at)
    below = [each for each in unsure if each.decides]
    shown = since.added(found, recommend(desk.rules.pack, found.facts, found.decision, query.language))
    left_open = list(no_longer_advised(desk.rules.pack, found, query.language))
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import recommendation_in_json

        print_json(recommendation_in_json(found, shown, left_open, below, ended))
        return
    from rich.text import Text

    from commands.layout import Layout
    from commands.output import print_page
    from common.texts import Texts

    texts = Texts(query.language)
    layout = Layout(texts, desk.rules.pack, show_all, currency)
    more = [texts("amounts_unknown", currencies=", ".join(found.unconvertible))] if found.unconvertible else []
    more += [texts("confirm_some", number=len(unsure), customer=shown.customer)] if unsure else []
    print_page(layout.page(shown, found.card, below, left_open, ended), *(Text(line, style="dim") for line in more))
