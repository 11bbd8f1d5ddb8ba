"""The backtest: decide the whole base as of past dates, on what was known then, and see what came true."""

from __future__ import annotations

import calendar
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.model import SetFact
from engine.plan.overview import overview
from engine.said import said
from engine.vocabulary import FactKey
from facts.backtest import Outcomes, history, outcomes_known, recorded_since
from facts.backtest.compare import Comparison, Group, Rows, Tenth, compare, groups, tenths
from facts.backtest.lifetime import LifetimeError, expected, require_library
from facts.database import StoreError
from facts.feature_database import prepared_base
from facts.features import base_columns
from facts.portfolio import with_portfolio
from facts.snapshot import portfolio_facts, snapshot_in
from facts.snapshot_checks import customers_of
from facts.store import Store

if TYPE_CHECKING:
    from engine.snapshot import Snapshot
    from wiring import Rules

AT_RISK = FactKey(None, "is_silent")
CAN_BE_AT_RISK = ("new", "established", "core", "strategic")
STEADY = ("established", "core", "strategic")
CLASSES, TOP = ("A", "B", "C"), "A"
MOVES = ("up", "stay", "down", "aside", "back")
"""The conclusions of the pack that are judged: that a customer fell silent, at the stages at which rules conclude it;
the proposed stage; the class, of which A is the top one; the move."""

Progress = Callable[[str, int, int], None]
Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked back on.

    `kept_from`: decisions from this date on are judged apart. `recorded_from`: orders are taken to be recorded of
    everybody since this day. `as_recorded`: only what the store had learnt by each date counts, else all that held.
    `has_models`: BG/NBD and Gamma-Gamma are fitted, if their library is there.
    """

    dates: Sequence[date]
    months: int
    known_at: datetime
    kept_from: date | None = None
    recorded_from: date | None = None
    as_recorded: bool = False
    has_models: bool = True


@dataclass(frozen=True, slots=True)
class Dated:
    """A date with its outcome: how many customers there were, and of how many what happened next is known."""

    as_of: date
    until: date
    period: str
    customers: int
    known: int
    at_risk: int
    top: int
    has_classes: bool
    silent: int
    revenue: float


@dataclass(frozen=True, slots=True)
class Period:
    """Dates that are judged together: `all`, or `earlier` and `kept`."""

    name: str
    dates: tuple[date, ...]
    comparisons: tuple[Comparison, ...]
    groups: tuple[Group, ...]
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What came true.

    `undecided` are those who could not be decided on some date, and are left out there. `lifetime` is `computed`, or
    why BG/NBD was not: `absent` (its library), `few` (who bought again), or `skipped`.
    """

    wanted: Wanted
    currency: str
    dates: tuple[Dated, ...]
    periods: tuple[Period, ...]
    undecided: tuple[str, ...]
    lifetime: str


def dates_between(first: date, last: date, months: int) -> list[date]:
    """Return a date and those that follow it every so many months, up to another date."""
    found: list[date] = []
    while (day := months_later(first, len(found) * months)) <= last:
        found.append(day)
    return found


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or its last one if it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period_of(as_of: date, until: date, kept_from: date | None) -> str:
    """Return which period a date belongs to; `between` are those whose outcome reaches into the period kept apart."""
    if kept_from is None:
        return "all"
    if as_of >= kept_from:
        return "kept"
    return "earlier" if until <= kept_from else "between"


def backtest(store: Store, rules: Rules, wanted: Wanted, progress: Progress) -> Backtest:
    """Decide the base on each date and compare with what happened in the months after.

    Raises:
        StoreError: if on a date there are no customers, or what happened after it is not known.
    """
    currency = store.settings()["base_currency"]
    with outcomes_known(store, wanted.known_at, currency) as outcomes:
        _require_outcomes(outcomes, wanted)
        parts = []
        for place, as_of in enumerate(wanted.dates):
            progress("backtest_deciding", place, len(wanted.dates))
            parts.append(_decided(store, rules, wanted, currency, as_of, outcomes))
        progress("backtest_deciding", len(parts), len(parts))
    lifetime = _add_expectations(parts, progress) if wanted.has_models else "skipped"
    progress("backtest_comparing", 0, 1)
    undecided = frozenset().union(*(part.undecided for part in parts))
    periods = tuple(_periods(wanted, rules, parts))
    found = Backtest(wanted, currency, _dated(wanted, parts), periods, tuple(sorted(undecided)), lifetime)
    progress("backtest_comparing", 1, 1)
    return found


def _require_outcomes(outcomes: Outcomes, wanted: Wanted) -> None:
    if outcomes.known_until is None:
        raise StoreError(
            said("There is nothing to judge decisions by"),
            said("nobody says from when to when orders are recorded"),
            said("Import orders by a mapping that covers them, or add rows to coverage.csv: see docs/imports.md."),
        )
    for as_of in wanted.dates:
        until = months_later(as_of, wanted.months)
        if until > outcomes.known_until:
            latest = _months_earlier(outcomes.known_until, wanted.months)
            raise StoreError(
                said(
                    "What happened in the {months} months after {as_of} is not known", months=wanted.months, as_of=as_of
                ),
                said(
                    "that would be until {until}, and orders are recorded until {known_until}",
                    until=until,
                    known_until=outcomes.known_until,
                ),
                said("Give --to {latest} or an earlier date, or fewer --outcome-months.", latest=latest),
            )


def _months_earlier(day: date, months: int) -> date:
    """Return the last date from which so many months end by a day."""
    found = months_later(day, -months)
    while months_later(found, months) > day:
        found -= timedelta(days=1)
    return found


# --- one date ---


@dataclass(frozen=True, slots=True)
class _Part:
    """One date: columns of `compare.Rows` but `customer` and `date`, keys, and what orders tell up to the date."""

    as_of: date
    until: date
    keys: pa.ChunkedArray
    columns: Columns
    history: pa.Table
    undecided: frozenset[str]


class Known(NamedTuple):
    """What was known as of a date: the facts of those who can be decided, what all orders tell, and the others."""

    snapshot: Snapshot
    orders: pa.Table
    undecided: frozenset[str]


def _decided(store: Store, rules: Rules, wanted: Wanted, currency: str, as_of: date, outcomes: Outcomes) -> _Part:
    until = months_later(as_of, wanted.months)
    snapshot, orders, undecided = known_then(store, rules, wanted, currency, as_of)
    keys = snapshot.customers["customer"]
    columns = conclusions(rules, snapshot)
    columns |= _looked_up(orders, keys, ("r", "f", "m", "days_since", "orders", "revenue"))
    columns["bought"] = pc.is_in(keys, value_set=orders["customer"]).to_numpy()
    after = outcomes.after(as_of, until)
    happened = _looked_up(after, keys, ("is_known", "orders", "days", "revenue", "complaints"))
    columns["is_known"] = np.nan_to_num(happened["is_known"]).astype(np.bool_)
    columns |= {
        "next_orders": happened["orders"],
        "next_days": happened["days"],
        "next_revenue": happened["revenue"],
        "complaints": happened["complaints"],
    }
    columns |= {name: np.full(len(keys), np.nan) for name in ("expected_orders", "expected_revenue")}
    return _Part(as_of, until, keys, columns, orders, undecided)


def known_then(store: Store, rules: Rules, wanted: Wanted, currency: str, as_of: date) -> Known:
    """Return the facts of all customers as of a date, and what their orders tell."""
    evening = datetime.combine(as_of, time.max, UTC)
    known_at = min(evening, wanted.known_at) if wanted.as_recorded else wanted.known_at
    base = store.base_tables(as_of, known_at, only=base_columns())
    if not base["customers"].num_rows:
        why = (
            said("nothing that holds by then was recorded by then")
            if wanted.as_recorded
            else said("nothing holds by then")
        )
        hint = (
            said("Give a later --from, or leave out --as-recorded.")
            if wanted.as_recorded
            else said("Give a later --from.")
        )
        raise StoreError(said("There are no customers as of {as_of}", as_of=as_of), why, hint)
    if wanted.recorded_from is not None:
        base = recorded_since(base, wanted.recorded_from)
    with prepared_base(base, as_of, currency) as database:
        (snapshot, misfits), orders = snapshot_in(database, rules.pack.vocabulary, as_of), history(database)
    # Who resembles whom is left out: no conclusion that is judged rests on it.
    return Known(with_portfolio(snapshot, portfolio_facts(snapshot)), orders, customers_of(misfits))


def conclusions(rules: Rules, snapshot: Snapshot) -> Columns:
    """Decide all customers, and return what is judged of the decisions."""
    ladder = rules.pack.ladder
    names = signs_of_risk(rules)
    signs = [rule for rule in rules.program.rules if rule.id in names]
    tables, at_risk, found_signs = [], [], []
    for result in rules.plan.run(snapshot):
        tables.append(
            overview(rules.program, result, {"stage": ladder.proposed, "now": ladder.stage, "move": ladder.move})
        )
        flag = result.values.get(AT_RISK)
        none = np.zeros(len(result.customers), np.bool_)
        at_risk.append(none if flag is None else (flag.codes == 1) & (True if flag.known is None else flag.known))
        sign = np.full(len(none), None, object)
        for rule in signs:
            sign[result.fired[rule.index]] = rule.id
        found_signs.append(sign)
    decided = pa.concat_tables(tables)
    classes = _words(snapshot.customers["abc_class"]) if "abc_class" in snapshot.customers.column_names else None
    stage = _words(decided["stage"])
    return {
        "stage": stage,
        "move": _words(decided["move"]),
        "class": np.full(len(stage), None, object) if classes is None else classes,
        "at_risk": np.concatenate(at_risk),
        "sign": np.concatenate(found_signs),
        "can_be_at_risk": np.isin(_words(decided["now"]).astype(str), CAN_BE_AT_RISK),
        "is_steady": np.isin(stage.astype(str), STEADY),
        "is_top": np.zeros(len(stage), np.bool_) if classes is None else classes == TOP,
    }


def signs_of_risk(rules: Rules) -> tuple[str, ...]:
    """Return the rules that conclude that a customer is at risk."""
    return tuple(
        rule.id
        for rule in rules.pack.rules
        if any(isinstance(each, SetFact) and each.fact == AT_RISK for each in rule.conclusions)
    )


def _words(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    return np.array(column.to_pylist(), object)


def _looked_up(table: pa.Table, keys: pa.ChunkedArray, names: Sequence[str]) -> Columns:
    """Return columns of a table as numbers, one for each key; nan where it has no row."""
    places = pc.index_in(keys, value_set=table["customer"])
    found = table.select(list(names)).take(places)
    return {name: found[name].cast(pa.float64()).to_numpy() for name in names}


# --- all dates ---


def _add_expectations(parts: list[_Part], progress: Progress) -> str:
    """Fill in what BG/NBD and Gamma-Gamma expect on each date; return `computed`, or why they were not."""
    try:
        require_library()
        # The dates are independent, and the models take longer than all else.
        with ProcessPoolExecutor(
            min(os.cpu_count() or 1, len(parts)), multiprocessing.get_context("spawn")
        ) as processes:
            fits = processes.map(
                expected, (part.history for part in parts), ((part.until - part.as_of).days for part in parts)
            )
            progress("backtest_fitting", 0, len(parts))
            for place, (part, found) in enumerate(zip(parts, fits, strict=True), 1):
                table = pa.table(
                    {"customer": part.history["customer"], "orders": found.orders, "revenue": found.revenue}
                )
                numbers = _looked_up(table, part.keys, ("orders", "revenue"))
                part.columns.update(expected_orders=numbers["orders"], expected_revenue=numbers["revenue"])
                progress("backtest_fitting", place, len(parts))
    except LifetimeError as error:
        return error.reason
    return "computed"


def _dated(wanted: Wanted, parts: Sequence[_Part]) -> tuple[Dated, ...]:
    found = []
    for part in parts:
        known = part.columns["is_known"]
        found.append(
            Dated(
                as_of=part.as_of,
                until=part.until,
                period=period_of(part.as_of, part.until, wanted.kept_from),
                customers=len(part.keys),
                known=int(known.sum()),
                at_risk=int(part.columns["at_risk"].sum()),
                top=int(part.columns["is_top"].sum()),
                has_classes=any(each is not None for each in part.columns["class"]),
                silent=int((known & (part.columns["next_orders"] == 0)).sum()),
                revenue=float(np.nansum(part.columns["next_revenue"][known])),
            )
        )
    return tuple(found)


def _periods(wanted: Wanted, rules: Rules, parts: Sequence[_Part]) -> Sequence[Period]:
    by_period: dict[str, list[_Part]] = {}
    for part in parts:
        by_period.setdefault(period_of(part.as_of, part.until, wanted.kept_from), []).append(part)
    found = []
    for name in ("all", "earlier", "kept"):
        if name in by_period:
            rows = _rows(by_period[name])
            stages = rules.pack.vocabulary.enums["stage"].members
            members: Mapping[str, Sequence[str]] = {
                "stage": stages,
                "move": MOVES,
                "class": CLASSES,
                "risk": ("yes", "no"),
                "sign": signs_of_risk(rules),
            }
            dates = tuple(part.as_of for part in by_period[name])
            found.append(Period(name, dates, compare(rows), groups(rows, members), tenths(rows)))
    return found


def _rows(parts: Sequence[_Part]) -> Rows:
    """Put the dates of a period one below the other."""
    keys = pa.chunked_array([chunk for part in parts for chunk in part.keys.chunks])
    columns: Columns = {
        "customer": keys.combine_chunks().dictionary_encode().indices.to_numpy(),
        "date": np.concatenate([np.full(len(part.keys), place) for place, part in enumerate(parts)]),
    }
    columns |= {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    risk = np.where(columns["at_risk"], "yes", "no").astype(object)
    risk[~columns["can_be_at_risk"]] = None
    return Rows({**columns, "risk": risk})
