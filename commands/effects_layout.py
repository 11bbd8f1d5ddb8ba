"""How effects look on a terminal: three results, groups in a tree with their evidence, rules; eighty columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from common.effects import Effects
from common.page_parts import section
from common.texts import Texts
from engine.model import Pack
from engine.wording import Wording
from facts.acceptance import Path

AT_A_GLANCE = 12
_ENUMS = {"value_kind": "value_kind", "stage": "stage", "medium": "channel"}


class EffectsLayout:
    """Lay out effects in one language; `show_all` unfolds groups and rules with little evidence."""

    def __init__(self, texts: Texts, pack: Pack, show_all: bool = False) -> None:
        self.texts = texts
        self.pack = pack
        self.wording = Wording(pack.vocabulary, texts.language)
        self.show_all = show_all

    def page(self, found: Effects) -> RenderableType:
        """Return the whole page."""
        head = self.texts(
            "effects_head", date=self.wording.date(found.as_of), days=self.texts.number(found.days["look_back_days"])
        )
        by = self.wording.listed(self.texts(f"effects_by_{name}") for name in found.by)
        return Group(
            Text(head, style="bold"),
            section(self.texts("effects_results"), self._results(found.results)),
            section(self.texts("effects_acceptance", by=by), self._acceptance(found)),
            section(self.texts("effects_rules"), self._rules(found)),
        )

    # --- the three results -------------------------------------------------------------------------------------------

    def _results(self, results: Mapping[str, int]) -> RenderableType:
        numbers = {name: self.texts.number(number) for name, number in results.items()}
        done = "effects_done_says" if results["answered"] else "effects_done_none"
        conveyed = results["heard"] or results["unheard"]
        accepted = "effects_accepted_says" if conveyed else "effects_accepted_none"
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self.texts("effects_done"), self.texts(done, **numbers))
        grid.add_row(self.texts("effects_accepted"), self.texts(accepted, **numbers))
        moved = {"up": numbers["moved_up"], "down": numbers["moved_down"], "customers": numbers["customers"]}
        grid.add_row(self.texts("effects_moved"), self.texts("effects_moved_says", **moved))
        return grid

    # --- acceptance --------------------------------------------------------------------------------------------------

    def _acceptance(self, found: Effects) -> RenderableType:
        if not found.groups:
            return Text(self.texts("effects_accepted_none"))
        least = found.weights.least_heard
        if () not in found.shares:
            return Text(self.texts("effects_too_few", least=least))
        shown = [group for group in self._in_order(found) if self.show_all or self._is_telling(found, group)]
        table = self._table()
        table.add_column(self.texts("effects_group"), ratio=1, overflow="fold")
        for name in ("accepted_of_heard", "effects_likely"):
            table.add_column(self.texts(name), justify="right", no_wrap=True)
        interval = self.texts("effects_interval", interval=found.weights.interval)
        table.add_column(interval, justify="right", no_wrap=True)
        for group in shown:
            table.add_row(*self._group_cells(found, group))
        folded = len(found.groups) - len(shown)
        more = [Text(self.texts("effects_folded", number=folded), style="dim")] if folded else []
        return Group(Text(self.texts("effects_says", least=least), style="dim"), table, *more)

    def _group_cells(self, found: Effects, group: Path) -> list[RenderableType]:
        estimate = found.shares[group]
        evidence = estimate.evidence
        name = Text("  " * len(group) + (self._member(found, group) if group else self.texts("effects_all")))
        if not estimate.is_own:
            wider = estimate.rests_on
            like = self.texts("effects_like", group=self._member(found, wider) if wider else self.texts("effects_all"))
            name.append(f"  {like}", style="dim")
        counts = self.texts("n_of_m", n=self.texts.number(evidence.accepted), m=self.texts.number(evidence.heard))
        low, high = round(100 * estimate.low), round(100 * estimate.high)
        share = self.texts("effects_share", share=round(100 * estimate.share))
        style = "" if estimate.is_own else "dim"
        return [
            name,
            counts,
            Text(share, style=style),
            Text(self.texts("effects_between", low=low, high=high), style=style),
        ]

    def _is_telling(self, found: Effects, group: Path) -> bool:
        """Return whether a group speaks for itself, or is a kind of value: each of those is shown."""
        return len(group) <= 1 or found.shares[group].is_own

    def _in_order(self, found: Effects, group: Path = ()) -> Iterable[Path]:
        """Yield a group and those in it, the one of which most was heard first."""
        yield group
        inside = [each for each in found.groups if len(each) == len(group) + 1 and each[: len(group)] == group]
        for each in sorted(inside, key=lambda path: -found.shares[path].evidence.heard):
            yield from self._in_order(found, each)

    def _member(self, found: Effects, group: Path) -> str:
        column, member = found.by[len(group) - 1], group[-1]
        if member is None:
            return self.texts("not_known")
        return self.wording.member_of(_ENUMS.get(column, ""), member)

    # --- rules -------------------------------------------------------------------------------------------------------

    def _rules(self, found: Effects) -> RenderableType:
        if not found.rules:
            return Text(self.texts("effects_rules_none"))
        rows = found.rules if self.show_all else found.rules[:AT_A_GLANCE]
        titles = {rule.id: self.wording.text(rule.title) for rule in self.pack.rules}
        table = self._table()
        table.add_column(self.texts("effects_rule"), ratio=1, overflow="fold")
        for name in ("advised", "rule_done", "rule_accepted", "rule_moved", "declined"):
            table.add_column(self.texts(f"effects_{name}"), justify="right", no_wrap=True)
        for row in rows:
            counts = [row[name] for name in ("advised", "done", "accepted", "moved", "declined")]
            title = self.texts("effects_rule_unknown") if row["rule"] is None else titles.get(row["rule"], row["rule"])
            table.add_row(self._with_reasons(title, found, row), *(self.texts.number(each) for each in counts))
        folded = len(found.rules) - len(rows)
        more = [Text(self.texts("and_more", number=folded), style="dim")] if folded else []
        says = self.texts("effects_rules_says", days=self.texts.number(found.days["follow_days"]))
        return Group(Text(says, style="dim"), table, *more)

    def _with_reasons(self, title: str, found: Effects, row: Mapping[str, Any]) -> Text:
        members = self.pack.vocabulary.enums["decline_reason"].members
        said = [
            self.texts(
                "effects_reason",
                reason=self.wording.member_of("decline_reason", each["because"])
                if each["because"] in members
                else self.texts("not_known"),
                number=each["customers"],
            )
            for each in found.reasons
            if each["rule"] == row["rule"]
        ]
        text = Text(title)
        if said:
            text.append(f"\n  {self.texts('effects_declined_because', reasons=self.wording.listed(said))}", style="dim")
        return text

    # --- shapes ------------------------------------------------------------------------------------------------------

    def _table(self) -> Table:
        return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", expand=True)
