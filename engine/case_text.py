"""A customer as the facts of a case, ready to be pasted into a case file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from engine.snapshot import CustomerFacts, Recorded
from engine.vocabulary import BEGINNING, Value

_PLAIN = re.compile(r"[a-z][a-z0-9_-]*\Z")
_MEAN_SOMETHING_ELSE = {"true", "false", "null", "yes", "no", "on", "off"}
"""Words to be quoted: for YAML 1.2 some of them are no texts, and for readers who know YAML 1.1 none of them is."""


def case_text(customer: CustomerFacts, indent: str = "") -> str:
    """Return a customer's facts, rows and coverage as lines of YAML, as the keys of a case."""
    return "\n".join(indent + line for line in _lines(customer))


def _lines(customer: CustomerFacts) -> Iterator[str]:
    yield f"as_of: {customer.as_of}"
    if customer.facts:
        yield f"facts: {_flow(customer.facts)}"
    rows = {name: rows for name, rows in customer.rows.items() if rows}
    if rows:
        yield "rows:"
    for name, found in sorted(rows.items()):
        yield f"  {name}:"
        yield from (f"    - {_flow({'row': row.key, **row.facts})}" for row in found)
    recorded = {name: _recorded(dates) for name, dates in sorted(customer.recorded.items())}
    told = {name: text for name, text in recorded.items() if name not in rows or text != "beginning"}
    told |= {name: "never" for name in sorted(rows) if name not in recorded}
    if told:
        yield f"recorded: {{{', '.join(f'{name}: {text}' for name, text in told.items())}}}"


def _flow(facts: Mapping[str, Value]) -> str:
    return "{" + ", ".join(f"{name}: {_scalar(value)}" for name, value in facts.items()) + "}"


def quoted(text: str) -> str:
    """Return a text as a YAML scalar, in quotes unless it is a plain word."""
    if _PLAIN.match(text) and text not in _MEAN_SOMETHING_ELSE:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _scalar(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case str():
            return quoted(value)
        case _:
            return str(value)


def _recorded(dates: Recorded) -> str:
    start, end = dates
    begun = _day(start)
    return begun if end is None else f"{{from: {begun}, to: {end}}}"


def _day(day: date) -> str:
    return "beginning" if day == BEGINNING else str(day)
