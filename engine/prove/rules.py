"""Questions about single rules: conflicts, rules that never matter, gaps, and what could be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TypeVar

from engine.model import Hit
from engine.program import And, Cond, Entry, Lit, Or, ProgramRule, Single, TableForm, TableHit, Union
from engine.prove.conflicts import fact_conflict, ranks, table_conflict
from engine.prove.findings import Conflicts, Fires, Has, Witness
from engine.prove.prover import Prover
from engine.prove.terms import Term, both, equal, no, same, some
from engine.vocabulary import FactKey

Hitting = TypeVar("Hitting", Entry, TableHit)


class RuleQuestions:
    """Questions about the rules of a program. Each answers with a witness, or None if there is no such customer."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._program = prover.program
        self._encoding = prover.encoding

    # --- conflicts ---

    def conflict(self, single: Single) -> tuple[Witness, ...]:
        """Return, for each pair of rules or tables of equal priority that can disagree about a fact, a customer.

        The first of a pair gives the fact its value there: a decision names it with those that say otherwise.
        """
        row = _some_row(single.fact.scope)
        if self._prover.solve(fact_conflict(self._encoding, single, row)) is None:
            return ()
        found = []
        undecided: Term = True
        for rank in ranks(single.entries):
            for first, second in combinations(rank, 2):
                if first.owner == second.owner or first.value == second.value:
                    continue
                hits = self._first_hit(first, rank, row), self._first_hit(second, _of_owner(second, rank), row)
                shown = Conflicts(single.fact.name, frozenset((first.owner, second.owner)))
                found.append(self._prover.smallest_witness(undecided, *hits, shows=(shown,)))
            undecided = both(undecided, no(some(*(self._encoding.fired(entry.rule, row) for entry in rank))))
        return tuple(witness for witness in found if witness is not None)

    def _first_hit(self, one: Hitting, among: Sequence[Hitting], row: int | None) -> Term:
        """Return whether an entry, or a table's row, fires and none of those before it does."""
        before = [self._encoding.fired(other.rule, row) for other in among[: among.index(one)]]
        return both(self._encoding.fired(one.rule, row), no(some(*before)))

    def table_conflict(self, table: TableForm) -> tuple[Witness, ...]:
        """Return, for each pair of rows that a table's hit policy forbids to hit together, a customer."""
        row = _some_row(table.scope)
        if self._prover.solve(table_conflict(self._encoding, table, row)) is None:
            return ()
        found = []
        for first, second in combinations(table.rows, 2):
            if table.hit is Hit.ANY and first.values == second.values:
                continue
            names = frozenset(self._program.rules[hit.rule].id for hit in (first, second))
            named_by = table.rows if table.hit is Hit.ANY else (first,)  # `any` names those that differ from the first
            hits = self._first_hit(first, named_by, row), self._encoding.fired(second.rule, row)
            shown = Conflicts(table.id, names)
            found.append(self._prover.smallest_witness(*hits, shows=(shown,)))
        return tuple(witness for witness in found if witness is not None)

    # --- rules that never matter ---

    def fires(self, rule: ProgramRule) -> Witness | None:
        """Return a customer for whom a rule fires."""
        return self._prover.witness(self._encoding.fired_anywhere(rule.index), shows=(Fires(rule.id),))

    def wins(self, single: Single, entry: Entry) -> Witness | None:
        """Return a customer whose fact gets its value from this rule or row."""
        row = _some_row(single.fact.scope)
        name = self._program.rules[entry.rule].id
        return self._prover.witness(self._first_hit(entry, single.entries, row), shows=(Fires(name),))

    # --- gaps ---

    def lacks(self, fact: FactKey) -> tuple[Witness, ...]:
        """Return a customer for whom a required fact has no value."""
        known = self._encoding.value(fact).known
        witness = self._prover.smallest_witness(no(known), shows=(Has(fact.name, None),))
        return () if witness is None else (witness,)

    # --- what could be left out ---

    def changes(self, rule: ProgramRule) -> Witness | None:
        """Return a customer for whom some fact would differ without a rule."""
        differs = some(*(self._differs_without(rule.index, one) for one in self._concluded_by(rule.index)))
        return self._prover.witness(differs, shows=(Fires(rule.id),))

    def concludes(self, rule: ProgramRule) -> bool:
        """Whether a rule gives a fact a value or a set members."""
        return any(True for _ in self._concluded_by(rule.index))

    def _concluded_by(self, rule: int) -> Iterator[Single | Union]:
        for resolution in self._program.resolutions:
            match resolution:
                case Single() if any(entry.rule == rule for entry in resolution.entries):
                    yield resolution
                case Union() if any(index == rule for index, _ in resolution.entries):
                    yield resolution

    def _differs_without(self, rule: int, resolution: Single | Union) -> Term:
        if isinstance(resolution, Union):
            return self._encoding.members_lost(resolution, rule)
        row = _some_row(resolution.fact.scope)
        return no(same(self._encoding.value(resolution.fact, row), self._encoding.value_without(resolution, rule, row)))

    def differ(self, cond: Cond, other: Cond, scope: str | None) -> bool:
        """Return whether two conditions come out otherwise for somebody, or differ in what is provisional."""
        return any(self._prover.solve(self._differ(cond, other, scope, cautious)) for cautious in (False, True))

    def _differ(self, cond: Cond, other: Cond, scope: str | None, cautious: bool) -> Term:
        row = _some_row(scope)
        left, right = (self._encoding.truth(one, row, cautious) for one in (cond, other))
        here = True if scope is None else self._prover.customer.present(scope, 0)
        return both(here, no(both(equal(left.surely, right.surely), equal(left.possibly, right.possibly))))


def _of_owner(entry: Entry, rank: Sequence[Entry]) -> list[Entry]:
    """Return the entries of the same table: of a table only the best hit competes."""
    return [one for one in rank if one.owner == entry.owner]


def parts(cond: Cond) -> Iterator[tuple[int, ...]]:
    """Yield the paths of the parts that could be left out of a condition, the parts of parts too."""
    if isinstance(cond, Lit):
        return
    for place, item in enumerate(cond.items):
        yield (place,)
        for inner in parts(item):
            yield (place, *inner)


def without(cond: Cond, part: tuple[int, ...]) -> Cond:
    """Return a condition without one of its parts."""
    if isinstance(cond, Lit):
        raise ValueError("a single test has no parts")
    place, *inner = part
    items = list(cond.items)
    items[place : place + 1] = [without(items[place], tuple(inner))] if inner else []
    return And(tuple(items)) if isinstance(cond, And) else Or(tuple(items))


def _some_row(scope: str | None) -> int | None:
    """Return a place of a scope: all rows are alike, so what can be true of any can be true of the first."""
    return None if scope is None else 0
