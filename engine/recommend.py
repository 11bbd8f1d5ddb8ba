"""Put one decision into words: everything a recommendation shows, in the order in which it is read.

Which facts say what is the pack's to tell: `shows` in `pack.yaml` gives each role (`value`, `when`, `guard_rails`, ...)
its fact. A role that the pack does not have, or whose fact has no value, is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from engine.decision import AdvisedAction, Candidate, Choice, Decision, GateState, State
from engine.explain import Explainer, Question
from engine.frozen import dataclass
from engine.model import Collect, Gate, Move, Pack
from engine.snapshot import CustomerFacts
from engine.talk import Saying, saying
from engine.vocabulary import FactKey, Type
from engine.wording import Wording

_VALUE_ROLES = ("depth", "when", "medium", "speaker", "audience", "perceived", "effect", "heard_by")
_LIST_ROLES = ("guard_rails", "flags")
_PLAN_ROLES = ("plan", "review")
_NEED_ROLES = ("needs", "implied_needs")
_PRESSING_ROLES = (*_NEED_ROLES, "kept_until")
_ROLES = {"value", "since", *_VALUE_ROLES, *_LIST_ROLES, *_PLAN_ROLES, *_PRESSING_ROLES}


@dataclass(frozen=True, slots=True)
class Named:
    """A member, rule or fact: its id and its title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class StageNow:
    """The present stage. `confirmed`: an account manager decided on it; else it was assessed, for these reasons."""

    stage: Named
    confirmed: bool
    since: date | None
    days: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One line of a checklist; `condition` is the upgrade condition that it belongs to."""

    id: str
    title: str
    condition: str
    required: bool
    state: State
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A gate out of the present stage, and how far the customer is through it."""

    gate: Named
    to: Named
    move: Named
    state: State
    criteria: tuple[CriterionLine, ...]


@dataclass(frozen=True, slots=True)
class StageProposal:
    """What the gates propose, for which reason; the checklist that matters now, and the other gates looked at."""

    proposed: Named
    move: Named
    reasons: tuple[str, ...]
    checklist: Checklist | None
    others: tuple[Checklist, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate of the scorecard, its points, and the reasons for them with the points that each gave."""

    candidate: Named
    points: Decimal
    reasons: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class ValueNext:
    """The value to convey next: chosen content, what to say, runner-up, and the other parts (role to words)."""

    content: Named
    score: Scored | None
    talk: Saying | None
    runner_up: Scored | None
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action of the plan in words; `about` says what it is about, if it is about one row.

    `advised_since` is the day since when it has been advised, if somebody who knows earlier decisions says so.
    """

    action: Named
    about: str
    family: str
    phase: str
    owner: str
    medium: str
    due_on: date
    urgency: int
    is_open: bool
    reasons: tuple[str, ...]
    steps: tuple[str, ...]
    effect: str
    heard_by: str
    advised_since: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A fact that the pack shows: its title, its value, and what a score is made of."""

    title: str
    said: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Everything that a recommendation shows."""

    customer: str
    as_of: date
    stage: StageNow | None
    proposal: StageProposal | None
    value: ValueNext | None
    plan: tuple[PlannedAction, ...]
    guard_rails: tuple[str, ...]
    flags: tuple[str, ...]
    pressing: tuple[Line, ...]
    profile: tuple[Line, ...]
    provisional: tuple[Named, ...]
    questions: tuple[Question, ...]
    conflicts: tuple[str, ...]
    violated: tuple[str, ...]


def recommend(pack: Pack, customer: CustomerFacts, decision: Decision, language: str) -> Recommendation:
    """Return a decision in words."""
    return _Recommender(pack, customer, decision, Wording(pack.vocabulary, language)).recommendation()


class _Recommender:
    def __init__(self, pack: Pack, customer: CustomerFacts, decision: Decision, wording: Wording) -> None:
        self.pack = pack
        self.customer = customer
        self.decision = decision
        self.wording = wording
        self.explainer = Explainer(pack, customer, decision, wording)

    def recommendation(self) -> Recommendation:
        open_facts = self._open_facts()
        return Recommendation(
            customer=self.customer.customer,
            as_of=self.decision.as_of,
            stage=self._stage(),
            proposal=self._proposal(),
            value=self._value(),
            plan=tuple(self._action(action) for action in self.decision.actions),
            guard_rails=self._members("guard_rails"),
            flags=self._members("flags"),
            pressing=tuple(self._lines(_PRESSING_ROLES)),
            profile=tuple(self._lines(role for role in self.pack.shows if role not in _ROLES)),
            provisional=tuple(Named(fact, self.wording.title(fact)) for fact in open_facts),
            questions=self.explainer.questions(open_facts),
            conflicts=tuple(self._conflicts()),
            violated=tuple(
                self.wording.text(one.title) for one in self.pack.invariants if one.id in self.decision.violated
            ),
        )

    # --- stage ------------------------------------------------------------------------------------------------------

    def _stage(self) -> StageNow | None:
        key = self.pack.ladder.stage
        stage = self.explainer.value(key)
        if not isinstance(stage, str):
            return None
        fact = self.pack.vocabulary.facts[key]
        confirmed = key.name in self.customer.facts
        since = self._shown("since") if confirmed else None
        assessed_as = FactKey(None, fact.falls_back_to) if fact.falls_back_to else key
        return StageNow(
            stage=self._member(key, stage),
            confirmed=confirmed,
            since=since if isinstance(since, date) else None,
            days=(self.decision.as_of - since).days if isinstance(since, date) else None,
            reasons=() if confirmed else self.explainer.reasons_for(assessed_as, stage),
        )

    def _proposal(self) -> StageProposal | None:
        ladder = self.pack.ladder
        proposed, move = (self.explainer.value(key) for key in (ladder.proposed, ladder.move))
        if not isinstance(proposed, str):
            return None
        gates = {gate.id: gate for gate in self.pack.gates}
        states = sorted(self.decision.gates, key=lambda state: _interest(gates[state.gate], state))
        lists = tuple(self._checklist(gates[state.gate], state) for state in states)
        leading = lists[0] if lists else None
        return StageProposal(
            proposed=self._member(ladder.proposed, proposed),
            move=self._member(ladder.move, move) if isinstance(move, str) else Named("", ""),
            reasons=self.explainer.reasons_for(ladder.proposed, proposed),
            checklist=leading,
            others=lists[1:],
        )

    def _checklist(self, gate: Gate, state: GateState) -> Checklist:
        states = {one.criterion: one.state for one in state.criteria}
        return Checklist(
            gate=Named(gate.id, self.wording.text(gate.title)),
            to=self._member(self.pack.ladder.stage, gate.to),
            move=self._member(self.pack.ladder.move, gate.move),
            state=state.state,
            criteria=tuple(
                CriterionLine(
                    id=criterion.id,
                    title=self.wording.text(criterion.title),
                    condition=criterion.condition,
                    required=criterion.required,
                    state=states[criterion.id],
                    because=self.explainer.standing(criterion.when, states[criterion.id]),
                )
                for criterion in gate.criteria
            ),
        )

    # --- value --------------------------------------------------------------------------------------------------------

    def _value(self) -> ValueNext | None:
        name = self.pack.shows.get("value")
        chosen = self._shown("value")
        if name is None or not isinstance(chosen, str):
            return None
        key = FactKey(None, name)
        choice = self._choice(key)
        return ValueNext(
            content=self._member(key, chosen),
            score=self._scored(key, choice, chosen),
            talk=self._talk(chosen),
            runner_up=self._runner_up(key, choice, chosen),
            parts={role: said for role in _VALUE_ROLES if (said := self._said(role))},
        )

    def _talk(self, value: str) -> Saying | None:
        """Return what to say for a value: needs that are open first, then those that only show."""
        talk = self.pack.talk
        if talk is None:
            return None
        needs = [found for role in _NEED_ROLES if isinstance(found := self._shown(role), frozenset)]
        heart = self._shown("heart_wish")
        return saying(talk, value, needs, heart if isinstance(heart, str) else None, self.decision.as_of, self.wording)

    def _choice(self, key: FactKey) -> Choice | None:
        """Return the outcome of the scorecard that chooses a fact, if one does."""
        card = next((card for card in self.pack.scorecards if card.chooses == key), None)
        return next((one for one in self.decision.choices if card and one.scorecard == card.id), None)

    def _scored(self, key: FactKey, choice: Choice | None, chosen: str) -> Scored | None:
        found = next((one for one in choice.ranked if one.candidate == chosen), None) if choice else None
        return self._score(key, found) if found and found.points > 0 else None

    def _runner_up(self, key: FactKey, choice: Choice | None, chosen: str) -> Scored | None:
        others = [one for one in choice.ranked if one.candidate != chosen] if choice else []
        possible = [one for one in others if one.eligible is not State.NOT_MET and one.points > 0]
        return self._score(key, possible[0]) if possible else None

    def _score(self, key: FactKey, candidate: Candidate) -> Scored:
        given = sorted(candidate.given, key=lambda item: -item[1])
        reasons = ((reason, points) for rule, points in given for reason in self.explainer.reasons([rule]))
        return Scored(self._member(key, candidate.candidate), candidate.points, tuple(reasons))

    # --- plan ---------------------------------------------------------------------------------------------------------

    def _action(self, advised: AdvisedAction) -> PlannedAction:
        action = self.pack.actions[advised.action]
        words = self.wording
        return PlannedAction(
            action=Named(action.id, words.text(action.title)),
            about=self._about(action.per, advised.row) if action.per and advised.row else "",
            family=words.member_of("action_family", action.family),
            phase=words.member_of("phase", action.phase),
            owner=words.member_of("speaker_role", advised.owner),
            medium=words.member_of("channel", advised.medium) if advised.medium else "",
            due_on=advised.due_on,
            urgency=advised.urgency,
            is_open=advised.is_open,
            reasons=self.explainer.reasons(advised.rules, advised.row),
            steps=tuple(words.text(step) for step in action.steps),
            effect=words.text(action.effect) if action.effect else "",
            heard_by=words.text(action.heard_by) if action.heard_by else "",
        )

    def _about(self, collection: str, row: str) -> str:
        """Return what tells a row from its neighbours: its first category, or its first date."""
        facts = self.explainer.row_facts(collection, row)
        for kind in (Type.CATEGORY, Type.DATE):
            for fact in self.pack.vocabulary.in_scope(collection):
                if fact.type is kind and fact.name in facts:
                    return self.wording.value(fact, facts[fact.name])
        return row

    # --- the rest -----------------------------------------------------------------------------------------------------

    def _open_facts(self) -> tuple[str, ...]:
        """Return what is shown and could still change."""
        ladder = self.pack.ladder
        shown = dict.fromkeys([ladder.stage.name, ladder.proposed.name, ladder.move.name, *self.pack.shows.values()])
        provisional = {one.fact for one in self.decision.provisional if not one.row}
        return tuple(fact for fact in shown if fact in provisional)

    def _lines(self, roles: Iterable[str]) -> Iterator[Line]:
        """Yield what the pack shows in these roles, where it has a value."""
        for role in roles:
            if said := self._said(role):
                name = self.pack.shows[role]
                yield Line(self.wording.title(name), said, self._parts(name))

    def _parts(self, name: str) -> tuple[str, ...]:
        """Return what a score is made of: the reasons with the points that each gave, or nothing if it is no score."""
        key = FactKey(None, name)
        given: list[tuple[str, Decimal | int]] = []
        choice = self._choice(key)
        if choice:
            value = self.decision.values[name]
            chosen = value if isinstance(value, frozenset) else {value}
            given += (each for one in choice.ranked if one.candidate in chosen for each in one.given)
        for table in self.pack.tables:
            if table.collect is Collect.SUM and key in table.outputs:
                rows = {f"{table.id}#{row.id}": row.values[0] for row in table.rows if row.values}
                fired = [one.rule for one in self.decision.fired if one.rule in rows]
                given += [(rule, points) for rule in fired if isinstance(points := rows[rule], Decimal | int)]
        most_first = sorted(given, key=lambda item: -item[1])
        return tuple(
            f"{self.wording.signed(worth)} {why}" for one, worth in most_first for why in self.explainer.reasons([one])
        )

    def _conflicts(self) -> Iterator[str]:
        for conflict in self.decision.conflicts:
            yield f"{self.wording.title(conflict.about)}: {self.wording.listed(conflict.rules)}"

    def _shown(self, role: str) -> object:
        name = self.pack.shows.get(role)
        return self.explainer.value(FactKey(None, name)) if name else None

    def _said(self, role: str) -> str:
        """Return the words of a role's fact, or an empty text if it has no value."""
        name = self.pack.shows.get(role)
        value = self.explainer.value(FactKey(None, name)) if name else None
        fact = self.pack.vocabulary.fact(name) if name else None
        return self.wording.measure(fact, value) if fact and value not in (None, frozenset()) else ""

    def _members(self, role: str) -> tuple[str, ...]:
        name = self.pack.shows.get(role)
        members = self._shown(role)
        if name is None or not isinstance(members, frozenset):
            return ()
        fact = self.pack.vocabulary.facts[FactKey(None, name)]
        ordered: Iterable[str] = self.pack.vocabulary.enum_of(fact).members
        return tuple(self.wording.member(fact, member) for member in ordered if member in members)

    def _member(self, key: FactKey, member: str) -> Named:
        return Named(member, self.wording.member(self.pack.vocabulary.facts[key], member))


def _interest(gate: Gate, state: GateState) -> tuple[bool, int, bool, str]:
    """Sort gates: the one that is proposed, then the way up, then the others."""
    is_met = state.state is State.MET
    return (not is_met, -gate.precedence if is_met else 0, gate.move is not Move.UP, gate.id)
