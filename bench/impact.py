"""Time the impact of an edit on many customers, beside one run of the plan over the same customers.

    python -m bench.impact

The edit changes one parameter of the pack that we ship; the customers are the demo's again and again.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import demo
from bench.figures import Figure, show
from engine.impact import Versions, impact
from engine.load import load_parts
from engine.load.pack import Parts
from engine.plan import Kept, Plan
from wiring import AMOUNT, catalogue, shipped_pack

CUSTOMERS = 1_000_000
RUNS = 3
EDITED, VALUE = "value: 120", 70


def measure(number: int = CUSTOMERS, runs: int = RUNS) -> list[Figure]:
    """Return the processor time of the impact, and how many times that of one run of the plan it is."""
    versions = Versions(load_parts(shipped_pack(), catalogue()), edited(VALUE))
    base, _, currency = demo.demo_base()
    figures = []
    for name, part in (("everything recorded", base), ("only orders recorded", demo.only_orders(base))):
        snapshot = demo.demo_snapshot(part, versions.after, currency, number)

        def once() -> object:
            return list(Plan(versions.before).run(snapshot))  # noqa: B023 - called before the next turn

        def compared() -> object:
            return impact(versions, [snapshot], AMOUNT)  # noqa: B023 - called before the next turn

        kept = Kept([snapshot])
        impact(versions, kept, AMOUNT)

        def saved_again() -> object:
            return impact(versions, kept, AMOUNT)  # noqa: B023 - called before the next turn

        turns = [(_timed(once), _timed(compared), _timed(saved_again)) for _ in range(runs)]
        used = statistics.median(turn[1] for turn in turns)
        times = statistics.median(turn[1] / turn[0] for turn in turns)
        what = f"impact of one edit on {number:,} customers, {name}"
        figures.append(Figure(what, f"{used:.1f} s, {times:.1f} x one run of the plan"))
        again = statistics.median(turn[2] for turn in turns)
        times = statistics.median(turn[2] / turn[0] for turn in turns)
        figures.append(Figure(f"{what}, in a watch", f"{again:.1f} s, {times:.1f} x one run of the plan"))
    return figures


def edited(value: int) -> Parts:
    """Return the pack that we ship with another value of the edited parameter."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "edited"
        shutil.copytree(shipped_pack(), folder)
        manifest = folder / "pack.yaml"
        said = manifest.read_text(encoding="utf-8")
        manifest.write_text(said.replace(EDITED, f"value: {value}", 1), encoding="utf-8")
        return load_parts(folder, catalogue())


def _timed(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(show(measure))
