"""Writing to the terminal: plain and narrow, in colour only where somebody looks."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDEST = 100
"""Lines longer than this are hard to read, however wide the terminal is."""


def console() -> Console:
    """Return the console for standard output: 80 columns where nobody looks, no colour if NO_COLOR is set."""
    from rich.console import Console

    found = Console(highlight=False, emoji=False, markup=False)
    return Console(highlight=False, emoji=False, markup=False, width=min(found.width, WIDEST))


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
    click.echo(json.dumps(value, default=plain, ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:
    """Return the JSON form of what JSON does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
