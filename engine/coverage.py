"""Item by item of the method: what of a pack carries it out, in which cases, and where a recommendation shows it.

Where it shows is followed through the program: from the rules that cite an item over the facts they conclude, and the
rules that read those, to the nearest things that a recommendation shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.cases import Case
from engine.model import MethodItem, Pack
from engine.plan import Plan
from engine.program import Aggregate, Program, Selection, Single, Union, cond_facts
from engine.vocabulary import FactKey


class Kind(StrEnum):
    """What is shown: a fact of the recommendation, a gate's checklist, or an action of the plan."""

    FACT = "fact"
    GATE = "gate"
    ACTION = "action"


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A place of a recommendation: its kind, and the id of the fact, gate or action."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What carries out one item: ids of what cites it, names of cases in which one of its rules fires, and places."""

    item: MethodItem
    rules: tuple[str, ...]
    rows: tuple[str, ...]
    gates: tuple[str, ...]
    points: tuple[str, ...]
    actions: tuple[str, ...]
    invariants: tuple[str, ...]
    parameters: tuple[str, ...]
    cases: tuple[str, ...]
    shows: tuple[Shown, ...]

    @property
    def deciding(self) -> tuple[str, ...]:
        """The ids of everything that fires."""
        return self.rules + self.rows + self.gates + self.points

    @property
    def is_carried_out(self) -> bool:
        """Whether rules do what the item says, a case shows them do it, and somebody sees what they conclude."""
        return bool(self.deciding and self.cases and self.shows)


def coverage(pack: Pack, program: Program, cases: Iterable[Case]) -> tuple[Coverage, ...]:
    """Return what carries out each item of the pack's method, in the method's order."""
    fired = fired_in(program, cases)
    places = Places(pack, program)
    return tuple(_covered(item, pack, fired, places) for item in pack.method.values())


def _covered(item: MethodItem, pack: Pack, fired: Mapping[str, set[str]], places: Places) -> Coverage:
    found = Coverage(
        item=item,
        rules=tuple(rule.id for rule in pack.rules if cites(rule.sources, item.id)),
        rows=tuple(
            f"{table.id}#{row.id}" for table in pack.tables if cites(table.sources, item.id) for row in table.rows
        ),
        gates=tuple(gate.id for gate in pack.gates if cites(gate.sources, item.id)),
        points=tuple(
            f"{card.id}#{rule.id}@{rule.candidate}"
            for card in pack.scorecards
            for rule in card.rules
            if cites(rule.sources or card.sources, item.id)
        ),
        actions=tuple(action.id for action in pack.actions.values() if cites(action.sources, item.id)),
        invariants=tuple(one.id for one in pack.invariants if cites(one.sources, item.id)),
        parameters=tuple(one.name for one in pack.parameters.values() if cites((one.source,), item.id)),
        cases=(),
        shows=(),
    )
    shows = {place for rule in found.deciding for place in places.of(rule)}
    shows |= {Shown(Kind.ACTION, action) for action in found.actions}
    cases = dict.fromkeys(case for rule in found.deciding for case in sorted(fired.get(rule, ())))
    return replace(found, cases=tuple(cases), shows=tuple(sorted(shows)))


def cites(sources: Iterable[str], item: str) -> bool:
    """Return whether sources name an item, or a point of it: `U1.2` is a point of `U1`."""
    return any(source.partition(".")[0] == item for source in sources)


# --- cases -----------------------------------------------------------------------------------------------------------


def fired_in(program: Program, cases: Iterable[Case]) -> Mapping[str, set[str]]:
    """Return the names of the cases in which each rule fires."""
    found = list(cases)
    fired: dict[str, set[str]] = defaultdict(set)
    for case, places in zip(found, Plan(program).fired(case.facts for case in found), strict=True):
        for rule in frozenset().union(*places):
            fired[program.rules[rule].id].add(case.name)
    return fired


# --- places ----------------------------------------------------------------------------------------------------------


class Places:
    """Where a recommendation shows what a rule concludes."""

    def __init__(self, pack: Pack, program: Program) -> None:
        ladder = pack.ladder
        shown = [*pack.shows.values(), *(key.name for key in (ladder.stage, ladder.proposed, ladder.move))]
        self._shown = {FactKey(None, name) for name in shown}
        self._gates = {gate.rule: gate.id for gate in program.gates}
        self._rules = program.rules
        self._index = {rule.id: rule.index for rule in program.rules}
        self._concludes: dict[int, set[FactKey]] = defaultdict(set)
        self._readers: dict[FactKey, set[int]] = defaultdict(set)
        self._followers: dict[FactKey, set[FactKey]] = defaultdict(set)
        for rule in program.rules:
            for fact in cond_facts(rule.when, program.leaves):
                self._readers[fact].add(rule.index)
        for resolution in program.resolutions:
            for index, operand in _entries(resolution):
                self._concludes[index].add(resolution.fact)
                if operand is not None:
                    self._readers[operand].add(index)
            for fact in _followed(program, resolution):
                self._followers[fact].add(resolution.fact)

    def of(self, rule: str) -> set[Shown]:
        """Return the places that a rule feeds within the fewest steps; none for a draft, which is not compiled."""
        if rule not in self._index:
            return set()
        rules, seen = {self._index[rule]}, set[FactKey]()
        facts: set[FactKey] = set()
        while rules or facts:
            facts |= {fact for index in rules for fact in self._concludes[index]}
            found = {place for index in rules for place in self._at_once(index)}
            found |= {Shown(Kind.FACT, fact.name) for fact in facts & self._shown}
            if found:
                return found
            seen |= facts
            rules = {index for fact in facts for index in self._readers[fact]}
            facts = {follower for fact in facts for follower in self._followers[fact]} - seen
            rules = {index for index in rules if not self._concludes[index] <= seen or self._rules[index].advises}
        return set()

    def _at_once(self, index: int) -> Iterator[Shown]:
        yield from (Shown(Kind.ACTION, advice.action) for advice in self._rules[index].advises)
        if index in self._gates:
            yield Shown(Kind.GATE, self._gates[index])


def _entries(resolution: Single | Union | Aggregate | Selection) -> Iterator[tuple[int, FactKey | None]]:
    """Yield the rules that conclude a fact; for point rules with the fact that they multiply."""
    match resolution:
        case Single():
            yield from ((entry.rule, None) for entry in resolution.entries)
        case Union() | Aggregate():
            yield from ((rule, None) for rule, _ in resolution.entries)
        case Selection():
            yield from ((form.rule, form.fact) for candidate in resolution.candidates for form in candidate.points)


def _followed(program: Program, resolution: Single | Union | Aggregate | Selection) -> Iterator[FactKey]:
    """Yield the facts that a fact follows without any rule."""
    match resolution:
        case Single(fallback=FactKey() as fallback):
            yield fallback
        case Selection():
            for candidate in resolution.candidates:
                yield from cond_facts(candidate.eligible, program.leaves)
