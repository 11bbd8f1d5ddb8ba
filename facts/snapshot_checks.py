"""Whether a snapshot holds what the vocabulary declares, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import Problem, ProblemsError, did_you_mean
from engine.said import said
from engine.snapshot import Snapshot, arrow_type
from engine.vocabulary import Fact, FactKey, Origin, Type, Value, Vocabulary

_CODED = (Type.CATEGORY, Type.LEVEL)
_COUNTED = (Type.INTEGER, Type.NUMBER)
_NAMED = 3
"""Customers; no more are named in a problem."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value with which nothing can be decided, and the customers who have it.

    `fact` is whose value it is: None for the member that a family of facts is recorded of. `problem` tells it in words.
    """

    fact: Fact | None
    value: Value
    customers: tuple[str, ...]
    problem: Problem


class MisfitsError(ProblemsError):
    """Raised where a customer's values do not fit their declaration: the records are wrong, not the rules."""

    def __init__(self, misfits: Iterable[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__(each.problem for each in self.misfits)

    def __reduce__(self) -> tuple[type[MisfitsError], tuple[object]]:
        """Let it come back from another process as it was raised there."""
        return type(self), (self.misfits,)


CustomersWith = Callable[[Any], Sequence[str]]
"""Gives the keys of the customers that have a value; asked only about a value that does not fit."""


def customers_of(misfits: Iterable[Misfit]) -> frozenset[str]:
    """Return who has such values."""
    return frozenset(key for each in misfits for key in each.customers)


def wanted_columns(found: Collection[str], vocabulary: Vocabulary) -> list[str]:
    """Return the columns of a snapshot's customers, in declared order.

    Args:
        found: what features compute.
        vocabulary: what is declared.

    Raises:
        ProblemsError: for each declared fact that no feature computes.
    """
    stored = [fact for fact in vocabulary.in_scope(None) if fact.origin is not Origin.DERIVED]
    problems = [
        Problem(
            fact.at,
            "no-feature",
            f"No feature computes the fact `{fact.name}`.",
            did_you_mean(fact.name, found) or "Give it `origin: derived`, or add a column to a file in facts/features.",
        )
        for fact in stored
        if fact.name not in found
    ]
    if problems:
        raise ProblemsError(problems)
    covered = [f"{name}.{end}" for name in vocabulary.collections for end in ("recorded_from", "recorded_to")]
    return [fact.name for fact in stored] + covered


def unknown_members(
    family: str, members: Iterable[str], vocabulary: Vocabulary, customers_with: CustomersWith
) -> Iterator[Misfit]:
    """Yield the members that a family of facts is recorded of and its enum does not have."""
    enum = vocabulary.enums[vocabulary.families[FactKey(None, family)]]
    for member in sorted(set(members) - set(enum.members)):
        customers = customers_with(member)
        message = (
            f"`{family}` is recorded of `{member}`, which is not a member of `{enum.name}`, for {_named(customers)}."
        )
        hint = did_you_mean(member, enum.members) or said("Write one of {members}.", members=list(enum.members))
        yield Misfit(None, member, tuple(customers), Problem(enum.at, "unknown-member", message, hint))


def misfits_in(snapshot: Snapshot, encoded: Snapshot, vocabulary: Vocabulary) -> list[Misfit]:
    """Return the values that do not fit their facts, each with all customers who have it.

    Args:
        snapshot: with words as they are.
        encoded: the same with dictionaries of words, a word that is no member being null.
        vocabulary: what is declared.

    Raises:
        ProblemsError: with a problem for each column of another type than its fact.
    """
    tables: dict[str | None, tuple[pa.Table, pa.Table]] = {None: (snapshot.customers, encoded.customers)}
    tables |= {name: (rows, encoded.rows[name]) for name, rows in snapshot.rows.items()}
    problems = [each for scope, (table, _) in tables.items() for each in _wrong_types(table, vocabulary, scope)]
    if problems:
        raise ProblemsError(problems)
    return [each for scope, both in tables.items() for each in _misfits_in(*both, vocabulary, scope)]


def check_values(vocabulary: Vocabulary, scope: str | None, facts: Mapping[str, Value], customer: str) -> None:
    """Check the values of one customer or one of its rows.

    Raises:
        MisfitsError: for each fact whose value does not fit.
    """
    misfits = []
    for name, value in facts.items():
        fact = vocabulary.fact(name, scope)
        if fact is None:
            raise KeyError(f"{scope or 'customer'}.{name} is computed, but not declared")
        if not _fits(fact, value, vocabulary):
            misfits.append(_misfit(fact, value, (customer,), vocabulary))
    if misfits:
        raise MisfitsError(misfits)


def _columns(table: pa.Table, vocabulary: Vocabulary, scope: str | None) -> Iterator[tuple[Fact, pa.ChunkedArray]]:
    for fact in vocabulary.in_scope(scope):
        if fact.name in table.column_names:
            yield fact, table[fact.name]


def _wrong_types(table: pa.Table, vocabulary: Vocabulary, scope: str | None) -> Iterator[Problem]:
    for fact, column in _columns(table, vocabulary, scope):
        if column.type != arrow_type(fact):
            message = f"The feature of `{fact.key}` gives {column.type}, not {arrow_type(fact)}."
            yield Problem(fact.at, "wrong-type", message, "Cast it in the SQL file.")


def _misfits_in(table: pa.Table, encoded: pa.Table, vocabulary: Vocabulary, scope: str | None) -> Iterator[Misfit]:
    for fact, column in _columns(table, vocabulary, scope):
        wrong = _wrong(fact, column, encoded[fact.name])
        if wrong is not None:
            for value, customers in _by_value(table["customer"].filter(wrong), column.filter(wrong)):
                yield _misfit(fact, value, customers, vocabulary)


def _wrong(fact: Fact, column: pa.ChunkedArray, encoded: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return in which rows a column's values do not fit, None if all do."""
    if fact.type in _CODED and encoded.null_count != column.null_count:
        return pc.and_(pc.is_valid(column), pc.is_null(encoded))
    if fact.type in _COUNTED and column.null_count < len(column):
        least, most = fact.limits
        low, high = pc.min_max(column).as_py().values()
        if low < least or high > most:
            return pc.or_(pc.less(column, pa.scalar(least)), pc.greater(column, pa.scalar(most)))
    return None


def _by_value(customers: pa.ChunkedArray, values: pa.ChunkedArray) -> list[tuple[Any, tuple[str, ...]]]:
    """Return each value, in order, with the customers who have it."""
    found: dict[Any, dict[str, None]] = defaultdict(dict)
    for customer, value in zip(customers.to_pylist(), values.to_pylist(), strict=True):
        found[value][customer] = None
    return [(value, tuple(found[value])) for value in sorted(found)]


def _misfit(fact: Fact, value: Value, customers: tuple[str, ...], vocabulary: Vocabulary) -> Misfit:
    return Misfit(fact, value, customers, _problem(fact, value, vocabulary, customers))


def _problem(fact: Fact, value: Value, vocabulary: Vocabulary, customers: Sequence[str]) -> Problem:
    if fact.type in _CODED:
        members = vocabulary.enum_of(fact).members
        hint = did_you_mean(str(value), members) or said("Write one of {members}.", members=list(members))
        message = f"`{fact.key}` has the value `{value}` in the records of {_named(customers)}."
        return Problem(fact.at, "unknown-member", message, hint)
    least, most = fact.limits
    message = f"`{fact.key}` has the value {value} in the records of {_named(customers)}."
    return Problem(fact.at, "out-of-range", message, f"It lies between {least:f} and {most:f}.")


def _fits(fact: Fact, value: Value, vocabulary: Vocabulary) -> bool:
    if fact.type in _CODED:
        return value in vocabulary.enum_of(fact).codes
    return fact.type not in _COUNTED or _in_range(fact, Decimal(str(value)))


def _named(customers: Sequence[str]) -> str:
    """Return who these customers are: the first few by their keys, the others by their number."""
    names = ", ".join(f"`{customer}`" for customer in customers[:_NAMED])
    others = f" and {len(customers) - _NAMED} more" if len(customers) > _NAMED else ""
    return f"customer{'s' if len(customers) > 1 else ''} {names}{others}"


def _in_range(fact: Fact, value: Decimal) -> bool:
    least, most = fact.limits
    return least <= value <= most
