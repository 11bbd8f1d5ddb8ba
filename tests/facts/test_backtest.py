"""How a backtest chooses, counts and tells how sure its figures are."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from facts.backtest.compare import LIFETIME, NUMBER, OURS, RFM, Comparison, Rows, compare, groups, tenths
from facts.backtest.lifetime import LEAST_REPEATING, LifetimeError, expected
from facts.backtest.resample import estimate, ratio, totals

REVENUE_AFTER = [100.0, 300.0, 50.0, 0.0, 250.0, 0.0]


def rows(**changed: Sequence[object]) -> Rows:
    """Return six customers on one date: the first two of class A, the third and fourth silent."""
    columns: dict[str, Sequence[object]] = {
        "customer": [0, 1, 2, 3, 4, 5],
        "date": [0] * 6,
        "stage": ["core", "established", "new", "new", "new", "target"],
        "move": ["stay"] * 6,
        "class": ["A", "A", "B", "B", "C", "C"],
        "risk": ["no", "no", "yes", "yes", "no", None],
        "at_risk": [False, False, True, True, False, False],
        "can_be_at_risk": [True, True, True, True, True, False],
        "is_steady": [True, True, False, False, False, False],
        "is_top": [True, True, False, False, False, False],
        "bought": [True] * 6,
        "is_known": [True] * 6,
        "r": [5, 4, 1, 2, 3, 1],
        "f": [5, 4, 3, 1, 2, 1],
        "m": [4, 5, 3, 2, 1, 1],
        "days_since": [1, 5, 90, 60, 30, 200],
        "orders": [9, 8, 3, 1, 2, 1],
        "revenue": [800.0, 900.0, 300.0, 200.0, 100.0, 50.0],
        "expected_orders": [3.0, 2.0, 0.5, 0.1, 1.0, 0.2],
        "expected_revenue": [90.0, 20.0, 10.0, 5.0, 80.0, 1.0],
        "next_orders": [2, 3, 1, 0, 2, 0],
        "next_days": [2, 2, 1, 0, 2, 0],
        "next_revenue": list(REVENUE_AFTER),
        "complaints": [0.0, 1.0, 0.0, 0.0, float("nan"), 0.0],
    }
    return Rows({name: np.array(values) for name, values in {**columns, **changed}.items()})


def answer(found: tuple[Comparison, ...], question: str) -> dict[str, float | None]:
    """Return each method's value for a question."""
    (one,) = [each for each in found if each.question == question]
    return {choice.method: None if choice.value is None else choice.value.value for choice in one.choices}


def test_every_method_chooses_as_many_as_we_do() -> None:
    """Two of six are chosen by each method, those that it ranks first, and what came of them is counted."""
    found = compare(rows())
    assert answer(found, "revenue") == pytest.approx({OURS: 4 / 7, NUMBER: 4 / 7, RFM: 4 / 7, LIFETIME: 350 / 700})
    # The customers without an order after are 3 and 5; 5 is at a stage at which nobody is found silent.
    assert answer(found, "silence") == pytest.approx({OURS: 1 / 2, NUMBER: 1 / 2, RFM: 1 / 2, LIFETIME: 1 / 2})
    assert answer(found, "again") == pytest.approx({OURS: 1.0, NUMBER: 1.0, RFM: 1.0, LIFETIME: 1.0})
    (silence,) = [one for one in found if one.question == "silence"]
    assert (silence.asked, silence.chosen) == (5, 2)
    assert silence.choices[0].lift is not None
    assert silence.choices[0].lift.value == pytest.approx((1 / 2) / (1 / 5))


def test_on_each_date_as_many_are_chosen() -> None:
    """A date on which we choose one lets the others choose one, whatever they would choose on other dates."""
    found = compare(rows(date=[0, 1, 1, 1, 0, 0], is_top=[False, True, True, False, True, False]))
    (revenue,) = [one for one in found if one.question == "revenue"]
    assert revenue.chosen_by_date == (1, 2)
    by_number = next(choice for choice in revenue.choices if choice.method == NUMBER)
    assert by_number.by_date == pytest.approx((100 / 350, 350 / 350))


def test_what_is_not_known_counts_nowhere() -> None:
    """Customers whose outcome or class is unknown are not asked about; models that were not computed do not answer."""
    nan = float("nan")
    known = [True, True, False, True, True, True]
    classes = ["A", None, "B", "B", "C", "C"]
    found = compare(rows(is_known=known, expected_orders=[nan] * 6, **{"class": classes}))
    assert [one.asked for one in found] == [4, 4, 5]
    assert set(answer(found, "again")) == {OURS, NUMBER, RFM}
    assert tenths(rows(expected_revenue=[nan] * 6)) == ()


def test_nobody_to_choose_from() -> None:
    """Where nobody has a class or an order, there are no figures, and nothing fails."""
    found = compare(rows(bought=[False] * 6))
    assert [(one.asked, one.chosen, one.overall) for one in found] == [(0, 0, None)] * 3


def test_groups_tell_what_came_of_them() -> None:
    """A group's rates are those of its customers; complaints count where they are recorded."""
    found = {(each.kind, each.name): each for each in groups(rows(), {"class": ("A", "B", "C"), "stage": ("exited",)})}
    assert [name for _, name in found] == ["A", "B", "C"]
    top = found["class", "A"]
    assert (top.rows, top.again and top.again.value, top.revenue and top.revenue.value) == (2, 1.0, 200.0)
    assert top.lift is not None
    assert top.lift.value == pytest.approx(1.0 / (4 / 6))
    assert [each.complained and each.complained.value for each in found.values()] == [0.5, 0.0, 0.0]
    assert sum(each.after.value for each in found.values() if each.after) == pytest.approx(1)


def test_intervals_hold_what_they_claim() -> None:
    """Of many samples, about 95 % of the intervals hold the true share, with customers seen on several dates."""
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        customers = np.repeat(np.arange(150), 3)
        yes = np.repeat(random.random(150) < 0.3, 3)  # the same on all dates: 150 witnesses, not 450
        sums = totals(customers, {"yes": yes, "all": np.ones(450)})
        found = estimate(ratio(sums["yes"], sums["all"]))
        assert found is not None
        hits += found.low <= 0.3 <= found.high
    assert hits >= 51  # of 60 at 95 %, fewer come about once in a thousand times


def test_the_models_are_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, or with too few customers who bought again, the models say why they do not answer."""
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    one = {"customer": ["a"], "repeats": [0], "recency": [0], "age": [9], "value": [None]}
    with pytest.raises(LifetimeError, match="absent"):
        expected(pa.table(one), 90)
    monkeypatch.setattr("facts.backtest.lifetime.require_library", lambda: None)
    with pytest.raises(LifetimeError, match="few"):
        expected(pa.table(one), 90)


def test_the_models_expect_more_of_whom_buys_more() -> None:
    """Where the library is installed, a lively customer is expected to order more than one who stopped long ago."""
    pytest.importorskip("pymc_marketing", reason="needs the dependency group baselines")
    random = np.random.default_rng(7)
    number = 10 * LEAST_REPEATING
    age = random.integers(100, 300, number)
    repeats = random.poisson(random.gamma(0.8, 0.015, number) * age)
    recency = np.where(repeats > 0, (age * random.random(number)).astype(int), 0)
    value = np.where(repeats > 0, random.gamma(3, 100, number), np.nan)
    age[:2], repeats[:2], recency[:2], value[:2] = 200, 12, (195, 60), (400.0, 100.0)
    told = {"customer": [str(each) for each in range(number)], "repeats": repeats, "recency": recency}
    found = expected(pa.table({**told, "age": age, "value": value}), 90)
    assert np.isfinite(found.revenue).all()
    assert found.orders[0] > found.orders[1] > 0
    assert found.revenue[0] > found.revenue[1]
