"""Tables fit the terminal: words stay whole, and what is left out is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from commands.customers_command import listed
from commands.fitting import Column, fitted
from commands.runs_command import show
from common.texts import Texts
from facts.batch.ledger import Ledger, runs_folder
from facts.batch.register import entries
from facts.store import Store
from tests.commands.conftest import DAY, call_command
from tests.commands.test_wrapping import shown
from wiring import Desk

WIDTHS = (40, 50, 60, 70, 80, 100)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_customers_fits(told_store: object, desk: Desk, width: int, language: str) -> None:
    """No line is too wide; urgency is always there; each column is shown or named as left out; no word is cut."""
    answer = call_command(
        "customers", "--as-of", DAY, "--db", told_store, "--lang", language, env={"COLUMNS": str(width)}
    )
    assert max(map(cell_len, answer.lines)) <= width
    texts = Texts(language)
    table, _, said = answer.output.partition("\n\n")
    assert texts("urgency") in table
    said = "".join(said.split())
    heads = [texts(name) for name in ("customer", "name", "stage", "move", "value_next", "urgency")]
    # A heading may stand in two lines: its last word is in one.
    left_out = [head for head in heads if head.split()[-1] not in table]
    assert ["".join(head.split()) in said for head in left_out] == [True] * len(left_out)
    assert left_out != [] if width == 40 else left_out == [] or width < 80
    if language == "en":
        assert {row["stage"] for row in listed(desk, desk.cards())[:30]} <= set(table.split())


def test_columns_go_one_by_one() -> None:
    """What may go goes in its order, until the rest fits; a column never goes if nothing says that it may."""
    columns = [
        Column("one", [Text("aaaa bb")]),
        Column("two", [Text("cccccc")], goes=1),
        Column("three", [Text("d")], goes=2),
    ]
    found = {width: shown_in(width, fitted(Texts("en"), columns, width)) for width in (22, 19, 18, 12, 5)}
    assert found[22].startswith("one two three")
    assert "aaaa bb cccccc d" in found[22]
    assert "aaaa cccccc d bb" in found[19]
    assert "Left out in 18 columns: three;" in found[18]
    assert "Left out in 12 columns: two, three;" in found[12]
    assert found[5].count("one") == 1


def shown_in(width: int, parts: Sequence[RenderableType]) -> str:
    """Return what is printed, in one line."""
    return " ".join(" ".join(line for part in parts for line in shown(width, part)).split())


def test_runs_fit(two_runs: object) -> None:
    """In eighty columns a run's pack stands in one line below whole headings."""
    answer = call_command("runs", "--db", two_runs)
    assert "value-marketing 1.5.0" in answer.output
    assert all(head in answer.output for head in ("Rules", "Customers", "Published"))
    assert max(map(cell_len, answer.lines)) <= 80


def test_an_unfinished_run_takes_no_column_away(two_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its long name and state leave the rules and the count of customers of the others where they are, or named."""
    found = call_command("runs", "--db", two_runs, "--json").json
    store = Store.open(str(two_runs))
    listed = entries(Ledger.at(runs_folder(store.url)), store)
    store.close()
    assert len(listed) == len(found)
    unfinished = replace(listed[0], run="20260630-0f3a9c2e", state="unfinished", customers=None, at=None, parts=123)
    show(Texts("en"), [unfinished, *listed])
    output = capsys.readouterr().out
    table, _, said = output.partition("\n\n")
    for head in ("Rules", "Customers", "Published"):
        assert head in table or head in said
    assert max(map(cell_len, output.splitlines())) <= 80
