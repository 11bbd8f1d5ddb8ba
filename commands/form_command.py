"""`valuelift form`: the registration form of a customer, with blanks for what nobody has found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Query, out_option, query_options

if TYPE_CHECKING:
    from engine.model import Pack
    from engine.snapshot import CustomerFacts
    from engine.vocabulary import Value
    from wiring import Decided

# Facts and families of the customer by section, in the order in which one asks; the section's title is a text.
SECTIONS = {
    "form_base": (
        "industry", "region", "country", "legal_form", "founded_on", "employees", "annual_revenue", "belongs_to_group",
        "first_business_on", "acquisition_source",
    ),
    "form_business": ("credit_score", "credit_limit", "cooperation_agreement", "cooperation_acceptance"),
    "form_perception": ("perception",),
    "form_competitors": ("competitor_strength",),
    "form_judgement": ("judgement",),
}  # fmt: skip
# Collections, with the columns to fill in; those that no fact holds are personal and stay in the store.
TABLES = {
    "contacts": ("role", "since"),
    "needs": ("tier", "kind", "level", "state", "heart_value", "felt"),
    "agreements": ("kind", "state", "payment_days", "since"),
}
BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the form: each line has a title, and what is known in words (empty: a blank)."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FormTable:
    """A table of the form: what is known row by row; rows to fill in follow."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@click.command("form")
@click.argument("customer")
@out_option
@query_options
def command(customer: str, out: Path | None, query: Query) -> None:
    """Print the registration form of CUSTOMER: what is known, and blanks for what is not.

    Fill in the blanks at the next visit, and enter them by `valuelift record`, or many by `valuelift record file`.

    \b
    Example:
      valuelift form 13085 --as-of 2010-12-09
      valuelift form 13085 --as-of 2010-12-09 --lang zh --out form.md
    """
    from commands.desk import desk_for
    from commands.documents import deliver, rendered
    from common.texts import Texts

    with desk_for(query, customer) as desk:
        found = desk.decide(customer)
    pack, texts = desk.rules.pack, Texts(query.language)
    sections, tables = sections_of(pack, found, query.language), tables_of(pack, found.facts, query.language)
    if query.as_json:
        from commands.output import print_json

        print_json({"card": found.card, "sections": sections, "tables": tables})
        return
    text = rendered(
        "form.markdown",
        texts,
        customer=customer,
        card=found.card,
        as_of=query.as_of,
        sections=sections,
        tables=tables,
        blank_rows=BLANK_ROWS,
    )
    deliver(text, out)


def sections_of(pack: Pack, found: Decided, language: str) -> tuple[Section, ...]:
    """Return the sections about the customer as a whole."""
    from common.texts import Texts

    known = found.facts.facts
    return tuple(
        Section(Texts(language)(title), tuple(_lines(pack, known, names, language)))
        for title, names in SECTIONS.items()
    )


def _lines(pack: Pack, known: Mapping[str, Value], names: tuple[str, ...], language: str) -> Iterator[tuple[str, str]]:
    from engine.wording import Wording

    wording = Wording(pack.vocabulary, language)
    for fact in pack.vocabulary.in_scope(None):
        if fact.name in names or fact.family in names:
            value = known.get(fact.name)
            yield wording.text(fact.title), "" if value is None else wording.measure(fact, value)


def tables_of(pack: Pack, facts: CustomerFacts, language: str) -> tuple[FormTable, ...]:
    """Return the lists of people, needs and agreements."""
    from common.strategy import row_in_words
    from engine.vocabulary import FactKey
    from engine.wording import Wording

    wording = Wording(pack.vocabulary, language)

    def table(collection: str, names: tuple[str, ...]) -> FormTable:
        columns = tuple(wording.text(pack.vocabulary.facts[FactKey(collection, name)].title) for name in names)
        rows = facts.rows.get(collection, ())
        said = tuple(tuple(row_in_words(wording, collection, row, names)) for row in rows)
        return FormTable(wording.title(collection), columns, said)

    return tuple(table(collection, names) for collection, names in TABLES.items())
