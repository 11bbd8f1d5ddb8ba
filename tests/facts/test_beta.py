"""The Beta distribution against what can be worked out exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from facts.beta import beta_cdf, beta_quantile


def exact_cdf(x: Fraction, a: int, b: int) -> Fraction:
    """Return I_x(a, b) for whole a and b: the probability of at least a successes in a + b - 1 trials."""
    n = a + b - 1
    return sum((math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1)), Fraction(0))


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 30), (2, 3), (7, 7), (40, 3), (120, 380), (3, 900)])
def test_it_agrees_with_exact_sums(a: int, b: int) -> None:
    """With whole parameters the incomplete beta function is a binomial sum."""
    for x in (Fraction(1, 1000), Fraction(1, 50), Fraction(1, 4), Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)):
        assert beta_cdf(float(x), a, b) == pytest.approx(float(exact_cdf(x, a, b)), rel=1e-11, abs=1e-14)


def test_it_agrees_with_closed_forms() -> None:
    """Beta(1/2, 1/2) is the arcsine law, and Beta(a, 1) a power."""
    for x in (0.001, 0.2, 0.5, 0.93):
        assert beta_cdf(x, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(x)), rel=1e-12)
        assert beta_cdf(x, 0.07, 1) == pytest.approx(x**0.07, rel=1e-12)
        assert beta_cdf(x, 1, 2.5) == pytest.approx(1 - (1 - x) ** 2.5, rel=1e-12)
    assert (beta_cdf(0, 2, 3), beta_cdf(1, 2, 3)) == (0, 1)


@pytest.mark.parametrize(("a", "b"), [(0.12, 16.9), (1, 1), (0.5, 0.5), (2.5, 8), (400, 90.5), (5000, 20000)])
def test_quantiles_lead_back(a: float, b: float) -> None:
    """The distribution at a quantile is the probability, down to shares next to nothing."""
    for probability in (0.005, 0.05, 0.5, 0.95, 0.995):
        share = beta_quantile(probability, a, b)
        if share > 1e-12:  # below that a share is nothing
            assert beta_cdf(share, a, b) == pytest.approx(probability, rel=1e-9)
