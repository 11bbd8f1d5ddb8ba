"""Decide a chunk once more by a program in which some conditions differ, computing anew only what they reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.columns import Array, Column, Mask, full
from engine.plan.conditions import Conditions
from engine.plan.resolve import Rules, fire, resolve_aggregate, resolve_single, resolve_union
from engine.plan.run import Decided
from engine.program import Aggregate, Lit, Program, Resolution, Selection, Single, Union, cond_facts
from engine.vocabulary import FactKey

MISSING = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Reads:
    """What of a program reads which facts: by rule, by resolution (besides its rules), and by fact the leaves."""

    rules: tuple[frozenset[FactKey], ...]
    resolutions: Mapping[FactKey, frozenset[FactKey]]
    leaves: Mapping[FactKey, tuple[int, ...]]


def reads_of(program: Program) -> Reads:
    """Return what of a program reads which facts."""
    leaves = defaultdict(list)
    for index in range(len(program.leaves)):
        for fact in cond_facts(Lit(index), program.leaves):
            leaves[fact].append(index)
    return Reads(
        tuple(frozenset(cond_facts(rule.when, program.leaves)) for rule in program.rules),
        {one.fact: frozenset(_besides(program, one)) for one in program.resolutions},
        {fact: tuple(indices) for fact, indices in leaves.items()},
    )


def _besides(program: Program, resolution: Resolution) -> Collection[FactKey]:
    match resolution:
        case Single():
            return [resolution.fallback] if resolution.fallback is not None else []
        case Selection():
            eligible = {key for one in resolution.candidates for key in cond_facts(one.eligible, program.leaves)}
            return eligible | {form.fact for one in resolution.candidates for form in one.points if form.fact}
        case _:
            return []


class Again(Decided):
    """A chunk decided by another program than `base` was, of which only the conditions of the rules `changed` differ.

    `fired_otherwise` and `facts` have, for every rule and fact that comes out otherwise somewhere, those concerned.
    """

    def __init__(self, base: Decided, program: Program, changed: Collection[int], reads: Reads) -> None:
        self._base = base
        self._program = program
        self._chunk = replace(
            base._chunk,
            program=program,
            columns=dict(base._chunk.columns),
            sets=dict(base._chunk.sets),
            provisional=dict(base._chunk.provisional),
        )
        self._conditions = Conditions(self._chunk, base._conditions)
        self._rules = Rules(dict(base._rules.fired), dict(base._rules.open))
        self._cards = dict(base._cards)
        self._reads = reads
        self.fired_otherwise: dict[int, Mask] = {}
        self.facts: dict[FactKey, Mask] = {}
        self._new_rules: set[int] = set()
        for stratum in program.strata:
            for index in stratum.rules:
                if index in changed or not reads.rules[index].isdisjoint(self.facts):
                    self._fire(index)
            for resolution in stratum.resolutions:
                if not self._new_rules.isdisjoint(_rules_of(resolution)) or not reads.resolutions[
                    resolution.fact
                ].isdisjoint(self.facts):
                    self._resolve(resolution)

    def _fire(self, index: int) -> None:
        rule, size = self._program.rules[index], self._chunk.size(self._program.rules[index].scope)
        fire(self._chunk, self._conditions, self._rules, rule)
        fired, doubted = (
            full(new[index], size) != full(old[index], size)
            for new, old in (
                (self._rules.fired, self._base._rules.fired),
                (self._rules.open, self._base._rules.open),
            )
        )
        if fired.any() or doubted.any():
            self._new_rules.add(index)
        if fired.any():
            self.fired_otherwise[index] = self.by_customer(fired, rule.scope)

    def _resolve(self, resolution: Resolution) -> None:
        key = resolution.fact
        self._chunk.provisional.pop(key, None)
        match resolution:
            case Single():
                resolve_single(self._chunk, self._rules, resolution)
            case Union():
                resolve_union(self._chunk, self._rules, resolution)
            case Aggregate():
                resolve_aggregate(self._chunk, self._rules, resolution)
            case Selection():
                self._select(resolution)
        differs = self._differs(key)
        if differs.any():
            self.facts[key] = self.by_customer(differs, key.scope)
            self._conditions.forget(self._reads.leaves.get(key, ()))

    def _differs(self, key: FactKey) -> Mask:
        """Return where a fact has another value, or is provisional where it was not, or no longer is."""
        size = self._chunk.size(key.scope)
        old, new = self._base._chunk, self._chunk
        doubts = [full(one.provisional[key], size) if key in one.provisional else np.False_ for one in (old, new)]
        found: Mask = np.zeros(size, np.bool_) | (doubts[0] != doubts[1])
        if key in new.sets:
            for code, mask in new.sets[key].items():
                found |= full(mask, size) != full(old.sets[key][code], size)
        else:
            found |= _codes(old.columns[key], size) != _codes(new.columns[key], size)
        return found


def _codes(column: Column, size: int) -> Array:
    """Return a column's codes, with one that no value has where nothing is known."""
    codes = column.codes if column.codes.dtype == object else column.codes.astype(np.int64)
    return codes if column.known is None else np.where(full(column.known, size), codes, np.int64(MISSING))


def _rules_of(resolution: Resolution) -> set[int]:
    match resolution:
        case Single():
            return {entry.rule for entry in resolution.entries}
        case Selection():
            return {form.rule for one in resolution.candidates for form in one.points}
        case _:
            return {rule for rule, _ in resolution.entries}
