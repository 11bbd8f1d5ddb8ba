"""Model to normal form: conditions to distinct leaf tests, conclusions to resolutions, facts and rules to strata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TypeVar

from engine.compile.collect import Collector
from engine.compile.conditions import ConditionCompiler
from engine.compile.strata import Strata
from engine.decision import PackStamp
from engine.model import Action, Gate, Pack, Rule, Scorecard, Status, Table
from engine.program import InvariantForm, Leaf, Program
from engine.vocabulary import Fact

_Item = TypeVar("_Item", Rule, Table, Gate, Scorecard)


def compile_pack(pack: Pack, leaves: Sequence[Leaf] = ()) -> Program:
    """Compile a pack into its normal form.

    Args:
        pack: the pack.
        leaves: leaves of another program to begin with, so that what both test has the same place in both. The digest
            is then not the pack's own.

    Raises:
        ProblemsError: if rules form a cycle; each cycle is printed once.
    """
    compiler = Collector(pack.vocabulary, ConditionCompiler(pack.vocabulary, leaves))
    for rule in sorted(_active(pack.rules), key=lambda rule: rule.id):
        compiler.rule(rule)
    for table in sorted(_active(pack.tables), key=lambda table: table.id):
        compiler.table(table)
    for gate in sorted(_active(pack.gates), key=lambda gate: gate.id):
        compiler.gate(gate, pack)
    for scorecard in sorted(_active(pack.scorecards), key=lambda card: card.id):
        compiler.scorecard(scorecard)
    for evidence in sorted(pack.talk.evidence.values() if pack.talk else (), key=lambda evidence: evidence.id):
        compiler.evidence(evidence)
    for invariant in sorted(pack.invariants, key=lambda invariant: invariant.id):
        condition = compiler.conditions.condition(invariant.condition)
        compiler.invariants.append(InvariantForm(invariant.id, invariant.never, condition))
    strata = Strata(compiler, pack).build()
    tested = tuple(compiler.conditions.leaves)
    content = repr((
        tested, compiler.rules, strata, compiler.tables, compiler.gates, compiler.invariants, pack.ladder,
        [_without_location(pack.actions[name]) for name in sorted(pack.actions)],
        [(enum.name, enum.members) for enum in pack.vocabulary.enums.values()],
        [_meaning(fact) for fact in pack.vocabulary.facts.values()],
    ))  # fmt: skip
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Program(
        stamp=PackStamp(pack.name, pack.version, digest),
        vocabulary=pack.vocabulary,
        leaves=tested,
        rules=tuple(compiler.rules),
        strata=strata,
        tables=tuple(compiler.tables),
        gates=tuple(compiler.gates),
        invariants=tuple(compiler.invariants),
        actions=pack.actions,
        stage=pack.ladder.stage,
    )


def _active(items: Iterable[_Item]) -> list[_Item]:
    return [item for item in items if item.status is Status.ACTIVE]


def _without_location(item: Action) -> tuple[object, ...]:
    return tuple(getattr(item, part.name) for part in fields(item) if part.name != "at")


def _meaning(fact: Fact) -> tuple[object, ...]:
    return (fact.key, fact.type, fact.enum, fact.scale, fact.default, fact.falls_back_to)
