"""Scorecards: points, their bounds, and the choice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.decision import Candidate, Choice, State
from engine.model import All, Pack, PointRule, Scorecard, Status
from engine.vocabulary import Fact, Type
from tests.oracle.clauses import Clause, Found, point_clause
from tests.oracle.conditions import Truth, number, state_of

if TYPE_CHECKING:
    from tests.oracle.facts import Facts


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate of a scorecard; `surely` is its cautious eligibility, a bound of None stands for infinity."""

    candidate: Candidate
    place: int
    surely: Truth
    lower: Fraction | None
    upper: Fraction | None
    hanging: Found

    @property
    def could_be_chosen(self) -> bool:
        """Whether it can still be chosen for its points."""
        return self.surely is not False and (self.upper is None or self.upper > 0)

    @property
    def is_surely_worthy(self) -> bool:
        """Whether it surely is eligible and has points."""
        return self.surely is True and self.lower is not None and self.lower > 0

    def stays_below(self, chosen: Scored) -> bool:
        """Whether it ranks below a chosen candidate even at its own upper and the other's lower bound."""
        if self.upper is None or chosen.lower is None:
            return False
        return (-chosen.lower, chosen.place) < (-self.upper, self.place)


class Scorecards:
    """The active scorecards, asked about one customer's facts."""

    def __init__(self, pack: Pack, facts: Facts) -> None:
        self.cards = sorted(
            (card for card in pack.scorecards if card.status is Status.ACTIVE), key=lambda card: card.id
        )
        self.choosers = {card.chooses: card for card in self.cards}
        self._facts = facts
        self._scores: dict[str, list[Scored]] = {}

    def choice(self, card: Scorecard) -> Choice:
        """Return how the candidates rank, and who is chosen."""
        ranked = sorted(self._scored(card), key=lambda one: (one.candidate.eligible is not State.MET, _merit(one)))
        return Choice(card.id, tuple(one.candidate for one in ranked), self._best(card))

    def _best(self, card: Scorecard) -> tuple[str, ...]:
        worthy = tuple(one.candidate.candidate for one in self._worthy(card))
        return worthy or ((card.fallback,) if card.fallback else ())

    def _worthy(self, card: Scorecard) -> list[Scored]:
        """Return the candidates that are chosen for their points, best first."""
        worthy = [one for one in self._scored(card) if one.candidate.eligible is State.MET and one.candidate.points > 0]
        return sorted(worthy, key=_merit)[: card.best]

    def found(self, fact: Fact) -> Found:
        """Resolve a fact that a scorecard chooses."""
        card = self.choosers[fact.key]
        best = self._best(card)
        found = Found(frozenset(best) if fact.type is Type.SET else best[0] if best else None)
        if not self._is_settled_choice(card):
            for one in self._scored(card):
                if one.could_be_chosen:
                    found = found.also(one.hanging)
        return found

    def _is_settled_choice(self, card: Scorecard) -> bool:
        chosen = self._worthy(card)
        others = [one for one in self._scored(card) if one not in chosen and one.could_be_chosen]
        is_full = len(chosen) == card.best
        return all(one.is_surely_worthy for one in chosen) and all(
            is_full and all(one.stays_below(better) for better in chosen) for one in others
        )

    def _scored(self, card: Scorecard) -> list[Scored]:
        if card.id not in self._scores:
            self._scores[card.id] = [self._score(card, place, name) for place, name in enumerate(card.candidates)]
        return self._scores[card.id]

    def _score(self, card: Scorecard, place: int, name: str) -> Scored:
        points, given = Fraction(0), []
        lower, upper, is_bounded = Fraction(0), Fraction(0), True
        hanging = Found(None)
        for rule in card.rules:
            if rule.candidate != name:
                continue
            clause, worth = point_clause(card, rule), self._points(rule)
            if self._facts.fires(clause, None):
                points += worth
                given.append((clause.id, _scale_4(worth)))
            if self._facts.is_settled(clause, None, fires=False):
                continue
            operand = rule.points.fact
            if operand and self._facts.conditions.is_unsure(operand, None):
                is_bounded = False
                hanging = hanging.also(self._facts.hanging(None, [clause], None))
                hanging = hanging.also(Found(None, unknown=frozenset([str(operand)])))
            elif not self._facts.is_open(clause, None):
                lower, upper = lower + worth, upper + worth
            elif worth != 0:
                lower, upper = lower + min(worth, Fraction(0)), upper + max(worth, Fraction(0))
                hanging = hanging.also(self._facts.hanging(None, [clause], None))
        eligible = card.eligible.get(name, All((), card.at))
        eligibility = Clause(f"{card.id}@{name}", card.id, eligible)
        candidate = Candidate(
            candidate=name,
            points=_scale_4(points),
            eligible=state_of(self._facts.conditions.truth(eligible, None, False)),
            provisional=hanging.is_provisional,
            given=tuple(sorted(given)),
        )
        if self._facts.is_open(eligibility, None):
            hanging = hanging.also(self._facts.hanging(None, [eligibility], None))
        return Scored(
            candidate=candidate,
            place=place,
            surely=self._facts.conditions.truth(eligible, None, True),
            lower=lower if is_bounded else None,
            upper=upper if is_bounded else None,
            hanging=hanging,
        )

    def _points(self, rule: PointRule) -> Fraction:
        exact = Fraction(rule.points.plus)
        if rule.points.fact:
            value = self._facts.found(rule.points.fact, None).value
            if value is None:
                return Fraction(0)
            exact += number(value) * Fraction(rule.points.times)
        return Fraction(round(exact * 10_000), 10_000)  # a fraction rounds half to even


def _merit(one: Scored) -> tuple[Decimal, int]:
    return (-one.candidate.points, one.place)


def _scale_4(points: Fraction) -> Decimal:
    return Decimal(int(points * 10_000)).scaleb(-4)
