"""Time the proofs: the pack that we ship, one query about a pair of rules, and a synthetic pack of 300 chained rules.

    python -m bench.prove

The synthetic pack has six layers of derived facts over forty measured ones; rules of equal priority disagree here and
there, and nothing is known from cases, so that the solver is asked everything.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import chain, combinations
from random import Random

from bench.figures import Figure, show
from engine.compile import compile_pack
from engine.load import pack_from_texts
from engine.model import Hit, Pack
from engine.program import Program, Single
from engine.prove import Answer, Kind, Questions, Verdict, ask_all
from engine.prove.prover import Prover
from engine.prove.terms import both
from wiring import examples, shipped_pack, shipped_rules

RULES = 300
LAYERS = 6
JOBS = os.cpu_count() or 1

Pair = tuple[int, int, int | None]
"""Two rules, and the row for which they are asked, if they are about rows."""


def measure() -> list[Figure]:
    """Return how long the proofs take."""
    return [*_shipped(), *_pairs(), *_synthetic()]


def _shipped() -> Iterator[Figure]:
    rules = shipped_rules()
    start = time.perf_counter()
    questions = Questions(rules.pack, rules.program, examples(shipped_pack(), rules))
    answers = list(ask_all(list(questions.all()), JOBS))
    yield Figure(f"our pack ({len(rules.program.rules)} rules), everything, {JOBS} cores", _took(start, answers))


def _pairs() -> Iterator[Figure]:
    """Ask, for each pair of rules or rows that would contradict each other if both fired, whether both can."""
    program = shipped_rules().program
    prover, pairs, spent = Prover(program), 0, 0.0
    for first, second, row in chain(_about_one_fact(program), _about_one_table(program)):
        start = time.process_time()
        prover.solve(both(prover.encoding.fired(first, row), prover.encoding.fired(second, row)))
        spent += time.process_time() - start
        pairs += 1
    yield Figure(f"one conflict query, mean of {pairs} pairs, processor", f"{spent / pairs * 1e3:.1f} ms")


def _about_one_fact(program: Program) -> Iterator[Pair]:
    """Yield rules of equal priority that set a fact differently (rows of one table do not compete)."""
    for single in (one for one in program.resolutions if isinstance(one, Single)):
        for first, second in combinations(single.entries, 2):
            if first.priority == second.priority and first.owner != second.owner and first.value != second.value:
                yield first.rule, second.rule, None if single.fact.scope is None else 0


def _about_one_table(program: Program) -> Iterator[Pair]:
    """Yield rows of a table whose hit policy does not let both hit."""
    for table in program.tables:
        for first, second in combinations(table.rows, 2):
            if table.hit is Hit.UNIQUE or (table.hit is Hit.ANY and first.values != second.values):
                yield first.rule, second.rule, None if table.scope is None else 0


def _synthetic() -> Iterator[Figure]:
    pack = synthetic(Random(1))
    start = time.perf_counter()
    kinds = [kind for kind in Kind if kind not in (Kind.REACHABLE, Kind.CIRCLE)]
    answers = list(ask_all(list(Questions(pack, compile_pack(pack)).all(kinds)), JOBS))
    yield Figure(f"synthetic pack ({RULES} rules), everything, {JOBS} cores", _took(start, answers))


def _took(start: float, answers: list[Answer]) -> str:
    unanswered = sum(one.verdict is Verdict.UNANSWERED for one in answers)
    return f"{time.perf_counter() - start:.1f} s, {len(answers):,} questions, {unanswered} unanswered"


# --- a synthetic pack ---


def synthetic(rng: Random) -> Pack:
    """Return a pack of 300 rules without a ladder."""
    texts = {"pack.yaml": "pack: synthetic\nversion: 1.0.0\ntitle: {en: S, zh: 合成}\n"}
    return pack_from_texts({**texts, "catalog.yaml": _catalogue(), "rules.yaml": _rules(rng)})


def _catalogue() -> str:
    title = "title: {en: F, zh: 事实}"
    level = f"enum: level, {title}"
    lines = [
        "enums:",
        "  level:",
        "    {title: {en: L, zh: 级}, ordered: true,",
        "     members: {a: {en: a, zh: 甲}, b: {en: b, zh: 乙}, c: {en: c, zh: 丙}}}",
        "  stage: {title: {en: S, zh: 阶段}, members: {new: {en: new, zh: 新}}}",
        "facts:",
        f"  stage: {{type: category, enum: stage, origin: remembered, {title}}}",
    ]
    for number in range(20):
        lines.append(f"  number_{number}: {{type: integer, range: [0, 1000], {title}}}")
        lines.append(f"  level_{number}: {{type: level, {level}}}")
    for layer in range(LAYERS):
        lines += [f"  fact_{layer}_{number}: {{type: level, origin: derived, {level}}}" for number in range(10)]
    return "\n".join(lines)


def _rules(rng: Random) -> str:
    lines = ["rules:"]
    for number in range(RULES):
        layer = number * LAYERS // RULES
        tests = "".join(f"\n      - {_test(rng, layer)}" for _ in range(rng.randint(2, 4)))
        lines.append(
            f"  - rule: r-{number}\n    title: {{en: R, zh: 规则}}\n    because: {{en: B., zh: 因。}}\n"
            f"    priority: {rng.choice((0, 10, 20))}\n    when:\n     {rng.choice(('all', 'all', 'any'))}:{tests}\n"
            f"    set: {{fact_{layer}_{rng.randrange(10)}: {rng.choice('abc')}}}"
        )
    return "\n".join(lines)


def _test(rng: Random, layer: int) -> str:
    if layer and rng.random() < 0.5:
        return f"{{fact_{layer - 1}_{rng.randrange(10)}: {{at_least: {rng.choice('bc')}}}}}"
    if rng.random() < 0.5:
        return f"{{level_{rng.randrange(20)}: {rng.choice('abc')}}}"
    return f"{{number_{rng.randrange(20)}: {{{rng.choice(('at_least', 'at_most'))}: {rng.randrange(1, 1000)}}}}}"


if __name__ == "__main__":
    sys.exit(show(measure))
