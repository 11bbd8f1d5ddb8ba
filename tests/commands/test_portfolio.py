"""What `valuelift portfolio` shows, and that it agrees with the list of customers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from common.texts import all_texts
from facts.demo import AS_OF
from facts.recording import record
from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command

SINCE = AS_OF - timedelta(days=90)


def test_stages_are_those_of_the_list_at_both_dates(query: Call) -> None:
    """The distribution and the flow count the customers that `valuelift customers` lists."""
    found = query("portfolio", "--as-of", DAY, "--json").json
    then, now = (
        {row["customer"]: row["stage"] for row in query("customers", "--as-of", day, "--json").json}
        for day in (SINCE, AS_OF)
    )
    assert {row["stage"]: row["customers"] for row in found["stages"] if row["customers"]} == Counter(now.values())
    flow = Counter((then.get(key, "absent"), stage) for key, stage in now.items())
    assert {(row["from_stage"], row["to_stage"]): row["customers"] for row in found["flow"]} == flow
    assert [row["customer"] for row in found["problem"]] == sorted(key for key, at in now.items() if at == "problem")
    assert found["problem_share"] == {"n": Counter(now.values())["problem"], "of": len(now)}


def test_every_figure_of_the_demo_says_something(query: Call) -> None:
    """The story has an example for each figure: rates that are neither nothing nor everything, and names.

    Everybody in it can be decided.
    """
    found = query("portfolio", "--as-of", DAY, "--json").json
    assert [name for name, rows in found.items() if rows in ([], {}, None)] == ["undecided"]
    (total,) = [row for row in found["upgrades"] if row["dimension"] == "all"]
    assert 0 < total["up"] < total["customers"]
    assert total["down"] > 0
    assert 0 < sum(row["accepted"] for row in found["acceptance"]) < sum(row["heard"] for row in found["acceptance"])
    assert 0 < found["core_needs_met"]["n"] < found["core_needs_met"]["of"]
    assert 0 < found["freshness"][0]["heard"] < found["freshness"][0]["customers"]
    assert {row["abc_class"] for row in found["classes"]} == {"A", "B", "C"}
    assert {row["stage"] for row in found["look_alikes"]} <= {"potential", "target"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_fits_eighty_columns(query: Call, language: str) -> None:
    """Every section is there in both languages, folded and whole, in eighty cells."""
    for options in ((), ("--all",), ("--look-alikes",), ("--look-alikes", "--all")):
        answer = query("portfolio", "--as-of", DAY, "--lang", language, *options)
        assert answer.code == 0
        assert [line for line in answer.lines if cell_len(line) > 80] == []
    sections = ("stage_flow", "upgrade_rates", "core_needs", "overdue_plans", "classes", "sources", "hints", "segments")
    lines = query("portfolio", "--as-of", DAY, "--lang", language).lines
    assert [name for name in sections if all_texts()[name][language] not in lines] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_columns_of_a_table_stand_below_each_other(query: Call, language: str) -> None:
    """The numbers of the flow end where their column's heading does, whatever the width of the words before them."""
    lines = query("portfolio", "--as-of", DAY, "--lang", language).lines
    start = next(place for place, line in enumerate(lines) if line.split()[:1] == [all_texts()["stage"][language]])
    rows = [line for line in lines[start : start + 10] if line.split()[:1] in (["1"], ["2"], ["7"])]
    assert len({cell_len(line) for line in (lines[start], *rows)}) == 1


def test_small_groups_show_counts_alone(query: Call) -> None:
    """No share stands alone, and of fewer than ten customers none is shown at all."""
    lines = query("portfolio", "--as-of", DAY, "--lang", "en").lines
    (line,) = [line for line in lines if line.strip().startswith("potential customer") and " of " in line]
    assert "1 of 6" in line
    assert "%" not in line


def test_managers_and_regions_restrict_it(query: Call) -> None:
    """Only that account manager's or that region's customers are counted, a misspelt one is answered."""
    rows = query("customers", "--as-of", DAY, "--json").json
    manager, region = rows[0]["account_manager"], rows[0]["region"]
    for option, column, wanted in (("--manager", "account_manager", manager), ("--region", "region", region)):
        found = query("portfolio", option, wanted, "--as-of", DAY, "--json").json
        assert found["customers"] == sum(row[column] == wanted for row in rows)
        answer = query("portfolio", option, wanted + "x", "--as-of", DAY)
        assert answer.code == 2
        assert f"Did you mean `{wanted}`?" in " ".join(answer.errors.split())


def test_the_earlier_date_comes_first(query: Call) -> None:
    """A date to compare with that is not before the other is wrong usage."""
    assert query("portfolio", "--as-of", DAY, "--since", DAY).code == 2


def test_a_base_younger_than_the_earlier_date_is_all_new(query: Call) -> None:
    """Against a date on which there were no customers yet, everybody has come since."""
    found = query("portfolio", "--as-of", DAY, "--since", "2000-01-01", "--json").json
    assert {row["from_stage"] for row in found["flow"]} == {"absent"}
    assert found["upgrades"] == []


def test_look_alikes_become_facts_of_the_next_decision(demo: Call) -> None:
    """After a batch run, a potential customer that resembles the best buyers is advised to be considered."""
    (alike,) = [
        row for row in demo("portfolio", "--as-of", DAY, "--json").json["look_alikes"] if row["stage"] == "potential"
    ]
    advised = ("recommend", alike["customer"], "--as-of", DAY, "--json")
    assert "consider-development" not in str(demo(*advised).json["recommendation"]["plan"])
    demo("batch", "--as-of", DAY)
    plan = demo(*advised).json["recommendation"]["plan"]
    assert "consider-development" in [action["action"]["id"] for action in plan]
    assert alike["subject"] in str(plan)


def test_one_products_ideal_customer(query: Call) -> None:
    """With a product, the ideal customers and look-alikes are its own."""
    every = query("portfolio", "--as-of", DAY, "--json").json
    product = every["look_alikes"][0]["subject"]
    found = query("portfolio", "--as-of", DAY, "--product", product, "--json").json
    assert {row["subject"] for row in found["ideal_customers"] + found["look_alikes"]} == {product}
    assert product in query("portfolio", "--as-of", DAY, "--product", product).output


def test_what_nobody_records_is_not_a_nought(tmp_path: Path) -> None:
    """A base that knows orders alone says so instead of showing shares of nothing."""
    path = tmp_path / "orders.db"
    store = Store.create(str(path))
    orders = [{"key": f"o{day}", "customer": "acme", "holds_from": AS_OF - timedelta(day)} for day in (10, 40, 200)]
    lines = [
        {"key": row["key"], "order_key": row["key"], "customer": "acme", "holds_from": row["holds_from"]}
        | {"product": "P", "quantity": 1, "unit_price": 5, "amount": 5, "currency": "EUR"}
        for row in orders
    ]
    begun = {"collection": "orders", "recorded_from": date(2020, 1, 1), "holds_from": date(2020, 1, 1)}
    acme = {"key": "acme", "name": "Acme", "holds_from": date(2020, 1, 1)}
    told = {"customers": [acme], "orders": orders, "order_lines": lines, "coverage": [begun]}
    for table, rows in told.items():
        record(store, table, rows, user="ann", source="test")
    store.close()
    output = call_command("portfolio", "--db", path, "--as-of", DAY, "--lang", "en")
    assert output.code == 0
    assert output.output.count("Not recorded") == 6
    assert " 0.0%" not in output.output


def test_what_is_learnt_later_changes_nothing(demo: Call, tmp_path: Path) -> None:
    """Known at an earlier moment, the report stays as it was, whatever is recorded afterwards."""
    evening = datetime(2026, 6, 30, 23, tzinfo=UTC)
    asked = ("portfolio", "--as-of", DAY, "--known-at", evening.isoformat(), "--json")
    before = demo(*asked).json
    store = Store.open(str(tmp_path / "demo.db"))
    late = evening + timedelta(hours=1)
    key, last_week = before["problem"][0]["customer"], AS_OF - timedelta(7)
    record(
        store,
        "stage_history",
        [{"customer": key, "stage": "core", "holds_from": last_week}],
        user="ann",
        source="test",
        at=late,
    )
    need = {"customer": key, "kind": "brand", "tier": "core", "state": "unmet", "holds_from": last_week}
    record(store, "needs", [need], user="ann", source="test", at=late)
    store.close()
    assert demo(*asked).json == before
    later = (*asked[:4], (evening + timedelta(days=1)).isoformat(), "--json")
    assert demo(*later).json["problem_share"]["n"] == before["problem_share"]["n"] - 1
