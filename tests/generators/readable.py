"""Show a pack and a customer as short text, for the report of a failed differential test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from engine.decision import Decision
from engine.model import (
    AddTo,
    Advise,
    All,
    AnyOf,
    Condition,
    Constant,
    Evidence,
    Gate,
    Invariant,
    Not,
    Operand,
    Pack,
    Quantified,
    Rule,
    Scorecard,
    SetFact,
    Status,
    Table,
    Test,
)
from engine.snapshot import CustomerFacts


def pack_text(pack: Pack) -> str:
    """Return a line per rule, row, criterion, point rule, invariant, and fact in them with a default or fallback."""
    lines = [
        *(line for rule in pack.rules for line in _rule(rule)),
        *(line for table in pack.tables for line in _table(table)),
        *(line for gate in pack.gates for line in _gate(gate)),
        *(line for card in pack.scorecards for line in _scorecard(card)),
        *(_invariant(invariant) for invariant in pack.invariants),
        *(f"evidence {one.id}: {one.value}, {one.dated} to {one.valid_until}" for one in _evidence(pack)),
    ]
    text = "\n".join(lines)
    lines += [
        f"fact {fact.key}: default {fact.default}, falls back to {fact.falls_back_to}"
        for fact in pack.vocabulary.facts.values()
        if (fact.default is not None or fact.falls_back_to) and str(fact.key) in text
    ]
    return "\n".join(lines)


def _evidence(pack: Pack) -> Iterable[Evidence]:
    return pack.talk.evidence.values() if pack.talk else ()


def customer_text(customer: CustomerFacts) -> str:
    """Return a customer's facts, rows and coverage."""
    lines = [f"as of {customer.as_of}, recorded {_values(customer.recorded)}", _values(customer.facts)]
    lines += [f"{name}/{row.key}: {_values(row.facts)}" for name, rows in customer.rows.items() for row in rows]
    return "\n".join(lines)


def difference_text(expected: Decision, found: Decision) -> str:
    """Return the fields in which two decisions differ, both sides."""
    return "\n".join(
        f"{field.name}:\n  expected {getattr(expected, field.name)}\n  found    {getattr(found, field.name)}"
        for field in fields(Decision)
        if getattr(expected, field.name) != getattr(found, field.name)
    )


def condition_text(condition: Condition) -> str:
    """Return a condition on one line."""
    match condition:
        case Test():
            return f"{condition.fact} {condition.op} {_operand(condition.operand)}"
        case All() | AnyOf():
            word = "all" if isinstance(condition, All) else "any"
            return f"{word}({', '.join(map(condition_text, condition.items))})"
        case Not():
            return f"not({condition_text(condition.item)})"
        case Quantified():
            of = f" of {condition.of.name}" if condition.of else ""
            bounds = "".join(f" {bound.op} {_operand(bound.operand)}" for bound in condition.bounds)
            where = condition_text(condition.where)
            return f"{condition.collection} {condition.quantifier}{of} [{where}]{bounds}"


def _operand(operand: Operand) -> str:
    if isinstance(operand, Constant):
        return "/".join(map(str, operand.values))
    return f"{operand.times} x {operand.fact}"


def _rule(rule: Rule) -> Iterator[str]:
    conclusions = "; ".join(map(_conclusion, rule.conclusions))
    yield f"rule {rule.id}{_life(rule)}: {condition_text(rule.when)} => {conclusions}"


def _conclusion(conclusion: SetFact | AddTo | Advise) -> str:
    match conclusion:
        case SetFact():
            return f"{conclusion.fact} = {conclusion.value}"
        case AddTo():
            return f"{conclusion.fact} += {'/'.join(conclusion.members)}"
        case Advise():
            return str(conclusion)


def _table(table: Table) -> Iterator[str]:
    outputs = ", ".join(map(str, table.outputs))
    yield f"table {table.id}{_life(table)}: {table.hit} {table.collect or table.order or ''} -> {outputs}"
    for row in table.rows:
        yield f"  #{row.id}: {condition_text(row.when)} => {', '.join(map(str, row.values))}"


def _gate(gate: Gate) -> Iterator[str]:
    stages = "/".join(gate.from_stages)
    yield f"gate {gate.id}{_life(gate)} precedence {gate.precedence}: {stages} -> {gate.to} ({gate.move})"
    for one in gate.criteria:
        yield f"  {one.id}{'' if one.required else ' (advisory)'}: {condition_text(one.when)}"


def _scorecard(card: Scorecard) -> Iterator[str]:
    head = f"scorecard {card.id} ({card.status}): best {card.best} of {', '.join(card.candidates)}"
    yield f"{head} -> {card.chooses}, else {card.fallback}"
    for name, condition in card.eligible.items():
        yield f"  {name} if {condition_text(condition)}"
    for rule in card.rules:
        points = f"{rule.points.times} x {rule.points.fact} + {rule.points.plus}"
        yield f"  #{rule.id}@{rule.candidate}: {condition_text(rule.when)} => {points}"


def _invariant(invariant: Invariant) -> str:
    return f"invariant {invariant.id}: {'never' if invariant.never else 'always'} {condition_text(invariant.condition)}"


def _life(item: Rule | Table | Gate) -> str:
    parts = [
        f" each {item.each}" if not isinstance(item, Gate) and item.each else "",
        f" priority {item.priority}" if not isinstance(item, Gate) and item.priority else "",
        " draft" if item.status is Status.DRAFT else "",
        f" from {item.valid_from}" if item.valid_from else "",
        f" until {item.valid_until}" if item.valid_until else "",
    ]
    return "".join(parts)


def _values(values: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in dict(values).items())  # type: ignore[call-overload]
