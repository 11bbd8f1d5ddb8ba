"""No line begins with a mark that closes what stands before it, and nothing is lost or too wide by that."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from commands.wrapping import CLOSING, WrappingConsole
from tests.commands.conftest import DAY, Call

SAID = "2024年生产415批，其中412批粘度偏差在约定值的3%以内，其余3批没有出厂。"
WORDS = st.text(st.sampled_from("批次单厂ab3 ，。）\n"), min_size=1, max_size=60)


def shown(width: int, what: RenderableType) -> list[str]:
    """Return the lines in which something is printed."""
    file = io.StringIO()
    WrappingConsole(file=file, width=width, highlight=False, emoji=False, markup=False).print(what)
    return [line.strip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", range(12, 81))
def test_no_line_begins_with_a_closing_mark(width: int) -> None:
    """Not in a text, nor in a column of a table, whether its cells are texts or words."""
    table = Table.grid()
    table.add_column(overflow="fold")
    table.add_row(SAID)
    table.add_row(Text(SAID, style="dim"))
    for what in (SAID, Text(SAID, style="bold"), table):
        lines = shown(width, what)
        assert [line for line in lines if line[:1] in CLOSING] == []
        assert "".join(lines).replace(SAID, "") == ""
        assert max(map(cell_len, lines)) <= width


@given(WORDS, st.integers(min_value=6, max_value=20))
def test_any_text_is_printed_whole(text: str, width: int) -> None:
    """However marks follow each other, each character is printed, and lines are broken only where there is room."""
    lines = shown(width, Text(text))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(cell_len, lines), default=0) <= width


def test_the_advice_is_printed_so(query: Call) -> None:
    """The page of a recommendation has no such line."""
    answer = query("recommend", "kelpford", "--lang", "zh", "--as-of", DAY)
    assert [line for line in answer.lines if line.strip()[:1] in CLOSING] == []
