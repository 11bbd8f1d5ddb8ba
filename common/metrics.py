"""Figures for a monitoring system, in Prometheus' text format, written so that a reader never sees half a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge: its name, what it says, and its samples as labels and value."""

    name: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def gauge(name: str, about: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return Metric(name, about, [({}, value)])


def exposition(metrics: Iterable[Metric]) -> str:
    """Return metrics in text format, version 0.0.4."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.samples:
        said = ",".join(f'{name}="{text.translate(_LABEL_ESCAPES)}"' for name, text in labels.items())
        yield f"{metric.name}{{{said}}} {value!r}" if said else f"{metric.name} {value!r}"


def put(file: Path, metrics: Iterable[Metric]) -> None:
    """Write metrics into a file at once; whoever collects them may read it."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as opened:
        opened.write(exposition(metrics))
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.chmod(0o644)
    unfinished.replace(file)


def sample(file: Path, name: str) -> float | None:
    """Return the value that a file holds of a metric without labels, or None if it does not."""
    if not file.exists():
        return None
    found = re.search(rf"^{re.escape(name)} (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return float(found[1]) if found else None
