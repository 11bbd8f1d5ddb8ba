"""A picture of who goes where: two columns of bars, and bands between them as thick as there are many that go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HEIGHT, GAP, BAR, WIDTH = 360.0, 10.0, 14.0, 640.0
EDGE = 170.0
"""Room for titles on both sides."""

NARROW, NARROW_EDGE = 470.0, 190.0
"""Width and edge of a picture that can still be read on a phone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One state on one side."""

    x: float
    y: float
    height: float
    title: str
    count: int
    is_left: bool


@dataclass(frozen=True, slots=True)
class Band:
    """Those who go from one state to another, as the path of a curve with its thickness."""

    path: str
    thickness: float
    stays: bool
    title: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Bars and bands, ready to be drawn."""

    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    width: float
    height: float


def flow(
    states: Sequence[str | None],
    moved: Callable[[str | None, str | None], int],
    title: Callable[[str | None], str],
    width: float = WIDTH,
    edge: float = EDGE,
) -> Flow:
    """Lay out the flow between states.

    Args:
        states: from top to bottom.
        moved: how many go from one state to another.
        title: a state's title.
        width: of the whole picture.
        edge: room for titles on both sides.
    """
    total = sum(moved(before, after) for before in states for after in states) or 1
    unit = (HEIGHT - GAP * (len(states) - 1)) / total
    left, right = edge, width - edge - BAR
    bars: list[Bar] = []
    tops: dict[tuple[bool, str | None], float] = {}
    for is_left, x in ((True, left), (False, right)):
        y = 0.0
        for state in states:
            count = sum(moved(state, other) if is_left else moved(other, state) for other in states)
            bars.append(Bar(x, round(y, 1), round(count * unit, 1), title(state), count, is_left))
            tops[is_left, state] = y
            y += count * unit + GAP
    bands = []
    for before, after, count in _pairs(states, moved):
        thickness = count * unit
        start, end = (tops[side] + thickness / 2 for side in ((True, before), (False, after)))
        tops[True, before] += thickness
        tops[False, after] += thickness
        middle = (left + BAR + right) / 2
        path = f"M{left + BAR:.1f},{start:.1f} C{middle:.1f},{start:.1f} {middle:.1f},{end:.1f} {right:.1f},{end:.1f}"
        said = f"{title(before)} → {title(after)}: {count}"
        bands.append(Band(path, round(max(thickness, 1.0), 1), before == after, said))
    return Flow(tuple(bars), tuple(bands), width, HEIGHT + GAP)


def _pairs(
    states: Sequence[str | None], moved: Callable[[str | None, str | None], int]
) -> Iterable[tuple[str | None, str | None, int]]:
    return ((before, after, moved(before, after)) for before in states for after in states if moved(before, after))
