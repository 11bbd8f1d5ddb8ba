"""An incremental batch decides what a full one decides, on the same facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.snapshot import Snapshot
from facts.batch.changes import CALENDAR, CHANGED, COMMON, FIRST, NEW, offsets
from facts.batch.ledger import TAKEN_OVER, Ledger, RunFolder
from facts.batch.run import Batch, BatchRun, Decider
from facts.features import FOLDER
from facts.reading import arrow_type
from facts.tables import FACT_TABLES
from tests.facts import worlds
from tests.facts.base_tables import AS_OF, ago, catalogue
from tests.profiles import count
from wiring import shipped_rules

CUSTOMERS = 12
PART = 5

Rows = dict[str, list[dict[str, Any]]]


def world(random: Random) -> Rows:
    """Return arbitrary facts of some customers; their rows hold from days around the as-of day and the turns before."""
    people = [f"c{number:02}" for number in range(CUSTOMERS)]
    made: Rows = {"customers": [{"key": key, "name": key, "region": "north", "holds_from": ago(900)} for key in people]}
    made["coverage"] = worlds.coverage(random, None) + worlds.coverage(random, people[1])
    made["exchange_rates"] = worlds.exchange_rates(random)
    for name in worlds.ABOUT_CUSTOMERS:
        made[name] = [row for key in people for row in some(random, name, key)]
    for name in ("disputes", "complaints", "opportunities", "order_lines", "invoices"):
        assert made[name]
    return {name: numbered(name, rows) for name, rows in made.items()}


def some(random: Random, name: str, customer: str) -> list[dict[str, Any]]:
    """Return a few rows of a table about a customer, most of them from days on which something turns soon."""
    first = ago(random.choice([800, 731, 366, 366, 182, 91, 91, 30]))
    return worlds.rows(random, name, customer, random.randint(0, 3), first, first + timedelta(random.choice([4, 60])))


def numbered(name: str, rows: list[dict[str, Any]], start: int = 0) -> list[dict[str, Any]]:
    """Return rows each of which has a key of its own."""
    return [{"key": f"{name}-{start + number}", **row} for number, row in enumerate(rows)]


def changed(random: Random, facts: Rows, day: date) -> Rows:
    """Return the facts a little later: some rows came, went or are others, and so did customers."""
    later = {name: list(rows) for name, rows in facts.items()}
    people = [row["key"] for row in later["customers"]]
    for customer in random.sample(people, random.choice([0, 1, 2])):
        name = random.choice(worlds.ABOUT_CUSTOMERS)
        later[name] += numbered(name, worlds.rows(random, name, customer, 1, ago(60), day), 10_000 + day.toordinal())
    for name in random.sample(worlds.ABOUT_CUSTOMERS, 2):
        rows = later[name]
        if rows and random.random() < 0.5:
            rows.pop(random.randrange(len(rows)))
        elif rows:
            place = random.randrange(len(rows))
            rows[place] = {**rows[place], "retracted_at": datetime.combine(day, datetime.min.time(), UTC)}
    if random.random() < 0.3:
        later["customers"].append({"key": f"d{day.toordinal()}", "name": "new", "holds_from": day})
    if random.random() < 0.2:
        later["customers"].pop(random.randrange(len(people)))
    if random.random() < 0.15:
        later["exchange_rates"] += numbered("exchange_rates", worlds.exchange_rates(random)[:1], day.toordinal())
    if random.random() < 0.15:
        later["coverage"] += numbered("coverage", worlds.coverage(random, random.choice(people)), day.toordinal())
    return later


def write(facts: Rows, place: Path) -> Path:
    """Write facts as Parquet."""
    place.mkdir()
    for name, rows in facts.items():
        columns = [column for column in FACT_TABLES[name].columns if column.name not in ("id", "recorded_at")]
        values = {column.name: [row.get(column.name, default(column)) for row in rows] for column in columns}
        schema = pa.schema([(column.name, arrow_type(column)) for column in columns])
        if rows:
            pq.write_table(pa.table(values, schema=schema), place / f"{name}.parquet")
    return place


def default(column: Any) -> Any:
    """Return what a column holds where nothing is entered."""
    said = getattr(column.server_default, "arg", None)
    if said is None or column.name in ("entered_by", "source"):
        return None if column.nullable else "x"
    return {"1": True, "0": False, "true": True, "false": False}.get(str(said), str(said))


def run(facts: Path, runs: Path, day: date, *, incremental: bool) -> BatchRun:
    """Decide everybody as of a date."""
    job = Batch(
        Ledger.at(runs), decider(), day, None, "EUR", "ann", facts=facts, part=PART, is_incremental=incremental
    )
    return job.run(lambda *_: None)


def decider() -> Decider:
    """Return the rules as a batch sees them."""
    return shipped_rules().decider()


def content(folder: RunFolder, day: date) -> tuple[dict[str, Any], dict[str, Any], list[Any], list[Any]]:
    """Return all that a run holds, whatever its parts."""
    facts: dict[str, list[Any]] = {}
    decisions, customers = [], []
    for number in range(folder.parts()):
        snapshot = folder.get_snapshot(number, day)
        customers += snapshot.customers.to_pylist()
        for name, rows in snapshot.rows.items():
            facts.setdefault(name, []).extend(rows.to_pylist())
        decisions += folder.get_table(folder.decisions(number)).to_pylist()
    return {"customers": customers}, facts, decisions, folder.get_table(folder.portfolio).to_pylist()


@pytest.mark.parametrize("seed", range(count(quick=2, ci=4, long=400)))
def test_an_incremental_run_is_the_full_run(tmp_path: Path, seed: int) -> None:
    """Whatever changes, and however many days lie between, facts and decisions are those of a full run."""
    random = Random(seed)
    facts, day = world(random), AS_OF
    run(write(facts, tmp_path / "first"), tmp_path / "some", day, incremental=True)
    taken_over = 0
    for night in range(count(quick=3, ci=4, long=6)):
        day += timedelta(random.choice([0, 1, 1, 1, 2, 5, 31]))
        facts = changed(random, facts, day)
        place = write(facts, tmp_path / f"facts{night}")
        one = run(place, tmp_path / "some", day, incremental=True)
        full = run(place, tmp_path / "all", day, incremental=False)
        assert content(one.folder, day) == content(full.folder, day)
        published = one.folder.published()
        assert published is not None
        assert published.facts is not None
        assert sum(published.facts.values()) == one.customers
        taken_over += published.facts.get(TAKEN_OVER, 0)
