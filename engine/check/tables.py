"""Tables that say nothing, or too much, for some values of their inputs.

Inputs are taken as known and independent of each other. Each is looked at at one value of every stretch of values
that the table's tests do not tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from engine.check.findings import Finding, lint
from engine.model import Hit, Pack, Status, Table
from engine.program import (
    And,
    AtLeast,
    Code,
    Cond,
    Known,
    Leaf,
    Lit,
    OneOf,
    Program,
    code_limits,
    cond_leaves,
    decode,
)
from engine.said import Said, quoted, said
from engine.vocabulary import FactKey, Type

MOST = 20_000
"""Tables with more combinations are not looked at."""

_TOLD = 3
Point = Mapping[FactKey, Code]


def table_findings(pack: Pack, program: Program) -> Iterator[Finding]:
    """Yield tables with combinations of inputs that no row accepts, or that rows disagree about."""
    rules = {rule.id: rule.when for rule in program.rules}
    for table in pack.tables:
        if table.status is Status.ACTIVE and table.hit is not Hit.COLLECT:
            yield from _findings(program, table, {row.id: rules[f"{table.id}#{row.id}"] for row in table.rows})


def _findings(program: Program, table: Table, rows: Mapping[str, Cond]) -> Iterator[Finding]:
    asked = [program.leaves[index] for when in rows.values() for index in cond_leaves(when)]
    leaves = [leaf for leaf in asked if isinstance(leaf, OneOf | AtLeast | Known)]
    if not leaves or len(leaves) < len(asked):
        return
    points = _points(program, leaves)
    if prod(len(codes) for codes in points.values()) > MOST:
        return
    values = {row.id: row.values for row in table.rows}
    gaps: list[Point] = []
    overlaps: dict[tuple[str, ...], Point] = {}
    for codes in product(*points.values()):
        point: Point = dict(zip(points, codes, strict=True))
        hits = tuple(name for name, when in rows.items() if _holds(program, when, point))
        if not hits:
            gaps.append(point)
        elif len(hits) > 1 and (
            table.hit is Hit.UNIQUE or (table.hit is Hit.ANY and len({values[name] for name in hits}) > 1)
        ):
            overlaps.setdefault(hits, point)
    yield from (_overlap(program, table, hits, point) for hits, point in overlaps.items())
    if gaps and not _has_default(program, table):
        yield _gap(program, table, gaps)


def _overlap(program: Program, table: Table, hits: Iterable[str], point: Point) -> Finding:
    rows = [quoted(name) for name in hits]
    message = said(
        "the rows {rows: and } of `{table}` both apply where {values}.",
        rows=rows,
        table=table.id,
        values=_values(program, point),
    )
    return lint(table.at, "table-overlap", message, said("Narrow one of them, or choose another hit policy."))


def _gap(program: Program, table: Table, points: Sequence[Point]) -> Finding:
    told = [_values(program, point) for point in points[:_TOLD]]
    more = [said("and {number} more", number=len(points) - _TOLD)] if len(points) > _TOLD else []
    message = said("no row of `{table}` applies where {values:; }.", table=table.id, values=[*told, *more])
    return lint(table.at, "table-gap", message, said("Add rows, or a default to the fact."))


def _points(program: Program, leaves: Iterable[OneOf | AtLeast | Known]) -> dict[FactKey, list[Code]]:
    """Return for each input codes between which the table's tests see no difference."""
    found: dict[FactKey, set[Code]] = {}
    for leaf in leaves:
        found.setdefault(leaf.fact, set()).update(_told_apart(program, leaf))
    return {key: sorted(_possible(program, key, codes), key=str) for key, codes in found.items()}


def _told_apart(program: Program, leaf: OneOf | AtLeast | Known) -> Iterable[Code]:
    """Return a code of every stretch of codes that a test treats alike."""
    fact = program.fact(leaf.fact)
    if fact.enum:
        return range(len(program.vocabulary.enum_of(fact).members))
    if fact.type is Type.FLAG:
        return 0, 1
    match leaf:
        case AtLeast(code=code):
            return code - 1, code
        case OneOf(codes=codes):
            return {*codes, *(code + step for code in codes if isinstance(code, int) for step in (-1, 1))}
        case _:
            return (0,)


def _possible(program: Program, key: FactKey, codes: set[Code]) -> set[Code]:
    least, most = code_limits(program.fact(key))
    return {code for code in codes if isinstance(code, str) or least <= code <= most}


def _holds(program: Program, when: Cond, point: Point) -> bool:
    """Return whether a condition is true of known values."""
    match when:
        case Lit():
            return _passes(program.leaves[when.leaf], point) is when.positive
        case And():
            return all(_holds(program, item, point) for item in when.items)
        case _:
            return any(_holds(program, item, point) for item in when.items)


def _passes(leaf: Leaf, point: Point) -> bool:
    match leaf:
        case OneOf():
            return point[leaf.fact] in leaf.codes
        case AtLeast():
            code = point[leaf.fact]
            return isinstance(code, int) and code >= leaf.code
        case _:
            return True


def _has_default(program: Program, table: Table) -> bool:
    facts = [program.fact(key) for key in table.outputs]
    return all(fact.default is not None or fact.falls_back_to is not None or fact.type is Type.SET for fact in facts)


def _values(program: Program, point: Point) -> Said:
    words = []
    for key, code in point.items():
        value = decode(program.vocabulary, program.fact(key), code)
        words.append(
            said("{fact} is {value}", fact=key.name, value=str(value).lower() if isinstance(value, bool) else value)
        )
    return said("{values}", values=words)
