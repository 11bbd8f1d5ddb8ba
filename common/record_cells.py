"""Checking the rows of a file from which things are recorded: every fault is noted, with row and column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.errors import which_word
from engine.said import Said, said, unpacked
from facts.book import Book
from facts.database import StoreError
from facts.days import EARLIEST
from facts.import_files import FAULT, ROW
from facts.recording import Statement
from wiring import Decided, Desk

EMPTY = said("it is empty")
_CORRECT = said("Correct it.")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `column` is empty if it is the row as a whole."""

    row: int
    column: str
    what: Said
    hint: str


@dataclass(slots=True)
class Reader:
    """Checks row after row, and collects what is to be recorded of each customer (by its key).

    `new` rows say something that is not on record, `unchanged` ones do not.
    """

    desk: Desk
    rows: int = 0
    new: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    statements: dict[str, list[Statement]] = field(default_factory=dict)
    _decided: dict[str, Decided | StoreError] = field(default_factory=dict)
    _seen: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def groups(self) -> Iterable[list[Statement]]:
        """Return what is to be recorded, each customer's apart."""
        return self.statements.values()

    def cells(self, row: Mapping[str, Any]) -> tuple[int, dict[str, str]] | None:
        """Return a row's number and the cells that are filled in; None if the row as a whole is faulty."""
        self.rows += 1
        number: int = row[ROW]
        if row[FAULT] is not None:
            self.fault(number, "", said("the row {fault}", fault=unpacked(row[FAULT])), _CORRECT)
            return None
        return number, {name: text.strip() for name, text in row.items() if name not in (ROW, FAULT) and text.strip()}

    def is_second(self, number: int, same: tuple[Any, ...], by: Said) -> bool:
        """Return whether an earlier row is about the same, and note it if so."""
        first = self._seen.setdefault(same, number)
        if first != number:
            what = said("row {number} is of the same {by}", number=str(first), by=by)
            self.fault(number, "", what, said("Leave one of them out."))
        return first != number

    def decided(self, number: int, given: Mapping[str, str]) -> Decided | None:
        """Return the customer that a row names, as it stands."""
        key = given.get("customer")
        if key is None:
            self.fault(number, "customer", EMPTY, said("Give the customer's key."))
            return None
        if key not in self._decided:
            try:
                self._decided[key] = self.desk.decide(key)
            except StoreError as error:
                self._decided[key] = error
        found = self._decided[key]
        if isinstance(found, StoreError):
            self.refused(number, "customer", found)
            return None
        return found

    def book(self, decided: Decided) -> Book:
        """Return the records of a customer."""
        return Book(self.desk.store, self.desk.rules.pack.vocabulary, decided.facts.customer, self.desk.as_of)

    def count(self, customer: str, added: list[Statement]) -> None:
        """Count a sound row, and keep what it adds to the records."""
        self.new += bool(added)
        self.unchanged += not added
        if added:
            self.statements.setdefault(customer, []).extend(added)

    def further(
        self, number: int, columns: Mapping[str, str], on_record: Mapping[Any, Any], row: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a row says beyond what is on record; what it says otherwise is a fault.

        Args:
            number: the row's.
            columns: the columns of the store by those of the file.
            on_record: the record.
            row: what the row says, by the columns of the store.
        """
        for name, column in columns.items():
            if row.get(column) is not None and on_record[column] not in (None, row[column]):
                old, new = _shown(on_record[column]), _shown(row[column])
                what = said("{key} is on record with {old}, not {new}", key=on_record["key"], old=old, new=new)
                hint = said("Correct the file, or take the record back: `valuelift record undo`.")
                self.fault(number, name, what, hint)
        return {column: value for column, value in row.items() if on_record[column] is None}

    # --- cells ---

    def day(self, number: int, column: str, text: str) -> date | None:
        """Return the day that a cell says, which is neither to come nor before `EARLIEST`."""
        try:
            day = date.fromisoformat(text.removesuffix(" 00:00:00"))  # as a spreadsheet may give it
        except ValueError:
            what = said("{text!r} is no date", text=text) if text else EMPTY
            self.fault(number, column, what, said("Write a date as 2026-06-30."))
            return None
        if day < EARLIEST:
            what = said("{day} lies before {earliest}", day=day, earliest=EARLIEST)
            self.fault(number, column, what, said("Correct the date."))
            return None
        if day > self.desk.as_of:
            what = said("{day} lies after {today}", day=day, today=self.desk.as_of)
            self.fault(number, column, what, said("Record what has happened."))
        return day

    def word(self, number: int, column: str, word: str, members: Collection[str]) -> str | None:
        """Return the word that a cell says, which is one of the members."""
        if word in members:
            return word
        hint = which_word(word, members)
        self.fault(number, column, said("{word!r} is not known", word=word), hint)
        return None

    def fault(self, row: int, column: str, what: Said, hint: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault(row, column, what, hint))

    def refused(self, row: int, column: str, error: StoreError) -> None:
        """Note what the store refuses."""
        self.fault(row, column, said("{what}: {why}", what=error.what, why=error.why), error.hint)


def _shown(value: object) -> object:
    return value if isinstance(value, date) else repr(value)
