"""Documents to take along, made from decisions by the templates beside this module."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.texts import Texts

if TYPE_CHECKING:
    from jinja2 import Environment


def rendered(template: str, texts: Texts, **values: object) -> str:
    """Return a document from the template of this name, in the texts' language."""
    return _templates().get_template(f"{template}.j2").render(t=texts, **values).strip()


def deliver(text: str, out: Path | None) -> None:
    """Write a document to a file, or print it."""
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


@cache
def _templates() -> Environment:
    """Return the environment of the templates; whatever comes from data is escaped in HTML.

    What the pages show as well stands in `common`, and its styles among what the pages' server gives out.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

    from common.advised_since import since_in_words

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("commands"), PackageLoader("common"), PackageLoader("web", "static")]),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    environment.globals["since_in_words"] = since_in_words
    return environment


def plain(said: object) -> str:
    """Return what people entered so that Markdown shows it as it is, in one line and one cell of a table."""
    return re.sub(r"([\\`*|<\[])", r"\\\1", " ".join(str(said).split()))
