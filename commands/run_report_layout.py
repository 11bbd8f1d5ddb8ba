"""What changed between two runs, on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from commands.portfolio_layout import PortfolioLayout
from commands.run_report_words import List, RunReportWords
from common.run_report import RunReport
from common.texts import Texts
from engine.model import Pack

LINES = 12
"""More values, actions and signs are for the page, not for a terminal."""


class RunReportLayout(PortfolioLayout):
    """Lay out a report in one language, in the shapes of the portfolio."""

    def __init__(self, texts: Texts, pack: Pack, found: RunReport) -> None:
        super().__init__(texts, pack, show_all=True)  # who is listed was decided before
        self.found = found
        self.words = RunReportWords(texts, pack, found)

    def report(self) -> RenderableType:
        """Return the whole report."""
        words, figures = self.words, self.found.figures
        parts: list[RenderableType] = [
            Text(self.texts("report_title"), style="bold"),
            Text(words.runs),
            Text(words.size),
            *(Text(note, style="dim") for note in words.notes),
            self._section("problem_share", Text(words.problem, style="red" if self.found.is_above_limit else "")),
            self._section("report_changes", self._counts()),
            *(self._section(f"report_{one.name}", self._list(one)) for one in words.lists),
            self._section("stage_flow", self._flow(figures["flow"])),
            self._section("value", self._values()),
        ]
        if figures["actions"]:
            parts.append(self._section("report_plan", self._gained("action")))
        if figures["signs"]:
            parts.append(self._section("signs", self._gained("sign")))
        if self.found.has_names:
            parts.append(self._section("by_account_manager", self._managers()))
        return Group(*parts)

    def _counts(self) -> RenderableType:
        if not self.words.counts:
            return Text(self.texts("report_nothing"))
        table = self._table("", "count")
        for title, number in self.words.counts:
            table.add_row(title, number)
        return table

    def _list(self, one: List) -> RenderableType:
        lines: list[RenderableType] = []
        for each in one.named:
            lines.append(Text.assemble((each.who, "bold"), f"{self.texts('colon')}{each.change}"))
            lines += [Padding(Text(reason, style="dim"), (0, 0, 0, 2)) for reason in each.reasons]
        more = self.words.more(one)
        return Group(*lines, *([Text(more, style="dim")] if more else []))

    def _values(self) -> RenderableType:
        table = self._table("acceptance_value", "today", "before", "diff_gained", "diff_lost")
        for row in self.words.values:
            numbers = (row["customers"], row["customers_before"], row["gained"], row["lost"])
            table.add_row(self.words.value(row["value"]), *(self.texts.number(number) for number in numbers))
        return table

    def _gained(self, what: str) -> RenderableType:
        rows = self.found.figures[f"{what}s"]
        say = self.words.action if what == "action" else self.words.sign
        table = self._table("", "diff_gained", "diff_lost")
        for row in rows[:LINES]:
            table.add_row(say(row[what]), self.texts.number(row["gained"]), self.texts.number(row["lost"]))
        more = len(rows) - LINES
        return Group(table, *([Text(self.texts("diff_more_lines", number=more), style="dim")] if more > 0 else []))

    def _managers(self) -> RenderableType:
        columns = (
            "count",
            "moved_up",
            "moved_down",
            "report_proposals",
            "report_problem_short",
            "report_stalled_short",
        )
        table = self._table("", *columns)
        for row in self.found.figures["managers"]:
            numbers = (row["customers"], row["up"], row["down"] + row["beside"], row["proposals"])
            cells = [self.texts.number(number) for number in (*numbers, row["problem"], row["stalled"])]
            table.add_row(row["account_manager"] or self.texts("not_known"), *cells)
        return table
