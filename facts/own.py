"""Facts that a pack declares for itself: no feature computes them, they are what people and files say.

The store keeps each value as a text. A value that its fact cannot have any more, since a later version of the pack
declares it otherwise, counts as not recorded: an edit of a pack breaks no batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from engine.errors import Problem, ProblemsError, which_word
from engine.said import NOTHING, Said, one_after_other, said
from engine.vocabulary import Fact, Origin, Type, Value, Vocabulary, exact

if TYPE_CHECKING:
    import pyarrow as pa

_WRITTEN = {
    Type.INTEGER: said("Write a whole number, such as 620."),
    Type.NUMBER: said("Write a number, such as 1250.50."),
    Type.DATE: said("Write a date as 2024-06-30."),
    Type.FLAG: said("Write yes or no."),
}
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def is_said(fact: Fact) -> bool:
    """Return whether a fact is a pack's own and its values are what somebody says."""
    return fact.is_own and fact.scope is None and fact.origin is Origin.MEASURED and not fact.personal


def said_facts(vocabulary: Vocabulary) -> dict[str, Fact]:
    """Return the facts of the customer that somebody says, by name."""
    return {fact.name: fact for fact in vocabulary.in_scope(None) if is_said(fact)}


def check_own(vocabulary: Vocabulary) -> None:
    """Check that each fact which a pack declares can come to a value.

    Raises:
        ProblemsError: for each one that neither rules conclude nor anybody can say.
    """
    problems = [
        Problem(fact.at, "no-feature", _no_value(fact), _HINT)
        for fact in vocabulary.facts.values()
        if fact.is_own and not fact.is_derived and not is_said(fact)
    ]
    if problems:
        raise ProblemsError(problems)


_HINT = said("Declare it of the customer and without `origin`, or let rules conclude it (`origin: derived`).")


def _no_value(fact: Fact) -> Said:
    why = said("a pack's own facts are not {origin}", origin=fact.origin)
    if fact.scope is not None:
        why = said("rows of a pack's own cannot be recorded")
    elif fact.personal:
        why = said("personal data stands in contacts alone")
    return said("nothing can give `{fact}` a value: {why}.", fact=fact.key, why=why)


# --- values ---


class UnreadableError(ValueError):
    """Raised for a text that says no fact, or no value of one: what is wrong with it, and what to write instead."""

    def __init__(self, what: Said, hint: Said) -> None:
        self.what, self.hint = what, hint
        super().__init__(one_after_other(said("{what}.", what=what), hint))


def value_of(vocabulary: Vocabulary, fact: Fact, text: str) -> Value:
    """Return the value of a fact that a text says.

    Raises:
        UnreadableError: if it says none.
    """
    value = _read(vocabulary, fact, text)
    if isinstance(value, _No):
        raise UnreadableError(said("{text!r} is no value of {fact}", text=text, fact=fact.name), value.hint)
    return value


def fault_of(vocabulary: Vocabulary, name: str | None, text: str | None) -> Said | None:
    """Return what is wrong with a row of `own_facts` that an import brings; what is missing is told elsewhere."""
    if name is None or text is None:
        return None
    fact = said_facts(vocabulary).get(name)
    if fact is None:
        return said("is of no fact that the rules in use declare for themselves: {fact}", fact=name)
    value = _read(vocabulary, fact, text)
    if not isinstance(value, _No):
        return None
    return one_after_other(said("is no value of {fact}.", fact=fact.name), value.hint)


def written(value: Value) -> str:
    """Return the text in which the store keeps a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _beyond(fact: Fact, value: Value) -> Said:
    """Return what a number should be, if it is not, or nothing."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return NOTHING
    if (fact.least is not None and value < fact.least) or (fact.most is not None and value > fact.most):
        if fact.most is None:
            return said("It lies from {least}.", least=fact.least)
        return said("It lies from {least} to {most}.", least=fact.least, most=fact.most)
    least, most = fact.limits
    if not least <= value <= most:
        return said("It has too many digits.")
    if isinstance(value, Decimal) and value != value.quantize(Decimal(1).scaleb(-fact.scale)):
        return said("It has {number} {number:digit|digits} after the point at most.", number=fact.scale)
    return NOTHING


@dataclass(frozen=True, slots=True)
class _No:
    """No value, with how values are written."""

    hint: Said


def _read(vocabulary: Vocabulary, fact: Fact, text: str) -> Value | _No:
    value = _parsed(vocabulary, fact, text)
    if isinstance(value, _No):
        return value
    if hint := _beyond(fact, value):
        return _No(hint)
    return exact(value, fact.scale) if isinstance(value, Decimal) else value


def _parsed(vocabulary: Vocabulary, fact: Fact, text: str) -> Value | _No:
    try:
        match fact.type:
            case Type.INTEGER:
                return int(text)
            case Type.NUMBER:
                number = Decimal(text)
                return number if number.is_finite() else _No(_WRITTEN[fact.type])
            case Type.DATE:
                return date.fromisoformat(text)
            case Type.FLAG:
                return _FLAGS[text]
    except (InvalidOperation, ValueError, KeyError):
        return _No(_WRITTEN[fact.type])
    if fact.type in (Type.CATEGORY, Type.LEVEL):
        members = vocabulary.enum_of(fact).members
        return text if text in members else _No(which_word(text, members))
    return text


# --- snapshots ---


def said_values(rows: Iterable[Mapping[str, Any]], vocabulary: Vocabulary) -> Iterator[tuple[str, Value]]:
    """Yield what is said of one customer: the names and values of facts."""
    said = list(rows)
    facts = said_facts(vocabulary) if said else {}
    for row in said:
        if row["fact"] in facts:
            value = _known(vocabulary, facts[row["fact"]], row["value"])
            if value is not None:
                yield row["fact"], value


def said_columns(rows: pa.Table, keys: pa.ChunkedArray, vocabulary: Vocabulary) -> dict[str, pa.Array]:
    """Return a column for each fact that somebody says, with one value for each key.

    Args:
        rows: the columns `customer`, `fact` and `value`, one row for each customer and fact.
        keys: the customers.
        vocabulary: the facts wanted.
    """
    return {name: _column(rows, keys, vocabulary, fact) for name, fact in said_facts(vocabulary).items()}


def _column(rows: pa.Table, keys: pa.ChunkedArray, vocabulary: Vocabulary, fact: Fact) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.snapshot import arrow_type

    of_fact = rows.filter(pc.equal(rows["fact"], fact.name))
    coded = of_fact["value"].combine_chunks().dictionary_encode()  # each text is read once, whoever has it
    values = pa.array([_known(vocabulary, fact, text) for text in coded.dictionary.to_pylist()], arrow_type(fact))
    places = pc.index_in(keys, value_set=of_fact["customer"])
    return values.take(coded.indices.take(places.combine_chunks()))


def _known(vocabulary: Vocabulary, fact: Fact, text: str) -> Value | None:
    try:
        return value_of(vocabulary, fact, text)
    except UnreadableError:
        return None
