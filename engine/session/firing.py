"""Fire rules at a place by durable-rules: what to compute before, which patterns to ask about, and what is known.

Where a pattern is asked about, all that it reads of facts and flags holds already; all but that of what is `any` of
several. So what the library answers depends on nothing but the patterns asked about and the nested `any` that hold:
it is asked once for each such question, and the answer is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from engine.frozen import dataclass
from engine.program import Program, Stratum, leaf_scope
from engine.session.conditions import COMPUTED, Conditions, Test
from engine.session.lowering import Lowering, Step
from engine.session.matcher import Matcher, Pattern, View, render
from engine.session.meaning import Meanings
from engine.session.place import Place, mask
from engine.vocabulary import FactKey

ANSWERS = 20_000
"""So many answers are kept, of some 300 bytes each; then it is begun anew."""

Render = Callable[[Place], str]


@dataclass(frozen=True, slots=True)
class _Flag:
    """A leaf to compute before rules are matched, as a bit; the patterns that are then false, for False and True, and
    the step's rules that read it, as bits."""

    leaf: int
    test: Test
    dead: tuple[int, int]
    readers: int


@dataclass(frozen=True, slots=True)
class _Auxiliary:
    """A nested `any`: its property, as a bit, the patterns of which one has to hold, and the rules it is there for."""

    property: int
    patterns: int
    rules: int


@dataclass(frozen=True, slots=True)
class _View:
    """A view, its patterns and the auxiliary properties that they read, as bits."""

    view: View
    patterns: int
    auxiliaries: int


@dataclass(frozen=True, slots=True)
class FiringStep:
    """Patterns to fire in one scope, as bits, and the flags to compute before. `auxiliaries` if they are no rules."""

    scope: str | None
    patterns: int
    views: tuple[_View, ...]
    flags: tuple[_Flag, ...]
    auxiliaries: tuple[_Auxiliary, ...]


class Firing:
    """A program's rules compiled for durable-rules; `steps` to fire in each stratum. Not safe in two threads."""

    def __init__(self, program: Program, conditions: Conditions) -> None:
        """Compile a program."""
        self._program = program
        self._conditions = conditions
        lowering = Lowering(program)
        steps = [list(lowering.steps(stratum.rules)) for stratum in program.strata]
        self._groups = lowering.groups
        self._matcher = Matcher(lowering.groups)
        self.meanings = Meanings(program, lowering.alternatives)
        self._auxiliaries = {name: 1 << number for number, name in enumerate(lowering.depths)}
        self._renders = dict(self._rendered(lowering))
        self.steps = [self._steps(*of) for of in zip(program.strata, steps, strict=True)]
        self._answers: dict[tuple[int, int], int] = {}

    def fire(self, step: FiringStep, place: Place) -> None:
        """Fire a step's rules at a place, or find out which auxiliary properties hold.

        Raises:
            RuntimeError: if durable-rules refuses a fact.
        """
        customer = place.customer
        for flag in step.flags:
            if flag.readers & ~(place.dead | customer.dead):
                _compute(flag, place)
        alive = ~(place.blocked | customer.blocked)
        candidates = step.patterns & alive
        for auxiliary in step.auxiliaries:
            if not auxiliary.rules & alive:
                candidates &= ~auxiliary.patterns
        if not candidates:
            return
        held = 0
        for view in step.views:
            asked = candidates & view.patterns
            if asked:
                question = asked, place.auxiliaries & view.auxiliaries
                answer = self._answers.get(question)
                held |= self._ask(view.view, question, place) if answer is None else answer
        if not step.auxiliaries:
            place.fired |= held
        for auxiliary in step.auxiliaries:
            if held & auxiliary.patterns:
                place.auxiliaries |= auxiliary.property

    def _ask(self, view: View, question: tuple[int, int], place: Place) -> int:
        answer = self._matcher.fire(view, question[0], lambda name: self._renders[name](place))
        if len(self._answers) >= ANSWERS:
            self._answers.clear()
        self._answers[question] = answer
        return answer

    # --- compiling -------------------------------------------------------------------------------------------------

    def _steps(self, stratum: Stratum, steps: Iterable[Step]) -> tuple[FiringStep, ...]:
        return tuple(self._step(step, mask(stratum.rules)) for step in steps)

    def _step(self, step: Step, rules: int) -> FiringStep:
        group = self._groups[step.group]
        views = [self._view(view) for view in self._matcher.views[step.group]]
        computed = [leaf for leaf in step.flags if isinstance(self._program.leaves[leaf], COMPUTED)]
        of_scope = rules & mask(rule.index for rule in self._program.rules if rule.scope == step.scope)
        return FiringStep(
            step.scope,
            mask(pattern.place for pattern in group),
            tuple(views),
            tuple(self._flag(leaf, step.scope, of_scope) for leaf in computed),
            tuple(self._auxiliaries_of(group)),
        )

    def _view(self, view: View) -> _View:
        read = {name for names in view.properties.values() for name in names}
        return _View(view, view.patterns, reduce(or_, (self._auxiliaries.get(name, 0) for name in read), 0))

    def _auxiliaries_of(self, group: Sequence[Pattern]) -> Iterator[_Auxiliary]:
        for name in dict.fromkeys(pattern.auxiliary for pattern in group if pattern.auxiliary):
            own = [pattern for pattern in group if pattern.auxiliary == name]
            yield _Auxiliary(self._auxiliaries[name], mask(pattern.place for pattern in own), own[0].rules)

    def _flag(self, leaf: int, scope: str | None, rules: int) -> _Flag:
        meanings = self.meanings
        return _Flag(
            1 << leaf,
            self._conditions.computed(leaf, scope),
            (meanings.dead(leaf, False), meanings.dead(leaf, True)),
            meanings.readers[leaf] & rules,
        )

    def _rendered(self, lowering: Lowering) -> Iterator[tuple[str, Render]]:
        """Yield how the properties that the library compares are rendered at a place."""
        for fact, name in lowering.properties.items():
            yield name, _fact_at(fact, name)
        for leaf, name in lowering.flags.items():
            is_customers = not isinstance(test := self._program.leaves[leaf], COMPUTED) and leaf_scope(test) is None
            yield name, _leaf_at(1 << leaf, name, is_customers)
        for name, bit in self._auxiliaries.items():
            yield name, _auxiliary_at(bit, name)


def _compute(flag: _Flag, place: Place) -> None:
    truth = flag.test(place, False)
    if truth is None:
        place.blocked |= flag.dead[False] | flag.dead[True]
    else:
        place.blocked |= flag.dead[truth]
        if truth:
            place.yes |= flag.leaf
        else:
            place.no |= flag.leaf
    surely = truth if place.all.is_settled else flag.test(place, True)
    if surely is None:
        place.doubt |= flag.readers
    else:
        place.dead |= flag.dead[surely]


def _fact_at(fact: FactKey, name: str) -> Render:
    def render_at(place: Place) -> str:
        code = place.holder(fact).codes.get(fact.name)
        return render(name, code) if isinstance(code, int) else ""

    return render_at


def _leaf_at(leaf: int, name: str, is_customers: bool) -> Render:
    yes, no = render(name, 1), render(name, 0)

    def render_at(place: Place) -> str:
        if is_customers:
            place = place.customer
        return yes if place.yes & leaf else no if place.no & leaf else ""

    return render_at


def _auxiliary_at(auxiliary: int, name: str) -> Render:
    yes = render(name, 1)
    return lambda place: yes if place.auxiliaries & auxiliary else ""
