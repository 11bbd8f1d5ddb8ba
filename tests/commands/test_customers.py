"""What `valuelift customers` lists, and that it agrees with the decisions of single customers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from rich.cells import cell_len

from engine.decision import Decision
from engine.snapshot import CustomerFacts
from facts.recording import record
from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command


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


def _with_twins(folder: Path) -> str:
    """Return a store with two customers that are likely one, two that may be, and one alone."""
    place = str(folder / "twins.db")
    rows = [
        {"key": "a1", "name": "Acme Trading GmbH", "telephone": "+49 30 1234567", "account_manager": "Ana Lind"},
        {"key": "a2", "name": "ACME trading", "telephone": "030 1234567"},
        {"key": "b1", "name": "北京华兴贸易有限公司", "account_manager": "Bo Li"},
        {"key": "b 2", "name": "北京华兴贸易有限责任公司"},
        {"key": "c1", "name": "Cone"},
    ]
    store = Store.create(place)
    record(store, "customers", [{**row, "holds_from": date(2020, 1, 1)} for row in rows], user="ann", source="test")
    store.close()
    return place


def test_duplicates_are_listed_with_what_speaks_for_and_against(tmp_path: Path) -> None:
    """The likeliest pair first, each with its signs, their points, and the command that merges the two."""
    place = _with_twins(tmp_path)
    rows = call_command("customers", "--duplicates", "--db", place, "--json").json
    assert [(row["customer"], row["other"], row["score"], row["is_likely"]) for row in rows] == [
        ("a1", "a2", 85, True),
        ("b 2", "b1", 50, False),
    ]
    assert all(row["score"] == sum(sign["points"] for sign in row["signs"]) for row in rows)
    answer = call_command("customers", "--duplicates", "--db", place)
    assert "85 points: likely one customer" in answer.output
    assert "For it: the same name (50), the same telephone number (35)" in answer.output
    assert "valuelift record merge b1 --into 'b 2'" in answer.output
    chinese = call_command("customers", "--duplicates", "--db", place, "--lang", "zh").output
    assert "85分：很可能是同一客户" in chinese
    assert "理由：名称相同（50）、电话相同（35）" in chinese


def test_duplicates_of_a_manager_are_those_with_a_customer_of_theirs(tmp_path: Path) -> None:
    """Either customer of a pair may be the account manager's; stages do not go with pairs."""
    place = _with_twins(tmp_path)
    rows = call_command("customers", "--duplicates", "--manager", "Bo Li", "--db", place, "--json").json
    assert [row["other"] for row in rows] == ["b1"]
    assert "No two customers" in call_command("customers", "--duplicates", "--manager", "X", "--db", place).output
    assert call_command("customers", "--duplicates", "--stage", "new", "--db", place).code == 2


def test_the_named_command_merges_and_undo_parts(tmp_path: Path) -> None:
    """The pair is gone, the other one's key leads to the survivor, and undoing brings the pair back."""
    place = _with_twins(tmp_path)
    answer = call_command("record", "merge", "a2", "--into", "a1", "--db", place, "--as", "ann")
    assert answer.code == 0
    assert "Recorded for a2" in answer.output
    assert "Merged into: a1 (from the beginning)" in answer.output
    of_both = [call_command("recommend", key, "--db", place, "--json").json for key in ("a1", "a2")]
    assert of_both[0] == of_both[1]
    for one, other in (("a2", "a1"), ("a1", "a2")):
        again = call_command("record", "merge", one, "--into", other, "--db", place, "--as", "ann")
        said = f"Error: '{one}' is not merged into '{other}': 'a1' stands for 'a2' already."
        assert (again.code, said in again.errors) == (1, True), again.errors
    left = call_command("customers", "--duplicates", "--db", place, "--json").json
    assert [row["other"] for row in left] == ["b1"]
    assert call_command("record", "undo", "--db", place, "--as", "ann").code == 0
    assert len(call_command("customers", "--duplicates", "--db", place, "--json").json) == 2
