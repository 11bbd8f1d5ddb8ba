"""Rules with one small mistake each: a threshold moved, an operator flipped, a condition dropped, a rule removed.

Mistakes are made in the compiled program, so no pack has to be loaded anew for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.program import (
    TRUE,
    And,
    AtLeast,
    AtLeastFacts,
    Cond,
    CountAtLeast,
    GateForm,
    InDays,
    Leaf,
    Lit,
    Or,
    Program,
    ProgramRule,
    SumAtLeast,
    code_limits,
)
from engine.vocabulary import Fact, Type
from engine.written import written

NEVER = Or(())


class Mistake(StrEnum):
    """What kind of mistake is made."""

    MOVED = "moved"
    FLIPPED = "flipped"
    DROPPED = "dropped"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one mistake, by its id: the conditions with it by index, and for a gate what its criteria then ask.

    A point rule for several candidates is one rule, so a mistake in it is made for all of them.
    """

    rule: str
    mistake: Mistake
    what: str
    conditions: Mapping[int, Cond]
    required: Cond | None = None

    @property
    def key(self) -> tuple[str, str]:
        """By what people name it: the rule's id, and the mistake in words."""
        return self.rule, self.what


class Mutants:
    """All mistakes in a program. `program` is the same with the tests that the mistakes need besides."""

    def __init__(self, program: Program) -> None:
        self._plain = program
        self._leaves = {leaf: index for index, leaf in enumerate(program.leaves)}
        self._gates: dict[int, GateForm] = {gate.rule: gate for gate in program.gates}
        rules: dict[str, list[ProgramRule]] = defaultdict(list)
        for rule in program.rules:
            rules[rule.id.partition("@")[0]].append(rule)
        self.all = tuple(mutant for name, copies in rules.items() for mutant in self._of_rule(name, copies))
        self.program = replace(program, leaves=tuple(self._leaves))

    def _of_rule(self, name: str, copies: Sequence[ProgramRule]) -> Iterator[Mutant]:
        gate = self._gates.get(copies[0].index)
        never = {rule.index: NEVER for rule in copies}
        yield Mutant(name, Mistake.REMOVED, "removed", never, NEVER if gate else None)
        if gate is not None:
            (rule,) = copies
            stage, required = rule.when.items if isinstance(rule.when, And) else (rule.when, TRUE)
            for mistake, what, changed in self._variants(required, None):
                yield Mutant(name, mistake, what, {rule.index: And((stage, changed))}, changed)
            return
        # Copies for several candidates have conditions of one shape, unless these name facts of some candidates alone.
        variants = [list(self._variants(rule.when, rule.scope)) for rule in copies]
        for alike in zip(*variants, strict=False):
            mistake, what, _ = alike[0]
            yield Mutant(name, mistake, what, {rule.index: one[2] for rule, one in zip(copies, alike, strict=True)})

    def _variants(self, cond: Cond, scope: str | None) -> Iterator[tuple[Mistake, str, Cond]]:
        """Yield a condition with one mistake each."""
        if isinstance(cond, Lit):
            yield Mistake.DROPPED, f"without `{self._said(cond, scope)}`", TRUE
            yield from self._of_test(cond, scope)
            return
        for place, item in enumerate(cond.items):
            others = cond.items[:place], cond.items[place + 1 :]
            for mistake, what, changed in self._variants(item, scope):
                is_gone = mistake is Mistake.DROPPED and changed is TRUE
                items = (*others[0], *others[1]) if is_gone else (*others[0], changed, *others[1])
                yield mistake, what, type(cond)(items)

    def _of_test(self, lit: Lit, scope: str | None) -> Iterator[tuple[Mistake, str, Cond]]:
        said = self._said(lit, scope)
        flipped = replace(lit, positive=not lit.positive)
        yield Mistake.FLIPPED, f"`{self._said(flipped, scope)}` for `{said}`", flipped
        leaf = self._plain.leaves[lit.leaf]
        for moved in _moved(self._plain, leaf):
            other = replace(lit, leaf=self._index(moved))
            yield Mistake.MOVED, f"`{self._said(other, scope)}` for `{said}`", other
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            for mistake, what, where in self._variants(leaf.where, leaf.collection):
                yield mistake, f"{what} in `{said}`", replace(lit, leaf=self._index(replace(leaf, where=where)))

    def _index(self, leaf: Leaf) -> int:
        return self._leaves.setdefault(leaf, len(self._leaves))

    def _said(self, lit: Lit, scope: str | None) -> str:
        if lit.leaf < len(self._plain.leaves):
            return written(self._plain, lit.leaf, lit.positive, scope)
        return written(replace(self._plain, leaves=tuple(self._leaves)), lit.leaf, lit.positive, scope)


def _moved(program: Program, leaf: Leaf) -> Iterator[Leaf]:
    """Yield a test with its threshold one step lower and one higher; of amounts, a step is a tenth of them."""
    match leaf:
        case AtLeast(fact, code):
            declared = program.fact(fact)
            for step in (-1, 1):
                moved = code + step * _step(declared, code)
                if _is_possible(program, declared, moved):
                    yield AtLeast(fact, moved)
        case InDays(fact, first, last):
            for step in (-1, 1):
                if last == 0 and first + step <= 0:
                    yield InDays(fact, first + step, last)
                elif first == 0 and last + step >= 0:
                    yield InDays(fact, first, last + step)
        case CountAtLeast():
            yield from (replace(leaf, least=leaf.least + step) for step in (-1, 1) if leaf.least + step > 0)
        case SumAtLeast():
            yield from (replace(leaf, least=leaf.least + step * max(1, abs(leaf.least) // 10)) for step in (-1, 1))
        case AtLeastFacts():
            yield AtLeastFacts(leaf.right, leaf.right_times, leaf.left, leaf.left_times)


def _step(fact: Fact, code: int) -> int:
    return max(1, abs(code) // 10) if fact.type is Type.NUMBER else 1


def _is_possible(program: Program, fact: Fact, code: int) -> bool:
    """Whether a threshold splits the values that a fact can have."""
    if fact.enum:
        return 0 < code < len(program.vocabulary.enum_of(fact).members)
    least, most = code_limits(fact)
    return least < code <= most
