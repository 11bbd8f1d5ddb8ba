"""How often a value is accepted: a hierarchical Beta-Binomial model, from the whole to narrower and narrower groups.

What is known of a wider group is where a narrower one begins: its prior is the wider group's posterior *without* the
narrower group's own evidence, so that nothing is counted twice. Shares of narrower groups scatter about that of the
wider one as Beta(k m, k (1 - m)) does, with k = `Weights.prior_heard`. Where too little was heard in a group, the
nearest wider one with enough speaks for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from facts.beta import beta_quantile

Path = tuple[str | None, ...]
"""What a group has in common: a kind of value, then a stage and so on; () is the whole. None: not known."""


@dataclass(frozen=True, slots=True)
class Weights:
    """By what the model weighs evidence. The parameters `effects.*` of a pack have these names."""

    least_heard: int  # of fewer effects heard a group does not speak for itself
    prior_heard: int  # the wider group, known well, weighs as much as so many effects heard in the narrower one
    interval: int  # the share lies in the interval with this probability, in per cent


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many effects were heard, and how many of those were acceptance."""

    accepted: int = 0
    heard: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """The share of acceptance in a group, known as Beta(a, b), and the group that speaks for it: maybe a wider one."""

    group: Path
    evidence: Evidence
    rests_on: Path
    a: Fraction
    b: Fraction
    interval: int

    @property
    def is_own(self) -> bool:
        """Whether enough was heard in the group itself."""
        return self.rests_on == self.group

    @property
    def share(self) -> Fraction:
        """The most that can be said in one number: the mean."""
        return self.a / (self.a + self.b)

    @property
    def low(self) -> float:
        """Where the interval begins."""
        return self._quantile((1 - self.interval / 100) / 2)

    @property
    def high(self) -> float:
        """Where the interval ends."""
        return self._quantile((1 + self.interval / 100) / 2)

    def _quantile(self, probability: float) -> float:
        # Only when it is asked for: the fact needs the mean alone, and the quantiles take ten times as long.
        return beta_quantile(probability, float(self.a), float(self.b))


def estimates(cells: Iterable[tuple[Path, Evidence]], weights: Weights) -> dict[Path, Estimate]:
    """Return the estimates of the cells and of all wider groups, the widest first; none where too little is known.

    Args:
        cells: the narrowest groups. The beginnings of their paths are the wider groups.
        weights: by what evidence is weighed.
    """
    counted = _with_wider(cells)
    found: dict[Path, Estimate] = {}
    for group in sorted(counted, key=lambda path: (len(path), [(each is None, each or "") for each in path])):
        spoken_for = next((wider for wider in outwards(group) if counted[wider].heard >= weights.least_heard), None)
        if spoken_for is not None:
            a, b = _added(_prior(counted, spoken_for, weights), counted[spoken_for])
            found[group] = Estimate(group, counted[group], spoken_for, a, b, weights.interval)
    return found


def _with_wider(cells: Iterable[tuple[Path, Evidence]]) -> dict[Path, Evidence]:
    accepted: Counter[Path] = Counter()
    heard: Counter[Path] = Counter()
    for path, evidence in cells:
        for wider in outwards(path):
            accepted[wider] += evidence.accepted
            heard[wider] += evidence.heard
    return {path: Evidence(accepted[path], heard[path]) for path in heard}


def outwards(path: Path) -> Iterator[Path]:
    """Yield a group and all wider ones."""
    return (path[:length] for length in range(len(path), -1, -1))


def _prior(counted: Mapping[Path, Evidence], group: Path, weights: Weights) -> tuple[Fraction, Fraction]:
    """Return the two parameters of a group's prior: of the whole, any share is as likely as any other."""
    if not group:
        return Fraction(1), Fraction(1)
    wider, own = group[:-1], counted[group]
    whole = counted[wider]
    a, b = _added(_prior(counted, wider, weights), Evidence(whole.accepted - own.accepted, whole.heard - own.heard))
    # The mixture of Beta(k m, k (1 - m)) over what is known of m has the mean and variance of such a Beta.
    weight = (a + b) * weights.prior_heard / (a + b + weights.prior_heard + 1)
    return weight * a / (a + b), weight * b / (a + b)


def _added(prior: tuple[Fraction, Fraction], seen: Evidence) -> tuple[Fraction, Fraction]:
    return prior[0] + seen.accepted, prior[1] + seen.heard - seen.accepted


def paths(rows: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[tuple[Path, Evidence]]:
    """Return rows with `accepted` and `heard` as cells, by the columns that make their paths."""
    return [(tuple(row[name] for name in by), Evidence(row["accepted"], row["heard"])) for row in rows]
