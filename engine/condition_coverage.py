"""On which sides the cases of a pack have seen each distinct test of its conditions: true, false, unknown.

What only invariants ask is not expected on both sides: its other side is what must never be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.cases import Case
from engine.errors import Location
from engine.model import Pack
from engine.plan import Plan, Tested
from engine.program import (
    EPOCH,
    AtLeast,
    AtLeastFacts,
    Code,
    Cond,
    CountAtLeast,
    InDays,
    Leaf,
    Program,
    Selection,
    SumAtLeast,
    cond_leaves,
    decode,
    leaf_scope,
)
from engine.snapshot import snapshots_by_day
from engine.vocabulary import Value
from engine.written import written


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Who asks a test, a rule, row, gate, criterion, point rule, candidate or invariant, and where it stands."""

    at: Location
    id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One test, who asks it, and the names of the cases in which it is true, false and unknown.

    `nearest_true` and `nearest_false` are the values in cases that are nearest to the threshold on its two sides: of
    the fact or, for `within_days` and `due_within_days`, days before or after as-of. None where there is none.
    """

    test: str
    is_threshold: bool
    uses: tuple[Use, ...]
    watched_by: tuple[Use, ...]
    true: tuple[str, ...]
    false: tuple[str, ...]
    unknown: tuple[str, ...]
    nearest_true: Value | None = None
    nearest_false: Value | None = None

    @property
    def missing(self) -> tuple[bool, ...]:
        """The sides, true and false, on which a case is missing; none is, if only invariants ask the test."""
        sides = ((True, self.true), (False, self.false))
        return tuple(side for side, cases in sides if self.uses and not cases)


def condition_coverage(
    pack: Pack, program: Program, cases: Iterable[Case], folder: Path | None = None
) -> tuple[Seen, ...]:
    """Return what the cases have seen of each distinct test, in the order in which the tests stand in the files.

    Args:
        pack: the pack.
        program: what it compiles to.
        cases: its cases.
        folder: where the pack is, to leave out what only the packs that it extends ask.
    """
    asking = _asking(pack, program, folder)
    found = _run(program, cases)
    asked = [index for index in range(len(program.leaves)) if asking.rules[index] or asking.invariants[index]]
    ordered = sorted(asked, key=lambda index: min(asking.rules[index] | asking.invariants[index]))
    return tuple(_seen(program, index, asking, found[index]) for index in ordered)


def _seen(program: Program, index: int, asking: _Asking, found: _Found) -> Seen:
    leaf = program.leaves[index]
    inside, outside = found.nearest(leaf)
    return Seen(
        test=written(program, index),
        is_threshold=isinstance(leaf, AtLeast | InDays | AtLeastFacts | CountAtLeast | SumAtLeast),
        uses=tuple(sorted(asking.rules[index])),
        watched_by=tuple(sorted(asking.invariants[index])),
        true=tuple(sorted(found.true)),
        false=tuple(sorted(found.false)),
        unknown=tuple(sorted(found.unknown)),
        nearest_true=_value(program, leaf, inside),
        nearest_false=_value(program, leaf, outside),
    )


def _value(program: Program, leaf: Leaf, code: Code | None) -> Value | None:
    """Return the value of a code that `_Found.nearest` gave: days as they are."""
    if code is None or not isinstance(leaf, AtLeast):
        return code
    return decode(program.vocabulary, program.fact(leaf.fact), code)


# --- the cases ---


@dataclass(slots=True)
class _Found:
    """What was found of one leaf: names of cases, and the codes (or days from as-of) on either side."""

    true: set[str] = field(default_factory=set)
    false: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    codes_true: set[int] = field(default_factory=set)
    codes_false: set[int] = field(default_factory=set)

    def nearest(self, leaf: Leaf) -> tuple[int | None, int | None]:
        """Return what lies nearest to the threshold on the true and on the false side."""
        match leaf:
            case AtLeast():
                return min(self.codes_true, default=None), max(self.codes_false, default=None)
            case InDays(first=first, last=0):
                older = (-days for days in self.codes_false if days < first)
                return max((-days for days in self.codes_true), default=None), min(older, default=None)
            case InDays(last=last):
                later = (days for days in self.codes_false if days > last)
                return max(self.codes_true, default=None), min(later, default=None)
            case _:
                return None, None


def _run(program: Program, cases: Iterable[Case]) -> list[_Found]:
    """Run the cases and return what was found of each leaf."""
    plan = Plan(program)
    found = [_Found() for _ in program.leaves]
    for _, snapshot in snapshots_by_day(program.vocabulary, [case.facts for case in cases]):
        (tested,) = plan.tests(snapshot, chunk=snapshot.customers.num_rows)
        for index, leaf in enumerate(program.leaves):
            _add(found[index], leaf, index, tested, (snapshot.as_of - EPOCH).days)
    return found


def _add(found: _Found, leaf: Leaf, index: int, tested: Tested, today: int) -> None:
    scope = leaf_scope(leaf)
    names = tested.customers.to_pylist()
    owners = tested.owners[scope].tolist() if scope else range(len(names))
    surely, possibly = tested.surely[index], tested.possibly[index]
    true, false, unknown = surely.nonzero()[0], (~possibly).nonzero()[0], (possibly & ~surely).nonzero()[0]
    found.true.update(names[owners[place]] for place in true.tolist())
    found.false.update(names[owners[place]] for place in false.tolist())
    found.unknown.update(names[owners[place]] for place in unknown.tolist())
    if isinstance(leaf, AtLeast | InDays):
        codes = tested.columns[leaf.fact].codes - (today if isinstance(leaf, InDays) else 0)
        found.codes_true.update(codes[true].tolist())
        found.codes_false.update(codes[false].tolist())


# --- who asks ---


@dataclass(frozen=True, slots=True)
class _Asking:
    """By leaf, the rules (with gates' criteria and candidates) and the invariants that ask it."""

    rules: Mapping[int, set[Use]]
    invariants: Mapping[int, set[Use]]


def _asking(pack: Pack, program: Program, folder: Path | None) -> _Asking:
    """Return who asks what; with a folder only who stands in a file there."""
    rules: dict[int, set[Use]] = defaultdict(set)
    invariants: dict[int, set[Use]] = defaultdict(set)
    for use, leaves in _leaves_by_use(pack, program):
        for leaf in leaves if folder is None or use.at.lies_in(folder) else ():
            rules[leaf].add(use)
    places = {one.id: one.at for one in pack.invariants if folder is None or one.at.lies_in(folder)}
    for form in (one for one in program.invariants if one.id in places):
        for leaf in _all_leaves(program, form.when):
            invariants[leaf].add(Use(places[form.id], form.id))
    return _Asking(rules, invariants)


def _leaves_by_use(pack: Pack, program: Program) -> Iterator[tuple[Use, set[int]]]:
    """Yield the leaves of every condition but the invariants'; a gate itself asks only what no criterion asks."""
    places = places_of(pack)
    required = {gate.rule: gate.required for gate in program.gates}
    for rule in program.rules:
        by_criteria = _all_leaves(program, required[rule.index]) if rule.index in required else set()
        yield Use(places[rule.id], rule.id), _all_leaves(program, rule.when) - by_criteria
    for gate in program.gates:
        for criterion, cond in gate.criteria:
            name = f"{gate.id}: {criterion}"
            yield Use(places[name], name), _all_leaves(program, cond)
    for selection in (one for one in program.resolutions if isinstance(one, Selection)):
        for candidate in selection.candidates:
            name = f"{selection.scorecard}@{candidate.name}"
            if name in places:
                yield Use(places[name], name), _all_leaves(program, candidate.eligible)


def places_of(pack: Pack) -> Mapping[str, Location]:
    """Return where everything stands that has a condition, by id."""
    found = {rule.id: rule.at for rule in pack.rules}
    found |= {f"{table.id}#{row.id}": row.at for table in pack.tables for row in table.rows}
    found |= {gate.id: gate.at for gate in pack.gates}
    found |= {f"{gate.id}: {criterion.id}": criterion.at for gate in pack.gates for criterion in gate.criteria}
    found |= {f"{card.id}@{name}": when.at for card in pack.scorecards for name, when in card.eligible.items()}
    found |= {f"{card.id}#{rule.id}@{rule.candidate}": rule.at for card in pack.scorecards for rule in card.rules}
    found |= {f"evidenced#{one.id}": one.at for one in (pack.talk.evidence.values() if pack.talk else ())}
    return found


def _all_leaves(program: Program, cond: Cond) -> set[int]:
    """Return the leaves of a condition, and those of the tests of rows within it."""
    found = set(cond_leaves(cond))
    for index in tuple(found):
        leaf = program.leaves[index]
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            found |= _all_leaves(program, leaf.where)
    return found
