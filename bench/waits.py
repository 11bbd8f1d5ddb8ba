"""Compare waits after a single order on dates before the period kept apart, and write it to the evidence page.

make waits
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from bench.evidence import KEPT, PAGE, YEAR_BEFORE
from bench.figures import DATA, put, require
from common.backtest import Wanted, backtest, months_later
from facts.backtest.compare import LIFETIME, OURS, RFM, Comparison
from facts.imports import import_files
from facts.store import Store
from wiring import Rules, load_rules, shipped_pack

BEGIN, END = "<!-- waits: written by `make waits` -->", "<!-- end of waits -->"

DATES = tuple(date(2010, month, day) for month in range(3, 7) for day in (1, 15))
WAITS = ((90, 90, 90), (120, 90, 90), (120, 90, 75), (120, 90, 60), (120, 120, 90), (120, 120, 60))
"""Days after which a single order counts as silence, in class A, B and C."""


def main() -> None:
    """Import the data, look back with each of the waits for each outcome, and put a table between the page's marks."""
    data = require(DATA / "online_retail_2009_2010" / "online_retail_II.parquet", "see tests/README.md")
    lines = ["| wait in class A, B, C | outcome | dates | chosen | placed no order | RFM quintiles | BG/NBD |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as place:
        store = Store.create(str(Path(place) / "retail.db"), base_currency="GBP")
        import_files(store, "online-retail", [data], user="bench")
        for waits in WAITS:
            rules = _with(waits, Path(place))
            lines += [_line(store, rules, waits, months) for months in (1, 2, 3)]
        store.close()
    put(PAGE, BEGIN, END, lines)


def _with(waits: tuple[int, int, int], place: Path) -> Rules:
    """Return the shipped rules with other waits."""
    folder = place / "-".join(map(str, waits))
    folder.mkdir()
    names = ("silent.days_class_a", "silent.days", "silent.days_class_c")
    parameters = "".join(f"  - {{param: {name}, value: {days}}}\n" for name, days in zip(names, waits, strict=True))
    base = os.path.relpath(shipped_pack(), folder)
    told = "pack: waits\nversion: 1.0.0\ntitle: {en: Other waits, zh: 其他等待天数}\n"
    (folder / "pack.yaml").write_text(f"{told}extends: {base}\nparameters:\n{parameters}", encoding="utf-8")
    return load_rules(folder)


def _line(store: Store, rules: Rules, waits: tuple[int, int, int], months: int) -> str:
    dates = [day for day in DATES if months_later(day, months) <= KEPT]
    wanted = Wanted(dates, months, datetime.now(UTC), None, YEAR_BEFORE)
    found = backtest(store, rules, wanted, lambda *step: print(waits, months, *step, flush=True))
    (asked,) = (one for one in found.periods[0].comparisons if one.question == "silence")
    shares = _shares(asked)
    cells = (f"{' / '.join(map(str, waits))} days", f"{months} months" if months > 1 else "1 month", str(len(dates)))
    said = (f"{shares[method]:.1%}" if method in shares else "–" for method in (OURS, RFM, LIFETIME))
    return f"| {' | '.join((*cells, f'{asked.chosen:,}', *said))} |"


def _shares(asked: Comparison) -> Mapping[str, float]:
    return {choice.method: choice.value.value for choice in asked.choices if choice.value is not None}


if __name__ == "__main__":
    main()
