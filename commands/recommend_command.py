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
    the advice hangs on. What is recorded decides; what is not recorded is asked for.

    \b
    Example:
      valuelift recommend 13085 --as-of 2010-12-09
      valuelift recommend 13085 --as-of 2010-12-09 --lang zh --all
    """
    from commands.desk import desk_for
    from engine.recommend import recommend
    from facts.stale import stale_facts

    with desk_for(query) as desk:
        found = desk.decide(customer)
        who, vocabulary = found.facts.customer, desk.rules.pack.vocabulary
        stale = [] if query.as_json else stale_facts(desk.store, vocabulary, [who], query.as_of, query.known_at)
    shown = recommend(desk.rules.pack, found.facts, found.decision, query.language)
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import recommendation_in_json

        print_json(recommendation_in_json(found, shown))
        return
    from rich.text import Text

    from commands.layout import Layout
    from commands.output import print_page
    from common.texts import Texts

    texts = Texts(query.language)
    to_confirm = [Text(texts("ask_stale_some", number=len(stale), customer=who), style="dim")] if stale else []
    print_page(Layout(texts, desk.rules.pack, show_all).page(shown, found.card), *to_confirm)
