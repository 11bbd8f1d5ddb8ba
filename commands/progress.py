"""How far a long command is: a bar on a terminal, a line for each step elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

SECONDS_BETWEEN_LINES = 10

Report = Callable[[str, int, int | None], None]
"""Called with a step in words, how much of it is done, and of how much (None: nobody knows)."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Report]:
    """Give a progress report; a quiet one says nothing."""
    if quiet:
        yield lambda _step, _done, _of: None
        return
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        rates: dict[str, _Rate] = {}

        def report(step: str, done: int, of: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of, done="", rate="")
                rates[step] = _Rate(done)
            shown = f"{done:,}" if of is None else f"{done:,}/{of:,}"
            bars.update(tasks[step], completed=done, total=of, done=shown, rate=rates[step].said(done))

        yield report


class _Rate:
    """How fast a step goes on, from where it began (an interrupted batch does not begin at 0)."""

    def __init__(self, began_at: int) -> None:
        self._began_at, self._since = began_at, time.monotonic()

    def per_second(self, done: int) -> float:
        passed = time.monotonic() - self._since
        return (done - self._began_at) / passed if passed else 0.0

    def said(self, done: int) -> str:
        rate = self.per_second(done)
        return f"{rate:,.0f}/s" if rate else ""


def _lines() -> Report:
    """Say in a line when a step begins, and from time to time how far it is."""
    rates: dict[str, _Rate] = {}
    spoken = time.monotonic()

    def report(step: str, done: int, of: int | None) -> None:
        nonlocal spoken
        if step not in rates:
            rates[step] = _Rate(done)
            spoken = time.monotonic()
            click.echo(f"{step} ...", err=True)
        elif time.monotonic() - spoken >= SECONDS_BETWEEN_LINES and of:
            spoken = time.monotonic()
            rate = rates[step].per_second(done)
            left = f", {(of - done) / rate:,.0f} s" if rate else ""
            click.echo(f"{step} ... {done:,}/{of:,} ({rate:,.0f}/s{left})", err=True)

    return report
