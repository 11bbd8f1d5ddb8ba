"""How a batch goes, for those who are not there: events as JSON lines, and figures for a monitoring system."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.progress import SECONDS_BETWEEN_LINES
from common.json_form import as_json

if TYPE_CHECKING:
    from common.metrics import Metric
    from facts.batch.run import BatchRun

LAST_SUCCESS = "valuelift_batch_last_success_timestamp_seconds"


class Steps:
    """The steps of a batch, with the moments at which they began."""

    def __init__(self) -> None:
        self.began_at = time.time()
        self._since = time.monotonic()
        self._begun: dict[str, float] = {}

    def note(self, step: str) -> None:
        """Take notice of a step that begins, or goes on."""
        self._begun.setdefault(step, time.monotonic())

    def seconds(self) -> float:
        """Return how long the batch has taken until now."""
        return time.monotonic() - self._since

    def lasted(self) -> dict[str, float]:
        """Return how many seconds each step took until the next one, or until now."""
        moments = [*self._begun.values(), time.monotonic()]
        return {step: end - start for step, (start, end) in zip(self._begun, pairwise(moments), strict=True)}


class JsonLog:
    """Events as JSON lines on standard error: `time` (UTC), `level`, `event`, and what belongs to the event."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._spoken = 0.0
        self._seen: set[str] = set()

    def event(self, event: str, level: str = "info", /, **values: object) -> None:
        """Write an event."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": level, "event": event, **values}
        click.echo(as_json(line), err=True)

    def progress(self, step: str, done: int, of: int | None) -> None:
        """Write how far a step is: when it begins, from time to time, and when it is done."""
        is_due = time.monotonic() - self._spoken >= SECONDS_BETWEEN_LINES
        if self._quiet or not (step not in self._seen or is_due or done == of):
            return
        self._seen.add(step)
        self._spoken = time.monotonic()
        self.event("progress", step=step, done=done, of=of)


def succeeded(
    steps: Steps,
    as_of: date,
    run: BatchRun,
    counts: Mapping[str, Mapping[str, int]],
    info: dict[str, str],
) -> list[Metric]:
    """Return the figures of a batch that came to its end."""
    from common.metrics import Metric, gauge

    ended = time.time()
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).timestamp()
    return [
        *_of_any(steps, ended, success=True),
        gauge(LAST_SUCCESS, "When a batch last came to its end.", ended),
        gauge("valuelift_batch_customers", "Customers decided.", run.customers),
        gauge("valuelift_batch_undecided", "Customers whose records do not fit the rules.", run.undecided),
        gauge("valuelift_batch_new", "1 if the run is new, 0 if the same was published before.", int(run.is_new)),
        gauge("valuelift_batch_as_of_timestamp_seconds", "The date as of which was decided, at 00:00 UTC.", midnight),
        Metric("valuelift_batch_info", "The rules that decided, and the version of Valuelift.", [(info, 1)]),
        *(
            Metric(
                f"valuelift_customers_by_{name}",
                f"Customers by {name.replace('_', ' ')}; an empty label counts those that have none.",
                [({name: member}, count) for member, count in sorted(found.items())],
            )
            for name, found in counts.items()
        ),
    ]


def failed(steps: Steps, file: Path) -> list[Metric]:
    """Return the figures of a batch that failed; when one last succeeded is taken over from the file."""
    from common.metrics import gauge, sample

    last = sample(file, LAST_SUCCESS)
    kept = [] if last is None else [gauge(LAST_SUCCESS, "When a batch last came to its end.", last)]
    return [*_of_any(steps, time.time(), success=False), *kept]


def _of_any(steps: Steps, ended: float, *, success: bool) -> list[Metric]:
    from common.metrics import Metric, gauge

    lasted = [({"step": step}, round(seconds, 3)) for step, seconds in steps.lasted().items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [
        gauge("valuelift_batch_success", "1 if the last batch came to its end, 0 if it failed.", int(success)),
        gauge("valuelift_batch_start_timestamp_seconds", "When the last batch began.", steps.began_at),
        gauge("valuelift_batch_end_timestamp_seconds", "When the last batch ended.", ended),
        gauge("valuelift_batch_duration_seconds", "How long the last batch took.", round(steps.seconds(), 3)),
        *([Metric("valuelift_batch_step_duration_seconds", "How long each step took.", lasted)] if lasted else []),
        gauge("valuelift_batch_peak_memory_bytes", "The most memory that the process had.", peak),
    ]
