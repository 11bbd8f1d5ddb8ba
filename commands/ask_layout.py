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
from engine.snapshot import Row
from engine.vocabulary import Fact, Type, Value
from engine.wording import Wording, sentence
from facts.answers import is_answerable, source_of

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
        only = decided[0] if len(decided) == 1 else None
        about = {one.facts.customer: _who(one) for one in decided} if only is None else {}
        name = "" if only is None else f" · {only.card.get('name') or only.facts.customer}"
        title = f"{self.texts('ask_title')}{name}"
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
                    yield self._question(number, one, about.get(one.customer))
                if rest := len(questions) - len(shown):
                    yield Text(self.texts("ask_more", number=rest), style=_QUIET)
                yield Text()
        if unsure:
            yield from self._to_confirm(unsure, about)
        if commands := self._commands(found, unsure, decided, "CUSTOMER" if only is None else only.facts.customer):
            told = self.texts("semicolon").join(commands)
            yield Text(self.texts("ask_record", commands=told), style=_QUIET)

    def _commands(
        self, found: Sequence[Asked], unsure: Sequence[ToConfirm], decided: Sequence[Decided], customer: str
    ) -> list[str]:
        """Return the commands that record answers: to what is asked of the customer, and where it is recorded."""
        facts = [self.pack.vocabulary.fact(one.question.fact) for one in found]
        is_answered = bool(unsure) or any(fact is not None and is_answerable(fact) for fact in facts)
        tables = dict.fromkeys(
            one.question.fact.partition(".")[0] if fact is None else source_of(fact)
            for one, fact in zip(found, facts, strict=True)
            if fact is None or not is_answerable(fact)
        )
        commands = [f"valuelift record fact {customer} FACT=VALUE"] if is_answered else []
        for table in tables:
            commands += self._by_table(table, decided, customer)
        return commands

    def _by_table(self, table: str, decided: Sequence[Decided], customer: str) -> list[str]:
        """Return the commands that record something of a table; of values conveyed, what those on record lack."""
        if table == "stage_history":
            return [f"valuelift confirm {customer} --stage STAGE"]
        kind = next((each.name for each in KINDS if each.table == table), None)
        if table != "communications":
            return [] if kind is None else [f"valuelift record {kind} {customer}"]
        rows = [row for one in decided for row in one.facts.rows.get(table, ())]
        lacking = {
            f"effect {customer} {_named(rows, customer, 'outcome')} --outcome OUTCOME": "outcome",
            f"communication {customer} {_named(rows, customer, 'cost_class')} --cost CLASS": "cost_class",
        }
        named = [command for command, fact in lacking.items() if any(fact not in row.facts for row in rows)]
        return [f"valuelift record {command}" for command in named or [f"{kind} {customer}"]]

    def _to_confirm(self, unsure: Sequence[ToConfirm], about: Mapping[str, Text]) -> Iterator[RenderableType]:
        yield Text(self.texts("confirm_title"), style="bold cyan")
        shown, say = unsure[: self.limit], Confirming(self.texts, self.wording)
        for number, one in enumerate(shown, 1):
            line = Text.assemble(about.get(one.customer, ""), say.asked(one), (f"  {one.fact}", _QUIET))
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

    def _question(self, number: int, asked: Asked, about: Text | None) -> RenderableType:
        role, text = asked.question.role, asked.question.text
        said = self.texts("ask_role", role=sentence(role), question=text) if role else text
        line = Text.assemble(about or "", said, (f"  {asked.question.fact}", _QUIET))
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
        for name, actions in (("ask_gained", answer.gained), ("ask_lost", answer.lost)):
            said += [self.texts(name, action=self.wording.text(self.pack.actions[each].title)) for each in actions]
        return self.texts("and_").join(said)


def _who(decided: Decided) -> Text:
    """Return who a question is about, with the key by which commands name them."""
    key, name = decided.facts.customer, decided.card.get("name")
    return Text.assemble((f"{name or key}  ", "bold"), (f"{key}  " if name else "", _QUIET))


def _named(rows: Sequence[Row], customer: str, lacks: str) -> str:
    """Return by which name a command finds the first row that lacks something; of many customers, that it has one."""
    keys = [row.key for row in rows if lacks not in row.facts and row.key.startswith(f"{customer}/")]
    return keys[0].removeprefix(f"{customer}/") if keys else "COMMUNICATION"
