"""Decide a chunk once more by a program in which some conditions differ, computing anew only what they reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.bits import NOWHERE, Bits, Mask, any_of, join, meet, pack, settled
from engine.plan.conditions import Conditions
from engine.plan.decided import Decided
from engine.plan.resolve import Rules, fire
from engine.plan.values import Values
from engine.program import Program, Resolution, Selection, Single, cond_facts
from engine.vocabulary import FactKey


@dataclass(frozen=True)
class Reads:
    """What of a program reads which facts: by rule, and by resolution (besides its rules)."""

    rules: tuple[frozenset[FactKey], ...]
    resolutions: Mapping[FactKey, frozenset[FactKey]]


def reads_of(program: Program) -> Reads:
    """Return what of a program reads which facts."""
    return Reads(
        tuple(frozenset(cond_facts(rule.when, program.leaves)) for rule in program.rules),
        {one.fact: frozenset(_besides(program, one)) for one in program.resolutions},
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
            values=dict(base._chunk.values),
            sets=dict(base._chunk.sets),
            provisional=dict(base._chunk.provisional),
        )
        self.conditions = Conditions(self._chunk, base.conditions)
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
                    self._resolve_again(resolution)

    def _fire(self, index: int) -> None:
        rule = self._program.rules[index]
        fire(self._chunk, self.conditions, self._rules, rule)
        old, new = self._base._rules, self._rules
        fired = _differ(old.fired[index], new.fired[index])
        if fired is not NOWHERE:
            self.fired_otherwise[index] = self.by_customer(self._mask(fired, rule.scope), rule.scope)
        if fired is not NOWHERE or _differ(old.open[index], new.open[index]) is not NOWHERE:
            self._new_rules.add(index)

    def _resolve_again(self, resolution: Resolution) -> None:
        key = resolution.fact
        self._chunk.settle(key)
        self._resolve(resolution)
        differs = self._differs(key)
        if differs is not NOWHERE:
            self.facts[key] = self.by_customer(self._mask(differs, key.scope), key.scope)
            self.conditions.forget(key)

    def _differs(self, key: FactKey) -> Bits:
        """Return where a fact has another value, or is provisional where it was not, or no longer is."""
        old, new = self._base._chunk, self._chunk
        doubts = _differ(old.provisional.get(key, NOWHERE), new.provisional.get(key, NOWHERE))
        if key in new.sets:
            return join(doubts, any_of(*[_differ(old.sets[key][code], bits) for code, bits in new.sets[key].items()]))
        return join(doubts, _values_differ(old.values[key], new.values[key]))


def _differ(one: Bits, other: Bits) -> Bits:
    return NOWHERE if one is other else settled(np.asarray(one ^ other))


def _values_differ(one: Values, other: Values) -> Bits:
    """Return where both are known and differ, or only one is."""
    known = meet(one.known, other.known)
    return join(
        _differ(one.known, other.known), known if known is NOWHERE else meet(known, pack(one.codes != other.codes))
    )


def _rules_of(resolution: Resolution) -> set[int]:
    match resolution:
        case Single():
            return {entry.rule for entry in resolution.entries}
        case Selection():
            return {form.rule for one in resolution.candidates for form in one.points}
        case _:
            return {rule for rule, _ in resolution.entries}
