"""How a value ledger looks on a terminal: a block for each kind of value, columns below each other, eighty columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.ledger import NEVER, NEXT_LEVEL, Ledger, Line, Told
from common.texts import Texts
from engine.model import Pack
from engine.wording import Wording

_WIDTHS = {"on": 13, "medium": 15, "to": 15, "intended": 11, "heard": 13, "cost": 6}
"""The same in every block, so that the columns of all stand below each other."""


class LedgerLayout:
    """Lay out a value ledger in one language."""

    def __init__(self, texts: Texts, pack: Pack) -> None:
        self.texts = texts
        self.wording = Wording(pack.vocabulary, texts.language)

    def page(self, found: Ledger) -> RenderableType:
        """Return the ledger."""
        head = self.texts("ledger_head", name=found.name or found.customer, date=self.wording.date(found.as_of))
        if not found.is_recorded:
            return Group(Text(head, style="bold"), Text(self.texts("ledger_unrecorded")))
        shown = [line for line in found.lines if line.told or line.gap != NEVER]
        never = [self._member("value_kind", line.kind) for line in found.lines if line not in shown]
        rest = self.texts("ledger_never", kinds=self.wording.listed(never)) if never else ""
        return Group(
            Text(head, style="bold"),
            Text(""),
            Padding(self._row(*(self.texts(f"ledger_{name}") for name in _WIDTHS), style="dim"), (0, 0, 0, 2)),
            *(self._block(line) for line in shown),
            Text(""),
            *([Text(rest)] if rest else []),
            Text(self._costs(found)),
        )

    def _block(self, line: Line) -> RenderableType:
        level = self._member("perception", line.level)
        heading = Text(self.texts("ledger_kind", kind=self._member("value_kind", line.kind), level=level), style="bold")
        heading.append(f"  {self._gap(line)}", style="not bold")
        if line.is_advised:
            heading.append(f"  {self.texts('ledger_advised')}", style="not bold cyan")
        rows: list[RenderableType] = [self._told(each) for each in line.told]
        if line.not_told:
            roles = self.wording.listed(self._member("contact_role", role) for role in line.not_told)
            rows.append(Text(self.texts("ledger_not_told", roles=roles), style="dim"))
        return Group(heading, Padding(Group(*rows), (0, 0, 0, 2)))

    def _gap(self, line: Line) -> str:
        if line.gap == NEXT_LEVEL:
            return self.texts("ledger_gap_next_level", level=self._member("perception", line.next_level))
        return self.texts(f"ledger_gap_{line.gap}")

    def _told(self, told: Told) -> RenderableType:
        heard = self.texts("ledger_unheard")
        if told.outcome is not None:
            day = "" if told.heard_on is None else self.wording.date(told.heard_on)
            heard = self.texts("ledger_outcome", outcome=self._member("outcome", told.outcome), date=day)
        return self._row(
            self.wording.date(told.on),
            self._member("channel", told.medium),
            self._member("contact_role", told.to),
            self._member("perception", told.intended),
            heard,
            self._member("cost_class", told.cost),
        )

    def _costs(self, found: Ledger) -> str:
        said = [
            self.texts("ledger_cost_of", cost=self._member("cost_class", cost if cost != "unknown" else None), **counts)
            for cost, counts in sorted(found.costs.items())
        ]
        return self.texts("ledger_costs", costs=self.wording.listed(said)) if said else self.texts("ledger_no_costs")

    def _member(self, enum: str, member: str | None) -> str:
        return self.texts("not_known") if member is None else self.wording.member_of(enum, member)

    def _row(self, *cells: str, style: str = "") -> RenderableType:
        grid = Table.grid(padding=(0, 1, 0, 0))
        for width in _WIDTHS.values():
            grid.add_column(width=width, overflow="fold")
        grid.add_row(*(Text(cell, style=style) for cell in cells))
        return grid
