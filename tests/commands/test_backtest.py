"""What `valuelift backtest` shows, and that decisions of the past know nothing of what came after."""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from common.backtest import Wanted, conclusions, dates_between, known_then, months_later
from facts.imports import import_files
from facts.recording import record
from facts.store import Store
from tests.commands.conftest import Answer, call_command
from wiring import shipped_rules

ASKED = ("backtest", "--from", "2025-12-30", "--to", "2026-03-30", "--every", "quarter", "--as-recorded", "--no-models")


@pytest.fixture(scope="module")
def looked_back(told_store: Path) -> Answer:
    """Return what the demo story shows, on two dates."""
    return call_command(*ASKED, "--db", told_store, "--json")


def test_counts_are_those_of_the_list_and_of_the_orders(looked_back: Answer, told_store: Path) -> None:
    """Stages are those that `customers` lists on the date; who is silent after has no order in the store."""
    found = looked_back.json
    first = found["dates"][0]
    assert (first["as_of"], first["until"]) == ("2025-12-30", "2026-03-30")
    store = Store.open(str(told_store))
    orders = store.base_tables(date(2026, 3, 30), only={"orders": ("customer", "kind", "holds_from")})["orders"]
    store.close()
    after = {
        row["customer"]
        for row in orders.to_pylist()
        if row["kind"] == "order" and row["holds_from"] > date(2025, 12, 30)
    }
    known_at = ("--known-at", "2025-12-30T23:59:59+00:00")
    listed = call_command("customers", "--db", told_store, "--as-of", "2025-12-30", *known_at, "--json").json
    assert first["customers"] == len(listed)
    assert first["silent"] >= first["known"] - len(after & {row["customer"] for row in listed})
    (period,) = found["periods"]
    stages = {each["name"]: each["rows"] for each in period["groups"] if each["kind"] == "stage"}
    both = Counter(row["proposed_stage"] for row in listed)
    late = ("--known-at", "2026-03-30T23:59:59+00:00")
    both.update(
        row["proposed_stage"]
        for row in call_command("customers", "--db", told_store, "--as-of", "2026-03-30", *late, "--json").json
    )
    unknown = sum(each["customers"] - each["known"] for each in found["dates"])
    assert sum(stages.values()) == sum(both.values()) - unknown
    assert all(number <= both[stage] for stage, number in stages.items())
    assert found["lifetime"] == "skipped"
    assert {each["question"]: each["chosen"] > 0 for each in period["comparisons"]}["revenue"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_fits_eighty_columns_and_every_picture_has_a_table(
    told_store: Path, tmp_path: Path, language: str
) -> None:
    """In both languages no line is longer than eighty cells; each picture of the page has a table behind it."""
    page = tmp_path / "page.html"
    answer = call_command(*ASKED, "--db", told_store, "--lang", language, "--html", page)
    assert answer.code == 0
    assert [line for line in answer.lines if cell_len(line) > 80] == []
    text = page.read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    body = ElementTree.fromstring(text[text.index("<body>") :].removesuffix("\n").removesuffix("</html>"))  # noqa: S314
    kinds = [each.tag for each in body.iter() if each.tag in ("svg", "table")]
    assert kinds.count("svg") >= 5
    assert all(kinds[place + 1] == "table" for place, kind in enumerate(kinds) if kind == "svg")


def test_wrong_questions_are_answered_clearly(told_store: Path) -> None:
    """A period without outcomes, one before the first customer, and one that ends before it begins."""

    def asked(first: str, last: str, *more: str) -> Answer:
        return call_command("backtest", "--from", first, "--to", last, *more, "--db", told_store)

    backwards = asked("2026-03-01", "2026-02-01")
    assert (backwards.code, "is after" in backwards.errors) == (2, True)
    apart = asked("2026-01-01", "2026-02-01", "--keep-apart-from", "2026-05-01")
    assert (apart.code, "--keep-apart-from" in apart.errors) == (2, True)
    later = f"{date.today() - timedelta(days=30)}"
    without = asked(later, later)
    assert (without.code, "is not known" in without.errors, "--to" in without.errors) == (1, True, True)
    empty = asked("1990-01-01", "1990-02-01")
    assert (empty.code, "There are no customers as of 1990-01-01" in empty.errors) == (1, True)
    assert asked("2026-01-01", "2026-02-01", "--every", "mnth").errors.count("month") > 0


def test_an_empty_base_and_a_customer_with_one_order(tmp_path: Path) -> None:
    """Without customers or records there is nothing to look back on; one order is enough to be counted."""
    path = tmp_path / "small.db"
    store = Store.create(str(path))
    asked = ("backtest", "--from", "2024-06-01", "--to", "2024-06-01", "--db", path)
    assert "has no customers" in call_command(*asked).errors
    acme = {"key": "acme", "name": "Acme", "holds_from": date(2024, 1, 1)}
    order = {"key": "o1", "customer": "acme", "holds_from": date(2024, 5, 1)}
    line = {**order, "key": "l1", "order_key": "o1", "product": "P", "quantity": 1, "unit_price": 5, "amount": 5}
    for table, row in {"customers": acme, "orders": order, "order_lines": {**line, "currency": "EUR"}}.items():
        record(store, table, [row], user="ann", source="test")
    assert "nobody says" in call_command(*asked).errors
    begun = {"collection": "orders", "recorded_from": date(2020, 1, 1), "holds_from": date(2020, 1, 1)}
    record(store, "coverage", [begun], user="ann", source="test")
    found = call_command(*asked, "--json").json
    assert (found["dates"][0]["known"], found["dates"][0]["silent"], found["dates"][0]["revenue"]) == (1, 1, 0.0)
    # Recorded today, it was not known then: strictly, there was nobody.
    store.close()
    assert "was recorded by then" in call_command(*asked, "--as-recorded").errors


def test_dates_follow_each_other() -> None:
    """The last of a month stays the last, as far as a month has such a day."""
    assert dates_between(date(2025, 12, 31), date(2026, 4, 1), 1) == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]
    assert months_later(date(2026, 3, 31), -1) == date(2026, 2, 28)


# --- a part of real data ---


@pytest.fixture(scope="module")
def part(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, date]:
    """Return two stores of some wholesale customers, with all that happened and with what happened up to a date."""
    folder = tmp_path_factory.mktemp("retail")
    every = pq.read_table(test_data / "online_retail_2009_2010" / "online_retail_II.parquet")
    keys = pc.unique(pc.drop_null(every["Customer ID"]))
    ours = pa.array([key for key in keys if zlib.crc32(str(key).encode()) % 20 == 0])
    lines = every.filter(pc.is_in(every["Customer ID"], value_set=ours))
    past = lines.filter(pc.less(lines["InvoiceDate"], "2010-08"))
    found: list[Path] = []
    for name, rows in {"whole": lines, "past": past}.items():
        pq.write_table(rows, folder / f"{name}.parquet")
        found.append(folder / f"{name}.db")
        store = Store.create(str(found[-1]), base_currency="GBP")
        import_files(store, "online-retail", [folder / f"{name}.parquet"], user="tester")
        store.close()
    return found[0], found[1], date.fromisoformat(pc.max(past["InvoiceDate"]).as_py()[:10])


def test_decisions_know_nothing_of_the_future(part: tuple[Path, Path, date]) -> None:
    """Who has only what happened up to the date concludes the same, and ranks by the same quintiles."""
    told: list[tuple[Any, ...]] = []
    *paths, as_of = part
    for path in paths:
        store = Store.open(str(path))
        wanted = Wanted([as_of], 3, datetime.now(UTC), recorded_from=date(2008, 12, 1))
        snapshot, history, _ = known_then(store, shipped_rules(), wanted, "GBP", as_of)
        store.close()
        told.append((snapshot.customers["customer"].to_pylist(), conclusions(shipped_rules(), snapshot), history))
    (keys, now, orders), (keys_then, then, orders_then) = told
    assert keys == keys_then
    assert len(keys) > 100
    assert {name: bool(np.array_equal(now[name], then[name])) for name in now} == dict.fromkeys(now, True)
    assert orders.equals(orders_then)
    assert now["at_risk"].any()
    assert now["is_top"].any()


def test_real_customers_are_judged(part: tuple[Path, Path, date]) -> None:
    """Without a year of records there are no classes, and it is said; with the assumption class A has a lift."""
    asked = ("backtest", "--from", "2010-07-01", "--to", "2010-09-01", "--every", "quarter", "--db", part[0])
    plain = call_command(*asked, "--lang", "en")
    assert "Classes are not known on 1 of 1 date" in " ".join(plain.output.split())
    found = call_command(*asked, "--recorded-from", "2008-12-01", "--json").json
    (period,) = found["periods"]
    revenue = next(each for each in period["comparisons"] if each["question"] == "revenue")
    ours = next(each for each in revenue["choices"] if each["method"] == "ours")
    assert ours["value"]["low"] < ours["value"]["value"] < ours["value"]["high"]
    assert ours["lift"]["value"] > 1.5
    late = call_command(*asked[:4], "2010-10-01", *asked[5:])
    assert (late.code, "--to 2010-09-09" in late.errors or "--to 2010-09-0" in late.errors) == (1, True)
