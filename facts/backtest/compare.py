"""What came true: conclusions against what happened next, beside the choices that others would have made.

Everything is counted in rows: a customer on a date. `Rows` holds all rows of a period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facts.backtest.resample import Array, Estimate, estimate, ratio, totals

Mask = npt.NDArray[np.bool_]
Column = npt.NDArray[np.generic]

OURS, NUMBER, RFM, LIFETIME = "ours", "number", "rfm", "lifetime"
TENTHS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Customers on dates, in columns.

    `customer` and `date` are numbered from 0. `stage`, `move` and `class` are words (None: not known), `at_risk`,
    `can_be_at_risk`, `is_steady` and `is_top` flags. `bought` tells whether there is an order up to the date; `r`, `f`,
    `m`, `days_since`, `orders` and `revenue` come from `history.sql`, `expected_orders` (days with an order) and
    `expected_revenue` from the models (nan: not computed). `is_known`, `next_orders`, `next_days` (with an order),
    `next_revenue` and `complaints` (nan: not recorded) are what happened.
    """

    columns: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def where(self, mask: Mask) -> Rows:
        """Return some of the rows."""
        return Rows({name: column[mask] for name, column in self.columns.items()})


@dataclass(frozen=True, slots=True)
class Choice:
    """Customers chosen by a method, and what came of them.

    `value` is the share of those chosen for whom it came true, or the share of the revenue that they brought; `lift`
    how many times as much that is as among as many customers taken at random; `ahead` our value less this one's;
    `by_date` the value on each date (None: nobody was chosen).
    """

    method: str
    value: Estimate | None
    lift: Estimate | None
    ahead: Estimate | None
    by_date: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question that our conclusion answers, and the answers of others who choose as many customers on each date."""

    question: str
    asked: int
    chosen: int
    overall: Estimate | None
    chosen_by_date: tuple[int, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Customers of whom the same was concluded, and what came of them.

    `again` is the share that ordered again, `lift` that share against all customers', `revenue` what came in per
    customer, `before` and `after` the group's share of the revenue of 365 days before and of the outcome.
    """

    kind: str
    name: str
    rows: int
    again: Estimate | None
    lift: Estimate | None
    revenue: Estimate | None
    before: Estimate | None
    after: Estimate | None
    complained: Estimate | None


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the customers by expected revenue: what was expected of each, and what came; of orders, their days."""

    tenth: int
    rows: int
    expected_revenue: Estimate | None
    revenue: Estimate | None
    expected_orders: Estimate | None
    orders: Estimate | None


@dataclass(frozen=True, slots=True)
class _Question:
    """Whom it is asked of, whom we choose, and what counts: a share of those chosen, or of all that is to be had."""

    name: str
    asked: Mask
    chosen: Mask
    worth: Column
    is_share_of_worth: bool = False


# --- comparisons ---


def compare(rows: Rows) -> tuple[Comparison, ...]:
    """Answer the three questions: who brings the revenue, who orders again, who falls silent."""
    return tuple(_compared(rows, question) for question in _questions(rows))


def _questions(rows: Rows) -> Iterator[_Question]:
    asked = _flags(rows["bought"]) & _flags(rows["is_known"])
    ordered = _numbers(rows["next_orders"]) > 0
    has_class = np.array([each is not None for each in rows["class"]], np.bool_)
    paid = asked & has_class & np.isfinite(_numbers(rows["next_revenue"]))
    yield _Question("revenue", paid, _flags(rows["is_top"]), np.nan_to_num(_numbers(rows["next_revenue"])), True)
    yield _Question("silence", asked & _flags(rows["can_be_at_risk"]), _flags(rows["at_risk"]), ~ordered)
    yield _Question("again", asked, _flags(rows["is_steady"]), ordered)


def _compared(rows: Rows, question: _Question) -> Comparison:
    found = rows.where(question.asked)
    chosen, worth = question.chosen[question.asked], _numbers(question.worth[question.asked])
    methods = [
        OURS,
        NUMBER,
        RFM,
        *([LIFETIME] if np.isfinite(_numbers(found["expected_orders"])).all() and len(chosen) else []),
    ]
    masks = {method: _as_many(found, chosen, question.name, method) for method in methods}
    columns = {"all": np.ones(len(chosen)), "worth": worth, "chosen": chosen}
    sums = totals(_codes(found["customer"]), columns | {method: mask * worth for method, mask in masks.items()})
    under = sums["worth"] if question.is_share_of_worth else sums["chosen"]
    share = ratio(sums["chosen"], sums["all"])
    overall = share if question.is_share_of_worth else ratio(sums["worth"], sums["all"])
    values = {method: ratio(sums[method], under) for method in methods}
    dates = range(int(rows["date"].max()) + 1 if len(rows["date"]) else 0)
    on = [found["date"] == date for date in dates]
    return Comparison(
        question.name,
        len(chosen),
        int(chosen.sum()),
        estimate(overall),
        tuple(int(chosen[there].sum()) for there in on),
        tuple(
            Choice(
                method,
                estimate(values[method]),
                estimate(ratio(values[method], overall)),
                None if method == OURS else estimate(values[OURS] - values[method]),
                tuple(_on_date(mask[there], worth[there], question.is_share_of_worth) for there in on),
            )
            for method, mask in masks.items()
        ),
    )


def _on_date(chosen: Mask, worth: Array, is_share_of_worth: bool) -> float | None:
    under = worth.sum() if is_share_of_worth else chosen.sum()
    return float((chosen * worth).sum() / under) if chosen.any() and under else None


def _as_many(rows: Rows, ours: Mask, question: str, method: str) -> Mask:
    """Choose on each date as many customers as we did, the best by a method."""
    if method == OURS:
        return ours
    chosen = np.zeros(len(ours), np.bool_)
    keys = _ranked_by(rows, question, method)
    for date in np.unique(rows["date"]):
        (there,) = np.nonzero(rows["date"] == date)
        best_first = there[np.lexsort([key[there] for key in reversed(keys)])]
        chosen[best_first[: int(ours[there].sum())]] = True
    return chosen


def _ranked_by(rows: Rows, question: str, method: str) -> Sequence[Array]:
    """Return the keys by which a method ranks customers, the most important first, the best lowest.

    A number alone is the revenue of 365 days, the days since the last order, or the orders of 365 days. RFM takes the
    highest sum of quintiles, and for silence the lowest quintiles of recency, then of frequency. The models take the
    highest revenue or the most orders that they expect, and for silence the fewest orders.
    """
    r, f, m, days = (_numbers(rows[name]) for name in ("r", "f", "m", "days_since"))
    if method == NUMBER:
        alone = {"silence": -days, "again": -_numbers(rows["orders"]), "revenue": -_numbers(rows["revenue"])}
        return (alone[question],)
    if method == RFM:
        return (r, f, -days) if question == "silence" else (-(r + f + m), -_numbers(rows["revenue"]), days)
    orders, revenue = _numbers(rows["expected_orders"]), _numbers(rows["expected_revenue"])
    return {"silence": (orders,), "again": (-orders,), "revenue": (-revenue,)}[question]


# --- calibration ---


def groups(rows: Rows, members: Mapping[str, Sequence[str]]) -> tuple[Group, ...]:
    """Return what came of each group: by kind (a column of words) its members in order, if there are any rows."""
    known = rows.where(_flags(rows["is_known"]))
    masks = {
        (kind, name): known[kind] == name
        for kind, names in members.items()
        for name in names
        if (known[kind] == name).any()
    }
    again, revenue, before, complained = (
        _numbers(known["next_orders"]) > 0,
        np.nan_to_num(_numbers(known["next_revenue"])),
        np.nan_to_num(_numbers(known["revenue"])),
        _numbers(known["complaints"]),
    )
    parts = {
        "rows": np.ones(len(again)),
        "again": again,
        "revenue": revenue,
        "before": before,
        "told": np.isfinite(complained),
        "complained": np.nan_to_num(complained) > 0,
    }
    columns = {("all", "", part): values for part, values in parts.items()}
    columns |= {(*of, part): mask * values for of, mask in masks.items() for part, values in parts.items()}
    sums = totals(_codes(known["customer"]), {"/".join(key): values for key, values in columns.items()})
    return tuple(_group(sums, kind, name) for kind, name in masks)


def _group(sums: Mapping[str, Array], kind: str, name: str) -> Group:
    def own(part: str) -> Array:
        return sums[f"{kind}/{name}/{part}"]

    def whole(part: str) -> Array:
        return sums[f"all//{part}"]

    again = ratio(own("again"), own("rows"))
    return Group(
        kind,
        name,
        int(own("rows")[0]),
        estimate(again),
        estimate(ratio(again, ratio(whole("again"), whole("rows")))),
        estimate(ratio(own("revenue"), own("rows"))),
        estimate(ratio(own("before"), whole("before"))),
        estimate(ratio(own("revenue"), whole("revenue"))),
        estimate(ratio(own("complained"), own("told"))),
    )


def tenths(rows: Rows) -> tuple[Tenth, ...]:
    """Return what the models expected of each tenth of the customers, the lowest first, and what came."""
    known = rows.where(_flags(rows["is_known"]) & np.isfinite(_numbers(rows["expected_revenue"])))
    if not len(known["customer"]):
        return ()
    tenth = np.zeros(len(known["customer"]), np.int64)
    for date in np.unique(known["date"]):
        (there,) = np.nonzero(known["date"] == date)
        in_order = there[np.argsort(_numbers(known["expected_revenue"])[there], kind="stable")]
        tenth[in_order] = np.arange(len(there)) * TENTHS // len(there)
    parts = {
        "rows": np.ones(len(tenth)),
        "expected_revenue": _numbers(known["expected_revenue"]),
        "revenue": np.nan_to_num(_numbers(known["next_revenue"])),
        "expected_orders": _numbers(known["expected_orders"]),
        "orders": _numbers(known["next_days"]),
    }
    columns = {f"{one}/{part}": (tenth == one) * values for one in range(TENTHS) for part, values in parts.items()}
    sums = totals(_codes(known["customer"]), columns)
    found = []
    for one in range(TENTHS):
        rows_there = sums[f"{one}/rows"]
        means = (estimate(ratio(sums[f"{one}/{part}"], rows_there)) for part in list(parts)[1:])
        found.append(Tenth(one + 1, int(rows_there[0]), *means))
    return tuple(found)


def _codes(customers: Column) -> npt.NDArray[np.int64]:
    """Number customers anew, without gaps: only those who are there are drawn."""
    return np.unique(customers, return_inverse=True)[1].astype(np.int64)


def _numbers(column: Column) -> Array:
    return column.astype(np.float64)


def _flags(column: Column) -> Mask:
    return column.astype(np.bool_)
