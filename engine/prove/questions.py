"""The questions that are asked about a pack, each with its answer when it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from engine.model import Pack
from engine.program import Cond, Entry, GateForm, Program, ProgramRule, Single
from engine.prove.claims import ClaimQuestions
from engine.prove.examples import Examples
from engine.prove.findings import Answer, Kind, Question, Sameness, Verdict, Witness
from engine.prove.ladder import LadderQuestions
from engine.prove.prover import ROWS, SECONDS, Prover, UnansweredError
from engine.prove.rules import RuleQuestions, parts, without

Found = tuple[Verdict, tuple[Witness, ...]]


class Questions:
    """Everything that is asked about a pack, in the order in which it is asked."""

    def __init__(
        self,
        pack: Pack,
        program: Program,
        examples: Examples | None = None,
        rows: int = ROWS,
        seconds: float = SECONDS,
    ) -> None:
        self._pack = pack
        self._program = program
        self._prover = Prover(program, rows, seconds)
        self._rules = RuleQuestions(self._prover)
        self._claims = ClaimQuestions(self._prover)
        self._ladder = LadderQuestions(self._prover, pack.ladder)
        self._examples = examples or Examples(program)
        self.rows = self._prover.rows

    def all(self, kinds: Iterable[Kind] = tuple(Kind)) -> Iterator[Question]:
        """Yield the questions of these kinds."""
        wanted = set(kinds)
        for kind, ask in (
            (Kind.INVARIANT, self._invariants),
            (Kind.MONOTONE, self._monotonicity),
            (Kind.REACHABLE, self._reachable),
            (Kind.CIRCLE, self._circles),
            (Kind.CONFLICT, self._conflicts),
            (Kind.GAP, self._gaps),
            (Kind.DEAD, self._dead),
            (Kind.OUTPRIORITISED, self._outprioritised),
            (Kind.REDUNDANT_RULE, self._redundant_rules),
            (Kind.REDUNDANT_CONDITION, self._redundant_conditions),
        ):
            if kind in wanted:
                yield from ask()

    # --- claims ---

    def _invariants(self) -> Iterator[Question]:
        for form in self._program.invariants:
            yield refutable(Kind.INVARIANT, (form.id,), partial(self._claims.breaks, form))

    def _monotonicity(self) -> Iterator[Question]:
        for claim in self._pack.monotonicity:
            for fact in claim.more:
                yield refutable(Kind.MONOTONE, (claim.id, str(fact)), partial(self._claims.turns, claim, fact))

    # --- the ladder ---

    def _reachable(self) -> Iterator[Question]:
        if not self._pack.gates:
            return
        for code, stage in enumerate(self._ladder.stages):
            yield _required(Kind.REACHABLE, (stage,), partial(self._is_reached, code))

    def _is_reached(self, stage: int) -> bool:
        return stage in self._ladder.reaches(0)

    def _circles(self) -> Iterator[Question]:
        """Ask about the circles together: which ones there could be is found out on the way."""
        if self._pack.gates:
            yield refutable(Kind.CIRCLE, (str(self._pack.ladder.proposed),), self._first_circle)

    def _first_circle(self) -> tuple[Witness, ...]:
        return next((found for circle in self._ladder.circles() if (found := self._ladder.goes_round(circle))), ())

    # --- rules ---

    def _conflicts(self) -> Iterator[Question]:
        for single in self._singles():
            if len({entry.owner for entry in single.entries}) > 1:
                yield refutable(Kind.CONFLICT, (str(single.fact),), partial(self._rules.conflict, single))
        for table in self._program.tables:
            yield refutable(Kind.CONFLICT, (table.id,), partial(self._rules.table_conflict, table))

    def _gaps(self) -> Iterator[Question]:
        ladder = self._pack.ladder
        for fact in (ladder.stage, ladder.proposed, ladder.move) if self._pack.gates else ():
            yield refutable(Kind.GAP, (str(fact),), partial(self._rules.lacks, fact))

    def _dead(self) -> Iterator[Question]:
        for rule in self._program.rules:
            yield _shown(Kind.DEAD, (rule.id,), partial(self._fires, rule))

    def _outprioritised(self) -> Iterator[Question]:
        for single in self._singles():
            for entry in single.entries:
                about = (self._program.rules[entry.rule].id, str(single.fact))
                yield _shown(Kind.OUTPRIORITISED, about, partial(self._wins, single, entry))

    def _fires(self, rule: ProgramRule) -> Witness | None:
        return self._examples.fires(rule.index) or self._rules.fires(rule)

    def _changes(self, rule: ProgramRule) -> Witness | None:
        return self._examples.changes(rule.index) or self._rules.changes(rule)

    def _wins(self, single: Single, entry: Entry) -> Witness | None:
        return self._examples.wins(single.fact, entry.rule) or self._rules.wins(single, entry)

    def _redundant_rules(self) -> Iterator[Question]:
        gates = {gate.rule for gate in self._program.gates}
        for rule in self._program.rules:
            if rule.index not in gates and self._rules.concludes(rule):
                yield _shown(Kind.REDUNDANT_RULE, (rule.id,), partial(self._changes, rule))

    def _redundant_conditions(self) -> Iterator[Question]:
        gates: dict[int, GateForm] = {gate.rule: gate for gate in self._program.gates}
        for rule in self._program.rules:
            gate = gates.get(rule.index)
            criteria = gate.criteria if gate else ()
            conds = [(f"{rule.id}/{name}", when) for name, when in criteria] or [(rule.id, rule.when)]
            for name, cond in conds:
                for part in parts(cond):
                    about = (name, ".".join(str(place + 1) for place in part))
                    matters = partial(self._matters, cond, part, rule.scope)
                    yield _required(Kind.REDUNDANT_CONDITION, about, matters)

    def _matters(self, cond: Cond, part: tuple[int, ...], scope: str | None) -> bool:
        rest = without(cond, part)
        return self._examples.tell_apart(cond, rest, scope) or self._rules.differ(cond, rest, scope)

    def _singles(self) -> Iterator[Single]:
        yield from (one for one in self._program.resolutions if isinstance(one, Single))


def refutable(kind: Kind | Sameness, about: tuple[str, ...], refute: Callable[[], tuple[Witness, ...]]) -> Question:
    """Return a question that is proved where no witness is found."""

    def ask() -> Found:
        found = refute()
        return (Verdict.REFUTED, found) if found else (Verdict.PROVED, ())

    return Question(kind, about, lambda: _timed(kind, about, ask))


def _shown(kind: Kind, about: tuple[str, ...], show: Callable[[], Witness | None]) -> Question:
    """Return a question that is proved by a witness, and refuted where there is none."""

    def ask() -> Found:
        found = show()
        return (Verdict.REFUTED, ()) if found is None else (Verdict.PROVED, (found,))

    return Question(kind, about, lambda: _timed(kind, about, ask))


def _required(kind: Kind, about: tuple[str, ...], holds: Callable[[], bool]) -> Question:
    """Return a question with a plain answer."""
    return Question(
        kind, about, lambda: _timed(kind, about, lambda: (Verdict.PROVED if holds() else Verdict.REFUTED, ()))
    )


def _timed(kind: Kind | Sameness, about: tuple[str, ...], ask: Callable[[], Found]) -> Answer:
    start = time.perf_counter()
    try:
        verdict, witnesses = ask()
    except UnansweredError:
        verdict, witnesses = Verdict.UNANSWERED, ()
    return Answer(kind, about, verdict, witnesses, time.perf_counter() - start)
