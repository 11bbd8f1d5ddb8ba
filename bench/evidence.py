"""Look back on Online Retail 2009-10 and write what it shows to `docs/evidence.md`.

make evidence
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from bench.figures import DATA, ROOT, commit, machine, put, require
from commands.backtest_words import GROUPS, BacktestWords, Table
from common.backtest import Backtest, Period, Wanted, backtest, dates_between
from common.texts import Texts
from facts.backtest.compare import LIFETIME, RFM, Comparison
from facts.imports import import_files
from facts.store import Store
from wiring import Rules, shipped_rules

PAGE = ROOT / "docs" / "evidence.md"
BEGIN, END = "<!-- figures: written by `make evidence` -->", "<!-- end of figures -->"

MONTHS, YEAR_BEFORE, SECONDS = 3, date(2008, 12, 1), 30
FIRST, KEPT, LAST = date(2010, 1, 1), date(2010, 7, 1), date(2010, 9, 1)
YEAR = (date(2009, 12, 9), date(2010, 11, 9))
"""Twelve dates, to be timed; the records leave one month of outcome for the last."""


def main() -> None:
    """Import the data into a store of its own, look back, and put the figures between the page's marks."""
    data = require(DATA / "online_retail_2009_2010" / "online_retail_II.parquet", "see tests/README.md")
    rules, texts = shipped_rules(), Texts("en")
    with tempfile.TemporaryDirectory() as place:
        store = Store.create(str(Path(place) / "retail.db"), base_currency="GBP")
        import_files(store, "online-retail", [data], user="bench")
        found, _ = _looked_back(store, rules, Wanted(dates_between(FIRST, LAST, 1), MONTHS, _now(), KEPT, YEAR_BEFORE))
        timed = Wanted(dates_between(*YEAR, 1), 1, _now(), None, YEAR_BEFORE)  # by now the models are compiled
        _, with_models = _looked_back(store, rules, timed)
        _, alone = _looked_back(store, rules, replace(timed, has_models=False))
        store.close()
    words = BacktestWords(texts, rules.pack, found)
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}. {machine()}.",
        "",
        *_numbers(words),
        _speed(len(timed.dates), alone, with_models),
        "",
        words.head,
        "",
        *(f"- {line}" for line in words.assumptions),
        "",
        *_markdown(words.dates()),
        *(line for period in reversed(found.periods) for line in _period(words, period)),
    ]
    put(PAGE, BEGIN, END, lines)


def _looked_back(store: Store, rules: Rules, wanted: Wanted) -> tuple[Backtest, float]:
    """Return a backtest, and how many seconds it took on the clock: models are fitted by several processes."""
    started = time.perf_counter()
    found = backtest(store, rules, wanted, lambda step, done, of: print(step, f"{done}/{of}", flush=True))
    return found, time.perf_counter() - started


# --- what was wanted ---


def _numbers(words: BacktestWords) -> list[str]:
    """Return, for the period kept apart, whether what was wanted was reached."""
    kept = words.found.periods[-1]
    asked = {one.question: one for one in kept.comparisons}
    lines = ["| wanted, in the period kept apart | found | reached |", "|---|---|---|"]
    for question, said in (
        ("revenue", "class A brings at least the revenue of"),
        ("silence", "the silent flag has at least the lift of"),
    ):
        lines += [_wanted(words, asked[question], said, method) for method in (RFM, LIFETIME)]
    return lines


def _wanted(words: BacktestWords, one: Comparison, said: str, method: str) -> str:
    of = {choice.method: choice for choice in one.choices}
    title = words.method(one, method)
    if method not in of:
        return f"| {said} {title} | not computed | unknown |"
    table = dict(zip((choice.method for choice in one.choices), words.comparison(one).rows, strict=True))
    (_, ours, our_lift, *_), (_, theirs, their_lift, points, _) = table["ours"], table[method]
    ahead = of[method].ahead
    found = f"{ours}, lift {our_lift}; theirs {theirs}, lift {their_lift}; points ahead {points}"
    return f"| {said} {title} | {found} | {_yes(ahead is not None and ahead.value >= 0)} |"


def _speed(dates: int, alone: float, with_models: float) -> str:
    took = f"{alone:.0f} s on the clock of this machine; {with_models:.0f} s with the models"
    reached = f"{_yes(alone < SECONDS)}; with the models {_yes(with_models < SECONDS)}"
    return f"| {dates} dates take less than {SECONDS} s | {took} | {reached} |"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "**no**"


# --- a period ---


def _period(words: BacktestWords, period: Period) -> list[str]:
    lines = [f"## {words.period(period)}", ""]
    for one in period.comparisons:
        lines += [f"### {words.question(one)}", "", words.asked(one), ""]
        if one.chosen:
            lines += _markdown(words.comparison(one)) + _markdown(words.by_date(period, one))
    lines += [f"### {words.texts('backtest_came_of')}", ""]
    for kind in GROUPS:
        if (table := words.groups(period, kind)) is not None:
            lines += _markdown(table)
    if (table := words.tenths(period)) is not None:
        lines += [f"### {words.texts('backtest_models')}", "", *_markdown(table)]
    return lines


def _markdown(table: Table) -> list[str]:
    marks = ["---", *["---:"] * (len(table.columns) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (table.columns, marks, *table.rows)] + [""]


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
