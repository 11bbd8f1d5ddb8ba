"""What the three explaining commands share: who it is about, lines of a tree, words for tests and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from common.page_parts import headline
from common.texts import Texts
from engine.decision import Decision, Fired
from engine.derivation import Deriver, Node
from engine.explain import Explainer
from engine.model import Op, Pack, Quantified, Test
from engine.phrases import Phrases
from engine.rulebook import Shape
from engine.vocabulary import FactKey, Value
from engine.wording import Wording

if TYPE_CHECKING:
    from facts.heard import Heard

MARKS = {True: ("✓", "bold green"), False: ("✗", "bold red"), None: ("?", "bold yellow")}
GUIDES = "dim"
_PLAIN = (Op.IS, Op.ONE_OF, Op.KNOWN, Op.HAS, Op.HAS_ANY)
"""Tests of which nothing needs to be said but the value, where they are true."""


@dataclass(frozen=True)
class Teller:
    """Puts what belongs to one decision into words of one language."""

    deriver: Deriver
    texts: Texts
    heard: Mapping[str, Heard] = field(default_factory=dict)  # the record behind a fact, or a need by its row

    @property
    def pack(self) -> Pack:
        """The pack that decided."""
        return self.deriver.pack

    @property
    def decision(self) -> Decision:
        """The decision."""
        return self.deriver.decision

    @cached_property
    def wording(self) -> Wording:
        """The words of the language."""
        return Wording(self.pack.vocabulary, self.texts.language)

    @cached_property
    def phrases(self) -> Phrases:
        """What tests ask for, in words."""
        return Phrases(self.wording, self.deriver.customer)

    @cached_property
    def explainer(self) -> Explainer:
        """The reasons of rules that fired."""
        return Explainer(self.pack, self.deriver.customer, self.decision, self.wording)

    def head(self, card: Mapping[str, str | None]) -> RenderableType:
        """Return who it is about, and as of when."""
        return headline(self.texts, self.deriver.customer.customer, card, self.deriver.customer.as_of)

    def instead(self, key: FactKey, value: Value | None, wanted: Value, reached: bool) -> Text:
        """Return what a fact is, and that this is (not) the value, or member, that is asked for."""
        title, asked = self.wording.title(key.name), self.value(key, wanted)
        if reached:
            return Text(self.texts("reached", title=title, wanted=asked), style="bold")
        name = "not_in" if isinstance(value, frozenset) else "not_so"
        return Text(self.texts(name, title=title, value=self.value(key, value), wanted=asked), style="bold")

    def date(self, day: date) -> str:
        """Return a date in words."""
        return self.wording.date(day)

    def beside(self, said: str) -> str:
        """Return what stands in brackets behind a text."""
        return self.texts("beside", said=said)

    def colon(self, title: str, said: str) -> str:
        """Return a title and what it says."""
        return f"{title}{self.texts('colon')}{said}"

    def rule(self, name: str, row: str = "") -> str:
        """Return why a rule fired; of one that did not, what it is called."""
        if (name, row) in self.deriver.fired:
            fired = next(one for one in self.decision.fired if (one.rule, one.row) == (name, row))
            return self.explainer.reason(fired)
        return self.called(name)

    def called(self, name: str) -> str:
        """Return what a rule is called; a point rule by its reason, as it has no name."""
        written = self.deriver.book[name]
        if written.shape is Shape.POINTS:
            return self.explainer.reason(Fired(name))
        return self.wording.text(written.title)

    def value(self, key: FactKey, value: Value | None) -> str:
        """Return a value of a fact in words."""
        fact = self.pack.vocabulary.facts[key]
        if value in (None, frozenset()):
            return self.texts("not_known" if value is None else "none_of_them")
        if isinstance(value, str):
            return self.wording.member(fact, value)
        return self.wording.measure(fact, value)

    def stands(self, test: Test | Quantified, value: Value | None, is_true: bool = False, wanted: bool = True) -> str:
        """Return how things stand with a test: what is, and what it asks for if that says more."""
        asks = self.phrases.asks(test, wanted)
        if isinstance(test, Test):
            title, said = self.phrases.title(test.fact), self.value(test.fact, value)
            plain = said == asks or (test.op is Op.KNOWN and value is None) or (is_true and test.op in _PLAIN)
            return self.colon(title, said) + ("" if plain else self.texts("asks", asks=asks))
        name = test.collection
        recorded = name in self.deriver.customer.recorded
        number = len(self.deriver.customer.rows.get(name, ()))
        said = (
            self.texts("records", number=number)
            if number
            else self.texts("none_recorded" if recorded else "no_records")
        )
        return self.colon(self.wording.title(name), said) + self.texts("asks", asks=asks)

    def known(self, said: str, fact: str) -> str:
        """Return what is said of a fact, with how surely it is known, by whom and since when, if that was recorded."""
        heard = self.heard.get(fact)
        if heard is None or heard.sure is None:
            return said
        known = {"sure": self.texts(f"sure_{heard.sure}"), "by": heard.entered_by, "date": self.date(heard.on)}
        return self.texts("why_known", said=said, **known)

    def criterion(self, name: str) -> str:
        """Return the title of a line of a gate's checklist."""
        gate, _, criterion = name.partition("#")
        found = next(one for one in self.deriver.book[gate].criteria if one.id == criterion)
        return self.wording.text(found.title)

    def candidate(self, node: Node) -> str:
        """Return what a scorecard's candidate is called."""
        card = next(card for card in self.pack.scorecards if card.id == node.id.partition("@")[0])
        return self.value(card.chooses, node.value)

    def about(self, action: str, row: str) -> str:
        """Return the row that an action is about."""
        return self.phrases.row(self.pack.actions[action].per or "", row)

    @cached_property
    def strata(self) -> dict[str, int]:
        """The stratum of each rule, the first one being 1."""
        program = self.deriver.program
        return {program.rules[rule].id: n for n, stratum in enumerate(program.strata, 1) for rule in stratum.rules}

    def key(self, name: str) -> FactKey:
        """Return the key of a customer's fact, or of a row's named `collection.fact`."""
        collection, _, fact = name.partition(".")
        inner = FactKey(collection, fact)
        return FactKey(None, name) if self.pack.vocabulary.fact(name) else inner


def marked(truth: bool | None, said: str | Text) -> Text:
    """Return words behind the mark of a truth."""
    mark, style = MARKS[truth]
    return Text.assemble((mark, style), " ", said)


def hanging(line: Text) -> RenderableType:
    """Return a line whose further lines stand beside its mark; Chinese, which has no blanks, would go below it."""
    if line.plain[1:2] != " " or line.plain[:1] not in {mark for mark, _ in MARKS.values()}:
        return line
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(line[:1], line[2:])
    return grid


def branch(heading: str | Text) -> Tree:
    """Return the top of a tree."""
    return Tree(Text(heading, style="bold") if isinstance(heading, str) else heading, guide_style=GUIDES)
