"""`valuelift customers`: the base at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from commands.options import STAGES, Query, Word, query_options
from engine.said import one_after_other, said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from engine.model import Pack
    from engine.vocabulary import FactKey
    from facts.card import Card
    from wiring import Desk

AT_A_GLANCE = 30
URGENT = 80


@click.command("customers")
@click.option(
    "--stage",
    "stages",
    type=Word(STAGES),
    multiple=True,
    metavar="STAGE",
    help=f"Only customers at this stage ({', '.join(STAGES)}). May be repeated.",
)
@click.option("--manager", metavar="NAME", help="Only customers of this account manager.")
@click.option("--duplicates", is_flag=True, help="Instead, list pairs of customers that may be one, and why.")
@click.option("--all", "show_all", is_flag=True, help=f"Show all, not only the {AT_A_GLANCE} most urgent or likely.")
@query_options
def command(stages: tuple[str, ...], manager: str | None, duplicates: bool, show_all: bool, query: Query) -> None:
    """List the customers, the most urgent first.

    Shows the stage of each, the stage that is proposed, the value to convey next (with `?`, if the advice could still
    change), and how urgent its most urgent action is, from 0 to 100.

    With --duplicates it lists pairs of customers that share a name (but for the legal form and spelling), a telephone
    number, an e-mail address or its domain, or an address. Points for and against make a score; pairs with 50 or more
    are listed, those with 80 or more called likely. Look before you merge: `valuelift record merge`.

    \b
    Example:
      valuelift customers --stage new --stage established --as-of 2010-12-09
      valuelift customers --manager "Marta Holm" --json
      valuelift customers --duplicates
    """
    if duplicates:
        if stages:
            raise click.UsageError(said("--stage does not go with --duplicates: leave one of them out."))
        from commands.duplicates_layout import show_duplicates

        show_duplicates(manager, None if show_all or query.as_json else AT_A_GLANCE, query)
        return
    from commands.desk import desk_for
    from commands.output import console, print_json, print_page
    from commands.undecided import tell_missing
    from common.texts import Texts

    with desk_for(query) as desk:
        cards = desk.cards() if manager is None else looked_after(desk, manager)
        decided = listed(desk, cards)
        columns = desk.rules.columns
    rows = [row for row in decided if not stages or row["stage"] in stages]
    texts = Texts(query.language)
    if query.as_json:
        print_json(rows)
    else:
        shown = rows if show_all else rows[:AT_A_GLANCE]
        parts = page(texts, desk.rules.pack, columns, shown, console().width)
        print_page(*parts, *foot(query, len(shown), len(rows)))
    tell_missing(texts, cards, {row["customer"] for row in decided})


def listed(desk: Desk, cards: Mapping[str, Card]) -> list[dict[str, Any]]:
    """Return a row for each of these customers who can be decided, the most urgent first."""
    rows = [
        {**row, **cards[row["customer"]]}
        for row in desk.overview().drop_columns(["fired_rules"]).to_pylist()
        if row["customer"] in cards
    ]
    return sorted(rows, key=lambda row: (-(row["urgency"] or 0), row["customer"]))


def looked_after(desk: Desk, manager: str) -> dict[str, Card]:
    """Return the customers of an account manager.

    Raises:
        click.BadParameter: if there are none.
    """
    cards = desk.cards()
    found = {key: card for key, card in cards.items() if card["account_manager"] == manager}
    if not found:
        from engine.errors import did_you_mean

        hint = did_you_mean(manager, {card["account_manager"] or "" for card in cards.values()})
        problem = said("No customer has the account manager {manager!r}.", manager=manager)
        raise click.BadParameter(one_after_other(problem, hint))
    return found


def page(
    texts: Texts, pack: Pack, columns: Mapping[str, FactKey], rows: Sequence[Mapping[str, Any]], width: int
) -> list[RenderableType]:
    """Return the list as a table of a width, with a line that names what does not fit into it."""
    from rich.text import Text

    from commands.fitting import Column, fitted
    from engine.wording import Wording

    if not rows:
        return [Text(texts("no_customers"))]
    wording = Wording(pack.vocabulary, texts.language)

    def called(row: Mapping[str, Any], name: str) -> str:
        """Return a member in few words, because the column is narrow: in English its id does."""
        member = row.get(name)
        if member is None:
            return "–"
        if texts.language == "en":
            return str(member).replace("_", " ")
        return wording.member(pack.vocabulary.facts[columns[name]], member)

    def move(row: Mapping[str, Any]) -> Text:
        return Text(f"→ {called(row, 'proposed_stage')}" if row["move"] not in (None, "stay") else "", style="cyan")

    def urgency(row: Mapping[str, Any]) -> Text:
        found = row["urgency"] or 0
        return Text(str(found or "–"), style="bold red" if found >= URGENT else "")

    value = [Text(called(row, "value_next") + (" ?" if row["provisional"] else "")) for row in rows]
    shown = [
        Column(texts("customer"), [Text(row["customer"]) for row in rows], least=15, most=20),
        Column(texts("name"), [Text(row["name"] or "") for row in rows], least=12, most=24, goes=3),
        Column(texts("stage"), [Text(called(row, "stage")) for row in rows]),
        Column(texts("move"), [move(row) for row in rows], goes=2),
        Column(texts("value_next"), value, goes=1),
        Column(texts("urgency"), [urgency(row) for row in rows], is_number=True),
    ]
    return fitted(texts, shown, width)


def foot(query: Query, shown: int, number: int) -> list[RenderableType]:
    """Return the line below the list."""
    from rich.text import Text

    from common.texts import Texts

    texts = Texts(query.language)
    date = texts.date(query.as_of)
    if not number:
        return []
    if shown < number:
        return [Text(texts("customers_cut", shown=shown, number=texts.number(number), date=date), style="dim")]
    return [Text(texts("customers_shown", number=texts.number(number), date=date), style="dim")]
