"""What commands over many customers say of those who cannot be decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from common.texts import Texts
    from facts.card import Card

NAMED = 5
"""Customers; the others are counted."""


def tell_missing(texts: Texts, cards: Mapping[str, Card], decided: Collection[str]) -> None:
    """Say the same (see `tell_undecided`) of those who were asked for and are not among those decided."""
    tell_undecided(texts, {key: card["name"] for key, card in cards.items() if key not in decided})


def tell_undecided(texts: Texts, names: Mapping[str, str | None]) -> None:
    """Say on standard error who cannot be decided, if there is somebody: by key and name."""
    if not names:
        return
    named = [f"{key} {name or ''}".rstrip() for key, name in list(names.items())[:NAMED]]
    if len(names) > NAMED:
        named.append(texts("undecided_more", number=texts.number(len(names) - NAMED)))
    who = texts("comma").join(named)
    number = texts.number(len(names))
    click.echo(texts("undecided_some", number=number, who=who, first=next(iter(names))), err=True)
