"""What commands over many customers say where one cannot be decided: the others are as usual, that one is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from facts.recording import record
from facts.store import Store
from tests.commands.conftest import DAY, THEN, Answer, call_command

WHO = "ashgrove"
MANAGER, OTHER = "Tomas Reiter", "Marta Holm"
EARLY = {"customer": WHO, "signal": "price_high", "severity": "low", "holds_from": date(1700, 1, 1)}

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def broken(two_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two runs and, recorded since, a complaint of a day too early to count from."""
    path = tmp_path_factory.mktemp("broken") / "store.db"
    shutil.copy(two_runs, path)
    store = Store.open(str(path))
    record(store, "complaints", [EARLY], user="ann", source="an older version")
    store.close()
    return path


@pytest.fixture(scope="module")
def ask(broken: Path) -> Ask:
    """Return a function that asks about that store."""
    return lambda *arguments: call_command(*arguments, "--db", broken)


@pytest.mark.parametrize("with_runs", [True, False])
def test_the_others_are_listed(ask: Ask, two_runs: Path, broken: Path, tmp_path: Path, with_runs: bool) -> None:
    """The list has all others as before, from the last run's facts or the store's; who is missing is said beside it."""
    if not with_runs:
        two_runs, broken = (Path(shutil.copy(path, tmp_path / f"{n}.db")) for n, path in enumerate((two_runs, broken)))
    listed = call_command("customers", "--json", "--as-of", DAY, "--db", broken)
    before = call_command("customers", "--json", "--as-of", DAY, "--db", two_runs).json
    assert listed.code == 0
    assert listed.json == [row for row in before if row["customer"] != WHO]
    assert "1 customer cannot be decided" in listed.errors
    assert f"valuelift recommend {WHO}" in listed.errors
    assert ask("customers", "--stage", "core", "--as-of", DAY).errors == listed.errors
    assert ask("customers", "--manager", OTHER, "--as-of", DAY).errors == ""


def test_questions_about_the_others_are_asked(ask: Ask) -> None:
    """A manager's questions are those about all others; who is missing is named in the reader's language."""
    answer = ask("ask", "--manager", MANAGER, "--as-of", DAY, "--lang", "zh")
    assert answer.code == 0
    assert answer.output
    assert "无法判定" in answer.errors
    assert WHO in answer.errors


def test_the_portfolio_counts_them_without_a_stage(ask: Ask, two_runs: Path) -> None:
    """Nobody is lost from the portfolio: where somebody stands who cannot be decided is not known."""
    found, before = (
        ask("portfolio", "--json", "--as-of", DAY),
        call_command("portfolio", "--json", "--as-of", DAY, "--db", two_runs),
    )
    assert [row["customer"] for row in found.json["undecided"]] == [WHO]
    assert "1 customer cannot be decided" in found.errors
    assert before.json["undecided"] == []
    assert "cannot be decided" not in before.errors
    assert found.json["customers"] == before.json["customers"]
    stages = [{row["stage"]: row["customers"] for row in each.json["stages"]} for each in (found, before)]
    assert stages[0].get(None, 0) == stages[1].get(None, 0) + 1
    assert ask("portfolio", "--manager", OTHER, "--json", "--as-of", DAY).json["undecided"] == []


def test_the_report_names_them_with_what_is_wrong(broken: Path, tmp_path: Path) -> None:
    """Between a run that decided somebody and one that could not, the report says why, in the reader's language."""
    store = tmp_path / "store.db"
    shutil.copy(broken, store)
    assert call_command("batch", "--db", store, "--as-of", DAY, "--quiet").code == 0
    found = call_command("runs", "report", "latest", "--against", "1", "--json", "--db", store).json
    assert [row["customer"] for row in found["listed"]["undecided"]] == [WHO]
    assert (found["customers"], found["totals"]["undecided"], found["totals"]["gone"]) == (
        found["customers_before"],
        1,
        0,
    )
    assert all(row["customer"] != WHO for name in ("unplaced", "value", "actions") for row in found["listed"][name])
    for language, title, why in (
        ("en", "Cannot be decided", "Days open: 119,249 days. It must lie between 0 days and 100,000 days."),
        ("zh", "无法判定的客户", "应在0天至100,000天之间"),
    ):
        said = call_command("runs", "report", "latest", "--against", "1", "--lang", language, "--db", store).output
        assert title in said
        assert why in said
    assert call_command("runs", "report", "latest", "--against", "2", "--db", store).code == 0
    assert THEN < DAY


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("en", "Days open: 119,249 days. It must lie between 0"),
        ("zh", "未解决天数：119,249天，应在0天至100,000天之间。"),
    ],
)
def test_a_run_says_why_in_the_reader_s_language(broken: Path, tmp_path: Path, language: str, why: str) -> None:
    """`runs show` tells it as the report does."""
    store = tmp_path / "store.db"
    shutil.copy(broken, store)
    assert call_command("batch", "--db", store, "--as-of", DAY, "--quiet").code == 0
    said = call_command("runs", "show", "latest", "--lang", language, "--db", store).lines[-1]
    assert said.strip().startswith(WHO)
    assert why in said


def test_a_look_back_says_who_is_left_out(ask: Ask, two_runs: Path) -> None:
    """The report names whom it could not decide on its dates, in the reader's language; otherwise it says nothing."""
    asked = ("backtest", "--from", "2025-12-30", "--to", "2026-03-30", "--every", "quarter", "--no-models")
    assert ask(*asked, "--json").json["undecided"] == [WHO]
    for language, why in (("en", f"left out there: {WHO}."), ("zh", f"当日未计入：{WHO}。")):
        assert why in "".join(ask(*asked, "--lang", language).output.split("\n")).replace("  ", " ")
    assert call_command(*asked, "--json", "--db", two_runs).json["undecided"] == []


def test_a_base_in_which_nobody_can_be_decided(tmp_path: Path) -> None:
    """Lists are empty and say why; the batch publishes nothing."""
    path = tmp_path / "store.db"
    store = Store.create(str(path))
    card = {"key": WHO, "name": "Ashgrove", "account_manager": OTHER, "holds_from": date(2025, 1, 1)}
    record(store, "customers", [card], user="ann", source="test")
    record(store, "complaints", [EARLY], user="ann", source="test")
    store.close()
    for command in (["customers"], ["portfolio"], ["ask", "--manager", OTHER]):
        answer = call_command(*command, "--as-of", DAY, "--db", path)
        assert (answer.code, "1 customer cannot be decided" in answer.errors) == (0, True), command
    refused = call_command("batch", "--as-of", DAY, "--db", path)
    assert (refused.code, "1 customer of 1 cannot be decided" in refused.errors) == (1, True)
    assert "000. Correct them where they come from" in refused.errors
