"""The Beta distribution: what is known of a share after some trials. No library that we have computes its quantiles."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_MOST_TERMS = 10_000
_PRECISE = 1e-15


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return how probable it is that a Beta(a, b) variable is at most `x`: the regularised incomplete beta function.

    Args:
        x: between 0 and 1.
        a: positive; accepted trials and those assumed beforehand.
        b: positive; the other trials.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    # The continued fraction converges quickly on the near side of the mean; the far side is its mirror image.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) * _continued_fraction(x, a, b) / a


@lru_cache(4096)  # wider groups speak for many narrower ones
def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the share that a Beta(a, b) variable stays below with a probability.

    Halving is slower than Newton's method and cannot go astray where the density is flat.
    """
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if beta_cdf(middle, a, b) < probability else (low, middle)
        if high - low < _PRECISE:
            break
    return (low + high) / 2


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction 26.5.8 of Abramowitz and Stegun, by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + factor * d)
            c = _away_from_zero(1 + factor / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISE:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
