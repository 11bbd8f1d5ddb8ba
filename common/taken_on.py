"""Actions that somebody took on and that are not advised any more: nothing else shows them, and they stay open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from engine.recommend import Named
from engine.wording import Wording

if TYPE_CHECKING:
    from engine.model import Pack
    from wiring import Decided


STATES = ("open", "accepted")
"""The states of an action that somebody took on."""


@dataclass(frozen=True, slots=True)
class TakenOn:
    """An action that is open on record, in words; `about` is the key of the row that it is about, if there is one."""

    action: Named
    about: str
    due_on: date | None


def no_longer_advised(pack: Pack, decided: Decided, language: str) -> Iterator[TakenOn]:
    """Yield the actions that are open on record and not in the plan, as the records have them."""
    advised = {(each.action, each.row) for each in decided.decision.actions}
    wording = Wording(pack.vocabulary, language)
    for row in decided.facts.rows.get("actions", ()):
        id_, about, due_on = (row.facts.get(name) for name in ("action", "about", "due_on"))
        identity = (str(id_), "" if about is None else str(about))
        if row.facts.get("state") not in STATES or identity in advised or identity[0] not in pack.actions:
            continue
        title = wording.text(pack.actions[identity[0]].title)
        yield TakenOn(Named(identity[0], title), identity[1], due_on if isinstance(due_on, date) else None)
