"""A program over an unknown customer as terms of the solver, made when they are first asked for.

The meaning is that of `docs/language.md`, sentence by sentence as in the two executors; tests compare all three.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import z3

from engine.model import Collect
from engine.program import (
    EPOCH,
    Aggregate,
    And,
    AtLeast,
    AtLeastFacts,
    CandidateForm,
    Cond,
    CountAtLeast,
    EqualFacts,
    InDays,
    InvariantForm,
    Known,
    Leaf,
    Lit,
    Member,
    OneOf,
    PointForm,
    Program,
    Quantity,
    Resolution,
    Selection,
    Single,
    SumAtLeast,
    Union,
    leaf_facts,
    leaf_scope,
)
from engine.prove.customer import Customer, covers
from engine.prove.terms import (
    MISSING,
    Coded,
    Number,
    Term,
    Truth,
    Value,
    Whole,
    both,
    choose,
    compared,
    how_many,
    no,
    same,
    sharp,
    some,
)
from engine.prove.values import aggregated, divided_half_even, first_known, positive, reaches, total, where_known
from engine.vocabulary import FactKey, Type

_Test = OneOf | AtLeast | EqualFacts | AtLeastFacts | InDays | Known | Member
_Spot = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate's points, nominal and as bounds, whether it is eligible, and whether its points may change."""

    form: CandidateForm
    points: Number
    lower: Number
    upper: Number
    boundless: Term
    eligible: Truth
    cautious: Truth
    provisional: Term


class Encoding:
    """What a program concludes about a customer, term by term."""

    def __init__(self, program: Program, customer: Customer) -> None:
        self.program = program
        self._customer = customer
        self._today = customer.today
        self._resolutions = {resolution.fact: resolution for resolution in program.resolutions}
        self._literals: dict[tuple[int, int | None, bool], Truth] = {}
        self._values: dict[tuple[FactKey, int | None], Value] = {}
        self._sets: dict[FactKey, dict[int, Term]] = {}
        self._rules: dict[_Spot, Term] = {}
        self._cautious: dict[_Spot, Truth] = {}
        self._provisional: dict[tuple[FactKey, int | None], Term] = {}
        self._scores: dict[FactKey, list[Scored]] = {}
        self._chosen: dict[FactKey, list[Term]] = {}

    # --- conditions ---

    def truth(self, cond: Cond, row: int | None = None, cautious: bool = False) -> Truth:
        """Return a condition's truth for the customer, or for one row; cautiously, what is provisional is unknown."""
        if isinstance(cond, Lit):
            truth = self._literal(cond.leaf, row, cautious)
            return truth if cond.positive else truth.negated()
        truths = [self.truth(item, row, cautious) for item in cond.items]
        join = both if isinstance(cond, And) else some
        return Truth(join(*(one.surely for one in truths)), join(*(one.possibly for one in truths)))

    def _literal(self, index: int, row: int | None, cautious: bool) -> Truth:
        leaf = self.program.leaves[index]
        if row is not None and leaf_scope(leaf) is None:
            row = None
        key = index, row, cautious
        found = self._literals.get(key)
        if found is None:
            found = self._literals[key] = self._computed(leaf, row, cautious)
        return found

    def _computed(self, leaf: Leaf, row: int | None, cautious: bool) -> Truth:
        if isinstance(leaf, CountAtLeast | SumAtLeast):
            return self._quantity(leaf, cautious)
        truth = self._test(leaf, row)
        if cautious:
            return truth.doubted(some(*(self._doubt(fact, row) for fact in leaf_facts(leaf))))
        return truth

    def _doubt(self, fact: FactKey, row: int | None) -> Term:
        return self.provisional(fact, row if fact.scope else None)

    def _test(self, leaf: _Test, row: int | None) -> Truth:
        match leaf:
            case Member(fact, code):
                return sharp(self.members(fact).get(code, False))
            case Known(fact):
                return sharp(self._at(fact, row).known)
            case OneOf(fact, codes):
                value = self._at(fact, row)
                wanted = [self._customer.word(code) if isinstance(code, str) else code for code in codes]
                return where_known(some(*(value.has(code) for code in wanted)), value)
            case AtLeast(fact, code):
                value = self._at(fact, row)
                return where_known(reaches(value, code), value)
            case InDays(fact, first, last):
                value = self._at(fact, row)
                begun, over = reaches(value, self._today + first), reaches(value, self._today + last + 1)
                return where_known(both(begun, no(over)), value)
            case EqualFacts() | AtLeastFacts():
                left, right = self._at(leaf.left, row), self._at(leaf.right, row)
                test = operator.eq if isinstance(leaf, EqualFacts) else operator.ge
                holds = compared(left, right, test, leaf.left_times, leaf.right_times)
                return Truth(holds, some(holds, no(both(left.known, right.known))))

    def _at(self, fact: FactKey, row: int | None) -> Value:
        return self.value(fact, row if fact.scope else None)

    def _quantity(self, leaf: Quantity, cautious: bool) -> Truth:
        rows = range(self._customer.size(leaf.collection))
        present = [self._customer.present(leaf.collection, row) for row in rows]
        truths = [self.truth(leaf.where, row, cautious) for row in rows]
        surely = [both(here, truth.surely) for here, truth in zip(present, truths, strict=True)]
        possibly = [both(here, truth.possibly) for here, truth in zip(present, truths, strict=True)]
        covered = covers(self._customer.coverage(leaf.collection), self._today, leaf.window)
        if isinstance(leaf, CountAtLeast):
            return Truth(how_many(surely, leaf.least), some(no(covered), how_many(possibly, leaf.least)))
        amounts = [self._amount(leaf.of, row, cautious) for row in rows]
        lacks = some(*(both(maybe, no(amount.known)) for maybe, amount in zip(possibly, amounts, strict=True)))
        lower, upper = [], []
        for sure, maybe, amount in zip(surely, possibly, amounts, strict=True):
            counted = both(maybe, amount.known)
            lower.append(choose(both(counted, some(sure, amount.code < 0)), amount.code, 0))
            upper.append(choose(both(counted, some(sure, amount.code > 0)), amount.code, 0))
        bounded = both(covered, no(lacks))
        return Truth(both(bounded, z3.Sum(lower) >= leaf.least), some(no(bounded), z3.Sum(upper) >= leaf.least))

    def _amount(self, fact: FactKey, row: int, cautious: bool) -> Whole:
        value = self.value(fact, row)
        if not isinstance(value, Whole):
            return Whole(False, 0)
        return Whole(both(value.known, no(self.provisional(fact, row))), value.code) if cautious else value

    # --- rules ---

    def fired(self, rule: int, row: int | None = None) -> Term:
        """Return whether a rule fires, for the customer or for the row of its collection."""
        found = self._rules.get((rule, row))
        if found is None:
            truth = self.truth(self.program.rules[rule].when, row)
            found = self._rules[rule, row] = both(self.takes_part(rule, row), truth.surely)
        return found

    def open(self, rule: int, row: int | None = None) -> Term:
        """Return whether, asked cautiously, a rule's condition is unknown."""
        found = self._cautious.get((rule, row))
        if found is None:
            found = self._cautious[rule, row] = self.truth(self.program.rules[rule].when, row, cautious=True)
        return both(self.takes_part(rule, row), found.unknown)

    def settled(self, rule: int, row: int | None = None) -> Term:
        """Return whether a rule fires and cannot be undone."""
        return both(self.fired(rule, row), no(self.open(rule, row)))

    def takes_part(self, rule: int, row: int | None) -> Term:
        """Return whether a rule is valid, and its row there."""
        form = self.program.rules[rule]
        first = form.valid_from == date.min or self._today >= (form.valid_from - EPOCH).days
        last = form.valid_until == date.max or self._today <= (form.valid_until - EPOCH).days
        here = form.scope is None or row is None or self._customer.present(form.scope, row)
        return both(first, last, here)

    def rows_of(self, rule: int) -> Iterator[int | None]:
        """Yield the places at which a rule can fire."""
        scope = self.program.rules[rule].scope
        yield from [None] if scope is None else range(self._customer.size(scope))

    def fired_anywhere(self, rule: int) -> Term:
        """Return whether a rule fires, for the customer or for some row."""
        return self._anywhere(rule, self.fired)

    def _anywhere(self, rule: int, holds: Callable[[int, int | None], Term]) -> Term:
        return some(*(holds(rule, row) for row in self.rows_of(rule)))

    # --- facts ---

    def value(self, key: FactKey, row: int | None = None) -> Value:
        """Return the value of a single-valued fact."""
        found = self._values.get((key, row))
        if found is None:
            found = self._values[key, row] = self._resolved(key, row)
        return found

    def members(self, key: FactKey) -> dict[int, Term]:
        """Return, per code, whether a set has this member."""
        found = self._sets.get(key)
        if found is None:
            resolution = self._resolutions.get(key)
            match resolution:
                case Union():
                    found = self._union(resolution, self.fired)
                case Selection():
                    found = self._selected_set(resolution)
                case _:
                    found = {}
            self._sets[key] = found
        return found

    def _resolved(self, key: FactKey, row: int | None) -> Value:
        resolution = self._resolutions.get(key)
        match resolution:
            case Single():
                return self._decided(
                    self._without_rules(resolution, row),
                    [(entry.value, self.fired(entry.rule, row)) for entry in resolution.entries],
                )
            case Aggregate():
                hits = [(value, self.fired(rule, row)) for rule, value in resolution.entries]
                return aggregated(resolution, hits)
            case Selection():
                return self._selected(resolution)
            case _:
                return self._customer.value(key, row)

    def _decided(self, base: Value, entries: list[tuple[int, Term]]) -> Value:
        """Return the value of the first entry (best first) that holds, or else the base."""
        if isinstance(base, Coded):
            taken, undecided = [], True
            for value, holds in entries:
                taken.append((value, both(undecided, holds)))
                undecided = both(undecided, no(holds))
            taken += [(code, both(undecided, holds)) for code, holds in base.codes.items()]
            codes: dict[int, list[Term]] = {}
            for code, holds in taken:
                codes.setdefault(code, []).append(holds)
            return Coded({code: some(*holds) for code, holds in codes.items()})
        known, code = base.known, base.code
        for value, holds in reversed(entries):
            known, code = some(holds, known), choose(holds, value, code)
        return Whole(known, code)

    def _without_rules(self, single: Single, row: int | None) -> Value:
        """Return what a fact is when no rule fires."""
        fact = self.program.fact(single.fact)
        is_whole = fact.type in (Type.INTEGER, Type.NUMBER, Type.DATE)
        stored = None if fact.is_derived else self._customer.value(single.fact, row)
        if single.default is not None:
            other: Value = Whole(True, single.default) if is_whole else Coded({single.default: True})
        elif single.fallback is not None:
            other = self.value(single.fallback, row)
        else:
            other = Whole(False, 0) if is_whole else MISSING
        return other if stored is None else first_known(stored, other)

    def _union(self, union: Union, holds: Callable[[int, int | None], Term]) -> dict[int, Term]:
        """Return, per member, whether a rule that holds adds it."""
        reached: dict[int, list[Term]] = {}
        for rule, codes in union.entries:
            term = self._anywhere(rule, holds)
            for code in codes:
                reached.setdefault(code, []).append(term)
        return {code: some(*terms) for code, terms in reached.items()}

    def value_without(self, single: Single, rule: int, row: int | None) -> Value:
        """Return what a fact would be if a rule were taken away."""
        entries = [(entry.value, self.fired(entry.rule, row)) for entry in single.entries if entry.rule != rule]
        return self._decided(self._without_rules(single, row), entries)

    def members_lost(self, union: Union, rule: int) -> Term:
        """Return whether a set would lose a member if a rule were taken away."""
        others = replace(union, entries=tuple(one for one in union.entries if one[0] != rule))
        rest = self._union(others, self.fired)
        return some(*(both(holds, no(rest.get(code, False))) for code, holds in self.members(union.fact).items()))

    # --- scorecards ---

    def scores(self, selection: Selection) -> list[Scored]:
        """Return the candidates with their points at scale 4."""
        found = self._scores.get(selection.fact)
        if found is None:
            found = self._scores[selection.fact] = [self._scored(form) for form in selection.candidates]
        return found

    def _scored(self, form: CandidateForm) -> Scored:
        points, less, more = [], [], []
        boundless, provisional = [], []
        for item in form.points:
            fired, doubt = self.fired(item.rule), self.open(item.rule)
            worth, unsure = self._worth(item)
            points.append(choose(fired, worth, 0))
            gain, loss = positive(worth), positive(-worth)
            counted, left_out = both(doubt, fired), both(doubt, no(fired))
            less += [choose(counted, gain, 0), choose(left_out, loss, 0)]
            more += [choose(left_out, gain, 0), choose(counted, loss, 0)]
            boundless.append(both(unsure, some(fired, doubt)))
            provisional.append(both(doubt, worth != 0))
        nominal = total(points)
        return Scored(
            form,
            nominal,
            nominal - total(less),
            nominal + total(more),
            some(*boundless),
            self.truth(form.eligible),
            self.truth(form.eligible, cautious=True),
            some(*provisional, *boundless),
        )

    def _worth(self, item: PointForm) -> tuple[Number, Term]:
        """Return what a rule's points come to, and whether their operand is not to rely on."""
        if item.fact is None:
            return item.plus, False
        value = self.value(item.fact)
        if not isinstance(value, Whole):
            return 0, True
        worth = divided_half_even(value.code * item.times + item.plus, item.divisor)
        return choose(value.known, worth, 0), some(no(value.known), self.provisional(item.fact, None))

    def chosen(self, selection: Selection) -> list[Term]:
        """Return, per candidate, whether it is among the best eligible ones with more than zero points."""
        found = self._chosen.get(selection.fact)
        if found is None:
            found = self._chosen[selection.fact] = self._best(selection)
        return found

    def _best(self, selection: Selection) -> list[Term]:
        scores = self.scores(selection)
        running = [both(one.eligible.surely, one.points > 0) for one in scores]
        found = []
        for place, one in enumerate(scores):
            ahead = [
                both(running[other], rival.points >= one.points if other < place else rival.points > one.points)
                for other, rival in enumerate(scores)
                if other != place
            ]
            found.append(both(running[place], no(how_many(ahead, selection.best))))
        return found

    def _selected(self, selection: Selection) -> Value:
        chosen = self.chosen(selection)
        return self._decided(
            MISSING if selection.fallback is None else Coded({selection.fallback: True}),
            [(one.form.code, holds) for one, holds in zip(self.scores(selection), chosen, strict=True)],
        )

    def _selected_set(self, selection: Selection) -> dict[int, Term]:
        chosen = self.chosen(selection)
        found = {one.form.code: holds for one, holds in zip(self.scores(selection), chosen, strict=True)}
        if selection.fallback is not None:
            found[selection.fallback] = some(found.get(selection.fallback, False), no(some(*chosen)))
        return found

    # --- what is provisional ---

    def provisional(self, key: FactKey, row: int | None = None) -> Term:
        """Return whether a fact is provisional."""
        found = self._provisional.get((key, row))
        if found is None:
            resolution = self._resolutions.get(key)
            found = False if resolution is None else self._may_change(resolution, row)
            self._provisional[key, row] = found
        return found

    def _may_change(self, resolution: Resolution, row: int | None) -> Term:
        match resolution:
            case Single():
                return self._single_may_change(resolution, row)
            case Union():
                return self._union_may_change(resolution)
            case Aggregate():
                return self._aggregate_may_change(resolution, row)
            case Selection():
                return self._choice_may_change(resolution)

    def _single_may_change(self, single: Single, row: int | None) -> Term:
        base = self._without_rules(single, row)
        best = self._decided(base, [(entry.value, self.settled(entry.rule, row)) for entry in single.entries])
        found, undecided = [], True
        for entry in single.entries:
            found.append(both(self.open(entry.rule, row), undecided, no(best.has(entry.value))))
            undecided = both(undecided, no(self.settled(entry.rule, row)))
        if single.default is None and single.fallback is not None:
            fact = self.program.fact(single.fact)
            stored = False if fact.is_derived else self._customer.value(single.fact, row).known
            found.append(both(undecided, no(stored), self.provisional(single.fallback, row)))
        return some(*found)

    def _union_may_change(self, union: Union) -> Term:
        sure = self._union(union, self.settled)
        doubted = self._union(union, self.open)
        return some(*(both(doubt, no(sure[code])) for code, doubt in doubted.items()))

    def _aggregate_may_change(self, aggregate: Aggregate, row: int | None) -> Term:
        doubts = [(value, self.open(rule, row)) for rule, value in aggregate.entries]
        sure = [(value, self.settled(rule, row)) for rule, value in aggregate.entries]
        none_sure = no(some(*(holds for _, holds in sure)))
        any_doubt = some(*(doubt for _, doubt in doubts))
        if aggregate.collect is Collect.COUNT:
            return any_doubt
        if aggregate.collect is Collect.SUM:
            return some(*(doubt if value else both(doubt, none_sure) for value, doubt in doubts))
        possible = aggregated(aggregate, sure + doubts)
        return some(both(any_doubt, none_sure), no(same(aggregated(aggregate, sure), possible)))

    def _choice_may_change(self, selection: Selection) -> Term:
        scores, chosen = self.scores(selection), self.chosen(selection)
        is_full = how_many(chosen, selection.best)
        found = []
        for place, (one, holds) in enumerate(zip(scores, chosen, strict=True)):
            stays = both(one.cautious.surely, no(one.boundless), one.lower > 0)
            found.append(both(holds, no(stays)))
            is_rival = both(no(holds), one.cautious.possibly, some(one.boundless, one.upper > 0))
            overtakes = [
                both(taken, self._may_pass(one, other, place < position))
                for position, (other, taken) in enumerate(zip(scores, chosen, strict=True))
                if position != place
            ]
            found.append(both(is_rival, some(no(is_full), *overtakes)))
        return some(*found)

    @staticmethod
    def _may_pass(rival: Scored, holder: Scored, is_before: bool) -> Term:
        ahead = rival.upper >= holder.lower if is_before else rival.upper > holder.lower
        return some(rival.boundless, holder.boundless, ahead)

    # --- what is watched ---

    def violated(self, form: InvariantForm) -> Term:
        """Return whether an invariant does not hold."""
        truth = self.truth(form.when)
        return truth.surely if form.never else no(truth.possibly)
