"""An incremental batch decides what a full one decides, on the same facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facts.arrow_rows import arrow_type
from facts.batch.changes import CALENDAR, CHANGED, COMMON, FIRST, NEW, offsets
from facts.batch.ledger import Ledger
from facts.batch.run import Batch, BatchRun, Decider
from facts.batch.run_folder import TAKEN_OVER, RunFolder
from facts.features import FOLDER
from facts.tables import FACT_TABLES
from tests.facts import worlds
from tests.facts.base_tables import AS_OF, ago, catalogue
from tests.profiles import count
from wiring import shipped_rules

CUSTOMERS = 36

Rows = dict[str, list[dict[str, Any]]]


def world(random: Random) -> Rows:
    """Return arbitrary facts of some customers; their rows hold from days around the as-of day and the turns before."""
    people = [f"c{number:02}" for number in range(CUSTOMERS)]
    made: Rows = {"customers": [{"key": key, "name": key, "region": "north", "holds_from": ago(900)} for key in people]}
    unfit(random, made["customers"])
    made["coverage"] = worlds.coverage(random, None) + worlds.coverage(random, people[1])
    made["exchange_rates"] = worlds.exchange_rates(random)
    for name in worlds.ABOUT_CUSTOMERS:
        made[name] = [row for key in people for row in some(random, name, key)]
    for name in ("disputes", "complaints", "opportunities", "order_lines", "invoices"):
        assert made[name]
    return {name: numbered(name, rows) for name, rows in made.items()}


def unfit(random: Random, rows: list[dict[str, Any]]) -> None:
    """Give one of some customers a number of staff with which nothing can be decided."""
    rows[random.randrange(len(rows))]["employees"] = -5


def some(random: Random, name: str, customer: str) -> list[dict[str, Any]]:
    """Return a few rows of a table about a customer, most of them from days on which something turns soon."""
    first = ago(random.choice([800, 731, 366, 366, 182, 91, 91, 30]))
    return worlds.rows(random, name, customer, random.randint(0, 3), first, first + timedelta(random.choice([4, 60])))


def numbered(name: str, rows: list[dict[str, Any]], start: int = 0) -> list[dict[str, Any]]:
    """Return rows each of which has a key of its own."""
    return [{"key": f"{name}-{start + number}", **row} for number, row in enumerate(rows)]


def changed(random: Random, facts: Rows, day: date) -> Rows:
    """Return the facts a little later: some rows came, went or are others, and so did customers."""
    start = random.randrange(10**3, 10**9)  # of the new keys
    later = {name: list(rows) for name, rows in facts.items()}
    people = [row["key"] for row in later["customers"]]
    for customer in random.sample(people, random.choice([0, 1, 2])):
        name = random.choice(worlds.ABOUT_CUSTOMERS)
        later[name] += numbered(name, worlds.rows(random, name, customer, 1, ago(60), day), start + len(later[name]))
    for name in random.sample(worlds.ABOUT_CUSTOMERS, 2):
        rows = later[name]
        if rows and random.random() < 0.5:
            rows.pop(random.randrange(len(rows)))
        elif rows:
            place = random.randrange(len(rows))
            rows[place] = {**rows[place], "retracted_at": datetime.combine(day, datetime.min.time(), UTC)}
    later["customers"] = [{**row, "employees": random.choice([row.get("employees"), 40])} for row in later["customers"]]
    if random.random() < 0.5:
        unfit(random, later["customers"])
    if random.random() < 0.3:
        later["customers"].append({"key": f"d{start}", "name": "new", "holds_from": day})
    if random.random() < 0.2:
        later["customers"].pop(random.randrange(len(people)))
    if random.random() < 0.15:
        later["exchange_rates"] += numbered("exchange_rates", worlds.exchange_rates(random)[:1], start)
    if random.random() < 0.15:
        later["coverage"] += numbered("coverage", worlds.coverage(random, random.choice(people)), start)
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


def run(facts: Path, runs: Path, day: date, *, incremental: bool, part: int = 2 * CUSTOMERS) -> BatchRun:
    """Decide everybody as of a date, in parts of so many customers."""
    job = Batch(Ledger.at(runs), decider(), day, None, "EUR", "ann", facts=facts, part=part, is_incremental=incremental)
    return job.run(lambda *_: None)


def decider() -> Decider:
    """Return the rules as a batch sees them."""
    return shipped_rules().decider()


def content(folder: RunFolder, day: date) -> tuple[dict[str, Any], dict[str, Any], list[Any], list[Any]]:
    """Return all that a run holds, whatever its parts, but for rows about customers who are not named."""
    facts: dict[str, list[Any]] = {}
    decisions, customers = [], []
    for number in range(folder.parts()):
        snapshot = folder.get_snapshot(number, day)
        customers += snapshot.customers.to_pylist()
        for name, rows in snapshot.rows.items():
            facts.setdefault(name, []).extend(row for row in rows.to_pylist() if row["customer"])
        decisions += folder.get_table(folder.decisions(number)).to_pylist()
    kept = {"customers": customers, "undecided": folder.undecided().to_pylist()}
    return kept, facts, decisions, folder.get_table(folder.portfolio).to_pylist()


@pytest.mark.parametrize("seed", range(count(quick=1, ci=1, long=100)))
def test_an_incremental_run_is_the_full_run(tmp_path: Path, seed: int) -> None:
    """Whatever changes, and however many days lie between, facts and decisions are those of a full run."""
    random = Random(seed)
    facts, day = world(random), AS_OF
    run(write(facts, tmp_path / "first"), tmp_path / "some", day, incremental=True)
    taken_over = 0
    for night in range(count(quick=2, ci=2, long=8)):
        day += timedelta(random.choice([0, 1, 1, 1, 2, 5, 31]))
        facts = changed(random, facts, day)
        place = write(facts, tmp_path / f"facts{night}")
        one = run(place, tmp_path / "some", day, incremental=True)
        full = run(place, tmp_path / "all", day, incremental=False)
        assert content(one.folder, day) == content(full.folder, day)
        published = one.folder.published()
        assert published is not None
        assert published.facts is not None
        assert sum(published.facts.values()) == one.customers + one.undecided
        taken_over += published.facts.get(TAKEN_OVER, 0)
    assert taken_over


def test_who_could_not_be_decided_is_looked_at_again(tmp_path: Path) -> None:
    """Nothing is taken over of somebody whom the run before did not decide; once mended, all are decided."""
    facts: Rows = {"customers": [{"key": key, "name": key, "holds_from": ago(900)} for key in ("fit", "unfit")]}
    unfit(Random(0), facts["customers"])
    for night, mended in enumerate((False, False, True)):
        if mended:
            facts["customers"][1]["employees"] = 5
        day = AS_OF + timedelta(night)
        one = run(write(facts, tmp_path / f"facts{night}"), tmp_path / "some", day, incremental=True)
        assert one.folder.undecided()["customer"].to_pylist() == ([] if mended else ["unfit"])
        assert (one.customers, one.undecided) == ((2, 0) if mended else (1, 1))


def test_a_full_run_is_gone_on_from_once_it_is_asked_for_incrementally(tmp_path: Path) -> None:
    """The same run stays, decided once; what later runs need of it is noted, and they decide the same."""
    random = Random(7)
    facts, night = world(random), AS_OF + timedelta(1)
    first, later = write(facts, tmp_path / "first"), write(changed(random, facts, night), tmp_path / "later")
    done = run(first, tmp_path / "some", AS_OF, incremental=False, part=20)
    before = content(done.folder, AS_OF)
    again = run(first, tmp_path / "some", AS_OF, incremental=True, part=20)
    assert (again.is_new, again.name, content(again.folder, AS_OF)) == (False, done.name, before)
    one = run(later, tmp_path / "some", night, incremental=True, part=20)
    full = run(later, tmp_path / "all", night, incremental=False, part=20)
    assert content(one.folder, night) == content(full.folder, night)
    published = one.folder.published()
    assert published is not None
    assert published.facts is not None
    assert FIRST not in published.facts
    assert published.facts[TAKEN_OVER] > 0


def test_facts_that_change_meanwhile_are_not_noted(tmp_path: Path) -> None:
    """What is noted of a full run would be that of other facts: then the next run has nothing to go on from."""
    facts = world(Random(7))
    place = write(facts, tmp_path / "facts")
    done = run(place, tmp_path / "runs", AS_OF, incremental=False)

    def rewritten(*_: object) -> None:
        (place / "orders.parquet").touch()

    job = Batch(Ledger.at(tmp_path / "runs"), decider(), AS_OF, None, "EUR", "ann", facts=place, is_incremental=True)
    assert not job.run(rewritten).is_new
    assert not done.folder.is_noted()
    run(place, tmp_path / "runs", AS_OF, incremental=True)
    assert done.folder.is_noted()


def test_each_reason_is_told(tmp_path: Path) -> None:
    """Who is new, whose records changed, for whom a day came, and what changed for all is told apart."""
    facts: Rows = {
        "customers": [{"key": key, "name": key, "holds_from": ago(900)} for key in ("quiet", "turning", "changing")],
        "coverage": numbered(
            "coverage", [{"collection": "orders", "recorded_from": date(1, 1, 1), "holds_from": ago(900)}]
        ),
        "orders": numbered("orders", [order("quiet", 40), order("turning", 90), order("changing", 40)]),
    }
    assert told(facts, tmp_path, AS_OF) == {FIRST: 3}
    facts["orders"] += numbered("orders", [order("changing", -1)], 10)
    facts["customers"].append({"key": "young", "name": "young", "holds_from": ago(0)})
    assert told(facts, tmp_path, ago(-1)) == {TAKEN_OVER: 1, CALENDAR: 1, CHANGED: 1, NEW: 1}
    assert told(facts, tmp_path, ago(-2)) == {TAKEN_OVER: 3, CALENDAR: 1}  # the first order of `changing` is a day old
    facts["exchange_rates"] = numbered(
        "exchange_rates", [{"currency": "USD", "rate_to_base": Decimal(1), "holds_from": ago(9)}]
    )
    assert told(facts, tmp_path, ago(-3)) == {COMMON: 4}


def order(customer: str, days: int) -> dict[str, Any]:
    """Return an order so many days ago."""
    return {"customer": customer, "kind": "order", "holds_from": ago(days)}


def told(facts: Rows, place: Path, day: date) -> Mapping[str, int] | None:
    """Decide everybody as of a day; return of how many customers facts were computed, and why."""
    published = run(
        write(facts, place / f"facts-{day}"), place / "runs", day, incremental=True, part=2
    ).folder.published()
    return None if published is None else published.facts


def test_features_hold_dates_against_days_in_known_ways_only() -> None:
    """What an incremental run knows of the calendar is all that features ask of it (a new way must be told to it)."""
    known = (
        r"\w+ (<=|>=|<|>) as_of\(\)( - \d+)?",  # a turn
        r"\w+ BETWEEN (\w\.)?first_day AND (\w\.)?last_day",  # two turns
        r"since <= first_day",  # a turn of coverage
        r"span, first_day, last_day",
        r"coalesce\(delivered_on, shipped_on, as_of\(\)\) > promised_on",  # a turn
        r"r\.day = as_of\(\)",  # a rate, of which a new one is visible to everybody from its first day on
        r"as_of\(\) - \w+(\.\w+)?( END)?( AS days_\w+|\)\) FILTER)",  # a count of days
        r"as_of\(\) - max\(holds_from\) AS days_since_last_interaction",
        r"coalesce\(as_of\(\) - oldest_due_on, 0\) AS overdue_days",
        r"coalesce\((\w\.)?(settled_on|settled_from|closed_on), as_of\(\)\) - (\w\.)?\w+ AS days_open",
    )
    for kind in ("customers", "rows", "spans"):
        for path in (FOLDER / kind).glob("*.sql"):
            code = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
            for way in known:
                code = re.sub(way, "", code)
            assert not re.search(r"as_of\(\)|first_day|last_day|today\(|current_date|now\(", code), path.name


def test_windows_of_the_features_are_found() -> None:
    """The days on which rows leave spans and the 365 days of invoices are read off the SQL."""
    found = offsets(catalogue())
    assert found["orders", "holds_from"] == {0, 1, 91, 182, 366, 732}
    assert found["interactions", "holds_from"] == {0, 1, 91}
    assert found["invoices", "holds_from"] == {0, 1, 366}
    assert found["invoices", "due_on"] == found["perceptions", "holds_from"] == {0, 1}
    assert found["coverage", "recorded_from"] >= {90, 181, 365, 731}
