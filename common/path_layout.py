"""How the ways to another conclusion look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.explain_layout import Teller
from common.why_not_layout import WhyNotLayout
from engine.path import Paths
from engine.phrases import Phrases
from engine.prove.changeable import Alteration
from engine.prove.cheapest import Path
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey

_QUIET = "dim"


@dataclass(frozen=True)
class PathLayout:
    """Lays out ways, found within so many seconds each."""

    teller: Teller
    seconds: float

    def page(self, found: Paths) -> Iterator[RenderableType]:
        """Yield the answer, line by line and way by way."""
        texts, teller = self.teller.texts, self.teller
        yield Text()
        yield teller.instead(found.fact, found.value, found.wanted, found.reached)
        if found.reached:
            return
        if found.through:
            stages = " → ".join(teller.value(found.fact, stage) for stage in found.through)
            yield Text(texts("through_path", stages=stages, step=teller.value(found.fact, found.step)))
        if found.confirmed:
            yield Text(texts("confirm_first", stage=teller.value(found.fact, found.confirmed)))
        if not found.in_time:
            yield Text(texts("path_unanswered", seconds=teller.wording.number(round(self.seconds))))
            return
        for number, path in enumerate(found.paths, 1):
            yield from self._way(number, path)
        if found.paths:
            yield Text("\n" + texts("path_tried"), style=_QUIET)
        else:
            yield Text(texts("path_none"))
            if found.beyond is not None:
                yield Text(texts("path_in_the_way"))
                yield self._table(found.beyond.alterations, found.beyond.customer)
            elif found.lacking is not None:
                yield from WhyNotLayout(teller, 1).ways(found.lacking)

    def _way(self, number: int, path: Path) -> Iterator[RenderableType]:
        name = "path_other" if number > 1 else "path_cheapest" if path.is_cheapest else "path_found"
        yield Text("\n" + self.teller.texts(name, number=number, cost=path.cost), style="bold")
        yield self._table(path.alterations, path.customer)
        if path.days:
            days = self.teller.wording.with_unit(path.days, "day")
            said = self.teller.texts("wait_until", date=self.teller.date(path.customer.as_of), days=days)
            yield Padding(Text(said), (0, 0, 0, 3))

    def _table(self, alterations: Iterable[Alteration], customer: CustomerFacts) -> RenderableType:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(ratio=4, overflow="fold")
        table.add_column(ratio=4, overflow="fold")
        table.add_column(ratio=1, style=_QUIET)
        for one in alterations:
            table.add_row(self._title(one), self._change(one, customer), self.teller.texts(f"by_{one.by}"))
        return Padding(table, (0, 0, 0, 3))

    def _title(self, one: Alteration) -> str:
        if one.scope is None or not one.fact:
            return self.teller.wording.title(one.fact or one.scope or "")
        row = self.teller.phrases.row(one.scope, one.row)
        return self.teller.wording.title(f"{one.scope}.{one.fact}") + self.teller.beside(row)

    def _change(self, one: Alteration, customer: CustomerFacts) -> str:
        """Return what becomes of it; of what is not known, how to ask."""
        texts = self.teller.texts
        if one.row_facts is not None:
            row = Phrases(self.teller.wording, customer).row(one.scope or "", one.row) if one.row_facts else ""
            return texts("one_more", row=row) if row else texts("one_more_any")
        if not one.fact:
            return texts("completed")
        key = FactKey(one.scope, one.fact)
        before, after = self.teller.value(key, one.before), self.teller.value(key, one.after)
        return texts("becomes", before=before, after=after)
