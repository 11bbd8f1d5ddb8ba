"""Recording many communications and their effects from a file: all rows are checked, then all are recorded or none.

A row is a value that was conveyed, and what was heard of it if anything was. A row that is on record already changes
nothing; one that says more of a communication on record, such as its effect, adds that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from engine.errors import did_you_mean
from engine.snapshot import Row
from facts.book import Book
from facts.database import StoreError
from facts.import_files import FAULT, ROW, Heading, read_rows
from facts.recording import Statement, state_all
from facts.tables import PERCEPTION_LEVELS
from wiring import Decided, Desk

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


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `column` is empty if it is the row as a whole."""

    row: int
    column: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file led to: the numbers in the audit log (one for each customer), or the faults for which nothing was.

    Attributes:
        rows: how many rows were read.
        recorded: how many of them said something new.
        unchanged: how many were on record already.
        numbers: the numbers in the audit log.
        faults: everything that is wrong; then nothing is recorded.
    """

    rows: int
    recorded: int
    unchanged: int
    numbers: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()


def template() -> str:
    """Return the heading of a file and an example row, as CSV."""
    return f"{','.join((*HEADING.required, *HEADING.optional))}\n{','.join(EXAMPLE)}\n"


def record_file(desk: Desk, path: Path, *, user: str, dry_run: bool = False) -> Filed:
    """Record the rows of a file, all of them or none.

    Args:
        desk: a store and rules, as of the last day that rows may lie on.
        path: a file with the columns of `HEADING`.
        user: who records it.
        dry_run: check everything and record nothing.

    Raises:
        UnusableFileError: if the file cannot be read, or has other columns.
    """
    reader = _Reader(desk)
    for batch in read_rows(path, HEADING):
        for cells in batch.to_pylist():
            reader.read(cells)
    if reader.faults or dry_run or not reader.statements:
        numbers: list[int] = []
    else:
        groups = [_rising(group) for group in reader.statements.values()]
        numbers = state_all(desk.store, groups, user=user, source=path.name)
    faults = tuple(sorted(reader.faults, key=lambda fault: fault.row))
    return Filed(reader.rows, reader.new, reader.unchanged, tuple(numbers), faults)


@dataclass(slots=True)
class _Reader:
    """Checks row after row, and collects what is to be recorded of each customer."""

    desk: Desk
    rows: int = 0
    new: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    statements: dict[str, list[Statement]] = field(default_factory=dict)
    _known: dict[str, tuple[Decided, Book, list[RowMapping]] | StoreError] = field(default_factory=dict)
    _seen: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def read(self, cells: Mapping[str, Any]) -> None:
        """Check a row and collect its statements, or its faults."""
        self.rows += 1
        number, before = cells[ROW], len(self.faults)
        if cells[FAULT] is not None:
            self._fault(number, "", f"the row {cells[FAULT]}", "Correct it.")
            return
        given = {name: text.strip() for name, text in cells.items() if name not in (ROW, FAULT) and text.strip()}
        customer = self._customer(number, given)
        said = self._said(number, given)
        if customer is None or len(self.faults) > before:
            return
        decided, book, standing = customer
        on = said.pop("on")
        same = (book.customer, on, *(said.get(name) for name in _SAME))
        if same in self._seen:
            why = f"row {self._seen[same]} is of the same customer, day, value, medium and contact"
            self._fault(number, "", why, "Leave one of them out.")
            return
        self._seen[same] = number
        found = [row for row in standing if (book.customer, row["holds_from"], *(row[name] for name in _SAME)) == same]
        try:
            added = self._added(number, decided, book, found, said, on)
        except StoreError as error:
            self._fault(number, "", f"{error.what}: {error.why}", error.hint)
            return
        if len(self.faults) == before:
            self.new += bool(added)
            self.unchanged += not added
            if added:
                self.statements.setdefault(book.customer, []).extend(added)

    # --- cells ---

    def _customer(self, number: int, given: Mapping[str, str]) -> tuple[Decided, Book, list[RowMapping]] | None:
        key = given.get("customer")
        if key is None:
            self._fault(number, "customer", "it is empty", "Give the customer's key.")
            return None
        if key not in self._known:
            try:
                decided = self.desk.decide(key)
                book = Book(self.desk.store, self.desk.rules.pack.vocabulary, decided.facts.customer, self.desk.as_of)
                self._known[key] = decided, book, list(book.standing("communications"))
            except StoreError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, StoreError):
            self._fault(number, "customer", f"{found.what}: {found.why}", found.hint)
            return None
        return found

    def _said(self, number: int, given: Mapping[str, str]) -> dict[str, Any]:
        """Return what a row says by the columns of the store, and `on`; faults are noted."""
        said: dict[str, Any] = {}
        for name in ("value", "medium"):
            if name not in given:
                self._fault(number, name, "it is empty", f"Give the {name}.")
        on = self._day(number, "on", given)
        said["on"] = on
        for name in given:
            if name in _ENUMS:
                said[_COLUMNS[name]] = self._word(number, name, given[name])
            elif name in ("message", "reason"):
                said[_COLUMNS[name]] = given[name]
        if "outcome" in given:
            heard_on = self._day(number, "heard_on", given)
            if heard_on is not None and on is not None and heard_on < on:
                what = f"the effect of {heard_on} lies before the communication of {on}"
                self._fault(number, "heard_on", what, "Correct one of the days.")
            said["heard_on"] = heard_on
        else:
            for name in ("heard_on", "heard_from", "reason"):
                if name in given:
                    self._fault(number, name, "it is given without an outcome", "Give the outcome, or leave it empty.")
        return said

    def _day(self, number: int, column: str, given: Mapping[str, str]) -> date | None:
        text = given.get(column, "")
        try:
            day = date.fromisoformat(text)
        except ValueError:
            what = f"{text!r} is no date" if text else "it is empty"
            self._fault(number, column, what, "Write a date as 2026-06-30.")
            return None
        if day > self.desk.as_of:
            self._fault(number, column, f"{day} lies after {self.desk.as_of}", "Record what has happened.")
        return day

    def _word(self, number: int, column: str, word: str) -> str | None:
        members = self.desk.rules.pack.vocabulary.enums[_ENUMS[column]].members
        if word in members:
            return word
        hint = did_you_mean(word, members) or f"It is one of {', '.join(members)}."
        self._fault(number, column, f"{word!r} is not known", hint)
        return None

    def _fault(self, row: int, column: str, what: str, hint: str) -> None:
        self.faults.append(Fault(row, column, what, hint))

    # --- statements ---

    def _added(
        self, number: int, decided: Decided, book: Book, found: list[RowMapping], said: dict[str, Any], on: date
    ) -> list[Statement]:
        """Return what a row adds to what is on record: nothing if all of it is."""
        if not found:
            event = book.event("communications", said, on)
            return [event, *self._shown(decided, book, str(event.row["key"]), said, on)]
        (row,) = found[:1]
        for name, column in _COLUMNS.items():
            if said.get(column) is not None and row[column] not in (None, said[column]):
                what = f"{row['key']} is on record with {row[column]!r}, not {said[column]!r}"
                hint = "Correct the file, or take the record back: `valuelift record undo`."
                self._fault(number, name, what, hint)
        more = {name: value for name, value in said.items() if row[name] is None}
        if not more:
            return []
        added = book.more("communications", row, more)
        return [added, *(self._shown(decided, book, row["key"], said, on) if "outcome" in more else [])]

    def _shown(self, decided: Decided, book: Book, key: str, said: Mapping[str, Any], on: date) -> list[Statement]:
        """Return the statement of the perception that the effect shows, as the rules conclude it."""
        if said.get("outcome") is None:
            return []
        facts = decided.facts
        told = {"sent_on": on, "value_kind": said["value_kind"], "medium": said["medium"]}
        heard = Row(key, {**told, "heard": True, "heard_on": said["heard_on"], "outcome": said["outcome"]})
        others = (row for row in facts.rows.get("communications", ()) if row.key != key)
        rows = {**facts.rows, "communications": tuple(sorted((*others, heard), key=lambda row: row.key))}
        then = self.desk.decide_on(decided.card, replace(facts, rows=rows))
        level = then.decision.rows.get("communications", {}).get(key, {}).get("shown_level")
        shows = None if level is None else str(level)
        return book.shown(said["value_kind"], said["heard_on"], shows, f"{key}: {said['outcome']}")


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
