"""Decide a chunk once more by a program in which some conditions differ, computing anew only what they reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.bits import NOWHERE, Bits, Mask, any_of, join, meet, pack, settled
from engine.plan.conditions import Conditions
from engine.plan.decided import Decided
from engine.plan.resolve import Rules, fire
from engine.plan.values import Values
from engine.program import Leaf, Program, Resolution, Selection, Single, cond_facts
from engine.vocabulary import FactKey, Vocabulary


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


def changed_rules(before: Program, after: Program) -> frozenset[int] | None:
    """Return the rules whose conditions differ; None if the programs differ in more than conditions and resolutions."""
    if after.leaves[: len(before.leaves)] != before.leaves or _shape(before) != _shape(after):
        return None
    pairs = zip(before.rules, after.rules, strict=True)
    return frozenset(one.index for one, other in pairs if one.when != other.when)


def leaves_to_begin_with(program: Program | None, vocabulary: Vocabulary) -> Sequence[Leaf]:
    """Return the leaves of a program with which to compile others like it (see `compile_pack`).

    There are none if they would mean something else in the vocabulary of the others.
    """
    same = program is not None and _words(program.vocabulary) == _words(vocabulary)
    return program.leaves if program is not None and same else ()


def _words(vocabulary: Vocabulary) -> tuple[object, ...]:
    facts = tuple(
        (one.key, one.type, one.enum, one.scale, one.default, one.falls_back_to) for one in vocabulary.facts.values()
    )
    return facts, tuple((enum.name, enum.members) for enum in vocabulary.enums.values())


def _shape(program: Program) -> tuple[object, ...]:
    """Return what two programs must share: the words, which rules there are and when, and what is decided in turn."""
    rules = tuple((rule.id, rule.scope, rule.valid_from, rule.valid_until) for rule in program.rules)
    strata = tuple(
        (stratum.rules, tuple((type(one), one.fact) for one in stratum.resolutions)) for stratum in program.strata
    )
    return _words(program.vocabulary), rules, strata


class Again(Decided):
    """A chunk decided by another program than `base` was, which differs in the conditions of the rules `changed`.

    Its resolutions may differ too; in all else it is like the other (see `changed_rules`).

    `fired_otherwise` and `facts` have, for every rule and fact that comes out otherwise somewhere, those concerned.
    """

    def __init__(self, base: Decided, program: Program, changed: Collection[int], reads: Reads) -> None:
        self._base = base
        self._program = program
        more = program.leaves is not base._program.leaves
        self._chunk = replace(
            base._chunk,
            program=program,
            nodes=base._chunk.nodes.over(program.leaves) if more else base._chunk.nodes,
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
        for before, stratum in zip(base._program.strata, program.strata, strict=True):
            for index in stratum.rules:
                if index in changed or not reads.rules[index].isdisjoint(self.facts):
                    self._fire(index)
            for old, resolution in zip(before.resolutions, stratum.resolutions, strict=True):
                if (
                    (old is not resolution and old != resolution)
                    or not self._new_rules.isdisjoint(_rules_of(resolution))
                    or not reads.resolutions[resolution.fact].isdisjoint(self.facts)
                ):
                    self._resolve_again(resolution)

    def gates_otherwise(self) -> dict[str, Mask]:
        """Return, for each gate whose state may come out otherwise, the customers for whom it does."""
        found = {}
        for before, after in zip(self._base._program.gates, self._program.gates, strict=True):
            if before == after and cond_facts(before.required, self._program.leaves).isdisjoint(self.facts):
                continue
            (now, maybe_now), (then, maybe_then) = (
                decided.truth(gate.required, None) for decided, gate in ((self._base, before), (self, after))
            )
            found[before.id] = (now != then) | (maybe_now != maybe_then)
        return found

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
            one, other = old.sets[key], new.sets[key]
            members = [_differ(one.get(code, NOWHERE), other.get(code, NOWHERE)) for code in {*one, *other}]
            return join(doubts, any_of(*members))
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
