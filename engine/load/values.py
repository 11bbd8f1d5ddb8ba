"""Constants: what a scalar means for a fact of a given type, exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from engine.errors import did_you_mean
from engine.load.hints import date_hint, flag_hint, number_hint, several_hint
from engine.said import NOTHING, Said, quoted, said
from engine.vocabulary import MAX_SCALED, Enum, Fact, Type, Value, id_of, lies_within
from engine.yaml12 import YScalar

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class WrongValueError(Exception):
    """Raised when a scalar is no value of the wanted type; the caller knows where it stands."""

    def __init__(self, code: str, message: Said, hint: Said = NOTHING) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def value_of(scalar: YScalar, fact: Fact, enums: Mapping[str, Enum]) -> Value:
    """Return the value that a scalar stands for; for a set, one member.

    Numbers come back with exactly the fact's scale.

    Raises:
        WrongValueError: if the scalar is no value of the fact's type.
    """
    if scalar.value is None and not (scalar.text and fact.type is Type.TEXT):
        message = said("`{fact}` needs a value here.", fact=fact.name)
        hint = said("Write a value; whether a fact has one is asked by `known`.")
        raise WrongValueError("empty-value", message, hint)
    if fact.type in (Type.CATEGORY, Type.LEVEL, Type.SET) or fact.names is not None:
        return _member(scalar, fact, enums[fact.spelled_by or ""])
    return _READERS[fact.type](scalar, fact)


def check_range(value: Value, fact: Fact) -> None:
    """Check that a value which a fact is to have lies within the fact's declared range.

    Raises:
        WrongValueError: if it does not.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return
    if (fact.least is not None and value < fact.least) or (fact.most is not None and value > fact.most):
        lies = lies_within(fact.least, fact.most)
        message = said("{what} {lies}, not {value}.", what=quoted(fact.name), lies=lies, value=value)
        raise WrongValueError("out-of-range", message)


def check_result(value: int | Decimal, fact: Fact) -> None:
    """Check that a number which rules can come to together is one that the fact can have.

    Raises:
        WrongValueError: if it is not.
    """
    _check_size(Decimal(value), fact)
    check_range(value, fact)


def number_of(scalar: YScalar, what: Said) -> Decimal:
    """Return a scalar as an exact number.

    Raises:
        WrongValueError: if it is not one, or written with an exponent.
    """
    value = scalar.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        message = said("{what} is a number, not {kind}.", what=what, kind=quoted(scalar.text))
        raise WrongValueError("wrong-type", message, number_hint(scalar.text))
    if "e" in scalar.text.lower():
        message = said("{what} is written with an exponent: `{number}`.", what=what, number=scalar.text)
        raise WrongValueError("has-exponent", message, said("Write the number out."))
    number = Decimal(value)
    return number if number else number.copy_abs()  # there is one zero, and no `-0`


def date_of(scalar: YScalar, what: Said) -> date:
    """Return a scalar as a date.

    Raises:
        WrongValueError: if it is not a real day written as YYYY-MM-DD.
    """
    if not _DATE.match(scalar.text):
        message = said("{what} is a date, not {kind}.", what=what, kind=quoted(scalar.text))
        raise WrongValueError("wrong-type", message, date_hint(scalar.text))
    try:
        return date.fromisoformat(scalar.text)
    except ValueError:
        raise WrongValueError(
            "no-such-day",
            said("{what}: there is no day {date}.", what=what, date=scalar.text),
            said("Check month and day."),
        ) from None


def _flag(scalar: YScalar, fact: Fact) -> bool:
    if isinstance(scalar.value, bool):
        return scalar.value
    message = said("`{fact}` is a flag: true or false, not `{value}`.", fact=fact.name, value=scalar.text)
    raise WrongValueError("wrong-type", message, flag_hint(scalar.text))


def _integer(scalar: YScalar, fact: Fact) -> int:
    number = number_of(scalar, quoted(fact.name))
    if not isinstance(scalar.value, int):
        message = said("{what} is a whole number, not {kind}.", what=quoted(fact.name), kind=quoted(scalar.text))
        raise WrongValueError("wrong-type", message, said("Write it without a point."))
    _check_size(number, fact)
    return scalar.value


def _number(scalar: YScalar, fact: Fact) -> Decimal:
    number = number_of(scalar, quoted(fact.name))
    _check_size(number, fact)
    exact = round(number, fact.scale)
    if exact != number:
        raise WrongValueError(
            "too-many-digits",
            said(
                "`{fact}` has {number} {number:digit|digits} after the point; `{value}` has more.",
                fact=fact.name,
                number=fact.scale,
                value=scalar.text,
            ),
            said("Round it, such as {number}.", number=exact),
        )
    return exact


def _check_size(number: Decimal, fact: Fact) -> None:
    most = Decimal(MAX_SCALED).scaleb(-fact.scale)
    if abs(number) > most:
        raise WrongValueError(
            "too-large",
            said(
                "`{fact}` stays within ±{most}; {number} does not.",
                fact=fact.name,
                most=f"{most:f}",
                number=number,
            ),
        )


def _date(scalar: YScalar, fact: Fact) -> date:
    return date_of(scalar, quoted(fact.name))


def _text(scalar: YScalar, fact: Fact) -> str:
    if isinstance(scalar.value, str):
        return scalar.value
    message = said("`{fact}` is a text, not {value}.", fact=fact.name, value=scalar.text)
    raise WrongValueError("wrong-type", message, said('Put it in quotes: "{value}".', value=scalar.text))


def _member(scalar: YScalar, fact: Fact, enum: Enum) -> str:
    if scalar.text in enum.codes:
        return scalar.text
    hint = (
        id_of(scalar.text, enum.titles.items())
        or several_hint(scalar.text, enum.members)
        or did_you_mean(scalar.text, enum.members)
    )
    if not hint and len(enum.members) <= 12:
        hint = said("It has: {members}.", members=enum.members) if any(enum.members) else said("It has: none.")
    values = {"word": scalar.text, "enum": enum.name, "fact": fact.name if fact.names is None else fact.key}
    message = (
        said("`{word}` is no member of `{enum}`, which `{fact}` takes.", **values)
        if fact.names is None
        else said("`{word}` is no member of `{enum}`, whose members `{fact}` names.", **values)
    )
    raise WrongValueError("unknown-member", message, hint)


_READERS: Mapping[Type, Callable[[YScalar, Fact], Value]] = {
    Type.FLAG: _flag,
    Type.INTEGER: _integer,
    Type.NUMBER: _number,
    Type.DATE: _date,
    Type.TEXT: _text,
}
