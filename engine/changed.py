"""What if a customer's facts were others: read the changes, and tell two decisions apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from engine.decision import AdvisedAction, Decision
from engine.errors import did_you_mean, which_word
from engine.said import NOTHING, one_after_other, said
from engine.snapshot import CustomerFacts
from engine.vocabulary import Fact, Origin, Type, Value, Vocabulary, exact

_FLAGS = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}


class SettingError(ValueError):
    """A change that cannot be made; says why, and what could be meant."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact of the customer, or of a row (`collection.fact`), with its value before and after (None: not known)."""

    fact: str
    row: str
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is other after a change: facts that rules conclude, actions (changed: before and after), rules that fire."""

    concluded: tuple[Change, ...]
    gained: tuple[AdvisedAction, ...]
    lost: tuple[AdvisedAction, ...]
    moved: tuple[tuple[AdvisedAction, AdvisedAction], ...]
    fires: tuple[str, ...]
    fires_no_more: tuple[str, ...]


# --- reading ---


def read_settings(vocabulary: Vocabulary, customer: CustomerFacts, texts: Iterable[str]) -> tuple[Change, ...]:
    """Read changes written `fact=value`; without a value the fact is taken as not known.

    Raises:
        SettingError: if a fact is not known, not recorded but concluded, named twice, or cannot have the value.
    """
    changes: dict[str, Change] = {}
    for text in texts:
        name, sign, written = (part.strip() for part in text.partition("="))
        if not sign:
            raise SettingError(said("{text!r} is no change. Write it as fact=value, such as orders_90d=3.", text=text))
        fact = settable(vocabulary, name)
        if name in changes:
            raise SettingError(said("`{name}` is set twice. Set it once.", name=name))
        value = read_value(vocabulary, fact, written) if written else None
        changes[name] = Change(name, "", customer.facts.get(name), value)
    _check_constraints(vocabulary, customer, changes)
    return tuple(changes.values())


def settable(vocabulary: Vocabulary, name: str) -> Fact:
    """Return a fact of the customer that can be set.

    Raises:
        SettingError: if there is none of this name, or rules conclude it.
    """
    fact = vocabulary.fact(name)
    if fact is None:
        collection = name.partition(".")[0]
        if collection in vocabulary.collections:
            raise SettingError(
                said(
                    "`{collection}` holds records of their own, which cannot be set here: record them.",
                    collection=collection,
                )
            )
        known = [one.name for one in vocabulary.in_scope(None) if one.origin is not Origin.DERIVED]
        raise SettingError(
            one_after_other(said("`{name}` is no fact of a customer.", name=name), did_you_mean(name, known))
        )
    if fact.is_derived:
        raise SettingError(
            said("`{name}` follows from the rules and cannot be set: set what it follows from.", name=name)
        )
    return fact


def read_value(vocabulary: Vocabulary, fact: Fact, text: str) -> Value:
    """Read a value of a fact (of one member, for a set).

    Raises:
        SettingError: if it is none, or lies out of the fact's range.
    """
    value = _read(vocabulary, fact, text)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        _check_range(fact, value)
    return value


def _read(vocabulary: Vocabulary, fact: Fact, text: str) -> Value:
    match fact.type:
        case Type.TEXT:
            return text
        case Type.FLAG if text.lower() in _FLAGS:
            return _FLAGS[text.lower()]
        case Type.FLAG:
            raise SettingError(said("`{name}` is yes or no, not {text!r}.", name=fact.name, text=text))
        case Type.INTEGER if re.fullmatch(r"[+-]?[0-9]+", text):
            return int(text)
        case Type.INTEGER:
            raise SettingError(said("`{name}` is a whole number, not {text!r}.", name=fact.name, text=text))
        case Type.NUMBER:
            return _read_number(fact, text)
        case Type.DATE:
            return _read_date(fact, text)
    members = vocabulary.enum_of(fact).members
    if text not in members:
        hint = which_word(text, members)
        raise SettingError(said("{text!r} is no value of `{name}`. {hint}", text=text, name=fact.name, hint=hint))
    return text


def _read_number(fact: Fact, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise SettingError(said("`{name}` is a number, not {text!r}.", name=fact.name, text=text))
    _check_range(fact, number)  # what is larger cannot even be rounded
    if number != round(number, fact.scale):
        raise SettingError(
            said(
                "`{name}` has at most {number} {number:digit|digits} after the point, not as many as {text}.",
                name=fact.name,
                number=fact.scale,
                text=text,
            )
        )
    return exact(number, fact.scale)


def _read_date(fact: Fact, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(
            said("`{name}` is a date, not {text!r}. Write it as 2024-06-30.", name=fact.name, text=text)
        ) from None


def _check_range(fact: Fact, value: int | Decimal) -> None:
    least, most = fact.limits
    if not least <= value <= most:
        raise SettingError(
            said(
                "`{name}` lies between {least} and {most}; {value} is not possible.",
                name=fact.name,
                least=least,
                most=most,
                value=value,
            )
        )


def _check_constraints(vocabulary: Vocabulary, customer: CustomerFacts, changes: Mapping[str, Change]) -> None:
    after = {**customer.facts, **{name: change.after for name, change in changes.items()}}
    for one in vocabulary.constraints:
        lower, upper = after.get(one.lower), after.get(one.upper)
        touched = [name for name in (one.lower, one.upper) if name in changes]
        if touched and lower is not None and upper is not None and lower > upper:  # type: ignore[operator]  # of one type
            what = said(
                "`{first}` would be {lower} and `{second}` {upper}, but the first is never above the second.",
                first=one.lower,
                lower=str(lower),
                second=one.upper,
                upper=str(upper),
            )
            other = next((name for name in (one.lower, one.upper) if name not in changes), None)
            hint = said("Set `{other}` too.", other=other) if other else NOTHING
            raise SettingError(one_after_other(what, hint))


# --- deciding again ---


def with_changes(customer: CustomerFacts, changes: Iterable[Change]) -> CustomerFacts:
    """Return a customer whose facts have these values."""
    after = {**customer.facts, **{change.fact: change.after for change in changes}}
    return replace(customer, facts={name: value for name, value in after.items() if value is not None})


def difference(before: Decision, after: Decision) -> Difference:
    """Return what two decisions about one customer say differently."""
    actions = {(one.action, one.row): one for one in before.actions}
    actions_after = {(one.action, one.row): one for one in after.actions}
    both = [(one, actions_after[key]) for key, one in actions.items() if key in actions_after]
    rules, rules_after = ({one.rule for one in decision.fired} for decision in (before, after))
    return Difference(
        concluded=tuple(_concluded(before, after)),
        gained=tuple(one for key, one in actions_after.items() if key not in actions),
        lost=tuple(one for key, one in actions.items() if key not in actions_after),
        moved=tuple((old, new) for old, new in both if replace(new, rules=old.rules) != old),
        fires=tuple(sorted(rules_after - rules)),
        fires_no_more=tuple(sorted(rules - rules_after)),
    )


def _concluded(before: Decision, after: Decision) -> Iterator[Change]:
    yield from _changes("", "", before.values, after.values)
    for collection in {**before.rows, **after.rows}:
        old, new = before.rows.get(collection, {}), after.rows.get(collection, {})
        for row in {**old, **new}:
            yield from _changes(f"{collection}.", row, old.get(row, {}), new.get(row, {}))


def _changes(prefix: str, row: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Change]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield Change(f"{prefix}{name}", row, before.get(name), after.get(name))
