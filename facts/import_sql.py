"""Pieces of DuckDB SQL for an import, and the names of the tables and columns that it works on.

Texts of a mapping travel as parameters, never inside the SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values for its question marks."""

    text: str
    values: tuple[Any, ...] = ()

    def __add__(self, other: Sql) -> Sql:
        return Sql(self.text + other.text, self.values + other.values)


def sql(template: str, *parts: Sql | str) -> Sql:
    """Put pieces in the place of `{}`, their values in order; a text becomes a parameter."""
    pieces = [part if isinstance(part, Sql) else Sql("?", (part,)) for part in parts]
    values = tuple(value for piece in pieces for value in piece.values)
    return Sql(template.format(*(piece.text for piece in pieces)), values)


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """Join pieces with a separator."""
    listed = list(parts)
    return Sql(separator.join(part.text for part in listed), tuple(value for part in listed for value in part.values))


def name(text: str) -> Sql:
    """Return a quoted name."""
    return Sql('"' + text.replace('"', '""') + '"')


def raw_table(file: str) -> Sql:
    """Return the name of the table that holds a file's cells."""
    return name(f"raw {file}")


def checked_table(file: str) -> Sql:
    """Return the name of the table that holds a file's rows with their typed values and problems."""
    return name(f"checked {file}")


def typed(table: str, target: str) -> Sql:
    """Return the name of the column, in a checked file, that holds a target column's value."""
    return name(f"{table}.{target}")


def first_case(whens: Sequence[Sql], otherwise: Sql = Sql("NULL")) -> Sql:
    """Return the first case that holds."""
    if not whens:
        return sql("{}::VARCHAR", otherwise)
    return joined(" ", [Sql("CASE"), *whens, sql("ELSE {} END", otherwise)])
