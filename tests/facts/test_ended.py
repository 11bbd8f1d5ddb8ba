"""Records that end before a date are named, and debts that nobody can know for want of payments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from facts.ended import Broken, Ended, Gaps, Unsettled, ended_of, gaps, may_have_ended
from facts.recording import record
from facts.store import Store

DAY = date(2026, 1, 31)
LATER = DAY + timedelta(days=1)
FIRST = date(2025, 1, 1)


@pytest.fixture
def known(store: Store) -> Store:
    """Return a store that knows two customers."""
    record(store, "customers", [{"key": key, "name": key, "holds_from": FIRST} for key in "AB"], user="ann", source="t")
    return store


def covered(store: Store, collection: str, customer: str | None, until: date | None, since: date = FIRST) -> None:
    """Record from when to when a collection is recorded."""
    row: dict[str, Any] = {"collection": collection, "customer": customer, "recorded_from": since, "holds_from": since}
    key = f"{collection}/{customer}/{since}"
    record(store, "coverage", [{**row, "key": key, "recorded_to": until}], user="ann", source="t")


def one_by_one(store: Store, day: date) -> list[tuple[Ended, ...]]:
    """Return what ended of each customer."""
    return [ended_of(store, customer, day, datetime.now(UTC)) for customer in "AB"]


def test_records_are_named_from_the_day_after_their_last(known: Store) -> None:
    """On the last day itself everything is still known; what goes on has no end."""
    covered(known, "orders", "A", DAY)
    covered(known, "orders", "B", None)
    covered(known, "payments", None, DAY - timedelta(days=2))
    payments = Ended("payments", DAY - timedelta(days=2))
    assert gaps(known, DAY) == Gaps((payments,))
    assert gaps(known, LATER) == Gaps((Ended("orders", DAY), payments))
    assert gaps(known, LATER).last == payments.last
    assert may_have_ended(known, LATER)
    assert not may_have_ended(known, payments.last)
    assert one_by_one(known, DAY) == [(payments,), (payments,)]
    assert one_by_one(known, LATER) == [(Ended("orders", DAY), payments), (payments,)]


def test_what_is_recorded_of_all_goes_on_for_each(known: Store) -> None:
    """A file of one customer's orders ends nothing while everybody's orders are recorded."""
    covered(known, "orders", "A", DAY)
    covered(known, "orders", None, None)
    assert gaps(known, LATER) == Gaps()
    assert one_by_one(known, LATER) == [(), ()]


@pytest.mark.parametrize(("before", "after"), [("A", "A"), (None, None), (None, "A")])
@pytest.mark.parametrize(("days", "is_broken"), [(1, False), (2, True)])
def test_files_that_leave_days_between_them_are_named(
    known: Store, before: str | None, after: str | None, days: int, is_broken: bool
) -> None:
    """The next month's file begins on the day of its first order; somebody has to say that none was missed."""
    again = DAY + timedelta(days=days)
    covered(known, "orders", before, DAY)
    covered(known, "orders", after, None, since=again)
    assert gaps(known, again).broken == ((Broken("orders", DAY, again),) if is_broken else ())


def test_nothing_had_ended_before_it_did(known: Store) -> None:
    """As of an earlier day the records go on, as all that is known of that day does."""
    covered(known, "orders", "A", DAY)
    assert gaps(known, FIRST) == Gaps()


@pytest.mark.parametrize(("payments", "is_told"), [(FIRST, False), (FIRST + timedelta(days=14), True)])
def test_payments_recorded_shorter_than_invoices_leave_debts_unknown(
    known: Store, payments: date, is_told: bool
) -> None:
    """A file's first payment comes after its first invoice; somebody has to say that there was none before."""
    covered(known, "invoices", "A", None)
    covered(known, "payments", "A", None, since=payments)
    assert gaps(known, DAY).unsettled == (Unsettled(FIRST, payments) if is_told else None)
