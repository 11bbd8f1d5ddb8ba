"""How open questions look on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from commands.record.kinds import KINDS
from common.confirming import Confirming
from common.texts import Texts
from engine.asking import Answer, Asked
from engine.model import Pack
from engine.vocabulary import Fact, Type, Value
from engine.wording import Wording, sentence

if TYPE_CHECKING:
    from facts.to_confirm import ToConfirm
    from wiring import Decided

_QUIET = "dim"


@dataclass(frozen=True)
class AskLayout:
    """Lays out questions; `limit` are shown of those that matter alone, and of the others (None: all)."""

    pack: Pack
    texts: Texts
    limit: int | None

    @property
    def wording(self) -> Wording:
        """The words of the language."""
        return Wording(self.pack.vocabulary, self.texts.language)

    def page(
        self, found: Sequence[Asked], unsure: Sequence[ToConfirm], decided: Sequence[Decided], as_of: date
    ) -> Iterator[RenderableType]:
        """Yield the questions, those first that matter by themselves, and last what is to be confirmed."""
        names = {one.facts.customer: one.card.get("name") or one.facts.customer for one in decided}
        only = decided[0] if len(decided) == 1 else None
        about = names if only is None else {}
        title = self.texts("ask_title") if only is None else f"{self.texts('ask_title')} · {names[only.facts.customer]}"
        yield Text.assemble((title, "bold"), (f"  {self.texts('as_of', date=self.texts.date(as_of))}", _QUIET))
        yield Text()
        if not found:
            yield Text(self.texts("ask_nothing"))
        alone = [one for one in found if one.weight]
        together = [one for one in found if not one.weight]
        for heading, questions in (("ask_alone", alone), ("ask_together", together)):
            if questions:
                yield Text(self.texts(heading), style="bold cyan")
                shown = questions[: self.limit]
                for number, one in enumerate(shown, 1):
                    yield self._question(number, one, about.get(one.customer, ""))
                if rest := len(questions) - len(shown):
                    yield Text(self.texts("ask_more", number=rest), style=_QUIET)
                yield Text()
        if unsure:
            yield from self._to_confirm(unsure, about)
        if only is not None and (commands := self._commands(found, unsure, only)):
            yield Text(self.texts("ask_record", commands="; ".join(commands)), style=_QUIET)

    def _commands(self, found: Sequence[Asked], unsure: Sequence[ToConfirm], decided: Decided) -> list[str]:
        """Return the commands that record answers: to what is asked of the customer, and of its collections.

        Of values conveyed it is the effect that is missing, where one was not heard.
        """
        customer = decided.facts.customer
        asked = dict.fromkeys(one.question.fact.partition(".")[0] for one in found)
        collections = [name for name in asked if name in self.pack.vocabulary.collections]
        by_table = {kind.table: kind.name for kind in KINDS}
        if any(row.facts.get("heard") is False for row in decided.facts.rows.get("communications", ())):
            by_table["communications"] = "effect"
        commands = [f"valuelift record {by_table[name]} {customer}" for name in collections if name in by_table]
        if unsure or len(collections) < len(asked):
            commands.insert(0, f"valuelift record fact {customer} FACT=VALUE")
        return commands

    def _to_confirm(self, unsure: Sequence[ToConfirm], about: Mapping[str, str]) -> Iterator[RenderableType]:
        yield Text(self.texts("confirm_title"), style="bold cyan")
        shown, say = unsure[: self.limit], Confirming(self.texts, self.wording)
        for number, one in enumerate(shown, 1):
            name = about.get(one.customer, "")
            line = Text.assemble((name and f"{name}  ", "bold"), say.asked(one), (f"  {one.fact}", _QUIET))
            yield self._numbered(number, line)
        if rest := len(unsure) - len(shown):
            yield Text(self.texts("ask_more", number=rest), style=_QUIET)
        yield Text(self.texts("confirm_record"), style=_QUIET)
        yield Text()

    @staticmethod
    def _numbered(number: int, line: Text) -> Table:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(justify="right", min_width=3)
        grid.add_column(overflow="fold")
        grid.add_row(f"{number}.", line)
        return grid

    def _question(self, number: int, asked: Asked, about: str) -> RenderableType:
        role, text = asked.question.role, asked.question.text
        said = self.texts("ask_role", role=sentence(role), question=text) if role else text
        line = Text.assemble((about and f"{about}  ", "bold"), said, (f"  {asked.question.fact}", _QUIET))
        outcomes: dict[str, list[str]] = {}
        for answer in asked.answers:
            if answer.matters:
                outcomes.setdefault(self._outcome(answer), []).append(self._answer(asked.question.fact, answer))
        grid = self._numbered(number, line)
        for outcome, answers in outcomes.items():
            grid.add_row("", Text.assemble((self.wording.listed(answers), "bold"), " → ", outcome))
        return grid

    def _answer(self, name: str, answer: Answer) -> str:
        fact = self.pack.vocabulary.fact(name)
        if fact is None or answer.value is None:
            return self.texts("ask_none_on_record")
        if answer.least is None and answer.most is None:
            return self._value(fact, answer.value)
        if answer.least == answer.most:
            return self._value(fact, answer.value)
        least, most = (None if one is None else self._value(fact, one) for one in (answer.least, answer.most))
        on_days = "_day" if fact.type is Type.DATE else ""
        if most is None or answer.most == fact.most:
            return self.texts(f"range_{'from' + on_days}", least=least)
        if least is None or answer.least == fact.least:
            return self.texts(f"range_{'to' + on_days}", most=most)
        return self.texts("range_between", least=least, most=most)

    def _value(self, fact: Fact, value: Value | None) -> str:
        return self.wording.member(fact, value) if isinstance(value, str) else self.wording.measure(fact, value)

    def _outcome(self, answer: Answer) -> str:
        """Return what an answer changes: facts with their new value, actions that come and go."""
        said = []
        for name, value in answer.becomes.items():
            fact = self.pack.vocabulary.fact(name)
            new = self._value(fact, value) if fact and value is not None else self.texts("not_known")
            said.append(self.texts("ask_becomes", title=self.wording.title(name), value=new))
        for sign, actions in (("+", answer.gained), ("−", answer.lost)):
            said += [f"{sign} {self.wording.text(self.pack.actions[action].title)}" for action in actions]
        return self.texts("and_").join(said)
