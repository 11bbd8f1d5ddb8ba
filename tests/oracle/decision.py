"""The decision as a whole, put together from facts, clauses, scorecards and actions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from engine.decision import Conflict, CriterionState, Decision, Fired, GateState, PackStamp, Provisional
from engine.model import Hit, Pack
from engine.snapshot import CustomerFacts, Row, SnapshotDigest
from engine.vocabulary import Fact, Value
from tests.oracle.actions import actions_of
from tests.oracle.clauses import Clause, Found, exists, point_clause
from tests.oracle.conditions import conjunction, facts_in, state_of
from tests.oracle.facts import Facts, key_of


def decide(pack: Pack, customer: CustomerFacts, stamp: PackStamp) -> Decision:
    """Return what a pack concludes about one customer.

    Raises:
        CycleError: if a fact is needed to find its own value.
    """
    facts = Facts(pack, customer)
    found = _concluded(facts)
    values = {fact.name: one.value for fact, row, one in found if row is None and one.value is not None}
    rows: dict[str, dict[str, dict[str, Value]]] = {}
    for fact, row, one in found:
        if fact.scope and row and one.value is not None:
            rows.setdefault(fact.scope, {}).setdefault(row.key, {})[fact.name] = one.value
    provisional = [
        Provisional(fact.name, key_of(row), tuple(sorted(one.rules)), tuple(sorted(one.unknown)))
        for fact, row, one in found
        if one.is_provisional
    ]
    return Decision(
        customer=customer.customer,
        as_of=customer.as_of,
        pack=stamp,
        snapshot=SnapshotDigest(customer),
        values=values,
        rows=rows,
        fired=tuple(sorted(_fired(facts))),
        conflicts=tuple(sorted(chain(_fact_conflicts(facts), _table_conflicts(facts)))),
        provisional=tuple(sorted(provisional)),
        gates=tuple(_gates(facts)),
        choices=tuple(facts.scorecards.choice(card) for card in facts.scorecards.cards),
        actions=actions_of(facts),
        violated=tuple(sorted(_violated(facts))),
    )


def _concluded(facts: Facts) -> list[tuple[Fact, Row | None, Found]]:
    return [
        (fact, row, facts.found(fact.key, row))
        for fact in facts.pack.vocabulary.facts.values()
        if fact.is_derived or fact.falls_back_to
        for row in facts.places(fact.scope)
    ]


def _fired(facts: Facts) -> Iterator[Fired]:
    points = (point_clause(card, rule) for card in facts.scorecards.cards for rule in card.rules)
    for clause in chain(facts.clauses, points):
        for row in facts.places(clause.each):
            if facts.fires(clause, row):
                yield Fired(clause.id, key_of(row), tuple(sorted(_because(facts, clause, row).items())))


def _because(facts: Facts, clause: Clause, row: Row | None) -> dict[str, Value | None]:
    return {
        f"customer.{key.name}" if clause.each and key.scope is None else key.name: facts.found(key, row).value
        for key in facts_in(clause.when)
    }


def _fact_conflicts(facts: Facts) -> Iterator[Conflict]:
    for key, clauses in facts.setting.items():
        for row in facts.places(key.scope) if key not in facts.aggregates else ():
            hits = [clause for clause in clauses if facts.fires(clause, row)]
            best = {hit.rival: hit for hit in reversed(hits)}  # of each table its best hit
            rivals = {
                rival
                for rival, hit in best.items()
                if hit.priority == hits[0].priority and hit.sets[key] != hits[0].sets[key]
            }
            if rivals:
                yield Conflict(key.name, key_of(row), tuple(sorted({hits[0].rival, *rivals})))


def _table_conflicts(facts: Facts) -> Iterator[Conflict]:
    for table in facts.pack.tables:
        for row in facts.places(table.each):
            hits = [clause for clause in facts.rows_of[table.id] if facts.fires(clause, row)]
            if table.hit is Hit.ANY:
                hits = [hit for hit in hits if hit is hits[0] or hit.sets != hits[0].sets]
            if table.hit in (Hit.UNIQUE, Hit.ANY) and len(hits) > 1:
                yield Conflict(table.id, key_of(row), tuple(sorted(hit.id for hit in hits)))


def _gates(facts: Facts) -> Iterator[GateState]:
    stage = facts.found(facts.pack.ladder.stage, None).value if facts.pack.gates else None
    for gate in sorted(facts.pack.gates, key=lambda gate: gate.id):
        if exists(gate, facts.customer.as_of) and stage in gate.from_stages:
            truths = {one.id: facts.conditions.truth(one.when, None, False) for one in gate.criteria}
            required = [truths[one.id] for one in gate.criteria if one.required]
            criteria = tuple(CriterionState(name, state_of(truth)) for name, truth in truths.items())
            yield GateState(gate.id, state_of(conjunction(required)), criteria)


def _violated(facts: Facts) -> Iterator[str]:
    for invariant in facts.pack.invariants:
        if facts.conditions.truth(invariant.condition, None, False) is invariant.never:
            yield invariant.id
