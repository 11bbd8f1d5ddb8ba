"""Conflicts as terms: rules of one rank that disagree about a fact, hits that a table's policy does not allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.model import Hit
from engine.program import Entry, Single, TableForm
from engine.prove.encode import Encoding
from engine.prove.terms import Term, both, how_many, no, some


def ranks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield entries of one priority together, the highest first."""
    for priority in sorted({entry.priority for entry in entries}, reverse=True):
        yield [entry for entry in entries if entry.priority == priority]


def fact_conflict(encoding: Encoding, single: Single, row: int | None) -> Term:
    """Return whether rules of the rank that decides a fact disagree about it."""
    found, undecided = [], True
    for rank in ranks(single.entries):
        found.append(both(undecided, _disagree(encoding, rank, row)))
        undecided = both(undecided, no(some(*(encoding.fired(entry.rule, row) for entry in rank))))
    return some(*found)


def _disagree(encoding: Encoding, rank: list[Entry], row: int | None) -> Term:
    owners: dict[str, list[Entry]] = {}
    for entry in rank:
        owners.setdefault(entry.owner, []).append(entry)
    if len(owners) < 2:
        return False
    values: dict[int, list[Term]] = {}
    for own in owners.values():
        undecided: Term = True
        for entry in own:
            values.setdefault(entry.value, []).append(both(undecided, encoding.fired(entry.rule, row)))
            undecided = both(undecided, no(encoding.fired(entry.rule, row)))
    return how_many([some(*terms) for terms in values.values()], 2)


def table_conflict(encoding: Encoding, table: TableForm, row: int | None) -> Term:
    """Return whether a table has hits that its policy does not allow."""
    fired = [encoding.fired(hit.rule, row) for hit in table.rows]
    if table.hit is Hit.UNIQUE:
        return how_many(fired, 2)
    if table.hit is Hit.ANY:
        values: dict[tuple[int, ...], list[Term]] = {}
        for hit, term in zip(table.rows, fired, strict=True):
            values.setdefault(hit.values, []).append(term)
        return how_many([some(*terms) for terms in values.values()], 2)
    return False
