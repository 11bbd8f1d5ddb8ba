"""The fields of a form that somebody sent, read as what they are to be, or refused with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, Integer

from common.recording import At
from common.saying import members_of
from facts.tables import FACT_TABLES

FLAGS = {"yes": True, "no": False}


class RefusedError(ValueError):
    """Raised for a form that cannot be recorded; names the text that says why, and the field if it is one.

    Of a word that is not among those `offered` it has both: whoever sees no form was offered nothing.
    """

    def __init__(self, text: str, field: str = "", word: str | None = None, offered: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.field = field
        self.word = word
        self.offered = offered


class Form:
    """The fields of a form, read as what they are to be."""

    def __init__(self, given: Mapping[str, str], at: At) -> None:
        self._given = given
        self._at = at

    def word(self, name: str, members: Sequence[str] | str) -> str | None:
        """Return one of a closed list of words: those given, or the members of an enum."""
        known = self._at.book.vocabulary.enums[members].members if isinstance(members, str) else members
        found = self._given.get(name)
        if found is not None and found not in known:
            raise RefusedError("refused_word", name, found, known)
        return found

    def needed(self, name: str, members: Sequence[str] | str) -> str:
        """Return a word that must be given."""
        found = self.word(name, members)
        if found is None:
            raise RefusedError("refused_missing", name)
        return found

    def day(self, name: str) -> date | None:
        """Return a date."""
        found = self._given.get(name)
        try:
            return date.fromisoformat(found) if found else None
        except ValueError:
            raise RefusedError("refused_date", name) from None

    @property
    def on(self) -> date:
        """When it was; today if nothing is said."""
        return self.day("on") or self._at.desk.as_of

    def text(self, name: str) -> str | None:
        """Return a text."""
        return self._given.get(name)

    def number(self, name: str, most: int) -> int | None:
        """Return a whole number from 0 to `most`."""
        found = self._given.get(name)
        if found is None:
            return None
        if not (found.isascii() and found.isdecimal() and int(found) <= most):
            raise RefusedError("refused_number", name)
        return int(found)

    def column(self, table: str, name: str) -> Any:
        """Return what is said of a column of the store, as the column has it; None if nothing is."""
        column = FACT_TABLES[table].c[name]
        if members := members_of(self._at.book.vocabulary, table, name):
            return self.word(name, members)
        match column.type:
            case Boolean():
                found = self.word(name, tuple(FLAGS))
                return None if found is None else FLAGS[found]
            case Integer():
                return self.number(name, column.info["most"])
            case Date():
                return self.day(name)
        return self.text(name)
