"""How two decisions about one customer look side by side on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.explain_layout import Teller
from common.texts import Texts
from engine.changed import Change, Difference
from engine.decision import AdvisedAction
from engine.derivation import Deriver
from engine.vocabulary import FactKey
from engine.wording import sentence

if TYPE_CHECKING:
    from wiring import Decided, Rules

FEW = 8
"""Further conclusions that are shown at a glance."""

_QUIET = "dim"


class WhatIfLayout:
    """Lays out what a change of facts changes; `show_all` unfolds what is folded at first."""

    def __init__(self, rules: Rules, texts: Texts, show_all: bool) -> None:
        self.rules = rules
        self.texts = texts
        self.show_all = show_all

    def page(
        self, before: Decided, after: Decided, changes: Sequence[Change], found: Difference
    ) -> Iterator[RenderableType]:
        """Yield the change, both decisions side by side, and what comes and goes."""
        tellers = [
            Teller(Deriver(self.rules.pack, self.rules.plan, one.facts, one.decision), self.texts)
            for one in (before, after)
        ]
        yield Text()
        for number, change in enumerate(changes):
            label = self.texts("if_so") if number == 0 else self.texts("and_so")
            yield Text.assemble((f"{label} ", _QUIET), self._changed(tellers[0], change))
        yield Text()
        yield self._side_by_side(tellers)
        yield from self._actions(tellers, found)
        yield from self._others(tellers[0], found)
        if before.decision.values == after.decision.values and not (found.gained or found.lost or found.moved):
            yield Text(self.texts("nothing_changes"))
        yield Text("\n" + self.texts("rest_stays"), style=_QUIET)

    # --- side by side -------------------------------------------------------------------------------------------------

    def _side_by_side(self, tellers: list[Teller]) -> Table:
        table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style=_QUIET)
        table.add_column("", ratio=3, overflow="fold")
        table.add_column(self.texts("now"), ratio=4, overflow="fold")
        table.add_column(self.texts("then"), ratio=4, overflow="fold")
        for key in self._shown():
            now, then = (teller.value(key, teller.deriver.value(key)) for teller in tellers)
            title = tellers[0].wording.title(key.name)
            table.add_row(Text(title, style=_QUIET), now, Text(then, style="" if now == then else "bold"))
        return table

    def _shown(self) -> list[FactKey]:
        ladder = self.rules.pack.ladder
        names = [ladder.stage.name, ladder.proposed.name, ladder.move.name, self.rules.pack.shows.get("value", "")]
        return [FactKey(None, name) for name in names if self.rules.pack.vocabulary.fact(name)]

    # --- what comes and goes ------------------------------------------------------------------------------------------

    def _actions(self, tellers: list[Teller], found: Difference) -> Iterator[RenderableType]:
        if not (found.gained or found.lost or found.moved):
            return
        before, after = tellers
        yield Text("\n" + self.texts("plan"), style="bold cyan")
        for sign, style, actions, teller in (("+", "green", found.gained, after), ("−", "red", found.lost, before)):
            for action in actions:
                said = self._action(teller, action)
                reasons = teller.explainer.reasons(action.rules, action.row)[:1]
                line = Text.assemble((f"{sign} ", style), said, ("".join(f"\n  {one}" for one in reasons), _QUIET))
                yield Padding(line, (0, 0, 0, 1))
        for old, new in found.moved:
            dates = [after.date(one.due_on) for one in (old, new)]
            said = after.wording.text(self.rules.pack.actions[new.action].title)
            moved = self.texts("due_moved", before=dates[0], after=dates[1]) if old.due_on != new.due_on else ""
            yield Padding(
                Text.assemble(("~ ", "yellow"), said, (moved or self.texts("done_otherwise"), _QUIET)), (0, 0, 0, 1)
            )

    def _action(self, teller: Teller, action: AdvisedAction) -> str:
        title = teller.wording.text(self.rules.pack.actions[action.action].title)
        about = teller.beside(teller.about(action.action, action.row)) if action.row else ""
        owner = teller.wording.member_of("speaker_role", action.owner)
        return title + about + self.texts("who_when", owner=owner, date=teller.date(action.due_on))

    def _others(self, teller: Teller, found: Difference) -> Iterator[RenderableType]:
        """Yield the other conclusions that change, those first that a recommendation shows."""
        shown = list(self.rules.pack.shows.values())
        told = {str(key) for key in self._shown()} | {"advised"}
        others = [change for change in found.concluded if change.fact not in told]
        others.sort(key=lambda change: shown.index(change.fact) if change.fact in shown else len(shown))
        if not others:
            return
        limit = len(others) if self.show_all else FEW
        yield Text("\n" + self.texts("also_changes"), style="bold cyan")
        for change in others[:limit]:
            yield Padding(self._changed(teller, change), (0, 0, 0, 1))
        if rest := len(others) - len(others[:limit]):
            yield Padding(Text(self.texts("more_changes", number=rest), style=_QUIET), (0, 0, 0, 1))

    def _changed(self, teller: Teller, change: Change) -> Text:
        key = teller.key(change.fact)
        about = teller.beside(teller.phrases.row(key.scope, change.row)) if key.scope else ""
        title = sentence(teller.wording.title(change.fact)) + about
        if isinstance(change.before, frozenset) or isinstance(change.after, frozenset):
            return Text(teller.colon(title, self._members(teller, key, change)))
        before, after = teller.value(key, change.before), teller.value(key, change.after)
        return Text(teller.colon(title, f"{before} → {after}"))

    def _members(self, teller: Teller, key: FactKey, change: Change) -> str:
        before, after = (one if isinstance(one, frozenset) else frozenset() for one in (change.before, change.after))

        def said(sign: str, members: Iterable[str]) -> list[str]:
            return [f"{sign} {teller.value(key, member)}" for member in sorted(members)]

        return teller.texts("comma").join([*said("+", after - before), *said("−", before - after)])
