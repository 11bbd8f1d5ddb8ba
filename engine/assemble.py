"""Dress what an executor found as a Decision: codes to values, fired rules to reasons, advice to actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import starmap

from engine.decision import (
    AdvisedAction,
    Candidate,
    Choice,
    Conflict,
    CriterionState,
    Decision,
    Fired,
    GateState,
    Provisional,
    State,
)
from engine.frozen import dataclass
from engine.model import Advise, Hit
from engine.program import CUSTOMERS, POINT_SCALE, Code, Program, ProgramRule, Single, TableForm
from engine.snapshot import CustomerFacts, SnapshotDigest
from engine.vocabulary import FactKey, Value

Codes = Code | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a candidate got: points at scale 4 in total and per fired rule; eligible True, False or None (unknown)."""

    candidate: str
    points: int
    eligible: bool | None
    provisional: bool
    given: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an executor found out about one customer, in codes.

    `values` and `rows` hold derived facts and facts with a fallback (sets as sorted tuples); `fired` pairs of rule
    index and row key (empty: the customer); `gates` the states of the required criteria together and of every
    criterion, for the gates that leave the present stage; `scores` all candidates in declared order.
    """

    values: Mapping[FactKey, Codes]
    rows: Mapping[tuple[str, str], Mapping[FactKey, Codes]]
    fired: Sequence[tuple[int, str]]
    conflicts: Sequence[Conflict]
    provisional: Sequence[Provisional]
    gates: Mapping[str, tuple[bool | None, Mapping[str, bool | None]]]
    scores: Mapping[str, tuple[Sequence[Score], Sequence[str]]]
    violated: Sequence[str]


def assemble(program: Program, customer: CustomerFacts, outcome: Outcome) -> Decision:
    """Return the decision that an outcome stands for."""
    values, rows = _values(program, outcome.values), _rows(program, outcome)
    return Decision(
        customer=customer.customer,
        as_of=customer.as_of,
        pack=program.stamp,
        snapshot=SnapshotDigest(customer),
        values=values,
        rows=rows,
        fired=tuple(_fired(program, customer, outcome.fired, values, rows)),
        conflicts=tuple(sorted(outcome.conflicts)),
        provisional=tuple(sorted(outcome.provisional)),
        gates=tuple(
            GateState(gate, state(whole), tuple(starmap(_criterion, criteria.items())))
            for gate, (whole, criteria) in sorted(outcome.gates.items())
        ),
        choices=tuple(
            Choice(card, _ranked(program, scores), tuple(chosen))
            for card, (scores, chosen) in sorted(outcome.scores.items())
        ),
        actions=_actions(program, customer, outcome.fired),
        violated=tuple(sorted(outcome.violated)),
    )


@lru_cache(maxsize=4096)  # few distinct ones occur
def _criterion(name: str, truth: bool | None) -> CriterionState:
    return CriterionState(name, state(truth))


def state(truth: bool | None) -> State:
    """Return the state that a three-valued truth stands for."""
    return _STATES[truth]


_STATES = {True: State.MET, False: State.NOT_MET, None: State.UNKNOWN}


def _values(program: Program, codes: Mapping[FactKey, Codes]) -> dict[str, Value]:
    decoders = program.decoders
    return {key.name: decoders[key](code) for key, code in codes.items()}


def _rows(program: Program, outcome: Outcome) -> dict[str, dict[str, dict[str, Value]]]:
    found: dict[str, dict[str, dict[str, Value]]] = defaultdict(dict)
    for (collection, row), codes in outcome.rows.items():
        if codes:
            found[collection][row] = _values(program, codes)
    return dict(found)


# --- conflicts ---


def fact_conflict(single: Single, has_fired: Callable[[int], bool]) -> tuple[str, ...]:
    """Name the winner and those of its priority that say otherwise; of a table only the best hit competes."""
    fired = [entry for entry in single.entries if has_fired(entry.rule)]
    if len(fired) < 2:
        return ()
    best = {entry.owner: entry for entry in reversed(fired)}
    others = {
        owner for owner, entry in best.items() if entry.priority == fired[0].priority and entry.value != fired[0].value
    }
    return tuple(sorted({fired[0].owner, *others})) if others else ()


def table_conflict(program: Program, table: TableForm, has_fired: Callable[[int], bool]) -> tuple[str, ...]:
    """Name the rows that a table's hit policy does not allow together."""
    if table.hit not in (Hit.ANY, Hit.UNIQUE):
        return ()
    hits = [row for row in table.rows if has_fired(row.rule)]
    if table.hit is Hit.ANY:
        hits = [row for row in hits if row is hits[0] or row.values != hits[0].values]
    return tuple(sorted(program.rules[row.rule].id for row in hits)) if len(hits) > 1 else ()


# --- reasons ---


def _fired(
    program: Program,
    customer: CustomerFacts,
    fired: Sequence[tuple[int, str]],
    values: Mapping[str, Value],
    rows: Mapping[str, Mapping[str, Mapping[str, Value]]],
) -> list[Fired]:
    own = _Named({**customer.facts, **values})
    with_rules = {program.rules[index].scope for index, row in fired if row}
    of_row = {
        (scope, row.key): _Named({**row.facts, **rows.get(scope, {}).get(row.key, {})}, own)
        for scope in with_rules
        if scope
        for row in customer.rows.get(scope, ())
    }
    rules, shown, order = program.rules, program.shown, program.order
    in_order = sorted([(order[index], row, index) for index, row in fired])
    return [
        Fired(rules[index].id, row, shown[index](of_row[scope, row] if (scope := rules[index].scope) else own))
        for _, row, index in in_order
    ]


class _Named(dict[str, tuple[str, Value | None]]):
    """Facts as `because` names them, each with its value, written once however many rules show it."""

    __slots__ = ("_customer", "_values")

    def __init__(self, values: Mapping[str, Value], customer: _Named | None = None) -> None:
        self._values = values
        self._customer = customer

    def __missing__(self, name: str) -> tuple[str, Value | None]:
        if self._customer is not None and name.startswith(CUSTOMERS):
            value = self._customer[name.removeprefix(CUSTOMERS)][1]
        else:
            value = self._values.get(name)
        pair = self[name] = name, value
        return pair


def _ranked(program: Program, scores: Sequence[Score]) -> tuple[Candidate, ...]:
    ranked = sorted(scores, key=lambda score: (score.eligible is not True, -score.points))  # ties as declared
    return tuple(
        Candidate(
            score.candidate,
            points(score.points),
            state(score.eligible),
            score.provisional,
            tuple((program.rules[rule].id, points(given)) for rule, given in score.given),
        )
        for score in ranked
    )


@lru_cache(maxsize=4096)  # few distinct ones occur
def points(code: int) -> Decimal:
    """Return points from their code at scale 4."""
    return Decimal(code).scaleb(-POINT_SCALE)


# --- actions ---


def _actions(program: Program, customer: CustomerFacts, fired: Iterable[tuple[int, str]]) -> tuple[AdvisedAction, ...]:
    advice: dict[tuple[str, str], list[tuple[ProgramRule, str, Advise]]] = defaultdict(list)
    for index, row in fired:
        rule = program.rules[index]
        for advise in rule.advises:
            per_row = program.actions[advise.action].per == rule.scope
            advice[advise.action, row if per_row else ""].append((rule, row, advise))
    open_until = _open_actions(customer)
    actions = [_action(program, customer.as_of, identity, given, open_until) for identity, given in advice.items()]
    return tuple(sorted(actions, key=lambda action: (-action.urgency, action.due_on, action.action, action.row)))


def _open_actions(customer: CustomerFacts) -> dict[tuple[str, str], date | None]:
    """Return the actions that are open already, each with its earliest due date."""
    found: dict[tuple[str, str], date | None] = {}
    for row in customer.rows.get("actions", ()):
        action, due_on = row.facts.get("action"), row.facts.get("due_on")
        if row.facts.get("state") == "open" and isinstance(action, str):
            identity = action, str(row.facts.get("about", ""))
            known = [day for day in (found.get(identity), due_on) if isinstance(day, date)]
            found[identity] = min(known, default=None)
    return found


def _action(
    program: Program,
    as_of: date,
    identity: tuple[str, str],
    given: Sequence[tuple[ProgramRule, str, Advise]],
    open_until: Mapping[tuple[str, str], date | None],
) -> AdvisedAction:
    action = program.actions[identity[0]]

    def rank(item: tuple[ProgramRule, str, Advise]) -> tuple[int, int, str, str]:
        rule, row, advise = item
        return (-rule.priority, action.days if advise.in_days is None else advise.in_days, rule.id, row)

    advices = [advise for _, _, advise in sorted(given, key=rank)]
    days = next((advise.in_days for advise in advices if advise.in_days is not None), action.days)
    return AdvisedAction(
        action=identity[0],
        row=identity[1],
        due_on=open_until.get(identity) or as_of + timedelta(days=days),
        owner=next((advise.owner for advise in advices if advise.owner is not None), action.owner),
        medium=next((advise.medium for advise in advices if advise.medium is not None), action.medium),
        urgency=next((advise.urgency for advise in advices if advise.urgency is not None), action.urgency),
        rules=tuple(sorted({rule.id for rule, _, _ in given})),
        is_open=identity in open_until,
    )
