"""`valuelift why`: why a decision says what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import Query, Word, query_options
from common.limits import DEPTH

if TYPE_CHECKING:
    from engine.derivation import Node


@click.command("why")
@click.argument("customer")
@click.argument("subject", required=False)
@click.option(
    "--depth",
    type=click.IntRange(1, 20),
    metavar="N",
    help="Follow conclusions so many steps down. By default 2, for an auditor 3.",
)
@click.option(
    "--for",
    "audience",
    type=Word(tuple(DEPTH)),
    default="manager",
    metavar="manager|auditor",
    help="For whom: an auditor also sees rule ids, sources, priorities, strata and the pack's digest.",
)
@query_options
def command(customer: str, subject: str | None, depth: int | None, audience: str, query: Query) -> None:
    """Show why the decision on CUSTOMER says what it says.

    SUBJECT is what to explain: a fact that the rules conclude, an action, or a rule; by default the proposed stage and
    the value to convey next. Below it stands what it rests on, down to what is recorded; after that the rules that
    would have come first, and what keeps them from it.

    \b
    Example:
      valuelift why 13085 --as-of 2010-12-09
      valuelift why 13085 value_next --for auditor --lang zh
    """
    from commands.desk import desk_for

    with desk_for(query, customer, explains=True) as desk:
        from common.asked import subjects
        from common.confirming import heard_of
        from common.explain_layout import Teller
        from common.texts import Texts
        from engine.derivation import Deriver

        found = desk.decide(customer)
        heard = heard_of(desk.store, found, query.known_at)
    deriver = Deriver(desk.rules.pack, desk.rules.plan, found.facts, found.decision)
    try:
        nodes = subjects(deriver, subject)
    except ValueError as error:
        raise click.BadParameter(error.args[0], param_hint="SUBJECT") from None
    levels = depth or DEPTH[audience]
    teller = Teller(deriver, Texts(query.language), heard)
    if query.as_json:
        from commands.output import print_json
        from common.explain_json import why_in_json

        print_json(why_in_json(found, teller, nodes, levels))
        _leave(nodes)
        return
    from commands.output import print_page
    from common.why_layout import WhyLayout

    layout = WhyLayout(teller, levels, audience == "auditor")
    print_page(teller.head(found.card))
    for node in nodes:
        click.echo()
        print_page(*layout.trees(node))
    if audience == "auditor":
        stamp = found.decision.pack
        click.echo("\n" + teller.texts("stamp", pack=stamp.name, version=stamp.version))
        click.echo(teller.texts("digests", pack=stamp.digest, facts=str(found.decision.snapshot)))
    _leave(nodes)


def _leave(nodes: list[Node]) -> None:
    """End with an exit code of its own if an action is asked about that is not advised."""
    from commands.failures import PROBLEMS
    from engine.derivation import Kind

    if any(node.kind is Kind.ACTION and not node.truth for node in nodes):
        raise click.exceptions.Exit(PROBLEMS)
