"""Needs, complaints, conflicts, talks and answers in a file: a file holds one kind of them, a row for each.

Rows are taken in the order of their days, so that a file may tell how one thing went on. A row that is on record
already changes nothing; one that says more of a complaint or a talk on record, such as when it was settled, adds that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, Integer

from common.record_cells import EMPTY, Reader
from common.recording import entry_at
from common.saying import members_of
from engine.said import said
from engine.wording import Wording
from facts.answers import Answer, answered, read_answer
from facts.book import Book, NothingNewError
from facts.database import StoreError
from facts.import_files import Heading
from facts.own import UnreadableError
from facts.recording import Statement
from facts.tables import FACT_TABLES, SURE

ANSWERS = "answers"
FLAGS = {"yes": True, "no": False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """What the rows of a file are: a table, its columns by those of the file, and what tells one row from another.

    `not_before` and `not_after` are columns with days that do not lie before, or after, the day of the row.
    """

    table: str
    columns: Mapping[str, str]
    needed: tuple[str, ...]
    same: tuple[str, ...]
    example: tuple[str, ...]
    not_before: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()

    @property
    def heading(self) -> Heading:
        """The columns of a file, those that are needed first."""
        needed = ("customer", "on", *self.needed)
        return Heading(needed, tuple(name for name in self.columns if name not in needed), others_allowed=False)


KINDS: Mapping[str, Kind] = {
    "need": Kind(
        "needs",
        {
            "kind": "kind", "state": "state", "tier": "tier", "level": "level", "heart": "heart_value", "felt": "felt",
            "evidence": "evidence", "sure": "sure",
        },
        needed=("kind", "state"),
        same=("kind",),
        example=(
            "C-1001", "2026-06-10", "quality", "partly_met", "core", "", "worry_free", "yes", "fewer rejects", "told",
        ),
    ),
    "complaint": Kind(
        "complaints",
        {"signal": "signal", "severity": "severity", "settled_on": "settled_on", "summary": "summary"},
        needed=("signal",),
        same=("signal",),
        example=("C-1001", "2026-06-10", "supply_late", "high", "2026-06-18", "two lorries came a day late"),
        not_before=("settled_on",),
    ),
    "dispute": Kind(
        "disputes",
        {
            "dispute": "dispute", "began_on": "began_on", "talks": "talks_held", "settled": "settled",
            "broken": "cooperation_broken", "summary": "summary",
        },
        needed=(),
        same=("dispute",),
        example=("C-1001", "2026-06-10", "", "2026-05-02", "2", "no", "no", "who pays for the returned lot"),
        not_after=("began_on",),
    ),
    "talk": Kind(
        "interactions",
        {"medium": "medium", "by": "direction", "contact": "audience_role", "summary": "summary"},
        needed=("medium",),
        same=("medium", "by", "contact"),
        example=("C-1001", "2026-06-10", "telephone", "theirs", "buyer", "asked for the new price list"),
    ),
    "answer": Kind(
        ANSWERS,
        {"fact": "fact", "value": "value", "evidence": "evidence", "sure": "sure"},
        needed=("fact", "value"),
        same=("fact",),
        example=("C-1001", "2026-06-10", "judgement.both_want", "yes", "said so at the visit", "told"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Checked:
    """A row without a fault of its own: `said` by the columns of the store, but for `dispute` and `answer`."""

    number: int
    on: date
    book: _FileBook
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _FileBook(Book):
    """A customer's records with those that earlier rows of the file add."""

    added: list[Statement] = field(default_factory=list)

    def standing(self, table: str) -> Sequence[Any]:
        """Return the rows that stand, by day, once what the file said so far is recorded."""
        mine = [each for each in self.added if each.table == table]
        replaced = {each.replaces for each in mine}
        empty = {column.name: None for column in FACT_TABLES[table].columns}
        unsaved = {**empty, "entered_by": "this file", "recorded_at": datetime.now(UTC)}
        rows = [row for row in Book.standing(self, table) if row["id"] not in replaced]
        return sorted([*rows, *({**unsaved, **each.row} for each in mine)], key=lambda row: row["holds_from"])


@dataclass(slots=True)
class Things(Reader):
    """Reads the rows of one kind; `state` is to be called when all are read."""

    kind: Kind = KINDS["need"]
    _checked: list[_Checked] = field(default_factory=list)
    _books: dict[str, _FileBook] = field(default_factory=dict)

    def read(self, row: Mapping[str, Any]) -> None:
        """Check a row by itself, and note its faults."""
        before = len(self.faults)
        if (cells := self.cells(row)) is None:
            return
        number, given = cells
        decided = self.decided(number, given)
        on = self.day(number, "on", given.get("on", ""))
        for name in self.kind.needed:
            if name not in given:
                self.fault(number, name, EMPTY, said("Give the {column}.", column=name))
        row_says = self._answer(number, given) if self.kind.table == ANSWERS else self._said(number, given, on)
        if decided is None or on is None or len(self.faults) > before:
            return
        same = (decided.facts.customer, on, *(given.get(name) for name in self.kind.same))
        by = said("{columns}", columns=[said("customer"), said("day"), *self.kind.same])
        if not self.is_second(number, same, by):
            self._checked.append(_Checked(number, on, self._book(decided.facts.customer), row_says))

    def state(self) -> None:
        """Hold the rows against the records and against each other, in the order of their days."""
        for row in sorted(self._checked, key=lambda row: (row.on, row.number)):
            before = len(self.faults)
            try:
                added = self._added(row)
            except NothingNewError:
                added = []
            except StoreError as error:
                self.refused(row.number, "", error)
            if len(self.faults) == before:
                row.book.added.extend(added)
                self.count(row.book.customer, added)

    def _book(self, customer: str) -> _FileBook:
        vocabulary = self.desk.rules.pack.vocabulary
        if customer not in self._books:
            self._books[customer] = _FileBook(self.desk.store, vocabulary, customer, self.desk.as_of)
        return self._books[customer]

    # --- cells ---

    def _said(self, number: int, given: Mapping[str, str], on: date | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, column in self.kind.columns.items():
            if name in given:
                found[column] = given[name] if column == "dispute" else self._cell(number, name, column, given[name])
        for name in (*self.kind.not_before, *self.kind.not_after):
            day, is_start = found.get(self.kind.columns[name]), name in self.kind.not_after
            if day is not None and on is not None and (day > on if is_start else day < on):
                what = said("{day} lies after {on}", day=day, on=on)
                if not is_start:
                    what = said("{day} lies before {on}", day=day, on=on)
                self.fault(number, name, what, said("Correct one of the days."))
        return found

    def _cell(self, number: int, name: str, column: str, text: str) -> Any:
        """Return what a cell says, by the type of its column in the store."""
        target = FACT_TABLES[self.kind.table].c[column]
        if members := members_of(self.desk.rules.pack.vocabulary, self.kind.table, column):
            return self.word(number, name, text, members)
        match target.type:
            case Date():
                return self.day(number, name, text)
            case Boolean():
                word = self.word(number, name, text, FLAGS)
                return None if word is None else FLAGS[word]
            case Integer():
                if not (text.isdecimal() and int(text) <= target.info["most"]):
                    what = said("{text!r} is no whole number from 0 to {most}", text=text, most=target.info["most"])
                    self.fault(number, name, what, said("Correct it."))
                    return None
                return int(text)
        return text

    def _answer(self, number: int, given: Mapping[str, str]) -> dict[str, Any]:
        if "fact" not in given or "value" not in given:
            return {}
        vocabulary = self.desk.rules.pack.vocabulary
        try:
            answer = read_answer(vocabulary, f"{given['fact']}={given['value']}")
        except UnreadableError as error:
            column = "fact" if vocabulary.fact(given["fact"]) is None else "value"
            self.fault(number, column, error.what, error.hint)
            return {}
        if answer.is_perception and "evidence" not in given:
            what = said("nothing says how we know {fact!r}", fact=Wording(vocabulary, "en").title(answer.fact.name))
            self.fault(number, "evidence", what, said("Give what the customer said or did."))
        sure = self.word(number, "sure", given["sure"], SURE) if "sure" in given else None
        return {"answer": answer, "evidence": given.get("evidence"), "sure": sure}

    # --- statements ---

    def _added(self, row: _Checked) -> list[Statement]:
        """Return what a row adds to what is on record: nothing if all of it is."""
        book, said, table = row.book, row.said, self.kind.table
        answer = said.get("answer")
        if isinstance(answer, Answer):
            return [answered(book, answer, row.on, said["evidence"], said["sure"])]
        if FACT_TABLES[table].info["shape"] == "event":
            return self._event(row)
        named = said.pop("dispute", None)
        if table == "disputes":
            key = f"{book.customer}/dispute-{row.on}" if named is None else str(book.find(table, named)["key"])
        else:
            key = "/".join((book.customer, *(said[self.kind.columns[name]] for name in self.kind.same)))
        return [entry_at(book, table, said, row.on, key)]

    def _event(self, row: _Checked) -> list[Statement]:
        table, said = self.kind.table, row.said
        same = [self.kind.columns[name] for name in self.kind.same]
        found = [
            each
            for each in row.book.standing(table)
            if each["holds_from"] == row.on and all(each[name] == said.get(name) for name in same)
        ]
        if not found:
            return [row.book.event(table, said, row.on)]
        more = self.further(row.number, self.kind.columns, found[0], said)
        return [row.book.more(table, found[0], more)] if more else []
