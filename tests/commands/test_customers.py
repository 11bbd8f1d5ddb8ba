"""What `valuelift customers` lists, and that it agrees with the decisions of single customers."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len

from engine.decision import Decision
from engine.snapshot import CustomerFacts
from tests.commands.conftest import DAY, Call


def test_the_list_says_what_the_decisions_say(
    query: Call, decided: Mapping[str, tuple[CustomerFacts, Decision]]
) -> None:
    """Stage, move, value and the urgency of the first action are those of every single customer's decision."""
    rows = {row["customer"]: row for row in query("customers", "--as-of", DAY, "--json").json}
    assert set(rows) == set(decided)
    for customer, (_, decision) in decided.items():
        row = rows[customer]
        for name in ("stage", "proposed_stage", "move", "value_next"):
            assert row[name] == decision.values.get(name), (customer, name)
        assert row["urgency"] == (decision.actions[0].urgency if decision.actions else None), customer
        shown = {"stage", "proposed_stage", "move", "value_next"}
        assert row["provisional"] == any(one.fact in shown and not one.row for one in decision.provisional), customer


def test_the_most_urgent_come_first(query: Call) -> None:
    """Customers are sorted by urgency, then by key."""
    rows = query("customers", "--as-of", DAY, "--json").json
    assert rows == sorted(rows, key=lambda row: (-(row["urgency"] or 0), row["customer"]))


def test_stages_and_managers_filter(query: Call) -> None:
    """Only customers at one of the given stages are listed, and only those of the given account manager."""
    rows = query("customers", "--as-of", DAY, "--json").json
    manager = next(row["account_manager"] for row in rows if row["stage"] == "core")
    found = query("customers", "--stage", "core", "--stage", "new", "--manager", manager, "--as-of", DAY, "--json").json
    expected = [row for row in rows if row["stage"] in ("core", "new") and row["account_manager"] == manager]
    assert found == expected
    assert found != rows


def test_an_unknown_manager_is_wrong_usage(query: Call) -> None:
    """A misspelt account manager is answered with the nearest one."""
    rows = query("customers", "--as-of", DAY, "--json").json
    manager = next(row["account_manager"] for row in rows if len(row["account_manager"] or "") > 6)
    answer = query("customers", "--manager", manager + "x", "--as-of", DAY)
    assert answer.code == 2
    assert f"Did you mean `{manager}`?" in " ".join(answer.errors.split())


def test_the_list_fits_eighty_columns(query: Call) -> None:
    """The first thirty customers are shown in eighty cells in both languages, and the rest on demand."""
    for language in ("en", "zh"):
        answer = query("customers", "--as-of", DAY, "--lang", language)
        assert [line for line in answer.lines if cell_len(line) > 80] == []
        assert "30" in answer.lines[-1]
    rows = query("customers", "--as-of", DAY, "--json").json
    whole = query("customers", "--as-of", DAY, "--all").output
    assert [row["customer"] for row in rows if row["customer"] not in whole] == []


def test_names_are_not_cut(query: Call) -> None:
    """A name that is longer than its column goes on in the next line."""
    names = [row["name"] for row in query("customers", "--as-of", DAY, "--json").json]
    listed = " ".join(query("customers", "--as-of", DAY, "--all").lines)
    assert [word for name in names for word in name.split() if word not in listed] == []
