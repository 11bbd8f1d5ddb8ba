"""What orders tell: recency, frequency, value, and when nothing can be told."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.vocabulary import BEGINNING
from tests.facts.base_tables import AS_OF, Rows, ago, facts_of, recorded

ALWAYS = recorded("orders")


def order(days_ago: int, **columns: Any) -> dict[str, Any]:
    """Return an order of so many days ago."""
    return {"key": f"of day {days_ago}", "kind": "order", "holds_from": ago(days_ago), **columns}


def line(days_ago: int, amount: str, **columns: Any) -> dict[str, Any]:
    """Return an order line of so many days ago."""
    number = Decimal(amount)
    usual = {"kind": "order", "order_key": f"of day {days_ago}", "goods": True, "product": "p", "quantity": 1}
    return usual | {"holds_from": ago(days_ago), "amount": number, "unit_price": number} | columns


def test_spans_include_both_their_ends() -> None:
    """An order on the first or last day of a span counts, one a day outside does not."""
    days = [0, 90, 91, 181, 182, 365, 366]
    names = ["orders_90d", "orders_prev_90d", "orders_365d", "orders_recorded"]
    assert facts_of(*names, orders=[order(day) for day in days], coverage=ALWAYS) == [2, 2, 6, 7]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (ago(89), [None, None, None]),
        (ago(90), [1, None, None]),
        (ago(180), [1, None, None]),
        (ago(181), [1, 0, None]),
        (ago(364), [1, 0, None]),
        (ago(365), [1, 0, 1]),
        (BEGINNING, [1, 0, 1]),
    ],
)
def test_a_span_that_the_records_do_not_cover_is_unknown(since: date, expected: list[int | None]) -> None:
    """A count over a span is known exactly from the day on which the records cover the span's first day."""
    names = ["orders_90d", "orders_prev_90d", "orders_365d"]
    assert facts_of(*names, orders=[order(10)], coverage=recorded("orders", since=since)) == expected


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        ([], [None, None, None]),
        (recorded("orders", since=ago(400), until=ago(1)), [None, None, 0]),
        (recorded("orders", since=ago(400), until=AS_OF), [0, 400, 0]),
        (recorded("orders", since=ago(400)), [0, 400, 0]),
        (recorded("orders", since=ago(400), customer="a"), [0, 400, 0]),
        (recorded("invoices", since=ago(400)), [None, None, None]),
    ],
)
def test_no_orders_are_zero_only_where_they_would_have_been_recorded(coverage: Rows, expected: list[int]) -> None:
    """Zero orders are claimed only if recording reaches the as-of day."""
    assert facts_of("orders_365d", "days_orders_recorded", "orders_recorded", coverage=coverage) == expected


@pytest.mark.parametrize(
    ("second_from", "expected"),
    [(ago(200), 400), (ago(199), 400), (ago(198), 198)],
)
def test_a_gap_in_the_records_ends_coverage(second_from: date, expected: int) -> None:
    """Stretches that overlap or follow day on day count as one; after a gap only the last counts."""
    coverage = [*recorded("orders", since=ago(400), until=ago(200)), *recorded("orders", since=second_from)]
    assert facts_of("days_orders_recorded", coverage=coverage) == [expected]


def test_coverage_of_one_customer_adds_to_that_of_all() -> None:
    """A customer's own earlier records extend the common ones."""
    own = recorded("orders", since=ago(700), until=ago(300), customer="a")
    assert facts_of("days_orders_recorded", coverage=[*own, *recorded("orders", since=ago(300))]) == [700]


@pytest.mark.parametrize(
    ("since", "first_business_on", "expected"),
    [
        (BEGINNING, None, ago(50)),
        (ago(400), None, None),
        (ago(400), ago(400), ago(50)),
        (ago(400), ago(401), None),
    ],
)
def test_the_first_order_ever_is_known_only_if_none_can_have_been_before(
    since: date, first_business_on: date | None, expected: date | None
) -> None:
    """The first order in the records is the first ever if they reach back to the first business."""
    customers = [{"key": "a", "name": "A", "first_business_on": first_business_on}]
    names = ["first_recorded_order_on", "first_order_on", "orders_total"]
    facts = facts_of(*names, customers=customers, orders=[order(50)], coverage=recorded("orders", since=since))
    assert facts == [ago(50), expected, 1 if expected else None]


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (recorded("orders", since=ago(50)), 50),
        (recorded("orders", since=ago(49)), None),
        (recorded("orders", since=ago(400), until=ago(10)), None),
        ([], None),
    ],
)
def test_the_last_order_is_known_only_if_none_can_have_followed(coverage: Rows, expected: int | None) -> None:
    """Later orders are ruled out only by unbroken records from the last order to as-of."""
    assert facts_of("days_since_last_order", orders=[order(50)], coverage=coverage) == [expected]


def test_a_return_is_no_order() -> None:
    """Returns are counted apart and do not make the customer active."""
    orders = [order(200), order(5, kind="return"), order(3, kind="adjustment")]
    names = ["orders_90d", "returns_90d", "returns_365d", "days_since_last_order", "months_active_365d"]
    assert facts_of(*names, orders=orders, coverage=ALWAYS) == [0, 1, 1, 200, 1]


@pytest.mark.parametrize(
    ("days", "expected"),
    [([10], None), ([10, 20], None), ([10, 10, 20], None), ([10, 20, 50], 10), ([10, 20, 50, 90], 30)],
)
def test_the_usual_gap_is_a_median_over_order_days(days: list[int], expected: int | None) -> None:
    """Two gaps are needed; of an even number the smaller middle one counts; orders of one day are one occasion."""
    assert facts_of("order_gap_days", orders=[order(day) for day in days], coverage=ALWAYS) == [expected]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([10], None),
        ([10, 10], None),
        ([10, 30], 278),
        ([10, 20, 30], 138),
        ([10, *range(20, 120, 10)], 51),
        ([400, 410, 420], 138),
    ],
)
def test_the_longest_gap_is_what_one_in_twenty_exceeds(days: list[int], expected: int | None) -> None:
    """One order in 60 days is added to the gaps, so that two orders on two days are no pace; the open gap is none."""
    found = facts_of("longest_gap_days", orders=[order(day) for day in days], coverage=ALWAYS)
    assert found == [expected]
    if expected is not None:
        seen, gaps = max(days) - min(days), len(set(days)) - 1
        chances = [((60 + seen) / (60 + seen + gap)) ** (1 + gaps) for gap in (expected - 1, expected)]
        assert chances[0] > 0.05 >= chances[1]


def test_orders_before_a_gap_in_the_records_do_not_make_a_pause() -> None:
    """The usual gap comes from the unbroken stretch of records alone."""
    orders = [order(day) for day in (500, 30, 20, 10)]
    coverage = [*recorded("orders", since=ago(600), until=ago(400)), *recorded("orders", since=ago(100))]
    assert facts_of("order_gap_days", "longest_gap_days", orders=orders, coverage=coverage) == [10, 138]


def test_revenue_is_goods_less_returns() -> None:
    """Postage and bad debts are no revenue; returned goods reduce it."""
    lines = [
        line(10, "100.005"),
        line(10, "7", goods=False),
        line(5, "-20", kind="return"),
        line(5, "-500", kind="adjustment"),
        line(100, "30"),
        line(400, "1"),
    ]
    names = ["revenue_90d", "revenue_prev_90d", "revenue_365d", "revenue_prev_365d"]
    expected = [Decimal("80.01"), Decimal("30.00"), Decimal("110.01"), Decimal("1.00")]
    assert facts_of(*names, order_lines=lines, coverage=ALWAYS) == expected


def test_ratios_are_exact() -> None:
    """Averages and rates are rounded once, halves away from zero."""
    tables: dict[str, Rows] = {
        "orders": [order(10), order(20), order(30)],
        "order_lines": [line(10, "100"), line(20, "0.01"), line(30, "0"), line(5, "-12.505", kind="return")],
        "coverage": ALWAYS,
    }
    assert facts_of("average_order_365d", "return_rate_365d", **tables) == [Decimal("33.34"), Decimal("12.50")]


def test_without_orders_there_is_no_average() -> None:
    """An average or a rate over nothing is missing, not zero."""
    assert facts_of("average_order_365d", "return_rate_365d", "revenue_365d", coverage=ALWAYS) == [
        None,
        None,
        Decimal("0.00"),
    ]


def test_amounts_are_converted_at_the_rate_of_their_day() -> None:
    """A line in another currency counts at the last rate not after its day."""
    rates = [
        {"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(100)},
        {"currency": "USD", "rate_to_base": Decimal("0.8"), "holds_from": ago(10)},
    ]
    lines = [line(11, "100", currency="USD"), line(10, "100", currency="USD"), line(10, "1")]
    assert facts_of("revenue_90d", order_lines=lines, exchange_rates=rates, coverage=ALWAYS) == [Decimal("171.00")]


@pytest.mark.parametrize("keys", [("a", "b"), ("b", "a")])
def test_of_two_rates_for_a_day_the_one_with_the_last_key_holds(keys: tuple[str, str]) -> None:
    """Whatever the order of the rows, it is the same one: else one customer's facts could differ from all others'."""
    lines = [line(20, "100", currency="USD")]
    rates = [
        {"key": key, "currency": "USD", "rate_to_base": Decimal(2 if key == "b" else 3), "holds_from": ago(50)}
        for key in keys
    ]
    assert facts_of("revenue_90d", order_lines=lines, exchange_rates=rates, coverage=ALWAYS) == [Decimal("200.00")]


def test_a_missing_rate_leaves_the_sum_unknown() -> None:
    """A sum with an amount that cannot be converted is missing; spans without such an amount are not."""
    rates = [{"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(50)}]
    lines = [line(100, "100", currency="USD"), line(40, "100", currency="USD")]
    names = ["revenue_90d", "revenue_prev_90d", "revenue_365d", "average_order_365d"]
    facts = facts_of(*names, orders=[order(40)], order_lines=lines, exchange_rates=rates, coverage=ALWAYS)
    assert facts == [Decimal("90.00"), None, None, None]


def test_breadth_is_counted_over_a_year() -> None:
    """Products, calendar months and our salespeople are counted once each."""
    orders = [order(0, salesperson="x"), order(10, salesperson="x"), order(40, salesperson="y"), order(366)]
    lines = [
        line(day, "1", product=product) for day, product in ((0, "p"), (10, "q"), (10, "q"), (40, "p"), (366, "r"))
    ]
    names = ["distinct_products_365d", "months_active_365d", "salespeople_365d"]
    assert facts_of(*names, orders=orders, order_lines=lines, coverage=ALWAYS) == [2, 2, 2]


def test_who_sold_is_known_only_if_it_was_always_noted() -> None:
    """An order without a salesperson leaves their number unknown; without orders there was none."""
    orders = [order(10, salesperson="x"), order(20, salesperson=None)]
    assert facts_of("salespeople_365d", orders=orders, coverage=ALWAYS) == [None]
    assert facts_of("salespeople_365d", coverage=ALWAYS) == [0]


def test_an_order_without_lines_leaves_its_value_unknown() -> None:
    """Where only the heads of orders are recorded, nothing is said about revenue; other spans are not affected."""
    names = ["orders_90d", "revenue_90d", "distinct_products_365d", "average_order_365d", "revenue_prev_90d"]
    tables: dict[str, Rows] = {"orders": [order(10), order(100)], "order_lines": [line(100, "5")], "coverage": ALWAYS}
    assert facts_of(*names, **tables) == [1, None, None, None, Decimal("5.00")]
