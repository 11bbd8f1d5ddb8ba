"""Few rows of several tables by one statement: to send another one takes longer than to read what it finds.

A customer's page reads some thirty rows of a dozen tables; by a statement for each they took five times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, String, Text, cast, literal_column, null, union_all
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]


class Together:
    """Several selects made into one, whose rows are told apart again.

    The statement has as many columns of a type as the select with most of them, so that a column of one select stands
    where another one has one of the same type. To make it takes as long as to run it many times: it is to be kept.

    Args:
        selects: by names of the program's own, never data; in no order, with the same parameters.
    """

    def __init__(self, selects: Mapping[str, Select[Any]]) -> None:
        slots: list[TypeEngine[Any]] = []
        self._places = {name: _places(select.selected_columns, slots) for name, select in selects.items()}
        self._statement: CompoundSelect[Any] = union_all(
            *(_spread(name, select, self._places[name], slots) for name, select in selects.items())
        )

    def read(self, connection: Connection, values: Mapping[str, object]) -> dict[str, list[Row]]:
        """Return the rows of each select, as mappings of its columns, in no order."""
        found: dict[str, list[Row]] = {name: [] for name in self._places}
        for name, *cells in connection.execute(self._statement, values).all():
            found[name].append({column: cells[place] for column, place in self._places[name].items()})
        return found


def _places(columns: Iterable[Any], slots: list[TypeEngine[Any]]) -> dict[str, int]:
    """Return at which slot each column stands; where none of its type is free, another is added."""
    free = list(range(len(slots)))
    places = {}
    for column in columns:
        kind = Text() if isinstance(column.type, String) else column.type  # texts of all lengths are of one type
        place = next((each for each in free if repr(slots[each]) == repr(kind)), None)
        if place is None:
            place = len(slots)
            slots.append(kind)
        else:
            free.remove(place)
        places[column.key] = place
    return places


def _spread(name: str, select: Select[Any], places: Mapping[str, int], slots: Sequence[TypeEngine[Any]]) -> Select[Any]:
    """Return a select of its name and of a column for each slot, empty where it has none."""
    there = dict(zip(places.values(), select.selected_columns, strict=True))
    # A null without a type would be text to PostgreSQL.
    cells = [there.get(place, cast(null(), kind)) for place, kind in enumerate(slots)]
    return select.with_only_columns(literal_column(f"'{name}'"), *cells)
