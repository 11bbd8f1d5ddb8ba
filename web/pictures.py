"""Where the parts of pictures stand: bars beside each other, a share against its limit, and a map of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, ROW = 360, 40
"""Units of a picture of bars, drawn about as wide as a phone, so that its texts stay readable there."""

LABEL, CELL, LINE = 150, 68, 34
FAINTEST, STRONGEST = 0.08, 0.45
"""How much of the colour a cell of a map has, so that the text on it can be read."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar below its title and number; `before` is how long it was, None if that is not told."""

    y: int
    title: str
    said: str
    length: float
    before: float | None
    link: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from top to bottom, and where a limit stands, if there is one."""

    bars: tuple[Bar, ...]
    height: int
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of a map: `strength` is how much of the colour it has, None where there is nothing."""

    x: int
    y: int
    said: str
    strength: float | None
    link: str


@dataclass(frozen=True, slots=True)
class Map:
    """A map of shares: titles above and at the left, and a cell for each pair."""

    columns: tuple[tuple[int, str], ...]
    lines: tuple[tuple[int, str], ...]
    squares: tuple[Square, ...]
    width: int
    height: int


def bars(
    rows: Sequence[tuple[str, str, float, float | None, str]], most: float | None = None, limit: float | None = None
) -> Bars:
    """Return bars for rows of title, number in words, number, earlier number and link; `most` is the full length."""
    numbers = [number for _, _, now, before, _ in rows for number in (now, before or 0)]
    unit = WIDTH / (most or max([*numbers, limit or 0], default=0) or 1)
    drawn = tuple(
        Bar(place * ROW, title, said, round(now * unit, 1), None if before is None else round(before * unit, 1), link)
        for place, (title, said, now, before, link) in enumerate(rows)
    )
    return Bars(drawn, len(rows) * ROW, None if limit is None else round(limit * unit, 1))


def share_map(columns: Sequence[str], lines: Sequence[str], cells: Sequence[Sequence[tuple[int, int, str]]]) -> Map:
    """Return a map of shares.

    Args:
        columns: titles above.
        lines: titles at the left.
        cells: for each line, for each column: how many, of how many, and the link behind it.
    """
    squares = [
        Square(LABEL + column * CELL, (line + 1) * LINE, f"{n}/{of}" if of else "", _strength(n, of), link)
        for line, row in enumerate(cells)
        for column, (n, of, link) in enumerate(row)
    ]
    return Map(
        tuple((LABEL + place * CELL + CELL // 2, title) for place, title in enumerate(columns)),
        tuple(((place + 1) * LINE + LINE // 2, title) for place, title in enumerate(lines)),
        tuple(squares),
        LABEL + len(columns) * CELL,
        (len(lines) + 1) * LINE,
    )


def _strength(n: int, of: int) -> float | None:
    return round(FAINTEST + (STRONGEST - FAINTEST) * n / of, 2) if of else None
