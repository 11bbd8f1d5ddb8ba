"""`valuelift demo`: one command from nothing to a reasoned recommendation."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from common.texts import all_texts
from tests.commands.conftest import call_command


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_demo_shows_portfolio_and_plan(tmp_path: Path, language: str) -> None:
    """The demo makes its store, lists every customer, and shows one customer's plan, in eighty columns."""
    path = tmp_path / "demo.db"
    answer = call_command("demo", "--db", path, "--lang", language)
    assert answer.code == 0
    assert path.is_file()
    listed = call_command("demo", "--db", path, "--lang", language, "--json").json
    assert len(listed["customers"]) == 68
    assert [row["customer"] for row in listed["customers"] if row["customer"] not in answer.output] == []
    assert all_texts()["plan"][language] in answer.lines
    assert listed["recommendation"]["plan"][0]["action"]["title"] in answer.output
    assert [line for line in answer.lines[:-1] if cell_len(line) > 80] == []


def test_the_demo_leaves_a_real_store_alone(tmp_path: Path) -> None:
    """A store with other settings is not filled with invented customers."""
    path = tmp_path / "store.db"
    call_command("init", "--db", path, "--currency", "GBP")
    answer = call_command("demo", "--db", path)
    assert answer.code == 1
    assert call_command("batch", "--db", path).code == 1
