"""Communications and their effects in a file.

A row is a value that was conveyed, and what was heard of it if anything was. A row that is on record already changes
nothing; one that says more of a communication on record, such as its effect, adds that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from common.record_cells import EMPTY, Reader
from common.recording import CONVEY, done_with_it, shown_level
from engine.said import said
from engine.snapshot import Row
from facts.book import Book, evidence_of
from facts.database import StoreError
from facts.import_files import Heading
from facts.recording import Statement
from facts.tables import PERCEPTION_LEVELS
from wiring import Decided

HEADING = Heading(
    ("customer", "on", "value", "medium"),
    ("contact", "speaker", "cost", "effect", "message", "heard_on", "outcome", "heard_from", "reason"),
    others_allowed=False,
)
EXAMPLE = (
    "C-1001", "2026-06-10", "product", "technical_exchange", "user", "technical_staff", "medium", "recognised", "",
    "2026-06-18", "recognised", "user", "fewer rejects on both lines",
)  # fmt: skip

_COLUMNS = {
    "value": "value_kind", "medium": "medium", "contact": "audience_role", "speaker": "speaker_role",
    "cost": "cost_class", "effect": "intended_level", "message": "message", "heard_on": "heard_on",
    "outcome": "outcome", "heard_from": "heard_from", "reason": "heard_reason",
}  # fmt: skip
"""The columns of the store by those of the file."""

_ENUMS = {
    "value": "value_kind", "medium": "channel", "contact": "contact_role", "speaker": "speaker_role",
    "cost": "cost_class", "effect": "perception", "outcome": "outcome", "heard_from": "contact_role",
}  # fmt: skip
_SAME = ("value_kind", "medium", "audience_role")
"""By these and its day, a communication of a customer is told from others."""


@dataclass(slots=True)
class Communications(Reader):
    """Reads communications and effects."""

    _books: dict[str, tuple[Book, list[Mapping[str, Any]]]] = field(default_factory=dict)

    def read(self, row: Mapping[str, Any]) -> None:
        """Check a row and collect its statements, or its faults."""
        before = len(self.faults)
        if (cells := self.cells(row)) is None:
            return
        number, given = cells
        decided = self.decided(number, given)
        row_says = self._said(number, given)
        if decided is None or len(self.faults) > before:
            return
        book, standing = self._on_record(decided)
        on = row_says.pop("on")
        same = (book.customer, on, *(row_says.get(name) for name in _SAME))
        if self.is_second(number, same, said("customer, day, value, medium and contact")):
            return
        found = [row for row in standing if (book.customer, row["holds_from"], *(row[name] for name in _SAME)) == same]
        try:
            added = self._added(number, decided, book, found, row_says, on)
        except StoreError as error:
            self.refused(number, "", error)
            return
        if len(self.faults) == before:
            self.count(book.customer, added)

    def groups(self) -> Iterable[list[Statement]]:
        """Return what is to be recorded, each customer's apart; perceptions rise, and never fall.

        Where a value was to be conveyed, that is done with the first that was.
        """
        for customer, statements in self.statements.items():
            conveyed = sorted(
                each.row["holds_from"] for each in statements if each.table == "communications" and not each.replaces
            )
            done = (done_with_it(self._books[customer][0], CONVEY, day) for day in conveyed)
            yield [*_rising(statements), *next(filter(None, done), [])]

    def _on_record(self, decided: Decided) -> tuple[Book, list[Mapping[str, Any]]]:
        customer = decided.facts.customer
        if customer not in self._books:
            book = self.book(decided)
            self._books[customer] = book, list(book.standing("communications"))
        return self._books[customer]

    def _said(self, number: int, given: Mapping[str, str]) -> dict[str, Any]:
        """Return what a row says by the columns of the store, and `on`; faults are noted."""
        found: dict[str, Any] = {}
        for name in ("value", "medium"):
            if name not in given:
                self.fault(number, name, EMPTY, said("Give the {column}.", column=name))
        on = self.day(number, "on", given.get("on", ""))
        found["on"] = on
        enums = self.desk.rules.pack.vocabulary.enums
        for name in given:
            if name in _ENUMS:
                found[_COLUMNS[name]] = self.word(number, name, given[name], enums[_ENUMS[name]].members)
            elif name in ("message", "reason"):
                found[_COLUMNS[name]] = given[name]
        if "outcome" in given:
            heard_on = self.day(number, "heard_on", given.get("heard_on", ""))
            if heard_on is not None and on is not None and heard_on < on:
                what = said("the effect of {heard_on} lies before the communication of {on}", heard_on=heard_on, on=on)
                self.fault(number, "heard_on", what, said("Correct one of the days."))
            found["heard_on"] = heard_on
        else:
            for name in ("heard_on", "heard_from", "reason"):
                if name in given:
                    what = said("it is given without an outcome")
                    self.fault(number, name, what, said("Give the outcome, or leave it empty."))
        return found

    # --- statements ---

    def _added(
        self, number: int, decided: Decided, book: Book, found: list[Mapping[str, Any]], said: dict[str, Any], on: date
    ) -> list[Statement]:
        """Return what a row adds to what is on record: nothing if all of it is."""
        if not found:
            event = book.event("communications", said, on)
            return [event, *self._shown(decided, book, str(event.row["key"]), said, on)]
        row = found[0]
        more = self.further(number, _COLUMNS, row, said)
        if not more:
            return []
        added = book.more("communications", row, more)
        return [added, *(self._shown(decided, book, row["key"], said, on) if "outcome" in more else [])]

    def _shown(self, decided: Decided, book: Book, key: str, said: Mapping[str, Any], on: date) -> list[Statement]:
        """Return the statement of the perception that the effect shows, as the rules conclude it."""
        if said.get("outcome") is None:
            return []
        told = {"sent_on": on, "value_kind": said["value_kind"], "medium": said["medium"]}
        heard = Row(key, {**told, "heard": True, "heard_on": said["heard_on"], "outcome": said["outcome"]})
        others = (row for row in decided.facts.rows.get("communications", ()) if row.key != key)
        rows = sorted((*others, heard), key=lambda row: row.key)
        shows = shown_level(self.desk, decided, rows, key)
        return book.shown(said["value_kind"], said["heard_on"], shows, evidence_of(key, said["outcome"]))


def _rising(statements: list[Statement]) -> list[Statement]:
    """Leave out perceptions that do not rise above what other effects in the file show by then."""
    perceptions = [each for each in statements if each.table == "perceptions"]
    others = [each for each in statements if each.table != "perceptions"]
    best: dict[str, int] = {}
    kept: dict[tuple[str, date], Statement] = {}
    for each in sorted(perceptions, key=lambda one: (one.row["holds_from"], _rank(one))):
        if _rank(each) > best.get(each.row["key"], -1):
            best[each.row["key"]] = _rank(each)
            kept[each.row["key"], each.row["holds_from"]] = each
    return [*others, *kept.values()]


def _rank(statement: Statement) -> int:
    return PERCEPTION_LEVELS.index(statement.row["level"])
