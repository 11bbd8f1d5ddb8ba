"""Two pictures of shares: marks with their intervals below each other, and lines over dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from facts.backtest.resample import Estimate

WIDTH, EDGE, ROW = 640.0, 210.0, 26.0
HEIGHT, MARGIN, FOOT = 200.0, 44.0, 24.0
_SPACE = 110.0
"""Room for the figure to the right of a mark."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A share with its interval; `said` puts it in words."""

    title: str
    value: Estimate
    said: Callable[[float], str]
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark in its place: bar, interval, and what stands beside it."""

    title: str
    text: str
    y: float
    bar: float
    low: float
    high: float
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks, ready to be drawn; `edge` is where nought lies."""

    placed: tuple[Placed, ...]
    width: float
    height: float
    edge: float


def marks(found: Sequence[Mark]) -> Marks:
    """Lay out shares from nought to the largest, each with its interval."""
    largest = max((each.value.high for each in found), default=0) or 1
    unit = (WIDTH - EDGE - _SPACE) / largest
    placed = [
        Placed(
            each.title,
            each.said(each.value.value),
            round(ROW * place + ROW / 2, 1),
            round(max(each.value.value, 0) * unit, 1),
            round(EDGE + max(each.value.low, 0) * unit, 1),
            round(EDGE + each.value.high * unit, 1),
            each.is_ours,
        )
        for place, each in enumerate(found)
    ]
    return Marks(tuple(placed), WIDTH, ROW * len(found), EDGE)


@dataclass(frozen=True, slots=True)
class Line:
    """A share on each date (None: there is none)."""

    title: str
    values: Sequence[float | None]
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line in its place, with its points."""

    title: str
    path: str
    points: tuple[tuple[float, float, str], ...]
    number: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines, ready to be drawn, with the dates below and the scale beside."""

    drawn: tuple[Drawn, ...]
    days: tuple[tuple[float, str], ...]
    scale: tuple[tuple[float, str], ...]
    width: float
    height: float


def lines(days: Sequence[str], found: Sequence[Line]) -> Lines:
    """Lay out shares over dates, from nought to one."""
    step = (WIDTH - 2 * MARGIN) / max(len(days) - 1, 1)
    xs = [round(MARGIN + place * step, 1) for place in range(len(days))]

    def height(value: float) -> float:
        return round(HEIGHT * (1 - value), 1)

    drawn = []
    for number, line in enumerate(found):
        points = tuple(
            (x, height(value), f"{line.title}, {day}: {value:.1%}")
            for x, day, value in zip(xs, days, line.values, strict=True)
            if value is not None
        )
        path = " ".join(f"{'L' if place else 'M'}{x},{y}" for place, (x, y, _) in enumerate(points))
        drawn.append(Drawn(line.title, path, points, number, line.is_ours))
    scale = tuple((height(part / 4), f"{part * 25}%") for part in range(5))
    return Lines(tuple(drawn), tuple(zip(xs, days, strict=True)), scale, WIDTH, HEIGHT + FOOT)
