"""One chunk of customers, decided stratum by stratum, and what can be asked of it then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from engine.assemble import Codes, Outcome, Score
from engine.plan.at import Cards, Place, conflicts_at, provisional_at
from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, Mask, holds, invert, unpack
from engine.plan.chunk import Chunk
from engine.plan.columns import Column
from engine.plan.conditions import Conditions
from engine.plan.resolve import Rules, fire, resolve_aggregate, resolve_single, resolve_union
from engine.plan.result import Lazy, Result, Tested
from engine.plan.scorecards import Scored, score, select
from engine.plan.values import Array
from engine.program import (
    Aggregate,
    AtLeast,
    Cond,
    InDays,
    InvariantForm,
    Lit,
    Resolution,
    Selection,
    Single,
    Union,
    decode,
    leaf_scope,
)
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey


class Decided:
    """One chunk with everything that follows from it."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._program = chunk.program
        self.conditions = Conditions(chunk)
        self._rules = Rules()
        self._cards: Cards = {}
        for stratum in self._program.strata:
            for index in stratum.rules:
                fire(chunk, self.conditions, self._rules, self._program.rules[index])
            for resolution in stratum.resolutions:
                self._resolve(resolution)

    def _resolve(self, resolution: Resolution) -> None:
        match resolution:
            case Single():
                resolve_single(self._chunk, self._rules, resolution)
            case Union():
                resolve_union(self._chunk, self._rules, resolution)
            case Aggregate():
                resolve_aggregate(self._chunk, self._rules, resolution)
            case Selection():
                scores = score(self._chunk, self.conditions, self._rules, resolution)
                self._cards[resolution.scorecard] = resolution, scores, select(self._chunk, resolution, scores)

    @property
    def snapshot(self) -> Snapshot:
        """The facts that are stored of the chunk's customers."""
        return self._chunk.snapshot

    # --- in columns ---

    def result(self) -> Result:
        """Return the chunk's decisions in columns."""
        chunk, rules = self._chunk, self._program.rules
        derived = [one.fact for one in self._program.resolutions if one.fact in chunk.values]
        return Result(
            customers=chunk.customers["customer"],
            values=Lazy({key: partial(self._column, key) for key in derived}),
            members={
                key: Lazy({code: partial(self._mask, bits, None) for code, bits in members.items()})
                for key, members in chunk.sets.items()
            },
            fired=Lazy(
                {rule: partial(self._mask, bits, rules[rule].scope) for rule, bits in self._rules.fired.items()}
            ),
            owners={name: rows.owners for name, rows in chunk.rows.items()},
            provisional=Lazy({key: partial(self._mask, bits, key.scope) for key, bits in chunk.provisional.items()}),
            points=Lazy({card: partial(_side_by_side, scores) for card, (_, scores, _) in self._cards.items()}),
            violated=Lazy({form.id: partial(self._violated_at, form) for form in self._program.invariants}),
        )

    def _mask(self, bits: Bits, scope: str | None) -> Mask:
        """Return bits as a mask over customers, or over a collection's rows in their order."""
        rows = None if scope is None else self._chunk.rows.get(scope)
        if rows is not None and (bits is NOWHERE or bits is EVERYWHERE):
            return unpack(bits, len(rows.owners))
        return self._in_order(unpack(bits, self._chunk.size(scope)), scope)

    def _in_order(self, of_places: Array, scope: str | None) -> Array:
        rows = None if scope is None else self._chunk.rows.get(scope)
        return of_places if rows is None else rows.in_order(of_places)

    def _column(self, key: FactKey) -> Column:
        values = self._chunk.of(key)
        known = None if values.known is EVERYWHERE else self._mask(values.known, key.scope)
        return Column(self._in_order(values.codes, key.scope), known)

    def _violated_at(self, form: InvariantForm) -> Mask:
        return self._mask(self._violated(form.never, form.when), None)

    def _violated(self, never: bool, when: Cond) -> Bits:
        truth = self.conditions.truth(when, None)
        return truth.surely if never else invert(truth.possibly)

    def tested(self) -> Tested:
        """Return the chunk's leaf tests in columns."""
        chunk, leaves = self._chunk, self._program.leaves
        masks = [self.truth(Lit(index), leaf_scope(leaf)) for index, leaf in enumerate(leaves)]
        return Tested(
            customers=chunk.customers["customer"],
            surely=tuple(surely for surely, _ in masks),
            possibly=tuple(possibly for _, possibly in masks),
            owners={name: rows.owners for name, rows in chunk.rows.items()},
            columns={leaf.fact: self._column(leaf.fact) for leaf in leaves if isinstance(leaf, AtLeast | InDays)},
        )

    def truth(self, cond: Cond, scope: str | None, cautious: bool = False) -> tuple[Mask, Mask]:
        """Return where any condition of the program is surely, and possibly, true, for customers or for rows."""
        truth = self.conditions.truth(cond, scope, cautious)
        return self._mask(truth.surely, scope), self._mask(truth.possibly, scope)

    def by_customer(self, mask: Mask, scope: str | None) -> Mask:
        """Return the customers for whom a mask holds, for one of their rows if it is about rows."""
        if scope is None:
            return mask
        return np.bincount(self._chunk.rows[scope].owners[mask], minlength=self._chunk.size(None)).astype(np.bool_)

    def is_valid(self, rule: int) -> bool:
        """Return whether a rule takes part in decisions on the chunk's date."""
        return self._program.rules[rule].is_valid(self._chunk.as_of)

    def fired(self) -> Iterator[list[frozenset[int]]]:
        """Yield, customer by customer, the rules that fired for it, then those for each of its rows."""
        at: dict[tuple[str | None, int], set[int]] = defaultdict(set)
        for rule, bits in self._rules.fired.items():
            scope = self._program.rules[rule].scope
            for place in unpack(bits, self._chunk.size(scope)).nonzero()[0].tolist():
                at[scope, place].add(rule)
        for index in range(self._chunk.size(None)):
            yield [frozenset(at.get((scope, place), ())) for scope, place, _ in self.places(index)]

    # --- one customer of the chunk ---

    def outcome(self, index: int) -> Outcome:
        """Return what was found out about one customer of the chunk."""
        chunk, places = self._chunk, self.places(index)
        spots: dict[str | None, list[tuple[int, str]]] = defaultdict(list)
        for name, place, key in places:
            spots[name].append((place, key))
        fired = [
            (rule, key)
            for rule, bits in self._rules.fired.items()
            if bits is not NOWHERE
            for place, key in spots.get(self._program.rules[rule].scope, ())
            if holds(bits, place)
        ]
        return Outcome(
            values=self._values(None, index),
            rows={(name, key): self._values(name, place) for name, place, key in places if name is not None},
            fired=fired,
            conflicts=list(conflicts_at(self._program, spots, fired)),
            provisional=provisional_at(chunk, self.conditions, self._rules, self._cards, spots),
            gates=self._gates(index),
            scores={card: self._card(card, index) for card in self._cards},
            violated=[
                form.id for form in self._program.invariants if self.conditions.at(form.when, None, index) is form.never
            ],
        )

    def places(self, index: int) -> list[Place]:
        """Return where one customer of the chunk and its rows stand."""
        rows = [
            (name, place, key) for name, rows in self._chunk.rows.items() for place, key in rows.span(index).items()
        ]
        return [(None, index, ""), *rows]

    @cached_property
    def _derived(self) -> Mapping[str | None, Sequence[FactKey]]:
        """The facts that are derived, by scope."""
        found: dict[str | None, list[FactKey]] = defaultdict(list)
        for resolution in self._program.resolutions:
            found[resolution.fact.scope].append(resolution.fact)
        return found

    def _values(self, scope: str | None, index: int) -> dict[FactKey, Codes]:
        found: dict[FactKey, Codes] = {}
        for key in self._derived.get(scope, ()):
            if key in self._chunk.sets:
                found[key] = tuple(code for code, bits in self._chunk.sets[key].items() if holds(bits, index))
            else:
                code = self._chunk.of(key).at(index)
                if code is not None:
                    found[key] = code
        return found

    def _gates(self, index: int) -> dict[str, tuple[bool | None, dict[str, bool | None]]]:
        stage = self._chunk.of(self._program.stage).at(index) if self._program.gates else None
        if stage is None:
            return {}
        return {
            gate.id: (
                self.conditions.at(gate.required, None, index),
                {name: self.conditions.at(when, None, index) for name, when in gate.criteria},
            )
            for gate in self._program.gates
            if stage in gate.from_codes and self._program.rules[gate.rule].is_valid(self._chunk.as_of)
        }

    def _card(self, card: str, index: int) -> tuple[list[Score], list[str]]:
        selection, scores, chosen = self._cards[card]
        found = [
            Score(
                one.form.name,
                one.at(index),
                one.eligible.at(index),
                holds(one.provisional, index),
                tuple((rule, one.worth(rule, index)) for rule in one.given if holds(self._rules.fired[rule], index)),
            )
            for one in scores
        ]
        picked = [one for one, bits in zip(found, chosen, strict=True) if holds(bits, index)]
        names = [one.candidate for one in sorted(picked, key=lambda one: -one.points)]
        if not names and selection.fallback is not None:
            names = [str(decode(self._program.vocabulary, self._program.fact(selection.fact), selection.fallback))]
        return found, names


def _side_by_side(scores: list[Scored]) -> Array:
    """Return candidates' points at scale 4, customers × candidates; each candidate's stand together."""
    return np.stack([one.points * np.int64(one.unit) for one in scores]).T
