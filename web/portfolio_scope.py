"""What the address of the portfolio asks for: since when, of whom, and which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the address restricts the figures to, and the names: everything can be left out."""

    since: date
    manager: str = ""
    region: str = ""
    stage: str = ""
    was: str = ""
    moved: str = ""
    source: str = ""
    value: str = ""
    then: str = ""
    stalled: str = ""
    number: int = 1

    def query(self, **other: object) -> str:
        """Return the query of the address, with something changed."""
        names = ("manager", "region", "stage", "was", "moved", "source", "value", "then", "stalled")
        own = {"since": self.since, **{name: getattr(self, name) for name in names}, "page": 1, **other}
        return urlencode({name: value for name, value in own.items() if value not in ("", 1)})

    @property
    def whole(self) -> Scope:
        """The same figures, without what narrows the names."""
        return Scope(self.since, self.manager, self.region)

    def holds(self, row: Row, talked: frozenset[str] | None) -> bool:
        """Whether a customer, as it stands, is one of those asked for; `talked` are those with the talks asked for."""
        stage, was = place_of(row["is_here"], row["stage"]), place_of(row["was_here"], row["stage_before"])
        source = row["acquisition_source"] or "unknown"
        return (
            self.stage in ("", stage)
            and self.was in ("", was)
            and (not self.source or (row["is_here"] and self.source == source))
            and (not self.moved or (row["is_here"] and self.moved == _moved(row)))
            and (not self.stalled or bool(row["is_here"] and row["stalled"]))
            and (talked is None or row["customer"] in talked)
            and (row["is_here"] or bool(self.stage or self.was))
        )


def place_of(is_there: bool, stage: str | None) -> str:
    """Return where a customer stands: its stage, `unknown`, or `absent` where it is not in the base."""
    return (stage or "unknown") if is_there else "absent"


def _moved(row: Row) -> str:
    if row["rung_before"] is None:
        return ""
    if row["rung"] is not None and row["rung"] > row["rung_before"]:
        return "up"
    return "down" if row["stage"] is not None and row["rung"] != row["rung_before"] else ""
