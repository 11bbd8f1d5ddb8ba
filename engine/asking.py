"""What to ask next: the unknown facts of customers, ranked by what their answers could change.

Every possible answer is tried by the plan, as one more customer in its columns. Of a number only those answers are
tried that rules tell apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.decision import Decision
from engine.explain import Explainer, Question, value_of
from engine.model import Pack
from engine.plan import Plan, Result
from engine.program import (
    EPOCH,
    AtLeast,
    AtLeastFacts,
    EqualFacts,
    InDays,
    OneOf,
    Program,
    Single,
    code_limits,
    decode,
    encode,
)
from engine.snapshot import CustomerFacts, snapshots_by_day
from engine.vocabulary import BEGINNING, Fact, FactKey, Type, Value
from engine.wording import Wording

STAGE, VALUE, ACTION = 9, 3, 1
"""What it counts that an answer could change the proposed stage, the value to convey next, an action."""

ADVISED = FactKey(None, "advised")


@dataclass(frozen=True, slots=True)
class Answer:
    """A possible answer, and what would come out otherwise: facts with their new value, actions that come and go.

    Of numbers and dates, all from `least` to `most` come to the same (None: no bound). `value` is one of them; None
    says, of a collection, that there is no record.
    """

    value: Value | None
    least: Value | None = None
    most: Value | None = None
    becomes: Mapping[str, Value | None] = field(default_factory=dict)
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether it changes anything."""
        return bool(self.becomes or self.gained or self.lost)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a customer with its possible answers; those of a row, or of a text, are not tried."""

    customer: str
    question: Question
    answers: tuple[Answer, ...]
    weight: int


def open_questions(
    pack: Pack, plan: Plan, decided: Sequence[tuple[CustomerFacts, Decision]], wording: Wording
) -> list[Asked]:
    """Return the questions about customers, those whose answers could change most first.

    Of equals, those come first on which more conclusions hang (together with other facts that are not known).
    """
    trials = list(_trials(pack, plan.program, decided, wording))
    results = _tried(plan, [one.customer for one in trials], _shown(pack))
    now = {facts.customer: decision for facts, decision in decided}
    found: dict[tuple[str, str], Asked] = {}
    for trial, result in zip(trials, results, strict=True):
        about = trial.customer.customer
        key = about, trial.question.fact
        asked = found.get(key) or Asked(about, trial.question, (), 0)
        if trial.answer is not None:
            answer = _compared(trial.answer, now[about], result)
            asked = replace(asked, answers=(*asked.answers, answer))
        found[key] = asked
    weighed = [replace(one, weight=_weight(pack, one.answers)) for one in found.values()]
    return sorted(weighed, key=lambda one: (-one.weight, -len(one.question.settles)))


# --- answers to try ---


@dataclass(frozen=True, slots=True)
class _Trial:
    """A customer with an answer to a question, or as it is where no answer can be tried."""

    question: Question
    answer: Answer | None
    customer: CustomerFacts


def _trials(
    pack: Pack, program: Program, decided: Sequence[tuple[CustomerFacts, Decision]], wording: Wording
) -> Iterator[_Trial]:
    for customer, decision in decided:
        for question in Explainer(pack, customer, decision, wording).questions(_watched(pack)):
            answers: list[Answer | None] = [*_answers(program, customer, decision, question.fact)]
            for answer in answers or [None]:
                changed = customer if answer is None else _with(customer, question.fact, answer)
                yield _Trial(question, answer, changed)


def _watched(pack: Pack) -> tuple[str, ...]:
    """Return the conclusions for the sake of which questions are asked: the ladder's and all that is shown."""
    ladder = pack.ladder
    return tuple(dict.fromkeys([ladder.stage.name, ladder.proposed.name, *pack.shows.values(), ADVISED.name]))


def _with(customer: CustomerFacts, name: str, answer: Answer) -> CustomerFacts:
    if answer.value is None:
        return replace(customer, recorded={**customer.recorded, name: (BEGINNING, None)})
    return replace(customer, facts={**customer.facts, name: answer.value})


def _answers(program: Program, customer: CustomerFacts, decision: Decision, name: str) -> Iterator[Answer]:
    """Yield the answers to a question that rules tell apart."""
    fact = program.vocabulary.fact(name)
    if fact is None:
        if name in program.vocabulary.collections and name not in customer.recorded:
            yield Answer(None)
    elif fact.type is Type.FLAG:
        yield from (Answer(value) for value in (True, False))
    elif fact.enum:
        yield from (Answer(member) for member in program.vocabulary.enum_of(fact).members)
    elif fact.type is not Type.TEXT:
        yield from _ranges(program, customer, decision, fact)


def _ranges(program: Program, customer: CustomerFacts, decision: Decision, fact: Fact) -> Iterator[Answer]:
    """Yield the ranges of a number or date within which no rule tells one from another."""
    least, most = (None if bound is None else int(bound.scaleb(fact.scale)) for bound in (fact.least, fact.most))
    least, most = _within(program, customer, fact, least, most)
    lowest, highest = code_limits(fact)
    possible = {cut for cut in _cuts(program, customer, decision, fact) if lowest < cut <= highest}
    cuts = sorted(cut for cut in possible if _between(least, cut, most))
    for low, high in zip([least, *cuts], [*(cut - 1 for cut in cuts), most], strict=True):
        inside = low if low is not None else high
        if inside is not None:
            value, begin, end = (
                None if code is None else decode(program.vocabulary, fact, code) for code in (inside, low, high)
            )
            yield Answer(value, begin, end)


def _within(
    program: Program, customer: CustomerFacts, fact: Fact, least: int | None, most: int | None
) -> tuple[int | None, int | None]:
    """Return the bounds of a fact as far as the catalogue's constraints bind it to facts of the same scale."""
    for one in program.vocabulary.constraints:
        lower, upper = (program.vocabulary.facts[FactKey(None, name)] for name in (one.lower, one.upper))
        code = _code(program, customer, (lower if fact == upper else upper).key)
        if fact in (lower, upper) and lower.scale == upper.scale and code is not None:
            least = code if fact == upper and (least is None or code > least) else least
            most = code if fact == lower and (most is None or code < most) else most
    return least, most


def _between(least: int | None, cut: int, most: int | None) -> bool:
    return (least is None or least < cut) and (most is None or cut <= most)


def _cuts(program: Program, customer: CustomerFacts, decision: Decision, fact: Fact) -> Iterator[int]:
    """Yield the codes from which on some rule decides otherwise than just below them."""
    today, keys = (customer.as_of - EPOCH).days, _taking(program, fact.key)
    for leaf in program.leaves:
        match leaf:
            case AtLeast(fact=tested, code=code) if tested in keys:
                yield code
            case OneOf(fact=tested, codes=codes) if tested in keys:
                for one in codes:
                    if isinstance(one, int):
                        yield from (one, one + 1)
            case InDays(fact=tested, first=first, last=last) if tested in keys:
                yield from (today + first, today + last + 1)
            case AtLeastFacts() | EqualFacts():
                sides = (leaf.left, leaf.left_times), (leaf.right, leaf.right_times)
                for (own, times), (other, other_times) in (sides, sides[::-1]):
                    if own in keys and times:
                        others = _codes(program, customer, decision, other)
                        others |= {0} if other in keys else set()  # of multiples of the same the sign decides
                        for code in others:
                            yield from (-(-code * other_times // times), code * other_times // times + 1)


def _taking(program: Program, key: FactKey) -> Collection[FactKey]:
    """Return a fact and those that can take their value from it: they fall back to it."""
    found = {key}
    for resolution in program.resolutions:
        if isinstance(resolution, Single) and resolution.fallback in found:
            found.add(resolution.fact)
    return found


def _codes(program: Program, customer: CustomerFacts, decision: Decision, key: FactKey) -> set[int]:
    """Return the codes that a fact has, of each row if it is of rows, and those that rules can give it."""
    rows = [""] if key.scope is None else [row.key for row in customer.rows.get(key.scope, ())]
    values = [value_of(customer, decision, key, row) for row in rows]
    codes = {encode(program.vocabulary, program.fact(key), value) for value in values if value is not None}
    found = {code for code in codes if isinstance(code, int)}
    for resolution in program.resolutions:
        if isinstance(resolution, Single) and resolution.fact == key:
            found |= {entry.value for entry in resolution.entries}
            found |= set() if resolution.default is None else {resolution.default}
            found |= set() if resolution.fallback is None else _codes(program, customer, decision, resolution.fallback)
    return found


def _code(program: Program, customer: CustomerFacts, key: FactKey) -> int | None:
    value = customer.facts.get(key.name) if key.scope is None else None
    code = None if value is None else encode(program.vocabulary, program.fact(key), value)
    return code if isinstance(code, int) else None


# --- what they change ---


Said = Mapping[FactKey, Value | None]
"""What is shown of a decision: values of facts, and the set of actions advised."""


def _shown(pack: Pack) -> tuple[FactKey, ...]:
    names = pack.ladder.proposed.name, pack.shows.get("value", "")
    return tuple(FactKey(None, name) for name in names if pack.vocabulary.fact(name))


def _tried(plan: Plan, customers: Sequence[CustomerFacts], shown: Sequence[FactKey]) -> list[Said]:
    """Decide customers in columns, and return what is shown of each."""
    program, found = plan.program, dict[int, Said]()
    for places, snapshot in snapshots_by_day(program.vocabulary, customers):
        said = (one for result in plan.run(snapshot) for one in _read(program, result, shown))
        found |= zip(places, said, strict=True)
    return [found[place] for place in range(len(found))]


def _read(program: Program, result: Result, shown: Sequence[FactKey]) -> Iterator[Said]:
    actions = {
        str(decode(program.vocabulary, program.fact(ADVISED), code)): mask
        for code, mask in result.members.get(ADVISED, {}).items()
    }
    for place in range(len(result.customers)):
        said: dict[FactKey, Value | None] = {ADVISED: frozenset(name for name, mask in actions.items() if mask[place])}
        for key in shown:
            column = result.values[key]
            is_known = column.known is None or bool(column.known[place])
            said[key] = decode(program.vocabulary, program.fact(key), int(column.codes[place])) if is_known else None
        yield said


def _compared(answer: Answer, now: Decision, then: Said) -> Answer:
    """Return an answer with what it changes."""
    becomes = {key.name: value for key, value in then.items() if key != ADVISED and value != now.values.get(key.name)}
    before, after = (
        frozenset(value) if isinstance(value, frozenset) else frozenset()
        for value in (now.values.get(ADVISED.name), then[ADVISED])
    )
    return replace(answer, becomes=becomes, gained=tuple(sorted(after - before)), lost=tuple(sorted(before - after)))


def _weight(pack: Pack, answers: Iterable[Answer]) -> int:
    """Return how much could change, each conclusion and action counted once over all answers."""
    could = {name for answer in answers for name in (*answer.becomes, *answer.gained, *answer.lost)}
    of_facts = {pack.ladder.proposed.name: STAGE, pack.shows.get("value", ""): VALUE}
    return sum(of_facts.get(name, ACTION) for name in could)
