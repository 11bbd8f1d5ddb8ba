"""How far a long command is: a bar on a terminal, a line for each step elsewhere; always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

Report = Callable[[str, int, int | None], None]
"""Called with a step in words, how much of it is done, and of how much (None: nobody knows)."""


@contextmanager
def progress() -> Iterator[Report]:
    """Give a progress report."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, of: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of, done="")
            bars.update(tasks[step], completed=done, total=of, done=f"{done:,}" if of is None else f"{done:,}/{of:,}")

        yield report


def _lines() -> Report:
    said: set[str] = set()

    def report(step: str, done: int, of: int | None) -> None:  # noqa: ARG001 - a line says that a step has begun
        if step not in said:
            said.add(step)
            click.echo(f"{step} ...", err=True)

    return report
