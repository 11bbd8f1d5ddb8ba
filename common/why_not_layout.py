"""How it looks on a terminal what is missing for another conclusion: the nearest ways to it, and what blocks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from common.explain_layout import Teller, branch, hanging, marked
from engine.decision import State
from engine.model import Quantified, Quantifier, Test
from engine.vocabulary import Value
from engine.ways import Missing, Standing, Way, WhyNot
from engine.wording import sentence

_QUIET = "dim"
_REST = 2
"""Alternatives beside the nearest one that are shown."""


@dataclass(frozen=True)
class WhyNotLayout:
    """Lays out what is missing; `limit` ways are shown (None: all)."""

    teller: Teller
    limit: int | None

    def page(self, found: WhyNot) -> Iterator[RenderableType]:
        """Yield the answer, line by line and tree by tree."""
        texts, teller = self.teller.texts, self.teller
        wanted = teller.value(found.fact, found.wanted)
        yield Text()
        yield teller.instead(found.fact, found.value, found.wanted, found.reached)
        if found.reached:
            return
        if found.through:
            stages = " → ".join(teller.value(found.fact, stage) for stage in found.through)
            yield Text(texts("through", stages=stages, step=teller.value(found.fact, found.step)))
        if found.standing is not None:
            yield from self._standing(found.standing, wanted, teller.value(found.fact, found.standing.leader))
        if not found.ways:
            yield Text(texts("no_way"))
        yield from self.ways(found)
        if rest := len(found.ways) - len(self._shown(found)):
            yield Text(texts("more_ways", number=rest), style=_QUIET)

    def ways(self, found: WhyNot) -> Iterator[RenderableType]:
        """Yield the ways that are shown, tree by tree."""
        for number, way in enumerate(self._shown(found), 1):
            yield self._way(found, number, way)

    def _shown(self, found: WhyNot) -> tuple[Way, ...]:
        """Return the nearest ways: those for another stage only if there is no other."""
        if self.limit is None:
            return found.ways
        here = tuple(way for way in found.ways if not way.elsewhere)
        return (here or found.ways)[: self.limit]

    def _standing(self, standing: Standing, wanted: str, leader: str) -> Iterator[RenderableType]:
        texts, number = self.teller.texts, self.teller.wording.number
        said = texts(
            "standing",
            wanted=wanted,
            points=number(standing.points),
            leader=leader,
            leads=number(standing.leader_points),
            gap=number(standing.gap),
        )
        yield Text(sentence(said))
        if standing.eligible is not State.MET:
            yield Text(texts("not_eligible", wanted=wanted))
        for rule, points in standing.drags:
            yield Text(f"  {self.teller.wording.signed(points)}  {self.teller.rule(rule)}", style=_QUIET)

    # --- ways ---------------------------------------------------------------------------------------------------------

    def _way(self, found: WhyNot, number: int, way: Way) -> Tree:
        state = self._state(way)
        tree = branch(Text.assemble(f"{number}. ", (self._name(way), "bold"), (state and f" · {state}", _QUIET)))
        for blocker in way.blockers:
            given = self.teller.value(found.fact, blocker.value)
            said = self.teller.texts("blocked", rule=self.teller.called(blocker.rule), value=given)
            below = tree.add(hanging(marked(False, said)))
            below.add(Text(self.teller.rule(blocker.rule, way.row), style=_QUIET))
        if way.begins is not None:
            tree.add(Text(self.teller.texts("begins", date=self.teller.date(way.begins))))
        self._all(tree, way.missing)
        return tree

    def _name(self, way: Way) -> str:
        texts = self.teller.texts
        if not way.rule:
            return texts("as_it_is")
        if way.points is not None and "#" not in way.rule:
            return texts("once_eligible")
        said = self.teller.called(way.rule)
        if way.points is not None:
            said = f"{self.teller.wording.signed(way.points)}  {self._reason(way)}"
        return said + self.teller.beside(self.teller.phrases.row(self._scope(way), way.row)) if way.row else said

    def _reason(self, way: Way) -> str:
        """Return why a rule would give points: what it asks for, if its reason tells values that are not so."""
        because = self.teller.wording.text(self.teller.deriver.book[way.rule].because)
        if "{" not in because:
            return sentence(because)
        asked = [self.teller.phrases.named(one.condition, one.wanted) for one in way.missing]
        return sentence(self.teller.texts("and_").join(asked))

    def _scope(self, way: Way) -> str:
        return self.teller.deriver.book[way.rule].scope or ""

    def _state(self, way: Way) -> str:
        texts = self.teller.texts
        parts = []
        if way.missing:
            parts.append(texts("conditions_missing", number=len(way.missing)))
        if way.blockers:
            parts.append(texts("something_first"))
        if way.points is not None and not way.enough:
            parts.append(texts("not_enough"))
        if way.passes_on is not None:
            parts.append(texts("comes_on", date=self.teller.date(way.passes_on)))
        return texts("comma").join(parts)

    def _all(self, tree: Tree, missing: tuple[Missing, ...]) -> None:
        for criterion, group in groupby(missing, key=lambda one: one.criterion):
            ones = list(group)
            if not criterion:
                for one in ones:
                    self._missing(tree, one)
                continue
            truth = False if any(one.truth is not None for one in ones) else None
            below = tree.add(hanging(marked(truth, self.teller.criterion(criterion))))
            for one in ones:
                self._missing(below, one, is_marked=False)

    def _missing(self, tree: Tree, one: Missing, is_marked: bool = True) -> None:
        said = self._stands(one)
        if one.passes_on is not None:
            said += f" · {self.teller.texts('comes_on', date=self.teller.date(one.passes_on))}"
        below = tree.add(hanging(marked(None if one.truth is None else False, said)) if is_marked else Text(said))
        if isinstance(one.condition, Quantified) and one.truth is False:
            for row in self._in_the_way(one.condition, one.wanted):
                below.add(Text(row))
        if one.way is not None:
            self._nested(below, one.way, one)
        for others in one.instead[:_REST]:
            also = self.teller.texts("and_").join(self._stands(other) for other in others)
            below.add(Text(self.teller.texts("or_else", also=also), style=_QUIET))
        if rest := len(one.instead[_REST:]):
            below.add(Text(self.teller.texts("more_alternatives", number=rest), style=_QUIET))

    def _in_the_way(self, test: Quantified, wanted: bool) -> Iterator[str]:
        """Yield the rows because of which a test that no row may pass, or every one has to, comes out otherwise."""
        wrong = {(Quantifier.NONE, True): True, (Quantifier.ANY, False): True, (Quantifier.EVERY, True): False}
        if (test.quantifier, wanted) in wrong:
            for row in self.teller.deriver.condition(test).because:
                if row.truth is wrong[test.quantifier, wanted]:
                    yield self.teller.phrases.row(test.collection, row.id)

    def _nested(self, tree: Tree, way: Way, one: Missing) -> None:
        """Add how rules would come to what a test asks for."""
        below = tree.add(Text(self.teller.texts("given_by", rule=self._name(way)), style=_QUIET))
        key = one.condition.fact if isinstance(one.condition, Test) else None
        for blocker in way.blockers if key else ():
            value: Value = blocker.value
            given = self.teller.value(key, value) if key else ""
            said = self.teller.texts("blocked", rule=self.teller.called(blocker.rule), value=given)
            below.add(marked(False, said))
        self._all(below, way.missing)

    def _stands(self, one: Missing) -> str:
        return self.teller.stands(one.condition, one.value, wanted=one.wanted)
