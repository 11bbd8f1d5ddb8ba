"""`valuelift ask`: which questions to ask next, and what their answers would change."""

from __future__ import annotations

import click

from commands.options import Query, query_options
from engine.said import said

AT_A_GLANCE = 10


@click.command("ask")
@click.argument("customer", required=False)
@click.option("--manager", metavar="NAME", help="Ask about all customers of this account manager.")
@click.option("--all", "show_all", is_flag=True, help=f"Show every question, not only the first {AT_A_GLANCE}.")
@query_options
def command(customer: str | None, manager: str | None, show_all: bool, query: Query) -> None:
    """Show what to find out next about CUSTOMER, or about a manager's customers.

    Every answer to every open question is tried out. The questions come first whose answers could change most: the
    stage that is proposed, then the value to convey next, then actions. Each stands with whom to ask, and what changes
    with which answer. `valuelift record fact` records an answer. Last come facts to confirm, those first that
    the advice rests on: heard long ago, only estimated, or contradicted by another record. They count as before.

    \b
    Example:
      valuelift ask 13085 --as-of 2010-12-09
      valuelift ask --manager "Marta Holm" --lang zh
    """
    from commands.customers_command import looked_after
    from commands.desk import desk_for

    if (customer is None) is (manager is None):
        raise click.UsageError(said("Name either a customer, or an account manager by --manager."))
    with desk_for(query, customer, explains=True) as desk:
        from common.confirming import to_confirm
        from engine.asking import open_questions
        from engine.wording import Wording

        pack, cards = desk.rules.pack, {} if manager is None else looked_after(desk, manager)
        decided = desk.decide_many(cards) if customer is None else [desk.decide(customer)]
        wording = Wording(pack.vocabulary, query.language)
        unsure = to_confirm(desk.store, pack, decided, query.known_at)
        found = open_questions(pack, desk.rules.plan, [(one.facts, one.decision) for one in decided], wording)
    from commands.output import print_json, print_page
    from commands.undecided import tell_missing
    from common.texts import Texts

    texts = Texts(query.language)
    if query.as_json:
        from common.explain_json import questions_in_json

        print_json(questions_in_json(query.as_of, found, unsure))
    else:
        from commands.ask_layout import AskLayout

        layout = AskLayout(pack, texts, None if show_all else AT_A_GLANCE)
        print_page(*layout.page(found, unsure, decided, query.as_of))
    tell_missing(texts, cards, {one.facts.customer for one in decided})
