"""`valuelift why-not`: why a decision does not say something else, and what is missing for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import STAGES, Query, Word, query_options

if TYPE_CHECKING:
    from engine.derivation import Deriver
    from engine.vocabulary import FactKey, Value

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
      valuelift why-not 13085 --fact churn_risk=high
    """
    from commands.desk import desk_for
    from commands.explain_layout import Teller
    from commands.texts import Texts
    from engine.derivation import Deriver
    from engine.nearest import why_not

    asked = {"--stage": stage, "--value": kind, "--action": action, "--fact": fact}
    given = {option: text for option, text in asked.items() if text is not None}
    if len(given) != 1:
        raise click.UsageError("Ask about one thing: --stage, --value, --action or --fact.")
    ((option, text),) = given.items()
    with desk_for(query) as desk:
        decided = desk.decide(customer)
    deriver = Deriver(desk.rules.pack, desk.rules.program, decided.facts, decided.decision)
    found = why_not(deriver, *target(deriver, option, text))
    teller = Teller(deriver, Texts(query.language))
    if query.as_json:
        from commands.explain_json import ways_in_json
        from commands.output import print_json

        about = {"card": decided.card, "customer": decided.facts.customer, "as_of": query.as_of}
        print_json({**about, "why_not": ways_in_json(teller, found)})
        return
    from commands.output import print_page
    from commands.why_not_layout import WhyNotLayout

    print_page(teller.head(decided.card), *WhyNotLayout(teller, None if show_all else NEAREST).page(found))


def target(deriver: Deriver, option: str, text: str) -> tuple[FactKey, Value]:
    """Return the fact that is asked about, and its value or member.

    Raises:
        BadParameter: if the pack has no such fact, value or action, or no rule concludes the fact.
    """
    from engine.changed import SettingError, read_value
    from engine.vocabulary import FactKey

    pack = deriver.pack
    if option == "--stage":
        return pack.ladder.proposed, text
    if option == "--action":
        if text not in pack.actions:
            raise _unknown(f"{text!r} is no action of this pack.", text, pack.actions, option)
        return FactKey(None, "advised"), text
    if option == "--value":
        name, value = pack.shows.get("value", ""), text
    else:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise click.BadParameter(f"{text!r} says no value. Write it as NAME=VALUE.", param_hint=option)
    key = FactKey(None, name)
    if key not in deriver.resolutions:
        known = [found.name for found in deriver.resolutions if found.scope is None]
        raise _unknown(f"{name!r} is no fact that the rules of this pack conclude.", name, known, option)
    try:
        return key, read_value(pack.vocabulary, pack.vocabulary.facts[key], value)
    except SettingError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _unknown(what: str, word: str, known: object, option: str) -> click.BadParameter:
    from engine.errors import did_you_mean

    return click.BadParameter(f"{what} {did_you_mean(word, known)}".rstrip(), param_hint=option)  # type: ignore[arg-type]
