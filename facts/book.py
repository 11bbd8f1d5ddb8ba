"""What is on record of one customer, and what may be added to it: duplicates and contradictions are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Select, Table, select

from engine.errors import did_you_mean
from engine.said import NOTHING, Said, one_after_other, said
from engine.vocabulary import Vocabulary
from facts.audit import entry_that_said
from facts.database import StoreError
from facts.reading import CUSTOMER_KEYS
from facts.recording import Statement, require_counted
from facts.store import Store
from facts.tables import BOOKKEEPING, FACT_TABLES, JUDGED, OUTCOMES, PERCEPTION_LEVELS, customers
from facts.together import Row

_SAME_EVENT = {
    "communications": ("value_kind", "medium", "audience_role"),
    "interactions": ("medium", "direction", "audience_role"),
    "complaints": ("signal",),
    "referrals": ("kind",),
}
"""The columns by which two events of a customer on the same day are the same."""

_BEGINNINGS = {"disputes": "began_on", "customers": "first_business_on"}
"""Of a register, the date on which something began: no later than the day for which it is told."""


_HEARD = ": "
"""Stands in the evidence of a perception between the key of a communication and its outcome."""


class NothingNewError(StoreError):
    """What was said is on record already, in the same words."""


_OR_LATER = said("If it was so and is otherwise now, give the later day by --on.")
_BY_ON = said("Give the day on which it was, by --on.")


@dataclass(frozen=True)
class Book:
    """A customer's records as they stand. `today` is the last day that something may be recorded for."""

    store: Store
    vocabulary: Vocabulary
    customer: str
    today: date

    # --- events ---

    def event(self, table: str, says: Row, on: date) -> Statement:
        """Return the statement that something happened on a day.

        Raises:
            StoreError: if a date does not fit, or it is on record already.
        """
        self._require_days(table, on, says, said("Nothing is recorded in {table}", table=table))
        same = _SAME_EVENT[table]
        for row in self.standing(table):
            if row["holds_from"] == on and all(row[name] == says.get(name) for name in same):
                raise self._known_already(table, row, said("the same of the same day is on record"))
        words = [str(says[name]) for name in same if says.get(name) is not None]
        key = "/".join([self.customer, *words, on.isoformat()])
        return Statement(table, {"key": key, "customer": self.customer, "holds_from": on, **says})

    def more(self, table: str, row: Row, says: Row) -> Statement:
        """Return the statement that adds to an event what became known of it later.

        Raises:
            StoreError: if the row says so already or says otherwise, or a date does not fit.
        """
        self._require_days(table, row["holds_from"], says, said("{key} is not changed", key=row["key"]))
        self._require_new(table, row, says)
        return Statement(table, {**said_by(row), **says}, row["id"])

    # --- registers ---

    def entry(self, table: str, says: Row, on: date, key: str, *, may_change: Sequence[str] = ()) -> Statement:
        """Return the statement of how something stands from a day on; what is not said stays as it was.

        What is heard and judged is confirmed by saying it again for a later day. `sure` is how surely that is
        known which stands so: it does not stay when that changes.

        Args:
            table: a register.
            says: columns and values.
            on: the day.
            key: what it is about.
            may_change: columns that may change more than once a day.

        Raises:
            StoreError: if a date does not fit, it stands so already, or something else was said for that day;
                of base data, if the customer was not on record on that day.
        """
        self._require_days(table, on, says, said("Nothing is recorded in {table}", table=table))
        before = self.last(table, key, on)
        if before is None and table == "customers":
            raise self._not_there(on)
        if before is None:
            return Statement(table, {"customer": self.customer, "key": key, "holds_from": on, **says})
        changed = {name for name, value in says.items() if before[name] != value}
        if not changed and (table not in JUDGED or before["holds_from"] == on):
            why = said("it stands so since {day}", day=before["holds_from"])
            raise self._known_already(table, before, why, NothingNewError)
        row = {**said_by(before), **says, "holds_from": on, "holds_until": None}
        if "sure" in row and "sure" not in says and changed - {"evidence"}:
            row["sure"] = None
        if before["holds_from"] < on:
            return Statement(table, row)
        self._require_new(table, before, {name: value for name, value in says.items() if name not in may_change})
        return Statement(table, row, before["id"])

    def last(self, table: str, key: str, on: date) -> Row | None:
        """Return the row that tells how something stands on a day, or None."""
        keys = self._keys(key)
        rows = [row for row in self.standing(table) if row["key"] in keys and row["holds_from"] <= on]
        # Of two of the same day, kept of customers that were merged, the one that features take (`facts/features`).
        last = max(rows, key=lambda row: (row["holds_from"], row["key"]), default=None)
        return None if last is None or (last["holds_until"] and last["holds_until"] <= on) else last

    def currency(self, table: str, key: str, on: date) -> str:
        """Return the currency of the amounts in a row: the one on record, else the store's."""
        before = self.last(table, key, on)
        return str((before and before["currency"]) or self.store.settings()["base_currency"])

    # --- effects ---

    def heard(self, row: Row, says: Row, shows: str | None) -> list[Statement]:
        """Return the statements that the effect of a communication was heard.

        Args:
            row: the communication.
            says: `heard_on`, `outcome` and what else was heard.
            shows: the perception that the effect shows; it raises the one on record, and never lowers it.

        Raises:
            StoreError: if an effect was recorded already, or it cannot have been heard on that day.
        """
        more = self.more("communications", row, says)
        evidence = evidence_of(row["key"], says["outcome"])
        return [more, *self.shown(row["value_kind"], says["heard_on"], shows, evidence)]

    def shown(self, kind: str, on: date, shows: str | None, evidence: str) -> list[Statement]:
        """Return the statement that the perception of a kind of value rises to what an effect shows, if it does."""
        key = f"{self.customer}/{kind}"
        before = self.last("perceptions", key, on)
        if shows is None or (before is not None and _rank(shows) <= _rank(before["level"])):
            return []
        level = {"value_kind": kind, "level": shows, "evidence": evidence, "sure": "told"}
        return [self.entry("perceptions", level, on, key, may_change=tuple(level))]

    def _keys(self, key: str) -> set[str]:
        """Return a key as it is for this customer and for those merged into it."""
        rest = key.removeprefix(self.customer)
        return {f"{known_as}{rest}" for known_as in self.known_as} | {key}

    @cached_property
    def known_as(self) -> list[str]:
        """The customer's keys: its own, and those of customers merged into it."""
        return self.store.known_as(self.customer, self.today)

    # --- looking up ---

    def standing(self, table: str) -> Sequence[Row]:
        """Return the rows that stand, by day; facts of customers merged into this one are among them."""
        rows = FACT_TABLES[table]
        statement = standing(rows).order_by(rows.c.holds_from, rows.c.id)
        with self.store.asking() as connection:
            found: Sequence[Any] = connection.execute(statement, {"customer_keys": self.known_as}).mappings().all()
            return found

    def find(self, table: str, named: str, among: str | None = None) -> Row:
        """Return the row that somebody means: by its key, the key's end, or the word in the column `among`.

        Raises:
            StoreError: if there is no such row of this customer, or several.
        """
        rows = self.standing(table)
        if FACT_TABLES[table].info["shape"] == "register":
            rows = [*{row["key"]: row for row in rows}.values()]  # the last of each key
        exact = [row for row in rows if row["key"] in (named, f"{self.customer}/{named}")]
        found = exact or [row for row in rows if among and row[among] == named]
        if len(found) > 1 and table == "communications":
            found = [row for row in found if row["heard_on"] is None] or found[-1:]
        if len(found) == 1:
            return found[0]
        if found:
            raise StoreError(
                said("{named!r} is not clear", named=named),
                said("several fit"),
                said("It is one of {words}.", words=_listed(found)),
            )
        raise self._not_found(table, named, rows, among)

    def _not_found(self, table: str, named: str, rows: Sequence[Row], among: str | None) -> StoreError:
        target = FACT_TABLES[table]
        other = select(target.c.customer).where(target.c.key == named, target.c.retracted_at.is_(None))
        with self.store.reading() as connection:
            whose = connection.scalar(other.limit(1))
        what = said("{named!r} is not on record for {customer}", named=named, customer=self.customer)
        if whose is not None:
            return StoreError(
                what, said("it belongs to {whose}", whose=whose), said("Give that customer, or another record.")
            )
        known = [*(row["key"] for row in rows), *(row[among] for row in rows if among)]
        hint = did_you_mean(named, known) or (
            said("On record: {words}.", words=_listed(rows[-5:])) if rows else said("Record it first.")
        )
        return StoreError(what, said("{table} of this customer: {number}", table=table, number=len(rows)), hint)

    # --- refusing ---

    def _require_days(self, table: str, on: date, row: Row, what: Said) -> None:
        """Refuse a day that is still to come or too early to count from, and dates out of their order.

        What became known of an event followed it (`columns.later`); what `_BEGINNINGS` name came before the day `on`.
        """
        self._require_past(on, what)
        begins, target = _BEGINNINGS.get(table), FACT_TABLES[table]
        is_event = target.info["shape"] == "event"
        for name, value in row.items():
            follows = is_event and "holds_from" in target.c[name].info.get("not_before", ())
            if not isinstance(value, date) or not (follows or name == begins):
                continue
            self._require_past(value, what, said("Give a day that has come."))
            if follows and value < on:
                why = said("it is of {on}, and {column} {day} lies before that", on=on, column=name, day=value)
                raise StoreError(what, why, said("Correct the date."))
            if not follows and value > on:
                raise StoreError(
                    what,
                    said("it is of {on}, and {column} {day} lies after that", on=on, column=name, day=value),
                    said("Correct the date."),
                )

    def _require_past(self, day: date, what: Said, remedy: Said = _BY_ON) -> None:
        require_counted(day, what)
        if day > self.today:
            raise StoreError(what, said("{day} lies after {today}", day=day, today=self.today), remedy)

    def _not_there(self, on: date) -> StoreError:
        """Return the error for base data of a day on which the customer was not on record."""
        first = min((row["holds_from"] for row in self.standing("customers")), default=None)
        what = said("Nothing is recorded of {customer} for {on}", customer=self.customer, on=on)
        if first is not None and on < first:
            return StoreError(
                what,
                said("{customer} is on record from {first} on", customer=self.customer, first=first),
                said("Give a later day by --on."),
            )
        return StoreError(
            what,
            said("{customer} is not on record on that day", customer=self.customer),
            said("Give another day by --on."),
        )

    def _require_new(self, table: str, row: Row, says: Row) -> None:
        """Refuse what a row says already, and what it says otherwise."""
        told = {name: value for name, value in says.items() if row[name] not in (None, "")}
        if told and all(row[name] == value for name, value in told.items()) and told == dict(says):
            raise self._known_already(table, row, said("it says so already"), NothingNewError)
        differing = [name for name, value in told.items() if row[name] != value]
        for name in sorted(differing, key=lambda name: isinstance(told[name], date)):  # a day says the least
            old, new = _in_words(row[name]), _in_words(told[name])
            why = said("{column} is on record as {old}, not {new}", column=name, old=old, new=new)
            later = _OR_LATER if FACT_TABLES[table].info["shape"] == "register" else NOTHING
            raise self._known_already(table, row, why, hint=later)

    def _known_already(
        self, table: str, row: Row, why: Said, error: type[StoreError] = StoreError, hint: Said = NOTHING
    ) -> StoreError:
        with self.store.reading() as connection:
            number = entry_that_said(connection, table, row["id"])
        by, on = row["entered_by"], row["recorded_at"].date()
        entered = said("{why} (entered by {by} on {day})", why=why, by=by, day=on)
        undo = undo_first(number) if number else said("See `valuelift audit`.")
        return error(said("{key} is not recorded again", key=row["key"]), entered, one_after_other(undo, hint))


def undo_first(number: int | None = None) -> Said:
    """Return the hint to take a record back: the one of a number, else the last."""
    undo = "valuelift record undo" if number is None else f"valuelift record undo {number}"
    return said("If it is wrong, take it back first: `{undo}`.", undo=undo)


def evidence_of(communication: str, outcome: str) -> str:
    """Return the evidence of a perception that follows from the effect of a communication, given by its key."""
    return f"{communication}{_HEARD}{outcome}"


def outcome_in(evidence: str) -> str | None:
    """Return the outcome of which evidence of a perception says that the perception follows from it, if it does.

    What people write of their own accord has words before a colon, and no key.
    """
    key, _, outcome = evidence.rpartition(_HEARD)
    return outcome if outcome in OUTCOMES and key and not any(map(str.isspace, key)) else None


def _in_words(value: Any) -> Any:
    return (said("yes") if value else said("no")) if isinstance(value, bool) else value


@cache
def standing(table: Table) -> Select[Any]:
    """Select the rows of `CUSTOMER_KEYS` that stand."""
    column = table.c.key if table is customers else table.c.customer
    return select(table).where(column.in_(CUSTOMER_KEYS), table.c.retracted_at.is_(None))


def said_by(row: Row) -> dict[str, Any]:
    """Return what a row of the store says, without who entered it and when."""
    return {name: value for name, value in row.items() if name not in BOOKKEEPING}


def _listed(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["key"] for row in rows))


def _rank(level: str) -> int:
    return PERCEPTION_LEVELS.index(level)
