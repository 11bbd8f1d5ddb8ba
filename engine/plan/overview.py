"""The decisions of a chunk as a table: one row per customer, a few columns that lists and runs show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.model import Action, Advise
from engine.plan.columns import Array, Column, Mask
from engine.plan.result import Result
from engine.program import Program, ProgramRule, decode
from engine.vocabulary import Fact, FactKey

NOT_ADVISED = -1


def overview(program: Program, result: Result, facts: Mapping[str, FactKey]) -> pa.Table:
    """Return a chunk's decisions as a table.

    Args:
        program: the rules that decided.
        result: what they decided.
        facts: the columns wanted (name to single-valued fact of category or level); a fact without a value is null.

    Returns:
        `customer`, the columns wanted, `urgency` (of the most urgent action; null if none is advised), `provisional`
        (whether one of the wanted facts is) and `fired_rules` (JSON list of rule ids, as a dictionary).
    """
    size = len(result.customers)
    urgency = _urgency(program, result, size)
    provisional = np.zeros(size, np.bool_)
    for key in facts.values():
        provisional |= result.provisional.get(key, False)
    return pa.table(
        {
            "customer": result.customers,
            **{name: _words(program, program.fact(key), result.values.get(key), size) for name, key in facts.items()},
            "urgency": pa.array(urgency, mask=urgency == NOT_ADVISED),
            "provisional": provisional,
            "fired_rules": _fired_rules(program, result, size),
        }
    )


def having(program: Program, result: Result, key: FactKey, member: str) -> Mask:
    """Return the customers whose set of this fact has a member; none where the rules know no such fact or member."""
    sets = result.members.get(key, {})
    members = program.vocabulary.enum_of(program.fact(key)).members if sets else ()
    mask = sets.get(members.index(member)) if member in members else None
    return np.array(np.broadcast_to(False if mask is None else mask, len(result.customers)))


def _words(program: Program, fact: Fact, column: Column | None, size: int) -> pa.Array:
    if column is None:
        return pa.nulls(size, pa.string())
    members = program.vocabulary.enum_of(fact).members
    words = [str(decode(program.vocabulary, fact, code)) for code in range(len(members))]
    indices = pa.array(column.codes, pa.int32(), mask=None if column.known is None else ~column.known)
    return pa.array(words, pa.string()).take(indices)


# --- urgency ---


def _urgency(program: Program, result: Result, size: int) -> Array:
    """Return the urgency of each customer's most urgent action."""
    most = np.full(size, NOT_ADVISED, np.int64)
    for action in program.actions.values():
        advising = _advising(program, action)
        of_rows = [item for item in advising if action.per is not None and item[0].scope == action.per]
        of_whole = [item for item in advising if item not in of_rows]
        np.maximum(most, _given(action, of_whole, size, lambda rule: customers_of(rule, result, size)), out=most)
        if action.per is not None and of_rows:
            owners = result.owners[action.per]
            rows = _given(action, of_rows, len(owners), lambda rule: result.fired[rule.index])
            np.maximum.at(most, owners, rows)
    return most


def _advising(program: Program, action: Action) -> list[tuple[ProgramRule, Advise]]:
    """Return the rules that advise an action, the one whose overrides count most first."""
    found = [(rule, advise) for rule in program.rules for advise in rule.advises if advise.action == action.id]

    def rank(item: tuple[ProgramRule, Advise]) -> tuple[int, int, str]:
        rule, advise = item
        return (-rule.priority, action.days if advise.in_days is None else advise.in_days, rule.id)

    return sorted(found, key=rank)


def _given(
    action: Action, advising: Sequence[tuple[ProgramRule, Advise]], size: int, where: Callable[[ProgramRule], Mask]
) -> Array:
    """Return the urgency that the advising rules give an action, the best rule's override written last."""
    urgency = np.full(size, NOT_ADVISED, np.int64)
    for rule, _ in advising:
        urgency[where(rule)] = action.urgency
    for rule, advise in reversed(advising):
        if advise.urgency is not None:
            urgency[where(rule)] = advise.urgency
    return urgency


def customers_of(rule: ProgramRule, result: Result, size: int) -> Mask:
    """Return the customers for whom a rule fired: itself, or for one of their rows."""
    fired = result.fired[rule.index]
    if rule.scope is None:
        return fired
    found = np.zeros(size, np.bool_)
    found[result.owners[rule.scope][fired]] = True
    return found


def firing(program: Program, results: Iterable[Result]) -> dict[str, int]:
    """Return for how many customers each rule, or some rule of each table, gate and scorecard, fires."""
    found = {rule.id.partition("#")[0]: 0 for rule in program.rules}
    for result in results:
        size = len(result.customers)
        masks = {name: np.zeros(size, np.bool_) for name in found}
        for rule in program.rules:
            masks[rule.id.partition("#")[0]] |= customers_of(rule, result, size)
        found = {name: number + int(masks[name].sum()) for name, number in found.items()}
    return found


# --- rules ---


def _fired_rules(program: Program, result: Result, size: int) -> pa.DictionaryArray:
    """Return the ids of each customer's fired rules as JSON lists, each list written once."""
    rules = sorted(program.rules, key=lambda rule: rule.id)
    # Few combinations occur, and they are long: they are compared as bits.
    bits = np.zeros((-(-len(rules) // 8), size), np.uint8)
    for place, rule in enumerate(rules):
        bits[place // 8] |= customers_of(rule, result, size).view(np.uint8) << (7 - place % 8)
    packed = np.ascontiguousarray(bits.T)
    whole = packed.view(np.dtype((np.void, packed.shape[1]))).ravel() if rules else np.zeros(size, "V1")
    _, first, which = np.unique(whole, return_index=True, return_inverse=True)
    fired = np.unpackbits(packed[first], axis=1, count=len(rules)).view(np.bool_)
    return pa.DictionaryArray.from_arrays(pa.array(which, pa.int32()), _json_lists([rule.id for rule in rules], fired))


def _json_lists(ids: Sequence[str], fired: Mask) -> pa.Array:
    """Return a JSON list for each row of a mask over ids."""
    ends = np.cumsum(fired.sum(axis=1), dtype=np.int32)
    quoted = pa.array([f'"{each}"' for each in ids], pa.string())  # ids are words: nothing to escape
    lists = pa.ListArray.from_arrays(
        pa.array(np.concatenate([np.zeros(1, np.int32), ends])), quoted.take(pa.array(np.nonzero(fired)[1]))
    )
    return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
