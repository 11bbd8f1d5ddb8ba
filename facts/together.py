"""Few rows of several tables by one statement: to send another one takes longer than to read what it finds.

A customer's page reads some thirty rows of a dozen tables; by a statement for each they took five times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    String,
    Text,
    cast,
    literal_column,
    null,
    union_all,
)
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]

Slots = dict[tuple[str, int], tuple[int, TypeEngine[Any]]]
"""By a type's name and the how-manieth of that type it is, the place of a column and its type."""


class Together:
    """Several selects made into one, whose rows are told apart again.

    The statement has as many columns of a type as the select with most of them, so that a column of one select stands
    where another one has one of the same type. To make it takes as long as to run it many times: it is to be kept.

    Args:
        selects: by names of the program's own, never data; in no order, with the same parameters.
    """

    def __init__(self, selects: Mapping[str, Select[Any]]) -> None:
        slots: Slots = {}
        self._places = {name: _places(select.selected_columns, slots) for name, select in selects.items()}
        # A null without a type would be text to PostgreSQL, but for the first select's types. To give them in all
        # selects takes half as long again to compile.
        typed, untyped = [cast(null(), kind) for _, kind in slots.values()], [null()] * len(slots)
        first = next(iter(selects))
        self._statement: CompoundSelect[Any] = union_all(
            *(
                _spread(name, select, self._places[name], typed if name == first else untyped)
                for name, select in selects.items()
            )
        )

    def read(self, connection: Connection, values: Mapping[str, object]) -> dict[str, list[Row]]:
        """Return the rows of each select, as mappings of its columns, in no order."""
        found: dict[str, list[Row]] = {name: [] for name in self._places}
        for name, *cells in connection.execute(self._statement, values).all():
            found[name].append({column: cells[place] for column, place in self._places[name].items()})
        return found


def _places(columns: Iterable[Any], slots: Slots) -> dict[str, int]:
    """Return at which slot each column stands, the n-th of a type at the n-th of that type; missing ones are added."""
    seen: Counter[str] = Counter()
    places = {}
    for column in columns:
        kind = Text() if isinstance(column.type, String) else column.type  # texts of all lengths are of one type
        name = repr(kind)
        places[column.key], _ = slots.setdefault((name, seen[name]), (len(slots), kind))
        seen[name] += 1
    return places


def _spread(
    name: str, select: Select[Any], places: Mapping[str, int], empty: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """Return a select of its name and of a column for each slot, empty where it has none."""
    there = dict(zip(places.values(), select.selected_columns, strict=True))
    cells = [there.get(place, nothing) for place, nothing in enumerate(empty)]
    return select.with_only_columns(literal_column(f"'{name}'"), *cells)
