"""Every rule of a pack by its id, whichever shape it is written in: what it asks, why, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache

from engine.frozen import dataclass
from engine.model import All, Condition, Constant, Criterion, Gate, Op, Pack, Test
from engine.vocabulary import Text


class Shape(StrEnum):
    """In which shape a rule is written."""

    RULE = "rule"
    ROW = "row"
    GATE = "gate"
    POINTS = "points"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as it is written. `scope` is its collection; `criteria` are a gate's, whose `when` is its stages alone."""

    id: str
    shape: Shape
    title: Text
    because: Text
    when: Condition
    scope: str | None = None
    sources: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def is_valid(self, on: date) -> bool:
        """Whether the rule takes part in decisions as of this date."""
        return (self.valid_from or date.min) <= on <= (self.valid_until or date.max)


@lru_cache(maxsize=4)
def rulebook(pack: Pack) -> Mapping[str, Written]:
    """Return every rule of a pack that can fire, by the id that decisions give it. It is made once for a pack."""
    return {entry.id: entry for entry in _entries(pack)}


def gate_stages(pack: Pack, gate: Gate) -> Test:
    """Return the test that a customer is at one of the stages that a gate leads away from."""
    return Test(pack.ladder.stage, Op.ONE_OF, Constant(gate.from_stages), gate.at)


def _entries(pack: Pack) -> Iterator[Written]:
    for rule in pack.rules:
        valid = rule.valid_from, rule.valid_until
        yield Written(rule.id, Shape.RULE, rule.title, rule.because, rule.when, rule.each, rule.sources, (), *valid)
    for table in pack.tables:
        valid = table.valid_from, table.valid_until
        for row in table.rows:
            name = f"{table.id}#{row.id}"
            yield Written(name, Shape.ROW, table.title, row.because, row.when, table.each, table.sources, (), *valid)
    for gate in pack.gates:
        valid, when = (gate.valid_from, gate.valid_until), gate_stages(pack, gate)
        criteria = tuple(criterion for criterion in gate.criteria if criterion.required)
        yield Written(gate.id, Shape.GATE, gate.title, gate.because, when, None, gate.sources, criteria, *valid)
    for card in pack.scorecards:
        for points in card.rules:
            name, sources = f"{card.id}#{points.id}@{points.candidate}", points.sources or card.sources
            yield Written(name, Shape.POINTS, points.because, points.because, points.when, None, sources)
    for one in pack.talk.evidence.values() if pack.talk else ():
        valid = one.dated, one.valid_until
        yield Written(f"evidenced#{one.id}", Shape.EVIDENCE, one.text, one.text, All((), one.at), None, (), (), *valid)
