"""Writing to the terminal: plain and narrow, in colour only where somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from common.json_form import as_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDEST = 100
"""Lines longer than this are hard to read, however wide the terminal is."""


def console() -> Console:
    """Return the console for standard output: 80 columns where nobody looks, no colour if NO_COLOR is set."""
    from commands.wrapping import WrappingConsole

    found = WrappingConsole(highlight=False, emoji=False, markup=False)
    return WrappingConsole(highlight=False, emoji=False, markup=False, width=min(found.width, WIDEST))


def print_page(*parts: RenderableType) -> None:
    """Print renderables one below the other, without the blanks that fill up lines."""
    printed = console()
    with printed.capture() as capture:
        for part in parts:
            printed.print(part)
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    click.echo(text, color=True)  # whether there is colour in it was decided above


def print_json(value: Any) -> None:
    """Print a value as JSON: dates in ISO form, exact numbers as text."""
    click.echo(as_json(value, indent=2))
