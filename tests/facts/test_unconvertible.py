"""Amounts of whose currency no rate is known on their day are named, and no others."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from facts.imports import import_files
from facts.recording import record
from facts.store import Store
from facts.unconvertible import Unconvertible, currencies_without_rate, unconvertible

DAY = date(2026, 1, 31)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


@pytest.fixture
def counted(store: Store) -> Store:
    """Return a store that counts in euros, with a customer and a rate of the dollar from a day on."""
    put(store, "customers", key="A", name="A")
    put(store, "exchange_rates", key="USD", currency="USD", rate_to_base=Decimal("0.9"))
    return store


def put(store: Store, table: str, **row: object) -> None:
    """Record a row."""
    record(store, table, [{"holds_from": DAY, **row}], user="ann", source="test")


def invoice(key: str, currency: str, day: date = DAY) -> dict[str, object]:
    return {"key": key, "customer": "A", "amount": Decimal(10), "currency": currency, "holds_from": day}


def test_amounts_are_named_by_currency_and_table(counted: Store) -> None:
    """Of a currency without any rate all rows, of another those before its first rate; of the store's own none."""
    for row in (invoice("1", "EUR"), invoice("2", "USD"), invoice("3", "USD", BEFORE), invoice("4", "USD", AFTER)):
        put(counted, "invoices", **row)
    put(counted, "invoices", **invoice("5", "GBP", AFTER))
    put(counted, "payments", **invoice("5", "GBP"))
    assert unconvertible(counted) == (
        Unconvertible("invoices", "GBP", "EUR", 1, AFTER),
        Unconvertible("invoices", "USD", "EUR", 1, BEFORE),
        Unconvertible("payments", "GBP", "EUR", 1, DAY),
    )
    assert [each.table for each in unconvertible(counted, ["payments"])] == ["payments"]


def test_a_rate_mends_it(counted: Store) -> None:
    """Once a rate is known that holds on the day, amounts are no longer named."""
    put(counted, "invoices", **invoice("1", "GBP"))
    assert unconvertible(counted)
    put(counted, "exchange_rates", key="GBP", currency="GBP", rate_to_base=Decimal("1.2"), holds_from=BEFORE)
    assert unconvertible(counted) == ()


def test_each_amount_counts_at_the_rate_of_its_own_day(counted: Store) -> None:
    """A deal at that of the day on which it was closed, terms at today's, whenever they were agreed."""
    deal = {"customer": "A", "amount": Decimal(10), "currency": "USD", "holds_from": BEFORE}
    put(counted, "opportunities", key="1", **deal)
    put(counted, "opportunities", key="2", **deal, won=True, closed_on=AFTER)
    terms = {"kind": "cooperation", "credit_limit": Decimal(5), "currency": "USD"}
    put(counted, "agreements", key="3", customer="A", **terms, holds_from=BEFORE)
    assert unconvertible(counted) == (Unconvertible("opportunities", "USD", "EUR", 1, BEFORE),)


def test_one_customers_rows_tell_the_same(counted: Store) -> None:
    """What is read of one customer tells the currencies that the store names, on the day of the decision."""
    today = counted.today()
    for row in (invoice("1", "EUR"), invoice("2", "USD"), invoice("3", "GBP"), invoice("4", "NOK", AFTER)):
        put(counted, "invoices", **row)
    put(counted, "payments", **invoice("5", "USD", BEFORE))
    put(counted, "agreements", key="6", customer="A", kind="cooperation", currency="CHF")  # no amount at all
    put(counted, "exchange_rates", key="NOK", currency="NOK", rate_to_base=Decimal("0.1"))
    named = {each.currency for each in unconvertible(counted)}
    read = counted.customer_tables("A", today, datetime.now(UTC))
    assert set(currencies_without_rate(read, "EUR", today)) == named == {"USD", "GBP"}
    earlier = counted.customer_tables("A", BEFORE, datetime.now(UTC))
    assert currencies_without_rate(earlier, "EUR", BEFORE) == ("USD",)


def test_an_import_says_so(store: Store, tmp_path: Path) -> None:
    """Whoever imports amounts in a currency that the store cannot convert is told at once."""
    (tmp_path / "customers.csv").write_text("key,name,holds_from\nA,A,2026-01-31\n", encoding="utf-8")
    lines = "key,customer,amount,currency,holds_from\n1,A,10,GBP,2026-01-31\n2,A,10,EUR,2026-01-31\n"
    (tmp_path / "invoices.csv").write_text(lines, encoding="utf-8")
    done = import_files(store, "canonical", [tmp_path], user="ann")
    assert done.unconvertible == (Unconvertible("invoices", "GBP", "EUR", 1, DAY),)
