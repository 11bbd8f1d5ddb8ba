"""What the decisions on known customers already show, so that the solver need not look for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.program import And, Cond, Lit, Program, Single, Union
from engine.prove.findings import Fires, Witness
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey

Example = tuple[CustomerFacts, Sequence[frozenset[int]]]
"""A customer, and the rules that fire for it, and for each of its rows."""


Masks = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
"""Where something is surely, and where it is possibly true."""
LeafTruths = Mapping[str | None, Masks]
"""By scope, what came out of leaf tests: leaves × places, as `Plan.truths` returns it."""


class Examples:
    """Rules that fire, that give a fact its value, and whose conclusion would be missed, each with a customer."""

    def __init__(self, program: Program, examples: Iterable[Example] = (), truths: LeafTruths | None = None) -> None:
        self._program = program
        self._truths = truths or {}
        self._fires: dict[int, CustomerFacts] = {}
        self._wins: dict[tuple[FactKey, int], CustomerFacts] = {}
        self._changes: dict[int, CustomerFacts] = {}
        for customer, places in examples:
            for fired in places:
                self._fires |= dict.fromkeys(fired, customer)
                self._look_at(customer, fired)
            self._look_at_sets(customer, frozenset().union(*places))

    def fires(self, rule: int) -> Witness | None:
        """Return a customer for whom a rule fires, if one is known."""
        return self._witness(self._fires.get(rule), rule)

    def wins(self, fact: FactKey, rule: int) -> Witness | None:
        """Return a customer whose fact gets its value from a rule, if one is known."""
        return self._witness(self._wins.get((fact, rule)), rule)

    def changes(self, rule: int) -> Witness | None:
        """Return a customer for whom some fact would differ without a rule, if one is known."""
        return self._witness(self._changes.get(rule), rule)

    def tell_apart(self, cond: Cond, other: Cond, scope: str | None) -> bool:
        """Whether two conditions come out otherwise for some customer, or row, that is known."""
        if scope not in self._truths:
            return False
        one, another = (_truth(each, self._truths[scope]) for each in (cond, other))
        return any(bool((left != right).any()) for left, right in zip(one, another, strict=True))

    def _witness(self, customer: CustomerFacts | None, rule: int) -> Witness | None:
        return None if customer is None else Witness(customer, (Fires(self._program.rules[rule].id),))

    def _look_at(self, customer: CustomerFacts, fired: frozenset[int]) -> None:
        for single in self._program.resolutions:
            if not isinstance(single, Single):
                continue
            hits = [entry for entry in single.entries if entry.rule in fired]
            if not hits:
                continue
            best, others = hits[0], hits[1:]
            self._wins.setdefault((single.fact, best.rule), customer)
            if others[0].value != best.value if others else _is_alone(single, best.value):
                self._changes.setdefault(best.rule, customer)

    def _look_at_sets(self, customer: CustomerFacts, fired: frozenset[int]) -> None:
        for union in self._program.resolutions:
            if not isinstance(union, Union):
                continue
            hits = [(rule, codes) for rule, codes in union.entries if rule in fired]
            for rule, codes in hits:
                rest = {code for other, more in hits if other != rule for code in more}
                if not set(codes) <= rest:
                    self._changes.setdefault(rule, customer)


def _is_alone(single: Single, value: int) -> bool:
    """Whether a fact would surely be another one if no rule fired."""
    return single.fallback is None and single.default != value


def _truth(cond: Cond, leaves: Masks) -> Masks:
    """Return where a condition is surely, and where it is possibly true."""
    if isinstance(cond, Lit):
        surely, possibly = (mask[cond.leaf] for mask in leaves)
        return (surely, possibly) if cond.positive else (~possibly, ~surely)
    join = np.logical_and if isinstance(cond, And) else np.logical_or
    truths = [_truth(item, leaves) for item in cond.items]
    none = np.full(leaves[0].shape[1], isinstance(cond, And))
    surely, possibly = (join.reduce([none, *(truth[side] for truth in truths)]) for side in (0, 1))
    return surely, possibly
