"""How sure a figure is that is made of sums over customers: the bootstrap, which draws customers anew.

A customer counts on several dates, and these are no independent witnesses; so whole customers are drawn, with all their
dates. Which customers a method chooses stays as it is: the interval tells how much hangs on whom we happened to have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 1000
_SEED = 20101209
_AT_ONCE = 50

Array = npt.NDArray[np.float64]
"""A figure: in the first place as it is, then as each draw has it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval in which 95 % of the draws lie."""

    value: float
    low: float
    high: float


def totals(customers: npt.NDArray[np.int64], columns: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, Array]:
    """Return the sum of each column, as it is and in each draw of customers.

    Args:
        customers: whose row it is, numbered from 0.
        columns: numbers or flags by name, a value for each row.
    """
    number = int(customers.max()) + 1 if len(customers) else 0
    of_each = np.column_stack(
        [np.bincount(customers, column.astype(np.float64), number) for column in columns.values()]
    )
    found = [of_each.sum(axis=0)[None, :]]
    random = np.random.default_rng(_SEED)
    for _ in range(0, DRAWS, _AT_ONCE):
        drawn = random.integers(0, number, (_AT_ONCE, number)) if number else np.zeros((_AT_ONCE, 0), np.int64)
        times = np.stack([np.bincount(one, minlength=number) for one in drawn]).astype(np.float64)
        found.append(times @ of_each)
    return dict(zip(columns, np.concatenate(found).T, strict=True))


def ratio(over: Array, under: Array) -> Array:
    """Divide two figures; where there is nothing to divide by, the result is not a number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(under == 0, np.nan, over / under)


def estimate(figure: Array) -> Estimate | None:
    """Return a figure with its interval, or None if it is not a number."""
    if not np.isfinite(figure[0]):
        return None
    draws = figure[1:][np.isfinite(figure[1:])]
    low, high = np.percentile(draws, [2.5, 97.5]) if len(draws) else (figure[0], figure[0])
    return Estimate(float(figure[0]), float(low), float(high))
