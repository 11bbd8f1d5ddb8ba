"""The impact of a new version: how many customers are decided otherwise, who, how, and by which edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.impact.causes import Causes, Progress
from engine.impact.compare import MISSING, WORDED, Comparison, Line, Some
from engine.impact.versions import Versions
from engine.load.versions import Edit
from engine.plan import Kept, Plan
from engine.program import Program, decode
from engine.snapshot import Snapshot
from engine.vocabulary import FactKey, Value


@dataclass(frozen=True, slots=True)
class Change:
    """One conclusion about a customer that comes out otherwise.

    Of sets, and of facts of rows, a change is a member: gained if `before` is None, lost if `after` is. `causes` are
    places in the list of edits; `together`: none of them would do alone.
    """

    fact: FactKey
    before: Value | None
    after: Value | None
    causes: tuple[int, ...]
    together: bool


@dataclass(frozen=True, slots=True)
class Affected:
    """A customer for whom something comes out otherwise; `amount` is what is at stake with it, None if not known."""

    customer: str
    amount: Decimal | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """For how many customers a fact gained a value, or a set a member, and for how many it lost it.

    Of numbers and dates, without a value: for how many it changed.
    """

    fact: FactKey
    value: Value | None
    gained: int
    lost: int
    changed: int


@dataclass(frozen=True, slots=True)
class Caused:
    """An edit, for how many customers its rules fired before and after, and how many it affects.

    `separable` is false for an edit that no pack can have alone, as it needs another one.
    """

    edit: Edit
    fired_before: int
    fired_after: int
    affected: int
    separable: bool = True


@dataclass(frozen=True)
class Impact:
    """What a new version of a pack changes for a base of customers.

    `stages` counts customers by proposed stage before and after (None: none). `at_stake` sums the amounts of affected
    customers, `moved_at_stake` of those whose stage changes. `alike` is what changes for all customers in the same way;
    `apart` counts those for whom something else changes, and `listed` are those of them with most at stake.
    """

    customers: int
    affected: int
    moved: int
    stages: Mapping[tuple[str | None, str | None], int]
    tallies: tuple[Tally, ...]
    edits: tuple[Caused, ...]
    alike: tuple[Change, ...]
    apart: int
    listed: tuple[Affected, ...]
    at_stake: Decimal
    moved_at_stake: Decimal


def impact(
    versions: Versions,
    base: Iterable[Snapshot] | Kept,
    amount: str,
    top: int | None = 20,
    progress: Progress = lambda done, of: None,  # noqa: ARG005
    *,
    explain: bool = True,
) -> Impact:
    """Decide all customers by both versions and explain every difference.

    Args:
        versions: the versions.
        base: the customers' facts in parts, taken in the vocabulary of the versions, each of which is let go of when it
            is decided; or the same kept as a version before decided them, to be decided faster.
        amount: the number of a snapshot that says what is at stake with a customer.
        top: list as many customers, those with most at stake; None lists all.
        progress: told how many of the runs over affected customers are done.
        explain: whether to look for causes; without them changes have none.
    """
    deciding = versions.deciding if explain else ()
    whole = Comparison(versions, amount, with_facts=len(deciding) > 1)  # a single edit is the cause of everything
    pair = versions.before, versions.after
    for chunk in base.run_both(*pair) if isinstance(base, Kept) else Plan(pair[0]).run_both(pair[1], base):
        whole.add(chunk)
    some = whole.affected()
    causes = Causes(versions, some, progress, deciding)
    amounts = [row if isinstance(row, Decimal) else None for row in some.column(amount)]
    stage = (versions.pack.ladder.proposed, None)
    moves = some.differing.get(stage, np.zeros(len(amounts), np.bool_))
    alike = [line for line in some.differing if len(amounts) == whole.customers and _is_alike(line, some, causes)]
    lines = [line for line in some.differing if line not in alike]
    apart = (
        np.logical_or.reduce([some.differing[line] for line in lines]) if lines else np.zeros(len(amounts), np.bool_)
    )
    order = sorted(np.flatnonzero(apart).tolist(), key=lambda place: (-(amounts[place] or 0), some.names[place]))
    return Impact(
        customers=whole.customers,
        affected=len(amounts),
        moved=int(moves.sum()),
        stages={
            (_word(versions.after, stage[0], before), _word(versions.after, stage[0], after)): count
            for (before, after), count in sorted(whole.stages.items())
        },
        tallies=tuple(_tallies(versions.after, some)),
        edits=tuple(
            Caused(edit, *whole.fired[place], causes.count(place), place not in causes.inseparable)
            for place, edit in enumerate(versions.edits)
        ),
        alike=tuple(_changes(versions.after, some, causes, alike, 0)),
        apart=len(order),
        listed=tuple(
            Affected(some.names[place], amounts[place], tuple(_changes(versions.after, some, causes, lines, place)))
            for place in order[:top]
        ),
        at_stake=sum((one for one in amounts if one is not None), Decimal(0)),
        moved_at_stake=sum((amounts[place] or Decimal(0) for place in np.flatnonzero(moves).tolist()), Decimal(0)),
    )


# --- in values -------------------------------------------------------------------------------------------------------


def _tallies(program: Program, some: Some) -> Iterator[Tally]:
    for line, mask in some.differing.items():
        key, code = line
        before, after = some.before[line][mask], some.after[line][mask]
        if code is not None:
            yield Tally(key, _value(program, key, code), int(after.sum()), int(before.sum()), len(after))
        elif program.fact(key).type in WORDED:
            for one in np.unique(np.concatenate([before, after])).tolist():
                gained, lost = int((after == one).sum()), int((before == one).sum())
                if one != MISSING:
                    yield Tally(key, _value(program, key, one), gained, lost, gained + lost)
        else:
            yield Tally(key, None, int((before == MISSING).sum()), int((after == MISSING).sum()), len(after))


def _is_alike(line: Line, some: Some, causes: Causes) -> bool:
    """Whether a line differs for several customers, and for all of them in the same way and for the same causes."""
    sides = some.differing[line], some.before[line], some.after[line]
    return (
        len(some.names) > 1
        and all((side == side[0]).all() for side in sides)
        and len({causes.of(line, place) for place in range(len(some.names))}) == 1
    )


def _changes(program: Program, some: Some, causes: Causes, lines: Iterable[Line], customer: int) -> Iterator[Change]:
    for line in lines:
        if not some.differing[line][customer]:
            continue
        key, code = line
        before, after = int(some.before[line][customer]), int(some.after[line][customer])
        if code is None:
            sides = _value(program, key, before), _value(program, key, after)
        else:
            member = _value(program, key, code)
            sides = (None, member) if after else (member, None)
        yield Change(key, *sides, *causes.of(line, customer))


def _value(program: Program, key: FactKey, code: int) -> Value | None:
    return None if code == MISSING else decode(program.vocabulary, program.fact(key), code)


def _word(program: Program, key: FactKey, code: int) -> str | None:
    value = _value(program, key, code)
    return None if value is None else str(value)
