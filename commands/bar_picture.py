"""Pictures of counts: bars below each other, now and before, and a grid of shares. Narrow enough for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LABEL, NUMBER = 440.0, 150.0, 80.0
ROW, THICK, THIN = 34.0, 14.0, 7.0
CELL_HEIGHT, HEAD = 26.0, 108.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A bar with its title and count, and a thinner one for the count before."""

    title: str
    count: int
    before: int
    x: float
    y: float
    length: float
    x_before: float
    length_before: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, ready to be drawn."""

    bars: tuple[Counted, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A share of a grid, from 0 to 1, as a fraction in words."""

    x: float
    y: float
    share: float
    said: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of shares with titles of rows and columns (each with its place), ready to be drawn."""

    cells: tuple[Cell, ...]
    rows: tuple[tuple[str, float], ...]
    columns: tuple[tuple[str, float], ...]
    cell_width: float
    width: float
    height: float


def bars(counts: Sequence[tuple[str, int, int]], *, centred: bool = False) -> Bars:
    """Lay out bars.

    Args:
        counts: title, count and count before of each, from top to bottom.
        centred: draw them about a middle line, as a funnel is.
    """
    room = WIDTH - LABEL - NUMBER
    unit = room / (max((max(count, before) for _, count, before in counts), default=0) or 1)

    def start(count: int) -> float:
        return round(LABEL + ((room - count * unit) / 2 if centred else 0), 1)

    found = tuple(
        Counted(
            title, count, before, start(count), place * ROW, round(count * unit, 1), start(before),
            round(before * unit, 1),
        )
        for place, (title, count, before) in enumerate(counts)
    )  # fmt: skip
    return Bars(found, WIDTH, ROW * len(counts))


def grid(rows: Sequence[str], columns: Sequence[str], shares: Sequence[tuple[int, int, int, int]]) -> Grid:
    """Lay out shares.

    Args:
        rows: titles of rows.
        columns: titles of columns.
        shares: row and column by their places, and the share as a numerator and a denominator.
    """
    width = (WIDTH - LABEL) / max(len(columns), 1)
    cells = tuple(
        Cell(round(LABEL + column * width, 1), HEAD + row * CELL_HEIGHT, round(n / of, 3) if of else 0.0, f"{n}/{of}")
        for row, column, n, of in shares
    )
    return Grid(
        cells,
        tuple((title, HEAD + place * CELL_HEIGHT) for place, title in enumerate(rows)),
        tuple((title, round(LABEL + (place + 0.5) * width, 1)) for place, title in enumerate(columns)),
        round(width, 1),
        WIDTH + 60,
        HEAD + CELL_HEIGHT * len(rows),
    )
