"""What is owed, overdue and won, and what the terms are."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.vocabulary import BEGINNING
from tests.facts.base_tables import Rows, ago, facts_of, recorded, rows_of

LEDGER = recorded("invoices", "payments")
OWED = ("credit_used", "overdue_amount", "overdue_days")
PUNCTUAL = ("invoices_due_365d", "paid_late_365d")


def invoice(key: str, amount: str, issued: int, due: int | None, **columns: Any) -> dict[str, Any]:
    """Return an invoice issued and due so many days ago."""
    due_on = None if due is None else ago(due)
    return {"key": key, "amount": Decimal(amount), "holds_from": ago(issued), "due_on": due_on, **columns}


def payment(amount: str, days_ago: int, invoice_key: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return a payment of so many days ago."""
    return {"amount": Decimal(amount), "holds_from": ago(days_ago), "invoice_key": invoice_key, **columns}


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (1, ["100.00", "100.00", 1]),
        (0, ["100.00", "0.00", 0]),
        (-5, ["100.00", "0.00", 0]),
        (None, ["100.00", "0.00", 0]),
    ],
)
def test_a_debt_is_overdue_from_the_day_after_it_fell_due(due: int | None, expected: list[Any]) -> None:
    """On the due day itself nothing is overdue yet."""
    used, overdue, days = expected
    assert facts_of(*OWED, invoices=[invoice("i", "100", 40, due)], coverage=LEDGER) == [
        Decimal(used),
        Decimal(overdue),
        days,
    ]


def test_a_part_payment_leaves_the_rest_overdue() -> None:
    """What a payment leaves open stays overdue since the invoice's due day."""
    facts = facts_of(*OWED, invoices=[invoice("i", "100", 40, 10)], payments=[payment("60.5", 5, "i")], coverage=LEDGER)
    assert facts == [Decimal("39.50"), Decimal("39.50"), 10]


@pytest.mark.parametrize("named", [None, "unknown invoice"])
def test_a_payment_without_an_invoice_settles_what_fell_due_first(named: str | None) -> None:
    """Unassigned money goes to the oldest debt."""
    invoices = [invoice("late", "100", 90, 60), invoice("later", "100", 50, 20)]
    facts = facts_of(*OWED, invoices=invoices, payments=[payment("130", 5, named)], coverage=LEDGER)
    assert facts == [Decimal("70.00"), Decimal("70.00"), 20]


def test_what_was_paid_too_much_settles_other_debts() -> None:
    """The surplus on one invoice and a credit note count against the others."""
    invoices = [invoice("i", "100", 90, 60), invoice("j", "100", 50, 20), invoice("note", "-30", 10, None)]
    facts = facts_of(*OWED, invoices=invoices, payments=[payment("150", 70, "i")], coverage=LEDGER)
    assert facts == [Decimal("20.00"), Decimal("20.00"), 20]


def test_more_paid_than_owed_is_a_negative_use_of_credit() -> None:
    """A balance in the customer's favour is shown as such; nothing is overdue."""
    assert facts_of(*OWED, payments=[payment("10", 5)], coverage=LEDGER) == [Decimal("-10.00"), Decimal("0.00"), 0]


@pytest.mark.parametrize(
    ("coverage", "known"),
    [
        (LEDGER, True),
        (recorded("invoices"), False),
        (recorded("payments"), False),
        (recorded("invoices", "payments", since=ago(50)), True),
        ([*recorded("invoices", since=ago(50)), *recorded("payments", since=ago(49))], False),
        (recorded("invoices", "payments", until=ago(3)), False),
    ],
)
def test_debts_are_known_only_while_invoices_and_payments_are_recorded(coverage: Rows, known: bool) -> None:
    """An unpaid invoice proves nothing if payments are not recorded since the invoices are."""
    expected = 10 if known else None
    assert facts_of("overdue_days", invoices=[invoice("i", "100", 40, 10)], coverage=coverage) == [expected]


def test_late_payers_are_counted_over_a_year() -> None:
    """Late are invoices paid after the due day or still overdue; those not yet due are not judged."""
    invoices = [
        invoice("on time", "10", 300, 270),
        invoice("late", "10", 200, 170),
        invoice("never", "10", 100, 70),
        invoice("not due", "10", 10, -20),
        invoice("long ago", "10", 366, 340),
    ]
    payments = [payment("10", 270, "on time"), payment("10", 169, "late"), payment("10", 100, "long ago")]
    assert facts_of(*PUNCTUAL, invoices=invoices, payments=payments, coverage=LEDGER) == [3, 2]


@pytest.mark.parametrize(("paid", "late"), [(10, 0), (9, 1)], ids=["on the due day", "a day later"])
def test_a_payment_without_an_invoice_tells_whether_what_it_settles_was_paid_late(paid: int, late: int) -> None:
    """Who never names an invoice is no better payer for that: the day counts on which the money reached this far."""
    invoices = [invoice("first", "100", 60, 40), invoice("second", "100", 40, 10)]
    payments = [payment("150", 45), payment("50", paid)]
    assert facts_of(*PUNCTUAL, invoices=invoices, payments=payments, coverage=LEDGER) == [2, late]


def test_an_invoice_paid_late_less_a_credit_note_is_late() -> None:
    """The note is no invoice that was due, and what it leaves to pay came after the due day."""
    invoices = [invoice("i", "100", 60, 40), invoice("note", "-20", 50, 50)]
    facts = facts_of(*PUNCTUAL, *OWED, invoices=invoices, payments=[payment("80", 30, "i")], coverage=LEDGER)
    assert facts == [1, 1, Decimal("0.00"), Decimal("0.00"), 0]


def test_a_credit_note_after_the_due_day_settles_late() -> None:
    """Until then the rest was overdue."""
    invoices = [invoice("i", "100", 60, 40), invoice("note", "-20", 39, None)]
    facts = facts_of(*PUNCTUAL, invoices=invoices, payments=[payment("80", 45, "i")], coverage=LEDGER)
    assert facts == [1, 1]


def test_money_paid_back_is_no_debt_of_an_invoice() -> None:
    """A refund that names no invoice takes back what came in without one; what is left is the customer's credit."""
    payments = [payment("120", 45), payment("-20", 30)]
    facts = facts_of(*PUNCTUAL, *OWED, invoices=[invoice("i", "100", 60, 40)], payments=payments, coverage=LEDGER)
    assert facts == [1, 0, Decimal("0.00"), Decimal("0.00"), 0]


def test_payment_in_full_settles_at_any_rate() -> None:
    """A payment in the invoice's currency counts at the invoice's rate, in another currency at its own."""
    rates = [
        {"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(100)},
        {"currency": "USD", "rate_to_base": Decimal("0.5"), "holds_from": ago(10)},
    ]
    invoices = [invoice("i", "100", 40, 20, currency="USD"), invoice("j", "100", 40, 20, currency="USD")]
    payments = [payment("100", 5, "i", currency="USD"), payment("40", 5, "j")]
    facts = facts_of(*OWED, invoices=invoices, payments=payments, exchange_rates=rates, coverage=LEDGER)
    assert facts == [Decimal("50.00"), Decimal("50.00"), 20]


def test_an_unknown_rate_leaves_debts_unknown() -> None:
    """Nothing is said about debts of which a part cannot be converted."""
    invoices = [invoice("i", "100", 40, 20), invoice("j", "100", 40, 20, currency="USD")]
    assert facts_of(*OWED, *PUNCTUAL, invoices=invoices, coverage=LEDGER) == [None] * 5


def test_the_terms_that_stand_now_count() -> None:
    """Terms come from the cooperation agreement in force; its limit is worth today's rate."""
    rates = [
        {"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(500)},
        {"currency": "USD", "rate_to_base": Decimal("0.8"), "holds_from": ago(0)},
    ]
    terms = {"kind": "cooperation", "currency": "USD", "state": "kept", "credit_limit": 1000, "payment_days": 30}
    agreements = [
        {**terms, "key": "k", "holds_from": ago(400), "payment_days": 60, "is_current": False},
        {**terms, "key": "k", "holds_from": ago(300)},
        {"kind": "rent", "state": "broken", "credit_limit": 5, "holds_from": ago(1)},
    ]
    names = ["cooperation_agreement", "payment_days", "credit_limit"]
    facts = facts_of(*names, agreements=agreements, exchange_rates=rates)
    assert facts == ["kept", 30, Decimal("800.00")]
    rows = rows_of("agreements", agreements=agreements, exchange_rates=rates)
    assert [(row["kind"], row["credit_limit"]) for row in rows] == [("rent", 5), ("cooperation", 800)]


def test_opportunities_are_counted_when_they_begin_and_when_they_close() -> None:
    """A chance counts as begun and as won or lost in the spans of those days."""
    opportunities = [
        {"holds_from": ago(400), "closed_on": ago(90), "won": True, "amount": Decimal("10.5")},
        {"holds_from": ago(365), "closed_on": ago(91), "won": True, "amount": Decimal(7)},
        {"holds_from": ago(90), "closed_on": ago(0), "won": False, "amount": Decimal(0)},
        {"holds_from": ago(10), "open_stage": "engaging"},
    ]
    names = ["opportunities_90d", "opportunities_365d", "won_90d", "won_365d", "lost_90d", "won_amount_365d"]
    tables: dict[str, Rows] = {"opportunities": opportunities, "coverage": recorded("opportunities")}
    assert facts_of(*names, **tables) == [2, 3, 1, 2, 1, Decimal("17.50")]
    assert facts_of("days_since_first_recorded_win", "days_since_last_win", **tables) == [91, 90]
    rows = rows_of("opportunities", **tables)
    assert [(row["state"], row["days_open"]) for row in rows] == [
        ("won", 310),
        ("won", 274),
        ("lost", 90),
        ("engaging", 10),
    ]


def test_a_win_without_an_amount_leaves_the_sum_unknown() -> None:
    """The number of wins is known, their value is not."""
    opportunities = [{"holds_from": ago(40), "closed_on": ago(20), "won": True, "amount": None}]
    tables: dict[str, Rows] = {"opportunities": opportunities, "coverage": recorded("opportunities")}
    assert facts_of("won_365d", "won_amount_365d", **tables) == [1, None]


@pytest.mark.parametrize(
    ("since", "expected"), [(BEGINNING, 20), (ago(20), 20), (ago(19), None)], ids=["always", "since then", "later"]
)
def test_the_last_win_is_known_only_if_none_can_have_followed(since: date, expected: int | None) -> None:
    """Like the last order, the last win needs unbroken records since."""
    opportunities = [{"holds_from": ago(40), "closed_on": ago(20), "won": True}]
    coverage = recorded("opportunities", since=since)
    assert facts_of("days_since_last_win", opportunities=opportunities, coverage=coverage) == [expected]
