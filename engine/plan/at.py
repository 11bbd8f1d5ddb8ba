"""One customer or row of a chunk: which rules are in conflict there, and what a provisional result hangs on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from engine.assemble import fact_conflict, table_conflict
from engine.decision import Conflict, Provisional
from engine.plan.bits import NOWHERE, Bits, holds
from engine.plan.chunk import Chunk
from engine.plan.conditions import Conditions
from engine.plan.resolve import Rules, without_rules
from engine.plan.scorecards import Scored
from engine.plan.values import Values
from engine.program import Aggregate, Code, Program, Resolution, Selection, Single, Union
from engine.vocabulary import FactKey

Place = tuple[str | None, int, str]
"""A scope, a position in its columns, and the row's key (empty for a customer)."""

Spots = Mapping[str | None, Sequence[tuple[int, str]]]
"""The places of a customer and of its rows: by scope, positions and keys."""

Cards = dict[str, tuple[Selection, list[Scored], list[Bits]]]
"""By scorecard, its candidates' points and where each candidate is chosen."""


def conflicts_at(program: Program, spots: Spots, fired: Sequence[tuple[int, str]]) -> Iterator[Conflict]:
    """Yield the conflicts at places, where these rules fired for rows with these keys."""
    at: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for rule, key in fired:
        at[program.rules[rule].scope, key].add(rule)
    for resolution in program.resolutions:
        if not isinstance(resolution, Single):
            continue
        scope = resolution.fact.scope
        for _, key in spots.get(scope, ()):
            names = fact_conflict(resolution, at[scope, key].__contains__)
            if names:
                yield Conflict(resolution.fact.name, key, names)
    for table in program.tables:
        for _, key in spots.get(table.scope, ()):
            names = table_conflict(program, table, at[table.scope, key].__contains__)
            if names:
                yield Conflict(table.id, key, names)


def provisional_at(chunk: Chunk, conditions: Conditions, rules: Rules, cards: Cards, spots: Spots) -> list[Provisional]:
    """Return what is provisional for one customer and its rows, with the rules and unknown facts it hangs on."""
    found: dict[tuple[FactKey, str], Provisional] = {}
    for resolution in chunk.program.resolutions:
        provisional = chunk.provisional.get(resolution.fact, NOWHERE)
        for index, key in spots.get(resolution.fact.scope, ()) if provisional is not NOWHERE else ():
            if holds(provisional, index):
                hangs = _Hangs(chunk, conditions, rules, cards, spots, index)
                found[resolution.fact, key] = hangs.on(resolution, key, found)
    return list(found.values())


class _Hangs:
    """Find the rules and unknown facts that one provisional result hangs on."""

    def __init__(
        self, chunk: Chunk, conditions: Conditions, rules: Rules, cards: Cards, spots: Spots, index: int
    ) -> None:
        self._chunk, self._conditions, self._rules, self._cards = chunk, conditions, rules, cards
        self._of_scope, self._index = spots, index
        self._names: set[str] = set()
        self._unknown: set[str] = set()

    def on(self, resolution: Resolution, key: str, found: Mapping[tuple[FactKey, str], Provisional]) -> Provisional:
        match resolution:
            case Single():
                self._single(resolution, key, found)
            case Union():
                self._union(resolution)
            case Aggregate():
                self._aggregate(resolution)
            case Selection():
                self._selection(resolution)
        return Provisional(resolution.fact.name, key, tuple(sorted(self._names)), tuple(sorted(self._unknown)))

    def _single(self, single: Single, key: str, found: Mapping[tuple[FactKey, str], Provisional]) -> None:
        base, doubt = without_rules(self._chunk, single)
        best = self._settled_value(single, base)
        for entry in single.entries:
            if entry.value != best and self._is_open(entry.rule, self._index):
                self._rule(entry.rule, self._index)
            if self._is_settled(entry.rule):
                return
        if single.fallback and holds(doubt, self._index):
            fallback = found[single.fallback, key]
            self._names |= set(fallback.rules)
            self._unknown |= set(fallback.unknown)

    def _settled_value(self, single: Single, base: Values) -> Code | None:
        """Return the value that holds if no open rule fires, or None."""
        for entry in single.entries:
            if self._is_settled(entry.rule):
                return entry.value
        return base.at(self._index)

    def _union(self, union: Union) -> None:
        spots = {rule: self._spots(rule) for rule, _ in union.entries}
        settled: set[int] = set()
        for rule, codes in union.entries:
            if any(holds(self._rules.settled(rule), index) for index in spots[rule]):
                settled |= set(codes)
        for rule, codes in union.entries:
            if not set(codes) <= settled:
                for index in spots[rule]:
                    if self._is_open(rule, index):
                        self._rule(rule, index)

    def _aggregate(self, aggregate: Aggregate) -> None:
        for rule, _ in aggregate.entries:
            if self._is_open(rule, self._index):
                self._rule(rule, self._index)

    def _selection(self, selection: Selection) -> None:
        _, scores, chosen = self._cards[selection.scorecard]
        index = self._index
        for one, mask in zip(scores, chosen, strict=True):
            if not holds(mask, index) and not (holds(one.cautious.possibly, index) and one.upper[index] > 0):
                continue
            if one.cautious.at(index) is None:
                self._names.add(f"{selection.scorecard}@{one.form.name}")
                self._unknown |= self._conditions.unknown(one.form.eligible, None, index)
            for item in one.form.points:
                is_open = self._is_open(item.rule, index)
                if is_open and one.worth(item.rule, index):
                    self._rule(item.rule, index)
                counts = is_open or holds(self._rules.fired[item.rule], index)
                if item.fact and counts and self._conditions.is_open(item.fact, None, index):
                    self._rule(item.rule, index)
                    self._unknown.add(str(item.fact))

    def _spots(self, rule: int) -> list[int]:
        """Return where a rule of the customer or of its rows stands in its columns."""
        scope = self._chunk.program.rules[rule].scope
        return [index for index, _ in self._of_scope.get(scope, ())]

    def _is_open(self, rule: int, index: int) -> bool:
        return holds(self._rules.open[rule], index)

    def _is_settled(self, rule: int) -> bool:
        return holds(self._rules.fired[rule], self._index) and not self._is_open(rule, self._index)

    def _rule(self, index: int, place: int) -> None:
        rule = self._chunk.program.rules[index]
        self._names.add(rule.id)
        self._unknown |= self._conditions.unknown(rule.when, rule.scope, place)
