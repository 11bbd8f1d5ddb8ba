"""What a recommendation says of actions that nobody has taken on: since when they have been advised."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Answer, call_command

FIRST, SECOND, TODAY = "2026-06-30", "2026-07-01", "2026-07-03"

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def run_twice(told_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with runs of two days, and a complaint of the second."""
    path = tmp_path_factory.mktemp("since") / "store.db"
    shutil.copy(told_store, path)
    _ran(path, FIRST)
    made = ("record", "complaint", "ninefold", "--signal", "price_high", "--as-of", SECOND, "--db", path)
    assert call_command(*made).code == 0
    _ran(path, SECOND)
    return path


@pytest.fixture
def ask(run_twice: Path, tmp_path: Path) -> Ask:
    """Return a function that calls commands on a copy of that store, as of a day after the runs."""
    path = Path(shutil.copy(run_twice, tmp_path / "store.db"))
    return lambda *arguments, day=TODAY: call_command(*arguments, "--as-of", day, "--db", path)


def _ran(path: Path, day: str) -> None:
    assert call_command("batch", "--db", path, "--as-of", day, "--quiet").code == 0


def _since(ask: Ask, customer: str, day: str = TODAY) -> dict[str, Any]:
    plan = ask("recommend", customer, "--json", day=day).json["recommendation"]["plan"]
    return {each["action"]["id"]: each["advised_since"] for each in plan}


def _complaints(ask: Ask) -> dict[str, Any]:
    plan = ask("recommend", "ninefold", "--json").json["recommendation"]["plan"]
    return {each["about"]: each["advised_since"] for each in plan if each["action"]["id"] == "settle-complaint"}


def test_an_action_that_nobody_took_on_says_since_when_it_is_advised(ask: Ask) -> None:
    """Its due date moves along with the day; that it has been advised for days is said beside it, and on paper."""
    assert _since(ask, "plum-gate")["call-silent-customer"] == FIRST
    assert "Advised since 30 Jun 2026 (3 days)." in ask("recommend", "plum-gate").output
    assert "2026年6月30日起已建议（3天）。" in ask("recommend", "plum-gate", "--lang", "zh").output
    for form in ("markdown", "html"):
        assert "Advised since 30 Jun 2026 (3 days)." in ask("plan", "plum-gate", "--format", form).output


def test_advice_about_a_row_is_no_older_than_the_row(ask: Ask) -> None:
    """A complaint of the second day is not said to wait since the first, when another was open."""
    assert _complaints(ask) == {"supply is not in time": FIRST, "price is high": SECOND}


def test_nothing_is_said_of_what_is_new_or_taken_on(ask: Ask) -> None:
    """Of the first day nothing is earlier; what is open on record has a due date of its own."""
    assert set(_since(ask, "plum-gate", FIRST).values()) == {None}
    assert ask("record", "action", "plum-gate", "call-silent-customer", "--state", "open").code == 0
    assert _since(ask, "plum-gate")["call-silent-customer"] is None


def test_what_was_done_and_is_advised_again_is_advised_since_then(ask: Ask) -> None:
    """Somebody has dealt with one complaint, though it is open still; of the other one nothing changes."""
    plan = ask("recommend", "ninefold", "--json", day="2026-07-02").json["recommendation"]["plan"]
    number = next(number for number, each in enumerate(plan, 1) if each["about"] == "supply is not in time")
    assert ask("record", "action", "ninefold", number, "--state", "done", day="2026-07-02").code == 0
    assert _complaints(ask) == {"supply is not in time": "2026-07-02", "price is high": SECOND}


def test_advice_that_was_gone_in_between_begins_anew(ask: Ask, tmp_path: Path) -> None:
    """After a run that did not advise it, an action is advised since the next run that does."""
    path = tmp_path / "store.db"
    away = ("record", "action", "plum-gate", "call-silent-customer", "--state", "snoozed", "--until", "2026-07-04")
    assert ask(*away, day="2026-07-02").code == 0
    for day in ("2026-07-02", "2026-07-05", "2026-07-06"):
        _ran(path, day)
    assert _since(ask, "plum-gate", "2026-07-07")["call-silent-customer"] == "2026-07-05"
    assert _since(ask, "plum-gate", "2026-07-05")["call-silent-customer"] is None
